//! What a flag platform can hold, as data that rules and emitters share.
//!
//! Each emitter states its own capabilities; the doors hand them to the workspace, so that a platform stays one file
//! and one registry line, and rules never look up to the emitters.

use crate::syntax::Node;
use crate::text::Span;

/// The words of `emit.strict`, and of what a build says it has lost: what each asks of a platform.
pub const FEATURES: &[(&str, &str)] = &[
    ("gate", "the next stage waits for its gate"),
    ("holdout", "the holdout keeps its share"),
    ("ids", "every id gets the same variant in every language"),
    ("layer", "slots of the layer are held to the digit"),
    ("schedule", "stages begin on their days"),
    ("share", "shares are held to the digit"),
    ("shipped", "the winner is served"),
    ("stage", "the stage that is built exists"),
    ("sticky", "an enrolled unit keeps its variant"),
    ("weights", "weights are held to the digit"),
];

/// What a flag platform can hold.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// The word in `emit.targets`.
    pub name: &'static str,
    /// The largest sum of whole weights; `None` where weights are decimals.
    pub most_weight: Option<f64>,
    /// Shares are printed as whole parts of this.
    pub share_parts: f64,
    /// Names that the emitted file needs for itself.
    pub reserved: &'static [&'static str],
    /// True when a flag holds one experiment at a time.
    pub one_experiment_a_flag: bool,
    /// True when evaluators of different generations assign the same unit differently, so that one must be named.
    pub has_generations: bool,
    /// True when a unit keeps its variant although the weights change.
    pub keeps_assignments: bool,
    /// True when ids beyond ASCII are hashed alike in every language.
    pub hashes_any_id: bool,
    /// What turns a unit into a number: platforms with another one give it another variant.
    pub hash: &'static str,
    /// True when one file can hold the days of all stages; elsewhere it is built for each stage.
    pub holds_schedule: bool,
    /// True when the share of an experiment in a layer is printed as a part of its slot.
    pub shares_of_slot: bool,
    /// The parts of decimal weights, where weights are no whole numbers of any size.
    pub weight_parts: Option<u32>,
    /// What flag names may hold beside letters and digits of ASCII; anything when `None`.
    pub flag_signs: Option<&'static str>,
    /// The largest payload of a variant; `None` where no limit is known.
    pub most_payload_bytes: Option<usize>,
    /// The key of the flags in its file.
    pub flags_key: &'static str,
    /// In a flag of its file: the rule for everybody that stands before the rule of an experiment, by id and salt.
    pub caught: fn(&Node, &str, &str) -> Option<Span>,
}

/// How far rounding may take a weight, or a share in a slot, before it counts: a thousandth of it. Twenty million units
/// are needed to see that in an even split.
const NEAR: f64 = 1e-3;

impl Capabilities {
    /// The decimals that a share in per cent may have.
    pub fn share_decimals(&self) -> i32 {
        self.share_parts.log10().round() as i32 - 2
    }

    /// True when a share is printed as it was written.
    pub fn holds_share(&self, share: f64) -> bool {
        let parts = share * self.share_parts;
        (parts - parts.round()).abs() <= 1e-3
    }

    /// True when a share is printed as it was written by an experiment with a slot of this width; without one, 1.
    pub fn holds_share_in(&self, share: f64, width: f64) -> bool {
        if !self.shares_of_slot || 1.0 <= width {
            return self.holds_share(share);
        }
        let part = (share / width).min(1.0);
        let rounded = (part * self.share_parts).round() / self.share_parts;
        (rounded - part).abs() <= NEAR * part
    }

    /// True when weights are printed in the proportion in which they were written.
    pub fn holds_weights(&self, weights: &[f64]) -> bool {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return true;
        }
        match self.weight_parts {
            Some(parts) => weights.iter().all(|weight| {
                let exact = weight / total * f64::from(parts);
                (exact - exact.round()).abs() <= NEAR * exact
            }),
            None => self.most_weight.is_none() || self.whole_weights(weights).is_some(),
        }
    }

    /// True when a flag may have this name.
    pub fn allows_flag(&self, name: &str) -> bool {
        let legal = |c: char| c.is_ascii_alphanumeric() || self.flag_signs.is_none_or(|signs| signs.contains(c));
        self.flag_signs.is_none() || (!name.is_empty() && name.chars().all(legal))
    }

    /// The weights as whole numbers in the same proportion; `None` when the platform would have to round them.
    pub fn whole_weights(&self, weights: &[f64]) -> Option<Vec<u64>> {
        let most = self.most_weight?;
        let mut scale = 1.0;
        while scale <= 1e6 {
            let scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
            // Six decimals of a weight up to 2^31 survive in 53 bits.
            let is_whole = |weight: &f64| (weight - weight.round()).abs() <= 1e-9 * weight.max(1.0);
            if scaled.iter().sum::<f64>() <= most && scaled.iter().all(is_whole) {
                return Some(scaled.iter().map(|weight| weight.round() as u64).collect());
            }
            scale *= 10.0;
        }
        None
    }
}
