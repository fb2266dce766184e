//! `expc.toml` as it is written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::spec::governance::DataClass;
use crate::spec::{At, Day, Duration, Field, List, Named, Probability, Share, choice};

/// `expc.toml`, at the root of a workspace.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "expc workspace", rename = "workspace")]
pub struct WorkspaceFile {
    /// The version of this language.
    #[schemars(example = 1, range(min = 1, max = 1), required)]
    #[serde(deserialize_with = "crate::spec::limits::version")]
    pub schema: Field<i64>,
    /// Where things are, relative to this file.
    #[schemars(example = &serde_json::json!({ "experiments": "experiments" }))]
    pub workspace: Field<Folders>,
    /// What is built when a spec does not say.
    #[schemars(example = &serde_json::json!({ "targets": ["flagd"] }))]
    pub build: Field<Build>,
    /// What computes the results.
    #[schemars(example = &serde_json::json!({ "target": "growthbook" }))]
    pub analysis: Field<Analysis>,
    /// What each target needs to know, by target.
    #[schemars(example = &serde_json::json!({ "flagd": { "generation": "B" } }))]
    pub targets: Field<Named<TargetSettings>>,
    /// The thresholds.
    #[schemars(example = &serde_json::json!({ "preset": "recommended" }))]
    pub policy: Field<PolicyTable>,
    /// Levels by code, name or group; the most exact wins.
    #[schemars(example = &serde_json::json!({ "STA002": "error", "hypothesis": "warn" }))]
    pub rules: Field<Named<LevelSetting>>,
    /// Rules of the organisation, by name.
    #[schemars(example = &serde_json::json!({ "eu-needs-consent": { "require": "plan.privacy.basis == 'consent'", "message": "experiments in the EU need consent" } }))]
    pub custom: Field<Named<CustomRule>>,
    /// Other thresholds and levels for some paths; later ones win.
    #[schemars(example = &serde_json::json!([{ "paths": ["experiments/legacy/**"], "rules": { "no-prior-link": "allow" } }]))]
    pub overrides: Field<List<Override>>,
}

/// Where things are, relative to `expc.toml`.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "workspace_table")]
pub struct Folders {
    /// The name of the workspace, for reports.
    #[schemars(example = &"shop")]
    pub name: Field<String>,
    /// The folder of the specs.
    #[schemars(example = &"experiments", extend("default" = "experiments"))]
    pub experiments: Field<String>,
    /// The folder of the catalogue.
    #[schemars(example = &"catalog", extend("default" = "catalog"))]
    pub catalog: Field<String>,
    /// The folder of the templates.
    #[schemars(example = &"templates", extend("default" = "templates"))]
    pub templates: Field<String>,
    /// The folder of the sealed plans.
    #[schemars(example = &"registry", extend("default" = "registry"))]
    pub registry: Field<String>,
}

/// What is built when a spec does not say.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "build_table")]
pub struct Build {
    /// The flag platforms.
    #[schemars(example = &["flagd"])]
    pub targets: Field<List<String>>,
    /// The output folder, relative to this file: where `expc build` writes when `--out` is absent, and where the check
    /// looks for files that were changed since.
    #[schemars(example = &"dist", extend("default" = "dist"))]
    pub out: Field<String>,
}

/// What computes the results. Today the check alone reads it: nothing is emitted for the platform.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "analysis_table")]
pub struct Analysis {
    /// The analysis platform: a design that it cannot decide is a finding.
    #[schemars(example = &"growthbook")]
    pub target: Field<String>,
}

/// What one target needs to know.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "target_table")]
pub struct TargetSettings {
    /// flagd: the bucketing generation of the evaluators in use. Evaluators of different generations assign the same unit differently.
    #[schemars(example = &"B", regex(pattern = "^[ABC]$"))]
    #[serde(deserialize_with = "generation")]
    pub generation: Field<String>,
    /// Where the platform keeps its data: `EU`, a country code.
    #[schemars(example = &"EU")]
    pub region: Field<String>,
}

choice! {
    /// A built-in set of thresholds and levels.
    pub enum PresetName {
        /// What most teams can meet on Monday.
        Recommended = "recommended",
        /// What a regulated or very large programme asks for.
        Strict = "strict",
    }
}

