//! Distributions against 40-digit values.

use crate::gold::{Tally, rows};
use expc::stats::special::{incomplete_beta, incomplete_gamma};
use expc::stats::{noncentral, normal, srm, student};

#[test]
fn normal_distribution() {
    let mut tally = Tally::new("normal");
    for row in rows("primitives_normal.jsonl", &["prim.normal"]) {
        let x = row.given("x");
        tally.check(&row, "cdf", normal::cdf(x), row.expected("cdf"));
        tally.check(&row, "sf", normal::sf(x), row.expected("sf"));
        tally.check(&row, "pdf", normal::pdf(x), row.expected("pdf"));
        tally.check(&row, "log_cdf", normal::ln_cdf(x), row.expected("log_cdf"));
        tally.row();
    }
    tally.finish(14);
}

#[test]
fn normal_quantile() {
    let mut tally = Tally::new("normal quantile");
    for row in rows("primitives_normal.jsonl", &["prim.normal_quantile"]) {
        let got = normal::quantile(row.given("p"));
        tally.check(&row, "quantile", got, row.expected("quantile"));
        tally.row();
    }
    tally.finish(19);
}

#[test]
fn student_t() {
    let mut tally = Tally::new("student t");
    for row in rows("primitives_t.jsonl", &["prim.student_t"]) {
        let (t, df) = (row.given("t"), row.given("df"));
        tally.check(&row, "cdf", student::cdf(t, df), row.expected("cdf"));
        tally.check(&row, "sf", student::sf(t, df), row.expected("sf"));
        tally.row();
    }
    tally.finish(51);
}

#[test]
fn student_t_quantile() {
    let mut tally = Tally::new("student t quantile");
    for row in rows("primitives_t.jsonl", &["prim.student_t_quantile"]) {
        let got = student::quantile(row.given("p"), row.given("df"));
        tally.check(&row, "quantile", got, row.expected("quantile"));
        tally.row();
    }
    tally.finish(54);
}

#[test]
fn noncentral_t() {
    let mut tally = Tally::new("noncentral t");
    for row in rows("primitives_noncentral.jsonl", &["prim.noncentral_t"]) {
        let got = noncentral::tails(row.given("t"), row.given("df"), row.given("ncp"));
        tally.check(&row, "cdf", got.lower, row.expected("cdf"));
        tally.check(&row, "sf", got.upper, row.expected("sf"));
        for (got, want) in [(got.lower, row.expected("cdf")), (got.upper, row.expected("sf"))] {
            // The rows allow 1e-14 absolute; tails down to 1e-40 keep nine digits besides.
            let keeps = want < 1e-40 || (got - want).abs() <= 1e-9 * want;
            tally.holds(&row, "digits of the tail", keeps);
        }
        tally.row();
    }
    tally.finish(198);
}

#[test]
fn beta() {
    let mut tally = Tally::new("incomplete beta");
    for row in rows("primitives_beta_gamma_chi2_f.jsonl", &["prim.beta_reg"]) {
        let x = row.given("x");
        let got = incomplete_beta(row.given("a"), row.given("b"), x, 1.0 - x);
        tally.check(&row, "cdf", got.lower, row.expected("cdf"));
        tally.check(&row, "sf", got.upper, row.expected("sf"));
        tally.row();
    }
    tally.finish(23);
}

#[test]
fn f_distribution() {
    let mut tally = Tally::new("F through the beta");
    for row in rows("primitives_beta_gamma_chi2_f.jsonl", &["prim.f"]) {
        let get = |names: [&str; 2]| {
            let name = names.into_iter().find(|n| row.has(n)).unwrap();
            row.given(name)
        };
        let (d1, d2) = (get(["df1", "dfn"]), get(["df2", "dfd"]));
        let x = get(["x", "f"]);
        let whole = d1 * x + d2;
        let got = incomplete_beta(0.5 * d1, 0.5 * d2, d1 * x / whole, d2 / whole);
        tally.check(&row, "cdf", got.lower, row.expected("cdf"));
        tally.check(&row, "sf", got.upper, row.expected("sf"));
        tally.row();
    }
    tally.finish(24);
}

#[test]
fn gamma() {
    let mut tally = Tally::new("incomplete gamma");
    for row in rows("primitives_beta_gamma_chi2_f.jsonl", &["prim.gamma_reg"]) {
        let got = incomplete_gamma(row.given("a"), row.given("x"));
        tally.check(&row, "lower", got.lower, row.expected("lower"));
        tally.check(&row, "upper", got.upper, row.expected("upper"));
        tally.row();
    }
    tally.finish(18);
}

#[test]
fn chi_square() {
    let mut tally = Tally::new("chi-square");
    for row in rows("primitives_beta_gamma_chi2_f.jsonl", &["prim.chi2"]) {
        let got = srm::chi_square_tails(row.given("x"), row.given("df"));
        tally.check(&row, "cdf", got.lower, row.expected("cdf"));
        tally.check(&row, "sf", got.upper, row.expected("sf"));
        tally.row();
    }
    tally.finish(14);
}
