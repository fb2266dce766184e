//! Several looks: bounds, futility, operating characteristics, sizes.

use crate::row::{Judged, Kinds, Row, number, numbers};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::count::{Measure, NullVariance, Rates};
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;
use expc::stats::sequential::{
    Efficacy, Futility, FutilityRule, Looks, Monitoring, Prior, Shape, Spending, equal_fractions, repeated_estimate,
    repeated_p,
};
use expc::stats::survival::{EventFormula, Events, FollowUp, HazardTest, Hazards, hazard};
use expc::stats::{Refusal, Sides, normal, variance};
use serde_json::Value;

pub const KINDS: Kinds = &[
    ("gs.bounds", bounds),
    ("gs.bounds_futility", bounds),
    ("gs.bounds_fixed_futility", bounds),
    ("gs.bounds_lower_spends_under_null", bounds),
    ("gs.bounds_one_side_at_a_time", one_side_at_a_time),
    ("gs.bounds_single_look", single_look),
    ("gs.classical_constant", published),
    ("gs.inflation_factor", published),
    ("gs.power", power),
    ("gs.crossing_probabilities", crossing_probabilities),
    ("gs.conditional_power", conditional_power),
    ("gs.predictive_power", predictive_power),
    ("gs.assurance_normal_prior", assurance),
    ("gs.repeated_ci", repeated),
    ("gs.cuped_power", cuped_power),
    ("peeking.type_i_error", peeking),
    ("peeking.power", peeking),
    ("gs.n_mean_t", size),
    ("gs.n_mean_z", size),
    ("gs.n_prop_pooled", size),
    ("gs.n_prop_margin", size),
    ("gs.n_negbin", count_size),
    ("gs.n_survival", survival_size),
    ("gs.power_mean_t", endpoint_power),
    ("gs.power_prop_pooled", endpoint_power),
];

fn sides(row: &Row) -> Sides {
    if row.given("sided") == 2.0 { Sides::Two } else { Sides::One }
}

fn looks(row: &Row) -> Looks {
    let fractions = if row.has("info_fractions") {
        row.list("info_fractions")
    } else {
        equal_fractions(row.given("looks") as usize)
    };
    Looks::new(&fractions).unwrap()
}

/// A spending function by its name, with its parameter beside it.
fn spending(rule: &Value) -> Option<Spending> {
    Some(match rule["family"].as_str()? {
        "lan_demets_obf" => Spending::ObrienFleming,
        "lan_demets_pocock" => Spending::Pocock,
        "hwang_shih_decani" => Spending::HwangShihDeCani { gamma: number(&rule["gamma"]) },
        "kim_demets" => Spending::KimDeMets { rho: number(&rule["rho"]) },
        "anderson_clark_exponential" => Spending::AndersonClark { nu: number(&rule["nu"]) },
        _ => return None,
    })
}

fn efficacy(row: &Row) -> Efficacy {
    // Printed tables name the family beside the rest of the design.
    let rule = if row.has("efficacy") { &row.design["efficacy"] } else { &row.design };
    if let Some(spending) = spending(rule) {
        return spending.into();
    }
    let shape = match rule["family"].as_str() {
        Some("obrien_fleming") => Shape::ObrienFleming,
        Some("pocock") => Shape::Pocock,
        Some("wang_tsiatis") => Shape::WangTsiatis { delta: number(&rule["delta"]) },
        Some("haybittle_peto") => Shape::HaybittlePeto { interim_z: number(&rule["interim_z"]) },
        other => panic!("{other:?} is no family"),
    };
    shape.into()
}

fn futility(row: &Row) -> Option<Futility> {
    let rule = if row.has("futility_z_interim") {
        FutilityRule::Interim(row.list("futility_z_interim"))
    } else {
        let spending = spending(row.design.get("futility")?)?;
        if row.has("lower_total_spend_under_null") {
            FutilityRule::Null { spending, total: row.given("lower_total_spend_under_null") }
        } else {
            FutilityRule::Beta(spending)
        }
    };
    Some(Futility { rule, binding: row.flag("futility_binding") })
}

