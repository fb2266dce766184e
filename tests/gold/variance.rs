//! Variances to plan with: ratio metrics, covariates, quantiles; and the tests of what was seen.

use crate::means::sides;
use crate::row::{Judged, Kinds, Row, number};
use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
use expc::stats::lift::Seen;
use expc::stats::mean::{MeanTest, welch_test};
use expc::stats::quantile;
use expc::stats::variance::{self, Joint};

pub const KINDS: Kinds = &[
    ("ratio.delta_variance", ratio),
    ("ratio.delta_power", ratio_power),
    ("cuped.adjusted_variance", adjusted),
    ("cuped.coverage", coverage),
    ("cuped.n", adjusted_size),
    ("quantile.variance_from_order_statistics", order_statistics),
    ("quantile.clustered_variance", clustered),
    ("quantile.power", quantile_power),
    ("analysis.welch_t", welch),
];

/// Units, sum and sum of squares of a part of the row.
fn sums(row: &Row, part: &str) -> (f64, (f64, f64)) {
    let field = |key: &str| number(&row.design[part][key]);
    (field("n"), (field("sum"), field("sum_squares")))
}

fn ratio(row: &Row, judged: &mut Judged) {
    let (n, numerator) = sums(row, "numerator");
    let (_, denominator) = sums(row, "denominator");
    let seen = Joint::from_sums(n, numerator, denominator, row.given("sum_of_products")).unwrap();
    judged.check(row, "ratio", seen.ratio());
    judged.check(row, "covariance", seen.covariance);
    judged.check(row, "unit_variance", seen.ratio_variance().unwrap());
}

/// Two arms with unit variances of their own, compared by a lift of the control value.
fn two_arms(row: &Row, control: f64, variances: (f64, f64), lift: f64) -> Comparison {
    let test = MeanTest::UnequalZ { sd_treatment: variances.1.sqrt() };
    Comparison {
        endpoint: Endpoint::Mean { baseline: control, sd: variances.0.sqrt(), test },
        claim: Claim::Superiority { effect: lift * control },
        scale: Scale::Difference,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: 1.0,
        size_factor: 1.0,
    }
}

/// Sessions S with the moments given; a user's rate L has the mean R and a coefficient of variation; clicks are Poisson
/// of L S. So `Var Y = E L^2 E S^2 - (R m)^2 + R m` and `Cov(Y, S) = R Var S`.
fn ratio_power(row: &Row, judged: &mut Judged) {
    let (mean, spread) = (row.given("denominator_mean"), row.given("denominator_variance"));
    let unit_variance = |rate: f64| {
        let rate_square = rate * rate * (1.0 + row.given("user_rate_cv").powi(2));
        let clicks = rate_square * (spread + mean * mean) - (rate * mean).powi(2) + rate * mean;
        variance::ratio((rate * mean, clicks), (mean, spread), rate * spread).unwrap()
    };
    let control = row.given("control_ratio");
    let lift = row.given("lift");
    let variances = (unit_variance(control), unit_variance(control * (1.0 + lift)));
    judged.check(row, "unit_variance_control", variances.0);
    judged.check(row, "unit_variance_treatment", variances.1);
    let n = row.given("n_per_group");
    let power = BothTails(two_arms(row, control, variances, lift)).power(n).unwrap();
    judged.check(row, "power_by_delta_method", power);
    judged.check(row, "power", power);
    let none = two_arms(row, control, (variances.0, variances.0), 0.0);
    judged.check(row, "type_i_error", BothTails(none).power(n).unwrap());
}

fn adjusted(row: &Row, judged: &mut Judged) {
    let arm = |name: &str| {
        let (n, outcome) = sums(row, &format!("post_{name}"));
        let (_, covariate) = sums(row, &format!("pre_{name}"));
        Joint::from_sums(n, outcome, covariate, row.given(&format!("post_pre_sum_{name}"))).unwrap()
    };
    let (control, treatment) = (arm("control"), arm("treatment"));
    let slope = control.pooled(&treatment).slope();
    judged.check(row, "theta", slope);
    for (name, arm) in [("control", control), ("treatment", treatment)] {
        let left = arm.adjusted(slope);
        judged.check(row, &format!("adjusted_mean_{name}"), left.mean);
        judged.check(row, &format!("adjusted_variance_{name}"), left.variance);
    }
}

