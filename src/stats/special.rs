//! Incomplete beta and gamma functions, both tails, the distributions that are these functions by another name, and the
//! pieces of Stirling's formula below them.
//!
//! Differences of log-gammas lose a digit for each power of ten in their arguments, and experiments
//! have millions of units; every density here is written with Loader's deviances instead.

use super::normal;
use std::f64::consts::PI;

/// Terms of a series or fraction before it is cut: enough for shapes up to 1e8.
const MOST_TERMS: f64 = 2e5;

/// The two tails of a distribution function; each keeps its own digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    pub lower: f64,
    pub upper: f64,
}

impl Tails {
    pub(crate) const NAN: Self = Self { lower: f64::NAN, upper: f64::NAN };

    pub(crate) fn from_lower(lower: f64) -> Self {
        Self { lower, upper: 1.0 - lower }
    }

    pub(crate) fn swapped(self) -> Self {
        Self { lower: self.upper, upper: self.lower }
    }
}

/// The error of Stirling's formula: `ln G(n+1) - (n+1/2) ln n + n - ln sqrt(2 pi)` (Loader 2000).
#[must_use]
pub fn stirling_error(n: f64) -> f64 {
    // Bernoulli numbers over 2k(2k-1); from 10 up the tenth term is below 1e-17.
    const SERIES: [f64; 9] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
        43_867.0 / 244_188.0,
    ];
    let mut shift = 0.0;
    let mut n = n;
    while n < 10.0 {
        shift += (n + 0.5) * libm::log1p(1.0 / n) - 1.0;
        n += 1.0;
    }
    let square = 1.0 / (n * n);
    let series = SERIES.iter().rev().fold(0.0, |sum, &c| sum * square + c);
    shift + series / n
}

/// The deviance `x ln(x/m) + m - x` without its cancellation near `x = m` (Loader 2000).
#[must_use]
pub fn deviance(x: f64, m: f64) -> f64 {
    if x == 0.0 {
        return m;
    }
    if (x - m).abs() < 0.1 * (x + m) {
        let v = (x - m) / (x + m);
        let mut sum = (x - m) * v;
        let mut term = 2.0 * x * v;
        for j in 1..1000 {
            term *= v * v;
            let next = sum + term / f64::from(2 * j + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        return sum;
    }
    x * libm::log(x / m) + m - x
}

/// The regularised incomplete beta function at `x`, with `y = 1 - x` given so that it keeps its digits.
///
/// Continued fraction (Abramowitz and Stegun 26.5.8), by Lentz's method as modified by Thompson
/// and Barnett 1986. NaN outside `a, b > 0` and `0 <= x <= 1`.
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> Tails {
    let proper = 0.0 < a && a < f64::INFINITY && 0.0 < b && b < f64::INFINITY;
    if !proper || !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
        return Tails::NAN;
    }
    if x == 0.0 {
        return Tails::from_lower(0.0);
    }
    if y == 0.0 {
        return Tails::from_lower(1.0);
    }
    if (a + 1.0) / (a + b + 2.0) < x {
        return incomplete_beta_small(b, a, y, x).swapped();
    }
    incomplete_beta_small(a, b, x, y)
}

fn incomplete_beta_small(a: f64, b: f64, x: f64, y: f64) -> Tails {
    Tails::from_lower((beta_power(a, b, x, y) / a * beta_fraction(a, b, x)).min(1.0))
}

/// `x^a y^b / B(a, b)` in Loader's form.
pub(crate) fn beta_power(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    // Rooted apart: the product of two large arguments may overflow.
    let root = libm::sqrt(a / n) * libm::sqrt(b / (2.0 * PI));
    root * libm::exp(errors - deviance(a, n * x) - deviance(b, n * y))
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let most = (50.0 + 10.0 * libm::sqrt(a.max(b))).min(MOST_TERMS);
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    let mut m = 1.0;
    while m <= most {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
        m += 1.0;
    }
    h
}

/// The regularised incomplete gamma function of shape `a` at `x`.
///
/// Series below `a + 1` (Abramowitz and Stegun 6.5.29), Legendre's continued fraction above (6.5.31).
/// NaN outside `a > 0` and `x >= 0`.
#[must_use]
pub fn incomplete_gamma(a: f64, x: f64) -> Tails {
    if !(0.0 < a && a < f64::INFINITY && 0.0 <= x) {
        return Tails::NAN;
    }
    if x == 0.0 {
        return Tails::from_lower(0.0);
    }
    if x == f64::INFINITY {
        return Tails::from_lower(1.0);
    }
    let most = (50.0 + 20.0 * libm::sqrt(a.max(x))).min(MOST_TERMS);
    // x^a e^-x / G(a+1), Loader's form of the Poisson density.
    let density = libm::exp(-stirling_error(a) - deviance(a, x)) / libm::sqrt(2.0 * PI * a);
    if x < a + 1.0 {
        let mut sum = 1.0;
        let mut term = 1.0;
        let mut k = 1.0;
        while k <= most {
            term *= x / (a + k);
            sum += term;
            if term < sum * 0.25 * f64::EPSILON {
                break;
            }
            k += 1.0;
        }
        return Tails::from_lower((density * sum).min(1.0));
    }
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away(b);
    let mut h = d;
    let mut k = 1.0;
    while k <= most {
        let step = -k * (k - a);
        b += 2.0;
        d = 1.0 / away(step * d + b);
        c = away(b + step / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
        k += 1.0;
    }
    Tails::from_lower((density * a * h).min(1.0)).swapped()
}

/// Riemann's zeta function for `s > 1`; infinite at 1, NaN below.
///
/// Ten terms, then Euler and Maclaurin's formula with six Bernoulli numbers: 1e-15.
#[must_use]
pub fn zeta(s: f64) -> f64 {
    // Bernoulli numbers over factorials: B_2k / (2k)!.
    const SERIES: [f64; 6] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
    ];
    const LAST: f64 = 10.0;
    if s.is_nan() || s < 1.0 {
        return f64::NAN;
    }
    if s == 1.0 {
        return f64::INFINITY;
    }
    if 1e3 < s {
        return 1.0;
    }
    let head: f64 = (1..10).rev().map(|n| libm::pow(f64::from(n), -s)).sum();
    let at_last = libm::pow(LAST, -s);
    let mut rising = s * at_last / LAST;
    let mut rest = 0.0;
    let mut k = 1.0;
    for c in SERIES {
        rest += c * rising;
        rising *= (s + 2.0 * k - 1.0) * (s + 2.0 * k) / (LAST * LAST);
        k += 1.0;
    }
    head + at_last * (LAST / (s - 1.0) + 0.5) + rest
}

/// ln G(x) for `x > 0`; NaN elsewhere.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    if 0.0 < x { libm::lgamma(x) } else { f64::NAN }
}

