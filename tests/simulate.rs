//! `expc simulate`: the simulated shares meet the mathematics, the same input gives the same output, and what cannot
//! be simulated says why.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use expc::portfolio::Workspace;
use expc::simulate::model::Rule;
use expc::simulate::{
    Expected, Figure, GivenEffect, GivenSize, Model, Quantity, Scenario, ScenarioReport, remarks, simulate,
};
use expc::world::Memory;
use workspace::{Answer, Folder};

const CATALOG: &str = r#"
schema = 1
[metrics.conversion]
kind = "proportion"
direction = "increase"
unit = "%"
window = "2 days"
lag = "1 day"
baseline = "11%"
[metrics.refunds]
kind = "proportion"
direction = "decrease"
unit = "%"
window = "2 days"
baseline = "4%"
[metrics.revenue]
kind = "mean"
direction = "increase"
unit = "EUR"
baseline = "6 EUR"
sd = "19 EUR"
pre_correlation = 0.6
[metrics.latency]
kind = "mean"
direction = "decrease"
unit = "ms"
baseline = "2000 ms"
sd = "300 ms"
[metrics.orders]
kind = "count"
direction = "increase"
unit = "orders"
baseline = "0.7 orders"
sd = "1.1 orders"
[metrics.cancelled]
kind = "time-to-event"
direction = "decrease"
unit = "%"
window = "10 days"
baseline = "20%"
dropout = "8%"
"#;

/// A spec of two weeks with its own tables; `weights` are those of the variants.
fn spec(weights: &[f64], metrics: &str, more: &str) -> String {
    let names = ["control", "one", "two"];
    let variants = names.iter().zip(weights).map(|(name, weight)| format!("[variants.{name}]\nweight = {weight}\n"));
    format!(
        r#"
schema = 1
[experiment]
id = "banner"
{}
[audience]
unit = "user"
daily_units = 4000
[metrics]
{metrics}
{more}
"#,
        variants.collect::<String>()
    )
}

const TWO_WEEKS: &str = r#"
[rollout]
start = 2027-01-11
stages = [{ name = "all", share = "100%", hold = "14 days" }]
[decision]
by = 2027-02-01
rules = [
  { quality = "fail", then = "iterate" },
  { guardrails = "fail", then = "stop" },
  { primary = "worse", then = "stop" },
  { primary = "better", guardrails = "pass", then = "ship" },
]
otherwise = "iterate"
"#;

fn model(spec: &str) -> Result<Model, String> {
    let files = Memory::default()
        .with("expc.toml", "schema = 1\n")
        .with("catalog/all.toml", CATALOG)
        .with("experiments/banner.toml", spec);
    let workspace = Workspace::open(&files);
    let compiled = workspace.compile(&workspace.specs[0]);
    Model::new(&compiled.plan, &compiled.spec).map_err(|reason| reason.0)
}

/// Enough to tell a point of power.
const REPLICATES: u64 = 2_000;

fn runs(model: &Model, scenario: &Scenario) -> ScenarioReport {
    simulate(model, scenario, REPLICATES, 1, &|_| {}).expect("the scenario fits its metrics")
}

fn figure<'a>(report: &'a ScenarioReport, quantity: Quantity, of: &str) -> &'a Figure {
    let found = report.figures.iter().find(|figure| figure.quantity == quantity && figure.of == of);
    found.unwrap_or_else(|| panic!("no {quantity:?} of `{of}` in {:#?}", report.figures))
}

/// Every figure of the usual scenarios meets what the plan computes, and there are some.
fn meets_the_plan(spec: &str) -> Vec<ScenarioReport> {
    let model = model(spec).expect("it can be simulated");
    let reports: Vec<_> = Scenario::usual(&model).iter().map(|scenario| runs(&model, scenario)).collect();
    let mut judged = 0;
    for report in &reports {
        for figure in &report.figures {
            assert!(!figure.differs, "{}: {figure:?}", report.scenario.kind.title());
            judged += usize::from(figure.expected.is_some());
            assert!(figure.value.is_finite() && figure.error.is_finite(), "{figure:?}");
        }
        let decided: f64 =
            report.figures.iter().filter(|figure| figure.quantity == Quantity::Decision).map(|f| f.value).sum();
        assert!((decided - 1.0).abs() < 1e-9, "decisions sum to {decided}");
    }
    assert!(2 <= judged, "nothing was compared with the plan");
    reports
}

