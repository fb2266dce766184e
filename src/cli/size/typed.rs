//! Quantities as they are typed in a terminal: those of specs, and a little more where nobody can misread it.
//!
//! `2%rel`, `+2%` and `-2%` are relative to the baseline; `0.5pp`, `20 ms` and `$0.40` are absolute; a plain `2%` is
//! either, and the endpoint decides whether it may be. Every refusal says what was understood and shows a right one.

use std::str::FromStr;

use crate::spec::Unit;
use crate::spec::quantity::{Amount, plain};
use crate::stats::Direction;

/// A probability or a rate: `80%` or `0.8`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance(pub f64);

impl FromStr for Chance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, divisor) = match amount(text)? {
            (number, None) => (number, 1.0),
            (number, Some(Unit::Percent)) => (number, 100.0),
            (_, Some(unit)) => {
                return Err(format!(
                    "`{text}` is counted in {unit}; write a percentage, like 80%, or a part, like 0.8"
                ));
            }
        };
        let part = number / divisor;
        if 0.0 < part && part < 1.0 {
            return Ok(Self(part));
        }
        Err(match divisor {
            1.0 if (1.0..100.0).contains(&number) => {
                format!("{0} is not between 0 and 1; write {0}% or {1}", plain(number), plain(number / 100.0))
            }
            1.0 => format!("{} is not between 0 and 1; write it like 80% or 0.8", plain(number)),
            _ => format!("{}% is not strictly between 0% and 100%; write it like 80% or 0.8", plain(number)),
        })
    }
}

/// A level or a deviation: `48`, `420 ms`, `$31`.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    pub number: f64,
    pub unit: Option<Unit>,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = amount(text)?;
        Ok(Self { number, unit })
    }
}

/// An effect or a margin.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As typed.
    pub text: String,
    /// Without its sign.
    pub number: f64,
    pub unit: Option<Unit>,
    /// Where it goes, when a sign says so.
    pub toward: Option<Direction>,
    pub said_relative: bool,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (toward, body) = match (trimmed.strip_prefix('+'), trimmed.strip_prefix(['-', '−'])) {
            (Some(body), _) => (Some(Direction::Up), body),
            (_, Some(body)) => (Some(Direction::Down), body),
            _ => (None, trimmed),
        };
        let stripped = ["relative", "rel"].into_iter().find_map(|word| body.strip_suffix(word));
        let said = stripped.is_some();
        let wanted = "write 2%rel or +2% for a part of the baseline, 0.5pp or \"20 ms\" for an absolute change";
        let (number, unit) =
            amount(stripped.unwrap_or(body).trim()).map_err(|_| format!("`{text}` is no change; {wanted}"))?;
        let percent = unit == Some(Unit::Percent);
        if said && !percent {
            return Err(format!("`{text}` says relative, but is no percentage of the baseline; {wanted}"));
        }
        if number <= 0.0 {
            return Err(format!("`{text}` is no change to look for; {wanted}"));
        }
        Ok(Self {
            text: trimmed.to_owned(),
            number,
            unit,
            toward,
            said_relative: said || (percent && toward.is_some()),
        })
    }
}

/// A count of units: `40000`, `40,000`, `40_000`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units(pub f64);

impl FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is no count of units; write it like 40000 or 40,000");
        let digits: String = text.trim().chars().filter(|c| !matches!(c, ',' | '_')).collect();
        if digits.is_empty() || 15 < digits.len() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        let units: f64 = digits.parse().map_err(|_| refused())?;
        if 0.0 < units { Ok(Self(units)) } else { Err(refused()) }
    }
}

/// A plain number above 0, for parameters without a unit.
pub fn above_zero(text: &str) -> Result<f64, String> {
    match amount(text) {
        Ok((number, None)) if 0.0 < number => Ok(number),
        _ => Err(format!("`{text}` is no number above 0; write it like 1.5")),
    }
}

/// A plain number of 0 or more.
pub fn zero_or_more(text: &str) -> Result<f64, String> {
    match amount(text) {
        Ok((number, None)) if 0.0 <= number => Ok(number),
        _ => Err(format!("`{text}` is no number of 0 or more; write it like 0.4")),
    }
}

/// A correlation, `0.6`, strictly between -1 and 1.
pub fn correlation(text: &str) -> Result<f64, String> {
    match amount(text) {
        Ok((number, None)) if number.abs() < 1.0 => Ok(number),
        _ => Err(format!("`{text}` is no correlation; write a number between -1 and 1, like 0.6")),
    }
}

/// Two levels, the lower first: `410..430`.
pub fn interval(text: &str) -> Result<(f64, f64), String> {
    let bound = |text: &str| match amount(text) {
        Ok((number, None)) => Some(number),
        _ => None,
    };
    let bounds = text.split_once("..").and_then(|(low, high)| Some((bound(low)?, bound(high)?)));
    bounds
        .filter(|(low, high)| low < high)
        .ok_or_else(|| format!("`{text}` is no interval; write its bounds, the lower first, like 410..430"))
}

/// Treatment units over control units: `2`, or `1:2` as control to treatment.
pub fn allocation(text: &str) -> Result<f64, String> {
    let refused = || format!("`{text}` is no allocation; write control to treatment, like 1:2, or 2 for the same");
    let part = |text: &str| above_zero(text.trim()).map_err(|_| refused());
    let ratio = match text.split_once(':') {
        Some((control, treatment)) => part(treatment)? / part(control)?,
        None => part(text)?,
    };
    if (1e-6..=1e6).contains(&ratio) { Ok(ratio) } else { Err(refused()) }
}

/// A quantity of specs, or a plain decimal number.
fn amount(text: &str) -> Result<(f64, Option<Unit>), String> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_plain {
        let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number; write it like 0.5"))?;
        return Ok((number, None));
    }
    let Amount { number, unit } = text.parse()?;
    Ok((number, Some(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_what_it_is_relative_to() {
        let change = |text: &str| text.parse::<Change>().expect(text);
        assert!(change("2%rel").said_relative && change("2 % rel").said_relative && change("+2%").said_relative);
        assert!(!change("2%").said_relative && !change("0.5pp").said_relative);
        assert_eq!(change("-2%").toward, Some(Direction::Down));
        assert_eq!(change("-0.5pp").toward, Some(Direction::Down));
        assert_eq!(change("$0.40").unit, Some(Unit::Money("$".to_owned())));
        for text in ["", "rel", "two", "0pp", "2pprel", "--2%", "2%%"] {
            assert!(text.parse::<Change>().is_err_and(|error| error.contains("2%rel")), "{text}");
        }
    }

    #[test]
    fn a_chance_is_never_guessed() {
        assert_eq!("80%".parse(), Ok(Chance(0.8)));
        assert_eq!("0.8".parse(), Ok(Chance(0.8)));
        assert_eq!("4.2".parse::<Chance>().unwrap_err(), "4.2 is not between 0 and 1; write 4.2% or 0.042");
        for text in ["0", "1", "100%", "0%", "80 pp", "-5%", "nan", "inf", "1e-3"] {
            assert!(text.parse::<Chance>().is_err(), "{text}");
        }
    }

    #[test]
    fn counts_and_allocations_read_as_they_are_written() {
        assert_eq!("40,000".parse(), Ok(Units(40_000.0)));
        assert!("0".parse::<Units>().is_err() && "1.5".parse::<Units>().is_err() && "".parse::<Units>().is_err());
        assert_eq!(allocation("1:2"), Ok(2.0));
        assert_eq!(allocation("0.5"), Ok(0.5));
        assert!(allocation("1:0").is_err() && allocation("a").is_err() && allocation("1:1e9").is_err());
    }
}
