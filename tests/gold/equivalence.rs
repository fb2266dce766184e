//! Two one-sided tests. Alpha is that of each.

use crate::means::{control_units, frame};
use crate::row::{Judged, Kinds, Row};
use expc::stats::Sides;
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::count::{Measure, NullVariance, Rates};
use expc::stats::equivalence;
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;

pub const KINDS: Kinds = &[
    ("equivalence.mean_z", mean_z),
    ("equivalence.mean_t", mean_t),
    ("equivalence.mean_t_owen_q", mean_t),
    ("equivalence.prop_z_unpooled", rates),
    ("equivalence.prop_z_approx_beta_half", rates),
    ("equivalence.one_prop_z_discrete", one_rate),
    ("equivalence.poisson_ratio", poisson),
];

fn mean_z(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::Z));
}

fn mean_t(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::T));
}

fn means(row: &Row, test: MeanTest) -> Comparison {
    // On the log scale a ratio of means is a difference.
    let part = |log: &str, plain: &str| row.given(if row.has(log) { log } else { plain });
    let claim = Claim::Equivalence {
        lower: part("log_margin_lower", "margin_lower"),
        upper: part("log_margin_upper", "margin_upper"),
        true_effect: part("log_ratio_true", "mean_diff"),
    };
    frame(row, Endpoint::Mean { baseline: 0.0, sd: part("log_sd", "sd"), test }, claim)
}

fn rates(row: &Row, judged: &mut Judged) {
    let baseline = row.given("p_control");
    let claim = Claim::Equivalence {
        lower: row.given("margin_lower"),
        upper: row.given("margin_upper"),
        true_effect: row.given("p_treatment") - baseline,
    };
    judge(row, judged, frame(row, Endpoint::Proportion { baseline, test: ProportionTest::Unpooled }, claim));
}

fn judge(row: &Row, judged: &mut Judged, comparison: Comparison) {
    if row.word("solve_for") == "power" {
        let n = control_units(row, &comparison);
        judged.check(row, "power", comparison.power(n).unwrap());
        return;
    }
    let size = comparison.required(row.given("power")).unwrap();
    if row.expects("achieved_power") {
        // This tool gives whole units.
        judged.check(row, "n_total", (size.control_units + size.treatment_units) as f64);
        judged.check(row, "achieved_power", size.power);
    } else {
        judged.check(row, "n_total", size.control + size.treatment);
    }
}

fn margins(row: &Row, lower: &str, upper: &str) -> (f64, f64) {
    (row.given(lower), row.given(upper))
}

fn one_rate(row: &Row, judged: &mut Judged) {
    let margins = margins(row, "margin_lower", "margin_upper");
    let got = equivalence::one_proportion(row.given("n"), row.given("alpha"), margins, row.given("p_true"));
    judged.check(row, "power", got.unwrap());
}

fn poisson(row: &Row, judged: &mut Judged) {
    let control = row.given("rate_control");
    let (lower, upper) = margins(row, "ratio_lower", "ratio_upper");
    let comparison = Comparison {
        endpoint: Endpoint::Count(Rates {
            control,
            exposure: 1.0,
            overdispersion: 0.0,
            measure: Measure::Ratio,
            null_variance: NullVariance::True,
        }),
        claim: Claim::Equivalence {
            lower: lower - 1.0,
            upper: upper - 1.0,
            true_effect: row.given("rate_treatment") / control - 1.0,
        },
        scale: Scale::Lift,
        alpha: row.given("alpha"),
        sides: Sides::One,
        allocation: 1.0,
        size_factor: 1.0,
    };
    judged.check(row, "power", comparison.power(row.given("n_per_group")).unwrap());
}
