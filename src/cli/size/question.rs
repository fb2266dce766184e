//! From what was typed to a question that the statistics can answer.

use super::endpoint::Subject;
use super::measure::Measure;
use super::options::{Asked, ClaimName, Common, CorrectionName, Good, MethodName, ScaleName, SidesName};
use super::refusals::{refused, usage};
use super::typed::Change;
use crate::cli::Failure;
use crate::rules::prelude::count;
use crate::spec::Share;
use crate::spec::quantity::plain;
use crate::stats::anytime::NormalMixture;
use crate::stats::bayes::{self, Belief, Decision, Prior, Rule};
use crate::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
use crate::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use crate::stats::decision::ShipRule;
use crate::stats::mean::MeanTest;
use crate::stats::multiplicity::{self, Correction};
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::{self, Futility, FutilityRule, Monitoring};
use crate::stats::{Direction, Refusal, Sides, variance};

/// What is to be found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    Size,
    /// With so many units in all.
    Power(f64),
    /// The smallest effect, or margin, with so many units in all.
    Detectable(f64),
}

/// A question, understood.
#[derive(Debug)]
pub struct Question {
    /// The endpoint by its name on the command line.
    pub kind: &'static str,
    pub page: &'static str,
    pub ask: Ask,
    pub measure: Measure,
    /// Absent for a mean that nothing is relative to.
    pub baseline: Option<f64>,
    /// Without the price of looks.
    pub comparison: Comparison,
    /// What 1 of the comparison's effects is in the unit of the endpoint.
    pub unit: f64,
    pub toward: Direction,
    pub variants: u16,
    pub correction: Option<CorrectionName>,
    /// Alpha of the whole question.
    pub alpha: f64,
    /// Power asked of the whole question.
    pub power: f64,
    /// Power asked of this test, so that guardrails leave the decision its own.
    pub goal: f64,
    pub guardrails: u16,
    pub monitoring: Option<Monitoring>,
    pub always_valid: bool,
    pub cuped: Option<f64>,
    pub cluster_size: Option<f64>,
    /// The test of groups by their own degrees of freedom; `None` where the design effect stands for the groups.
    pub groups: Option<ClusterTest>,
    /// The rule on the posterior that decides in place of a test.
    pub rule: Option<Decision>,
    /// Units a day that take part.
    pub daily: Option<f64>,
    /// The inputs for people, in order.
    pub inputs: Vec<(&'static str, String)>,
    /// The test with its source.
    pub formula: &'static str,
    /// Which quantile, when it is one.
    pub quantile: Option<f64>,
}

impl Question {
    pub fn new(asked: &Asked) -> Result<Self, Failure> {
        let (subject, common) = (asked.subject()?, asked.common());
        let refuse = |refusal: Refusal| refused(&refusal);
        let stated = Stated::new(&subject, common)?;
        let (claim, unit) = stated.claim(&subject, common)?;
        let ask = stated.ask(units(common)?, common.power.is_some())?;
        let sides = match (common.sides, stated.name) {
            (Some(SidesName::One), _) => Sides::One,
            (Some(SidesName::Two), _) | (None, ClaimName::Superiority) => Sides::Two,
            (None, _) => Sides::One,
        };
        if (stated.name, common.sides) == (ClaimName::Equivalence, Some(SidesName::Two)) {
            return Err(usage("an equivalence is two one-sided tests, each at the whole alpha", "leave out --sides"));
        }
        let alpha = common.alpha.0;
        let power = common.power.map_or(0.8, |chance| chance.0);
        let treatments = usize::from(common.variants) - 1;
        let ratios = vec![common.ratio; treatments];
        let sharing = correction(common.correction.unwrap_or(CorrectionName::None), sides, &ratios);
        let each = multiplicity::alpha_per_test(sharing, alpha, treatments).map_err(refuse)?;
        let goal = match usize::from(common.guardrails) {
            0 => power,
            guardrails => ShipRule { guardrails, ..ShipRule::new(alpha, power) }.power_per_claim().map_err(refuse)?,
        };
        let mut comparison = Comparison {
            endpoint: subject.endpoint,
            claim,
            scale: match common.scale {
                ScaleName::Difference => Scale::Difference,
                ScaleName::Lift => Scale::Lift,
            },
            alpha: each,
            sides,
            allocation: common.ratio,
            size_factor: 1.0,
        };
        if let Some(rho) = common.cuped {
            comparison.size_factor *= variance::adjusted(rho, 1.0).map_err(refuse)?;
        }
        if let (Some(icc), Some(size)) = (common.icc, common.cluster_size) {
            comparison.size_factor *=
                variance::design_effect(size, common.cluster_cv.unwrap_or(0.0), icc).map_err(refuse)?;
        }
        let (monitoring, always_valid) = monitoring(common, each, sides, goal)?;
        let rule = rule(&subject, common, &stated, &comparison)?;
        let groups = groups(&comparison, common).filter(|_| monitoring.is_none() && rule.is_none());
        Ok(Question {
            inputs: stated.inputs(&subject, common),
            kind: subject.kind,
            page: subject.page,
            ask,
            measure: subject.measure,
            baseline: subject.baseline,
            comparison,
            unit,
            toward: stated.toward,
            variants: common.variants,
            correction: common.correction,
            alpha,
            power,
            goal,
            guardrails: common.guardrails,
            monitoring,
            always_valid,
            cuped: common.cuped,
            cluster_size: common.cluster_size,
            daily: common.units_per_day.map(|units| units.0 * common.share.map_or(1.0, Share::fraction)),
            formula: match (&rule, &groups) {
                (Some(_), _) => "normal posterior of the difference, judged by the rule",
                (None, Some(test)) => test_of_groups(test),
                (None, None) => subject.formula,
            },
            rule,
            groups,
            quantile: subject.quantile,
        })
    }
}

/// The comparison of groups that is asked; `None` where it has no test of its own, and without groups.
///
/// Variance reduction of the units is taken to hold for the groups.
fn groups(comparison: &Comparison, common: &Common) -> Option<ClusterTest> {
    let clustering = Clustering {
        size: common.cluster_size?,
        size_variation: common.cluster_cv.unwrap_or(0.0),
        intraclass_correlation: common.icc?,
        weighting: Weighting::Units,
    };
    let (Claim::Superiority { effect }, Scale::Difference) = (comparison.claim, comparison.scale) else { return None };
    let reduction = common.cuped.map_or(1.0, |rho| 1.0 - rho * rho);
    let (outcome, reference) = match comparison.endpoint {
        Endpoint::Mean { sd, test: MeanTest::T, .. } => {
            (Outcome::Mean { sd: sd * libm::sqrt(reduction), clustering }, Reference::Student)
        }
        Endpoint::Mean { sd, test: MeanTest::Z, .. } => {
            (Outcome::Mean { sd: sd * libm::sqrt(reduction), clustering }, Reference::Normal)
        }
        Endpoint::Proportion { baseline, test } if common.cuped.is_none() => {
            let pooled = match test {
                ProportionTest::Pooled => true,
                ProportionTest::Unpooled => false,
                _ => return None,
            };
            (Outcome::Proportion { baseline, pooled, clustering }, Reference::Student)
        }
        _ => return None,
    };
    let Comparison { alpha, sides, allocation, .. } = *comparison;
    Some(ClusterTest { outcome, effect, alpha, sides, allocation, reference })
}

/// The rule on the posterior that is asked; `None` for other methods.
fn rule(
    subject: &Subject,
    common: &Common,
    stated: &Stated,
    comparison: &Comparison,
) -> Result<Option<Decision>, Failure> {
    let parts = [&common.prior_mean, &common.prior_sd, &common.max_loss];
    let has_parts = parts.iter().any(|part| part.is_some()) || common.win_probability.is_some();
    if common.method != Some(MethodName::Bayesian) {
        return match has_parts {
            true => Err(usage("a prior and a rule on it belong to a Bayesian design", "write --method bayesian")),
            false => Ok(None),
        };
    }
    if common.win_probability.is_none() && common.max_loss.is_none() {
        return Err(usage("a Bayesian design needs its rule", "give --win-probability, --max-loss, or both"));
    }
    let Claim::Superiority { effect } = comparison.claim else {
        return Err(usage("the rule on the posterior shows an effect", "leave out --margin and --equivalence"));
    };
    if comparison.scale == Scale::Lift || common.variants != 2 || common.guardrails != 0 {
        let help = "leave out --scale, --variants and --guardrails";
        return Err(usage("the rule on the posterior compares two variants by their difference", help));
    }
    let measure = match comparison.endpoint {
        Endpoint::Proportion { baseline, .. } => bayes::Measure::Proportion { baseline },
        Endpoint::Mean { sd, test, .. } => bayes::Measure::Mean {
            sd_control: sd,
            sd_treatment: match test {
                MeanTest::UnequalZ { sd_treatment } | MeanTest::Welch { sd_treatment } => sd_treatment,
                _ => sd,
            },
        },
        Endpoint::Count(_) | Endpoint::TimeToEvent(_) => {
            return Err(usage("posteriors are planned for rates and means", "ask for `expc size mean` with its --sd"));
        }
    };
    let size = |option: &str, change: &Option<Change>| {
        change.as_ref().map(|change| subject.measure.size(subject.baseline, option, change)).transpose()
    };
    let mean = size("prior-mean", &common.prior_mean)?.unwrap_or(0.0);
    let toward = common.prior_mean.as_ref().and_then(|change| change.toward).unwrap_or(stated.toward);
    let prior = match size("prior-sd", &common.prior_sd)? {
        Some(sd) => Prior::Normal(Belief::new(toward.sign() * mean, sd).map_err(|refusal| refused(&refusal))?),
        None => Prior::Flat,
    };
    Ok(Some(Decision {
        measure,
        prior,
        rule: Rule {
            better: stated.toward,
            win: common.win_probability.map(|chance| chance.0),
            loss: size("max-loss", &common.max_loss)?,
            rope: None,
        },
        effect,
        allocation: comparison.allocation,
        size_factor: comparison.size_factor,
    }))
}

fn test_of_groups(test: &ClusterTest) -> &'static str {
    match test.reference {
        Reference::Student => "t test of the groups, with their degrees of freedom (Donner and Klar 2000)",
        Reference::Normal => "z test of the groups (Donner and Klar 2000)",
    }
}

