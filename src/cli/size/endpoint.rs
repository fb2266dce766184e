//! Endpoints: from the options of a subcommand to what the statistics compare.

use super::measure::Measure;
use super::options::{
    Asked, Common, Count, CountTest, EventTest, Mean, MeansTest, Proportion, Quantile, RateTest, Ratio, TimeToEvent,
};
use super::refusals::{refused, usage};
use super::typed::{Chance, Level};
use crate::cli::Failure;
use crate::rules::prelude::count;
use crate::spec::quantity::plain;
use crate::spec::{Duration, Unit};
use crate::stats::comparison::Endpoint;
use crate::stats::count::{NullVariance, Rates};
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::survival::{self, EventFormula, FollowUp, HazardTest, Hazards};
use crate::stats::{self, variance};

/// An endpoint before the shared options.
pub struct Subject {
    /// By its name on the command line.
    pub kind: &'static str,
    /// The page of `expc explain`.
    pub page: &'static str,
    pub measure: Measure,
    /// Absent for a mean that nothing is relative to.
    pub baseline: Option<f64>,
    pub endpoint: Endpoint,
    /// The inputs for people, beside the baseline.
    pub inputs: Vec<(&'static str, String)>,
    /// The test with its source.
    pub formula: &'static str,
    /// Which quantile, when it is one.
    pub quantile: Option<f64>,
}

impl Asked {
    /// What every endpoint shares.
    pub fn common(&self) -> &Common {
        match self {
            Asked::Proportion(options) => &options.common,
            Asked::Mean(options) => &options.common,
            Asked::Ratio(options) => &options.common,
            Asked::Quantile(options) => &options.common,
            Asked::Count(options) => &options.common,
            Asked::TimeToEvent(options) => &options.common,
        }
    }

