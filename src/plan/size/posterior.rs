//! Primary metrics of a Bayesian design: decided by the posterior, sized by how often the rule is met at the MDE.

use crate::plan::types::{PlannedBayes, PlannedDesign, PlannedMetric};
use crate::stats::bayes::{Belief, Decision, Measure, Prior, Rope, Rule};
use crate::stats::comparison::Endpoint;
use crate::stats::mean::MeanTest;
use crate::stats::{Direction, Refusal};

use super::Unsized;
use super::question::Question;

/// The decision that the registered rule makes of one metric. Prior, loss and region are relative to the baseline, and
/// stated as effects are.
pub(super) fn decision(
    design: &PlannedDesign,
    metric: &PlannedMetric,
    question: &Question,
    dilution: f64,
) -> Result<Decision, Unsized> {
    let lacks = |what: &str| Unsized::Missing(format!("{what} of the Bayesian design"));
    let bayes = design.bayes.as_ref().ok_or_else(|| lacks("a prior"))?;
    let measure = match question.comparison.endpoint {
        Endpoint::Proportion { baseline, .. } => Measure::Proportion { baseline },
        Endpoint::Mean { sd, test, .. } => {
            let sd_treatment = match test {
                MeanTest::UnequalZ { sd_treatment } | MeanTest::Welch { sd_treatment } => sd_treatment,
                _ => sd,
            };
            Measure::Mean { sd_control: sd, sd_treatment }
        }
        Endpoint::Count(_) | Endpoint::TimeToEvent(_) => {
            let why = "posteriors are planned for rates and means: give the metric a standard deviation and test `z`";
            return Err(Unsized::Unsupported(why.to_owned()));
        }
    };
    let name = &metric.name;
    let mde = metric.mde.as_ref().and_then(|mde| mde.absolute);
    let mde = mde.ok_or_else(|| Unsized::Missing(format!("an MDE for `{name}`")))?.abs() * dilution;
    let higher = metric.higher_is_better();
    let better = match higher.ok_or_else(|| Unsized::Missing(format!("the good direction of `{name}`")))? {
        true => Direction::Up,
        false => Direction::Down,
    };
    let level = metric.baseline.as_ref().map_or(0.0, |known| known.value.abs()) * dilution;
    let prior = prior(bayes, level).ok_or_else(|| lacks("a prior"))?.map_err(Unsized::Refused)?;
    let win = bayes.win_probability.as_ref().map(|known| known.value);
    let rope = match &bayes.rope {
        None => None,
        Some(rope) => {
            let probability = win.ok_or_else(|| lacks("a win probability"))?;
            Some(Rope { half_width: rope.value * level, probability })
        }
    };
    let loss = bayes.max_expected_loss.as_ref().map(|known| known.value * level);
    if win.is_none() && loss.is_none() {
        return Err(lacks("a win probability or an expected loss"));
    }
    Ok(Decision {
        measure,
        prior,
        rule: Rule { better, win, loss, rope },
        effect: better.sign() * mde,
        allocation: question.comparison.allocation,
        size_factor: question.comparison.size_factor,
    })
}

/// What is believed before the data; `None` while nobody says.
fn prior(bayes: &PlannedBayes, level: f64) -> Option<Result<Prior, Refusal>> {
    let sd = bayes.prior_sd.as_ref()?.value;
    Some(Belief::new(bayes.prior_mean.value * level, sd * level).map(Prior::Normal))
}
