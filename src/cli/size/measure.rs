//! What an endpoint is counted in, and how its levels and changes are written and read.

use super::refusals::usage;
use super::typed::Change;
use crate::cli::Failure;
use crate::cli::shown::digits;
use crate::plan::in_unit;
use crate::rules::prelude::percent;
use crate::spec::Unit;
use crate::spec::quantity::{Amount, plain};

/// What the numbers are counted in.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    Rate,
    /// Events a unit at risk and day.
    Hazard,
    Plain(Option<String>),
}

impl Measure {
    /// A level in its unit.
    pub fn level(&self, value: f64) -> String {
        match self {
            Self::Rate => format!("{}%", digits(value * 100.0, 4)),
            Self::Hazard => format!("{} a day", digits(value, 4)),
            Self::Plain(Some(unit)) => {
                format!("{} {}", digits(value, 4), crate::text::printable(unit))
            }
            Self::Plain(None) => digits(value, 4),
        }
    }

    /// A signed effect with the levels it leads from and to.
    pub fn effect(&self, baseline: Option<f64>, effect: f64) -> String {
        let way = if effect < 0.0 { "fall" } else { "rise" };
        let change = self.change(baseline, effect);
        if let (Self::Hazard, Some(level)) = (self, baseline) {
            return format!("{way} of {change}: hazard ratio {}", digits(1.0 + effect / level, 4));
        }
        match baseline {
            Some(level) => format!("{way} of {change}: {} → {}", self.level(level), self.level(level + effect)),
            None => format!("{way} of {change}"),
        }
    }

    /// The size of a change in its unit, and relative to the baseline.
    pub fn change(&self, baseline: Option<f64>, size: f64) -> String {
        let size = size.abs();
        let own = match self {
            Self::Rate => format!("{}pp", digits(size * 100.0, 4)),
            plain => plain.level(size),
        };
        match baseline.map(f64::abs).filter(|level| 0.0 < *level) {
            Some(level) => format!("{own} ({}% of the baseline)", digits(size / level * 100.0, 4)),
            None => own,
        }
    }

    /// The size of a change in the unit of the endpoint, as `--option` gives it.
    pub fn size(&self, baseline: Option<f64>, option: &str, change: &Change) -> Result<f64, Failure> {
        let percentage = change.unit == Some(Unit::Percent);
        if *self == Self::Rate && percentage && !change.said_relative {
            let level = baseline.unwrap_or(0.0);
            let part = change.number / 100.0;
            return Err(usage(
                format!("`--{option} {}` of a rate reads two ways", change.text),
                format!(
                    "write {number}%rel for {} to {}, or {number}pp for {} to {}",
                    percent(level),
                    self.level(level * (1.0 + part)),
                    percent(level),
                    self.level(level + part),
                    number = plain(change.number),
                ),
            ));
        }
        if percentage {
            let level = baseline.filter(|level| *level != 0.0).ok_or_else(|| {
                usage(
                    format!("`--{option} {}` is relative, and there is no baseline to be relative to", change.text),
                    "give --baseline, or write an absolute change",
                )
            })?;
            return Ok(change.number / 100.0 * level.abs());
        }
        let wanted = |unit: &str| {
            usage(
                format!("`--{option} {}` is not counted as the metric is", change.text),
                format!("write {0}%rel, or an absolute change in {unit}", plain(change.number)),
            )
        };
        if *self == Self::Hazard {
            return Err(usage(
                format!("`--{option} {}` is no change of the hazard", change.text),
                format!("write {}%rel: a hazard that is so much higher or lower", plain(change.number)),
            ));
        }
        let Some(unit) = &change.unit else {
            return match self {
                // A bare number of a rate may be a part, a percentage or points.
                Self::Rate => Err(wanted(&format!("points, like {}pp", plain(change.number)))),
                Self::Plain(_) | Self::Hazard => Ok(change.number),
            };
        };
        let amount = Amount { number: change.number, unit: unit.clone() };
        let (own, rate) = match self {
            Self::Rate => (None, true),
            Self::Hazard => (None, false),
            Self::Plain(unit) => (unit.as_deref(), false),
        };
        in_unit(&amount, own, rate).ok_or_else(|| match (own, rate) {
            (_, true) => wanted(&format!("points, like {}pp", plain(change.number))),
            (Some(own), _) => wanted(own),
            (None, _) => wanted("the unit of --baseline or --sd: they have none"),
        })
    }
}
