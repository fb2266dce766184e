//! Bounds of a fixed shape.

use super::super::{Refusal, inside, positive};

/// Bounds of a fixed shape, scaled to keep alpha.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// The same bound at every look (Pocock 1977).
    Pocock,
    /// `c / sqrt t` (O'Brien and Fleming 1979).
    ObrienFleming,
    /// `c t^(delta - 1/2)` (Wang and Tsiatis 1987).
    WangTsiatis { delta: f64 },
    /// A given bound at the interim looks, the rest at the last (Haybittle 1971; Peto et al. 1976).
    HaybittlePeto { interim_z: f64 },
}

impl Shape {
    /// The exponent of the fraction, or the bound of the interim looks.
    pub(super) fn check(self) -> Result<Scaled, Refusal> {
        match self {
            Self::Pocock => Ok(Scaled::Power(0.0)),
            Self::ObrienFleming => Ok(Scaled::Power(-0.5)),
            Self::WangTsiatis { delta } => {
                inside("delta of the bounds", delta, -10.0, 10.0, "(-10, 10)").map(|delta| Scaled::Power(delta - 0.5))
            }
            Self::HaybittlePeto { interim_z } => positive("interim bound", interim_z).map(Scaled::Last),
        }
    }
}

/// What a shape leaves to be solved for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scaled {
    /// The factor on this power of the fraction.
    Power(f64),
    /// The bound of the last look, where the others are given.
    Last(f64),
}
