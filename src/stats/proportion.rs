//! Two proportions: the deviations of the estimated difference under the null and under the truth.
//!
//! Both are per root control unit: the standard error is the deviation over `sqrt(n_control)`.
//! The sample size and the power follow in [`super::comparison`].

/// Which variance the test statistic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProportionTest {
    /// The variance under the null: pooled rates (Fleiss 1981) for a null of no difference, and the
    /// constrained maximum likelihood rates (Farrington and Manning 1990) for a margin. The score test.
    #[default]
    Pooled,
    /// Each arm's own variance. The Wald test.
    Unpooled,
}

/// Deviation of the difference at the true rates: `sqrt(p_c q_c + p_t q_t / r)`.
#[must_use]
pub fn deviation(control: f64, treatment: f64, allocation: f64) -> f64 {
    libm::sqrt(control * (1.0 - control) + treatment * (1.0 - treatment) / allocation)
}

/// Deviation that the test statistic assumes when the true rates are these and the null says that
/// treatment minus control is `null`.
#[must_use]
pub fn null_deviation(test: ProportionTest, control: f64, treatment: f64, null: f64, allocation: f64) -> f64 {
    match test {
        ProportionTest::Unpooled => deviation(control, treatment, allocation),
        ProportionTest::Pooled if null == 0.0 => {
            let pooled = (control + allocation * treatment) / (1.0 + allocation);
            libm::sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / allocation))
        }
        ProportionTest::Pooled => {
            let treated = constrained_treatment_rate(control, treatment, null, allocation);
            deviation(treated - null, treated, allocation)
        }
    }
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
