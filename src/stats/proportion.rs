//! Two proportions: the deviations of the estimated difference under the null and under the truth.
//!
//! Both are per root control unit: the standard error is the deviation over `sqrt(n_control)`.
//! The sample size and the power follow in [`super::comparison`].

/// How two rates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProportionTest {
    /// The variance under the null: pooled rates (Fleiss 1981) for a null of no difference, and the
    /// constrained maximum likelihood rates (Farrington and Manning 1990) for a margin. The score test.
    #[default]
    Pooled,
    /// Each arm's own variance. The Wald test; of a lift, by the delta method.
    Unpooled,
    /// The difference of `2 asin sqrt p`, whose variance is 1 at every rate (Cohen 1988).
    Arcsine,
    /// The score test with half a unit taken from either count (Casagrande, Pike and Smith 1978; Fleiss, Tytun and
    /// Ury 1980): close to Fisher's exact test.
    ContinuityCorrected,
    /// Fisher's exact test, for up to 5000 units a variant ([`super::exact`]).
    FisherExact,
    /// The exact unconditional test on the score statistic, for up to 5000 units a variant ([`super::exact`]).
    ExactUnconditional,
    /// The log of the odds ratio, variance `1/(p q)` an arm; under the null at the rates of largest likelihood.
    LogOdds,
}

/// Deviation of the difference at the true rates: `sqrt(p_c q_c + p_t q_t / r)`.
#[must_use]
pub fn deviation(control: f64, treatment: f64, allocation: f64) -> f64 {
    libm::sqrt(control * (1.0 - control) + treatment * (1.0 - treatment) / allocation)
}

/// Deviation that the test statistic assumes when the true rates are these and the null says that
/// treatment minus control is `null`: that of the score test unless the test is [`ProportionTest::Unpooled`].
#[must_use]
pub fn null_deviation(test: ProportionTest, control: f64, treatment: f64, null: f64, allocation: f64) -> f64 {
    match test {
        ProportionTest::Unpooled => deviation(control, treatment, allocation),
        _ if null == 0.0 => {
            let pooled = (control + allocation * treatment) / (1.0 + allocation);
            libm::sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / allocation))
        }
        _ => {
            let treated = constrained_treatment_rate(control, treatment, null, allocation);
            deviation(treated - null, treated, allocation)
        }
    }
}

/// `2 asin sqrt t - 2 asin sqrt c` without its cancellation: Cohen's h.
///
/// ```
/// let h = expc::stats::proportion::arcsine_difference(0.05, 0.06);
/// assert!((h - 0.043_907_314_544_633).abs() < 1e-14);
/// ```
#[must_use]
pub fn arcsine_difference(control: f64, treatment: f64) -> f64 {
    let roots = libm::sqrt(treatment * (1.0 - control)) + libm::sqrt(control * (1.0 - treatment));
    2.0 * libm::asin(((treatment - control) / roots).clamp(-1.0, 1.0))
}

/// Deviation of the log odds ratio: `sqrt(1/(p_c q_c) + 1/(r p_t q_t))`.
#[must_use]
pub fn odds_deviation(control: f64, treatment: f64, allocation: f64) -> f64 {
    libm::sqrt(1.0 / (control * (1.0 - control)) + 1.0 / (allocation * treatment * (1.0 - treatment)))
}

/// [`odds_deviation`] at the rates of largest likelihood whose odds have this ratio: those with the same
/// `p_c + r p_t`, which at a ratio of 1 are the pooled rate twice.
#[must_use]
pub fn odds_deviation_at(odds_ratio: f64, control: f64, treatment: f64, allocation: f64) -> f64 {
    let total = control + allocation * treatment;
    let excess = odds_ratio - 1.0;
    // The root of `excess p^2 + b p - total = 0` inside (0, 1), in the form that does not cancel.
    let b = 1.0 + allocation * odds_ratio - total * excess;
    let p = 2.0 * total / (b + libm::sqrt(b * b + 4.0 * excess * total));
    let q = odds_ratio * p / (1.0 + excess * p);
    odds_deviation(p, q, allocation)
}

