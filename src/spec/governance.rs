//! `[privacy]` and `[risk]`: which data, on what ground; what could go wrong, and who has agreed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Day, Duration};
use super::{Field, List, choice};

choice! {
    /// How near data is to a person; later is nearer.
    pub enum DataClass {
        /// Nobody is in it.
        Public = "public",
        /// Only sums.
        Aggregate = "aggregate",
        /// By an id that others cannot resolve.
        Pseudonymous = "pseudonymous",
        /// By name, address or another direct identifier.
        Personal = "personal",
        /// Special categories: health, belief, origin and the like.
        Sensitive = "sensitive",
    }
}

choice! {
    /// The legal ground.
    pub enum Basis {
        /// The person agreed.
        Consent = "consent",
        /// A balanced interest of the organisation.
        LegitimateInterest = "legitimate-interest",
        /// Needed for the contract.
        Contract = "contract",
        /// Nothing about a person is processed.
        NotPersonal = "not-personal",
    }
}

/// Which data is touched, on what legal ground, for how long.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "privacy_table")]
pub struct Privacy {
    /// The nearest data the experiment may use.
    #[schemars(example = &"pseudonymous")]
    pub data_class: Field<DataClass>,
    /// The legal ground.
    #[schemars(example = &"legitimate-interest")]
    pub basis: Field<Basis>,
    /// How long unit-level data is kept after the end.
    #[schemars(example = &"180 days")]
    pub retention: Field<Duration>,
    /// Regions whose people take part, where that matters for the law.
    #[schemars(example = &["EU", "US"])]
    pub regions: Field<List<String>>,
}

choice! {
    /// How much could go wrong.
    pub enum RiskLevel {
        /// Nothing lasting.
        Low = "low",
        /// Annoyance or small loss.
        Medium = "medium",
        /// Harm to people, money, law or name.
        High = "high",
    }
}

/// What could go wrong, and who has agreed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "risk_table")]
pub struct Risk {
    /// How much could go wrong.
    #[schemars(example = &"low")]
    pub level: Field<RiskLevel>,
    /// True when the name of the house is at stake.
    #[schemars(example = false)]
    pub brand: Field<bool>,
    /// True when money is.
    #[schemars(example = false)]
    pub revenue: Field<bool>,
    /// True when the law is.
    #[schemars(example = false)]
    pub legal: Field<bool>,
    /// True when people's safety or well-being is.
    #[schemars(example = false)]
    pub safety: Field<bool>,
    /// True when a model or prompt decides what people see.
    #[schemars(example = false)]
    pub model: Field<bool>,
    /// True when prices, deception, emotion or vulnerable people are part of it.
    #[schemars(example = false)]
    pub ethics: Field<bool>,
    /// True when the treatment writes state that outlives the experiment.
    #[schemars(example = false, extend("default" = false))]
    pub lasting: Field<bool>,
    /// How lasting state is undone.
    #[schemars(example = &"a job restores the old address book from the daily snapshot")]
    pub undo: Field<String>,
    /// Who has agreed.
    #[schemars(example = &serde_json::json!([{ "role": "legal", "by": "Ada Lind", "at": "2026-11-20" }]))]
    pub sign_offs: Field<List<SignOff>>,
}

/// One agreement.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignOff {
    /// In which role.
    #[schemars(example = &"legal")]
    pub role: Field<String>,
    /// Who.
    #[schemars(example = &"Ada Lind")]
    pub by: Field<String>,
    /// When.
    #[schemars(example = &"2026-11-20")]
    pub at: Field<Day>,
}
