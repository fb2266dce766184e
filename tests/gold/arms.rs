//! Many arms, many metrics, and decisions made of them.

use crate::row::{Judged, Kinds, Row, number};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::decision::{Claims, ShipRule, ship_probability};
use expc::stats::dunnett::{ManyToOne, Pairs, Pointing, Spread};
use expc::stats::family::Family;
use expc::stats::mean::MeanTest;
use expc::stats::multiplicity::{Correction, FirstStage, adjust, adjust_two_stage, alpha_per_test};
use expc::stats::proportion::ProportionTest;
use expc::stats::{Direction, Sides, omnibus};
use serde_json::Value;

pub const KINDS: Kinds = &[
    ("dunnett.critical", dunnett_critical),
    ("dunnett.power", dunnett_power),
    ("dunnett.n", dunnett_size),
    ("dunnett.least_favourable_n", dunnett_selection),
    ("anova.oneway", analysis_of_variance),
    ("chisq.gof", goodness_of_fit),
    ("multiplicity.adjust", adjusted_p_values),
    ("multiplicity.alpha", alpha_of_each_test),
    ("multiplicity.power", family_power),
    ("decision.spotify", shared_risks),
    ("decision.spotify_powered_effect", powered_effects),
    ("decision.joint_power_equicorrelated", joint_power),
];

fn sides(row: &Row) -> Sides {
    if row.given("sided") == 1.0 { Sides::One } else { Sides::Two }
}

fn ratios(row: &Row) -> Vec<f64> {
    if row.has("arm_sizes_over_control") {
        return row.list("arm_sizes_over_control");
    }
    let ratio =
        row.given_or("allocation_treatment_over_control", 1.0) / row.given_or("control_to_treatment_ratio", 1.0);
    vec![ratio; row.given("treatments") as usize]
}

fn dunnett_critical(row: &Row, judged: &mut Judged) {
    let arms = ManyToOne { alpha: row.given("alpha"), sides: sides(row), ratios: &ratios(row) };
    judged.check(row, "critical", arms.critical(row.given("df")).unwrap());
}

/// The rows count rejections of a two-sided test both ways, but where they say otherwise.
fn dunnett_power(row: &Row, judged: &mut Judged) {
    let ratios = ratios(row);
    let arms = ManyToOne { alpha: row.given("alpha"), sides: sides(row), ratios: &ratios };
    let df = row.given("df");
    judged.check(row, "critical", arms.critical(df).unwrap());
    let shift = row.given("mean_diff") / row.given("sd") * (0.5 * row.given("n_per_arm")).sqrt();
    let all = vec![shift; ratios.len()];
    let mut one = vec![0.0; ratios.len()];
    one[0] = shift;
    let power = |pairs, pointing, shifts: &[f64]| arms.power(pairs, pointing, shifts, df).unwrap();
    judged.check(row, "marginal_power", power(Pairs::Marginal, Pointing::Either, &all));
    judged.check(row, "any_pair_power_all_arms_effective", power(Pairs::Any, Pointing::Either, &all));
    judged.check(row, "any_pair_power_one_arm_effective", power(Pairs::Any, Pointing::Either, &one));
    judged.check(row, "all_pairs_power_right_direction", power(Pairs::All, Pointing::Right, &all));
}

fn dunnett_size(row: &Row, judged: &mut Judged) {
    let ratios = ratios(row);
    let arms = ManyToOne { alpha: row.given("alpha"), sides: sides(row), ratios: &ratios };
    let effects = vec![row.given("mean_diff") / row.given("sd"); ratios.len()];
    let size = |pairs| arms.required(pairs, Pointing::Either, &effects, row.given("power"), Spread::Known).unwrap();
    judged.check(row, "n_per_arm_marginal", size(Pairs::Marginal).control);
    judged.check(row, "n_per_arm_any_pair_all_effective", size(Pairs::Any).control);
}

fn dunnett_selection(row: &Row, judged: &mut Judged) {
    let arms = ManyToOne { alpha: row.given("alpha"), sides: sides(row), ratios: &ratios(row) };
    judged.check(row, "critical", arms.critical(f64::INFINITY).unwrap());
    let sd = row.given("sd");
    let (best, others) = (row.given("interesting_diff") / sd, row.given("uninteresting_diff") / sd);
    let size = arms.required_to_select(best, others, row.given("power")).unwrap();
    judged.check(row, "n_control", size.control_units as f64);
    judged.check(row, "n_per_treatment_arm", size.treatment_units[0] as f64);
}

fn analysis_of_variance(row: &Row, judged: &mut Judged) {
    let (effect, arms) = (row.given("effect_size_f"), row.given("groups") as usize);
    let got = omnibus::variance_units(effect, arms, row.given("alpha"), row.given("power"));
    judged.check(row, "n_per_group", got.unwrap());
}

