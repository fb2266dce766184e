//! Counted events, compared by the ratio of their rates.

use crate::fixed::sides;
use crate::gold::{Row, Tally, number, rows};
use expc::stats::Sides;
use expc::stats::count::{NullRate, RateRatio};
use expc::stats::normal;

pub const KINDS: [&str; 5] = [
    "count.negbin_ratio_null_variance",
    "count.negbin_ratio",
    "count.negbin_ratio_margin",
    "count.negbin_ratio_zhu_lakkis",
    "count.poisson_ratio",
];

fn ratio(row: &Row) -> RateRatio {
    let rate = row.given("rate_control");
    RateRatio {
        rate,
        ratio: if row.has("rate_ratio") { row.given("rate_ratio") } else { row.given("rate_treatment") / rate },
        null_ratio: row.given_or("null_ratio", 1.0),
        exposure: row.given_or("exposure", 1.0),
        overdispersion: row.given_or("overdispersion", 0.0),
        null_rate: match row.kind.as_str() {
            "count.negbin_ratio_null_variance" => NullRate::Pooled,
            _ => match row.given_or("null_variance_approach", 2.0) as u8 {
                1 => NullRate::Control,
                2 => NullRate::True,
                _ => NullRate::Pooled,
            },
        },
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: if row.has("n_treatment") {
            row.given("n_treatment") / row.given("n_control")
        } else {
            row.given_or("allocation_treatment_over_control", 1.0)
        },
    }
}

#[test]
fn rate_ratios() {
    let mut tally = Tally::new("rate ratios");
    for row in rows("counts.jsonl", &KINDS) {
        let design = ratio(&row);
        if row.design["solve_for"] == "power" {
            let n = if row.has("n_control") { row.given("n_control") } else { row.given("n_per_group") };
            let mut power = design.power(n).unwrap();
            if row.flag("count_both_tails") && design.sides == Sides::Two {
                // Null and true variance are the same here, so that the other tail is a shift away.
                let z = normal::upper_quantile(design.alpha / 2.0);
                power += normal::cdf(-2.0 * z - normal::quantile(power));
            }
            tally.check(&row, "power", power, row.expected("power"));
        } else {
            let control = design.required(row.given("power")).unwrap();
            let treatment = control * design.allocation;
            for (key, want) in row.expect.as_object().unwrap() {
                let got = match key.as_str() {
                    "n_control" => control,
                    "n_treatment" => treatment,
                    "n_total" => control + treatment,
                    "n_control_ceiled" => control.ceil(),
                    "n_treatment_ceiled" => treatment.ceil(),
                    "n_total_ceiled" => control.ceil() + treatment.ceil(),
                    other => panic!("{}: {other} is not compared", row.id),
                };
                tally.check(&row, key, got, number(want));
            }
            let back = design.power(control).unwrap();
            tally.holds(&row, "power", (back - row.given("power")).abs() < 1e-12);
        }
        tally.row();
    }
    tally.finish(33);
}
