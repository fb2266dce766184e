//! Rectangle probabilities of several correlated normal variables.
//!
//! Variables that are correlated through one shared factor (`corr_ij = l_i l_j`: comparisons with one control, metrics
//! of equal correlation) are independent once the factor is known, so that any number of them is one integral: start at
//! [`equicorrelated`] or [`product_correlated`]. [`rectangle`] takes any correlations of up to five variables.

use super::bivariate::{self, difference};
use super::normal::{self, sf_quick};
use super::quadrature::panels;
use super::special::Tails;
use super::{Refusal, inside};

/// A squared loading, or a correlation, above this is taken for no shared factor any more.
const MOST_SHARED: f64 = 0.999_999_9;
/// What a shared correlation may be.
const SHARED: &str = "[0, 0.9999999] and 1";
/// Variables of a general correlation matrix.
const MOST_VARIABLES: usize = 5;
/// Points at which the innermost pair is evaluated, at most.
const MOST_POINTS: f64 = 5e6;

/// One of several normal variables with a shared factor: `X = l U + sqrt(1 - l^2) E`, between two limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variable {
    /// The correlation with the shared factor.
    pub loading: f64,
    pub lower: f64,
    pub upper: f64,
}

/// The probability that every variable lies within its limits (`lower`), and that some does not (`upper`).
///
/// `corr_ij = l_i l_j` (Dunnett and Sobel 1955). Relative error 1e-13 in both tails. Refuses loadings whose square is
/// above 0.9999999, and NaN.
///
/// ```
/// use expc::stats::multivariate::{Variable, product_correlated};
///
/// let half = Variable { loading: 0.5_f64.sqrt(), lower: f64::NEG_INFINITY, upper: 0.0 };
/// let tails = product_correlated(&[half; 3])?;
/// assert!((tails.lower - 0.25).abs() < 1e-14);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn product_correlated(variables: &[Variable]) -> Result<Tails, Refusal> {
    let most = libm::sqrt(MOST_SHARED);
    let mut groups: Vec<Group> = Vec::new();
    for variable in variables {
        inside("loading", variable.loading, -most, most, "(-0.99999995, 0.99999995)")?;
        limits(variable.lower, variable.upper)?;
        match groups.last_mut().filter(|last| last.variable == *variable) {
            Some(last) => last.count += 1.0,
            None => groups.push(Group::new(*variable)),
        }
    }
    Ok(joint(&groups))
}

/// [`product_correlated`] for `count` variables with the same limits and the same correlation with each other.
///
/// ```
/// use expc::stats::multivariate::equicorrelated;
///
/// // One of eleven exchangeable variables is the largest.
/// let tails = equicorrelated(10, 0.5, f64::NEG_INFINITY, 0.0)?;
/// assert!((tails.lower - 1.0 / 11.0).abs() < 1e-14);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn equicorrelated(count: usize, correlation: f64, lower: f64, upper: f64) -> Result<Tails, Refusal> {
    let loading = shared_loading(correlation)?;
    limits(lower, upper)?;
    if loading == 1.0 && 0 < count {
        let within = difference(lower, upper);
        let beyond = if lower < upper { normal::cdf(lower) + normal::sf(upper) } else { 1.0 };
        return Ok(Tails { lower: within, upper: beyond });
    }
    let mut group = Group::new(Variable { loading, lower, upper });
    group.count = count as f64;
    Ok(joint(&[group]))
}

/// The loading behind a common correlation; 1 only for a correlation of 1.
pub(crate) fn shared_loading(correlation: f64) -> Result<f64, Refusal> {
    if (0.0..=MOST_SHARED).contains(&correlation) || correlation == 1.0 {
        return Ok(libm::sqrt(correlation));
    }
    Err(Refusal::Outside { what: "shared correlation", value: correlation, range: SHARED })
}

fn limits(lower: f64, upper: f64) -> Result<(), Refusal> {
    for value in [lower, upper] {
        if value.is_nan() {
            return Err(Refusal::Outside { what: "limit", value, range: "the real numbers" });
        }
    }
    Ok(())
}

/// Variables that are alike.
struct Group {
    variable: Variable,
    count: f64,
}

impl Group {
    fn new(variable: Variable) -> Self {
        Self { variable, count: 1.0 }
    }

    /// ln of the probability that all of the group lie within, when the factor is `u`.
    fn ln_within(&self, u: f64) -> f64 {
        let Variable { loading, lower, upper } = self.variable;
        let rest = libm::sqrt((1.0 - loading) * (1.0 + loading));
        let (low, high) = ((lower - loading * u) / rest, (upper - loading * u) / rest);
        let (below, above) = (sf_quick(-low), sf_quick(high));
        let one = if below + above < 0.5 {
            libm::log1p(-below - above)
        } else {
            let within = if 0.0 < low { sf_quick(low) - above } else { sf_quick(-high) - below };
            libm::log(within.max(0.0))
        };
        self.count * one
    }
}