fn goodness_of_fit(row: &Row, judged: &mut Judged) {
    let got =
        omnibus::shares_units(row.given("effect_size_w"), row.given("df"), row.given("alpha"), row.given("power"));
    judged.check(row, "n_total", got.unwrap());
}

fn correction(method: &str) -> Correction<'static> {
    match method {
        "none" => Correction::None,
        "bonferroni" => Correction::Bonferroni,
        "sidak" => Correction::Sidak,
        "holm" => Correction::Holm,
        "holm-sidak" => Correction::HolmSidak,
        "hochberg" => Correction::Hochberg,
        "hommel" => Correction::Hommel,
        "fdr_bh" | "bh" => Correction::BenjaminiHochberg,
        "fdr_by" => Correction::BenjaminiYekutieli,
        other => panic!("{other} is not offered"),
    }
}

fn adjusted_p_values(row: &Row, judged: &mut Judged) {
    let (alpha, p_values) = (row.given("alpha"), row.list("p_values"));
    let got = match row.word("method") {
        "fdr_tsbh" => adjust_two_stage(FirstStage::Alpha, alpha, &p_values),
        "fdr_tsbky" => adjust_two_stage(FirstStage::Reduced, alpha, &p_values),
        method => adjust(correction(method), &p_values),
    };
    let got = got.unwrap();
    judged.check_all(row, "adjusted_p", &got);
    let rejects: Vec<Value> = got.iter().map(|&p| Value::Bool(p <= alpha)).collect();
    judged.holds("what is rejected", row.expect["reject"] == Value::Array(rejects));
}

fn alpha_of_each_test(row: &Row, judged: &mut Judged) {
    let got = alpha_per_test(correction(row.word("method")), row.given("alpha"), row.given("tests") as usize);
    judged.check(row, "alpha_per_test", got.unwrap());
}

fn family_power(row: &Row, judged: &mut Judged) {
    let family = Family {
        tests: row.given("tests") as usize,
        effective: row.given("true_effects") as usize,
        shift: row.given("noncentrality"),
        correlation: row.given("correlation"),
        alpha: row.given("alpha"),
        sides: sides(row),
    };
    for method in row.expect.as_object().unwrap().keys() {
        let part = row.part(method);
        let got = family.power(correction(method)).unwrap();
        judged.check(&part, "marginal_power", got.marginal);
        judged.check(&part, "any_power", got.any);
        judged.check(&part, "all_power", got.all);
        judged.check(&part, "fwer", got.family_wise_error);
        judged.check(&part, "fdr", got.false_discovery_rate);
    }
}

/// A metric of a rule: its test at an effect of one relative unit in the direction that the row gives.
struct Metric<'a> {
    design: &'a Value,
    guardrail: bool,
    alpha: f64,
    power: f64,
}

/// How each tool's rule shares alpha and power over the metrics of a row.
fn metrics(row: &Row) -> Vec<Metric<'_>> {
    let designs = row.design["metrics"].as_array().unwrap();
    let guardrail = |metric: &Value| metric["mde_relative"].is_null();
    let success = designs.iter().filter(|metric| !guardrail(metric)).count();
    let undirected = |metric: &Value| metric["preferred_direction"].is_null();
    let treatments = weights(row).len() - 1;
    let rule = ShipRule {
        success,
        treatments,
        guardrails: designs.len() - success,
        ..ShipRule::new(row.given("alpha"), row.given("power"))
    };
    // The rule of the paper needs no correction for the arms when only guardrails decide.
    let shared = || if success == 0 { rule.alpha_per_guardrail() } else { rule.alpha_per_success() };
    let all = |tests: usize| alpha_per_test(Correction::Bonferroni, rule.alpha, tests.max(1));
    let (alpha, power) = match row.word("correction") {
        "bonferroni" => (all(designs.len() * treatments), Ok(rule.power)),
        "bonferroni-only-count-twosided" => {
            let tests = designs.iter().filter(|metric| undirected(metric)).count();
            (all(tests * treatments), Ok(rule.power))
        }
        "bonferroni-do-not-count-non-inferiority" | "spot-1-bonferroni" => (shared(), rule.power_per_claim()),
        other => panic!("{other} is not known"),
    };
    let (alpha, power) = (alpha.unwrap(), power.unwrap());
    let metric = |design| Metric { design, guardrail: guardrail(design), alpha, power };
    designs.iter().map(metric).collect()
}

fn weights(row: &Row) -> Vec<f64> {
    row.list("arm_weights_control_first")
}

