//! Several tests, several arms, and units that never see the change.

use crate::gold::{Tally, number, numbers, rows};
use expc::stats::multiplicity::{Correction, adjust, alpha_per_test, guardrail_power};

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
