//! Every design of the language, from the text of a spec to the sizes of its plan.
//!
//! A size is compared with what the statistics say of the same numbers: the tests of the statistics say that those are
//! right. Whatever the numbers, a size or a reason comes out.

use expc::plan::{Plan, Sized, Sizing, Unsized};
use expc::portfolio::Workspace;
use expc::stats::bayes::{self, Belief, Decision, Prior, Rule};
use expc::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::count::{Measure, NullVariance, Rates};
use expc::stats::dunnett::ManyToOne;
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;
use expc::stats::survival::{EventFormula, FollowUp, HazardTest, Hazards, hazard};
use expc::stats::switchback::{Blocks, SwitchbackTest};
use expc::stats::{Direction, Sides};
use expc::world::Memory;

/// One experiment of two variants: 10,000 units a day, all of them, for four weeks.
const SPEC: &str = r#"
schema = 1
[experiment]
id = "it"
[variants.control]
weight = 1
[variants.new]
weight = 1
[audience]
unit = "user"
daily_units = 10000
[rollout]
start = 2027-01-04
end = 2027-01-31
"#;

const CATALOGUE: &str = r#"
schema = 1
[units.user]
key = "user_id"
[metrics.rate]
kind = "proportion"
direction = "increase"
baseline = "10%"
[metrics.other_rate]
kind = "proportion"
direction = "increase"
baseline = "20%"
[metrics.money]
kind = "mean"
direction = "increase"
unit = "USD"
baseline = "$4"
sd = "$19"
[metrics.latency]
kind = "mean"
direction = "decrease"
unit = "ms"
baseline = "400 ms"
sd = "300 ms"
"#;

/// The plan of the spec with more text behind it, and with more metrics.
fn plan_with(spec: &str, catalogue: &str) -> Plan {
    plan_of(&format!("{SPEC}{spec}"), catalogue)
}

/// The plan of a whole spec.
fn plan_of(spec: &str, catalogue: &str) -> Plan {
    let files = Memory::default()
        .with("expc.toml", "schema = 1\n")
        .with("catalog/base.toml", CATALOGUE)
        .with("catalog/more.toml", format!("schema = 1\n{catalogue}"))
        .with("experiments/it.toml", spec);
    let workspace = Workspace::open(&files);
    let compiled = workspace.compile(&workspace.specs[0]);
    assert!(compiled.document.faults.is_empty(), "{:?}\n{spec}", compiled.document.faults);
    compiled.plan.clone()
}

fn plan(spec: &str) -> Plan {
    plan_with(spec, "")
}

fn only(plan: &Plan) -> &Sizing {
    let [sized] = plan.sizes.as_slice() else { panic!("{} sizes", plan.sizes.len()) };
    sized.result.as_ref().unwrap_or_else(|why| panic!("{}: {why}", sized.metric))
}

fn why(sized: &Sized) -> &Unsized {
    sized.result.as_ref().expect_err(&sized.metric)
}

const RATE: Comparison = Comparison {
    endpoint: Endpoint::Proportion { baseline: 0.1, test: ProportionTest::Pooled },
    claim: Claim::Superiority { effect: 0.01 },
    scale: Scale::Difference,
    alpha: 0.05,
    sides: Sides::Two,
    allocation: 1.0,
    size_factor: 1.0,
};

const PRIMARY: &str = "[[metrics.primary]]\nmetric = \"rate\"\nmde = { absolute = \"1pp\" }\n";

#[track_caller]
fn same(sizing: &Sizing, wanted: Comparison, goal: f64) {
    let (got, want) = (sizing.need.control, wanted.required(goal).expect("a size").control);
    assert!((got - want).abs() <= 1e-9 * want, "{got}, not {want}");
    assert_eq!(sizing.power_goal, goal);
    let (got, want) = (sizing.power, wanted.power(sizing.control).expect("a power"));
    assert!((got - want).abs() <= 1e-9, "power {got}, not {want}");
}

