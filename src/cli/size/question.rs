//! From what was typed to a question that the statistics can answer.

use super::options::{
    Asked, ClaimName, Common, CorrectionName, Good, MeansTest, MethodName, Proportion, RateTest, SidesName,
};
use super::typed::{Change, Level};
use crate::cli::Failure;
use crate::cli::shown::digits;
use crate::plan::in_unit;
use crate::rules::prelude::{count, percent};
use crate::spec::quantity::{Amount, plain};
use crate::spec::{Share, Unit};
use crate::stats::comparison::{Claim, Comparison, Endpoint};
use crate::stats::mean::MeanTest;
use crate::stats::multiplicity::{self, Correction};
use crate::stats::proportion::ProportionTest;
use crate::stats::sequential::{self, Monitoring};
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

/// What the numbers are counted in.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    Rate,
    Plain(Option<String>),
}

/// A question, understood.
#[derive(Debug)]
pub struct Question {
    /// The endpoint by its name on the command line.
    pub kind: &'static str,
    pub ask: Ask,
    pub measure: Measure,
    /// Absent for a mean that nothing is relative to.
    pub baseline: Option<f64>,
    /// Without the price of looks.
    pub comparison: Comparison,
    pub toward: Direction,
    pub variants: u16,
    pub correction: Option<Correction>,
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
    /// Units a day that take part.
    pub daily: Option<f64>,
    /// The inputs for people, in order.
    pub inputs: Vec<(&'static str, String)>,
    /// The test with its source.
    pub formula: &'static str,
}

fn usage(text: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::Usage { text: text.into(), help: help.into() }
}

/// A question that has no answer, with the refusal's own numbers.
pub fn refused(refusal: &Refusal) -> Failure {
    let help = match refusal {
        Refusal::NoRoom { .. } => "a rate stays between 0 and 1: ask for a smaller change, or mind its direction",
        Refusal::PowerTooLow { .. } => "ask for a power above alpha",
        Refusal::WithinMargin { .. } => "the effect must go beyond the margin: raise --mde or lower --margin",
        Refusal::TooFewUnits { .. } | Refusal::OutOfReach { .. } => "give more --units, or ask for less power",
        Refusal::TooManyUnits { .. } => "ask for a larger effect or margin",
        Refusal::TooManyLooks { .. } | Refusal::Fractions { .. } => "write --looks like 4, or 25%,50%,100%",
        Refusal::Outside { .. } => "write a value in that range",
        _ => "see the examples of `expc size --help`",
    };
    usage(format!("no answer: {refusal}"), help)
}

/// An endpoint before the shared options.
struct Subject {
    kind: &'static str,
    measure: Measure,
    baseline: Option<f64>,
    endpoint: Endpoint,
    inputs: Vec<(&'static str, String)>,
    formula: &'static str,
}

impl Question {
    pub fn new(asked: &Asked) -> Result<Self, Failure> {
        let (subject, common) = match asked {
            Asked::Proportion(options) => (proportion(options), &options.common),
            Asked::Mean(options) => (mean(options)?, &options.common),
            Asked::Ratio(options) => (ratio(options)?, &options.common),
        };
        subject.ask(common)
    }
}

fn proportion(options: &Proportion) -> Subject {
    let baseline = options.baseline.0;
    let (test, formula) = match options.test {
        RateTest::ZPooled => (
            ProportionTest::Pooled,
            "z test of two proportions, pooled variance (Fleiss 1981; margins: Farrington and Manning 1990)",
        ),
        RateTest::ZUnpooled => {
            (ProportionTest::Unpooled, "z test of two proportions, each variant's own variance (Wald)")
        }
    };
    Subject {
        kind: "proportion",
        measure: Measure::Rate,
        baseline: Some(baseline),
        endpoint: Endpoint::Proportion { baseline, test },
        inputs: Vec::new(),
        formula,
    }
}

/// The one unit of several levels, dollar signs and codes taken as the same.
fn common_unit<'a>(levels: impl IntoIterator<Item = (&'static str, &'a Level)>) -> Result<Option<String>, Failure> {
    let mut known: Option<(&'static str, String)> = None;
    for (option, level) in levels {
        let Some(unit) = &level.unit else { continue };
        let name = match unit {
            Unit::Money(sign) => match sign.as_str() {
                "$" => "USD",
                "€" => "EUR",
                "£" => "GBP",
                "¥" => "JPY",
                code => code,
            }
            .to_owned(),
            unit => unit.to_string(),
        };
        match &known {
            Some((first, other)) if *other != name => {
                return Err(usage(
                    format!("--{first} is counted in {other}, --{option} in {name}"),
                    format!("write both in {other}"),
                ));
            }
            Some(_) => {}
            None => known = Some((option, name)),
        }
    }
    Ok(known.map(|(_, name)| name))
}

fn mean(options: &super::options::Mean) -> Result<Subject, Failure> {
    let named = [
        ("baseline", options.baseline.as_ref()),
        ("sd", Some(&options.sd)),
        ("sd-treatment", options.sd_treatment.as_ref()),
    ];
    let unit = common_unit(named.into_iter().filter_map(|(name, level)| Some((name, level?))))?;
    let measure = Measure::Plain(unit);
    let mut inputs = vec![("standard deviation", measure.level(options.sd.number))];
    let (test, formula) = match (&options.sd_treatment, options.test) {
        (Some(level), None | Some(MeansTest::Z)) => {
            inputs.push(("in treatment", measure.level(level.number)));
            (
                MeanTest::UnequalZ { sd_treatment: level.number },
                "z test of two means, each variant's own deviation, taken as known",
            )
        }
        (Some(_), Some(MeansTest::T)) => {
            return Err(usage(
                "Student's t test knows one standard deviation, and --sd-treatment gives a second",
                "leave out --test, or --sd-treatment",
            ));
        }
        (None, Some(MeansTest::Z)) => (MeanTest::Z, "z test of two means, deviation taken as known"),
        (None, None | Some(MeansTest::T)) => {
            (MeanTest::T, "Student's t test of two means, exact by the noncentral t (Guenther 1981)")
        }
    };
    let baseline = options.baseline.as_ref().map(|level| level.number);
    Ok(Subject {
        kind: "mean",
        baseline,
        endpoint: Endpoint::Mean { baseline: baseline.unwrap_or(0.0), sd: options.sd.number, test },
        measure,
        inputs,
        formula,
    })
}

fn ratio(options: &super::options::Ratio) -> Result<Subject, Failure> {
    let formula = "z test of two ratios of sums, variance per unit by the delta method (Deng, Knoblich and Lu 2018)";
    let subject = |baseline: f64, sd: f64, measure: Measure, inputs: Vec<(&'static str, String)>| Subject {
        kind: "ratio",
        baseline: Some(baseline),
        endpoint: Endpoint::Mean { baseline, sd, test: MeanTest::Z },
        measure,
        inputs,
        formula,
    };
    if let (Some(baseline), Some(sd)) = (&options.baseline, &options.sd) {
        let measure = Measure::Plain(common_unit([("baseline", baseline), ("sd", sd)])?);
        let inputs = vec![("deviation per unit", measure.level(sd.number))];
        return Ok(subject(baseline.number, sd.number, measure, inputs));
    }
    let (Some(top), Some(top_sd), Some(bottom), Some(bottom_sd), Some(rho)) =
        (options.numerator, options.numerator_sd, options.denominator, options.denominator_sd, options.correlation)
    else {
        return Err(usage(
            "a ratio needs its two parts, or its level and deviation",
            "give --numerator, --numerator-sd, --denominator, --denominator-sd and --correlation, or --baseline and --sd",
        ));
    };
    let spread = variance::ratio((top, top_sd * top_sd), (bottom, bottom_sd * bottom_sd), rho * top_sd * bottom_sd)
        .map_err(|refusal| refused(&refusal))?;
    let measure = Measure::Plain(None);
    let inputs = vec![
        ("numerator", format!("{} ± {} per unit", plain(top), plain(top_sd))),
        ("denominator", format!("{} ± {} per unit", plain(bottom), plain(bottom_sd))),
        ("correlation", plain(rho)),
        ("deviation per unit", measure.level(libm::sqrt(spread))),
    ];
    Ok(subject(top / bottom, libm::sqrt(spread), measure, inputs))
}

impl Subject {
    /// The size of a change in the unit of the endpoint.
    fn size(&self, option: &str, change: &Change) -> Result<f64, Failure> {
        let percentage = change.unit == Some(Unit::Percent);
        if self.measure == Measure::Rate && percentage && !change.said_relative {
            let level = self.baseline.unwrap_or(0.0);
            let part = change.number / 100.0;
            return Err(usage(
                format!("`--{option} {}` of a rate reads two ways", change.text),
                format!(
                    "write {number}%rel for {} to {}, or {number}pp for {} to {}",
                    percent(level),
                    self.measure.level(level * (1.0 + part)),
                    percent(level),
                    self.measure.level(level + part),
                    number = plain(change.number),
                ),
            ));
        }
        if percentage {
            let level = self.baseline.filter(|level| *level != 0.0).ok_or_else(|| {
                usage(
                    format!("`--{option} {}` is relative, and there is no baseline to be relative to", change.text),
                    "give --baseline, or write an absolute change",
                )
            })?;
            return Ok(change.number / 100.0 * level.abs());
        }
        let wanted = |unit: &str| {
            usage(
                format!("`--{option} {}` is not counted as the metric is", change.text),
                format!("write {0}%rel, or an absolute change in {unit}", plain(change.number)),
            )
        };
        let Some(unit) = &change.unit else {
            return match &self.measure {
                // A bare number of a rate may be a part, a percentage or points.
                Measure::Rate => Err(wanted(&format!("points, like {}pp", plain(change.number)))),
                Measure::Plain(_) => Ok(change.number),
            };
        };
        let amount = Amount { number: change.number, unit: unit.clone() };
        let (own, rate) = match &self.measure {
            Measure::Rate => (None, true),
            Measure::Plain(unit) => (unit.as_deref(), false),
        };
        in_unit(&amount, own, rate).ok_or_else(|| match (own, rate) {
            (_, true) => wanted(&format!("points, like {}pp", plain(change.number))),
            (Some(own), _) => wanted(own),
            (None, _) => wanted("the unit of --baseline or --sd: they have none"),
        })
    }

