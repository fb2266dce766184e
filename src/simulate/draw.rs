//! Random draws: one stream for each replicate, the same numbers on every platform.
//!
//! ChaCha8 gives the bits. The samplers are ours because those of the usual crates call the platform's logarithm;
//! these use `libm`, and densities in Loader's form, so that a draw of a million million units keeps its digits.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::stats::special::{deviance, stirling_error};

/// The draws of one replicate.
pub struct Draws {
    bits: ChaCha8Rng,
    /// The second normal of a pair.
    spare: Option<f64>,
}

impl Draws {
    /// The stream of a replicate: it depends on these three numbers and on nothing else.
    pub fn new(seed: u64, scenario: u64, replicate: u64) -> Self {
        let mut key = *b"expc simulate/1 draws of a run..";
        key[16..24].copy_from_slice(&seed.to_le_bytes());
        key[24..].copy_from_slice(&scenario.to_le_bytes());
        let mut bits = ChaCha8Rng::from_seed(key);
        bits.set_stream(replicate);
        Self { bits, spare: None }
    }

    /// Uniform in (0, 1), never an end.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits.next_u64() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Standard normal (the polar method of Marsaglia and Bray 1964).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if 0.0 < square && square < 1.0 {
                let scale = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Gamma of scale 1 (Marsaglia and Tsang 2000); 0 for a shape of 0.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape <= 0.0 {
            return 0.0;
        }
        if shape < 1.0 {
            let power = libm::exp(libm::log(self.uniform()) / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = self.uniform();
            let square = x * x;
            if u < 1.0 - 0.0331 * square * square || libm::log(u) < 0.5 * square + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
    }

    /// Poisson: by search below a mean of 10, by transformed rejection above (PTRS of Hörmann 1993).
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean <= 0.0 {
            return 0.0;
        }
        if mean < 10.0 {
            let mut left = self.uniform();
            let mut mass = libm::exp(-mean);
            let mut k = 0.0;
            // The mass beyond 200 is below the last digit of a uniform.
            while mass < left && k < 200.0 {
                left -= mass;
                k += 1.0;
                mass *= mean / k;
            }
            return k;
        }
        let b = 0.931 + 2.53 * libm::sqrt(mean);
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let quick = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let edge = 0.5 - u.abs();
            let k = ((2.0 * a / edge + b) * u + mean + 0.43).floor();
            if 0.07 <= edge && v <= quick {
                return k;
            }
            if k < 0.0 || (edge < 0.013 && edge < v) {
                continue;
            }
            if libm::log(v * inverse_alpha / (a / (edge * edge) + b)) <= ln_poisson(k, mean) {
                return k;
            }
        }
    }

    /// Binomial: by search where few are expected, by transformed rejection elsewhere (BTRS of Hörmann 1993).
    ///
    /// `n` is a whole number.
    pub fn binomial(&mut self, n: f64, p: f64) -> f64 {
        if 0.5 < p {
            return n - self.binomial(n, 1.0 - p);
        }
        if n <= 0.0 || p <= 0.0 {
            return 0.0;
        }
        let q = 1.0 - p;
        if n * p < 10.0 {
            let mut left = self.uniform();
            let mut mass = libm::exp(n * libm::log1p(-p));
            let odds = p / q;
            let mut k = 0.0;
            while mass < left && k < n.min(200.0) {
                left -= mass;
                mass *= odds * (n - k) / (k + 1.0);
                k += 1.0;
            }
            return k;
        }
        let root = libm::sqrt(n * p * q);
        let b = 1.15 + 2.53 * root;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let centre = n * p + 0.5;
        let alpha = (2.83 + 5.1 / b) * root;
        let quick = 0.92 - 4.2 / b;
        let mode = ((n + 1.0) * p).floor();
        let mut at_mode = None;
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let edge = 0.5 - u.abs();
            let k = ((2.0 * a / edge + b) * u + centre).floor();
            if 0.07 <= edge && v <= quick {
                return k;
            }
            if k < 0.0 || n < k {
                continue;
            }
            let top = *at_mode.get_or_insert_with(|| ln_binomial(mode, n, p, q));
            if libm::log(v * alpha / (a / (edge * edge) + b)) <= ln_binomial(k, n, p, q) - top {
                return k;
            }
        }
    }
}

