//! Two means, one mean, ranks: sample size, power and detectable effect of one look.

use crate::row::{Judged, Kinds, Row, numbers};
use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::{MannWhitney, MeanTest, OneSample};
use expc::stats::omnibus::Anova;
use expc::stats::{Direction, Sides};

pub const KINDS: Kinds = &[
    ("mean.z", z),
    ("mean.z_margin", z),
    ("mean.z_unequal_var", z_unequal),
    ("mean.t", t),
    ("mean.t_margin", t),
    ("mean.welch_approx", welch_approx),
    ("mean.welch_exact", welch_exact),
    ("mean.t_paired", one_sample),
    ("mean.t_one.sample", one_sample),
    ("mann_whitney.noether", mann_whitney),
    ("anova.oneway", anova),
];

fn z(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::Z));
}

fn z_unequal(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::UnequalZ { sd_treatment: row.given("sd_treatment") }));
}

fn t(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::T));
}

fn welch_approx(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::Satterthwaite { sd_treatment: row.given("sd_treatment") }));
}

fn welch_exact(row: &Row, judged: &mut Judged) {
    judge(row, judged, means(row, MeanTest::Welch { sd_treatment: row.given("sd_treatment") }));
}

/// The comparison of a row, for each of its effects.
fn means(row: &Row, test: MeanTest) -> Vec<Comparison> {
    let sd = row.given(if row.has("sd_control") { "sd_control" } else { "sd" });
    let effects = if row.has("mean_diff") { row.list("mean_diff") } else { vec![1.0] };
    effects
        .into_iter()
        .map(|effect| frame(row, Endpoint::Mean { baseline: 0.0, sd, test }, claim(row, effect)))
        .collect()
}

pub fn sides(row: &Row) -> Sides {
    if row.given_or("sided", 2.0) == 2.0 { Sides::Two } else { Sides::One }
}

/// What the row's null says: superiority, by a margin, or non-inferiority.
pub fn claim(row: &Row, effect: f64) -> Claim {
    match row.given_or("null_difference", 0.0) {
        0.0 => Claim::Superiority { effect },
        // The event is adverse: the same margin upwards.
        null if row.has("note") => {
            Claim::NonInferiority { margin: -null, higher_is_better: false, true_effect: -effect }
        }
        null if null < 0.0 => Claim::NonInferiority { margin: -null, higher_is_better: true, true_effect: effect },
        null => Claim::SuperiorityByMargin { effect, margin: null },
    }
}

/// Level, sides and allocation of a row around its endpoint and claim.
pub fn frame(row: &Row, endpoint: Endpoint, claim: Claim) -> Comparison {
    let allocation = if row.has("n_treatment") {
        row.given("n_treatment") / row.given("n_control")
    } else {
        row.given_or("allocation_treatment_over_control", 1.0)
    };
    Comparison {
        endpoint,
        claim,
        scale: Scale::Difference,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation,
        size_factor: 1.0,
    }
}

/// Compares what the row asks for: one comparison for each of its effects.
pub fn judge(row: &Row, judged: &mut Judged, comparisons: Vec<Comparison>) {
    let first = comparisons[0];
    match row.word("solve_for") {
        "n" => size(row, judged, &first),
        "power" => power(row, judged, &comparisons),
        "mde" => detectable(row, judged, &first),
        other => panic!("{other} is not solved for"),
    }
}

fn size(row: &Row, judged: &mut Judged, comparison: &Comparison) {
    let goal = row.given("power");
    let size = comparison.required(goal).unwrap();
    judged.holds("power at the whole units", goal - 1e-12 <= size.power);
    let control =
        if row.flag("count_both_tails") { BothTails(*comparison).required(goal).unwrap() } else { size.control };
    let treatment = control * comparison.allocation;
    judged.check(row, "n_control", control);
    judged.check(row, "n_per_group", control);
    judged.check(row, "n_treatment", treatment);
    judged.check(row, "n_per_group_ceiled", size.control_units as f64);
    // One tool rounds each of its arms up before it adds them.
    let arms = row.given_or("treatment_arms", 1.0);
    let total =
        if row.tool.starts_with("booking") { size.control_units as f64 * (1.0 + arms) } else { control + treatment };
    judged.check(row, "n_total", total);
}