/// Deviation of the contrast `p_t - R p_c` at the true rates: `sqrt(R^2 p_c q_c + p_t q_t / r)`.
#[must_use]
pub fn ratio_deviation(control: f64, treatment: f64, ratio: f64, allocation: f64) -> f64 {
    libm::sqrt(ratio * ratio * control * (1.0 - control) + treatment * (1.0 - treatment) / allocation)
}

/// [`ratio_deviation`] at the rates of largest likelihood with `p_t = R p_c` (Farrington and Manning 1990,
/// Miettinen and Nurminen 1985): the score test of a ratio of rates.
#[must_use]
pub fn ratio_null_deviation(control: f64, treatment: f64, ratio: f64, allocation: f64) -> f64 {
    // R (1 + r) p^2 - (1 + R p_c + r (R + p_t)) p + p_c + r p_t = 0; the smaller root, without cancellation.
    let a = ratio * (1.0 + allocation);
    let b = 1.0 + ratio * control + allocation * (ratio + treatment);
    let c = control + allocation * treatment;
    let p = 2.0 * c / (b + libm::sqrt((b * b - 4.0 * a * c).max(0.0)));
    ratio_deviation(p, ratio * p, ratio, allocation)
}

/// The treatment rate of largest likelihood among those with treatment minus control equal to `null`
/// (Farrington and Manning 1990; theta is control units over treatment units). NaN unless `null` is in (-1, 1).
#[must_use]
pub fn constrained_treatment_rate(control: f64, treatment: f64, null: f64, allocation: f64) -> f64 {
    if null.is_nan() || 1.0 <= null.abs() {
        return f64::NAN;
    }
    let theta = 1.0 / allocation;
    let a = 1.0 + theta;
    let b = -(1.0 + theta + treatment + theta * control + null * (theta + 2.0));
    let c = null * null + null * (2.0 * treatment + theta + 1.0) + treatment + theta * control;
    let d = -treatment * null * (1.0 + null);
    let third = b / (3.0 * a);
    let v = third * third * third - b * c / (6.0 * a * a) + d / (2.0 * a);
    let u = libm::sqrt((third * third - c / (3.0 * a)).max(0.0)).copysign(v);
    let cube = u * u * u;
    let cosine = if cube == 0.0 { 0.0 } else { (v / cube).clamp(-1.0, 1.0) };
    let w = (std::f64::consts::PI + libm::acos(cosine)) / 3.0;
    let (low, high) = (null.max(0.0), (1.0 + null).min(1.0));
    polish((2.0 * u * libm::cos(w) - third).clamp(low, high), (low, high), control, treatment, null, theta)
}

/// Newton steps on the score equation. The trigonometric root loses half its digits where the cubic
/// is nearly degenerate (acos close to 1), which is where rates are small.
fn polish(start: f64, (low, high): (f64, f64), control: f64, treatment: f64, null: f64, theta: f64) -> f64 {
    let mut p = start;
    for _ in 0..4 {
        let q = p - null;
        let (vp, vq) = (p * (1.0 - p), q * (1.0 - q));
        if !(0.0 < vp && 0.0 < vq) {
            return start;
        }
        let score = (treatment - p) / vp + theta * (control - q) / vq;
        let curvature = treatment / (p * p)
            + (1.0 - treatment) / ((1.0 - p) * (1.0 - p))
            + theta * (control / (q * q) + (1.0 - control) / ((1.0 - q) * (1.0 - q)));
        let next = p + score / curvature;
        if !(low < next && next < high) {
            return start;
        }
        let moved = (next - p).abs();
        p = next;
        if moved <= 4.0 * f64::EPSILON * p {
            break;
        }
    }
    p
}