fn plan(row: &Row) -> Monitoring {
    let (looks, alpha) = (looks(row), row.given("alpha"));
    match futility(row) {
        Some(futility) => {
            assert_eq!(sides(row), Sides::One);
            Monitoring::with_futility(&looks, alpha, efficacy(row), &futility, row.given("power")).unwrap()
        }
        None => Monitoring::new(&looks, alpha, sides(row), efficacy(row)).unwrap(),
    }
}

fn running(values: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, value: &f64| {
        *sum += value;
        Some(*sum)
    };
    values.iter().scan(0.0, add).collect()
}

/// As many looks as the row lists: some leave the last one out, where the bounds meet.
fn shown<'a>(row: &Row, name: &str, values: &'a [f64]) -> &'a [f64] {
    let listed = row.expect.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let leaves_the_last = listed + 1 == values.len();
    if leaves_the_last { &values[..listed] } else { values }
}

fn bounds(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    judged.check_all(row, "upper_z", plan.bounds());
    judged.check_all(row, "lower_z", plan.lower_bounds());
    judged.check_all(row, "lower_z_interim", shown(row, "lower_z_interim", plan.lower_bounds()));
    let nominal: Vec<f64> = plan.bounds().iter().map(|&u| normal::sf(u)).collect();
    judged.check_all(row, "nominal_one_sided_p", &nominal);
    // One tool leaves the list empty.
    if row.expect["alpha_spent_cumulative"].as_array().is_some_and(|list| !list.is_empty()) {
        judged.check_all(row, "alpha_spent_cumulative", plan.spent());
    }
    if !row.has("power") {
        return;
    }
    let power = row.given("power");
    if row.expects("cross_upper_prob_h0") {
        crossing_of_its_bounds(row, judged, plan.fixed_drift(power).unwrap());
    }
    let drift = plan.drift(power).unwrap();
    judged.check(row, "shift", drift * drift);
    let fixed = plan.fixed_drift(power).unwrap();
    judged.check(row, "n_fixed_info", fixed * fixed);
    let inflation = plan.inflation(power).unwrap();
    judged.check(row, "inflation_factor", inflation);
    let planned = plan.crossing(drift).unwrap();
    judged.check_all(row, "reject_prob_h1_per_stage", &planned.upper);
    // A rejection in the wrong direction is no futility.
    let futile = if sides(row) == Sides::Two { vec![0.0; planned.lower.len()] } else { planned.lower };
    judged.check_all(row, "futility_prob_h1_per_stage", shown(row, "futility_prob_h1_per_stage", &futile));
    judged.check_all(row, "beta_spent_cumulative", &running(&futile));
    let information = |share: f64| inflation * plan.expected_information(share * drift).unwrap();
    judged.check(row, "expected_info_over_fixed_h1", information(1.0));
    judged.check(row, "expected_info_over_fixed_h01", information(0.5));
    judged.check(row, "expected_info_over_fixed_h0", information(0.0));
    judged.check(row, "expected_info_percent_h1", 100.0 * information(1.0));
    if row.expects("shift_both_tails") {
        judged.check(row, "shift_both_tails", plan.drift_either(power).unwrap().powi(2));
        judged.check(row, "inflation_factor_both_tails", plan.inflation_either(power).unwrap());
    }
}

/// Bounds and drift of the tool that lists these probabilities are good to 1e-5, and compared; what it lists is the
/// chance to cross those bounds of its own under that drift, and is good to 1e-8.
fn crossing_of_its_bounds(row: &Row, judged: &mut Judged, fixed: f64) {
    let upper = numbers(&row.expect["upper_z"]);
    let lower =
        if row.expects("lower_z") { numbers(&row.expect["lower_z"]) } else { vec![f64::NEG_INFINITY; upper.len()] };
    let own = Monitoring::between(&row.list("info_fractions"), &lower, &upper, row.given("alpha")).unwrap();
    let null = own.crossing(0.0).unwrap();
    judged.check_all(row, "cross_upper_prob_h0", &null.upper);
    judged.check_all(row, "cross_lower_prob_h0", &null.lower);
    let planned = own.crossing(row.expected("inflation_factor").sqrt() * fixed).unwrap();
    judged.check_all(row, "cross_upper_prob_h1", &planned.upper);
    judged.check_all(row, "cross_lower_prob_h1", &planned.lower);
}

