//! Quantiles and shares of a sample, without a model of where it comes from.

use super::{Refusal, Sides, normal, open_unit};

/// The quantile of values that are sorted from small to large: about median-unbiased whatever the distribution
/// (Hyndman and Fan 1996, definition 8). Beyond the reach of the sample it is its least or its largest value.
///
/// ```
/// use expc::stats::sample::quantile;
/// // R 4.2.2: quantile(c(1, 2, 4, 7, 11), c(0.1, 0.5, 0.9), type = 8).
/// let sorted = [1.0, 2.0, 4.0, 7.0, 11.0];
/// assert_eq!([0.1, 0.5, 0.9].map(|p| quantile(&sorted, p)), [Some(1.0), Some(4.0), Some(11.0)]);
/// assert!((quantile(&sorted, 0.3).unwrap() - 1.933_333_333_333_333_3).abs() < 1e-12);
/// ```
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    let place = (sorted.len() as f64 + 1.0 / 3.0) * p + 1.0 / 3.0;
    // A place that is whole but for its last bit is that value.
    let below = (place + 4.0 * f64::EPSILON).floor();
    let part = (place - below).max(0.0);
    if below < 1.0 {
        return Some(*first);
    }
    let below = below as usize;
    match (sorted.get(below - 1), sorted.get(below)) {
        (Some(low), Some(high)) => Some(low + part * (high - low)),
        _ => Some(*last),
    }
}

/// Above it a value is far out of the sample: three times the spread of the middle half beyond it (Tukey 1977, chapter 2).
#[must_use]
pub fn far_out(sorted: &[f64]) -> Option<f64> {
    let (low, high) = (quantile(sorted, 0.25)?, quantile(sorted, 0.75)?);
    Some(high + 3.0 * (high - low))
}

/// The largest share that is compatible with never having seen it in `tries`: `1 - alpha^(1/n)`, about `3/n` at 95 %
/// (Hanley and Lippman-Hand 1983).
///
/// ```
/// use expc::stats::sample::largest_unseen_share;
/// // The paper's rule of three is 3/30 = 0.1; the exact bound is a little below.
/// assert_eq!((largest_unseen_share(30, 0.05)? * 1e4).round(), 950.0);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn largest_unseen_share(tries: usize, alpha: f64) -> Result<f64, Refusal> {
    open_unit("alpha", alpha)?;
    Ok(if tries == 0 { 1.0 } else { -libm::expm1(libm::log(alpha) / tries as f64) })
}

/// The score interval of a share (Wilson 1927), which holds for small samples and never leaves [0, 1].
///
/// ```
/// use expc::stats::sample::share_interval;
/// // R 4.2.2: prop.test(3, 14, correct = FALSE)$conf.int.
/// let (low, high) = share_interval(3, 14, 0.05)?;
/// assert_eq!(((low * 1e6).round(), (high * 1e6).round()), (75714.0, 475892.0));
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
pub fn share_interval(seen: usize, tries: usize, alpha: f64) -> Result<(f64, f64), Refusal> {
    open_unit("alpha", alpha)?;
    if tries == 0 {
        return Ok((0.0, 1.0));
    }
    let (n, share) = (tries as f64, seen.min(tries) as f64 / tries as f64);
    let z2 = normal::upper_quantile(Sides::Two.tail(alpha)).powi(2);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = libm::sqrt(z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))) / (1.0 + z2 / n);
    Ok(((middle - half).max(0.0), (middle + half).min(1.0)))
}
