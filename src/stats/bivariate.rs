//! Two correlated normal variables, and Owen's T function under them.
//!
//! Start at [`cdf`]; [`owen_t`] does the work. More than two variables are [`multivariate`](super::multivariate).

use super::normal;
use super::quadrature::panels;
use std::f64::consts::{FRAC_1_PI, PI};

/// P(X <= h, Y <= k) of standard normal variables with the given correlation.
///
/// Owen's formula (1956): half of each margin less `T(h, (k/h - r)/sqrt(1 - r^2))` and its mirror image. The absolute
/// error is below 3e-15; a probability as small as that keeps no digits. Infinite limits are limits; NaN unless the
/// correlation lies in [-1, 1].
///
/// ```
/// use expc::stats::bivariate;
///
/// // Two comparisons with one control, all arms of one size.
/// assert!((bivariate::cdf(0.0, 0.0, 0.5) - 1.0 / 3.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(h: f64, k: f64, correlation: f64) -> f64 {
    let r = correlation;
    if h.is_nan() || k.is_nan() || !(-1.0..=1.0).contains(&r) {
        return f64::NAN;
    }
    // Beyond 40 a margin is 0 or 1 in doubles.
    if h <= -40.0 || k <= -40.0 {
        return 0.0;
    }
    if 40.0 <= h || 40.0 <= k {
        return normal::cdf(h.min(k));
    }
    if r == 0.0 {
        return normal::cdf(h) * normal::cdf(k);
    }
    if r == 1.0 {
        return normal::cdf(h.min(k));
    }
    if r == -1.0 {
        return if -h < k { difference(-h, k) } else { 0.0 };
    }
    if h == 0.0 && k == 0.0 {
        return 0.25 + 0.5 * FRAC_1_PI * libm::asin(r);
    }
    let s = libm::sqrt((1.0 - r) * (1.0 + r));
    // k - r h and h - r k without the cancellation near |r| = 1.
    let (over_h, over_k) = if 0.0 < r {
        ((k - h) + (1.0 - r) * h, (h - k) + (1.0 - r) * k)
    } else {
        ((k + h) - (1.0 + r) * h, (h + k) - (1.0 + r) * k)
    };
    let apart = h < 0.0 && 0.0 < k || k < 0.0 && 0.0 < h || (h == 0.0 || k == 0.0) && h + k < 0.0;
    let half = if apart { 0.5 } else { 0.0 };
    let margins = 0.5 * normal::cdf(h) + 0.5 * normal::cdf(k) - half;
    (margins - along(h, over_h, s) - along(k, over_k, s)).clamp(0.0, 1.0)
}

/// `T(h, rise / (h s))`, also where `h` is 0.
fn along(h: f64, rise: f64, s: f64) -> f64 {
    if h == 0.0 { 0.25_f64.copysign(rise) } else { owen_t(h, rise / (h * s)) }
}

/// P(a < X <= b) from the smaller tails.
pub(crate) fn difference(a: f64, b: f64) -> f64 {
    if b <= a {
        0.0
    } else if 0.0 < a {
        normal::sf(a) - normal::sf(b)
    } else if b < 0.0 {
        normal::cdf(b) - normal::cdf(a)
    } else {
        1.0 - normal::cdf(a) - normal::sf(b)
    }
}

/// Owen's T: the mass of two independent normal variables over `{x > h, 0 < y < a x}`.
///
/// `T(h, a) = 1/(2 pi) int_0^a exp(-h^2 (1 + x^2)/2) / (1 + x^2) dx` (Owen 1956), by Gauss-Legendre panels up to
/// `a = 1`, and by its reflection `T(h, a) + T(a h, 1/a) = (Q(h) + Q(a h))/2 - Q(h) Q(a h)` above. NaN when either is
/// NaN.
#[must_use]
pub fn owen_t(h: f64, a: f64) -> f64 {
    if h.is_nan() || a.is_nan() {
        return f64::NAN;
    }
    let h = h.abs();
    if a < 0.0 {
        return -owen_t(h, -a);
    }
    if a == 0.0 || 40.0 <= h {
        return 0.0;
    }
    if h == 0.0 {
        return libm::atan(a) / (2.0 * PI);
    }
    if a <= 1.0 {
        return owen_t_within(h, a);
    }
    let across = a * h;
    let (near, far) = (normal::sf(h), normal::sf(across));
    let rest = if across < 40.0 { owen_t_within(across, 1.0 / a) } else { 0.0 };
    0.5 * (near + far) - near * far - rest
}

/// For `0 < a <= 1`: at most four panels, the poles at +-i a distance away.
fn owen_t_within(h: f64, a: f64) -> f64 {
    // Beyond 9/h the integrand is below 1e-17 of its value at 0.
    let most = a.min(9.0 / h);
    let sum: f64 = panels(0.0, most, (3.0 / h).min(1.0))
        .map(|(x, w)| w * libm::exp(-0.5 * (h * x) * (h * x)) / (1.0 + x * x))
        .sum();
    normal::pdf(h) * normal::FRAC_1_SQRT_2_PI * sum
}
