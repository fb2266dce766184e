//! Roots of functions of one variable.
//!
//! [`brent`] needs a bracket, [`bracket_upwards`] finds one, [`newton`] and [`halley`] use derivatives inside one.
//! All stop on the argument, not on the value: the caller wants digits of the answer.

/// A root inside `[low, high]`, where `f` changes its sign (Brent 1973, chapter 4).
///
/// `tolerance` is relative to the root. `None` without a sign change, or when `f` is NaN.
pub fn brent(mut f: impl FnMut(f64) -> f64, low: f64, high: f64, tolerance: f64) -> Option<f64> {
    let (f_low, f_high) = (f(low), f(high));
    brent_from(f, (low, f_low), (high, f_high), tolerance)
}

/// [`brent`] where the values at the ends are known.
pub fn brent_from(mut f: impl FnMut(f64) -> f64, low: (f64, f64), high: (f64, f64), tolerance: f64) -> Option<f64> {
    let (mut a, mut fa) = low;
    let (mut b, mut fb) = high;
    if fa == 0.0 {
        return Some(a);
    }
    if fb == 0.0 {
        return Some(b);
    }
    if fa.is_nan() || fb.is_nan() || (0.0 < fa) == (0.0 < fb) {
        return None;
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut before = step;
    for _ in 0..200 {
        if (0.0 < fb) == (0.0 < fc) {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let near = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance * b.abs();
        let half = 0.5 * (c - b);
        if half.abs() <= near || fb == 0.0 {
            return Some(b);
        }
        if near <= before.abs() && fb.abs() < fa.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if 0.0 < p {
                q = -q;
            }
            p = p.abs();
            if 2.0 * p < (3.0 * half * q - (near * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = half;
                before = half;
            }
        } else {
            step = half;
            before = half;
        }
        (a, fa) = (b, fb);
        b += if near < step.abs() { step } else { near.copysign(half) };
        fb = f(b);
        if fb.is_nan() {
            return None;
        }
    }
    None
}

/// Doubles the step up from `start`, where `f` is negative, until `f` is not; gives both ends with
/// their values.
pub fn bracket_upwards(mut f: impl FnMut(f64) -> f64, start: f64, first_step: f64) -> Option<((f64, f64), (f64, f64))> {
    let mut low = (start, f(start));
    let mut step = first_step;
    for _ in 0..1100 {
        let x = low.0 + step;
        let value = f(x);
        if value.is_nan() || !x.is_finite() {
            return None;
        }
        if 0.0 <= value {
            return Some((low, (x, value)));
        }
        low = (x, value);
        step *= 2.0;
    }
    None
}

/// Secant steps from a good start and a fair guess of the slope there.
///
/// The error of a secant step is about the product of the last two, so it stops when that is within
/// `tolerance`. `None` as soon as the steps do not shrink: the caller then brackets.
pub fn secant(mut f: impl FnMut(f64) -> f64, start: f64, slope: f64, tolerance: f64) -> Option<f64> {
    let (mut x, mut value) = (start, f(start));
    let mut step = -value / slope;
    for _ in 0..12 {
        if !step.is_finite() {
            return None;
        }
        if step == 0.0 {
            return Some(x);
        }
        let next = f(x + step);
        let next_step = -next * step / (next - value);
        if next == 0.0 || (next_step * step).abs() <= tolerance {
            return Some(x + step + if next == 0.0 { 0.0 } else { next_step });
        }
        if step.abs() <= next_step.abs() {
            return None;
        }
        (x, value, step) = (x + step, next, next_step);
    }
    None
}

/// Newton steps kept inside a bracket that they narrow; `f` gives value and slope, and rises.
///
/// Stops after a step within `tolerance`, absolute in the argument; the error left is of the order of its
/// square.
pub fn newton(
    mut f: impl FnMut(f64) -> (f64, f64),
    start: f64,
    mut low: f64,
    mut high: f64,
    tolerance: f64,
) -> Option<f64> {
    let mut x = start;
    for _ in 0..200 {
        let (value, slope) = f(x);
        if value.is_nan() {
            return None;
        }
        if 0.0 < value {
            high = x;
        } else {
            low = x;
        }
        let next = x - value / slope;
        if (next - x).abs() <= tolerance {
            return Some(next);
        }
        let next = if low < next && next < high { next } else { 0.5 * (low + high) };
        if next == low || next == high {
            return Some(next);
        }
        x = next;
    }
    None
}

/// Like [`newton`] with the curvature besides: `f` gives value, slope and curvature, and rises.
///
/// Stops after a step within `tolerance`, absolute in the argument; the error left is of the order of its cube.
pub fn halley(
    mut f: impl FnMut(f64) -> (f64, f64, f64),
    start: f64,
    mut low: f64,
    mut high: f64,
    tolerance: f64,
) -> Option<f64> {
    let mut x = start;
    for _ in 0..200 {
        let (value, slope, curvature) = f(x);
        if value.is_nan() {
            return None;
        }
        if 0.0 < value {
            high = x;
        } else {
            low = x;
        }
        let newton = -value / slope;
        // Far off, where the parabola says little, the plain step.
        let bend = (1.0 + 0.5 * newton * curvature / slope).max(0.5);
        let step = newton / bend;
        if step.abs() <= tolerance {
            return Some(x + step);
        }
        let next = x + step;
        let next = if low < next && next < high { next } else { 0.5 * (low + high) };
        if next == low || next == high {
            return Some(next);
        }
        x = next;
    }
    None
}
