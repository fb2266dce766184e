//! The answer to a question, by the door of the statistics, with what a careful reader would add.

use super::measure::Measure;
use super::options::CorrectionName;
use super::question::{Ask, Question};
use super::refusals::refused;
use crate::cli::Failure;
use crate::cli::looks::Schedule;
use crate::cli::shown::digits;
use crate::rules::prelude::{count, days as days_text};
use crate::spec::quantity::plain;
use crate::stats::bayes::{Assurance, Decision, Prior};
use crate::stats::cluster::{ClusterTest, Reference};
use crate::stats::comparison::{Claim, Comparison, Endpoint};
use crate::stats::exaggeration::{self, Exaggeration};
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::Monitoring;
use crate::stats::{Refusal, Sides, normal, quantile};

/// What came out.
#[derive(Debug)]
pub struct Answer {
    pub control: u64,
    /// Of each treatment.
    pub treatment: u64,
    /// Of all variants.
    pub total: u64,
    /// Control units before rounding, when the size was asked.
    pub exact_control: Option<f64>,
    /// At these units.
    pub power: f64,
    /// The true effect that the power is for, signed.
    pub effect: f64,
    pub margin: Option<f64>,
    /// The size of the last look over that of one look at the end; 1 without looks.
    pub inflation: f64,
    /// Events to expect in all variants, when they are what is counted.
    pub events: Option<f64>,
    /// Groups in control and in each treatment.
    pub groups: Option<(u64, u64)>,
    /// Days of enrolment until the last unit has come.
    pub days: Option<u32>,
    pub schedule: Schedule,
    /// What a significant result is worth, when an effect is to be shown.
    pub worth: Option<Exaggeration>,
    /// How often a rule on the posterior ships what has no effect.
    pub type_one_error: Option<f64>,
    /// How often it ships when the effect is drawn from the prior.
    pub assurance: Option<Assurance>,
    pub assumptions: Vec<String>,
    pub cautions: Vec<String>,
}

/// A win is expected to overstate a little; beyond this it misleads.
const MOST_EXAGGERATION: f64 = 1.5;
/// Longer than anyone waits.
const MOST_DAYS: f64 = 1e6;

impl Question {
    pub fn answer(&self) -> Result<Answer, Failure> {
        self.solve().map_err(|refusal| refused(&refusal))
    }

