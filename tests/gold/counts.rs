//! Counted events: two rates, by their ratio or by their difference.

use crate::row::{Judged, Kinds, Row};
use expc::stats::Sides;
use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
use expc::stats::count::{Measure, NullVariance, Rates};

pub const KINDS: Kinds = &[
    ("count.negbin_ratio", rates),
    ("count.negbin_ratio_margin", rates),
    ("count.negbin_ratio_null_variance", rates),
    ("count.negbin_ratio_score_variance", rates),
    ("count.negbin_ratio_zhu_lakkis", rates),
    ("count.poisson_difference", rates),
    ("count.poisson_difference_score_variance", rates),
    ("count.poisson_ratio", rates),
    ("count.poisson_ratio_score_variance", rates),
];

fn comparison(row: &Row) -> Comparison {
    let control = row.given("rate_control");
    let endpoint = Endpoint::Count(Rates {
        control,
        exposure: row.given_or("exposure", 1.0),
        overdispersion: row.given_or("overdispersion", 0.0),
        measure: if row.kind.contains("difference") { Measure::Difference } else { Measure::Ratio },
        null_variance: match row.given_or("null_variance_approach", 0.0) as u8 {
            1 => NullVariance::Control,
            2 => NullVariance::True,
            3 => NullVariance::Constrained,
            _ if row.kind.ends_with("_score_variance") || row.kind.ends_with("_null_variance") => {
                NullVariance::Constrained
            }
            _ => NullVariance::True,
        },
    });
    let allocation = if row.has("n_treatment") {
        row.given("n_treatment") / row.given("n_control")
    } else {
        row.given_or("allocation_treatment_over_control", 1.0)
    };
    let (claim, scale) = if row.has("null_ratio") {
        let claim = Claim::NonInferiority {
            margin: row.given("null_ratio") - 1.0,
            higher_is_better: false,
            true_effect: row.given("rate_ratio") - 1.0,
        };
        (claim, Scale::Lift)
    } else if row.has("rate_ratio") {
        (Claim::Superiority { effect: row.given("rate_ratio") - 1.0 }, Scale::Lift)
    } else {
        (Claim::Superiority { effect: row.given("rate_treatment") - control }, Scale::Difference)
    };
    Comparison {
        endpoint,
        claim,
        scale,
        alpha: row.given("alpha"),
        sides: if row.given("sided") == 2.0 { Sides::Two } else { Sides::One },
        allocation,
        // Quasi-Poisson counts: the variance is this many times the mean.
        size_factor: row.given_or("dispersion", 1.0),
    }
}

fn rates(row: &Row, judged: &mut Judged) {
    let comparison = comparison(row);
    if row.word("solve_for") == "power" {
        let n = if row.has("n_control") { row.given("n_control") } else { row.given("n_per_group") };
        let both = row.flag("count_both_tails");
        let power = if both { BothTails(comparison).power(n) } else { comparison.power(n) };
        judged.check(row, "power", power.unwrap());
        return;
    }
    let size = comparison.required(row.given("power")).unwrap();
    judged.check(row, "n_control", size.control);
    judged.check(row, "n_treatment", size.treatment);
    judged.check(row, "n_total", size.control + size.treatment);
    judged.check(row, "n_control_ceiled", size.control_units as f64);
    judged.check(row, "n_treatment_ceiled", size.treatment_units as f64);
    judged.check(row, "n_total_ceiled", (size.control_units + size.treatment_units) as f64);
}