#[test]
fn each_test_of_rates_has_its_own_size() {
    for (word, test) in [
        ("z-pooled", ProportionTest::Pooled),
        ("z-unpooled", ProportionTest::Unpooled),
        ("arcsine", ProportionTest::Arcsine),
        ("z-continuity", ProportionTest::ContinuityCorrected),
        ("log-odds", ProportionTest::LogOdds),
    ] {
        let plan = plan(&format!("{PRIMARY}[design]\ntest = \"{word}\"\n"));
        same(only(&plan), Comparison { endpoint: Endpoint::Proportion { baseline: 0.1, test }, ..RATE }, 0.8);
    }
}

#[test]
fn exact_tests_serve_small_samples() {
    let few = SPEC.replace("daily_units = 10000", "daily_units = 10");
    let primary = "[[metrics.primary]]\nmetric = \"rate\"\nmde = { absolute = \"20pp\" }\n";
    for (word, test) in
        [("fisher-exact", ProportionTest::FisherExact), ("exact-unconditional", ProportionTest::ExactUnconditional)]
    {
        let plan = plan_of(&format!("{few}{primary}[design]\ntest = \"{word}\"\n"), "");
        let claim = Claim::Superiority { effect: 0.2 };
        same(only(&plan), Comparison { endpoint: Endpoint::Proportion { baseline: 0.1, test }, claim, ..RATE }, 0.8);
        let large = format!("{PRIMARY}[design]\ntest = \"{word}\"\n");
        assert!(why(&plan_with(&large, "").sizes[0]).to_string().contains("exact test"));
    }
}

#[test]
fn each_test_of_means_has_its_own_size() {
    for (design, own, test) in [
        ("test = \"z\"", "", MeanTest::Z),
        ("test = \"t\"", "", MeanTest::T),
        ("test = \"welch\"", "", MeanTest::Welch { sd_treatment: 19.0 }),
        ("", "sd_treatment = \"$22\"", MeanTest::Welch { sd_treatment: 22.0 }),
        ("test = \"z\"", "sd_treatment = \"$22\"", MeanTest::UnequalZ { sd_treatment: 22.0 }),
    ] {
        let metric = format!("[[metrics.primary]]\nmetric = \"money\"\nmde = {{ relative = \"10%\" }}\n{own}\n");
        let plan = plan(&format!("{metric}[design]\n{design}\n"));
        let wanted = Comparison {
            endpoint: Endpoint::Mean { baseline: 4.0, sd: 19.0, test },
            claim: Claim::Superiority { effect: 0.4 },
            ..RATE
        };
        same(only(&plan), wanted, 0.8);
    }
}

#[test]
fn each_hypothesis_has_its_own_claim() {
    let one = Sides::One;
    for (own, claim, sides) in [
        ("mde = { absolute = \"1pp\" }", Claim::Superiority { effect: 0.01 }, Sides::Two),
        (
            "hypothesis = \"superiority-by-margin\"\nmde = { absolute = \"2pp\" }\nmargin = { absolute = \"0.5pp\" }",
            Claim::SuperiorityByMargin { effect: 0.02, margin: 0.005 },
            one,
        ),
        (
            "hypothesis = \"non-inferiority\"\nmargin = { relative = \"10%\" }\ntrue_effect = { absolute = \"0.2pp\" }",
            Claim::NonInferiority { margin: 0.01, higher_is_better: true, true_effect: 0.002 },
            one,
        ),
        (
            "hypothesis = \"equivalence\"\nmargin = { absolute = \"1pp\" }",
            Claim::Equivalence { lower: -0.01, upper: 0.01, true_effect: 0.0 },
            one,
        ),
    ] {
        let plan = plan(&format!("[[metrics.primary]]\nmetric = \"rate\"\n{own}\n"));
        same(only(&plan), Comparison { claim, sides, ..RATE }, 0.8);
    }
}