    fn ask(mut self, common: &Common) -> Result<Question, Failure> {
        let mde = common.mde.as_ref().map(|change| self.size("mde", change)).transpose()?;
        let margin = common.margin.as_ref().map(|change| self.size("margin", change)).transpose()?;
        let good = match common.direction {
            Some(Good::Decrease) => Direction::Down,
            Some(Good::Increase) | None => Direction::Up,
        };
        let sign = common.mde.as_ref().and_then(|change| change.toward);
        let toward = sign.unwrap_or(good);
        let units = units(common)?;
        let name = common.claim.unwrap_or(match (mde, margin) {
            (None, Some(_)) => ClaimName::NonInferiority,
            (Some(_), Some(_)) => ClaimName::SuperiorityByMargin,
            _ => ClaimName::Superiority,
        });
        let effect = toward.sign() * mde.unwrap_or(0.0);
        let higher = good == Direction::Up;
        // What is solved for has no value yet; the margin is the unknown of non-inferiority, the effect that of the others.
        let known = match name {
            ClaimName::NonInferiority => margin.is_some(),
            _ => mde.is_some(),
        };
        let claim = match name {
            ClaimName::Superiority => Claim::Superiority { effect },
            ClaimName::SuperiorityByMargin => {
                let margin = margin.ok_or_else(|| usage("this claim needs the gain to beat", "give --margin"))?;
                Claim::SuperiorityByMargin { effect, margin }
            }
            ClaimName::NonInferiority => {
                Claim::NonInferiority { margin: margin.unwrap_or(0.0), higher_is_better: higher, true_effect: effect }
            }
        };
        let ask = match (units, known) {
            (None, true) => Ask::Size,
            (None, false) => {
                return Err(match name {
                    ClaimName::NonInferiority => usage(
                        "neither --margin nor --units: nothing to compute from",
                        "give --margin for a size, or --units for the smallest margin",
                    ),
                    _ => usage(
                        "neither --mde nor --units: nothing to compute from",
                        "give --mde for a size, --units for the detectable effect, or both for the power",
                    ),
                });
            }
            (Some(_), true) if common.power.is_some() => {
                return Err(usage(
                    "effect, power and units are all given: nothing is left to compute",
                    "leave out --power for the power, --mde for the detectable effect, or --units for the size",
                ));
            }
            (Some(units), true) => Ask::Power(units),
            (Some(units), false) => Ask::Detectable(units),
        };
        let sides = match (common.sides, name) {
            (Some(SidesName::One), _) | (None, ClaimName::NonInferiority | ClaimName::SuperiorityByMargin) => {
                Sides::One
            }
            _ => Sides::Two,
        };
        self.inputs(common, name, (mde, margin), toward);
        let alpha = common.alpha.0;
        let power = common.power.map_or(0.8, |chance| chance.0);
        let treatments = usize::from(common.variants) - 1;
        let correction = common.correction.map(correction);
        let each = multiplicity::alpha_per_test(correction.unwrap_or(Correction::None), alpha, treatments)
            .map_err(|refusal| refused(&refusal))?;
        let goal = match usize::from(common.guardrails) {
            0 => power,
            guardrails => multiplicity::guardrail_power(power, 1, guardrails).map_err(|refusal| refused(&refusal))?,
        };
        let mut comparison = Comparison {
            endpoint: self.endpoint,
            claim,
            alpha: each,
            sides,
            allocation: common.ratio,
            size_factor: 1.0,
        };
        if let Some(rho) = common.cuped {
            comparison.size_factor *= variance::adjusted(rho, 1.0).map_err(|refusal| refused(&refusal))?;
        }
        if let (Some(icc), Some(size)) = (common.icc, common.cluster_size) {
            comparison.size_factor *= variance::design_effect(size, common.cluster_cv.unwrap_or(0.0), icc)
                .map_err(|refusal| refused(&refusal))?;
        }
        let (monitoring, always_valid) = monitoring(common, each, sides)?;
        Ok(Question {
            kind: self.kind,
            ask,
            measure: self.measure,
            baseline: self.baseline,
            comparison,
            toward,
            variants: common.variants,
            correction,
            alpha,
            power,
            goal,
            guardrails: common.guardrails,
            monitoring,
            always_valid,
            cuped: common.cuped,
            cluster_size: common.cluster_size,
            daily: common.units_per_day.map(|units| units.0 * common.share.map_or(1.0, Share::fraction)),
            inputs: self.inputs,
            formula: self.formula,
        })
    }

