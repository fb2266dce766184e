//! Distributions and special functions against 40-digit values.

use crate::row::{Judged, Kinds, Row};
use expc::stats::{normal, student};

pub const KINDS: Kinds = &[
    ("prim.normal", normal_distribution),
    ("prim.normal_quantile", normal_quantile),
    ("prim.student_t", student_t),
    ("prim.student_t_quantile", student_t_quantile),
];

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
    let (t, df) = (row.given("t"), row.given("df"));
    judged.check(row, "cdf", student::cdf(t, df));
    judged.check(row, "sf", student::sf(t, df));
}

fn student_t_quantile(row: &Row, judged: &mut Judged) {
    judged.check(row, "quantile", student::quantile(row.given("p"), row.given("df")));
}
