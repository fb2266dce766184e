//! Several tests, several arms, and units that never see the change.

use crate::gold::{Tally, number, numbers, rows};
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::multiplicity::{Correction, adjust, alpha_per_test, guardrail_power};
use expc::stats::{Sides, srm, traffic, variance};

/// Methods of the rows that are not offered; counted apart.
const OTHER_METHODS: [&str; 5] = ["hommel", "holm-sidak", "fdr_by", "fdr_tsbh", "fdr_tsbky"];

fn correction(method: &str) -> Correction {
    match method {
        "bonferroni" => Correction::Bonferroni,
        "sidak" => Correction::Sidak,
        "holm" => Correction::Holm,
        "hochberg" => Correction::Hochberg,
        "fdr_bh" => Correction::BenjaminiHochberg,
        other => panic!("{other} is not offered"),
    }
}

#[test]
fn adjusted_p_values() {
    let mut tally = Tally::new("adjusted p-values");
    let mut others = 0;
    for row in rows("multiplicity.jsonl", &["multiplicity.adjust"]) {
        let method = row.design["method"].as_str().unwrap();
        if OTHER_METHODS.contains(&method) {
            others += 1;
            continue;
        }
        let got = adjust(correction(method), &numbers(&row.design["p_values"])).unwrap();
        tally.check_all(&row, "adjusted_p", &got, &numbers(&row.expect["adjusted_p"]));
        let rejected = row.expect["reject"].as_array().unwrap();
        for (p, want) in got.iter().zip(rejected) {
            let rejects = *p <= row.given("alpha");
            tally.holds(&row, "reject", Some(rejects) == want.as_bool());
        }
        tally.row();
    }
    assert_eq!(others, 21);
    tally.finish(19);
}

#[test]
fn alpha_of_each_test() {
    let mut tally = Tally::new("alpha of each test");
    for row in rows("multiplicity.jsonl", &["multiplicity.alpha"]) {
        let method = correction(row.design["method"].as_str().unwrap());
        let got = alpha_per_test(method, row.given("alpha"), row.given("tests") as usize);
        tally.check(&row, "alpha", got.unwrap(), row.expected("alpha_per_test"));
        tally.row();
    }
    tally.finish(1);
}

/// The rows whose rule splits the false negatives over the guardrails.
#[test]
fn power_with_guardrails() {
    let mut tally = Tally::new("power with guardrails");
    for row in rows("decision_rules.jsonl", &["decision.spotify"]) {
        let rule = row.design["correction"].as_str().unwrap();
        let metrics = row.design["metrics"].as_array().unwrap();
        let success: Vec<bool> = metrics.iter().map(|metric| !metric["mde_relative"].is_null()).collect();
        let successes = success.iter().filter(|s| **s).count();
        let split = match rule {
            "bonferroni-do-not-count-non-inferiority" | "spot-1-bonferroni" => true,
            "bonferroni" | "bonferroni-only-count-twosided" => false,
            other => panic!("{other} is not known"),
        };
        let power = row.given("power");
        let got = if split { guardrail_power(power, successes, metrics.len() - successes).unwrap() } else { power };
        let arms = row.design["arm_weights_control_first"].as_array().unwrap();
        for (k, want) in numbers(&row.expect["adjusted_power_per_metric"]).into_iter().enumerate() {
            tally.check(&row, "power", got, want);
            if success[k] && rule == "bonferroni-do-not-count-non-inferiority" {
                let tests = successes * (arms.len() - 1);
                let alpha = alpha_per_test(Correction::Bonferroni, row.given("alpha"), tests);
                let want = number(&row.expect["adjusted_alpha_per_metric"][k]);
                tally.check(&row, "alpha", alpha.unwrap(), want);
            }
        }
        tally.row();
    }
    tally.finish(84);
}

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
                scale: Scale::Difference,
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
                scale: Scale::Difference,
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