fn joint(groups: &[Group]) -> Tails {
    if groups.iter().any(|group| group.variable.upper <= group.variable.lower && 0.0 < group.count) {
        return Tails { lower: 0.0, upper: 1.0 };
    }
    let loadings = groups.iter().map(|group| group.variable.loading);
    let count: f64 = groups.iter().map(|group| group.count).sum();
    let [lower, upper] = shared_factor(sharpness(loadings, 2.0 * count), |u| {
        let ln: f64 = groups.iter().filter(|group| 0.0 < group.count).map(|group| group.ln_within(u)).sum();
        [libm::exp(ln), -libm::expm1(ln)]
    });
    Tails { lower: lower.min(1.0), upper: upper.min(1.0) }
}

/// How fast the joint probability of `count` events may change with the factor: the precision of the sharpest, raised
/// for the largest of many (measured: 1e-13 for 1 to 1000 events).
pub(crate) fn sharpness(loadings: impl Iterator<Item = f64>, count: f64) -> f64 {
    let most = loadings.map(|l| l * l / ((1.0 - l) * (1.0 + l))).fold(0.0, f64::max);
    most * (1.0 + 3.0 * libm::log(count.max(1.0)))
}

/// `E f(U)` of a standard normal factor, `f` made of probabilities.
///
/// The trapezoidal rule, which for an analytic integrand that falls off like this converges faster than any power of
/// its step; from the centre outwards until the density alone is lost beside every sum.
pub(crate) fn shared_factor<const N: usize>(sharpness: f64, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    const LOST: f64 = 1e-18;
    if sharpness == 0.0 {
        return f(0.0);
    }
    let step = 0.7 / libm::sqrt(1.0 + sharpness);
    let mut sums = f(0.0).map(|value| step * normal::FRAC_1_SQRT_2_PI * value);
    let mut k = 1.0;
    loop {
        let u = k * step;
        let weight = step * normal::FRAC_1_SQRT_2_PI * libm::exp(-0.5 * u * u);
        for values in [f(u), f(-u)] {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        let lost = |sum: f64| weight <= LOST * if sum == 0.0 { 1.0 } else { sum };
        if weight < 1e-320 || sums.iter().all(|&sum| lost(sum)) {
            return sums;
        }
        k += 1.0;
    }
}

/// P(lower <= X <= upper) of up to five standard normal variables with any correlations.
///
/// All but the two most correlated variables are integrated out one after the other by Gauss-Legendre panels, the pair
/// is [`bivariate::cdf`]. Absolute error 1e-11; three variables take some 20 microseconds, five 10 to 300 ms. Only the
/// lower triangle of `correlation` is read. Refuses what is no correlation matrix, and one so near to singular that it
/// would take more than five million points.
///
/// ```
/// use expc::stats::multivariate::rectangle;
///
/// let rows: [&[f64]; 3] = [&[1.0], &[0.5, 1.0], &[0.5, 0.5, 1.0]];
/// let quarter = rectangle(&[f64::NEG_INFINITY; 3], &[0.0; 3], &rows)?;
/// assert!((quarter - 0.25).abs() < 1e-12);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn rectangle(lower: &[f64], upper: &[f64], correlation: &[impl AsRef<[f64]>]) -> Result<f64, Refusal> {
    let given = lower.len();
    for other in [upper.len(), correlation.len()] {
        if other != given {
            return Err(Refusal::Lengths { left: given, right: other });
        }
    }
    let mut rows = [[0.0; MOST_VARIABLES]; MOST_VARIABLES];
    let mut kept = Vec::new();
    for i in 0..given {
        limits(lower[i], upper[i])?;
        let row = correlation[i].as_ref();
        if row.len() <= i {
            return Err(Refusal::Lengths { left: i + 1, right: row.len() });
        }
        for &value in &row[..i] {
            inside("correlation", value, -1.0, 1.0, "(-1, 1)")?;
        }
        inside("correlation of a variable with itself", row[i], 1.0 - 1e-9, 1.0 + 1e-9, "1")?;
        if upper[i] <= lower[i] {
            return Ok(0.0);
        }
        // A variable without limits says nothing about the others.
        if lower[i] != f64::NEG_INFINITY || upper[i] != f64::INFINITY {
            kept.push(i);
        }
    }
    let count = kept.len();
    if MOST_VARIABLES < count {
        return Err(Refusal::Outside { what: "number of variables", value: count as f64, range: "[1, 5]" });
    }
    let between = |i: usize, j: usize| {
        if i == j { 1.0 } else { correlation[i.max(j)].as_ref()[i.min(j)] }
    };
    // The sharpest pair goes last, where it costs nothing.
    let pairs = (0..count).flat_map(|i| (0..i).map(move |j| (j, i)));
    let sharpest =
        pairs.max_by(|&(a, b), &(c, d)| between(kept[a], kept[b]).abs().total_cmp(&between(kept[c], kept[d]).abs()));
    if let Some((j, i)) = sharpest {
        kept.swap(i, count - 1);
        kept.swap(j, count - 2);
    }
    for (row, &i) in rows.iter_mut().zip(&kept) {
        for (value, &j) in row.iter_mut().zip(&kept) {
            *value = between(i, j);
        }
    }
    let lower: Vec<f64> = kept.iter().map(|&i| lower[i]).collect();
    let upper: Vec<f64> = kept.iter().map(|&i| upper[i]).collect();
    match count {
        0 => Ok(1.0),
        1 => Ok(difference(lower[0], upper[0])),
        _ => Nest::new(lower, upper, rows)?.sum(0, &mut [0.0; MOST_VARIABLES], 1.0),
    }
    .map(|sum: f64| sum.clamp(0.0, 1.0))
}

