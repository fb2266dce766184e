//! Always-valid inference against confseq, gbstats, savvi and an independent recursion.

use crate::row::{Judged, Kinds, Row};
use expc::stats::Sides;
use expc::stats::anytime::planning::{Boundary, Schedule, Sequence};
use expc::stats::anytime::stitching::{Epochs, polynomial_bound, quantile_bound};
use expc::stats::anytime::sums::{Mixture, Tail, rate_interval};
use expc::stats::anytime::{NormalMixture, mixture_ln_likelihood_ratio, p_value, regression_ln_evidence};
use expc::stats::estimate::Estimate;
use expc::stats::lift::Seen;

pub const KINDS: Kinds = &[
    ("anytime.rho", rho),
    ("anytime.asymptotic_cs", asymptotic_cs),
    ("anytime.msprt_log_lr", msprt_log_lr),
    ("anytime.regression_t_e_value", regression_t),
    ("anytime.normal_mixture_bound", sum_bound),
    ("anytime.normal_log_mixture", normal_log_mixture),
    ("anytime.gamma_exponential_bound", sum_bound),
    ("anytime.gamma_poisson_bound", sum_bound),
    ("anytime.beta_binomial_bound", sum_bound),
    ("anytime.poly_stitching_bound", poly_stitching),
    ("anytime.bernoulli_cs", bernoulli),
    ("anytime.quantile_double_stitching", quantile_stitching),
    ("anytime.asymptotic_cs_first_passage", first_passage),
    ("anytime.msprt_first_passage", first_passage),
    ("anytime.asymptotic_cs_sample_size", sample_size),
];

/// The rho squared of a sequence tuned by the closed form.
fn tuned(alpha: f64, units: f64) -> f64 {
    NormalMixture::new(alpha, Sides::Two).unwrap().nearly_tightest() / units
}

fn rho(row: &Row, judged: &mut Judged) {
    judged.check(row, "rho", tuned(row.given("alpha"), row.given("tuning_parameter")).sqrt());
}

/// The estimate that a row's arms give, on its scale.
pub fn estimate(row: &Row) -> Estimate {
    let arm = |name: &str| Seen {
        mean: row.given(&format!("mean_{name}")),
        variance: row.given(&format!("var_{name}")),
        units: row.given(&format!("n_{name}")),
    };
    let (control, treatment) = (arm("control"), arm("treatment"));
    match row.word("scale") {
        "relative" => Estimate::lift(control, treatment),
        _ => Estimate::difference(control, treatment),
    }
    .unwrap()
}

fn asymptotic_cs(row: &Row, judged: &mut Judged) {
    let alpha = row.given("alpha");
    let sequence = NormalMixture::new(alpha, Sides::Two).unwrap();
    let estimate = estimate(row);
    let rho2 = tuned(alpha, row.given("tuning_parameter"));
    let precision = rho2 * estimate.units;
    let half = sequence.half_width(estimate.standard_error, precision);
    judged.check(row, "estimate", estimate.effect);
    judged.check(row, "rho", rho2.sqrt());
    judged.check_all(row, "ci", &[estimate.effect - half, estimate.effect + half]);
    judged.check(row, "p_value", p_value(estimate.z(), precision, Sides::Two));
}

fn msprt_log_lr(row: &Row, judged: &mut Judged) {
    let (variance, mixing_sd) = (row.given("variance_of_estimate"), row.given("mixing_sd"));
    let estimate = row.given("estimate");
    judged.check(row, "log_mixture_lr", mixture_ln_likelihood_ratio(estimate, variance, mixing_sd).unwrap());
    let p = p_value(estimate / variance.sqrt(), mixing_sd * mixing_sd / variance, Sides::Two);
    judged.check(row, "p_value", p);
}

fn regression_t(row: &Row, judged: &mut Judged) {
    let ln_e =
        regression_ln_evidence(row.given("t_squared"), row.given("nu"), row.given("phi"), row.given("z_squared"));
    judged.check(row, "log_e_value", ln_e.unwrap());
}

fn sides(row: &Row) -> Sides {
    if row.flag("one_sided") { Sides::One } else { Sides::Two }
}