impl Metric<'_> {
    fn sides(&self) -> Sides {
        if self.design["preferred_direction"].is_null() { Sides::Two } else { Sides::One }
    }

    /// One rule states the alpha of a one-sided test as that of the two-sided test it runs.
    fn stated_alpha(&self, rule: &str) -> f64 {
        if rule == "spot-1-bonferroni" && self.sides() == Sides::One { 2.0 * self.alpha } else { self.alpha }
    }

    /// Binary success metrics have the variances of both rates, all others that of control twice.
    fn comparison(&self, allocation: f64) -> Comparison {
        let (mean, variance) = (number(&self.design["mean"]), number(&self.design["variance"]));
        let binary = self.design["binary"] == true && !self.guardrail;
        let down = self.design["preferred_direction"] == "decrease";
        let endpoint = if binary {
            Endpoint::Proportion { baseline: mean, test: ProportionTest::Unpooled }
        } else {
            Endpoint::Mean { baseline: mean, sd: variance.sqrt(), test: MeanTest::Z }
        };
        let claim = if self.guardrail {
            let margin = mean * number(&self.design["non_inferiority_margin_relative"]);
            Claim::NonInferiority { margin, higher_is_better: !down, true_effect: 0.0 }
        } else {
            let effect = mean * number(&self.design["mde_relative"]);
            Claim::Superiority { effect: if down { -effect } else { effect } }
        };
        Comparison {
            endpoint,
            scale: Scale::Difference,
            claim,
            alpha: self.alpha,
            sides: self.sides(),
            allocation,
            size_factor: 1.0,
        }
    }
}

/// Sizes as the tool rounds them: the treatment up, then the total.
fn shared_risks(row: &Row, judged: &mut Judged) {
    let weights = weights(row);
    let whole: f64 = weights.iter().sum();
    let metrics = metrics(row);
    let alphas: Vec<f64> = metrics.iter().map(|metric| metric.stated_alpha(row.word("correction"))).collect();
    judged.check_all(row, "adjusted_alpha_per_metric", &alphas);
    let powers: Vec<f64> = metrics.iter().map(|metric| metric.power).collect();
    judged.check_all(row, "adjusted_power_per_metric", &powers);
    let totals: Vec<f64> = metrics
        .iter()
        .map(|metric| {
            let total = |weight: &f64| {
                let size = metric.comparison(weight / weights[0]).required(metric.power).unwrap();
                (size.treatment.ceil() * whole / weight).ceil()
            };
            weights[1..].iter().map(total).fold(0.0, f64::max)
        })
        .collect();
    judged.check_all(row, "n_total_per_metric", &totals);
    judged.check(row, "n_total", totals.into_iter().fold(0.0, f64::max));
}

fn powered_effects(row: &Row, judged: &mut Judged) {
    let weights = weights(row);
    let control = row.given("n_total") * weights[0] / weights.iter().sum::<f64>();
    let effects: Vec<f64> = metrics(row)
        .iter()
        .map(|metric| {
            let down = metric.design["preferred_direction"] == "decrease";
            let toward = if down { Direction::Down } else { Direction::Up };
            metric.comparison(weights[1] / weights[0]).detectable(control, metric.power, toward).unwrap().abs()
        })
        .collect();
    judged.check_all(row, "powered_effect_absolute_per_metric", &effects);
}

fn joint_power(row: &Row, judged: &mut Judged) {
    let (success, guardrails) = (row.given("success_metrics") as usize, row.given("guardrails") as usize);
    let (power, alpha) = (row.given("power_per_metric"), row.given("alpha_per_success"));
    let rho = row.given("correlation");
    let must = [Claims { count: guardrails, power }];
    let all = ship_probability(&[Claims { count: success, power }], &must, rho).unwrap();
    judged.check(row, "ship_probability", all);
    let only_one = "ship_probability_only_one_success_effective";
    if row.expects(only_one) {
        let idle = Claims { count: success - 1, power: alpha };
        judged.check(row, only_one, ship_probability(&[Claims { count: 1, power }, idle], &must, rho).unwrap());
    }
    // The rule itself, where the row's power per metric is what it asks for.
    if row.flag("beta_corrected") {
        let rule = ShipRule { success, guardrails, ..ShipRule::new(row.given("alpha"), 0.8) };
        let near = |got: f64, want: f64| (got - want).abs() <= 1e-9 * want;
        judged.holds("power of each claim", near(rule.power_per_claim().unwrap(), power));
        judged.holds("alpha of each success", near(rule.alpha_per_success().unwrap(), alpha));
        judged.check(row, "ship_probability", rule.ship_probability(success, rho).unwrap());
        judged.check(row, only_one, rule.ship_probability(1, rho).unwrap());
    }
}
