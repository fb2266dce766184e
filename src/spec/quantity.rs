//! Quantities that carry their unit, so that nobody guesses whether 5 means five per cent.
//!
//! Each type reads its text, refuses what its unit forbids with a sentence for people, keeps its invariant,
//! prints itself back, and describes itself in the JSON Schema with a pattern and examples.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// Reads a quantity from a string and explains numbers and dates away.
fn text_of<'de, D: Deserializer<'de>>(from: D, wanted: &'static str) -> Result<String, D::Error> {
    struct Text(&'static str);
    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    from.deserialize_any(Text(wanted))
}

/// A plain decimal number at the start of `text`, and what follows it without the spaces between.
///
/// At most 15 digits before the point and 30 behind it, as the patterns of the schema have it.
fn number_and_rest(text: &str) -> Option<(f64, &str)> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let start = usize::from(text.starts_with('-'));
    let whole = digits(start);
    let mut end = start + whole;
    if !(1..=15).contains(&whole) {
        return None;
    }
    if text[end..].starts_with('.') {
        let fraction = digits(end + 1);
        if !(1..=30).contains(&fraction) {
            return None;
        }
        end += 1 + fraction;
    }
    let number = text[..end].parse::<f64>().ok()?;
    Some((number, text[end..].trim_start_matches(' ')))
}

/// A number in its shortest form: `0.5`, `40`, `0.0166`.
pub fn plain(number: f64) -> String {
    let rounded = (number * 1e9).round() / 1e9;
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

macro_rules! quantity {
    ($name:ident, $wanted:literal, $pattern:literal, [$($example:literal),*]) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = text_of(from, $wanted)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$($example),*] })
            }
        }
    };
}

/// A part of a whole, in (0, 1].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    pub const ALL: Share = Share(1.0);

    /// `None` outside (0, 1].
    pub fn new(fraction: f64) -> Option<Self> {
        (0.0 < fraction && fraction <= 1.0).then_some(Self(fraction))
    }

    pub fn fraction(self) -> f64 {
        self.0
    }
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a percentage; write it like \"40%\"");
        let Some((number, "%")) = number_and_rest(text) else { return Err(refused()) };
        // Leading zeros are a slip of the keyboard: `05%` may be 5 % or 0.5 %.
        let slip = match text.strip_prefix("0.") {
            Some(fraction) => {
                let significant = fraction.trim_start_matches('0');
                14 < fraction.len() - significant.len()
                    || 15 < significant.bytes().take_while(u8::is_ascii_digit).count()
            }
            None => text.starts_with('0'),
        };
        if slip && number != 0.0 {
            return Err(refused());
        }
        Self::new(number / 100.0)
            .ok_or_else(|| format!("{}% is outside 0% to 100%; 0% itself is not a share", plain(number)))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", plain(self.0 * 100.0))
    }
}

quantity!(
    Share,
    "a percentage in quotes, like \"40%\"",
    r"^(100(\.0{1,30})?|[1-9][0-9]?(\.[0-9]{1,30})?|0\.0{0,14}[1-9][0-9]{0,14}) *%$",
    ["40%", "0.5%", "100%"]
);

/// A probability strictly between 0 and 1, written as a number: `alpha = 0.05`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// `None` outside (0, 1).
    pub fn new(value: f64) -> Option<Self> {
        (0.0 < value && value < 1.0).then_some(Self(value))
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(self.0))
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = f64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number between 0 and 1, like 0.05")
            }
            fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
                Ok(number)
            }
            fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
                Ok(number as f64)
            }
        }
        let number = from.deserialize_any(Number)?;
        Self::new(number)
            .ok_or_else(|| D::Error::custom(format!("{} is not between 0 and 1; write 5 % as 0.05", plain(number))))
    }
}

impl JsonSchema for Probability {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Probability".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 })
    }
}

/// A relative weight: a number of 0 or more. Only ratios of weights matter.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Weight(f64);

impl Weight {
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = f64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a relative weight, like 1 or 0.5")
            }
            fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
                Ok(number)
            }
            fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
                Ok(number as f64)
            }
        }
        let number = from.deserialize_any(Number)?;
        if !(0.0..=1e9).contains(&number) {
            return Err(D::Error::custom(format!("weight {} is outside 0 to 1000000000", plain(number))));
        }
        Ok(Self(number))
    }
}

impl JsonSchema for Weight {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Weight".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1_000_000_000 })
    }
}

