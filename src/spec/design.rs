//! `[design]`: how the numbers are judged.

use schemars::JsonSchema;
use serde::Deserialize;

use super::audience::Condition;
use super::metrics::Effect;
use super::quantity::{Amount, Duration, Probability, Share};
use super::{Field, List, choice};

choice! {
    /// When the data may be looked at.
    pub enum Method {
        /// Once, at the end.
        Fixed = "fixed",
        /// At planned looks, with bounds that keep the error rate.
        GroupSequential = "group-sequential",
        /// At any time, with intervals that hold always.
        AlwaysValid = "always-valid",
        /// By posterior probability against registered thresholds.
        Bayesian = "bayesian",
    }
}

choice! {
    /// Whether a movement the wrong way would be noticed.
    pub enum Sides {
        /// Both directions are tested.
        Two = "two",
        /// Only the expected direction is tested.
        One = "one",
    }
}

choice! {
    /// The test behind the numbers.
    pub enum Test {
        /// z test of two proportions, pooled variance under the null.
        ZPooled = "z-pooled",
        /// z test of two proportions, each with its own variance.
        ZUnpooled = "z-unpooled",
        /// z test of two rates on the arcsine scale.
        Arcsine = "arcsine",
        /// Pooled z test of two rates with the correction for continuity.
        ZContinuity = "z-continuity",
        /// z test of the log odds ratio of two rates.
        LogOdds = "log-odds",
        /// Fisher's exact test, for small samples.
        FisherExact = "fisher-exact",
        /// The unconditional exact test of two rates, for small samples.
        ExactUnconditional = "exact-unconditional",
        /// z test of two means with known variance.
        Z = "z",
        /// t test of two means.
        T = "t",
        /// Welch's t test: each variant with its own variance.
        Welch = "welch",
        /// Test of two rates of events, each with its own variance.
        Wald = "wald",
        /// Test of two rates of events, variance at the pooled rate under the null.
        Score = "score",
        /// Log-rank test, sized by the events of Schoenfeld.
        Schoenfeld = "schoenfeld",
        /// Log-rank test, sized by the events of Freedman.
        Freedman = "freedman",
    }
}

choice! {
    /// When the guardrails of a sequential design are tested.
    pub enum GuardrailsAt {
        /// Once, at the end.
        End = "end",
        /// At every look, by the same spending.
        Looks = "looks",
    }
}

choice! {
    /// What an effect is estimated as.
    pub enum EffectScale {
        /// Treatment minus control.
        Difference = "difference",
        /// Treatment over control, minus one: the baseline is estimated, too.
        Lift = "lift",
    }
}

choice! {
    /// What the planned power is the power of.
    pub enum PowerOf {
        /// Each primary metric alone; guardrails share the rest.
        Metric = "metric",
        /// The whole decision: primary metrics and guardrails share the risk of a missed success.
        Decision = "decision",
    }
}

choice! {
    /// How the error rate is shared when several claims could make a success.
    pub enum Correction {
        /// Not at all.
        None = "none",
        /// Alpha divided by the number of claims.
        Bonferroni = "bonferroni",
        /// Alpha shared so that independent claims spend it exactly.
        Sidak = "sidak",
        /// Bonferroni, stepping down; sized as Bonferroni.
        Holm = "holm",
        /// Stepping up from the largest p-value; sized as Bonferroni.
        Hochberg = "hochberg",
        /// Closed testing with the test of Simes; sized as Bonferroni.
        Hommel = "hommel",
        /// Several treatments against one control, their correlation used.
        Dunnett = "dunnett",
        /// One claim after the other in the order of the spec, each at the whole alpha, until one fails.
        FixedSequence = "fixed-sequence",
    }
}

