//! What each platform is judged by: one file a platform, one line in [`PLATFORMS`].

mod amplitude;
mod configcat;
mod eppo;
mod firebase;
mod flagd;
mod flagsmith;
mod flipt;
mod goff;
mod growthbook;
mod launchdarkly;
mod optimizely;
mod posthog;
mod split;
mod statsig;
mod unleash;

use crate::sdk::Evaluator;

#[rustfmt::skip]
pub static PLATFORMS: &[&Platform] = &[
    &amplitude::PLATFORM,
    &configcat::PLATFORM,
    &eppo::PLATFORM,
    &firebase::PLATFORM,
    &flagd::PLATFORM,
    &flagsmith::PLATFORM,
    &flipt::PLATFORM,
    &goff::PLATFORM,
    &growthbook::PLATFORM,
    &launchdarkly::PLATFORM,
    &optimizely::PLATFORM,
    &posthog::PLATFORM,
    &split::PLATFORM,
    &statsig::PLATFORM,
    &unleash::PLATFORM,
];

/// A platform, its SDKs, and in what they differ from the language.
pub struct Platform {
    /// As in `emit.targets`.
    pub name: &'static str,
    pub evaluators: &'static [Evaluator],
    /// More lines of `expc.toml`.
    pub settings: &'static str,
    pub differences: &'static [Difference],
    /// What no SDK here could judge, for the page.
    pub unjudged: &'static [&'static str],
}

/// A way in which SDKs read odd values, or a payload, otherwise than the language. One that does not occur fails.
pub struct Difference {
    /// A kind of `contexts::ODD`, or the name of a case whose payload arrives changed.
    pub kind: &'static str,
    /// What happens, for the page.
    pub says: &'static str,
    /// The packages that do so; all when empty. `npm x` is the one of that registry.
    pub by: &'static [&'static str],
}

impl Difference {
    pub fn is_of(&self, evaluator: &Evaluator) -> bool {
        let is_it = |by: &&str| match by.split_once(' ') {
            Some(of_registry) => of_registry == (evaluator.registry(), evaluator.package),
            None => *by == evaluator.package,
        };
        self.by.is_empty() || self.by.iter().any(is_it)
    }
}
