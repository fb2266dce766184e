//! Sample size, power and detectable effect of one fixed look.

use crate::gold::{Row, Tally, numbers, rows};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::{self, MeanTest};
use expc::stats::proportion::{self, ProportionTest};
use expc::stats::{Direction, Refusal, Sides, noncentral, normal, student};

pub fn sides(row: &Row) -> Sides {
    if row.given("sided") == 2.0 { Sides::Two } else { Sides::One }
}

/// The comparison a row describes; `effect` where the row has a list of them.
pub fn comparison(row: &Row, effect: Option<f64>) -> Comparison {
    let kind = row.kind.as_str();
    let unpooled = kind.ends_with("unpooled");
    let endpoint = if row.has("p_control") {
        Endpoint::Proportion {
            baseline: row.given("p_control"),
            test: if unpooled { ProportionTest::Unpooled } else { ProportionTest::Pooled },
        }
    } else {
        let unequal = row.has("sd_control");
        Endpoint::Mean {
            baseline: 0.0,
            sd: row.given(if unequal { "sd_control" } else { "sd" }),
            test: if unequal {
                MeanTest::UnequalZ { sd_treatment: row.given("sd_treatment") }
            } else if kind.contains(".t") || kind.contains("_t") {
                MeanTest::T
            } else {
                MeanTest::Z
            },
        }
    };
    let effect = effect.unwrap_or_else(|| {
        if row.has("mean_diff") {
            row.given("mean_diff")
        } else if row.has("p_treatment") {
            row.given("p_treatment") - row.given("p_control")
        } else {
            0.01
        }
    });
    let null = row.given_or("null_difference", 0.0);
    let claim = if null == 0.0 {
        Claim::Superiority { effect }
    } else if row.has("note") {
        // The event is adverse: the same margin upwards.
        Claim::NonInferiority { margin: -null, higher_is_better: false, true_effect: -effect }
    } else if null < 0.0 {
        Claim::NonInferiority { margin: -null, higher_is_better: true, true_effect: effect }
    } else {
        Claim::SuperiorityByMargin { effect, margin: null }
    };
    let allocation = if row.has("n_treatment") {
        row.given("n_treatment") / row.given("n_control")
    } else {
        row.given_or("allocation_treatment_over_control", 1.0)
    };
    Comparison {
        endpoint,
        claim,
        scale: Scale::Difference,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation,
        size_factor: 1.0,
    }
}

/// Control units of a row that gives the sample size.
fn control_units(row: &Row, allocation: f64) -> f64 {
    if row.has("n_control") {
        row.given("n_control")
    } else if row.has("n_per_group") {
        row.given("n_per_group")
    } else {
        let arms = row.given_or("treatment_arms", 1.0);
        row.given("n_total") / (1.0 + arms * allocation)
    }
}

/// The wrong-direction tail, which some tools count as power.
fn wrong_tail(c: &Comparison, n: f64) -> f64 {
    let Claim::Superiority { effect } = c.claim else {
        panic!("only superiority is counted in both tails");
    };
    if c.sides == Sides::One {
        return 0.0;
    }
    let r = c.allocation;
    let tail = c.alpha / 2.0;
    let z = normal::upper_quantile(tail);
    match c.endpoint {
        Endpoint::Mean { sd, test: MeanTest::T, .. } => {
            let df = n * (1.0 + r) - 2.0;
            let ncp = effect.abs() * n.sqrt() / mean::deviation(sd, sd, r);
            noncentral::tails(-student::upper_quantile(tail, df), df, ncp).lower
        }
        Endpoint::Mean { sd, .. } => normal::cdf(-z - effect.abs() * n.sqrt() / mean::deviation(sd, sd, r)),
        Endpoint::Proportion { baseline, test } => {
            let rate = baseline + effect;
            let null = proportion::null_deviation(test, baseline, rate, 0.0, r);
            let both = proportion::deviation(baseline, rate, r);
            normal::cdf((-z * null - effect.abs() * n.sqrt()) / both)
        }
    }
}

fn check(tally: &mut Tally, row: &Row) {
    match row.design["solve_for"].as_str().unwrap() {
        "n" => check_size(tally, row),
        "power" => check_power(tally, row),
        "mde" => check_detectable(tally, row),
        other => panic!("{other} is not solved for"),
    }
    tally.row();
}