choice! {
    /// How secondary metrics share an error rate.
    pub enum SecondaryCorrection {
        /// Not at all: they describe.
        None = "none",
        /// Alpha divided by the number of claims.
        Bonferroni = "bonferroni",
        /// Alpha shared so that independent claims spend it exactly.
        Sidak = "sidak",
        /// Bonferroni, stepping down; sized as Bonferroni.
        Holm = "holm",
        /// Stepping up from the largest p-value; sized as Bonferroni.
        Hochberg = "hochberg",
        /// Closed testing with the test of Simes; sized as Bonferroni.
        Hommel = "hommel",
        /// One claim after the other in the order of the spec, until one fails.
        FixedSequence = "fixed-sequence",
        /// The rate of false discoveries is held, not the chance of one; only where the policy allows it.
        BenjaminiHochberg = "benjamini-hochberg",
    }
}

choice! {
    /// When secondary metrics are tested.
    pub enum SecondaryGate {
        /// Always, with an alpha of their own.
        None = "none",
        /// Only once every claim of the primary metrics has succeeded: they inherit its alpha.
        Primary = "primary",
    }
}

/// How the secondary metrics are judged as a family.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Secondary {
    /// How they share the error rate.
    #[schemars(example = &"holm", extend("default" = "none"))]
    pub correction: Field<SecondaryCorrection>,
    /// When they are tested.
    #[schemars(example = &"primary", extend("default" = "none"))]
    pub gate: Field<SecondaryGate>,
}

choice! {
    /// How fast alpha is spent over the looks.
    pub enum Spending {
        /// Little early, almost all at the end.
        ObrienFleming = "obrien-fleming",
        /// Evenly.
        Pocock = "pocock",
        /// The Hwang-Shih-DeCani family, with `spending_parameter`.
        HwangShihDecani = "hwang-shih-decani",
        /// The Kim-DeMets power family, with `spending_parameter`.
        KimDemets = "kim-demets",
    }
}

/// How the numbers are judged.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "design_table")]
pub struct Design {
    /// When the data may be looked at.
    #[schemars(example = &"fixed", extend("default" = "fixed"))]
    pub method: Field<Method>,
    /// The false-positive rate of the whole decision.
    #[schemars(example = 0.05, extend("default" = 0.05))]
    pub alpha: Field<Probability>,
    /// The probability to detect the MDE when it is there.
    #[schemars(example = 0.8, extend("default" = 0.8))]
    pub power: Field<Probability>,
    /// Whether a movement the wrong way would be noticed.
    #[schemars(example = &"two", extend("default" = "two"))]
    pub sides: Field<Sides>,
    /// Why one side is enough.
    #[schemars(example = &"the change can only remove steps; a fall would be stopped by the guardrail")]
    pub sides_reason: Field<String>,
    /// Why the variants have unequal weights.
    #[schemars(example = &"the new vendor is paid by call")]
    pub weights_reason: Field<String>,
    /// The test; the metric's kind decides when absent.
    #[schemars(example = &"z-pooled")]
    pub test: Field<Test>,
    /// What the effect is estimated as: the difference, or the lift over an estimated baseline.
    #[schemars(example = &"difference", extend("default" = "difference"))]
    pub scale: Field<EffectScale>,
    /// How alpha is shared over variants and primary metrics.
    #[schemars(example = &"holm", extend("default" = "none"))]
    pub correction: Field<Correction>,
    /// What `power` is the power of.
    #[schemars(example = &"decision", extend("default" = "metric"))]
    pub power_of: Field<PowerOf>,
    /// The error rate of the secondary metrics, and when they are tested.
    #[schemars(example = &serde_json::json!({ "correction": "holm", "gate": "primary" }))]
    pub secondary: Field<Secondary>,
    /// How fast alpha is spent over the looks.
    #[schemars(example = &"obrien-fleming")]
    pub spending: Field<Spending>,
    /// The parameter of the spending family: gamma or rho.
    #[schemars(example = -4.0)]
    pub spending_parameter: Field<f64>,
    /// The looks as parts of the planned information, increasing, the last 100%.
    #[schemars(example = &["33%", "66%", "100%"])]
    pub looks: Field<List<Share>>,
    /// When the guardrails of a sequential design are tested.
    #[schemars(example = &"looks", extend("default" = "end"))]
    pub guardrails_at: Field<GuardrailsAt>,
    /// When a hopeless run is stopped early, by bounds that spend the chance to miss the MDE.
    #[schemars(example = &serde_json::json!({ "spending": "obrien-fleming", "binding": false }))]
    pub futility: Field<Futility>,
    /// The boundary of an always-valid design.
    #[schemars(example = &serde_json::json!({ "boundary": "asymptotic", "tuned_for": "100%" }))]
    pub always_valid: Field<AlwaysValid>,
    /// What makes the numbers quieter.
    #[schemars(example = &serde_json::json!({ "method": "cuped", "window": "14 days" }))]
    pub variance_reduction: Field<VarianceReduction>,
    /// The check that the variants have the sizes they should have.
    #[schemars(example = &serde_json::json!({ "alpha": 0.001, "action": "stop" }))]
    pub srm: Field<Srm>,
    /// The groups in which the effect is also reported, named in advance.
    #[schemars(example = &["country", "platform"])]
    pub segments: Field<List<String>>,
    /// What is left out of the analysis, and why: outliers, bots, units in two variants.
    #[schemars(example = &["units seen in two variants"])]
    pub exclusions: Field<List<String>>,
    /// What happens with units whose outcome is missing.
    #[schemars(example = &"no event counts as zero")]
    pub missing: Field<String>,
    /// Assignment by group, analysis by member.
    #[schemars(example = &serde_json::json!({ "unit": "account", "icc": 0.02, "mean_size": 12 }))]
    pub cluster: Field<Cluster>,
    /// What a Bayesian design believes before the data, and when it is convinced.
    #[schemars(example = &serde_json::json!({ "prior_sd": "5%", "win_probability": 0.95 }))]
    pub bayes: Field<Bayes>,
    /// The expected size of one unit's record when the whole is switched back and forth.
    #[schemars(example = &serde_json::json!({ "period": "2 hours", "washout": "20 minutes", "order": "random" }))]
    pub switchback: Field<Switchback>,
}

