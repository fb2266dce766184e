//! What flag platforms can hold, as data that rules and emitters share.
//!
//! One row a platform, by the word in `emit.targets`. The emitter of a platform prints what its row promises.

/// What a flag platform can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
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
}

/// flagd: refuses a rule whose weights sum to more than 2^31 - 1; shares keep four decimals of a per cent.
pub const FLAGD: Target = Target {
    name: "flagd",
    most_weight: Some(2_147_483_647.0),
    share_parts: 1e6,
    reserved: &["off", "in", "out"],
    one_experiment_a_flag: true,
    has_generations: true,
};

/// Every platform, by name.
pub const TARGETS: &[Target] = &[FLAGD];

impl Target {
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
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
