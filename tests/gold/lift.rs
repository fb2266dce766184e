//! Lifts by the delta method, with the control's variance in both arms, and the curve over the weeks.

use crate::means::sides;
use crate::row::{Judged, Kinds, Row};
use expc::stats::anytime::NormalMixture;
use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::{Direction, Sides, normal};

pub const KINDS: Kinds = &[
    ("relative_lift.delta_z", lift),
    ("relative_lift.asymptotic_cs_marginal_power", lift),
    ("curve.power_and_mde_by_week", weeks),
];

/// The comparison of a row with so many units in both arms.
///
/// For a confidence sequence the tool widens the standard error until the fixed interval is as wide as the sequence,
/// which is a factor on the sample size. (The probability to have excluded 0 at that size is larger: it is that of the
/// fixed test with the sequence's critical value.)
fn comparison(row: &Row, both_arms: f64) -> Comparison {
    let (baseline, sd) = if row.has("p_control") {
        let p = row.given("p_control");
        (p, (p * (1.0 - p)).sqrt())
    } else {
        (row.given("mean_control"), row.given("sd"))
    };
    let alpha = row.given("alpha");
    let mut size_factor = 1.0;
    if row.has("sequential_tuning_parameter") {
        let sequence = NormalMixture::new(alpha, Sides::Two).unwrap();
        let precision = sequence.nearly_tightest() * both_arms / row.given("sequential_tuning_parameter");
        size_factor = (sequence.bound(precision) / normal::upper_quantile(alpha / 2.0)).powi(2);
    }
    Comparison {
        endpoint: Endpoint::Mean { baseline, sd, test: MeanTest::Z },
        claim: Claim::Superiority { effect: row.given_or("lift", 0.05) },
        scale: Scale::Lift,
        alpha,
        sides: sides(row),
        allocation: 1.0,
        size_factor,
    }
}

fn lift(row: &Row, judged: &mut Judged) {
    let n = row.given("n_total") / row.given("arms");
    let comparison = comparison(row, 2.0 * n);
    match row.word("solve_for") {
        "mde" => {
            let got = comparison.detectable(n, row.given("power"), Direction::Up);
            judged.check(row, "mde_relative", got.unwrap());
        }
        _ => judged.check(row, "power", BothTails(comparison).power(n).unwrap()),
    }
}

fn weeks(row: &Row, judged: &mut Judged) {
    let (mut powers, mut effects) = (Vec::new(), Vec::new());
    for week in 1..=row.given("weeks") as u32 {
        let n = f64::from(week) * row.given("users_per_week") / row.given("arms");
        let comparison = comparison(row, 2.0 * n);
        powers.push(BothTails(comparison).power(n).unwrap());
        effects.push(comparison.detectable(n, row.given("target_power"), Direction::Up).unwrap());
    }
    judged.check_all(row, "power_by_week", &powers);
    judged.check_all(row, "mde_relative_by_week", &effects);
    // The tool rounds the power to two decimals first.
    let enough = powers.iter().position(|power| row.given("target_power") <= (power * 100.0).round() / 100.0);
    judged.check(row, "weeks_needed", enough.map_or(f64::NAN, |week| week as f64 + 1.0));
}
