//! What a flag platform can hold, as data that rules and emitters share.
//!
//! Each emitter states its own capabilities; the doors hand them to the workspace, so that a platform stays one file
//! and one registry line, and rules never look up to the emitters.

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
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

impl Capabilities {
    /// True when a share is printed as it was written.
    pub fn holds_share(&self, share: f64) -> bool {
        let parts = share * self.share_parts;
        (parts - parts.round()).abs() <= 1e-3
    }

    /// True when weights are printed in the proportion in which they were written.
    pub fn holds_weights(&self, weights: &[f64]) -> bool {
        self.most_weight.is_none() || self.whole_weights(weights).is_some() || weights.iter().sum::<f64>() <= 0.0
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