/// What is to be shown, in the unit of the endpoint.
struct Stated {
    name: ClaimName,
    mde: Option<f64>,
    margin: Option<f64>,
    /// Signed.
    true_effect: f64,
    toward: Direction,
    good: Direction,
}

impl Stated {
    fn new(subject: &Subject, common: &Common) -> Result<Self, Failure> {
        let size = |option: &str, change: &Option<Change>| {
            change.as_ref().map(|change| subject.measure.size(subject.baseline, option, change)).transpose()
        };
        let (mde, margin) = (size("mde", &common.mde)?, size("margin", &common.margin)?);
        let (equivalence, true_size) =
            (size("equivalence", &common.equivalence)?, size("true-effect", &common.true_effect)?);
        let good = match common.direction {
            Some(Good::Decrease) => Direction::Down,
            Some(Good::Increase) | None => Direction::Up,
        };
        let sign = |change: &Option<Change>| change.as_ref().and_then(|change| change.toward);
        let name = match common.claim {
            Some(ClaimName::Equivalence) => ClaimName::Equivalence,
            _ if equivalence.is_some() => ClaimName::Equivalence,
            Some(name) => name,
            None => match (mde, margin) {
                (None, Some(_)) => ClaimName::NonInferiority,
                (Some(_), Some(_)) => ClaimName::SuperiorityByMargin,
                _ => ClaimName::Superiority,
            },
        };
        let about_margin = matches!(name, ClaimName::NonInferiority | ClaimName::Equivalence);
        if about_margin && mde.is_some() {
            return Err(usage(
                "--mde is an effect to show, and this claim is that there is no harm",
                "write --true-effect for an effect that is there",
            ));
        }
        if !about_margin && true_size.is_some() {
            return Err(usage("--true-effect belongs to a margin", "write --mde for an effect to show"));
        }
        if name == ClaimName::Superiority && margin.is_some() {
            return Err(usage(
                "superiority knows no margin",
                "write --claim superiority-by-margin, or leave out --margin",
            ));
        }
        Ok(Self {
            name,
            mde,
            margin: equivalence.or(margin),
            true_effect: true_size.map_or(0.0, |size| sign(&common.true_effect).unwrap_or(good).sign() * size),
            toward: sign(&common.mde).unwrap_or(good),
            good,
        })
    }