#[test]
fn a_fixed_design_keeps_alpha_and_has_its_power() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    let reports = meets_the_plan(&spec(&[1.0, 1.0], primary, TWO_WEEKS));
    let errors = figure(&reports[0], Quantity::AnyClaimByTests, "");
    assert_eq!(errors.expected, Some(Expected::Value(0.05)));
    let power = figure(&reports[1], Quantity::BetterByTests, "conversion of one");
    assert!(matches!(power.expected, Some(Expected::Value(power)) if (0.6..0.99).contains(&power)), "{power:?}");
    // Estimates that are claimed are those that came out large.
    let exaggeration = figure(&reports[1], Quantity::Exaggeration, "conversion of one");
    assert!(1.0 < exaggeration.value - 4.0 * exaggeration.error, "{exaggeration:?}");
    // Two weeks of 4,000 a day, and the decision after three weeks.
    let units = figure(&reports[1], Quantity::Units, "");
    assert!((units.value - 56_000.0).abs() < 4.0 * units.error, "{units:?}");
    assert_eq!(figure(&reports[1], Quantity::Days, "").value, 21.0);
}

#[test]
fn every_kind_of_metric_and_weight_meets_the_plan() {
    for (metrics, design) in [
        (r#"primary = [{ metric = "revenue", mde = { relative = "8%" } }]"#, ""),
        (
            r#"primary = [{ metric = "revenue", mde = { relative = "6%" } }]"#,
            "variance_reduction = { method = \"cuped\" }",
        ),
        (r#"primary = [{ metric = "latency", mde = { absolute = "8 ms" } }]"#, "test = \"z\""),
        (r#"primary = [{ metric = "latency", mde = { absolute = "8 ms" } }]"#, "test = \"welch\""),
        (r#"primary = [{ metric = "orders", mde = { relative = "4%" } }]"#, "sides = \"one\""),
        (r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#, "test = \"z-unpooled\""),
        (
            r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]
            guardrail = [{ metric = "refunds", margin = { absolute = "0.5pp" } }, { metric = "latency", margin = { absolute = "9 ms" } }]"#,
            "cluster = { unit = \"team\", icc = 0.01, mean_size = 20.0 }",
        ),
    ] {
        meets_the_plan(&spec(&[1.0, 1.0], metrics, &format!("[design]\n{design}\n{TWO_WEEKS}")));
        meets_the_plan(&spec(&[3.0, 1.0], metrics, &format!("[design]\n{design}\n{TWO_WEEKS}")));
    }
}

#[test]
fn sequential_bounds_keep_alpha_and_peeking_does_not() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    for design in [
        r#"method = "group-sequential"
        spending = "pocock"
        looks = ["25%", "50%", "75%", "100%"]"#,
        r#"method = "group-sequential"
        spending = "obrien-fleming"
        looks = ["33%", "66%", "100%"]"#,
        r#"method = "always-valid""#,
    ] {
        let text = spec(&[1.0, 1.0], primary, &format!("[design]\n{design}\n{TWO_WEEKS}"));
        let reports = meets_the_plan(&text);
        // At the MDE a sequential run ends early, and exaggerates more.
        assert!(figure(&reports[1], Quantity::Days, "").value < 20.0);
        let mut model = model(&text).expect("it can be simulated");
        let Rule::Bounds { steps, .. } = &mut model.rule else { panic!("no bounds") };
        let looks = steps[0].len();
        for bound in &mut steps[0] {
            bound.z = 1.959_963_984_540_054;
        }
        let peeking = runs(&model, &Scenario::usual(&model)[0]);
        let errors = figure(&peeking, Quantity::AnyClaimByTests, "");
        assert!(errors.differs && 0.09 < errors.value, "{looks} looks: {errors:?}");
    }
}

#[test]
fn futility_ends_runs_without_hope_and_keeps_the_error() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    let text = |futility: &str| {
        let design = format!(
            r#"[design]
            method = "group-sequential"
            spending = "obrien-fleming"
            sides = "one"
            looks = ["30%", "60%", "100%"]
            {futility}"#
        );
        spec(&[1.0, 1.0], primary, &format!("{design}\n{TWO_WEEKS}"))
    };
    let goes_on = meets_the_plan(&text(""));
    for binding in [false, true] {
        let text = text(&format!("futility = {{ spending = \"pocock\", binding = {binding} }}"));
        let reports = meets_the_plan(&text);
        let futile = figure(&reports[0], Quantity::FutileByTests, "conversion of one");
        assert!(futile.expected.is_some() && 0.5 < futile.value, "{futile:?}");
        // The run ends where its only claim does.
        assert_eq!(figure(&reports[0], Quantity::Futile, "").value, futile.value);
        let days = |reports: &[ScenarioReport]| figure(&reports[0], Quantity::Days, "").value;
        assert!(days(&reports) + 2.0 < days(&goes_on), "binding {binding}: {}", days(&reports));
        let errors = figure(&reports[0], Quantity::AnyClaimByTests, "");
        assert!(matches!(errors.expected, Some(Expected::Value(p)) if (p - 0.05).abs() < 1e-6), "{errors:?}");
    }
}

#[test]
fn a_sequential_test_takes_what_the_plan_expects() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    let design = r#"[design]
        method = "group-sequential"
        spending = "pocock"
        looks = ["25%", "50%", "75%", "100%"]"#;
    // The decision falls on the day when the last units are complete.
    let prompt = TWO_WEEKS.replace("2027-02-01", "2027-01-28");
    let text = spec(&[1.0, 1.0], primary, &format!("{design}\n{prompt}"));
    let reports = meets_the_plan(&text);
    let files = Memory::default()
        .with("expc.toml", "schema = 1\n")
        .with("catalog/all.toml", CATALOG)
        .with("experiments/banner.toml", text);
    let workspace = Workspace::open(&files);
    let plan = workspace.compile(&workspace.specs[0]).plan;
    let sizing = plan.sizes[0].result.as_ref().expect("it has a size");
    for (report, truth) in reports.iter().zip([0.0, 1.0]) {
        let planned = sizing.expected(&plan, truth).expect("it has looks");
        let units = figure(report, Quantity::UnitsByTests, "");
        let days = figure(report, Quantity::DaysByTests, "");
        assert!(units.expected.is_some() && days.expected.is_some());
        // The plan's looks are parts of the sample, those of the calendar whole days.
        let all = planned.control + planned.treatment;
        assert!((units.value / all - 1.0).abs() < 0.04, "{} units for {all}", units.value);
        let planned = planned.days.expect("it has a calendar");
        assert!((days.value - planned).abs() < 1.5, "{} days for {planned}", days.value);
    }
}

#[test]
fn a_fixed_design_exaggerates_as_the_formula_says() {
    let primary = r#"primary = [{ metric = "latency", mde = { absolute = "5 ms" } }]"#;
    let reports = meets_the_plan(&spec(&[1.0, 1.0], primary, TWO_WEEKS));
    let found = figure(&reports[1], Quantity::ExaggerationByTests, "latency of one");
    assert!(matches!(found.expected, Some(Expected::Value(times)) if 1.1 < times), "{found:?}");
}

#[test]
fn every_hypothesis_meets_the_plan() {
    for (primary, design) in [
        (r#"metric = "conversion", hypothesis = "non-inferiority", margin = { absolute = "0.7pp" }"#, ""),
        (r#"metric = "latency", hypothesis = "non-inferiority", margin = { absolute = "7 ms" }"#, ""),
        (r#"metric = "latency", hypothesis = "equivalence", margin = { absolute = "8 ms" }"#, ""),
        (r#"metric = "conversion", hypothesis = "equivalence", margin = { absolute = "0.9pp" }"#, ""),
        (
            r#"metric = "conversion", hypothesis = "superiority-by-margin", mde = { relative = "10%" }, margin = { relative = "2%" }"#,
            "",
        ),
        (
            r#"metric = "conversion", hypothesis = "non-inferiority", margin = { absolute = "0.7pp" }"#,
            "method = \"group-sequential\"\nspending = \"pocock\"\nlooks = [\"50%\", \"100%\"]",
        ),
    ] {
        let more = format!("[design]\n{design}\n{TWO_WEEKS}");
        let reports = meets_the_plan(&spec(&[2.0, 1.0], &format!("primary = [{{ {primary} }}]"), &more));
        // At the margin the claim is an error.
        let name = if primary.contains("latency") { "latency of one" } else { "conversion of one" };
        let error = figure(&reports[2], Quantity::BetterByTests, name);
        assert!(error.expected.is_some() && error.value < 0.07, "{primary}: {error:?}");
    }
}

#[test]
fn lifts_counts_times_and_other_tests_of_rates_meet_the_plan() {
    let conversion = r#"metric = "conversion", mde = { relative = "8%" }"#;
    let cancelled = r#"metric = "cancelled", mde = { relative = "8%" }"#;
    let orders = r#"metric = "orders", mde = { relative = "5%" }"#;
    let margin = r#"metric = "cancelled", hypothesis = "non-inferiority", margin = { relative = "9%" }"#;
    for (primary, design) in [
        (conversion, "scale = \"lift\""),
        (conversion, "test = \"z-unpooled\"\nscale = \"lift\""),
        (r#"metric = "revenue", mde = { relative = "8%" }"#, "scale = \"lift\""),
        (r#"metric = "revenue", mde = { relative = "8%" }"#, "scale = \"lift\"\ntest = \"welch\""),
        (conversion, "test = \"arcsine\""),
        (conversion, "test = \"z-continuity\""),
        (conversion, "test = \"log-odds\""),
        (orders, "test = \"wald\"\nscale = \"lift\""),
        (orders, "test = \"score\"\nscale = \"lift\""),
        (cancelled, ""),
        (cancelled, "test = \"freedman\""),
        (margin, ""),
    ] {
        meets_the_plan(&spec(
            &[1.0, 1.0],
            &format!("primary = [{{ {primary} }}]"),
            &format!("[design]\n{design}\n{TWO_WEEKS}"),
        ));
    }
}

#[test]
fn groups_and_blocks_meet_the_plan() {
    let groups = "[design]\ncluster = { unit = \"team\", icc = 0.02, mean_size = 20.0 }\n";
    for (metrics, design) in [
        (r#"primary = [{ metric = "latency", mde = { absolute = "6 ms" } }]"#, groups),
        (r#"primary = [{ metric = "conversion", mde = { relative = "6%" } }]"#, groups),
        (
            r#"primary = [{ metric = "latency", mde = { absolute = "12 ms" }, period_sd = "60 ms" }]"#,
            "[design]\nswitchback = { period = \"1 hour\", block = 2, autocorrelation = 0.3, place_count = 4 }\n",
        ),
    ] {
        let reports = meets_the_plan(&spec(&[1.0, 1.0], metrics, &format!("{design}{TWO_WEEKS}")));
        let found = reports[1].figures.iter().find(|figure| figure.quantity == Quantity::BetterByTests);
        let power = found.and_then(|figure| figure.expected);
        assert!(matches!(power, Some(Expected::Value(power)) if 0.2 < power && power < 0.999), "{found:?}");
    }
}

#[test]
fn corrections_hold_over_several_claims() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }, { metric = "orders", mde = { relative = "5%" } }]"#;
    let mut powers = Vec::new();
    for correction in ["holm", "bonferroni", "none", "hochberg", "sidak", "fixed-sequence", "hommel"] {
        let text = spec(&[1.0, 1.0, 1.0], primary, &format!("[design]\ncorrection = \"{correction}\"\n{TWO_WEEKS}"));
        let reports = meets_the_plan(&text);
        let errors = figure(&reports[0], Quantity::AnyClaimByTests, "");
        assert_eq!(0.1 < errors.value, correction == "none", "{correction}: {errors:?}");
        powers.push(figure(&reports[1], Quantity::BetterByTests, "orders of two").value);
    }
    // Stepping gains on Bonferroni, up a little more than down; no correction has the most power.
    assert!(powers[1] < powers[0] && powers[0] <= powers[3] && powers[3] < powers[2], "{powers:?}");
    // Hommel's claims hold all of Hochberg's, on the same draws.
    assert!(powers[3] <= powers[6], "{powers:?}");
    let one = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    meets_the_plan(&spec(&[1.0, 1.0, 1.0], one, &format!("[design]\ncorrection = \"dunnett\"\n{TWO_WEEKS}")));
}

#[test]
fn posterior_rules_run() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "10%" } }]"#;
    let text = |bayes: &str| {
        spec(&[1.0, 1.0], primary, &format!("[design]\nmethod = \"bayesian\"\nbayes = {{ {bayes} }}\n{TWO_WEEKS}"))
    };
    let share = |bayes: &str, scenario: usize| {
        let model = model(&text(bayes)).expect("it can be simulated");
        figure(&runs(&model, &Scenario::usual(&model)[scenario]), Quantity::Better, "conversion of one").value
    };
    let flat = r#"prior_sd = "1000%", win_probability = 0.975"#;
    // A flat prior and 97.5 % are the one-sided test at 2.5 %.
    assert!((share(flat, 0) - 0.025).abs() < 0.01);
    // A doubtful prior claims less.
    let doubtful = r#"prior_sd = "2%", win_probability = 0.975"#;
    assert!(share(doubtful, 0) < 0.01);
    assert!(share(doubtful, 1) < share(flat, 1));
    assert!(model(&text(r#"prior_sd = "0%", win_probability = 0.9"#)).is_err());
    assert!(model(&text(r#"prior_sd = "3 EUR", win_probability = 0.9"#)).is_err());
}

const GUARDED: &str = r#"primary = [{ metric = "conversion", mde = { relative = "10%" } }]
guardrail = [{ metric = "refunds", margin = { absolute = "0.6pp" } }]"#;

#[test]
fn harm_at_the_margin_ships_no_more_often_than_alpha() {
    let reports = meets_the_plan(&spec(&[1.0, 1.0], GUARDED, TWO_WEEKS));
    let harmed = &reports[2];
    let ship = figure(harmed, Quantity::Decision, "ship");
    assert_eq!(ship.expected, Some(Expected::AtMost(0.05)));
    assert!(ship.value < figure(&reports[1], Quantity::Decision, "ship").value);
}

#[test]
fn guardrails_of_a_sequential_design_are_tested_when_it_is_registered() {
    let sequential = |at: &str| {
        let design = format!(
            r#"[design]
            method = "group-sequential"
            spending = "pocock"
            looks = ["50%", "100%"]
            guardrails_at = "{at}""#
        );
        let reports = meets_the_plan(&spec(&[1.0, 1.0], GUARDED, &format!("{design}\n{TWO_WEEKS}")));
        figure(&reports[1], Quantity::Days, "").value
    };
    // At the end only, nothing ships early; at every look most runs do.
    assert!(20.0 < sequential("end"));
    assert!(sequential("looks") < 19.0);
}

#[test]
fn gates_triggers_and_the_sample_ratio_end_runs() {
    let staged = TWO_WEEKS.replace(
        r#"[{ name = "all", share = "100%", hold = "14 days" }]"#,
        r#"[{ name = "canary", share = "10%", hold = "4 days", gate = "guardrails" }, { name = "all", share = "100%", hold = "10 days" }]
        rollback = [{ metric = "refunds", harm = "difference", threshold = "2pp", min_units = 400 }]"#,
    );
    let model = model(&spec(&[1.0, 1.0], GUARDED, &staged)).expect("it can be simulated");
    let harm = |size: f64| {
        let effect = GivenEffect { metric: "refunds".to_owned(), variant: None, size: GivenSize::Absolute(size) };
        runs(&model, &Scenario::given(&model, &[effect]).expect("the metric is drawn"))
    };
    let none = harm(0.0);
    let much = harm(0.06);
    let share = |report: &ScenarioReport, of: &str| figure(report, Quantity::Decision, of).value;
    assert!(share(&none, "rolled back") < 0.1 && 0.2 < share(&much, "rolled back"));
    assert!(share(&none, "held at a gate") < 0.1 && 0.2 < share(&much, "held at a gate"));
    assert_eq!(share(&much, "rolled back") + share(&much, "held at a gate"), 1.0);
    let days = |report: &ScenarioReport| figure(report, Quantity::Days, "").value;
    assert!(days(&much) < 6.0 && 15.0 < days(&none));
    // A check at the gate and one at the end, each at 0.001.
    let alarms = figure(&none, Quantity::RatioAlarm, "");
    assert!(alarms.value < 0.002 + 4.0 * (0.002_f64 / REPLICATES as f64).sqrt(), "{alarms:?}");

    // A trigger that reads too few units is told how many it needs.
    let nervous = staged.replace("threshold = \"2pp\", min_units = 400", "threshold = \"1pp\", min_units = 100");
    let twitching = self::model(&spec(&[1.0, 1.0], GUARDED, &nervous)).expect("it can be simulated");
    let reports = [runs(&twitching, &Scenario::usual(&twitching)[0])];
    let remarks = remarks(&twitching, &reports);
    // 16 x 2 x 0.04 x 0.96 / 0.01^2 = 12,288.
    assert!(remarks.iter().any(|remark| remark.ends_with("raise its min_units from 100 to 13000.")), "{remarks:?}");

    let alarming = staged.replace("[rollout]", "[design]\nsrm = { alpha = 0.2, action = \"stop\" }\n[rollout]");
    let model = self::model(&spec(&[1.0, 1.0], GUARDED, &alarming)).expect("it can be simulated");
    let stopped = runs(&model, &Scenario::usual(&model)[0]);
    let alarms = figure(&stopped, Quantity::RatioAlarm, "").value;
    assert!((0.25..0.4).contains(&alarms), "two checks at 0.2: {alarms}");
}

#[test]
fn what_cannot_be_simulated_says_why() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    let fine = spec(&[1.0, 1.0], primary, TWO_WEEKS);
    for (from, to, reason) in [
        ("control]", "base]", "control"),
        (r#"mde = { relative = "8%" }"#, "", "an MDE for `conversion`"),
        ("daily_units = 4000", "", "eligible units per day"),
        ("\"conversion\"", "\"nobody_knows\"", "`nobody_knows`"),
        ("hold = \"14 days\"", "hold = \"9000 days\"", "1500 days"),
        ("hold = \"14 days\"", "", "no days"),
        ("by = 2027-02-01", "by = 2027-01-12", "analysed by the day of the decision"),
        ("by = 2027-02-01", "by = 2926-01-12", "1500 days"),
        ("[rollout]", "[design]\nmethod = \"group-sequential\"\nspending = \"pocock\"\n[rollout]", "looks"),
        ("[rollout]", "[design]\nmethod = \"bayesian\"\n[rollout]", "a prior"),
        ("relative = \"8%\"", "absolute = \"95pp\"", "room"),
    ] {
        assert!(fine.contains(from), "{from}");
        let refused = model(&fine.replace(from, to)).expect_err(to);
        assert!(refused.contains(reason), "{to}: {refused}");
    }
    // Neither a table nor a decision day is needed.
    let bare = "[rollout]\nstages = [{ share = \"100%\", hold = \"14 days\" }]\n";
    let model = model(&spec(&[1.0, 1.0], primary, bare)).expect("it can be simulated");
    assert_eq!(figure(&runs(&model, &Scenario::usual(&model)[0]), Quantity::Decision, "none").value, 1.0);
}

#[test]
fn extremes_are_survived() {
    let primary = r#"primary = [{ metric = "conversion", mde = { relative = "8%" } }]"#;
    for (units, share) in [("1", "0.001%"), ("1000000000000", "100%"), ("3", "100%")] {
        let staged = TWO_WEEKS.replace("share = \"100%\"", &format!("share = \"{share}\""));
        let text = spec(&[1.0, 1.0], primary, &staged).replace("daily_units = 4000", &format!("daily_units = {units}"));
        if let Ok(model) = model(&text) {
            for scenario in Scenario::usual(&model) {
                let report = simulate(&model, &scenario, 50, 7, &|_| {}).expect("the scenario fits its metrics");
                assert!(report.figures.iter().all(|figure| figure.value.is_finite()), "{report:#?}");
            }
        }
    }
}

fn shop(arguments: &[&str]) -> Answer {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_expc"));
    let command = command.arg("simulate").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1");
    Answer::of(&command.output().expect("the program starts"))
}

const ONE_TAP: &str = "examples/shop/experiments/checkout-one-tap.toml";

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let run = |threads: &str, seed: &str| {
        let more = ["--replicates", "300", "--format", "json", "--threads", threads, "--seed", seed];
        let answer = shop(&[&[ONE_TAP], &more[..]].concat());
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
        answer.out
    };
    let one = run("1", "1");
    assert_eq!(one, run("2", "1"));
    assert_eq!(one, run("8", "1"));
    assert_ne!(one, run("8", "2"));
    let json: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!((&json["format"], &json["replicates"]), (&"expc.simulate/1".into(), &300.into()));
    assert_eq!(json["scenarios"].as_array().map(Vec::len), Some(6));
}

#[test]
fn the_text_of_an_example() {
    let answer = shop(&[ONE_TAP, "--replicates", "1000"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("one_tap", answer.out) });
    let csv = shop(&[ONE_TAP, "--replicates", "100", "--format", "csv"]).out;
    assert!(csv.lines().all(|line| line.split(',').count() == 9), "{csv}");
}

#[test]
fn effects_are_given_in_the_units_of_the_language() {
    let run = |effects: &[&str]| {
        let mut arguments = vec![ONE_TAP, "--replicates", "300"];
        effects.iter().for_each(|effect| arguments.extend(["--effect", effect]));
        shop(&arguments)
    };
    let answer = run(&["checkout_completion=+3%", "page_latency_p95@one-tap=-20 ms"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.out.contains("the given effects") && !answer.out.contains("(A/A)"), "{}", answer.out);
    for (effect, words) in [
        ("checkout_completion", ["no `=`", "help:"]),
        ("checkout_completion=3", ["has no unit", "help:"]),
        ("checkout_completion=3 ms", ["not in the unit", "amount in pp"]),
        ("checkout_completion=45pp", ["out of its range", "help:"]),
        ("checkout_completion@control=1%", ["no treatment", "one-tap"]),
        ("chekout=3%", ["no metric `chekout`", "checkout_completion"]),
        ("=3%", ["no metric ``", "help:"]),
        ("checkout_completion=1e999%", ["cannot read", "help:"]),
        ("checkout_completion=NaN%", ["cannot read", "help:"]),
        ("checkout_completion=inf", ["cannot read", "help:"]),
        ("checkout_completion=-100%", ["out of its range", "help:"]),
    ] {
        let answer = run(&[effect]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{effect}: {answer:?}");
        assert!(words.iter().all(|word| answer.err.contains(word)), "{effect}: {}", answer.err);
    }
}

#[test]
fn usage_faults_are_2() {
    for arguments in [
        &[ONE_TAP, "--replicates", "0"][..],
        &[ONE_TAP, "--replicates", "10000001"],
        &[ONE_TAP, "--threads", "0"],
        &[ONE_TAP, "--format", "xml"],
        &[ONE_TAP, "--seed", "-1"],
        &[ONE_TAP, "--seed", "18446744073709551616"],
        &["nowhere", "--workspace", "examples/shop"],
    ] {
        let answer = shop(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{arguments:?}: {answer:?}");
    }
    let folder = Folder::base();
    folder.write(base::SPEC, folder.read(base::SPEC).replace("mde = { relative = \"3%\" }", ""));
    let answer = folder.run(&["simulate", "checkout-one-tap"]);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
    assert!(answer.err.contains("cannot be simulated: it lacks an MDE for `order_conversion`"), "{}", answer.err);
    // The help sends to the check, which says it with its place.
    assert!(answer.err.contains("`expc check experiments/checkout-one-tap.toml`"), "{}", answer.err);
    let codes = folder.check(&["--format", "json"]).codes();
    assert!(codes.contains(&"STA001".to_owned()), "{codes:?}");
}

/// Whatever is wrong with a spec, the answer is figures or a reason.
#[test]
fn faulty_specs_are_simulated_or_refused() {
    let folder = std::fs::read_dir(format!("{}/examples/faulty/experiments", env!("CARGO_MANIFEST_DIR")));
    let mut seen = 0;
    for entry in folder.expect("the examples are there") {
        let path = entry.expect("the examples are readable").path();
        let answer = shop(&[path.to_str().expect("a path"), "--replicates", "20"]);
        assert!(matches!(answer.code, 0 | 2), "{}: {answer:?}", path.display());
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        seen += 1;
    }
    assert!(5 < seen);
}