    /// What was understood, for people.
    fn inputs(
        &mut self,
        common: &Common,
        claim: ClaimName,
        (mde, margin): (Option<f64>, Option<f64>),
        toward: Direction,
    ) {
        let mut rows: Vec<(&'static str, String)> = Vec::new();
        if let Some(baseline) = self.baseline {
            rows.push(("baseline", self.measure.level(baseline)));
        }
        rows.append(&mut self.inputs);
        if let Some(size) = mde {
            rows.push(("effect", self.measure.effect(self.baseline, toward.sign() * size)));
        }
        if let Some(size) = margin {
            let meaning = match claim {
                ClaimName::NonInferiority => "harm up to",
                _ => "gain of more than",
            };
            rows.push(("margin", format!("{meaning} {}", self.measure.change(self.baseline, size))));
        }
        self.inputs = rows;
        if let Some(rho) = common.cuped {
            self.inputs.push(("covariate", format!("correlation {}", plain(rho))));
        }
        if let (Some(icc), Some(size)) = (common.icc, common.cluster_size) {
            let spread = common.cluster_cv.map_or(String::new(), |cv| format!(", sizes vary by {}", plain(cv)));
            self.inputs.push((
                "groups",
                format!("of {} units, intra-cluster correlation {}{spread}", plain(size), plain(icc)),
            ));
        }
        if let Some(units) = common.units_per_day {
            let share = common.share.map_or("100%".to_owned(), |share| share.to_string());
            self.inputs.push(("traffic", format!("{} eligible units a day, {share} take part", count(units.0))));
        }
    }
}

impl Measure {
    /// A level in its unit.
    pub fn level(&self, value: f64) -> String {
        match self {
            Self::Rate => format!("{}%", digits(value * 100.0, 4)),
            Self::Plain(Some(unit)) => {
                format!("{} {}", digits(value, 4), crate::text::printable(unit))
            }
            Self::Plain(None) => digits(value, 4),
        }
    }

