//! What the whole experiment promises, beyond each of its metrics.

use crate::spec::Role;
use crate::stats::{Refusal, srm};

use super::size::Sizing;
use super::types::{Plan, PlannedVariant};

/// The power with which a check is said to notice something.
const NOTICED: f64 = 0.9;

/// The smallest loss of units of one variant that the sample-ratio check notices nine times in ten.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// The variant that loses them.
    pub variant: String,
    /// The part of its units that never reaches the data.
    pub part: f64,
    /// Units of all variants that are counted by the end.
    pub units: f64,
}

impl Plan {
    /// What the sample-ratio check can notice by the end, in the variant where it notices least.
    ///
    /// `None` while no size says how many units come, and where every leak stays unnoticed.
    pub fn smallest_leak(&self) -> Option<Result<Leak, Refusal>> {
        let sized = self.sizes.iter().filter_map(|sized| sized.result.as_ref().ok());
        let most = sized.map(|sizing| self.all_units(sizing)).fold(0.0, f64::max);
        if most < 2.0 || !self.design.srm.check.value {
            return None;
        }
        let shares: Vec<f64> = self.variants.iter().map(|variant| variant.fraction).collect();
        let least = |(arm, variant): (usize, &PlannedVariant)| {
            let part = srm::smallest_leak(most, &shares, arm, NOTICED, self.design.srm.alpha.value)?;
            Ok(Leak { variant: variant.name.clone(), part, units: most })
        };
        let mut worst: Option<Leak> = None;
        for (arm, variant) in self.variants.iter().enumerate().filter(|(_, variant)| 0.0 < variant.fraction) {
            match least((arm, variant)) {
                Ok(leak) if worst.as_ref().is_none_or(|known| known.part < leak.part) => worst = Some(leak),
                Ok(_) => {}
                Err(refusal) => return Some(Err(refusal)),
            }
        }
        worst.map(Ok)
    }

    /// Units of all variants, from those of the two sides of one comparison.
    fn all_units(&self, sizing: &Sizing) -> f64 {
        let control = self.control().map_or(0.0, |control| control.fraction);
        if 0.0 < control { sizing.control / control } else { 0.0 }
    }

    /// The power of each claim of one treatment in a role, in the order of the plan; 0 where nothing was sized.
    pub fn powers(&self, role: Role, treatment: &str) -> Vec<f64> {
        let claims = self.sizes.iter().filter(|sized| sized.role == role && sized.treatment == treatment);
        claims.map(|sized| sized.result.as_ref().map_or(0.0, |sizing| sizing.power)).collect()
    }
}