choice! {
    /// What a finding of a rule counts.
    pub enum LevelWord {
        /// Not reported.
        Allow = "allow",
        /// Reported; never fails.
        Info = "info",
        /// Reported; fails with `--deny-warnings`.
        Warn = "warn",
        /// Fails.
        Error = "error",
    }
}

/// What a finding counts: one word, or from a day on an error.
///
/// `{ level = "future-error", from = 2027-03-01 }` is a warning until that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelSetting {
    /// What it counts before the day, or always.
    pub word: LevelWord,
    /// The first day as an error.
    pub error_from: Option<Day>,
}

impl std::fmt::Display for LevelSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.error_from {
            None => write!(f, "\"{}\"", self.word),
            Some(day) => write!(f, "{{ level = \"{FUTURE_ERROR}\", from = {day} }}"),
        }
    }
}

/// The word of a level that waits for its day.
const FUTURE_ERROR: &str = "future-error";

impl<'de> Deserialize<'de> for LevelSetting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Setting;
        impl<'de> Visitor<'de> for Setting {
            type Value = LevelSetting;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a level: \"allow\", \"info\", \"warn\", \"error\", or a table with `level` and `from`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LevelSetting, E> {
                const WORDS: &[&str] = &["allow", "info", "warn", "error"];
                if text == FUTURE_ERROR {
                    return Err(E::custom(DAYLESS));
                }
                let word = LevelWord::ALL.iter().copied().find(|word| word.word() == text);
                let word = word.ok_or_else(|| E::unknown_variant(text, WORDS))?;
                Ok(LevelSetting { word, error_from: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<LevelSetting, A::Error> {
                let mut day: Option<Day> = None;
                let mut named = false;
                while let Some(key) = access.next_key::<String>()? {
                    match key.as_str() {
                        "level" => {
                            let word: String = access.next_value()?;
                            if word != FUTURE_ERROR {
                                let text =
                                    format!("only \"{FUTURE_ERROR}\" has a day; write \"{word}\" without a table");
                                return Err(A::Error::custom(text));
                            }
                            named = true;
                        }
                        "from" => day = Some(access.next_value()?),
                        other => {
                            let text = format!(
                                "a level has no key `{other}`; write {{ level = \"{FUTURE_ERROR}\", from = 2027-03-01 }}"
                            );
                            return Err(A::Error::custom(text));
                        }
                    }
                }
                match (named, day) {
                    (true, Some(day)) => Ok(LevelSetting { word: LevelWord::Warn, error_from: Some(day) }),
                    (true, None) => Err(A::Error::custom(DAYLESS)),
                    (false, _) => {
                        Err(A::Error::custom(format!("a level with a day needs `level = \"{FUTURE_ERROR}\"`")))
                    }
                }
            }
        }
        from.deserialize_any(Setting)
    }
}

const DAYLESS: &str = "a future error needs its day; write { level = \"future-error\", from = 2027-03-01 } with the day it becomes an error";

impl JsonSchema for LevelSetting {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "LevelSetting".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut word = generator.subschema_for::<LevelWord>();
        let mut day = generator.subschema_for::<Day>();
        day.insert("description".to_owned(), "The first day as an error.".into());
        day.insert("examples".to_owned(), serde_json::json!(["2027-03-01"]));
        word.insert("examples".to_owned(), serde_json::json!(["warn"]));
        schemars::json_schema!({
            "examples": ["warn"],
            "anyOf": [word, {
                "type": "object",
                "description": "A warning until a day, an error from then on.",
                "properties": {
                    "level": { "const": FUTURE_ERROR, "description": "The level that waits for its day.", "examples": [FUTURE_ERROR] },
                    "from": day,
                },
                "required": ["level", "from"],
                "additionalProperties": false,
            }],
        })
    }
}

impl From<LevelWord> for crate::diag::Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::Allow => Self::Allow,
            LevelWord::Info => Self::Info,
            LevelWord::Warn => Self::Warn,
            LevelWord::Error => Self::Error,
        }
    }
}

