//! Endpoints: from the options of a subcommand to what the statistics compare.

use super::measure::Measure;
use super::options::{Asked, Common, Mean, MeansTest, Proportion, RateTest, Ratio};
use super::refusals::{refused, usage};
use super::typed::Level;
use crate::cli::Failure;
use crate::spec::Unit;
use crate::spec::quantity::plain;
use crate::stats::comparison::Endpoint;
use crate::stats::mean::MeanTest;
use crate::stats::proportion::ProportionTest;
use crate::stats::variance;

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
}

impl Asked {
    /// What every endpoint shares.
    pub fn common(&self) -> &Common {
        match self {
            Asked::Proportion(options) => &options.common,
            Asked::Mean(options) => &options.common,
            Asked::Ratio(options) => &options.common,
        }
    }

    /// What is compared.
    pub fn subject(&self) -> Result<Subject, Failure> {
        match self {
            Asked::Proportion(options) => Ok(proportion(options)),
            Asked::Mean(options) => mean(options),
            Asked::Ratio(options) => ratio(options),
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