#[test]
fn a_lift_is_planned_with_its_estimated_baseline() {
    let plan = plan(&format!("{PRIMARY}[design]\nscale = \"lift\"\n"));
    let wanted = Comparison { claim: Claim::Superiority { effect: 0.1 }, scale: Scale::Lift, ..RATE };
    same(only(&plan), wanted, 0.8);
    let lift = wanted.detectable(only(&plan).control, 0.8, Direction::Up).expect("an effect");
    let shown = only(&plan).detectable().expect("an effect");
    assert!((shown - 0.1 * lift).abs() < 1e-12, "{shown} is in points of the rate");
}

#[test]
fn effects_among_exposed_units_are_diluted_among_all() {
    let exposure = "[exposure]\npopulation = \"assigned\"\nrate = \"40%\"\neffect_among = \"exposed\"\n";
    let plan = plan(&format!("{PRIMARY}{exposure}"));
    same(only(&plan), Comparison { claim: Claim::Superiority { effect: 0.004 }, ..RATE }, 0.8);
    let again = only(&plan).detectable().expect("an effect") * 0.4;
    let power = Comparison { claim: Claim::Superiority { effect: again }, ..RATE }.power(only(&plan).control);
    assert!((power.expect("a power") - 0.8).abs() < 1e-9);
}

const SECOND: &str = "[[metrics.primary]]\nmetric = \"other_rate\"\nmde = { absolute = \"1pp\" }\n";

#[test]
fn corrections_share_the_alpha() {
    for (word, alpha) in [
        ("none", 0.05),
        ("bonferroni", 0.025),
        ("sidak", 1.0 - 0.95_f64.sqrt()),
        ("holm", 0.025),
        ("hochberg", 0.025),
        ("hommel", 0.025),
        ("fixed-sequence", 0.05),
    ] {
        let plan = plan(&format!("{PRIMARY}{SECOND}[design]\ncorrection = \"{word}\"\n"));
        for sized in &plan.sizes {
            let got = sized.result.as_ref().expect("a size").comparison.alpha;
            assert!((got - alpha).abs() < 1e-15, "{word}: {got}");
        }
    }
}

#[test]
fn treatments_share_the_level_of_their_control() {
    // Twice as many control units as in each of two treatments.
    let spec = SPEC.replacen("weight = 1", "weight = 2", 1) + "[variants.newer]\nweight = 1\n";
    let alpha = |design: &str| {
        let plan = plan_of(&format!("{spec}{PRIMARY}{design}"), "");
        plan.sizes[1].result.as_ref().expect("a size").comparison.alpha
    };
    let level = |sides| ManyToOne { alpha: 0.05, sides, ratios: &[0.5, 0.5] }.alpha_per_comparison(f64::INFINITY);
    let two = alpha("[design]\ncorrection = \"dunnett\"\n");
    assert_eq!(two, level(Sides::Two).expect("a level"));
    assert!(alpha("[design]\ncorrection = \"sidak\"\n") < two);
    let one = alpha("[design]\ncorrection = \"dunnett\"\nsides = \"one\"\n");
    assert_eq!(one, level(Sides::One).expect("a level"));
    // Over several looks the treatments hang together less: Sidak's level.
    let looks = alpha(&format!("{LOOKS}correction = \"dunnett\"\n"));
    assert!((looks - (1.0 - 0.95_f64.sqrt())).abs() < 1e-15, "{looks}");
}

#[test]
fn a_treatment_ships_when_a_metric_wins_and_all_guardrails_pass() {
    let guardrails = "[[metrics.guardrail]]\nmetric = \"latency\"\nmargin = { absolute = \"3 ms\" }\n\
        [[metrics.guardrail]]\nmetric = \"money\"\nmargin = { absolute = \"$0.2\" }\n";
    let small = PRIMARY.replace("1pp", "0.3pp") + &SECOND.replace("1pp", "0.4pp");
    let found = plan(&format!("{small}{guardrails}"));
    let power: Vec<f64> = found.sizes.iter().map(|sized| sized.result.as_ref().expect("a size").power).collect();
    let [ship] = found.ships().try_into().expect("one treatment");
    let any = 1.0 - (1.0 - power[0]) * (1.0 - power[1]);
    assert!((ship.independent - any * power[2] * power[3]).abs() < 1e-12, "{ship:?} of {power:?}");
    assert!(ship.independent < ship.correlated && ship.correlated < 1.0, "{ship:?} of {power:?}");
    // In a fixed sequence the first claim has to be made.
    let found = plan(&format!("{small}{guardrails}[design]\ncorrection = \"fixed-sequence\"\n"));
    let [ship] = found.ships().try_into().expect("one treatment");
    assert!((ship.independent - power[0] * power[2] * power[3]).abs() < 1e-12, "{ship:?} of {power:?}");
    // What has no size says nothing.
    let unsized_metric = "[[metrics.guardrail]]\nmetric = \"other_rate\"\n";
    assert_eq!(plan(&format!("{PRIMARY}{unsized_metric}")).ships(), []);
}