/// A length of time, kept in whole minutes: `"14 days"`, `"36 hours"`, `"2 weeks"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    minutes: u32,
}

impl Duration {
    pub fn days(days: u32) -> Self {
        Self { minutes: days.saturating_mul(24 * 60) }
    }

    pub fn in_days(self) -> f64 {
        f64::from(self.minutes) / (24.0 * 60.0)
    }

    /// Days, a part of a day counting whole.
    pub fn whole_days(self) -> u32 {
        self.minutes.div_ceil(24 * 60)
    }

    pub fn in_minutes(self) -> u32 {
        self.minutes
    }
}

impl std::str::FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is not a length of time; write it like \"14 days\", \"36 hours\" or \"2 weeks\"");
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        if end == 0 {
            return Err(refused());
        }
        // So many digits are longer than any experiment, far from overflow, and easy to say in a schema.
        let (minutes, most) = match text[end..].trim_start_matches(' ') {
            "minute" | "minutes" | "min" => (1, 7),
            "hour" | "hours" | "h" => (60, 5),
            "day" | "days" | "d" => (24 * 60, 4),
            "week" | "weeks" | "w" => (7 * 24 * 60, 3),
            _ => return Err(refused()),
        };
        let too_long = || format!("`{text}` is too long: no length of time goes beyond 9999 days");
        if most < end {
            return Err(too_long());
        }
        let number: u32 = text[..end].parse().map_err(|_| too_long())?;
        Ok(Self { minutes: number * minutes })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.minutes {
            m if m % (24 * 60) == 0 => (m / (24 * 60), "day"),
            m if m % 60 == 0 => (m / 60, "hour"),
            m => (m, "minute"),
        };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

quantity!(
    Duration,
    "a length of time in quotes, like \"14 days\"",
    r"^([0-9]{1,7} *(minutes?|min)|[0-9]{1,5} *(hours?|h)|[0-9]{1,4} *(days?|d)|[0-9]{1,3} *(weeks?|w))$",
    ["14 days", "36 hours", "2 weeks"]
);

/// What an amount is counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// `%`: of the thing it is compared with.
    Percent,
    /// `pp`: percentage points of a rate.
    PercentagePoints,
    /// A currency by its sign or code: `$`, `EUR`.
    Money(String),
    /// Any other word: `ms`, `s`, `orders`, `MB`.
    Word(String),
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Percent => f.write_str("%"),
            Unit::PercentagePoints => f.write_str("pp"),
            Unit::Money(word) | Unit::Word(word) => f.write_str(word),
        }
    }
}

/// A number with its unit: `"2%"`, `"0.5pp"`, `"20 ms"`, `"$0.40"`, `"0.3 orders"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    pub number: f64,
    pub unit: Unit,
}

impl std::str::FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is not a number with a unit; write it like \"2%\", \"0.5pp\", \"20 ms\" or \"$0.40\"");
        let trimmed = text.trim_matches(' ');
        if let Some(sign) = trimmed.chars().next().filter(|c| matches!(c, '$' | '€' | '£' | '¥')) {
            return match number_and_rest(trimmed[sign.len_utf8()..].trim_start_matches(' ')) {
                Some((number, "")) => Ok(Self { number, unit: Unit::Money(sign.to_string()) }),
                _ => Err(refused()),
            };
        }
        let (number, rest) = number_and_rest(trimmed).ok_or_else(refused)?;
        let unit = match rest {
            "%" => Unit::Percent,
            "pp" => Unit::PercentagePoints,
            "" => {
                return Err(format!("`{text}` has no unit; write it like \"{text}%\", \"{text}pp\" or \"{text} ms\""));
            }
            code if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => Unit::Money(code.to_owned()),
            word if word.len() <= 32
                && word.starts_with(|c: char| c.is_ascii_alphabetic())
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'-')) =>
            {
                Unit::Word(word.to_owned())
            }
            _ => return Err(refused()),
        };
        // `1e6` is a number in other languages; read as 1 of the unit `e6` it would be a wrong one.
        if let Unit::Word(word) = &unit
            && let Some(power) = word.strip_prefix(['e', 'E'])
            && power.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        {
            return Err(format!(
                "`{text}` has a power of ten; write the number out, and its unit: \"0.002 s\", \"2%\""
            ));
        }
        Ok(Self { number, unit })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = plain(self.number);
        match &self.unit {
            Unit::Percent | Unit::PercentagePoints => write!(f, "{number}{}", self.unit),
            Unit::Money(sign) if sign.len() < 3 || !sign.is_ascii() => write!(f, "{sign}{number}"),
            unit => write!(f, "{number} {unit}"),
        }
    }
}