    /// The claim in the unit of the comparison, and what that unit is. What is solved for has no value yet.
    fn claim(&self, subject: &Subject, common: &Common) -> Result<(Claim, f64), Failure> {
        let unit = match (common.scale, subject.baseline) {
            (ScaleName::Difference, _) => 1.0,
            (ScaleName::Lift, Some(level)) => level.abs(),
            (ScaleName::Lift, None) => return Err(usage("a lift needs a level to lift", "give --baseline")),
        };
        let effect = self.toward.sign() * self.mde.unwrap_or(0.0) / unit;
        let margin = self.margin.unwrap_or(0.0) / unit;
        let true_effect = self.true_effect / unit;
        let claim = match self.name {
            ClaimName::Superiority => Claim::Superiority { effect },
            ClaimName::SuperiorityByMargin if self.margin.is_none() => {
                return Err(usage("this claim needs the gain to beat", "give --margin"));
            }
            ClaimName::SuperiorityByMargin => Claim::SuperiorityByMargin { effect, margin },
            ClaimName::NonInferiority => {
                Claim::NonInferiority { margin, higher_is_better: self.good == Direction::Up, true_effect }
            }
            ClaimName::Equivalence => Claim::Equivalence { lower: -margin, upper: margin, true_effect },
        };
        Ok((claim, unit))
    }