/// Each side alone at its share of alpha.
fn one_side_at_a_time(row: &Row, judged: &mut Judged) {
    let alpha = sides(row).tail(row.given("alpha"));
    let plan = Monitoring::new(&looks(row), alpha, Sides::One, efficacy(row)).unwrap();
    judged.check_all(row, "upper_z", plan.bounds());
}

fn single_look(row: &Row, judged: &mut Judged) {
    judged.check(row, "upper_z", plan(row).bounds()[row.given("look") as usize - 1]);
}

fn published(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    let last = *plan.bounds().last().unwrap();
    judged.check(row, "constant", last);
    judged.check(row, "nominal_two_sided_p", 2.0 * normal::sf(last));
    if row.expects("inflation_factor") {
        judged.check(row, "inflation_factor", plan.inflation(row.given("power")).unwrap());
    }
}

fn power(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    judged.check_all(row, "upper_z", plan.bounds());
    let most = row.given_or("max_information", 1.0);
    let drifts: Vec<f64> = row.list("theta").iter().map(|theta| theta * most.sqrt()).collect();
    let over = |f: &dyn Fn(f64) -> f64| -> Vec<f64> { drifts.iter().map(|&drift| f(drift)).collect() };
    // Rows with two sides count both tails.
    let stop = |drift: f64| {
        let crossing = plan.crossing(drift).unwrap();
        crossing.upper_total() + crossing.lower_total()
    };
    judged.check_all(row, "power", &over(&stop));
    judged.check_all(row, "early_stop_prob", &over(&|drift| plan.early_stop(drift).unwrap()));
    let information = over(&|drift| most * plan.expected_information(drift).unwrap());
    judged.check_all(row, "expected_information", &information);
}

/// The bounds of a row as they are, and the information at the last look.
fn given_bounds(row: &Row, information: &str) -> (Monitoring, f64) {
    let information = row.list(information);
    let most = *information.last().unwrap();
    let fractions: Vec<f64> = information.iter().map(|i| i / most).collect();
    let upper = row.list("upper_z");
    let lower = if row.has("lower_z") { row.list("lower_z") } else { vec![f64::NEG_INFINITY; upper.len()] };
    (Monitoring::between(&fractions, &lower, &upper, 0.025).unwrap(), most)
}

fn crossing_probabilities(row: &Row, judged: &mut Judged) {
    let (plan, most) = given_bounds(row, "information");
    let drifts: Vec<f64> = row.list("theta").iter().map(|theta| theta * most.sqrt()).collect();
    let crossings: Vec<_> = drifts.iter().map(|&drift| plan.crossing(drift).unwrap()).collect();
    let upper: Vec<f64> = crossings.iter().flat_map(|crossing| crossing.upper.clone()).collect();
    let lower: Vec<f64> = crossings.iter().flat_map(|crossing| crossing.lower.clone()).collect();
    judged.check_all(row, "cross_upper_prob_by_theta", &upper);
    judged.check_all(row, "cross_lower_prob_by_theta", &lower);
    let information: Vec<f64> = drifts.iter().map(|&drift| most * plan.expected_information(drift).unwrap()).collect();
    judged.check_all(row, "expected_information", &information);
}

fn conditional_power(row: &Row, judged: &mut Judged) {
    let (plan, most) = given_bounds(row, "info");
    let rest = plan.after(row.given("at_look") as usize, row.given("z_observed")).unwrap();
    let drifts = [rest.drift_seen(), 0.0, row.given("theta_h1") * most.sqrt()];
    let thetas: Vec<f64> = drifts.iter().map(|drift| drift / most.sqrt()).collect();
    judged.check_all(row, "thetas", &thetas);
    let by_look: Vec<f64> = drifts.iter().flat_map(|&drift| rest.crossing(drift).unwrap().upper).collect();
    judged.check_all(row, "cp_by_theta_est_h0_h1_upper_by_look", &by_look);
    for drift in drifts {
        let total = rest.crossing(drift).unwrap().upper_total();
        judged.holds("power is the sum", (rest.conditional_power(drift).unwrap() - total).abs() < 1e-13);
    }
}

fn predictive_power(row: &Row, judged: &mut Judged) {
    let (plan, most) = given_bounds(row, "info");
    let rest = plan.after(row.given("at_look") as usize, row.given("z_observed")).unwrap();
    let drifts = row.list("prior_theta").into_iter().map(|theta| theta * most.sqrt());
    let prior = Prior::Points(drifts.zip(row.list("prior_weight")).collect());
    judged.check(row, "predictive_power", rest.predictive_power(&prior).unwrap());
}

