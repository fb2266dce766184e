//! Mathematics only: distributions, sample size, multiplicity, sequential bounds. Knows no experiment.
//!
//! Start at [`comparison`]: the one door through which a treatment is compared with a control.
//! Every function is pure, returns the same bits on every platform, and answers a question that
//! has no answer with a [`Refusal`]; none panics.
//! Conventions: the effect is treatment minus control, the allocation is treatment units over
//! control units, alpha is the size of the whole test, and the power of a two-sided test counts
//! the right direction only, because rejecting the wrong way is no success.

pub mod anytime;
pub mod bayes;
pub mod cluster;
pub mod comparison;
pub mod count;
pub mod decision;
pub mod dunnett;
pub mod equivalence;
pub mod estimate;
pub mod exact;
pub mod exaggeration;
pub mod family;
pub mod lift;
pub mod mean;
pub mod multiplicity;
pub mod omnibus;
pub mod pages;
pub mod pooled;
pub mod proportion;
pub mod quantile;
pub mod sample;
pub mod sequential;
pub mod srm;
pub mod survival;
pub mod switchback;
pub mod traffic;
pub mod variance;

pub mod bivariate;
pub mod multivariate;
pub mod noncentral;
pub mod normal;
pub mod student;

mod chi;
mod quadrature;
mod root;
pub mod special;

use std::fmt;

/// How many tails of the test share its alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    One,
    Two,
}

impl Sides {
    /// The part of `alpha` that one tail gets.
    #[must_use]
    pub fn tail(self, alpha: f64) -> f64 {
        match self {
            Self::One => alpha,
            Self::Two => alpha / 2.0,
        }
    }
}

/// Which way an effect goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Up => 1.0,
            Self::Down => -1.0,
        }
    }

    /// The direction of an effect; zero and NaN have none.
    #[must_use]
    pub fn of(effect: f64) -> Option<Self> {
        if 0.0 < effect {
            Some(Self::Up)
        } else if effect < 0.0 {
            Some(Self::Down)
        } else {
            None
        }
    }
}

/// Why a question has no answer.
///
/// The text is a lower-case fragment that carries the numbers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// An input lies outside its range, or is not a number.
    Outside { what: &'static str, value: f64, range: &'static str },
    /// The rate after the effect, or at the margin, would leave (0, 1).
    NoRoom { baseline: f64, change: f64 },
    /// The effect to detect is zero.
    NoEffect,
    /// The true effect does not lie beyond the margin it must beat.
    WithinMargin { effect: f64, margin: f64 },
    /// A test that rejects at random already has this power.
    PowerTooLow { power: f64, alpha: f64 },
    /// The arms leave the test no degrees of freedom.
    TooFewUnits { control: f64, treatment: f64 },
    /// The prior meets the rule with no data.
    PriorDecides,
    /// The answer is beyond what can be counted exactly.
    TooManyUnits { units: f64 },
    /// No effect or margin inside the range reaches the power.
    OutOfReach { power: f64, units: f64 },
    /// The control mean is too uncertain for any lift to be seen.
    NoLift { units: f64, least: f64 },
    /// A test has no form for the claim.
    NotOffered { test: &'static str, with: &'static str, instead: &'static str },
    /// Not so many units come, however long one waits.
    TooFewArrive { units: f64, arrive: f64 },
    /// More units an arm than an exact test enumerates.
    TooManyForExact { units: f64 },
    /// The counts do not pair with the shares.
    Lengths { left: usize, right: usize },
    /// Information fractions must rise, and end at 1.
    Fractions { look: usize, value: f64 },
    /// The futility bound comes to the efficacy bound before the last look.
    BoundsMeet,
    /// More looks than the recursion can resolve.
    TooManyLooks { looks: usize, most: usize },
    /// The quantity has no closed or one-dimensional form, and is not simulated.
    NoForm { what: &'static str },
    /// An iteration did not settle; a fault of this library rather than of the inputs.
    Unsettled { what: &'static str },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { what, value, range } => {
                write!(f, "the {what} {value} lies outside {range}")
            }
            Self::NoRoom { baseline, change } if *change < 0.0 => {
                write!(f, "the baseline {baseline} leaves no room for a fall of {}", -change)
            }
            Self::NoRoom { baseline, change } => {
                write!(f, "the baseline {baseline} leaves no room for a rise of {change}")
            }
            Self::NoEffect => f.write_str("an effect of 0 cannot be detected"),
            Self::WithinMargin { effect, margin } => {
                write!(f, "the effect {effect} does not clear the margin {margin}")
            }
            Self::PowerTooLow { power, alpha } => {
                write!(f, "the power {power} is no more than chance gives at alpha {alpha}")
            }
            Self::TooFewUnits { control, treatment } => {
                write!(f, "{control} control and {treatment} treatment units leave the test no degrees of freedom")
            }
            Self::PriorDecides => f.write_str("the prior alone meets the rule, whatever the sample"),
            Self::TooManyUnits { units } => {
                write!(f, "{units:e} units are more than can be counted")
            }
            Self::OutOfReach { power, units } => {
                write!(f, "nothing within range reaches power {power} with {units} control units")
            }
            Self::NoLift { units, least } => {
                write!(f, "a lift needs more than {least:.1} control units to be detected, not {units}")
            }
            Self::NotOffered { test, with, instead } => {
                write!(f, "{test} has no form with {with}: use {instead}")
            }
            Self::TooFewArrive { units, arrive } => {
                write!(f, "of {units} units only {arrive} are ever enrolled")
            }
            Self::TooManyForExact { units } => {
                let most = exact::MOST_UNITS;
                write!(
                    f,
                    "{units} units a variant are more than the {most} of an exact test; the score test agrees to three digits"
                )
            }
            Self::Lengths { left, right } => write!(f, "{left} values do not pair with {right}"),
            Self::Fractions { look, value } => {
                write!(f, "information fraction {value} of look {look} does not rise towards 1")
            }
            Self::BoundsMeet => f.write_str("the futility bound meets the efficacy bound before the last look"),
            Self::TooManyLooks { looks, most } => {
                write!(f, "{looks} looks are more than {most}")
            }
            Self::NoForm { what } => write!(f, "{what} has no closed form"),
            Self::Unsettled { what } => write!(f, "the search for the {what} did not settle"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Passes a value strictly inside an open interval; refuses NaN and the rest.
fn inside(what: &'static str, value: f64, low: f64, high: f64, range: &'static str) -> Result<f64, Refusal> {
    if low < value && value < high { Ok(value) } else { Err(Refusal::Outside { what, value, range }) }
}

/// Passes a probability in (0, 1).
fn open_unit(what: &'static str, value: f64) -> Result<f64, Refusal> {
    inside(what, value, 0.0, 1.0, "(0, 1)")
}

/// Passes a finite number above zero.
fn positive(what: &'static str, value: f64) -> Result<f64, Refusal> {
    inside(what, value, 0.0, f64::INFINITY, "(0, inf)")
}

/// Passes a finite number.
fn finite(what: &'static str, value: f64) -> Result<f64, Refusal> {
    inside(what, value, f64::NEG_INFINITY, f64::INFINITY, "the finite numbers")
}