fn mixture(row: &Row) -> Mixture {
    let tail = match row.kind.as_str() {
        "anytime.gamma_exponential_bound" => Tail::GammaExponential { scale: row.given("c") },
        "anytime.gamma_poisson_bound" => Tail::GammaPoisson { scale: row.given("c") },
        "anytime.beta_binomial_bound" => {
            Tail::BetaBinomial { below: row.given("g"), above: row.given("h"), sides: sides(row) }
        }
        _ => Tail::Normal { sides: sides(row) },
    };
    Mixture::tuned(tail, row.given("v_opt"), row.given("alpha_opt")).unwrap()
}

fn sum_bound(row: &Row, judged: &mut Judged) {
    judged.check(row, "bound", mixture(row).bound(row.given("v"), row.given("alpha")).unwrap());
}

fn normal_log_mixture(row: &Row, judged: &mut Judged) {
    judged.check(row, "log_e_value", mixture(row).ln_evidence(row.given("s"), row.given("v")));
}

fn epochs(row: &Row) -> Epochs {
    Epochs { power: row.given("s"), eta: row.given("eta") }
}

fn poly_stitching(row: &Row, judged: &mut Judged) {
    let bound = polynomial_bound(row.given("v"), row.given("alpha"), row.given("v_min"), row.given("c"), epochs(row));
    judged.check(row, "bound", bound.unwrap());
}

fn bernoulli(row: &Row, judged: &mut Judged) {
    let (low, high) =
        rate_interval(row.given("successes"), row.given("n"), row.given("alpha"), row.given("t_opt")).unwrap();
    judged.check(row, "lower", low);
    judged.check(row, "upper", high);
}

fn quantile_stitching(row: &Row, judged: &mut Judged) {
    let bound = quantile_bound(
        row.given("quantile"),
        row.given("t"),
        row.given("alpha"),
        row.given("t_opt"),
        row.given("delta"),
        epochs(row),
    );
    judged.check(row, "bound", bound.unwrap());
}

/// The test that a row plans: two equal arms.
fn sequence(row: &Row) -> Sequence {
    let boundary = if row.has("mixing_sd") {
        Boundary::Msprt { mixing_sd: row.given("mixing_sd") }
    } else if row.has("rho") {
        Boundary::AsymptoticCs { rho: row.given("rho") }
    } else {
        Boundary::TunedTo { units: row.given("tuning_parameter") }
    };
    let sd = row.given("sd");
    Sequence { boundary, alpha: row.given("alpha"), sides: Sides::Two, unit_variance: 4.0 * sd * sd }
}

fn first_passage(row: &Row, judged: &mut Judged) {
    let sequence = sequence(row);
    let sizes = row.list("n_total_per_look");
    let most = *sizes.last().unwrap();
    let looks = Schedule::Planned(sizes.iter().map(|n| n / most).collect());
    let effect = row.given("mean_diff");
    let passage = sequence.passage(&looks, most, effect).unwrap();
    judged.check_all(row, "boundary_z", &passage.bounds);
    judged.check(row, "reject_right_direction", passage.power());
    judged.check(row, "reject_wrong_direction", passage.wrong_direction());
    judged.check(row, "expected_n_total", passage.expected_units());
    judged.check_all(row, "reject_prob_per_look", &passage.stops());
    // The row counts both directions of its last look.
    let once = sequence.passage(&Schedule::Planned(vec![1.0]), most, effect).unwrap();
    judged.check(row, "power_at_last_look_only", once.power() + once.wrong_direction());
}

fn sample_size(row: &Row, judged: &mut Judged) {
    let sequence = sequence(row);
    let looks = row.given("looks") as usize;
    let (effect, power) = (row.given("mean_diff"), row.given("power"));
    let plan = sequence.required(&Schedule::equal(looks), effect, power).unwrap();
    let price = sequence.price(&Schedule::equal(looks), effect, power).unwrap();
    judged.check(row, "n_total_max_first_passage", plan.units);
    judged.check(row, "expected_n_total", plan.expected_units());
    judged.check(row, "n_total_last_point_rule", price.last_point);
    judged.check(row, "n_total_fixed_horizon", price.fixed);
    // With one look the two rules are one; the row gives the rounding of its own two searches.
    if looks == 1 {
        judged.holds("one look saves nothing", price.saving() == 0.0);
    } else {
        judged.check(row, "saving_over_last_point_rule", price.saving());
    }
}
