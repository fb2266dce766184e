//! Readers of plain numbers with limits, for `deserialize_with`: the key keeps its number type.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

use super::quantity::plain;
use crate::syntax::{At, Field};

/// A number within limits.
struct Within<const MIN: i64, const MAX: i64>(f64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = f64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
                Ok(number)
            }
            fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
                Ok(number as f64)
            }
        }
        let number = from.deserialize_any(Number)?;
        if number < MIN as f64 {
            return Err(D::Error::custom(format!("{} is below {MIN}", plain(number))));
        }
        if (MAX as f64) < number {
            return Err(D::Error::custom(format!("{} is above {MAX}", plain(number))));
        }
        Ok(Self(number))
    }
}

fn whole<'de, D: Deserializer<'de>, const MIN: i64, const MAX: i64>(from: D) -> Result<Field<i64>, D::Error> {
    /// A whole number within limits: `1.0` is whole.
    struct Whole<const MIN: i64, const MAX: i64>(i64);
    impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let Within(number) = Within::<MIN, MAX>::deserialize(from)?;
            if number.fract() != 0.0 {
                return Err(D::Error::custom(format!("{} is not a whole number", plain(number))));
            }
            Ok(Self(number as i64))
        }
    }
    Ok(mapped(Field::<Whole<MIN, MAX>>::deserialize(from)?, |Whole(number)| number))
}

fn mapped<T, U>(field: Field<T>, map: impl FnOnce(T) -> U) -> Field<U> {
    match field {
        Field::Absent => Field::Absent,
        Field::Broken(span) => Field::Broken(span),
        Field::Set(At { value, span }) => Field::Set(At { value: map(value), span }),
    }
}

/// More units than this cannot be counted exactly in a double.
const MOST: i64 = 1_000_000_000_000;

/// A count of 1 or more.
pub fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Field<i64>, D::Error> {
    whole::<D, 1, MOST>(from)
}

/// A count of 0 or more.
pub fn count_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Field<i64>, D::Error> {
    whole::<D, 0, MOST>(from)
}

/// The version of the language: 1.
pub fn version<'de, D: Deserializer<'de>>(from: D) -> Result<Field<i64>, D::Error> {
    whole::<D, 1, 1>(from)
}

/// A number of 0 or more.
pub fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<Field<f64>, D::Error> {
    Ok(mapped(Field::<Within<0, MOST>>::deserialize(from)?, |Within(number)| number))
}

/// A number of 1 or more.
pub fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Field<f64>, D::Error> {
    Ok(mapped(Field::<Within<1, MOST>>::deserialize(from)?, |Within(number)| number))
}

/// A number from 0 to 1.
pub fn part<'de, D: Deserializer<'de>>(from: D) -> Result<Field<f64>, D::Error> {
    Ok(mapped(Field::<Within<0, 1>>::deserialize(from)?, |Within(number)| number))
}

/// A number from -1 to 1.
pub fn correlation<'de, D: Deserializer<'de>>(from: D) -> Result<Field<f64>, D::Error> {
    Ok(mapped(Field::<Within<-1, 1>>::deserialize(from)?, |Within(number)| number))
}
