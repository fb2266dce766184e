//! What each platform is judged by: one file a platform, one line in [`PLATFORMS`].

mod eppo;
mod flagd;
mod flagsmith;
mod flipt;
mod goff;
mod growthbook;

use crate::sdk::Evaluator;

#[rustfmt::skip]
pub static PLATFORMS: &[&Platform] = &[
    &eppo::PLATFORM,
    &flagd::PLATFORM,
    &flagsmith::PLATFORM,
    &flipt::PLATFORM,
    &goff::PLATFORM,
    &growthbook::PLATFORM,
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
    /// The packages that do so; all when empty.
    pub by: &'static [&'static str],
}

impl Difference {
    pub fn is_of(&self, evaluator: &Evaluator) -> bool {
        self.by.is_empty() || self.by.contains(&evaluator.package)
    }
}