#[test]
fn later_claims_wait_for_earlier_ones() {
    let secondary = "[[metrics.secondary]]\nmetric = \"money\"\nmde = { relative = \"20%\" }\n";
    let design =
        "[design]\ncorrection = \"fixed-sequence\"\nsecondary = { correction = \"holm\", gate = \"primary\" }\n";
    let plan = plan(&format!("{PRIMARY}{SECOND}{secondary}{design}"));
    let sizes: Vec<&Sizing> = plan.sizes.iter().map(|sized| sized.result.as_ref().expect("a size")).collect();
    assert_eq!(sizes[0].reached, 1.0);
    assert_eq!(sizes[1].reached, sizes[0].power);
    assert_eq!(sizes[2].reached, sizes[0].power * sizes[1].power);
}

#[test]
fn a_decision_with_its_power_asks_more_of_each_part() {
    let guardrail = "[[metrics.guardrail]]\nmetric = \"latency\"\nmargin = { absolute = \"20 ms\" }\n";
    let plan = plan(&format!("{PRIMARY}{guardrail}[design]\npower_of = \"decision\"\n"));
    for sized in &plan.sizes {
        assert_eq!(sized.result.as_ref().expect("a size").power_goal, 0.9, "{}", sized.metric);
    }
}

const LOOKS: &str =
    "[design]\nmethod = \"group-sequential\"\nspending = \"obrien-fleming\"\nlooks = [\"50%\", \"100%\"]\n";

#[test]
fn looks_have_a_price_and_save_time() {
    let plan = plan(&format!("{PRIMARY}{LOOKS}"));
    let sizing = only(&plan);
    let reached = sizing.power_with(sizing.need.control).expect("a power");
    assert!((reached - 0.8).abs() < 1e-9, "the needed sample has the power goal: {reached}");
    let expected = [0.0, 0.5, 1.0].map(|truth| sizing.expected(&plan, truth).expect("looks"));
    let days = expected.clone().map(|expected| expected.days.expect("a calendar"));
    assert!(14.0 < days[2] && days[2] < days[1] && days[1] < days[0] && days[0] < 28.0, "{days:?}");
    assert!((expected[2].success - sizing.power).abs() < 1e-12);
    assert!((expected[0].success - 0.025).abs() < 1e-9, "{}", expected[0].success);
}

#[test]
fn futility_saves_time_where_there_is_no_effect() {
    let spent = "spending = \"hwang-shih-decani\", parameter = -2.0";
    let of = |more: &str| plan(&format!("{PRIMARY}{LOOKS}{more}"));
    let days = |plan: &Plan, truth: f64| only(plan).expected(plan, truth).expect("looks").days.expect("days");
    let (without, loose) = (of(""), of(&format!("futility = {{ {spent} }}\n")));
    let binding = of(&format!("futility = {{ {spent}, binding = true }}\n"));
    assert!(days(&loose, 0.0) < days(&without, 0.0) - 3.0);
    let need = |plan: &Plan| only(plan).need.control;
    assert!(need(&without) < need(&binding) && need(&binding) < need(&loose));
    let reached = only(&loose).power_with(need(&loose)).expect("a power");
    assert!((reached - 0.8).abs() < 1e-9, "{reached}");
    let bounds = expc::plan::looks(&loose.design, &expc::plan::Memo::default());
    assert!(bounds[0].futility.expect("a bound") < bounds[0].z);
    assert_eq!(bounds[1].futility.expect("a bound"), bounds[1].z);
}