fn assurance(row: &Row, judged: &mut Judged) {
    let (plan, most) = given_bounds(row, "info");
    let (mean, sd) = (row.given("prior_mean") * most.sqrt(), row.given("prior_sd") * most.sqrt());
    judged.check(row, "assurance", plan.assurance(mean, sd).unwrap());
}

fn repeated(row: &Row, judged: &mut Judged) {
    let (looks, efficacy) = (looks(row), efficacy(row));
    let (look, z) = (row.given("at_look") as usize, row.given("z_observed"));
    let plan = Monitoring::new(&looks, row.given("alpha"), Sides::One, efficacy).unwrap();
    let root = row.given("max_information").sqrt();
    let interval = plan.repeated_interval(look, z).unwrap();
    judged.check(row, "ci_level", interval.confidence);
    judged.check(row, "lower", interval.low / root);
    judged.check(row, "upper", interval.high / root);
    judged.check(row, "p_repeated", repeated_p(&looks, Sides::One, efficacy, look, z).unwrap());
    let estimate = repeated_estimate(&looks, efficacy, look, z).unwrap();
    judged.check(row, "estimate_where_p_repeated_is_half", estimate / root);
}

fn cuped_power(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    judged.holds("the row's own bounds", {
        let own = row.list("upper_z");
        plan.bounds().iter().zip(own).all(|(got, want)| (got - want).abs() < 1e-7)
    });
    let left = variance::adjusted(row.given("covariate_correlation"), 1.0).unwrap();
    let sd = row.given("sd") * left.sqrt();
    let units = row.given("n_per_group_per_look") * row.given("looks");
    let drift = row.given("mean_diff") / (sd * (2.0 / units).sqrt());
    let power = plan.power(drift).unwrap();
    judged.check(row, "power", power);
    judged.check(row, "power_by_theory", power);
    judged.check(row, "type_i_error", plan.type_one_error());
}

fn peeking(row: &Row, judged: &mut Judged) {
    let fractions = equal_fractions(row.given("looks") as usize);
    let alpha = row.given("nominal_alpha_two_sided");
    let plan = Monitoring::unadjusted(&fractions, alpha, Sides::Two).unwrap();
    judged.check(row, "type_i_error", plan.type_one_error());
    let crossing = plan.crossing(row.given_or("drift_at_end", 0.0)).unwrap();
    judged.check(row, "reject_right_direction", crossing.upper_total());
    judged.check(row, "reject_wrong_direction", crossing.lower_total());
}

/// The fixed comparison of a row with an effect.
fn comparison(row: &Row, effect: f64) -> Comparison {
    let endpoint = if row.has("p_control") {
        Endpoint::Proportion { baseline: row.given("p_control"), test: ProportionTest::Pooled }
    } else {
        let test = if row.kind.ends_with("_t") { MeanTest::T } else { MeanTest::Z };
        Endpoint::Mean { baseline: 0.0, sd: row.given("sd"), test }
    };
    let null = row.given_or("null_difference", 0.0);
    let claim = if null < 0.0 {
        Claim::NonInferiority { margin: -null, higher_is_better: true, true_effect: effect }
    } else if 0.0 < null {
        Claim::SuperiorityByMargin { effect, margin: null }
    } else {
        Claim::Superiority { effect }
    };
    Comparison {
        endpoint,
        claim,
        scale: Scale::Difference,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: row.given_or("allocation_treatment_over_control", 1.0),
        size_factor: 1.0,
    }
}

/// Effects of a row, treatment minus control.
fn effects(row: &Row) -> Vec<f64> {
    if row.has("mean_diff") {
        return row.list("mean_diff");
    }
    row.list("p_treatment").into_iter().map(|rate| rate - row.given("p_control")).collect()
}