/// Control units of a row that gives the sample size.
pub fn control_units(row: &Row, comparison: &Comparison) -> f64 {
    ["n_control", "n_per_group"].into_iter().find(|key| row.has(key)).map_or_else(
        || row.given("n_total") / (1.0 + row.given_or("treatment_arms", 1.0) * comparison.allocation),
        |key| row.given(key),
    )
}

fn power(row: &Row, judged: &mut Judged, comparisons: &[Comparison]) {
    let got: Vec<f64> = comparisons
        .iter()
        .map(|comparison| {
            let n = control_units(row, comparison);
            if row.word("alternative") == "smaller" {
                return against(comparison, n);
            }
            let no_effect = matches!(comparison.claim, Claim::Superiority { effect: 0.0 });
            // rpact's power of a two-sided test of means has both tails, unlike its sample size.
            if row.flag("count_both_tails") || row.tool == "rpact" || no_effect {
                return BothTails(*comparison).power(n).unwrap();
            }
            comparison.power(n).unwrap()
        })
        .collect();
    if numbers(&row.expect["power"]).len() == 1 {
        judged.check(row, "power", got[0]);
    } else {
        judged.check_all(row, "power", &got);
    }
}

/// A one-sided test that looks the other way has the wrong tail of a two-sided test at twice its alpha.
fn against(comparison: &Comparison, n: f64) -> f64 {
    if let Claim::Superiority { effect: 0.0 } = comparison.claim {
        return BothTails(*comparison).power(n).unwrap();
    }
    Comparison { alpha: 2.0 * comparison.alpha, sides: Sides::Two, ..*comparison }.wrong_way(n).unwrap()
}

fn detectable(row: &Row, judged: &mut Judged, comparison: &Comparison) {
    let (n, goal) = (control_units(row, comparison), row.given("power"));
    let effect = if row.flag("count_both_tails") {
        BothTails(*comparison).detectable(n, goal, Direction::Up).unwrap()
    } else {
        comparison.detectable(n, goal, Direction::Up).unwrap()
    };
    judged.check(row, "mde", effect);
    judged.check(row, "mde_absolute", effect);
    if let Endpoint::Proportion { baseline, .. } = comparison.endpoint {
        judged.check(row, "p_treatment", baseline + effect);
        judged.check(row, "mde_relative", effect / baseline);
    }
}

fn one_sample(row: &Row, judged: &mut Judged) {
    let test = OneSample { effect: row.given("effect_size_d"), sd: 1.0, alpha: row.given("alpha"), sides: sides(row) };
    let n = row.given("n");
    let wrong = if row.flag("count_both_tails") { test.wrong_way(n).unwrap() } else { 0.0 };
    judged.check(row, "power", test.power(n).unwrap() + wrong);
}

fn mann_whitney(row: &Row, judged: &mut Judged) {
    let test = MannWhitney {
        probability_larger: row.given("prob_treatment_larger"),
        allocation: row.given_or("allocation_treatment_over_control", 1.0),
        alpha: row.given("alpha"),
        sides: sides(row),
    };
    let control = test.required(row.given("power")).unwrap();
    judged.check(row, "n_total", control * (1.0 + test.allocation));
    judged.holds("power at the size", (test.power(control).unwrap() - row.given("power")).abs() < 1e-12);
}

fn anova(row: &Row, judged: &mut Judged) {
    let test = Anova { effect: row.given("effect_size_f"), groups: row.given("groups"), alpha: row.given("alpha") };
    let units = test.required(row.given("power")).unwrap();
    judged.check(row, "n_per_group", units);
    judged.holds("power at the size", (test.power(units).unwrap() - row.given("power")).abs() < 1e-12);
}
