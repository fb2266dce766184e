//! The built-in thresholds, as TOML that a reader may copy.

use super::file::PresetName;

impl PresetName {
    /// The thresholds of the preset, in the language of `[policy]`.
    pub fn text(self) -> &'static str {
        match self {
            PresetName::Recommended => RECOMMENDED,
            PresetName::Strict => STRICT,
        }
    }
}

const RECOMMENDED: &str = r#"
max_alpha = 0.05
min_power = 0.8
min_run = "14 days"
max_run = "56 days"
max_first_stage = "5%"
max_step = 10.0
max_primaries = 2
max_metrics = 20
max_segments = 5
max_srm_alpha = 0.01
max_margin = "20%"
max_baseline_age = "180 days"
max_retention = "365 days"
max_horizon = "180 days"
max_data_class = "pseudonymous"
min_hypothesis_words = 4
max_parallel = 8
washout = "14 days"
allow_false_discovery_rate = false
max_review_age = "365 days"
max_event_loss = "5%"
min_cell = 11
max_surveys = 1.0
max_experiments = 20.0
contact_period = "90 days"
basis_regions = ["EU", "EEA", "UK"]
"#;

const STRICT: &str = r#"
max_alpha = 0.05
min_power = 0.9
min_run = "14 days"
max_run = "42 days"
max_first_stage = "1%"
max_step = 5.0
max_primaries = 1
max_metrics = 12
max_segments = 3
max_srm_alpha = 0.001
max_margin = "10%"
max_baseline_age = "90 days"
max_retention = "180 days"
max_horizon = "120 days"
max_data_class = "pseudonymous"
min_hypothesis_words = 6
max_parallel = 4
washout = "28 days"
allow_false_discovery_rate = false
max_review_age = "365 days"
max_event_loss = "2%"
min_cell = 20
max_surveys = 1.0
max_experiments = 6.0
contact_period = "180 days"
basis_regions = ["EU", "EEA", "UK", "US", "CA", "BR"]
required_sign_offs = { legal = ["legal"], safety = ["safety"], ethics = ["ethics"], brand = ["brand"], revenue = ["finance"], model = ["safety"] }
"#;