    /// What is unknown of effect or margin, power, and units.
    fn ask(&self, units: Option<f64>, power_is_given: bool) -> Result<Ask, Failure> {
        let about_margin = matches!(self.name, ClaimName::NonInferiority | ClaimName::Equivalence);
        let known = if about_margin { self.margin.is_some() } else { self.mde.is_some() };
        match (units, known) {
            (None, true) => Ok(Ask::Size),
            (None, false) => Err(match self.name {
                ClaimName::NonInferiority => usage(
                    "neither --margin nor --units: nothing to compute from",
                    "give --margin for a size, or --units for the smallest margin",
                ),
                ClaimName::Equivalence => usage(
                    "neither --equivalence nor --units: nothing to compute from",
                    "give --equivalence MARGIN for a size, or --claim equivalence and --units for the smallest margin",
                ),
                _ => usage(
                    "neither --mde nor --units: nothing to compute from",
                    "give --mde for a size, --units for the detectable effect, or both for the power",
                ),
            }),
            (Some(_), true) if power_is_given => Err(usage(
                "effect, power and units are all given: nothing is left to compute",
                "leave out --power for the power, --mde for the detectable effect, or --units for the size",
            )),
            (Some(units), true) => Ok(Ask::Power(units)),
            (Some(units), false) => Ok(Ask::Detectable(units)),
        }
    }

    /// What was understood, for people.
    fn inputs(&self, subject: &Subject, common: &Common) -> Vec<(&'static str, String)> {
        let measure = &subject.measure;
        let change = |size: f64| measure.change(subject.baseline, size);
        let mut rows: Vec<(&'static str, String)> = Vec::new();
        if let Some(baseline) = subject.baseline {
            rows.push(("baseline", measure.level(baseline)));
        }
        rows.extend(subject.inputs.iter().cloned());
        if let Some(size) = self.mde {
            rows.push(("effect", measure.effect(subject.baseline, self.toward.sign() * size)));
        }
        if let Some(size) = self.margin {
            let text = match self.name {
                ClaimName::Equivalence => format!("within {} either way", change(size)),
                ClaimName::NonInferiority => format!("harm up to {}", change(size)),
                _ => format!("gain of more than {}", change(size)),
            };
            rows.push(("margin", text));
        }
        if self.true_effect != 0.0 {
            rows.push(("true effect", measure.effect(subject.baseline, self.true_effect)));
        }
        if let Some(sd) = &common.prior_sd {
            let mean = common.prior_mean.as_ref().map_or("0", |mean| mean.text.as_str());
            rows.push(("prior", format!("normal with mean {mean} and standard deviation {}", sd.text)));
        }
        let win = common.win_probability.map(|chance| format!("better with a probability of {}", plain(chance.0)));
        let loss = common.max_loss.as_ref().map(|loss| format!("an expected loss of at most {}", loss.text));
        let rule: Vec<String> = win.into_iter().chain(loss).collect();
        if !rule.is_empty() {
            rows.push(("ships when", rule.join(", and ")));
        }
        if let Some(rho) = common.cuped {
            rows.push(("covariate", format!("correlation {}", plain(rho))));
        }
        if let (Some(icc), Some(size)) = (common.icc, common.cluster_size) {
            let spread = common.cluster_cv.map_or(String::new(), |cv| format!(", sizes vary by {}", plain(cv)));
            let size = plain(size);
            rows.push(("groups", format!("of {size} units, intra-cluster correlation {}{spread}", plain(icc))));
        }
        if let Some(units) = common.units_per_day {
            let share = common.share.map_or("100%".to_owned(), |share| share.to_string());
            rows.push(("traffic", format!("{} eligible units a day, {share} take part", count(units.0))));
        }
        rows
    }
}

/// The units in all that are given, by count or by traffic.
fn units(common: &Common) -> Result<Option<f64>, Failure> {
    let traffic = common
        .weeks
        .zip(common.units_per_day)
        .map(|(weeks, daily)| (f64::from(weeks) * 7.0 * daily.0 * common.share.map_or(1.0, Share::fraction)).floor());
    let units = common.units.map(|units| units.0).or(traffic);
    let least = f64::from(common.variants) * 2.0;
    match units.filter(|units| *units < least) {
        Some(few) => Err(usage(
            format!("{} units leave fewer than two for each of {} variants", count(few), common.variants),
            "give more --units",
        )),
        None => Ok(units),
    }
}

fn correction(name: CorrectionName, sides: Sides, ratios: &[f64]) -> Correction<'_> {
    match name {
        CorrectionName::None => Correction::None,
        CorrectionName::Bonferroni => Correction::Bonferroni,
        CorrectionName::Sidak => Correction::Sidak,
        CorrectionName::Holm => Correction::Holm,
        CorrectionName::Hochberg => Correction::Hochberg,
        CorrectionName::Hommel => Correction::Hommel,
        CorrectionName::Dunnett => Correction::Dunnett { sides, ratios },
        CorrectionName::FixedSequence => Correction::FixedSequence,
        CorrectionName::BenjaminiHochberg => Correction::BenjaminiHochberg,
    }
}