/// The integrals one inside the other: `X = L Z` with the Cholesky factor `L` of the correlations.
struct Nest {
    lower: Vec<f64>,
    upper: Vec<f64>,
    factor: [[f64; MOST_VARIABLES]; MOST_VARIABLES],
    /// Panel width of each variable but the last two.
    widths: Vec<f64>,
}

impl Nest {
    fn new(lower: Vec<f64>, upper: Vec<f64>, rows: [[f64; MOST_VARIABLES]; MOST_VARIABLES]) -> Result<Self, Refusal> {
        let count = lower.len();
        let mut factor = [[0.0; MOST_VARIABLES]; MOST_VARIABLES];
        for i in 0..count {
            for j in 0..=i {
                let rest = rows[i][j] - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
                factor[i][j] = if i == j {
                    // A pair may be as near to 1 as it likes.
                    libm::sqrt(inside("variance that the other variables leave", rest, 1e-12, 2.0, "(1e-12, 1]")?)
                } else {
                    rest / factor[j][j]
                };
            }
        }
        let outer = count - 2;
        let mut points = 1.0;
        let widths = (0..outer).map(|j| {
            // What is left of a later variable's deviation once this one is known, against its slope here.
            let precision: f64 = (j + 1..count)
                .map(|i| {
                    let left: f64 = (j + 1..=i).map(|k| factor[i][k] * factor[i][k]).sum();
                    factor[i][j] * factor[i][j] / left
                })
                .sum();
            let width = 3.0 / libm::sqrt(1.0 + precision);
            points *= 16.0 * (17.0_f64.min(upper[j] - lower[j]) / width).ceil();
            width
        });
        let widths: Vec<f64> = widths.collect();
        if MOST_POINTS < points {
            let what = "number of points of the integral";
            return Err(Refusal::Outside { what, value: points, range: "[1, 5e6]" });
        }
        Ok(Self { lower, upper, factor, widths })
    }

    /// The probability of the variables from `j` on, given the earlier ones; `mass` is the weight that it will have.
    fn sum(&self, j: usize, z: &mut [f64; MOST_VARIABLES], mass: f64) -> Result<f64, Refusal> {
        let row = &self.factor[j];
        let mean: f64 = (0..j).map(|k| row[k] * z[k]).sum();
        if j == self.widths.len() {
            return Ok(self.pair(j, mean, z));
        }
        let low = ((self.lower[j] - mean) / row[j]).max(-8.5);
        let high = ((self.upper[j] - mean) / row[j]).min(8.5);
        let mut sum = 0.0;
        if low < high {
            for (x, weight) in panels(low, high, self.widths[j]) {
                let weight = weight * normal::FRAC_1_SQRT_2_PI * libm::exp(-0.5 * x * x);
                if 1e-18 < mass * weight {
                    z[j] = x;
                    sum += weight * self.sum(j + 1, z, mass * weight)?;
                }
            }
        }
        Ok(sum)
    }

    fn pair(&self, j: usize, mean: f64, z: &[f64; MOST_VARIABLES]) -> f64 {
        let (first, second) = (&self.factor[j], &self.factor[j + 1]);
        let second_mean: f64 = (0..j).map(|k| second[k] * z[k]).sum();
        let deviation = libm::sqrt(second[j] * second[j] + second[j + 1] * second[j + 1]);
        let r = second[j] / deviation;
        let across = [self.lower[j], self.upper[j]].map(|limit| (limit - mean) / first[j]);
        let along = [self.lower[j + 1], self.upper[j + 1]].map(|limit| (limit - second_mean) / deviation);
        let corner = |h: f64, k: f64| bivariate::cdf(h, k, r);
        corner(across[1], along[1]) - corner(across[0], along[1]) - corner(across[1], along[0])
            + corner(across[0], along[0])
    }
}