const LN_2_PI: f64 = 1.837_877_066_409_345_3;

/// The log of the Poisson probability (Loader 2000).
fn ln_poisson(k: f64, mean: f64) -> f64 {
    if k == 0.0 {
        return -mean;
    }
    -deviance(k, mean) - stirling_error(k) - 0.5 * (LN_2_PI + libm::log(k))
}

/// The log of the binomial probability (Loader 2000).
fn ln_binomial(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if k == 0.0 {
        return n * libm::log1p(-p);
    }
    if k == n {
        return n * libm::log(p);
    }
    let rest = n - k;
    stirling_error(n) - stirling_error(k) - stirling_error(rest) - deviance(k, n * p) - deviance(rest, n * q)
        + 0.5 * (libm::log(n / (k * rest)) - LN_2_PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u64 = 200_000;

    /// Mean and variance of many draws are those of the law, within five standard errors.
    fn agrees(name: &str, mean: f64, variance: f64, fourth: f64, mut draw: impl FnMut(&mut Draws) -> f64) {
        let mut draws = Draws::new(1, 2, 3);
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..COUNT {
            let off = draw(&mut draws) - mean;
            sum += off;
            square += off * off;
        }
        let n = COUNT as f64;
        let error = (variance / n).sqrt();
        assert!((sum / n).abs() < 5.0 * error, "{name}: mean off by {} of error {error}", sum / n);
        let spread = ((fourth + 2.0 * variance * variance) / n).sqrt();
        let off = square / n - variance;
        assert!(off.abs() < 5.0 * spread, "{name}: variance off by {off} of error {spread}");
    }

    #[test]
    fn draws_have_the_moments_of_their_law() {
        agrees("normal", 0.0, 1.0, 0.0, Draws::normal);
        for shape in [0.05, 0.7, 1.0, 3.5, 4e4] {
            agrees(&format!("gamma {shape}"), shape, shape, 6.0 * shape, |draws| draws.gamma(shape));
        }
        for mean in [0.01, 3.0, 9.9, 10.1, 77.0, 5e5, 1e14] {
            agrees(&format!("poisson {mean}"), mean, mean, mean, |draws| draws.poisson(mean));
        }
        for (n, p) in [(3.0, 0.4), (50.0, 0.19), (50.0, 0.21), (400.0, 0.97), (6e4, 0.039), (1e13, 0.3), (1e9, 1e-9)] {
            let variance: f64 = n * p * (1.0 - p);
            let fourth = variance * (1.0 - 6.0 * p * (1.0 - p));
            agrees(&format!("binomial {n} {p}"), n * p, variance, fourth, |draws| draws.binomial(n, p));
        }
    }

    /// Chi-square of small laws, cell by cell.
    #[test]
    fn whole_distributions_fit() {
        let fits = |name: &str, mass: &dyn Fn(f64) -> f64, draw: &dyn Fn(&mut Draws) -> f64| {
            let mut draws = Draws::new(5, 0, 0);
            let mut cells = [0.0_f64; 64];
            for _ in 0..COUNT {
                cells[draw(&mut draws).min(63.0) as usize] += 1.0;
            }
            let (mut chi, mut count) = (0.0, 0.0);
            for (k, seen) in cells.iter().enumerate() {
                let expected = mass(k as f64) * COUNT as f64;
                if 10.0 < expected {
                    chi += (seen - expected) * (seen - expected) / expected;
                    count += 1.0;
                }
            }
            let p = crate::stats::special::chi_square(chi, count).upper;
            assert!(1e-4 < p, "{name}: chi-square {chi} in {count} cells");
        };
        for mean in [4.0, 15.0, 30.0] {
            fits(&format!("poisson {mean}"), &|k| ln_poisson(k, mean).exp(), &|draws| draws.poisson(mean));
        }
        for (n, p) in [(20.0, 0.3), (60.0, 0.4), (60.0, 0.9)] {
            fits(
                &format!("binomial {n} {p}"),
                &|k| if n < k { 0.0 } else { ln_binomial(k, n, p, 1.0 - p).exp() },
                &|draws| draws.binomial(n, p),
            );
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let first = |seed, scenario, replicate| Draws::new(seed, scenario, replicate).uniform();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let all = [first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4)];
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }
}