#[test]
fn always_valid_boundaries_are_tuned_or_mixed() {
    let of = |more: &str| {
        let text = format!("{PRIMARY}[design]\nmethod = \"always-valid\"\n{more}");
        only(&plan(&text)).factors.inflation
    };
    let tuned = of("");
    assert!(1.2 < tuned && tuned < 2.3, "{tuned}");
    assert_eq!(tuned, of("always_valid = { boundary = \"gavi\" }\n"));
    assert!(tuned < of("always_valid = { tuned_for = \"10%\" }\n"));
    let mixed = of("always_valid = { boundary = \"mixture\" }\n");
    let as_large = of("always_valid = { boundary = \"mixture\", mixing = { relative = \"10%\" } }\n");
    assert!((mixed - as_large).abs() < 1e-9, "{mixed}, not {as_large}");
    assert!(mixed < of("always_valid = { boundary = \"mixture\", mixing = { relative = \"0.1%\" } }\n"));
}

#[test]
fn a_result_of_little_power_exaggerates() {
    let worth = |mde: &str| {
        let plan = plan(&format!("[[metrics.primary]]\nmetric = \"rate\"\nmde = {{ absolute = \"{mde}\" }}\n"));
        only(&plan).exaggeration().expect("a power below 1")
    };
    let (weak, strong) = (worth("0.05pp"), worth("0.5pp"));
    assert!(3.0 < weak.magnitude && 0.01 < weak.wrong_sign, "{weak:?}");
    assert!(strong.magnitude < 1.1 && strong.wrong_sign < 1e-6, "{strong:?}");
}

#[test]
fn guardrails_are_tested_at_the_end_or_at_looks() {
    let guardrail = "[[metrics.guardrail]]\nmetric = \"latency\"\nmargin = { absolute = \"20 ms\" }\n";
    let factor = |more: &str| {
        let plan = plan(&format!("{PRIMARY}{guardrail}{LOOKS}{more}"));
        plan.sizes[1].result.as_ref().expect("a size").factors.inflation
    };
    assert_eq!(factor(""), 1.0);
    assert!(1.0 < factor("guardrails_at = \"looks\"\n"));
}

#[test]
fn ratios_and_quantiles_find_their_deviation() {
    let ratio = "[metrics.it]\nkind = \"ratio\"\ndirection = \"increase\"\nunit = \"clicks\"\nbaseline = \"0.5 clicks\"\n\
        parts = { numerator_sd = \"2 clicks\", denominator_mean = \"3 visits\", denominator_sd = \"2.5 visits\", correlation = 0.6 }\n";
    let of = |catalogue: &str, mde: &str| {
        let plan = plan_with(&format!("[[metrics.primary]]\nmetric = \"it\"\nmde = {{ {mde} }}\n"), catalogue);
        match only(&plan).comparison.endpoint {
            Endpoint::Mean { sd, .. } => sd,
            other => panic!("{other:?}"),
        }
    };
    let wanted = ((4.0 - 2.0 * 0.5 * 0.6 * 2.0 * 2.5 + 0.25 * 6.25) / 9.0_f64).sqrt();
    assert!((of(ratio, "relative = \"5%\"") - wanted).abs() < 1e-12);
    let quantile = "[metrics.it]\nkind = \"quantile\"\nquantile = \"95%\"\ndirection = \"decrease\"\nunit = \"ms\"\nbaseline = \"1200 ms\"\n";
    let by_density = of(&format!("{quantile}density = 0.0005\n"), "relative = \"5%\"");
    assert!((by_density - 0.0475_f64.sqrt() / 0.0005).abs() < 1e-9);
    let past = "interval = { low = \"1180 ms\", high = \"1220 ms\", units = 40000 }\n";
    let by_interval = of(&format!("{quantile}{past}"), "relative = \"5%\"");
    assert!((by_interval - 200.0 * 40.0 / (2.0 * 1.959_963_984_540_054)).abs() < 1e-6);
}