/// Other thresholds and levels for some paths.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Override {
    /// Patterns as in `.gitignore`, from the root of the workspace.
    #[schemars(example = &["experiments/legacy/**"])]
    pub paths: Field<List<String>>,
    /// The thresholds.
    #[schemars(example = &serde_json::json!({ "max_run": "84 days" }))]
    pub policy: Field<PolicyTable>,
    /// The levels.
    #[schemars(example = &serde_json::json!({ "no-prior-link": "allow" }))]
    pub rules: Field<Named<LevelSetting>>,
}

/// A rule of the organisation, over the compiled plan.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CustomRule {
    /// What it holds, for people.
    #[schemars(example = &"People in the EU are asked before they take part")]
    pub about: Field<String>,
    /// What a finding counts.
    #[schemars(example = &"error", extend("default" = "error"))]
    pub level: Field<LevelWord>,
    /// An expression in CEL: where it is false, the rule says nothing.
    #[schemars(example = &"'EU' in plan.privacy.regions")]
    pub when: Field<String>,
    /// An expression in CEL that must be true. It sees `plan`, `spec`, `catalog` and `today`.
    #[schemars(example = &"plan.privacy.basis == 'consent'")]
    pub require: Field<String>,
    /// The headline of a finding; `{expression}` stands for its value.
    #[schemars(example = &"experiments in the EU need consent, not `{plan.privacy.basis}`")]
    pub message: Field<String>,
    /// The key of the spec that a finding points at, as a dotted path.
    #[schemars(example = &"privacy.basis")]
    pub at: Field<String>,
    /// The way out.
    #[schemars(example = &"set `basis = \"consent\"`, or take the EU out of `regions`")]
    pub help: Field<String>,
    /// The experiment that the examples are laid over; a plain one when absent.
    #[schemars(example = &"checkout-one-tap")]
    pub over: Field<String>,
    /// Part of a spec on which the rule fires; `expc policy test` holds that.
    #[schemars(example = &"[privacy]\nbasis = \"contract\"\nregions = [\"EU\"]\n")]
    pub bad: Field<String>,
    /// Part of a spec on which the rule is silent.
    #[schemars(example = &"[privacy]\nbasis = \"consent\"\nregions = [\"EU\"]\n")]
    pub good: Field<String>,
}