    /// What is compared.
    pub fn subject(&self) -> Result<Subject, Failure> {
        match self {
            Asked::Proportion(options) => Ok(proportion(options)),
            Asked::Mean(options) => mean(options),
            Asked::Ratio(options) => ratio(options),
            Asked::Quantile(options) => quantile(options),
            Asked::Count(options) => counts(options),
            Asked::TimeToEvent(options) => time_to_event(options),
        }
    }
}

fn proportion(options: &Proportion) -> Subject {
    let baseline = options.baseline.0;
    let (test, formula) = match options.test {
        RateTest::ZPooled => (
            ProportionTest::Pooled,
            "z test of two rates, pooled variance (Fleiss 1981; margins: Farrington and Manning 1990)",
        ),
        RateTest::ZUnpooled => (ProportionTest::Unpooled, "z test of two rates, each variant's own variance (Wald)"),
        RateTest::Arcsine => (ProportionTest::Arcsine, "z test of two rates on the arcsine scale (Cohen 1988)"),
        RateTest::ZContinuity => (
            ProportionTest::ContinuityCorrected,
            "pooled z test of two rates, corrected for continuity (Casagrande, Pike and Smith 1978)",
        ),
        RateTest::FisherExact => (ProportionTest::FisherExact, "Fisher's exact test of two rates"),
        RateTest::ExactUnconditional => {
            (ProportionTest::ExactUnconditional, "exact unconditional test of two rates on the score statistic")
        }
        RateTest::LogOdds => (ProportionTest::LogOdds, "z test of the log odds ratio of two rates"),
    };
    Subject {
        kind: "proportion",
        page: "proportions",
        measure: Measure::Rate,
        baseline: Some(baseline),
        endpoint: Endpoint::Proportion { baseline, test },
        inputs: Vec::new(),
        formula,
        quantile: None,
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

fn mean(options: &Mean) -> Result<Subject, Failure> {
    let named = [
        ("baseline", options.baseline.as_ref()),
        ("sd", Some(&options.sd)),
        ("sd-treatment", options.sd_treatment.as_ref()),
    ];
    let unit = common_unit(named.into_iter().filter_map(|(name, level)| Some((name, level?))))?;
    let measure = Measure::Plain(unit);
    let sd = options.sd.number;
    let mut inputs = vec![("standard deviation", measure.level(sd))];
    let other = options.sd_treatment.as_ref().map(|level| level.number);
    if let Some(other) = other {
        inputs.push(("in treatment", measure.level(other)));
    }
    let welch = |sd_treatment: f64| {
        (MeanTest::Welch { sd_treatment }, "Welch's t test of two means, each variant's own variance, exact")
    };
    let (test, formula) = match (options.test, other) {
        (Some(MeansTest::T), Some(_)) => {
            return Err(usage(
                "Student's t test knows one standard deviation, and --sd-treatment gives a second",
                "leave out --test for Welch's, or --sd-treatment",
            ));
        }
        (Some(MeansTest::Z), Some(sd_treatment)) => {
            (MeanTest::UnequalZ { sd_treatment }, "z test of two means, each variant's own deviation, taken as known")
        }
        (Some(MeansTest::Z), None) => (MeanTest::Z, "z test of two means, deviation taken as known"),
        (None | Some(MeansTest::Welch), Some(sd_treatment)) => welch(sd_treatment),
        (Some(MeansTest::Welch), None) => welch(sd),
        (None | Some(MeansTest::T), None) => {
            (MeanTest::T, "Student's t test of two means, exact by the noncentral t (Guenther 1981)")
        }
    };
    let baseline = options.baseline.as_ref().map(|level| level.number);
    Ok(Subject {
        kind: "mean",
        page: "means",
        baseline,
        endpoint: Endpoint::Mean { baseline: baseline.unwrap_or(0.0), sd, test },
        measure,
        inputs,
        formula,
        quantile: None,
    })
}

fn ratio(options: &Ratio) -> Result<Subject, Failure> {
    let formula = "z test of two ratios of sums, variance per unit by the delta method (Deng, Knoblich and Lu 2018)";
    let subject = |baseline: f64, sd: f64, measure: Measure, inputs: Vec<(&'static str, String)>| Subject {
        kind: "ratio",
        page: "ratio",
        baseline: Some(baseline),
        endpoint: Endpoint::Mean { baseline, sd, test: MeanTest::Z },
        measure,
        inputs,
        formula,
        quantile: None,
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

fn quantile(options: &Quantile) -> Result<Subject, Failure> {
    let p = options.p.0;
    let measure = Measure::Plain(common_unit([("baseline", &options.baseline)])?);
    let mut inputs = vec![("quantile", format!("{}%", plain(p * 100.0)))];
    let spread = match (options.interval, options.interval_units, options.density) {
        (Some((low, high)), Some(units), _) => {
            let confidence = options.confidence.0;
            inputs.push((
                "past interval",
                format!(
                    "{} to {}, {}% confidence, {} units",
                    measure.level(low),
                    measure.level(high),
                    plain(confidence * 100.0),
                    count(units.0)
                ),
            ));
            stats::quantile::from_interval((low, high), 1.0 - confidence, units.0)
        }
        (_, _, Some(density)) => {
            inputs.push(("density", format!("{} at the quantile", plain(density))));
            stats::quantile::from_density(p, density)
        }
        _ => return Err(usage("a quantile needs its spread", "give --density, or --interval and --interval-units")),
    };
    let sd = libm::sqrt(spread.map_err(|refusal| refused(&refusal))?);
    inputs.push(("deviation per unit", measure.level(sd)));
    let baseline = options.baseline.number;
    Ok(Subject {
        kind: "quantile",
        page: "quantiles",
        baseline: Some(baseline),
        endpoint: Endpoint::Mean { baseline, sd, test: MeanTest::Z },
        measure,
        inputs,
        formula: "z test of two quantiles, variance p(1-p)/f² a unit",
        quantile: Some(p),
    })
}

fn counts(options: &Count) -> Result<Subject, Failure> {
    let measure = Measure::Plain(common_unit([("baseline", &options.baseline)])?);
    let (null_variance, formula) = match options.test {
        CountTest::Wald => (NullVariance::True, "Wald test of the log rate ratio (Zhu and Lakkis 2014, second)"),
        CountTest::Score => {
            (NullVariance::Constrained, "score test of the log rate ratio (Zhu and Lakkis 2014, third)")
        }
    };
    let mut inputs = Vec::new();
    if options.exposure != 1.0 {
        inputs.push(("exposure", format!("{} times that of the baseline", plain(options.exposure))));
    }
    let spread = match options.dispersion {
        0.0 => "none: variance = mean".to_owned(),
        k => format!("{0}: variance = mean + {0} mean²", plain(k)),
    };
    inputs.push(("dispersion", spread));
    let baseline = options.baseline.number;
    Ok(Subject {
        kind: "count",
        page: "counts",
        measure,
        baseline: Some(baseline),
        endpoint: Endpoint::Count(Rates {
            control: baseline,
            exposure: options.exposure,
            overdispersion: options.dispersion,
            measure: stats::count::Measure::Ratio,
            null_variance,
        }),
        inputs,
        formula,
        quantile: None,
    })
}

fn time_to_event(options: &TimeToEvent) -> Result<Subject, Failure> {
    let days = options.window.in_days();
    let hazard = |share: Chance| survival::hazard(share.0, days).map_err(|refusal| refused(&refusal));
    let (test, formula) = match options.test {
        EventTest::Schoenfeld => (HazardTest::Logrank(EventFormula::Schoenfeld), "log-rank test (Schoenfeld 1981)"),
        EventTest::Freedman => (HazardTest::Logrank(EventFormula::Freedman), "log-rank test (Freedman 1982)"),
        EventTest::LachinFoulkes => (
            HazardTest::LachinFoulkes(stats::count::Measure::Ratio),
            "test of the log hazard ratio, exponential survival (Lachin and Foulkes 1986)",
        ),
    };
    let control = hazard(options.baseline)?;
    let watched = FollowUp {
        accrual: options.accrual.map_or(0.0, Duration::in_days),
        follow_up: options.follow_up.map_or(days, Duration::in_days),
        dropout_hazard: options.dropout.map_or(Ok(0.0), hazard)?,
    };
    let percentage = |share: Chance| format!("{}%", plain(share.0 * 100.0));
    let mut inputs = vec![("with the event", format!("{} within {}", percentage(options.baseline), options.window))];
    if let Some(accrual) = options.accrual {
        inputs.push(("entry", format!("over {accrual}")));
    }
    inputs.push(("watched", format!("{} after the last entry", options.follow_up.unwrap_or(options.window))));
    if let Some(dropout) = options.dropout {
        inputs.push(("lost", format!("{} within {}", percentage(dropout), options.window)));
    }
    Ok(Subject {
        kind: "time-to-event",
        page: "time-to-event",
        measure: Measure::Hazard,
        baseline: Some(control),
        endpoint: Endpoint::TimeToEvent(Hazards { control, test, watched }),
        inputs,
        formula,
        quantile: None,
    })
}
