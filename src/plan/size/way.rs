//! How power follows from units: one look, or several looks whose bounds were planned.

use std::sync::Arc;

use crate::stats::bayes::Decision;
use crate::stats::comparison::Comparison;
use crate::stats::sequential::Monitoring;
use crate::stats::{self, Refusal, normal};

use super::bounds::Memo;
use super::question::Question;

/// How power follows from units.
#[derive(Debug, Clone)]
pub enum Way {
    /// One look at the end: the comparison says it all.
    Once,
    /// Several looks.
    Looks(Looks),
    /// A rule on the posterior, read once.
    Posterior(Decision),
}

/// Planned looks, and the effect in units of the information that the sample holds.
#[derive(Debug, Clone)]
pub struct Looks {
    pub plan: Arc<Monitoring>,
    /// The mean of the last statistic when the whole needed sample has come and the claim is true.
    pub drift: f64,
}

impl Looks {
    /// The looks of a question, and the factor that they put on its sample.
    pub(super) fn new(plan: Arc<Monitoring>, question: &Question, memo: &Memo) -> Result<(Self, f64), Refusal> {
        let Comparison { alpha, sides, .. } = question.comparison;
        let drift = memo.drift(&plan, question.goal)?;
        let fixed = normal::upper_quantile(sides.tail(alpha)) + normal::quantile(question.goal);
        if fixed <= 0.0 {
            return Err(Refusal::PowerTooLow { power: question.goal, alpha });
        }
        let ratio = drift / fixed;
        Ok((Self { plan, drift }, ratio * ratio))
    }

    /// The probability to stop for success with a part of the needed sample, when the effect is `truth` times the
    /// planned one. Information grows with units, so that the drift grows with their root.
    pub fn power(&self, part: f64, truth: f64) -> Result<f64, Refusal> {
        self.plan.power(self.drift_at(part, truth))
    }

    /// The probability to stop at each look, for either reason; the rest ends at the last.
    pub fn stops(&self, part: f64, truth: f64) -> Result<Vec<f64>, Refusal> {
        let crossing = self.plan.crossing(self.drift_at(part, truth))?;
        Ok(crossing.upper.iter().zip(&crossing.lower).map(|(up, down)| up + down).collect())
    }

    /// Beyond 900 every look stops, and the recursion has nothing to say.
    fn drift_at(&self, part: f64, truth: f64) -> f64 {
        (self.drift * libm::sqrt(part.max(0.0)) * truth).min(900.0)
    }

    /// Looks, each with the part of the sample at it.
    pub fn fractions(&self) -> &[f64] {
        self.plan.fractions()
    }
}

/// What a design with looks costs on average, when the effect is `truth` times the planned one.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// 0 for no effect, 1 for the planned one.
    pub truth: f64,
    /// Control units.
    pub control: f64,
    /// Treatment units.
    pub treatment: f64,
    /// Days from the start until the data behind the last look is complete; `None` without a calendar.
    pub days: Option<f64>,
    /// The probability to stop for success.
    pub success: f64,
}

/// True where the size is a closed form, cheaper than a memory of it.
pub(super) fn is_closed(comparison: &Comparison) -> bool {
    use stats::comparison::{Claim, Endpoint};
    use stats::mean::MeanTest;
    use stats::proportion::ProportionTest;
    let test = match comparison.endpoint {
        Endpoint::Proportion { test, .. } => !matches!(
            test,
            ProportionTest::ContinuityCorrected | ProportionTest::FisherExact | ProportionTest::ExactUnconditional
        ),
        Endpoint::Mean { test, .. } => matches!(test, MeanTest::Z | MeanTest::UnequalZ { .. }),
        Endpoint::Count(_) | Endpoint::TimeToEvent(_) => true,
    };
    test && !matches!(comparison.claim, Claim::Equivalence { .. })
}
