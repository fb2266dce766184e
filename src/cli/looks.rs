//! The table of looks that `expc power` and `expc size` share: when one looks, what stops there, how likely it is.

use serde_json::{Value as Json, json};

use crate::rules::prelude::count;
use crate::spec::Day;
use crate::spec::quantity::plain;
use crate::stats::sequential::Monitoring;
use crate::stats::{Sides, normal};

/// A look with what it takes and how often the experiment ends at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Part of the planned information.
    pub information: f64,
    /// Units of all variants together.
    pub units: f64,
    /// Days from the start until their data is complete.
    pub day: Option<u32>,
    pub date: Option<Day>,
    /// Infinite where the look cannot stop.
    pub z: f64,
    /// Below it there is too little hope to go on.
    pub futility: Option<f64>,
    pub alpha_spent: f64,
    /// The probability to stop here when the effect is the one planned for.
    pub stops: Option<f64>,
    /// The probability to stop here when there is no effect.
    pub stops_under_none: Option<f64>,
}

/// What the looks cost and save.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    pub looks: Vec<Look>,
    sides: Option<Sides>,
}

/// Rows that a table shows.
const MOST_ROWS: usize = 12;

/// Expected size and length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    pub units: f64,
    pub days: Option<f64>,
}

impl Schedule {
    /// The looks of a design whose last statistic has mean `drift` when the effect is the one planned for; `when`
    /// gives the day and the date of a part of the information.
    pub fn new(
        monitoring: &Monitoring,
        sides: Sides,
        units: f64,
        drift: Option<f64>,
        when: impl Fn(usize, f64) -> (Option<u32>, Option<Day>),
    ) -> Self {
        let stops = |drift: f64| {
            let crossing = monitoring.crossing(drift).ok()?;
            Some(crossing.upper.iter().zip(&crossing.lower).map(|(up, down)| up + down).collect::<Vec<f64>>())
        };
        let under = drift.and_then(stops);
        let none = stops(0.0);
        let lower = monitoring.lower_bounds();
        let futility = |index: usize| {
            let bound = lower.get(index).copied().filter(|bound| bound.is_finite());
            // The lower side of a test of two sides mirrors the upper one, unless futility took its place.
            let mirrors = |bound: &f64| monitoring.bounds().get(index).is_some_and(|z| *bound == -z);
            bound.filter(|bound| sides == Sides::One || !mirrors(bound))
        };
        let rows = monitoring.fractions().iter().zip(monitoring.bounds()).zip(monitoring.spent()).enumerate();
        let looks = rows
            .map(|(index, ((&information, &z), &alpha_spent))| {
                let (day, date) = when(index, information);
                let at = |stops: &Option<Vec<f64>>| stops.as_ref().and_then(|stops| stops.get(index).copied());
                Look {
                    information,
                    units: information * units,
                    day,
                    date,
                    z,
                    futility: futility(index),
                    alpha_spent,
                    stops: at(&under),
                    stops_under_none: at(&none),
                }
            })
            .collect();
        Self { looks, sides: Some(sides) }
    }

    /// The mean over the looks, weighted by where the experiment ends; the last one ends it whatever it shows.
    fn expected(&self, stops: fn(&Look) -> Option<f64>) -> Option<Expected> {
        let last = self.looks.last()?;
        let (mut left, mut units, mut days) = (1.0, 0.0, last.day.map(|_| 0.0));
        for (index, look) in self.looks.iter().enumerate() {
            let here = if index + 1 == self.looks.len() { left } else { stops(look)? };
            left -= here;
            units += here * look.units;
            days = days.zip(look.day).map(|(sum, day)| sum + here * f64::from(day));
        }
        Some(Expected { units, days })
    }

    /// When the effect is the one planned for.
    pub fn expected_under_effect(&self) -> Option<Expected> {
        self.expected(|look| look.stops)
    }

    /// When there is none.
    pub fn expected_under_none(&self) -> Option<Expected> {
        self.expected(|look| look.stops_under_none)
    }

    /// The p-value below which a look stops.
    fn p(&self, look: &Look) -> f64 {
        let tail = normal::sf(look.z);
        if self.sides == Some(Sides::One) { tail } else { 2.0 * tail }
    }