#[test]
fn counts_are_planned_by_their_dispersion() {
    let count = "[metrics.it]\nkind = \"count\"\nunit = \"orders\"\ndirection = \"increase\"\nbaseline = \"0.4 orders\"\n\
        window = \"14 days\"\nbaseline_window = \"7 days\"\n";
    let primary = "[[metrics.primary]]\nmetric = \"it\"\nmde = { relative = \"5%\" }\n";
    for (own, test, overdispersion, null_variance) in [
        ("dispersion = 0.8\n", "", 0.8, NullVariance::True),
        ("dispersion = 0.8\n", "test = \"score\"", 0.8, NullVariance::Constrained),
        ("sd = \"0.8 orders\"\n", "test = \"wald\"", 1.5, NullVariance::True),
    ] {
        let plan = plan_with(&format!("{primary}[design]\n{test}\n"), &format!("{count}{own}"));
        let rates = Rates { control: 0.4, exposure: 2.0, overdispersion, measure: Measure::Ratio, null_variance };
        let effect = 0.4 * 0.05;
        let wanted = Comparison { endpoint: Endpoint::Count(rates), claim: Claim::Superiority { effect }, ..RATE };
        same(only(&plan), wanted, 0.8);
    }
    let plain = plan_with(primary, &format!("{count}sd = \"0.8 orders\"\n"));
    assert!(matches!(only(&plain).comparison.endpoint, Endpoint::Mean { sd: 0.8, test: MeanTest::T, .. }));
}

#[test]
fn times_to_an_event_are_planned_by_their_hazard() {
    let churn = "[metrics.it]\nkind = \"time-to-event\"\ndirection = \"decrease\"\nbaseline = \"30%\"\nwindow = \"14 days\"\ndropout = \"10%\"\n";
    for (word, formula) in [("schoenfeld", EventFormula::Schoenfeld), ("freedman", EventFormula::Freedman)] {
        let primary = "[[metrics.primary]]\nmetric = \"it\"\nmde = { relative = \"10%\" }\n";
        let plan = plan_with(&format!("{primary}[design]\ntest = \"{word}\"\n"), churn);
        let control = hazard(0.3, 14.0).expect("a hazard");
        let watched = FollowUp { accrual: 0.0, follow_up: 14.0, dropout_hazard: hazard(0.1, 14.0).expect("a hazard") };
        let hazards = Hazards { control, test: HazardTest::Logrank(formula), watched };
        let claim = Claim::Superiority { effect: -0.1 * control };
        same(only(&plan), Comparison { endpoint: Endpoint::TimeToEvent(hazards), claim, ..RATE }, 0.8);
    }
}

#[test]
fn groups_are_tested_by_their_means() {
    let cluster = "[design.cluster]\nunit = \"shop\"\nicc = 0.02\nmean_size = 20.0\nsize_cv = 0.4\n";
    let shop = "[units.shop]\nkey = \"shop_id\"\n";
    let primary = "[[metrics.primary]]\nmetric = \"money\"\nmde = { relative = \"10%\" }\n";
    let clustering =
        Clustering { size: 20.0, size_variation: 0.4, intraclass_correlation: 0.02, weighting: Weighting::Units };
    let wanted = ClusterTest {
        outcome: Outcome::Mean { sd: 19.0, clustering },
        effect: 0.4,
        alpha: 0.05,
        sides: Sides::Two,
        allocation: 1.0,
        reference: Reference::Student,
    };
    let plan = plan_with(&format!("{primary}{cluster}"), shop);
    let groups = only(&plan).need.control / 20.0;
    let want = wanted.required(0.8).expect("a size").control;
    assert!((groups - want).abs() < 1e-9 * want, "{groups}, not {want}");
    let power = wanted.power(only(&plan).control / 20.0).expect("a power");
    assert!((only(&plan).power - power).abs() < 1e-12);
    // Rates: the variance of both arms at the planned effect.
    let plan = plan_with(&format!("{PRIMARY}{cluster}"), shop);
    let outcome = Outcome::Proportion { baseline: 0.1, pooled: false, clustering };
    let want = ClusterTest { outcome, effect: 0.01, ..wanted }.required(0.8).expect("a size").control;
    let groups = only(&plan).need.control / 20.0;
    assert!((groups - want).abs() < 1e-9 * want, "{groups}, not {want}");
    // However large the effect, four groups a side.
    let huge = "[[metrics.primary]]\nmetric = \"money\"\nmde = { absolute = \"$400\" }\n";
    let plan = plan_with(&format!("{huge}{cluster}"), shop);
    assert!((only(&plan).need.control - 80.0).abs() < 1e-9, "{:?}", only(&plan).need);
}