/// The bounds of the looks, and whether they hold at any time.
fn monitoring(common: &Common, alpha: f64, sides: Sides, goal: f64) -> Result<(Option<Monitoring>, bool), Failure> {
    let sequential = common.looks.is_some() || common.spending.is_some();
    let method = common.method.unwrap_or(if sequential { MethodName::GroupSequential } else { MethodName::Fixed });
    let refuse = |refusal: Refusal| refused(&refusal);
    match method {
        MethodName::Fixed if sequential => Err(usage(
            "a fixed design looks once, at the end",
            "leave out --looks and --spending, or write --method group-sequential",
        )),
        MethodName::Bayesian if sequential => {
            Err(usage("the rule on the posterior is read once", "leave out --looks and --spending"))
        }
        MethodName::Fixed | MethodName::Bayesian => Ok((None, false)),
        MethodName::GroupSequential => {
            let Some(looks) = &common.looks else {
                return Err(usage(
                    "a group-sequential design needs its looks",
                    "write --looks 4, or --looks 25%,50%,100%",
                ));
            };
            let spending = common.spending.map_or(sequential::Spending::ObrienFleming, |spending| spending.0);
            let plan = match common.futility {
                None => Monitoring::spending(&looks.0, alpha, sides, spending),
                Some(_) if sides == Sides::Two => {
                    return Err(usage(
                        "a futility bound belongs to a one-sided test",
                        "write --sides one, with --alpha 2.5% for the same strictness",
                    ));
                }
                Some(family) => sequential::Looks::new(&looks.0).and_then(|looks| {
                    let futility = Futility { rule: FutilityRule::Beta(family.0), binding: common.binding };
                    Monitoring::with_futility(&looks, alpha, spending.into(), &futility, goal)
                }),
            }
            .map_err(refuse)?;
            Ok((Some(plan), false))
        }
        MethodName::AlwaysValid if common.spending.is_some() => {
            Err(usage("an always-valid design spends no alpha by a function", "leave out --spending"))
        }
        MethodName::AlwaysValid => {
            // Looked at whenever one likes: a look a day over four weeks stands for it, as in specs.
            let fractions =
                common.looks.as_ref().map_or_else(|| sequential::equal_fractions(28), |looks| looks.0.clone());
            let plan = NormalMixture::new(alpha, sides)
                .and_then(|sequence| sequence.looked_at(&fractions, sequence.nearly_tightest()))
                .map_err(refuse)?;
            Ok((Some(plan), true))
        }
    }
}
