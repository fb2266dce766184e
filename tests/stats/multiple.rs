//! The split of units, units that never see the change, and the variance of metrics.

use crate::gold::{Tally, number, numbers, rows};
use expc::stats::comparison::{Claim, Comparison, Endpoint};
use expc::stats::mean::MeanTest;
use expc::stats::{Sides, srm, traffic, variance};

#[test]
fn sample_ratio_mismatch() {
    let mut tally = Tally::new("sample-ratio mismatch");
    for row in rows("srm.jsonl", &["srm.chi2"]) {
        let got = srm::test(&numbers(&row.design["observed"]), &numbers(&row.design["weights"])).unwrap();
        for (key, want) in row.expect.as_object().unwrap() {
            let got = match key.as_str() {
                "chi2" => got.chi_square,
                "df" => got.degrees_of_freedom,
                "p_value" => got.p_value,
                // The likelihood ratio and the exact binomial test are not offered.
                "g" | "p_value_g" | "p_value_exact_binomial" => continue,
                other => panic!("{}: {other} is not compared", row.id),
            };
            tally.check(&row, key, got, number(want));
        }
        tally.row();
    }
    for row in rows("srm.jsonl", &["srm.chi2_power"]) {
        let (share, planned) = (row.given("true_share"), row.given("expected_share"));
        let power =
            srm::power(row.given("n_total"), &[share, 1.0 - share], &[planned, 1.0 - planned], row.given("alpha"));
        tally.check(&row, "power", power.unwrap(), row.expected("power"));
        tally.row();
    }
    tally.finish(12);
}

#[test]
fn triggers() {
    let mut tally = Tally::new("triggers");
    for row in rows("traffic_trigger.jsonl", &["trigger.dilution"]) {
        let (inside, outside) = (row.given("sd_triggered"), row.given("sd_untriggered"));
        let rate = row.given("trigger_rate");
        let effect = row.given("effect_on_triggered");
        let size = |sd: f64, effect: f64| {
            Comparison {
                endpoint: Endpoint::Mean { baseline: 0.0, sd, test: MeanTest::Z },
                claim: Claim::Superiority { effect },
                alpha: row.given("alpha"),
                sides: Sides::Two,
                allocation: 1.0,
                size_factor: 1.0,
            }
            .required(row.given("power"))
            .unwrap()
            .control
        };
        let all = traffic::dilute(
            rate,
            effect,
            inside * inside,
            outside * outside,
            row.given("mean_gap_triggered_minus_untriggered"),
        )
        .unwrap();
        let triggered = size(inside, effect);
        for (key, want) in row.expect.as_object().unwrap() {
            let got = match key.as_str() {
                "n_triggered_per_group" => triggered,
                "n_exposed_per_group_if_triggered_analysis" => traffic::exposed(triggered, rate).unwrap(),
                "n_per_group_if_all_users_analysed" => size(all.variance.sqrt(), all.effect),
                "diluted_effect" => all.effect,
                "variance_all_users" => all.variance,
                other => panic!("{}: {other} is not compared", row.id),
            };
            tally.check(&row, key, got, number(want));
        }
        tally.row();
    }
    tally.finish(3);
}

#[test]
fn ratio_metrics() {
    let mut tally = Tally::new("ratio metrics");
    for row in rows("ratio_cuped_quantile.jsonl", &["ratio.delta_variance"]) {
        let n = number(&row.design["numerator"]["n"]);
        let moments = |part: &str| {
            let sum = number(&row.design[part]["sum"]);
            let squares = number(&row.design[part]["sum_squares"]);
            (sum / n, (squares - sum * sum / n) / (n - 1.0))
        };
        let (numerator, denominator) = (moments("numerator"), moments("denominator"));
        let products = row.given("sum_of_products");
        let covariance = (products - numerator.0 * denominator.0 * n) / (n - 1.0);
        let got = variance::ratio(numerator, denominator, covariance).unwrap();
        tally.check(&row, "unit_variance", got, row.expected("unit_variance"));
        tally.row();
    }
    tally.finish(6);
}

/// The t sizes of these rows lose one degree of freedom to the covariate, ours do not: within one unit.
#[test]
fn covariates() {
    let mut tally = Tally::new("covariates");
    for row in rows("ratio_cuped_quantile.jsonl", &["cuped.coverage"]) {
        let rho = row.given("covariate_correlation_among_covered");
        let got = variance::adjusted(rho, row.given("covered_share")).unwrap();
        tally.check(&row, "factor", got, row.expected("variance_multiplier"));
        tally.row();
    }
    for row in rows("ratio_cuped_quantile.jsonl", &["cuped.n"]) {
        let factor = variance::adjusted(row.given("covariate_correlation"), 1.0).unwrap();
        tally.check(&row, "factor", factor, row.expected("variance_multiplier"));
        let size = |test| {
            Comparison {
                endpoint: Endpoint::Mean { baseline: 0.0, sd: row.given("sd"), test },
                claim: Claim::Superiority { effect: row.given("mean_diff") },
                alpha: row.given("alpha"),
                sides: Sides::Two,
                allocation: 1.0,
                size_factor: factor,
            }
            .required(row.given("power"))
            .unwrap()
            .control
        };
        let z = size(MeanTest::Z);
        tally.check(&row, "n_per_group_z", z, row.expected("n_per_group_z"));
        let near = (size(MeanTest::T) - row.expected("n_per_group_t")).abs() < 1.0;
        tally.holds(&row, "n_per_group_t", near);
        tally.row();
    }
    tally.finish(15);
}