    fn solve(&self) -> Result<Answer, Refusal> {
        let mut comparison = self.comparison;
        let allocation = comparison.allocation;
        let treatments = f64::from(self.variants) - 1.0;
        let arms = |units: f64| {
            let control = (units / (1.0 + treatments * allocation)).floor().max(1.0);
            (control, ((units - control) / treatments).floor())
        };
        let mut groups = None;
        let mut rule = self.rule;
        let (control, treatment, exact_control, power) = match (self.ask, self.groups.zip(self.cluster_size), &mut rule)
        {
            (Ask::Size, _, Some(rule)) => {
                let size = rule.required(self.goal)?;
                (size.control_units as f64, size.treatment_units as f64, Some(size.control), size.power)
            }
            (Ask::Power(all) | Ask::Detectable(all), _, Some(rule)) => {
                let (control, treatment) = arms(all);
                rule.allocation = treatment / control;
                comparison.allocation = rule.allocation;
                if let Ask::Detectable(_) = self.ask {
                    rule.effect = rule.detectable(control, self.goal)?;
                    comparison.claim = Claim::Superiority { effect: rule.effect };
                }
                (control, treatment, None, rule.power(control)?)
            }
            (Ask::Size, Some((test, units)), None) => {
                let size = test.required(self.goal)?;
                groups = Some((size.control_units, size.treatment_units));
                let of = |groups: u64| (groups as f64 * units).ceil();
                (of(size.control_units), of(size.treatment_units), Some(size.control * units), size.power)
            }
            (Ask::Power(all), Some((test, units)), None) => {
                let (control, treatment) = arms(all);
                comparison.allocation = treatment / control;
                let test = ClusterTest { allocation: comparison.allocation, ..test };
                (control, treatment, None, test.power(control / units)?)
            }
            (Ask::Detectable(all), Some((test, units)), None) => {
                let (control, treatment) = arms(all);
                comparison.allocation = treatment / control;
                let test = ClusterTest { allocation: comparison.allocation, ..test };
                let effect = test.detectable(control / units, self.goal, self.toward)?;
                comparison.claim = Claim::Superiority { effect };
                (control, treatment, None, self.goal)
            }
            (Ask::Size, None, None) => {
                let size = self.with_looks(comparison, self.goal)?.required(self.goal)?;
                (size.control_units as f64, size.treatment_units as f64, Some(size.control), size.power)
            }
            (Ask::Power(units), None, None) => {
                let (control, treatment) = arms(units);
                comparison.allocation = treatment / control;
                (control, treatment, None, self.power_with_looks(comparison, control)?)
            }
            (Ask::Detectable(units), None, None) => {
                let (control, treatment) = arms(units);
                comparison.allocation = treatment / control;
                let found = self.with_looks(comparison, self.goal)?.detectable(control, self.goal, self.toward)?;
                comparison.claim = match comparison.claim {
                    Claim::Superiority { .. } => Claim::Superiority { effect: found },
                    Claim::SuperiorityByMargin { margin, .. } => Claim::SuperiorityByMargin { effect: found, margin },
                    Claim::NonInferiority { higher_is_better, true_effect, .. } => {
                        Claim::NonInferiority { margin: found, higher_is_better, true_effect }
                    }
                    Claim::Equivalence { true_effect, .. } => {
                        Claim::Equivalence { lower: -found, upper: found, true_effect }
                    }
                };
                (control, treatment, None, self.goal)
            }
        };
        let (effect, margin) = match comparison.claim {
            Claim::Superiority { effect } => (effect, None),
            Claim::SuperiorityByMargin { effect, margin } => (effect, Some(margin)),
            Claim::NonInferiority { margin, true_effect, .. } => (true_effect, Some(margin)),
            Claim::Equivalence { upper, true_effect, .. } => (true_effect, Some(upper)),
        };
        let (effect, margin) = (effect * self.unit, margin.map(|margin| margin * self.unit));
        let total = control + treatments * treatment;
        let days_of = |units: f64| {
            let days = self.daily.map(|daily| (units / daily).ceil()).filter(|days| *days <= MOST_DAYS);
            days.map(|days| days.max(1.0) as u32)
        };
        let schedule = self.monitoring.as_ref().map_or_else(Schedule::default, |monitoring| {
            Schedule::new(monitoring, comparison.sides, total, monitoring.drift(power).ok(), |_, part| {
                (days_of(total * part), None)
            })
        });
        let of_units = |size: f64| ((control / size).ceil() as u64, (treatment / size).ceil() as u64);
        let groups = groups.or_else(|| self.cluster_size.map(of_units));
        let inflation = match &self.monitoring {
            Some(monitoring) => monitoring.inflation(self.goal)?,
            None => 1.0,
        };
        let mut answer = Answer {
            control: control as u64,
            treatment: treatment as u64,
            total: total as u64,
            exact_control,
            power,
            effect,
            margin,
            inflation,
            events: match comparison.endpoint {
                Endpoint::TimeToEvent(hazards) => {
                    let ratio = 1.0 + effect / hazards.control;
                    Some(hazards.events(ratio, control, treatments * treatment)?)
                }
                _ => None,
            },
            groups,
            days: days_of(total),
            schedule,
            worth: self.worth(&comparison, power).filter(|_| rule.is_none()),
            type_one_error: rule.map(|rule| rule.type_one_error(control)).transpose()?,
            assurance: rule.and_then(|rule| drawn(&rule, control)).transpose()?,
            assumptions: self.assumptions(),
            cautions: Vec::new(),
        };
        answer.cautions = comparison.cautions(control)?.iter().map(ToString::to_string).collect();
        if let Some(p) = self.quantile {
            let few = quantile::caution(p, comparison.alpha, control.min(treatment))?;
            answer.cautions.extend(few.map(|caution| caution.to_string()));
        }
        answer.cautions.extend(self.cautions(&answer));
        Ok(answer)
    }