#[test]
fn groups_that_are_few_are_not_used_up_twice() {
    let spec = "[audience]\nunit = \"shop\"\ndaily_units = 100\n";
    let cluster = "[design.cluster]\nunit = \"shop\"\nicc = 0.02\nmean_size = 20.0\n";
    let text = SPEC.replace("[audience]\nunit = \"user\"\ndaily_units = 10000\n", spec);
    let primary = "[[metrics.primary]]\nmetric = \"money\"\nmde = { relative = \"10%\" }\n";
    let units = |more: &str| only(&plan_of(&format!("{text}{primary}{cluster}{more}"), "")).control;
    assert_eq!(units(""), 100.0 * 28.0 * 20.0 / 2.0);
    assert_eq!(units("total = 640\n"), 640.0 * 20.0 / 2.0);
}

#[test]
fn switchbacks_count_blocks() {
    let primary = "[[metrics.primary]]\nmetric = \"money\"\nmde = { absolute = \"$0.5\" }\nperiod_sd = \"$2\"\n";
    let design = "[design.switchback]\nperiod = \"1 hour\"\nwashout = \"1 hour\"\nblock = 6\nautocorrelation = 0.4\n";
    let blocks = Blocks { length: 6, washout: 1, autocorrelation: 0.4, sd: 2.0 };
    let wanted = SwitchbackTest { blocks, effect: 0.5, alpha: 0.05, sides: Sides::Two };
    let plan = plan(&format!("{primary}{design}"));
    let got = 2.0 * only(&plan).need.control / 6.0;
    let want = wanted.required(0.8).expect("a size").blocks;
    assert!((got - want).abs() < 1e-9 * want, "{got} blocks, not {want}");
    assert_eq!(only(&plan).control, 28.0 * 24.0 / 2.0);
    let power = wanted.power(28.0 * 24.0 / 6.0).expect("a power");
    assert!((only(&plan).power - power).abs() < 1e-12);
}

#[test]
fn returning_units_come_ever_more_slowly() {
    let text = SPEC.replace(
        "daily_units = 10000\n",
        "unique_units = [{ after = \"1 day\", units = 10000 }, { after = \"7 days\", units = 40000 }, { after = \"28 days\", units = 80000 }]\n",
    );
    let plan = plan_of(&format!("{text}{PRIMARY}"), "");
    assert!((only(&plan).control - 40_000.0).abs() < 1e-6, "{}", only(&plan).control);
    assert_eq!(plan.audience.daily_units.as_ref().map(|daily| daily.value), Some(10_000.0));
    assert!(!plan.calendar.is_extrapolated(28) && plan.calendar.is_extrapolated(29));
    let faster = text.replace("40000", "400000").replace("80000", "8000000");
    let plan = plan_of(&format!("{faster}{PRIMARY}"), "");
    assert!(why(&plan.sizes[0]).to_string().contains("concave"), "{}", why(&plan.sizes[0]));
}

#[test]
fn the_smallest_leak_is_that_of_the_sample_ratio_check() {
    let plan = plan(PRIMARY);
    let leak = plan.smallest_leak().expect("units come").expect("a leak");
    let wanted = expc::stats::srm::smallest_leak(280_000.0, &[1.0, 1.0], 0, 0.9, 0.001).expect("a leak");
    assert!((leak.part - wanted).abs() < 1e-12 && leak.units == 280_000.0, "{leak:?}");
}