/// Bounds below which a run is stopped as hopeless.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Futility {
    /// How fast the chance to miss the MDE is spent over the looks.
    #[schemars(example = &"obrien-fleming")]
    pub spending: Field<Spending>,
    /// The parameter of the spending family: gamma or rho.
    #[schemars(example = -2.0)]
    pub parameter: Field<f64>,
    /// True when the run must stop at the bound: the bounds for success are then lower, and alpha is lost if it goes on.
    #[schemars(example = false, extend("default" = false))]
    pub binding: Field<bool>,
}

choice! {
    /// A boundary that holds at any time.
    pub enum Boundary {
        /// The asymptotic confidence sequence.
        Asymptotic = "asymptotic",
        /// The mixture sequential probability ratio test: a normal mixture over effects of the size `mixing`.
        Mixture = "mixture",
        /// Generalised anytime-valid inference: the normal mixture, tuned to a sample size.
        Gavi = "gavi",
    }
}

/// The boundary of an always-valid design.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "always_valid_table")]
pub struct AlwaysValid {
    /// The boundary.
    #[schemars(example = &"asymptotic", extend("default" = "asymptotic"))]
    pub boundary: Field<Boundary>,
    /// The part of the planned sample at which the boundary is tightest.
    #[schemars(example = &"100%", extend("default" = "100%"))]
    pub tuned_for: Field<Share>,
    /// The usual size of true effects, for `mixture`; the MDE when absent.
    #[schemars(example = &serde_json::json!({ "relative": "1%" }))]
    pub mixing: Field<Effect>,
}

choice! {
    /// A way to make numbers quieter.
    pub enum Reduction {
        /// None.
        None = "none",
        /// Controlled-experiment using pre-experiment data.
        Cuped = "cuped",
        /// Regression on covariates from before assignment.
        Regression = "regression",
    }
}

/// What makes the numbers quieter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VarianceReduction {
    /// The way.
    #[schemars(example = &"cuped", extend("default" = "cuped"))]
    pub method: Field<Reduction>,
    /// How far back before assignment the covariate reaches.
    #[schemars(example = &"14 days")]
    pub window: Field<Duration>,
    /// The metric that serves as covariate; the metric itself when absent.
    #[schemars(example = &"sessions_per_user")]
    pub covariate: Field<String>,
    /// Where the covariate is read. Data from after assignment would remove part of the effect.
    #[schemars(example = &"before", extend("default" = "before"))]
    pub period: Field<CovariatePeriod>,
    /// The correlation of covariate and metric; the catalogue's when absent.
    #[schemars(example = 0.5, range(min = -1.0, max = 1.0))]
    #[serde(deserialize_with = "crate::spec::limits::correlation")]
    pub correlation: Field<f64>,
}

