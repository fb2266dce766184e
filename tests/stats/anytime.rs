//! Always-valid sequences looked at on planned days.

use crate::gold::{Tally, number, numbers, rows};
use expc::stats::Sides;
use expc::stats::normal;
use expc::stats::sequential::{Monitoring, always_valid_bound, always_valid_drift, equal_fractions, tuned_precision};

#[test]
fn tuning() {
    let mut tally = Tally::new("tuning");
    for row in rows("anytime_valid.jsonl", &["anytime.rho"]) {
        let precision = tuned_precision(row.given("alpha"), 1.0).unwrap();
        let rho = (precision / row.given("tuning_parameter")).sqrt();
        tally.check(&row, "rho", rho, row.expected("rho"));
        tally.row();
    }
    tally.finish(4);
}

#[test]
fn confidence_sequence() {
    let mut tally = Tally::new("confidence sequence");
    for row in rows("anytime_valid.jsonl", &["anytime.asymptotic_cs"]) {
        let alpha = row.given("alpha");
        let tuned = row.given("tuning_parameter");
        let rho2 = tuned_precision(alpha, 1.0).unwrap() / tuned;
        tally.check(&row, "rho", rho2.sqrt(), row.expected("rho"));
        let (n_c, n_t) = (row.given("n_control"), row.given("n_treatment"));
        let (m_c, m_t) = (row.given("mean_control"), row.given("mean_treatment"));
        let (v_c, v_t) = (row.given("var_control"), row.given("var_treatment"));
        let variance = if row.design["scale"] == "relative" {
            v_t / (m_c * m_c * n_t) + v_c * m_t * m_t / (m_c.powi(4) * n_c)
        } else {
            v_t / n_t + v_c / n_c
        };
        let half = variance.sqrt() * always_valid_bound(alpha, rho2 * (n_c + n_t));
        let estimate = row.expected("estimate");
        let interval = [estimate - half, estimate + half];
        tally.check_all(&row, "ci", &interval, &numbers(&row.expect["ci"]));
        tally.row();
    }
    tally.finish(15);
}

#[test]
fn first_passage() {
    let mut tally = Tally::new("first passage");
    let kinds = ["anytime.asymptotic_cs_first_passage", "anytime.msprt_first_passage"];
    for row in rows("anytime_valid.jsonl", &kinds) {
        let sizes = numbers(&row.design["n_total_per_look"]);
        let most = *sizes.last().unwrap();
        let fractions: Vec<f64> = sizes.iter().map(|n| n / most).collect();
        let alpha = row.given("alpha");
        let plan = if row.kind.contains("msprt") {
            // The mixture's own bounds are not offered; the passage through them is.
            let bounds = numbers(&row.expect["boundary_z"]);
            Monitoring::bounded(&fractions, &bounds, alpha, Sides::Two)
        } else {
            let at = row.given("tuning_parameter") / most;
            let precision = tuned_precision(alpha, at).unwrap();
            Monitoring::always_valid(&fractions, alpha, Sides::Two, precision)
        };
        let plan = plan.unwrap();
        let drift = row.given("mean_diff") / row.given("sd") * most.sqrt() / 2.0;
        let crossing = plan.crossing(drift).unwrap();
        for (key, want) in row.expect.as_object().unwrap() {
            let got = match key.as_str() {
                "boundary_z" => plan.bounds().to_vec(),
                "reject_right_direction" => vec![crossing.upper_total()],
                "reject_wrong_direction" => vec![crossing.lower_total()],
                // These two count both directions.
                "reject_prob_per_look" => {
                    let both = crossing.upper.iter().zip(&crossing.lower);
                    both.map(|(up, down)| up + down).collect()
                }
                "expected_n_total" => vec![most * plan.expected_information(drift).unwrap()],
                "power_at_last_look_only" => {
                    let last = plan.bounds().last().unwrap();
                    vec![normal::sf(last - drift) + normal::sf(last + drift)]
                }
                other => panic!("{}: {other} is not compared", row.id),
            };
            tally.check_all(&row, key, &got, &numbers(want));
        }
        tally.row();
    }
    tally.finish(24);
}

#[test]
fn sample_size() {
    let mut tally = Tally::new("always-valid sample size");
    for row in rows("anytime_valid.jsonl", &["anytime.asymptotic_cs_sample_size"]) {
        let fractions = equal_fractions(row.given("looks") as usize);
        let (alpha, power) = (row.given("alpha"), row.given("power"));
        // A drift of effect * sqrt(N) / (2 sd) for two equal arms of N / 2.
        let unit = row.given("mean_diff") / row.given("sd") / 2.0;
        let rho = row.given("rho");
        let per_drift = rho * rho / (unit * unit);
        let drift = always_valid_drift(&fractions, alpha, Sides::Two, per_drift, power).unwrap();
        let total = (drift / unit) * (drift / unit);
        let last = always_valid_drift(&[1.0], alpha, Sides::Two, per_drift, power).unwrap();
        let last_total = (last / unit) * (last / unit);
        let plan = Monitoring::always_valid(&fractions, alpha, Sides::Two, rho * rho * total);
        let mean = total * plan.unwrap().expected_information(drift).unwrap();
        let z = normal::upper_quantile(alpha / 2.0) + normal::quantile(power);
        for (key, want) in row.expect.as_object().unwrap() {
            let got = match key.as_str() {
                "n_total_max_first_passage" => total,
                "n_total_last_point_rule" => last_total,
                "n_total_fixed_horizon" => (z / unit) * (z / unit),
                "expected_n_total" => mean,
                // A difference of two rounded sizes: no digits of its own with one look.
                "saving_over_last_point_rule" => {
                    let got = 1.0 - total / last_total;
                    tally.holds(&row, key, (got - number(want)).abs() < 1e-9);
                    continue;
                }
                other => panic!("{}: {other} is not compared", row.id),
            };
            tally.check(&row, key, got, number(want));
        }
        tally.row();
    }
    tally.finish(8);
}
