//! Lower bounds of one-sided designs: stopping when there is little hope, or harm.

use super::super::{Refusal, Sides, finite, inside, normal, open_unit};
use super::bounds::{Efficacy, Lower, Target};
use super::looks::Looks;
use super::monitoring::{Monitoring, check_alpha, solve_efficacy};
use super::passage::{Passage, Side};
use super::spending::Spending;

/// Lower bounds, and whether the team must heed them.
#[derive(Debug, Clone, PartialEq)]
pub struct Futility {
    pub rule: FutilityRule,
    /// Binding bounds buy a little alpha back for the upper ones, and alpha is lost when the team goes on in spite of
    /// them. Bounds that do not bind keep alpha either way.
    pub binding: bool,
}

/// How the lower bounds are set.
#[derive(Debug, Clone, PartialEq)]
pub enum FutilityRule {
    /// They spend `1 - power` along the looks under the drift for which the lower bound meets the upper one at the
    /// last look (Pampallona and Tsiatis 1994).
    Beta(Spending),
    /// Given ones on the z scale at the interim looks; none at the last.
    Interim(Vec<f64>),
    /// They spend this total under no drift. A small total is a test for harm that shares the looks: the
    /// experiment is stopped for deterioration with that error.
    Null { spending: Spending, total: f64 },
}

impl Monitoring {
    /// One-sided efficacy bounds with lower bounds for futility.
    ///
    /// `power` is what beta spending is planned for; the other rules do not read it.
    /// Stop probabilities, power and drift count the lower bounds as kept.
    ///
    /// ```
    /// use expc::stats::Sides;
    /// use expc::stats::sequential::{Futility, FutilityRule, Looks, Monitoring, Spending, equal_fractions};
    ///
    /// let looks = Looks::new(&equal_fractions(3))?;
    /// let spending = Spending::HwangShihDeCani { gamma: -4.0 };
    /// let futility =
    ///     Futility { rule: FutilityRule::Beta(Spending::HwangShihDeCani { gamma: -2.0 }), binding: false };
    /// let plan = Monitoring::with_futility(&looks, 0.025, spending.into(), &futility, 0.9)?;
    /// assert!((plan.lower_bounds()[0] + 0.238_724).abs() < 1e-6);
    /// assert!((plan.type_one_error() - 0.025).abs() < 1e-12);
    /// // Without an effect it ends early four times in five.
    /// assert!(0.8 < plan.early_stop(0.0)?);
    /// # Ok::<(), expc::stats::Refusal>(())
    /// ```
    pub fn with_futility(
        looks: &Looks,
        alpha: f64,
        efficacy: Efficacy,
        futility: &Futility,
        power: f64,
    ) -> Result<Self, Refusal> {
        check_alpha(alpha)?;
        let times = looks.fractions();
        if !futility.binding {
            let alone = solve_efficacy(looks, alpha, Sides::One, efficacy)?;
            let target = Target::given(times, &alone.upper);
            let null = solve(&target, looks, alpha, &futility.rule, power)?;
            return Ok(Self::one_sided(null, alpha, &alone.crossings(Side::Upper, 0.0)));
        }
        let target = Target::new(times, looks.clock(), alpha, efficacy)?;
        let null = solve(&target, looks, alpha, &futility.rule, power)?;
        let errors = null.crossings(Side::Upper, 0.0);
        Ok(Self::one_sided(null, alpha, &errors))
    }
}

fn solve(target: &Target<'_>, looks: &Looks, alpha: f64, rule: &FutilityRule, power: f64) -> Result<Passage, Refusal> {
    match rule {
        FutilityRule::Beta(spending) => {
            spending.check()?;
            open_unit("power", power)?;
            let fixed = normal::upper_quantile(alpha) + normal::quantile(power);
            if fixed <= 0.0 {
                return Err(Refusal::PowerTooLow { power, alpha });
            }
            target.meet(&spending.steps(1.0 - power, looks.clock()), fixed)
        }
        FutilityRule::Interim(bounds) => {
            let most = looks.fractions().len() - 1;
            if bounds.len() != most {
                return Err(Refusal::Lengths { left: most, right: bounds.len() });
            }
            for &bound in bounds {
                if bound != f64::NEG_INFINITY {
                    finite("futility bound", bound)?;
                }
            }
            let mut bounds = bounds.clone();
            bounds.push(f64::NEG_INFINITY);
            target.solve(Lower::Given(&bounds))?.ok_or(Refusal::BoundsMeet)
        }
        FutilityRule::Null { spending, total } => {
            spending.check()?;
            inside("probability to stop at the lower bounds", *total, 0.0, 1.0 - alpha, "(0, 1 - alpha)")?;
            let steps = spending.steps(*total, looks.clock());
            target.solve(Lower::Spend { steps: &steps, drift: 0.0 })?.ok_or(Refusal::BoundsMeet)
        }
    }
}