quantity!(
    Amount,
    "a number with its unit in quotes, like \"2%\" or \"20 ms\"",
    r"^ *([$€£¥] *-?[0-9]{1,15}(\.[0-9]{1,30})?|-?[0-9]{1,15}(\.[0-9]{1,30})? *(%|[A-DF-Za-df-z][A-Za-z0-9_/-]{0,31}|[Ee]([A-Za-z_/][A-Za-z0-9_/-]{0,30})?)) *$",
    ["2%", "0.5pp", "20 ms", "$0.40"]
);

/// A calendar day, written without quotes: `2026-12-07`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub jiff::civil::Date);

impl Day {
    /// `days` later; the last representable day when that is out of range.
    pub fn plus(self, days: u32) -> Self {
        let later = self.0.checked_add(jiff::Span::new().days(i64::from(days.min(1_000_000))));
        Self(later.unwrap_or(jiff::civil::Date::MAX))
    }

    /// Days from `self` to `later`; negative when `later` is earlier.
    pub fn until(self, later: Day) -> i64 {
        self.0.until(later.0).map_or(0, |span| i64::from(span.get_days()))
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a calendar day; write it like 2026-12-07");
        if text.len() != 10 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(refused());
        }
        let day: jiff::civil::Date = text.parse().map_err(|_| refused())?;
        // Other years are slips, and some readers of dates do not know the year 0.
        if !(2000..3000).contains(&day.year()) {
            return Err(format!("`{text}` is not in the years 2000 to 2999"));
        }
        Ok(Self(day))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date without quotes, like 2026-12-07")
            }
            // A quoted day means the same; other readers of TOML have no dates at all.
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Day, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Day, D::Error> {
                let text = String::deserialize(from)?;
                if text.len() != 10 {
                    return Err(D::Error::custom(format!(
                        "`{text}` carries a time; write the day alone, like 2026-12-07"
                    )));
                }
                text.parse().map_err(D::Error::custom)
            }
        }
        from.deserialize_any(Text)
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-12-07"],
        })
    }
}

/// A strict `MAJOR.MINOR.PATCH` version behind a comparison: `">=5.2.0"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    pub comparison: &'static str,
    pub version: [u64; 3],
}

impl std::str::FromStr for VersionRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{text}` is not a strict version comparison; write it like \">=5.2.0\" (three numbers, no `v`, no suffix)"
            )
        };
        let text_ = text.trim_matches(' ');
        let comparison =
            [">=", "<=", "!=", "=", ">", "<"].into_iter().find(|sign| text_.starts_with(sign)).ok_or_else(refused)?;
        let parts: Vec<&str> = text_[comparison.len()..].trim_start_matches(' ').split('.').collect();
        let [major, minor, patch] = parts.as_slice() else { return Err(refused()) };
        let number = |part: &str| {
            let plain = (1..=18).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_digit())
                && (part == "0" || !part.starts_with('0'));
            if plain { part.parse::<u64>().map_err(|_| refused()) } else { Err(refused()) }
        };
        Ok(Self { comparison, version: [number(major)?, number(minor)?, number(patch)?] })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.version;
        write!(f, "{}{major}.{minor}.{patch}", self.comparison)
    }
}

quantity!(
    VersionRange,
    "a version comparison in quotes, like \">=5.2.0\"",
    r"^ *(>=|<=|!=|=|>|<) *(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17}) *$",
    [">=5.2.0"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_print_back_and_refuse_what_their_unit_forbids() {
        assert_eq!("40%".parse::<Share>().unwrap().to_string(), "40%");
        assert!("0%".parse::<Share>().is_err());
        assert!("140%".parse::<Share>().is_err());
        assert_eq!("36 hours".parse::<Duration>().unwrap().whole_days(), 2);
        assert!("5".parse::<Duration>().is_err());
        for text in ["2%", "0.5pp", "20 ms", "$0.4", "0.3 orders", "5 EUR", "-1%"] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
        }
        assert!("2".parse::<Amount>().unwrap_err().contains("no unit"));
        assert!(">=5.2".parse::<VersionRange>().is_err());
        assert!(">=v5.2.0".parse::<VersionRange>().is_err());
        assert!("2026-02-30".parse::<Day>().is_err());
    }
}