    /// A signed effect with the levels it leads from and to.
    pub fn effect(&self, baseline: Option<f64>, effect: f64) -> String {
        let way = if effect < 0.0 { "fall" } else { "rise" };
        let change = self.change(baseline, effect);
        match baseline {
            Some(level) => format!("{way} of {change}: {} → {}", self.level(level), self.level(level + effect)),
            None => format!("{way} of {change}"),
        }
    }

    /// The size of a change in its unit, and relative to the baseline.
    pub fn change(&self, baseline: Option<f64>, size: f64) -> String {
        let size = size.abs();
        let own = match self {
            Self::Rate => format!("{}pp", digits(size * 100.0, 4)),
            plain => plain.level(size),
        };
        match baseline.map(f64::abs).filter(|level| 0.0 < *level) {
            Some(level) => format!("{own} ({}% of the baseline)", digits(size / level * 100.0, 4)),
            None => own,
        }
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

fn correction(name: CorrectionName) -> Correction {
    match name {
        CorrectionName::None => Correction::None,
        CorrectionName::Bonferroni => Correction::Bonferroni,
        CorrectionName::Sidak => Correction::Sidak,
        CorrectionName::Holm => Correction::Holm,
        CorrectionName::Hochberg => Correction::Hochberg,
        CorrectionName::BenjaminiHochberg => Correction::BenjaminiHochberg,
    }
}

/// The bounds of the looks, and whether they hold at any time.
fn monitoring(common: &Common, alpha: f64, sides: Sides) -> Result<(Option<Monitoring>, bool), Failure> {
    let sequential = common.looks.is_some() || common.spending.is_some();
    let method = common.method.unwrap_or(if sequential { MethodName::GroupSequential } else { MethodName::Fixed });
    let refuse = |refusal: Refusal| refused(&refusal);
    match method {
        MethodName::Fixed if sequential => Err(usage(
            "a fixed design looks once, at the end",
            "leave out --looks and --spending, or write --method group-sequential",
        )),
        MethodName::Fixed => Ok((None, false)),
        MethodName::GroupSequential => {
            let Some(looks) = &common.looks else {
                return Err(usage(
                    "a group-sequential design needs its looks",
                    "write --looks 4, or --looks 25%,50%,100%",
                ));
            };
            let spending = common.spending.map_or(sequential::Spending::ObrienFleming, |spending| spending.0);
            let plan = Monitoring::spending(&looks.0, alpha, sides, spending).map_err(refuse)?;
            Ok((Some(plan), false))
        }
        MethodName::AlwaysValid if common.spending.is_some() => {
            Err(usage("an always-valid design spends no alpha by a function", "leave out --spending"))
        }
        MethodName::AlwaysValid => {
            // Looked at whenever one likes: a look a day over four weeks stands for it, as in specs.
            let fractions =
                common.looks.as_ref().map_or_else(|| sequential::equal_fractions(28), |looks| looks.0.clone());
            let plan = sequential::tuned_precision(alpha, 1.0)
                .and_then(|precision| Monitoring::always_valid(&fractions, alpha, sides, precision))
                .map_err(refuse)?;
            Ok((Some(plan), true))
        }
    }
}