/// The thresholds. What is absent comes from the preset.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "policy_table")]
pub struct PolicyTable {
    /// The set that the rest of this table changes.
    #[schemars(example = &"recommended", extend("default" = "recommended"))]
    pub preset: Field<PresetName>,
    /// The largest false-positive rate of a decision.
    #[schemars(example = 0.05)]
    pub max_alpha: Field<Probability>,
    /// The smallest power.
    #[schemars(example = 0.8)]
    pub min_power: Field<Probability>,
    /// The shortest run.
    #[schemars(example = &"14 days")]
    pub min_run: Field<Duration>,
    /// The longest run.
    #[schemars(example = &"56 days")]
    pub max_run: Field<Duration>,
    /// The largest share of the first stage.
    #[schemars(example = &"5%")]
    pub max_first_stage: Field<Share>,
    /// The largest factor by which a stage may exceed the one before.
    #[schemars(example = 10.0, range(min = 1.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::at_least_one")]
    pub max_step: Field<f64>,
    /// The most primary metrics.
    #[schemars(example = 2, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub max_primaries: Field<i64>,
    /// The most metrics over all roles.
    #[schemars(example = 20, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub max_metrics: Field<i64>,
    /// The most segments.
    #[schemars(example = 5, range(min = 0, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count_or_none")]
    pub max_segments: Field<i64>,
    /// The laxest threshold of the sample-ratio check.
    #[schemars(example = 0.01)]
    pub max_srm_alpha: Field<Probability>,
    /// The widest relative margin of a guardrail.
    #[schemars(example = &"10%")]
    pub max_margin: Field<Share>,
    /// The oldest baseline a size may rest on.
    #[schemars(example = &"180 days")]
    pub max_baseline_age: Field<Duration>,
    /// The longest time that unit-level data is kept.
    #[schemars(example = &"365 days")]
    pub max_retention: Field<Duration>,
    /// The furthest end of a run from its start, whatever the stages say.
    #[schemars(example = &"180 days")]
    pub max_horizon: Field<Duration>,
    /// The nearest data a metric may use without more.
    #[schemars(example = &"pseudonymous")]
    pub max_data_class: Field<DataClass>,
    /// The fewest words of a hypothesis.
    #[schemars(example = 4, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub min_hypothesis_words: Field<i64>,
    /// Guardrails that every experiment on a surface must have; `any` stands for all surfaces.
    #[schemars(example = &serde_json::json!({ "checkout": ["page_latency_p95"], "any": ["client_error_rate"] }))]
    pub required_guardrails: Field<Named<List<String>>>,
    /// Attributes that nobody may target or segment by, and traits that no other attribute may stand in for.
    #[schemars(example = &["gender"])]
    pub protected_attributes: Field<List<String>>,
    /// Who must agree to a declared risk, by risk: `brand`, `revenue`, `legal`, `safety`, `model`, `ethics`; and to an
    /// audience with people under 18: `minors`.
    #[schemars(example = &serde_json::json!({ "legal": ["legal"] }))]
    pub required_sign_offs: Field<Named<List<String>>>,
    /// Attributes that every audience must exclude: staff, bots, test accounts.
    #[schemars(example = &["is_staff", "is_bot"])]
    pub excluded_attributes: Field<List<String>>,
    /// Regions whose people need a stated legal basis.
    #[schemars(example = &["EU"])]
    pub basis_regions: Field<List<String>>,
    /// Where data may lie: sources and flag platforms of other regions are refused. Anywhere when absent.
    #[schemars(example = &["EU"])]
    pub allowed_regions: Field<List<String>>,
    /// True when secondary metrics may be judged by the rate of false discoveries.
    #[schemars(example = true)]
    pub allow_false_discovery_rate: Field<bool>,
    /// Rules that no comment may ignore, by code, name or group.
    #[schemars(example = &["governance", "MET001"])]
    pub never_ignore: Field<List<String>>,
    /// How long the people of a run that moved them, and was taken back, are left alone before the next run judges them.
    #[schemars(example = &"14 days")]
    pub washout: Field<Duration>,
    /// The most experiments at a time on one surface.
    #[schemars(example = 8, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub max_parallel: Field<i64>,
    /// The longest time since an event or attribute was reviewed. Written here, it also asks for a first review.
    #[schemars(example = &"365 days")]
    pub max_review_age: Field<Duration>,
    /// The largest part of an event that may be lost, or arrive twice, where a decision rests on it.
    #[schemars(example = &"5%")]
    pub max_event_loss: Field<Share>,
    /// The fewest units that a result may be reported for.
    #[schemars(example = 11, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub min_cell: Field<i64>,
    /// The most surveys that one person may expect within `contact_period`.
    #[schemars(example = 1.0, range(min = 0.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::positive")]
    pub max_surveys: Field<f64>,
    /// The most experiments that one person may expect to be in within `contact_period`.
    #[schemars(example = 6.0, range(min = 0.0, max = 1e12))]
    #[serde(deserialize_with = "crate::spec::limits::positive")]
    pub max_experiments: Field<f64>,
    /// The largest payload of a variant or a flag, in bytes of compact JSON. No limit but the platform's when absent.
    #[schemars(example = 4096, range(min = 1, max = 1_000_000_000_000i64))]
    #[serde(deserialize_with = "crate::spec::limits::count")]
    pub max_payload_bytes: Field<i64>,
    /// The time over which surveys and experiments of one person are counted.
    #[schemars(example = &"90 days")]
    pub contact_period: Field<Duration>,
}

/// A generation is one of three letters; the key stays text.
fn generation<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Field<String>, D::Error> {
    #[derive(serde::Deserialize)]
    enum Letter {
        A,
        B,
        C,
    }
    let field = Field::<Letter>::deserialize(from)?;
    Ok(match field {
        Field::Absent => Field::Absent,
        Field::Broken(span) => Field::Broken(span),
        Field::Set(At { value, span }) => {
            let letter = match value {
                Letter::A => "A",
                Letter::B => "B",
                Letter::C => "C",
            };
            Field::Set(At { value: letter.to_owned(), span })
        }
    })
}