    /// The comparison with the price of its looks at a power.
    fn with_looks(&self, comparison: Comparison, power: f64) -> Result<Comparison, Refusal> {
        let inflation = self.monitoring.as_ref().map_or(Ok(1.0), |monitoring| monitoring.inflation(power))?;
        Ok(Comparison { size_factor: comparison.size_factor * inflation, ..comparison })
    }

    /// The power of units that are looked at on the way: information grows with units, so that the drift grows with
    /// their root from that of the sample that the power asked for needs.
    fn power_with_looks(&self, comparison: Comparison, control: f64) -> Result<f64, Refusal> {
        let Some(monitoring) = &self.monitoring else { return comparison.power(control) };
        let whole = self.with_looks(comparison, self.goal)?.required(self.goal)?.control;
        let drift = monitoring.drift(self.goal)? * libm::sqrt(control / whole);
        // Beyond 900 every look stops, and the recursion has nothing to say.
        monitoring.power(drift.min(900.0))
    }

    /// What a significant result is worth; the effect in standard errors is the power's quantile beyond the bound.
    fn worth(&self, comparison: &Comparison, power: f64) -> Option<Exaggeration> {
        if !matches!(comparison.claim, Claim::Superiority { .. }) {
            return None;
        }
        let tail = comparison.sides.tail(comparison.alpha);
        let distance = normal::quantile(power.clamp(tail, 1.0 - 1e-9)) + normal::upper_quantile(tail);
        exaggeration::normal(distance, comparison.alpha, comparison.sides).ok()
    }

    fn assumptions(&self) -> Vec<String> {
        let unit = if self.cluster_size.is_some() { "groups" } else { "units" };
        let mut list = vec![format!("{unit} are independent, and each stays in its variant")];
        match self.comparison.endpoint {
            Endpoint::Count(_) => {
                list.push(
                    "each unit is watched for the same time; the ratio of the rates is tested on the log scale"
                        .to_owned(),
                );
            }
            Endpoint::TimeToEvent(_) => {
                list.push("hazards are constant, and their ratio stays the same".to_owned());
                if self.monitoring.is_some() {
                    list.push(
                        "the parts of the looks are parts of the events, which come later than the units".to_owned(),
                    );
                }
            }
            Endpoint::Proportion { .. } => {
                list.push("each unit counts once, converted or not; the baseline is that of the same units".to_owned());
            }
            Endpoint::Mean { .. } if self.kind == "quantile" => {
                list.push(
                    "each unit has one outcome; the deviation of the quantile is the same in both variants".to_owned(),
                );
            }
            Endpoint::Mean { .. } if self.kind == "ratio" => {
                list.push("units are what is randomised; rows within a unit may depend on each other".to_owned());
            }
            Endpoint::Mean { .. } => {
                list.push(
                    "one number a unit; the deviation is between units, over a window as long as the test's".to_owned(),
                );
            }
        }
        if self.cuped.is_some() {
            list.push("the covariate was measured before assignment, over windows as long as planned".to_owned());
        }
        if self.always_valid {
            list.push("looks at any time; bounds tuned to be tightest at the last unit".to_owned());
        }
        if self.daily.is_some() {
            list.push("new units arrive at an even rate; nobody is counted twice".to_owned());
        }
        list
    }

