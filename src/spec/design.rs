//! `[design]`: how the numbers are judged.

use schemars::JsonSchema;
use serde::Deserialize;

use super::audience::Condition;
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
        /// z test of two means with known variance.
        Z = "z",
        /// t test of two means.
        T = "t",
    }
}

choice! {
    /// How the error rate is shared when several claims could make a success.
    pub enum Correction {
        /// Not at all.
        None = "none",
        /// Alpha divided by the number of claims.
        Bonferroni = "bonferroni",
        /// Bonferroni, stepping down; sized as Bonferroni.
        Holm = "holm",
    }
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
    /// How alpha is shared over variants and primary metrics.
    #[schemars(example = &"holm", extend("default" = "none"))]
    pub correction: Field<Correction>,
    /// How fast alpha is spent over the looks.
    #[schemars(example = &"obrien-fleming")]
    pub spending: Field<Spending>,
    /// The parameter of the spending family: gamma or rho.
    #[schemars(example = -4.0)]
    pub spending_parameter: Field<f64>,
    /// The looks as parts of the planned information, increasing, the last 100%.
    #[schemars(example = &["33%", "66%", "100%"])]
    pub looks: Field<List<Share>>,
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
    /// Conditions that name the places that switch together.
    #[schemars(example = &serde_json::json!([{ "attribute": "city", "in": ["Lyon"] }]))]
    pub places: Field<List<Condition>>,
}