fn check_size(tally: &mut Tally, row: &Row) {
    let c = comparison(row, None);
    let power = row.given("power");
    let size = c.required(power).unwrap();
    let arms = row.given_or("treatment_arms", 1.0);
    if row.flag("count_both_tails") && c.sides == Sides::Two {
        // The other tail makes the size a little smaller: the row's size must be where both reach the power.
        let want = ["n_control", "n_per_group"].into_iter().find(|key| row.expects(key)).unwrap();
        let want = row.expected(want);
        let both = |n: f64| c.power(n).unwrap() + wrong_tail(&c, n);
        let slack = row.tolerance().0.max(1e-10);
        tally.holds(row, "both tails at n", both(want * (1.0 - slack)) <= power && power <= both(want * (1.0 + slack)));
        return;
    }
    let wholes = row.tool.starts_with("booking");
    for (key, want) in row.expect.as_object().unwrap() {
        let got = match key.as_str() {
            "n_control" | "n_per_group" => size.control,
            "n_treatment" => size.treatment,
            "n_total" if wholes => size.control_units as f64 * (1.0 + arms),
            "n_total" => size.control + size.treatment,
            "n_per_group_ceiled" => size.control_units as f64,
            other => panic!("{}: {other} is not compared", row.id),
        };
        tally.check(row, key, got, want.as_f64().unwrap());
    }
    tally.holds(row, "power at the whole units", power <= size.power + 1e-12);
}

fn check_power(tally: &mut Tally, row: &Row) {
    let effects = if row.design["mean_diff"].is_array() {
        numbers(&row.design["mean_diff"])
    } else {
        vec![comparison_effect(row)]
    };
    for (&effect, want) in effects.iter().zip(numbers(&row.expect["power"])) {
        let c = comparison(row, Some(effect));
        let n = control_units(row, c.allocation);
        if effect == 0.0 && !row.has("null_difference") {
            tally.holds(row, "no effect", c.power(n) == Err(Refusal::NoEffect));
            continue;
        }
        if row.design["alternative"] == "smaller" {
            // A one-sided test that looks the other way has only the wrong tail.
            let doubled = Comparison { alpha: 2.0 * c.alpha, sides: Sides::Two, ..c };
            tally.check(row, "power", wrong_tail(&doubled, n), want);
            continue;
        }
        // rpact's power of a two-sided test of means has both tails, unlike its sample size.
        let both = row.flag("count_both_tails") || row.tool == "rpact";
        let wrong = if both && !row.has("null_difference") { wrong_tail(&c, n) } else { 0.0 };
        tally.check(row, "power", c.power(n).unwrap() + wrong, want);
    }
}

fn comparison_effect(row: &Row) -> f64 {
    if row.has("mean_diff") { row.given("mean_diff") } else { row.given("p_treatment") - row.given("p_control") }
}

fn check_detectable(tally: &mut Tally, row: &Row) {
    let c = comparison(row, None);
    let n = control_units(row, c.allocation);
    let power = row.given("power");
    let effect = c.detectable(n, power, Direction::Up).unwrap();
    if row.flag("count_both_tails") {
        let want = row.expected("mde");
        let both = |effect: f64| {
            let c = Comparison { claim: Claim::Superiority { effect }, ..c };
            c.power(n).unwrap() + wrong_tail(&c, n)
        };
        let slack = row.tolerance().0;
        tally.holds(
            row,
            "both tails at the effect",
            both(want * (1.0 - slack)) <= power && power <= both(want * (1.0 + slack)),
        );
        return;
    }
    for (key, want) in row.expect.as_object().unwrap() {
        let got = match key.as_str() {
            "mde" | "mde_absolute" => effect,
            "p_treatment" => row.given("p_control") + effect,
            "mde_relative" => effect / row.given("p_control"),
            other => panic!("{}: {other} is not compared", row.id),
        };
        tally.check(row, key, got, want.as_f64().unwrap());
    }
}

pub const MEAN_KINDS: [&str; 5] = ["mean.t", "mean.z", "mean.z_unequal_var", "mean.z_margin", "mean.t_margin"];
pub const PROPORTION_KINDS: [&str; 4] = [
    "prop.z_pooled",
    "prop.z_unpooled",
    "prop.margin_difference_farrington_manning",
    "prop.margin_difference_unpooled",
];

#[test]
fn means() {
    let mut tally = Tally::new("means");
    for row in rows("means.jsonl", &MEAN_KINDS) {
        check(&mut tally, &row);
    }
    tally.finish(196);
}

#[test]
fn proportions() {
    let mut tally = Tally::new("proportions");
    for row in rows("proportions.jsonl", &PROPORTION_KINDS) {
        check(&mut tally, &row);
    }
    tally.finish(160);
}