fn coverage(row: &Row, judged: &mut Judged) {
    let rho = row.given("covariate_correlation_among_covered");
    judged.check(row, "variance_multiplier", variance::adjusted(rho, row.given("covered_share")).unwrap());
}

fn adjusted_size(row: &Row, judged: &mut Judged) {
    let rho = row.given("covariate_correlation");
    let factor = variance::adjusted(rho, 1.0).unwrap();
    judged.check(row, "variance_multiplier", factor);
    let power = row.given("power");
    let with = |test| Comparison {
        endpoint: Endpoint::Mean { baseline: 0.0, sd: row.given("sd"), test },
        claim: Claim::Superiority { effect: row.given("mean_diff") },
        ..two_arms(row, 0.0, (1.0, 1.0), 0.0)
    };
    let z = Comparison { size_factor: factor, ..with(MeanTest::Z) };
    judged.check(row, "n_per_group_z", z.required(power).unwrap().control);
    let t = with(MeanTest::Adjusted { r_squared: rho * rho, covariates: 1 });
    judged.check(row, "n_per_group_t", BothTails(t).required(power).unwrap());
}

fn bounds(row: &Row) -> (f64, f64) {
    (row.given("order_stat_lower"), row.given("order_stat_upper"))
}

fn order_statistics(row: &Row, judged: &mut Judged) {
    let got = quantile::from_order_statistics(bounds(row), 0.05, row.given("n"));
    judged.check(row, "unit_variance", got.unwrap());
}

fn clustered(row: &Row, judged: &mut Judged) {
    let below = Joint::from_sums(
        row.given("clusters"),
        (row.given("below_sum"), row.given("below_sum_squares")),
        (row.given("count_sum"), row.given("count_sum_squares")),
        row.given("below_count_sum_product"),
    );
    let got = quantile::clustered(row.given("quantile"), &below.unwrap(), bounds(row), 0.05).unwrap();
    judged.check(row, "indicator_ratio_variance", got.indicator_variance);
    judged.check(row, "unit_variance", got.variance);
}

/// A treatment that multiplies outcomes by `1 + lift` multiplies the deviation of the quantile by it.
fn quantile_power(row: &Row, judged: &mut Judged) {
    let (p, n, lift) = (row.given("quantile"), row.given("n_per_group"), row.given("lift"));
    let variance = quantile::from_density(p, row.given("density_at_quantile")).unwrap();
    judged.check(row, "unit_variance_control", variance);
    let variances = (variance, variance * (1.0 + lift) * (1.0 + lift));
    let power = BothTails(two_arms(row, row.given("quantile_value"), variances, lift)).power(n).unwrap();
    judged.check(row, "power_asymptotic", power);
    // Where the library cautions that the sample is too small for the quantile, the asymptotic power is no forecast.
    if quantile::caution(p, row.given("alpha"), n).unwrap().is_none() {
        judged.check(row, "power", power);
    }
}

fn welch(row: &Row, judged: &mut Judged) {
    let seen = |arm: &str| Seen {
        mean: row.given(&format!("mean_{arm}")),
        variance: row.given(&format!("var_{arm}")),
        units: row.given(&format!("n_{arm}")),
    };
    let scale = if row.word("scale") == "relative" { Scale::Lift } else { Scale::Difference };
    let test = welch_test(seen("control"), seen("treatment"), row.given("alpha"), scale).unwrap();
    judged.check(row, "estimate", test.estimate);
    judged.check(row, "variance_of_estimate", test.variance);
    judged.check(row, "df", test.df);
    judged.check(row, "p_value", test.p_value);
    judged.check_all(row, "ci", &[test.interval.0, test.interval.1]);
}
