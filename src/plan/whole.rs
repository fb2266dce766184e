//! What the whole experiment promises, beyond each of its metrics.

use crate::spec::{Correction, Role};
use crate::stats::decision::{Claims, ship_probability};
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

/// The correlation of every two estimates under which a decision is also shown: metrics of one experiment share units.
pub const USUAL_CORRELATION: f64 = 0.5;

/// How likely one treatment is to ship: a primary metric succeeds and every guardrail passes, at the planned effects and
/// with guardrails that do not move.
#[derive(Debug, Clone, PartialEq)]
pub struct Ship {
    pub treatment: String,
    /// When the metrics move independently.
    pub independent: f64,
    /// When every two of their estimates have the correlation [`USUAL_CORRELATION`].
    pub correlated: f64,
}

impl Plan {
    /// How likely each treatment is to ship, quality checks apart; treatments with a claim that has no size are left out.
    ///
    /// In a fixed sequence a treatment succeeds once all claims up to its first one are made.
    pub fn ships(&self) -> Vec<Ship> {
        let treatments = self.treatments().map(|treatment| treatment.name.as_str());
        treatments.filter_map(|treatment| self.ship(treatment)).collect()
    }

    fn ship(&self, treatment: &str) -> Option<Ship> {
        let claims = |role: Role| self.sizes.iter().filter(move |sized| sized.role == role);
        let decides = |sized: &&super::size::Sized| sized.treatment == treatment;
        let decisive = claims(Role::Primary).chain(claims(Role::Guardrail).filter(decides));
        if claims(Role::Primary).next().is_none() || decisive.into_iter().any(|sized| sized.result.is_err()) {
            return None;
        }
        let guardrails = self.powers(Role::Guardrail, treatment);
        let (success, first) = match self.design.correction.value {
            Correction::FixedSequence => {
                let place = claims(Role::Primary).position(|sized| sized.treatment == treatment)?;
                let powers = claims(Role::Primary).take(place + 1);
                (Vec::new(), powers.filter_map(|sized| Some(sized.result.as_ref().ok()?.power)).collect())
            }
            _ => (self.powers(Role::Primary, treatment), Vec::new()),
        };
        // A power of 0 or 1 is one that has left the digits of a double.
        let one = |power: f64| Claims { count: 1, power: power.clamp(1e-300, 1.0 - 1e-16) };
        let success: Vec<Claims> = success.into_iter().map(one).collect();
        let must: Vec<Claims> = guardrails.into_iter().chain::<Vec<f64>>(first).map(one).collect();
        let with = |correlation: f64| ship_probability(&success, &must, correlation).ok();
        Some(Ship { treatment: treatment.to_owned(), independent: with(0.0)?, correlated: with(USUAL_CORRELATION)? })
    }

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
