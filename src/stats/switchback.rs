//! Switchbacks: one place, treated in some blocks of time and not in others, each block by a fair coin.
//!
//! Start at [`Blocks`], which gives the variance of the effect, then [`SwitchbackTest`]. The blocks are what was
//! drawn, so that they, not the periods within them, give the degrees of freedom.

use super::comparison::{Claim, Comparison, Endpoint, Scale};
use super::mean::MeanTest;
use super::{Direction, Refusal, Sides, inside, positive};

/// More periods in a block than this are refused.
const MOST_PERIODS: u32 = 1_000_000;

/// Blocks of equal periods, whose noise follows an autoregression of order 1.
///
/// The effect of one block is taken to last no longer than `washout` periods into the next, whose data are dropped
/// (Bojinov, Simchi-Levi and Zhao 2023 ask for blocks at least as long as the carry-over).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// Periods in a block.
    pub length: u32,
    /// Periods dropped at the start of each block.
    pub washout: u32,
    /// Correlation of the noise of two neighbouring periods.
    pub autocorrelation: f64,
    /// Standard deviation of the noise of a period.
    pub sd: f64,
}

impl Blocks {
    /// Variance of the estimated effect after so many blocks, drawn by independent fair coins:
    /// `4 / n^2 B [k + 2 sum_{j<k} (k - j) phi^j] s^2` for B blocks of k kept periods, `n = B k`.
    ///
    /// ```
    /// use expc::stats::switchback::Blocks;
    ///
    /// let hours = Blocks { length: 4, washout: 0, autocorrelation: 0.5, sd: 1.0 };
    /// assert!((hours.effect_variance(84.0)? - 0.024_553_571_428_571_43).abs() < 1e-15);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn effect_variance(&self, blocks: f64) -> Result<f64, Refusal> {
        positive("number of blocks", blocks)?;
        positive("variance of the effect", 4.0 / blocks * self.block_variance()?)
    }

    /// Variance of the effect over that of as many independent periods, none of them dropped.
    pub fn design_effect(&self) -> Result<f64, Refusal> {
        positive("design effect", self.block_variance()? / (self.sd * self.sd) * f64::from(self.length))
    }

    /// Variance of the mean of the kept periods of a block.
    fn block_variance(&self) -> Result<f64, Refusal> {
        let length = f64::from(self.length);
        if !(1..=MOST_PERIODS).contains(&self.length) {
            return Err(Refusal::Outside { what: "length of a block", value: length, range: "[1, 1e6] periods" });
        }
        if self.length <= self.washout {
            let value = f64::from(self.washout);
            return Err(Refusal::Outside { what: "washout", value, range: "[0, length of a block)" });
        }
        let phi = inside("autocorrelation", self.autocorrelation, -1.0, 1.0, "(-1, 1)")?;
        positive("standard deviation", self.sd)?;
        let kept = f64::from(self.length - self.washout);
        let mut sum = 0.0;
        let mut power = phi;
        let mut lag = 1.0;
        while lag < kept && 1e-300 < power.abs() {
            sum += (kept - lag) * power;
            power *= phi;
            lag += 1.0;
        }
        positive("variance of a block", self.sd * self.sd * ((kept + 2.0 * sum) / (kept * kept)))
    }
}

/// Treated blocks against the others, by Student's t with the degrees of freedom of the blocks, less two.
///
/// ```
/// use expc::stats::switchback::{Blocks, SwitchbackTest};
/// use expc::stats::{Direction, Sides};
///
/// let prices = SwitchbackTest {
///     blocks: Blocks { length: 6, washout: 1, autocorrelation: 0.4, sd: 2.0 },
///     effect: 0.5,
///     alpha: 0.05,
///     sides: Sides::Two,
/// };
/// let needed = prices.required(0.8)?;
/// assert_eq!((needed.whole, needed.periods), (194, 1_164));
/// assert!((prices.detectable(needed.blocks, 0.8, Direction::Up)? - 0.5).abs() < 1e-9);
/// # Ok::<(), expc::stats::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwitchbackTest {
    pub blocks: Blocks,
    /// Treated minus not treated, a period.
    pub effect: f64,
    /// The size of the whole test; two sides share it.
    pub alpha: f64,
    pub sides: Sides,
}

/// A number of blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockCount {
    /// As a real number, both arms together.
    pub blocks: f64,
    /// Rounded up to an even number.
    pub whole: u64,
    /// The periods that they last, those of the washout included.
    pub periods: u64,
    /// The power at the whole number.
    pub power: f64,
}

impl SwitchbackTest {
    /// The blocks that reach `power`.
    pub fn required(&self, power: f64) -> Result<BlockCount, Refusal> {
        let size = self.comparison()?.required(power)?;
        let whole = 2 * size.control_units.max(size.treatment_units);
        let periods = whole.saturating_mul(u64::from(self.blocks.length));
        Ok(BlockCount { blocks: size.control + size.treatment, whole, periods, power: size.power })
    }

    /// The probability to reject in the right direction after so many blocks.
    pub fn power(&self, blocks: f64) -> Result<f64, Refusal> {
        self.comparison()?.power(positive("number of blocks", blocks)? / 2.0)
    }

    /// The effect of least size `toward` a direction that so many blocks show with `power`; the effect of the test
    /// itself is not read.
    pub fn detectable(&self, blocks: f64, power: f64, toward: Direction) -> Result<f64, Refusal> {
        self.comparison()?.detectable(positive("number of blocks", blocks)? / 2.0, power, toward)
    }

    /// The same question about the means of blocks, half of them in each arm.
    fn comparison(&self) -> Result<Comparison, Refusal> {
        Ok(Comparison {
            endpoint: Endpoint::Mean {
                baseline: 0.0,
                sd: libm::sqrt(self.blocks.block_variance()?),
                test: MeanTest::T,
            },
            claim: Claim::Superiority { effect: self.effect },
            scale: Scale::Difference,
            alpha: self.alpha,
            sides: self.sides,
            allocation: 1.0,
            size_factor: 1.0,
        })
    }
}
