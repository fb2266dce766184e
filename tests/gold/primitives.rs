//! Distributions and special functions against 40-digit values.

use crate::row::{Judged, Kinds, Row, numbers};
use expc::stats::special::{self, Tails};
use expc::stats::{bivariate, multivariate, noncentral, normal, student};

pub const KINDS: Kinds = &[
    ("prim.normal", normal_distribution),
    ("prim.normal_quantile", normal_quantile),
    ("prim.student_t", student_t),
    ("prim.student_t_quantile", student_t_quantile),
    ("prim.noncentral_t", noncentral_t),
    ("prim.noncentral_chi2", noncentral_chi_square),
    ("prim.noncentral_f", noncentral_f),
    ("prim.beta_reg", beta),
    ("prim.gamma_reg", gamma),
    ("prim.ln_gamma", ln_gamma),
    ("prim.chi2", chi_square),
    ("prim.f", f_ratio),
    ("prim.bivariate_normal", bivariate_normal),
    ("prim.owen_t", owen_t),
    ("prim.mvn_equicorrelated", equicorrelated),
    ("prim.mvn", any_correlations),
];

fn both(row: &Row, judged: &mut Judged, got: Tails) {
    judged.check(row, "cdf", got.lower);
    judged.check(row, "sf", got.upper);
}

fn normal_distribution(row: &Row, judged: &mut Judged) {
    let x = row.given("x");
    judged.check(row, "cdf", normal::cdf(x));
    judged.check(row, "sf", normal::sf(x));
    judged.check(row, "pdf", normal::pdf(x));
    judged.check(row, "log_cdf", normal::ln_cdf(x));
}

fn normal_quantile(row: &Row, judged: &mut Judged) {
    judged.check(row, "quantile", normal::quantile(row.given("p")));
}

fn student_t(row: &Row, judged: &mut Judged) {
    both(row, judged, student::tails(row.given("t"), row.given("df")));
}

fn student_t_quantile(row: &Row, judged: &mut Judged) {
    judged.check(row, "quantile", student::quantile(row.given("p"), row.given("df")));
}

fn noncentral_t(row: &Row, judged: &mut Judged) {
    let got = noncentral::tails(row.given("t"), row.given("df"), row.given("ncp"));
    both(row, judged, got);
    for (got, want) in [(got.lower, row.expected("cdf")), (got.upper, row.expected("sf"))] {
        // The rows allow 1e-14 absolute; tails down to 1e-40 keep nine digits besides.
        judged.holds("nine digits of the tail", want < 1e-40 || (got - want).abs() <= 1e-9 * want);
    }
}

fn noncentral_chi_square(row: &Row, judged: &mut Judged) {
    let got = noncentral::chi_square_tails(row.given("x"), row.given("df"), row.given("ncp"));
    both(row, judged, got);
    for (got, want) in [(got.lower, row.expected("cdf")), (got.upper, row.expected("sf"))] {
        judged.holds("ten digits of the tail", (got - want).abs() <= 1e-10 * want);
    }
}

fn noncentral_f(row: &Row, judged: &mut Judged) {
    both(row, judged, noncentral::f_tails(row.given("x"), row.given("df1"), row.given("df2"), row.given("ncp")));
}

fn beta(row: &Row, judged: &mut Judged) {
    let x = row.given("x");
    both(row, judged, special::incomplete_beta(row.given("a"), row.given("b"), x, 1.0 - x));
}

fn gamma(row: &Row, judged: &mut Judged) {
    let got = special::incomplete_gamma(row.given("a"), row.given("x"));
    judged.check(row, "lower", got.lower);
    judged.check(row, "upper", got.upper);
}

fn ln_gamma(row: &Row, judged: &mut Judged) {
    judged.check(row, "ln_gamma", special::ln_gamma(row.given("x")));
}

fn chi_square(row: &Row, judged: &mut Judged) {
    both(row, judged, special::chi_square(row.given("x"), row.given("df")));
}

fn f_ratio(row: &Row, judged: &mut Judged) {
    both(row, judged, special::f_ratio(row.given("x"), row.given("df1"), row.given("df2")));
}

fn bivariate_normal(row: &Row, judged: &mut Judged) {
    judged.check(row, "cdf", bivariate::cdf(row.given("h"), row.given("k"), row.given("rho")));
}

fn owen_t(row: &Row, judged: &mut Judged) {
    judged.check(row, "t", bivariate::owen_t(row.given("h"), row.given("a")));
}

fn equicorrelated(row: &Row, judged: &mut Judged) {
    let got = multivariate::equicorrelated(
        row.given("dim") as usize,
        row.given("rho"),
        f64::NEG_INFINITY,
        row.given("upper"),
    );
    judged.check(row, "cdf", got.unwrap().lower);
}

fn any_correlations(row: &Row, judged: &mut Judged) {
    let upper = row.list("upper");
    let lower = if row.has("lower") { row.list("lower") } else { vec![f64::NEG_INFINITY; upper.len()] };
    let rows: Vec<Vec<f64>> = row.design["correlation_rows"].as_array().unwrap().iter().map(numbers).collect();
    judged.check(row, "cdf", multivariate::rectangle(&lower, &upper, &rows).unwrap());
}