    fn cautions(&self, answer: &Answer) -> Vec<String> {
        let mut list = Vec::new();
        let mut say = |text: String| list.push(text);
        if let Endpoint::Proportion { test: ProportionTest::Unpooled, .. } = self.comparison.endpoint
            && self.comparison.allocation != 1.0
        {
            say("with unequal variants the unpooled test keeps alpha less well than the pooled one".to_owned());
        }
        if 2 < self.variants && self.correction.is_none() {
            say(format!(
                "{} treatments, each at the whole alpha: some false win is more likely than {}; see --correction",
                self.variants - 1,
                plain(self.alpha)
            ));
        }
        use CorrectionName::{BenjaminiHochberg, Hochberg, Holm, Hommel};
        if let Some(Holm | Hochberg | Hommel | BenjaminiHochberg) = self.correction {
            say("sized as Bonferroni, the first step of the correction: the real power is no lower".to_owned());
        }
        if matches!(self.comparison.claim, Claim::Superiority { .. })
            && self.comparison.sides == Sides::One
            && self.rule.is_none()
        {
            say("one side: a movement the wrong way will not be told from none".to_owned());
        }
        if let Some(worth) = answer.worth.filter(|worth| MOST_EXAGGERATION < worth.magnitude) {
            say(format!("a win at this power overstates the effect {} times on average", digits(worth.magnitude, 2)));
        }
        if self.baseline.is_some_and(|level| 0.5 * level.abs() < answer.effect.abs()) {
            say("few changes move a metric by more than half of its level".to_owned());
        }
        if self.cuped.is_some_and(|rho| 0.95 < rho.abs()) {
            say("a correlation above 0.95 is rare: mind that the covariate is not the outcome itself".to_owned());
        }
        let by_t = self.groups.is_some_and(|test| test.reference == Reference::Student);
        if answer.groups.filter(|_| !by_t).is_some_and(|(control, treatment)| control.min(treatment) < 15) {
            say("fewer than 15 groups in a variant: the test is too sure of itself".to_owned());
        }
        match answer.days {
            Some(days) if days < 7 => {
                say(format!("{} miss some days of the week: run a whole week", days_text(days)));
            }
            Some(days) if 8 * 7 < days => {
                say(format!("{} are long: devices and habits change meanwhile", days_text(days)));
            }
            None if self.daily.is_some() => say("the traffic never brings so many units".to_owned()),
            _ => {}
        }
        list
    }
}

/// The assurance of a rule; `None` where every effect is as likely.
fn drawn(rule: &Decision, control: f64) -> Option<Result<Assurance, Refusal>> {
    match rule.prior {
        Prior::Normal(effects) => Some(rule.assurance(control, effects)),
        Prior::Flat => None,
    }
}

/// The looks of a question in words: `4 looks`.
pub fn looks(monitoring: &Monitoring, always_valid: bool) -> String {
    let number = monitoring.fractions().len();
    let name = if always_valid { "always-valid" } else { "group-sequential" };
    format!("{name}, {number} look{}", if number == 1 { "" } else { "s" })
}

impl Answer {
    /// The answer in a line, and the units it rests on where they were given.
    pub fn headline(&self, question: &Question) -> String {
        let arms = match question.variants {
            2 => format!("{} control, {} treatment", count(self.control as f64), count(self.treatment as f64)),
            more => format!(
                "{} control, {} in each of {} treatments",
                count(self.control as f64),
                count(self.treatment as f64),
                more - 1
            ),
        };
        let total = format!("{} units: {arms}", count(self.total as f64));
        let measure: &Measure = &question.measure;
        match (question.ask, question.comparison.claim) {
            (Ask::Size, _) => total,
            (Ask::Power(_), _) => format!("power {}\n{total}", crate::cli::shown::exact_power(self.power)),
            (Ask::Detectable(_), Claim::NonInferiority { .. }) => {
                format!("smallest margin: {}\n{total}", measure.change(question.baseline, self.margin.unwrap_or(0.0)))
            }
            (Ask::Detectable(_), _) => {
                format!("detectable: {}\n{total}", measure.effect(question.baseline, self.effect))
            }
        }
    }
}
