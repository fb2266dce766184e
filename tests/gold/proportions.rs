//! Two proportions: sample size, power and detectable effect of one look.

use crate::means::{claim, control_units, frame, judge};
use crate::row::{Judged, Kinds, Row};
use expc::stats::comparison::{BothTails, Claim, Comparison, Endpoint, Scale};
use expc::stats::exact::Unconditional;
use expc::stats::omnibus::GoodnessOfFit;
use expc::stats::proportion::{ProportionTest, arcsine_difference};

pub const KINDS: Kinds = &[
    ("prop.z_pooled", pooled),
    ("prop.z_unpooled", unpooled),
    ("prop.arcsine", arcsine),
    ("prop.z_pooled_continuity_corrected", corrected),
    ("prop.z_log_odds_ratio", log_odds),
    ("prop.margin_difference_farrington_manning", pooled),
    ("prop.margin_difference_unpooled", unpooled),
    ("prop.margin_ratio_farrington_manning", ratio_margin),
    ("prop.fisher_exact", fisher),
    ("prop.exact_unconditional_score", unconditional),
    ("chisq.gof", goodness_of_fit),
];

fn rates(row: &Row, test: ProportionTest) -> Comparison {
    let baseline = row.given("p_control");
    let effect = if row.has("p_treatment") { row.given("p_treatment") - baseline } else { 0.01 };
    frame(row, Endpoint::Proportion { baseline, test }, claim(row, effect))
}

fn pooled(row: &Row, judged: &mut Judged) {
    judge(row, judged, vec![rates(row, ProportionTest::Pooled)]);
}

fn unpooled(row: &Row, judged: &mut Judged) {
    judge(row, judged, vec![rates(row, ProportionTest::Unpooled)]);
}

fn log_odds(row: &Row, judged: &mut Judged) {
    judge(row, judged, vec![rates(row, ProportionTest::LogOdds)]);
}

fn arcsine(row: &Row, judged: &mut Judged) {
    judged.check(row, "effect_size_h", arcsine_difference(row.given("p_control"), row.given("p_treatment")).abs());
    judge(row, judged, vec![rates(row, ProportionTest::Arcsine)]);
}

fn corrected(row: &Row, judged: &mut Judged) {
    let comparison = rates(row, ProportionTest::ContinuityCorrected);
    judge(row, judged, vec![comparison]);
    let plain = rates(row, ProportionTest::Pooled).required(row.given("power")).unwrap();
    judged.check(row, "n_control_uncorrected", plain.control);
}

/// The margin is a ratio: a lift.
fn ratio_margin(row: &Row, judged: &mut Judged) {
    let plain = rates(row, ProportionTest::Pooled);
    let effect = row.given("p_treatment") / row.given("p_control") - 1.0;
    let null = row.given("null_ratio") - 1.0;
    let claim = if null == 0.0 {
        Claim::Superiority { effect }
    } else if null < 0.0 {
        Claim::NonInferiority { margin: -null, higher_is_better: true, true_effect: effect }
    } else {
        Claim::SuperiorityByMargin { effect, margin: null }
    };
    judge(row, judged, vec![Comparison { claim, scale: Scale::Lift, ..plain }]);
}

/// The arms of a total, as the tables round them.
fn arms(row: &Row) -> (f64, f64) {
    let r = row.given_or("allocation_treatment_over_control", 1.0);
    let treatment = (row.given("n_total") * r / (1.0 + r) + 0.5).floor();
    (row.given("n_total") - treatment, treatment)
}

fn fisher(row: &Row, judged: &mut Judged) {
    let comparison = rates(row, ProportionTest::FisherExact);
    if row.word("solve_for") == "n" {
        let size = comparison.required(row.given("power")).unwrap();
        judged.check(row, "n_total", (size.control_units + size.treatment_units) as f64);
        let whole = Comparison { allocation: size.treatment / size.control, ..comparison };
        judged.check(row, "power", BothTails(whole).power(size.control).unwrap());
        return;
    }
    let (control, treatment) = arms(row);
    let whole = Comparison { allocation: treatment / control, ..comparison };
    judged.check(row, "power", BothTails(whole).power(control).unwrap());
}

fn unconditional(row: &Row, judged: &mut Judged) {
    let comparison = rates(row, ProportionTest::ExactUnconditional);
    let n = control_units(row, &comparison);
    judged.check(row, "power", comparison.power(n).unwrap());
    let (control, treatment) = arms(row);
    let test = Unconditional::new(control as u32, treatment as u32, 0.0, row.given("alpha")).unwrap();
    judged.check(row, "attained_alpha", test.attained_alpha());
}

fn goodness_of_fit(row: &Row, judged: &mut Judged) {
    let (effect, df) = (row.given("effect_size_w"), row.given("df"));
    let test = GoodnessOfFit { effect, degrees_of_freedom: df, alpha: row.given("alpha") };
    let units = test.required(row.given("power")).unwrap();
    judged.check(row, "n_total", units);
    judged.holds("power at the size", (test.power(units).unwrap() - row.given("power")).abs() < 1e-12);
}