choice! {
    /// When a covariate is read.
    pub enum CovariatePeriod {
        /// Before assignment.
        Before = "before",
        /// After assignment: refused by a rule.
        After = "after",
    }
}

choice! {
    /// What a failed quality check does.
    pub enum SrmAction {
        /// Stops the experiment.
        Stop = "stop",
        /// Makes the result void until it is explained.
        Void = "void",
        /// Only tells somebody.
        Warn = "warn",
    }
}

/// The sample-ratio check.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Srm {
    /// False switches the check off: refused by a rule.
    #[schemars(example = true, extend("default" = true))]
    pub check: Field<bool>,
    /// Below this p-value the ratio is wrong.
    #[schemars(example = 0.001, extend("default" = 0.001))]
    pub alpha: Field<Probability>,
    /// What happens then.
    #[schemars(example = &"stop", extend("default" = "void"))]
    pub action: Field<SrmAction>,
}

/// Assignment by group.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// The group: a unit of the catalogue.
    #[schemars(example = &"account")]
    pub unit: Field<String>,
    /// The intra-cluster correlation.
    #[schemars(example = 0.02, range(min = 0.0, max = 1.0))]
    #[serde(deserialize_with = "crate::spec::limits::part")]
    pub icc: Field<f64>,
    /// Members per group.
    #[schemars(example = 12.0, range(min = 1.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::at_least_one")]
    pub mean_size: Field<f64>,
    /// The coefficient of variation of the group sizes.
    #[schemars(example = 0.6, extend("default" = 0.0), range(min = 0.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::positive")]
    pub size_cv: Field<f64>,
    /// How many groups there are in all; as many as come when absent.
    #[schemars(example = 640, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub total: Field<i64>,
}

/// The Bayesian rule.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bayes {
    /// Mean of the normal prior of the relative effect.
    #[schemars(example = &"0%", extend("default" = "0%"))]
    pub prior_mean: Field<Amount>,
    /// Standard deviation of the prior.
    #[schemars(example = &"5%")]
    pub prior_sd: Field<Amount>,
    /// Probability to be better that counts as a win.
    #[schemars(example = 0.95)]
    pub win_probability: Field<Probability>,
    /// Expected loss below which shipping is allowed.
    #[schemars(example = &"0.1%")]
    pub max_expected_loss: Field<Amount>,
    /// Half the width of the region of practical equivalence around no effect, relative to the baseline: a win lies
    /// beyond it with `win_probability`.
    #[schemars(example = &"0.5%")]
    pub rope: Field<Amount>,
}

/// The whole is switched back and forth.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Switchback {
    /// How long one period is.
    #[schemars(example = &"2 hours")]
    pub period: Field<Duration>,
    /// What is left out after each switch.
    #[schemars(example = &"20 minutes")]
    pub washout: Field<Duration>,
    /// How the periods are ordered.
    #[schemars(example = &"random", extend("default" = "random"))]
    pub order: Field<String>,
    /// How many neighbouring periods keep one variant, before the next toss of the coin.
    #[schemars(example = 4, extend("default" = 1), range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub block: Field<i64>,
    /// The correlation of a metric in one period with the next.
    #[schemars(example = 0.3, extend("default" = 0.0), range(min = -1.0, max = 1.0))]
    #[serde(deserialize_with = "crate::spec::limits::correlation")]
    pub autocorrelation: Field<f64>,
    /// How many places switch independently of each other.
    #[schemars(example = 12, extend("default" = 1), range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub place_count: Field<i64>,
    /// Conditions that name the places that switch together.
    #[schemars(example = &serde_json::json!([{ "attribute": "city", "in": ["Lyon"] }]))]
    pub places: Field<List<Condition>>,
}