/// The fixed size times the inflation.
fn size(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    let power = row.given("power");
    let size_factor = plan.inflation(power).unwrap();
    let size = Comparison { size_factor, ..comparison(row, effects(row)[0]) }.required(power).unwrap();
    let total = size.control + size.treatment;
    judged.check(row, "n_total_max", total);
    judged.check(row, "n_treatment_max", size.treatment);
    judged.check(row, "n_control_max", size.control);
    let drift = plan.drift(power).unwrap();
    let mean = |share: f64| total * plan.expected_information(share * drift).unwrap();
    judged.check(row, "expected_n_h1", mean(1.0));
    judged.check(row, "expected_n_h01", mean(0.5));
    judged.check(row, "expected_n_h0", mean(0.0));
}

fn count_size(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    let power = row.given("power");
    let rates = Rates {
        control: row.given("rate_control"),
        exposure: row.given("exposure"),
        overdispersion: row.given("overdispersion"),
        measure: Measure::Ratio,
        null_variance: NullVariance::True,
    };
    let comparison = Comparison {
        endpoint: Endpoint::Count(rates),
        claim: Claim::Superiority { effect: row.given("rate_ratio") - 1.0 },
        scale: Scale::Lift,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: 1.0,
        size_factor: plan.inflation(power).unwrap(),
    };
    let size = comparison.required(power).unwrap();
    judged.check(row, "n_total_max_ceiled", (size.control_units + size.treatment_units) as f64);
    let per_unit_of_effect = plan.drift(power).unwrap() / row.given("rate_ratio").ln();
    judged.check(row, "max_information", per_unit_of_effect.powi(2));
}

fn survival_size(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    let power = row.given("power");
    let size_factor = plan.inflation(power).unwrap();
    let ratio = row.given("hazard_ratio");
    let logrank = Events {
        hazard_ratio: ratio,
        null_ratio: 1.0,
        formula: EventFormula::Schoenfeld,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: 1.0,
    };
    let most = size_factor * logrank.required(power).unwrap().events;
    judged.check(row, "events_max", most);
    let cumulative: Vec<f64> = plan.fractions().iter().map(|t| t * most).collect();
    judged.check_all(row, "cumulative_events_per_look", &cumulative);
    let hazards = Hazards {
        control: hazard(0.5, row.given("control_median")).unwrap(),
        test: HazardTest::Logrank(EventFormula::Schoenfeld),
        watched: FollowUp {
            accrual: row.given("accrual_time"),
            follow_up: row.given("follow_up_time"),
            dropout_hazard: 0.0,
        },
    };
    let comparison = Comparison {
        endpoint: Endpoint::TimeToEvent(hazards),
        claim: Claim::Superiority { effect: ratio - 1.0 },
        scale: Scale::Lift,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: 1.0,
        size_factor,
    };
    let size = comparison.required(power).unwrap();
    judged.check(row, "n_total_max", size.control + size.treatment);
    let time = |events: &f64| hazards.time_of(*events, ratio, size.control, size.treatment).unwrap();
    let times: Vec<f64> = cumulative.iter().map(time).collect();
    judged.check_all(row, "analysis_times", &times);
    let drift = plan.drift(power).unwrap();
    judged.check(row, "expected_events_h1", plan.expected(drift, &cumulative).unwrap());
    judged.check(row, "expected_events_h0", plan.expected(0.0, &cumulative).unwrap());
    // Rows count an end in the wrong direction as running to the last look, in this output alone.
    let right = plan.crossing(drift).unwrap().upper;
    let saved: f64 = right.iter().zip(&times).map(|(p, time)| p * (times[times.len() - 1] - time)).sum();
    judged.check(row, "study_duration_h1", times[times.len() - 1] - saved);
}

/// The power of a fixed test gives the drift, and that the power of the looks.
fn endpoint_power(row: &Row, judged: &mut Judged) {
    let plan = plan(row);
    let total = row.given("n_total_max");
    let drift = |effect: f64| match comparison(row, effect).power(total / 2.0) {
        Err(Refusal::NoEffect) => 0.0,
        fixed => plan.fixed_drift(fixed.unwrap()).unwrap(),
    };
    let drifts: Vec<f64> = effects(row).into_iter().map(drift).collect();
    let power: Vec<f64> = drifts.iter().map(|&drift| plan.power(drift).unwrap()).collect();
    judged.check_all(row, "power", &power);
    let mean: Vec<f64> = drifts.iter().map(|&drift| total * plan.expected_information(drift).unwrap()).collect();
    judged.check_all(row, "expected_n", &mean);
}