#[test]
fn posteriors_decide_bayesian_designs() {
    let design = "[design]\nmethod = \"bayesian\"\n\
        bayes = { prior_sd = \"10%\", win_probability = 0.95, max_expected_loss = \"0.2%\" }\n";
    let plan = plan(&format!("{PRIMARY}{design}"));
    let prior = Belief::new(0.0, 0.01).expect("a prior");
    let wanted = Decision {
        measure: bayes::Measure::Proportion { baseline: 0.1 },
        prior: Prior::Normal(prior),
        rule: Rule { win: Some(0.95), loss: Some(0.0002), ..Rule::none(Direction::Up) },
        effect: 0.01,
        allocation: 1.0,
        size_factor: 1.0,
    };
    let sizing = only(&plan);
    let want = wanted.required(0.8).expect("a size").control;
    assert!((sizing.need.control - want).abs() < 1e-9 * want, "{}, not {want}", sizing.need.control);
    let power = wanted.power(sizing.control).expect("a power");
    assert!((sizing.power - power).abs() < 1e-12, "{}, not {power}", sizing.power);
    let detectable = sizing.detectable().expect("an effect");
    let again = Decision { effect: detectable, ..wanted }.power(sizing.control).expect("a power");
    assert!((again - 0.8).abs() < 1e-9, "{again}");
    let got = sizing.assurance().expect("a prior").success;
    let want = wanted.assurance(sizing.control, prior).expect("an assurance").success;
    assert!((got - want).abs() < 1e-12, "{got}, not {want}");
    let without = plan_with(&format!("{PRIMARY}[design]\nmethod = \"bayesian\"\n"), "");
    assert!(why(&without.sizes[0]).to_string().contains("a prior"));
}

/// Numbers that have no answer, each with what the reason says.
#[test]
fn what_has_no_size_has_a_reason() {
    let rate = |baseline: &str| {
        format!("[metrics.it]\nkind = \"proportion\"\ndirection = \"increase\"\nbaseline = \"{baseline}\"\n")
    };
    let mean = |sd: &str| {
        format!(
            "[metrics.it]\nkind = \"mean\"\nunit = \"s\"\ndirection = \"increase\"\nbaseline = \"5 s\"\nsd = \"{sd}\"\n"
        )
    };
    let looks: Vec<String> = (1..=100).map(|k| format!("\"{k}%\"")).collect();
    let hundred =
        format!("[design]\nmethod = \"group-sequential\"\nspending = \"pocock\"\nlooks = [{}]\n", looks.join(", "));
    for (catalogue, mde, design, part) in [
        (rate("0%"), "1pp", "", "baseline 0"),
        (rate("100%"), "1pp", "", "baseline 1"),
        (rate("99.5%"), "1pp", "", "no room"),
        (mean("0 s"), "1 s", "", "standard deviation 0"),
        (mean("1 s"), "0 s", "", "effect of 0"),
        (mean("999999999999999 s"), "0.000000001 s", "", "more than can be counted"),
        (rate("10%"), "1pp", "[design]\nsides = \"one\"\nalpha = 0.9\n", "chance"),
    ] {
        let metric = format!("[[metrics.primary]]\nmetric = \"it\"\nmde = {{ absolute = \"{mde}\" }}\n");
        let plan = plan_with(&format!("{metric}{design}"), &catalogue);
        let reason = why(&plan.sizes[0]).to_string();
        assert!(reason.contains(part), "{reason}, not {part}");
    }
    for design in [hundred.as_str(), "[design]\nalpha = 0.000000000001\n", "[design]\npower = 0.999999999999\n"] {
        let plan = plan(&format!("{PRIMARY}{design}"));
        let sizing = only(&plan);
        assert!(0.0 < sizing.need.control && (0.0..=1.0).contains(&sizing.power), "{sizing:?}");
    }
}