/// Both tails of the chi-square distribution; NaN unless `df > 0` and `x >= 0`.
#[must_use]
pub fn chi_square(x: f64, df: f64) -> Tails {
    if df == 1.0 && (0.0..f64::INFINITY).contains(&x) {
        return Tails { lower: incomplete_gamma(0.5, 0.5 * x).lower, upper: 2.0 * normal::sf(libm::sqrt(x)) };
    }
    incomplete_gamma(0.5 * df, 0.5 * x)
}

/// Both tails of the F distribution with `df1` and `df2` degrees of freedom; NaN unless both are above 0, `df1` is
/// finite, and `x >= 0`.
///
/// `I_y(df1/2, df2/2)` at `y = df1 x / (df1 x + df2)` (Abramowitz and Stegun 26.6.2).
#[must_use]
pub fn f_ratio(x: f64, df1: f64, df2: f64) -> Tails {
    if !(0.0 <= x && 0.0 < df1 && 0.0 < df2) {
        return Tails::NAN;
    }
    if df2 == f64::INFINITY {
        return chi_square(df1 * x, df1);
    }
    let (below, above) = shares_of_ratio(x, df1, df2);
    incomplete_beta(0.5 * df1, 0.5 * df2, below, above)
}

/// `df1 x / (df1 x + df2)` and its complement, each with its own digits.
pub(crate) fn shares_of_ratio(x: f64, df1: f64, df2: f64) -> (f64, f64) {
    // As a quotient, so that nothing overflows: an infinite x gives (1, 0).
    let odds = x * (df1 / df2);
    if odds < 1.0 {
        (odds / (1.0 + odds), 1.0 / (1.0 + odds))
    } else {
        let evens = 1.0 / odds;
        (1.0 / (1.0 + evens), evens / (1.0 + evens))
    }
}