    /// The table, indented by two, and the expected length below it; nothing without looks.
    pub fn text(&self) -> String {
        if self.looks.is_empty() {
            return String::new();
        }
        let dated = self.looks.iter().any(|look| look.date.is_some());
        let timed = self.looks.iter().any(|look| look.day.is_some());
        let mut out = format!("\n  {:>4} {:>11} {:>12}", "look", "information", "units");
        if timed {
            out += &format!(" {:>5}", "day");
        }
        if dated {
            out += &format!("  {:10}", "date");
        }
        let hopeless = self.looks.iter().any(|look| look.futility.is_some());
        if hopeless {
            out += &format!(" {:>10}", "futility z");
        }
        out += &format!(
            " {:>8} {:>9} {:>11}  {:>12} {:>13}\n",
            "z bound", "p bound", "alpha spent", "stops: effect", "stops: none"
        );
        // A look a day is too many to read: every so many, so that the last one is among them.
        let step = self.looks.len().div_ceil(MOST_ROWS);
        let left_out = |index: usize| !(self.looks.len() - index - 1).is_multiple_of(step);
        for (index, look) in self.looks.iter().enumerate().filter(|(index, _)| !left_out(*index)) {
            out += &format!("  {:>4} {:>11} {:>12}", index + 1, part(look.information), count(look.units.ceil()));
            if timed {
                out += &format!(" {:>5}", look.day.map_or("–".to_owned(), |day| day.to_string()));
            }
            if dated {
                out += &format!("  {:10}", look.date.map_or("–".to_owned(), |date| date.to_string()));
            }
            if hopeless {
                out += &format!(" {:>10}", look.futility.map_or("none".to_owned(), |z| format!("{z:.3}")));
            }
            let (z, p) = match look.z.is_finite() {
                true => (format!("{:.3}", look.z), p_value(self.p(look))),
                false => ("none".to_owned(), "–".to_owned()),
            };
            out += &format!(
                " {z:>8} {p:>9} {:>11}  {:>13} {:>13}\n",
                p_value(look.alpha_spent),
                look.stops.map_or("–".to_owned(), chance),
                look.stops_under_none.map_or("–".to_owned(), chance)
            );
        }
        if 1 < step {
            out += &format!("  one look in {step}; --format json has all {}\n", self.looks.len());
        }
        let said = |name: &str, expected: Option<Expected>| {
            expected.map_or(String::new(), |expected| {
                let days = expected.days.map_or(String::new(), |days| format!(", {days:.1} days"));
                format!("  {name:24} {} units{days}\n", count(expected.units.round()))
            })
        };
        out += &said("expected with the effect", self.expected_under_effect());
        out += &said("expected without one", self.expected_under_none());
        out
    }

    /// The looks as a list.
    pub fn json(&self) -> Json {
        let rows = self.looks.iter().enumerate().map(|(index, look)| {
            let bound = |value: f64| if look.z.is_finite() { json!(value) } else { Json::Null };
            json!({
                "look": index + 1,
                "information": look.information,
                "units": look.units.ceil(),
                "day": look.day,
                "date": look.date.map(|date| date.to_string()),
                "z": bound(look.z),
                "p": bound(self.p(look)),
                "futility_z": look.futility,
                "alpha_spent": look.alpha_spent,
                "stops_under_effect": look.stops,
                "stops_under_none": look.stops_under_none,
            })
        });
        rows.collect()
    }

    /// Expected size and length, with the effect and without one.
    pub fn expected_json(&self) -> Json {
        let one = |expected: Option<Expected>| {
            expected.map(|expected| json!({ "units": expected.units, "days": expected.days }))
        };
        json!({ "under_effect": one(self.expected_under_effect()), "under_none": one(self.expected_under_none()) })
    }
}

/// A part of the whole: `33.3%`.
fn part(fraction: f64) -> String {
    format!("{}%", plain((fraction * 1000.0).round() / 10.0))
}

/// Three significant digits, down to where nobody cares.
fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-6 => "<0.000001".to_owned(),
        p => {
            let digits = (2.0 - libm::floor(libm::log10(p))).clamp(2.0, 8.0) as usize;
            let text = format!("{p:.digits$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// A probability to stop: `12.3%`.
fn chance(probability: f64) -> String {
    match probability {
        p if p < 5e-4 => "<0.1%".to_owned(),
        p => format!("{:.1}%", p * 100.0),
    }
}
