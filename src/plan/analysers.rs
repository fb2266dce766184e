//! What an analysis platform can decide, as data that rules share.
//!
//! Only what was seen in its format or its manual is written here; what nobody has looked at is no fact, and no
//! finding rests on it.

use crate::catalog::Kind;

/// The platform that turns events into a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Analyser {
    /// The word in `[analysis] target`.
    pub name: &'static str,
    /// How the platform is called.
    pub called: &'static str,
    /// Why it decides nothing at all.
    pub only: Option<&'static str>,
    /// The kinds of metric that it has no word for.
    pub lacks: &'static [Kind],
    /// True when it tests that a guardrail stays within a margin.
    pub has_margins: bool,
    /// True when it keeps a schedule of looks with their bounds.
    pub has_looks: bool,
}

/// One whose limits nobody has looked at.
const UNKNOWN: Analyser = Analyser { name: "", called: "", only: None, lacks: &[], has_margins: true, has_looks: true };

/// Every analysis platform that something is known of, by name.
pub const ANALYSERS: &[Analyser] = &[
    // Its OpenAPI file: metrics are proportion, retention, mean, quantile, ratio and dailyParticipation.
    Analyser {
        name: "growthbook",
        called: "GrowthBook",
        lacks: &[Kind::TimeToEvent],
        has_margins: false,
        has_looks: false,
        ..UNKNOWN
    },
    // Its JSON Schema: mean, funnel, ratio, retention, and no margin in that object.
    Analyser {
        name: "posthog",
        called: "PostHog",
        lacks: &[Kind::Quantile, Kind::TimeToEvent],
        has_margins: false,
        ..UNKNOWN
    },
    // The models of its API: mean or percentile.
    Analyser {
        name: "launchdarkly",
        called: "LaunchDarkly",
        lacks: &[Kind::Ratio, Kind::Retention, Kind::TimeToEvent],
        ..UNKNOWN
    },
    // Its aggregators: unique, count, sum.
    Analyser { name: "optimizely", called: "Optimizely", lacks: &[Kind::Quantile, Kind::TimeToEvent], ..UNKNOWN },
    Analyser {
        name: "metricflow",
        called: "MetricFlow",
        only: Some("totals by variant, without exposure windows and variances"),
        ..UNKNOWN
    },
    Analyser {
        name: "prometheus",
        called: "Prometheus",
        only: Some("guardrails of a ramp, without inference"),
        ..UNKNOWN
    },
    Analyser { name: "spotify-confidence", called: "spotify-confidence", ..UNKNOWN },
];

/// The platform of a name.
pub fn analyser(name: &str) -> Option<&'static Analyser> {
    ANALYSERS.iter().find(|analyser| analyser.name == name)
}
