//! The options of `expc size`: a subcommand an endpoint, and what all of them share.

use clap::{Args, Subcommand, ValueEnum};

use super::typed::{self, Chance, Change, Level, Units};
use crate::spec::{Duration, Share};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub endpoint: Asked,
}

/// What is compared.
#[derive(Debug, Subcommand)]
pub enum Asked {
    /// A rate: converted or not, retained or not, failed or not
    #[command(visible_alias = "retention", after_help = PROPORTION)]
    Proportion(Proportion),
    /// A mean per unit: revenue, minutes, latency
    #[command(after_help = MEAN)]
    Mean(Mean),
    /// A ratio of two sums over units: clicks per page view, value per order
    #[command(after_help = RATIO)]
    Ratio(Ratio),
    /// A quantile: the median, the 95th percentile
    #[command(after_help = QUANTILE)]
    Quantile(Quantile),
    /// A number of events per unit: orders, tickets, errors
    #[command(after_help = COUNT)]
    Count(Count),
    /// The time until an event: converting, churning, coming back
    #[command(after_help = TIME_TO_EVENT)]
    TimeToEvent(TimeToEvent),
}

/// What `expc size` shows before an endpoint is chosen.
pub const EXAMPLES: &str = "\
Examples:
  How many users show a relative rise of 2 % from 4.2 %?
    expc size proportion --baseline 4.2% --mde 2%rel --power 80%
  What can 100,000 users show?
    expc size proportion --baseline 4.2% --units 100000
  How sure are three weeks at 12,000 users a day of $0.40 more each?
    expc size mean --baseline '$12.30' --sd '$31' --mde '$0.40' --units-per-day 12000 --weeks 3

  Leave out what you want to know: --units, --power or --mde. `expc size ENDPOINT --help` has more.";

const PROPORTION: &str = "\
Examples:
  How many users show a relative rise of 2 % from 4.2 %?
    expc size proportion --baseline 4.2% --mde 2%rel --power 80%
  What can 100,000 users show?
    expc size proportion --baseline 4.2% --units 100000
  How sure are three weeks at 12,000 a day?
    expc size proportion --baseline 4.2% --mde 0.3pp --units-per-day 12000 --weeks 3
  May refunds rise by at most 0.2 points?
    expc size proportion --baseline 1.5% --margin 0.2pp --direction decrease
  Four looks, three variants:
    expc size proportion --baseline 4.2% --mde 3%rel --looks 4 --variants 3 --correction holm";

const MEAN: &str = "\
Examples:
  How many users show $0.40 more per user?
    expc size mean --baseline '$12.30' --sd '$31' --mde '$0.40'
  With pre-period data that correlates at 0.6:
    expc size mean --baseline '$12.30' --sd '$31' --mde 3%rel --cuped 0.6
  What can 40,000 users show?
    expc size mean --baseline '420 ms' --sd '310 ms' --units 40000
  By account, twelve users each:
    expc size mean --sd 31 --mde 2 --icc 0.02 --cluster-size 12";

const RATIO: &str = "\
Examples:
  Clicks per page view, users as units, by the delta method:
    expc size ratio --numerator 1.8 --numerator-sd 2.9 --denominator 24 --denominator-sd 30 \\
                    --correlation 0.7 --mde 2%rel
  The deviation of the ratio per user is known already:
    expc size ratio --baseline 0.075 --sd 0.09 --mde 2%rel";

const QUANTILE: &str = "\
Examples:
  The 95th percentile was between 410 and 430 ms with 20,000 users; show 10 ms less:
    expc size quantile --p 95% --baseline '420 ms' --interval 410..430 --interval-units 20000 \\
                       --mde '-10 ms'
  The density of the outcome at the median is 0.02 a minute:
    expc size quantile --p 50% --baseline '31 min' --density 0.02 --mde 3%rel";

const COUNT: &str = "\
Examples:
  1.8 orders a user in four weeks, spread more than chance; show 5 % more:
    expc size count --baseline 1.8 --dispersion 0.6 --mde 5%rel
  The rate is by day and a user is watched for 28 days:
    expc size count --baseline 0.064 --exposure 28 --dispersion 0.6 --mde 5%rel";

const TIME_TO_EVENT: &str = "\
Examples:
  30 % come back within 14 days; show a hazard that is 10 % higher:
    expc size time-to-event --baseline 30% --window '14 days' --mde 10%rel
  Users enter over four weeks, the last is watched for two, 5 % are lost in 14 days:
    expc size time-to-event --baseline 30% --window '14 days' --accrual '28 days' \\
                            --dropout 5% --mde 10%rel";

#[derive(Debug, Args)]
pub struct Proportion {
    /// The rate in control, like 4.2%
    #[arg(long, value_name = "RATE", help_heading = "Endpoint")]
    pub baseline: Chance,
    /// The test
    #[arg(long, value_enum, default_value_t, help_heading = "Endpoint")]
    pub test: RateTest,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Mean {
    /// The mean in control; needed for relative effects only
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, help_heading = "Endpoint")]
    pub baseline: Option<Level>,
    /// The standard deviation between units, in both variants
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint")]
    pub sd: Level,
    /// The standard deviation in treatment, where it differs
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint")]
    pub sd_treatment: Option<Level>,
    /// The test; t, or welch with --sd-treatment, when absent
    #[arg(long, value_enum, help_heading = "Endpoint")]
    pub test: Option<MeansTest>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Ratio {
    /// The ratio in control
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint", requires = "sd",
          conflicts_with_all = ["numerator", "denominator"])]
    pub baseline: Option<Level>,
    /// The standard deviation of the ratio per unit, when it is known already
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint", requires = "baseline")]
    pub sd: Option<Level>,
    /// Mean of the numerator per unit
    #[arg(long, value_name = "NUMBER", value_parser = typed::above_zero, help_heading = "Endpoint",
          requires_all = ["numerator_sd", "denominator", "denominator_sd", "correlation"])]
    pub numerator: Option<f64>,
    /// Standard deviation of the numerator
    #[arg(long, value_name = "NUMBER", value_parser = typed::above_zero, help_heading = "Endpoint", requires = "numerator")]
    pub numerator_sd: Option<f64>,
    /// Mean of the denominator per unit
    #[arg(long, value_name = "NUMBER", value_parser = typed::above_zero, help_heading = "Endpoint", requires = "numerator")]
    pub denominator: Option<f64>,
    /// Standard deviation of the denominator
    #[arg(long, value_name = "NUMBER", value_parser = typed::zero_or_more, help_heading = "Endpoint", requires = "numerator")]
    pub denominator_sd: Option<f64>,
    /// Correlation of numerator and denominator between units
    #[arg(long, value_name = "RHO", value_parser = typed::correlation, allow_hyphen_values = true,
          help_heading = "Endpoint", requires = "numerator")]
    pub correlation: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Quantile {
    /// Which quantile: 50% for the median, 95% for p95
    #[arg(long, value_name = "PART", help_heading = "Endpoint")]
    pub p: Chance,
    /// The quantile in control
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint")]
    pub baseline: Level,
    /// The density of the outcome at the quantile, per unit of the baseline
    #[arg(long, value_name = "NUMBER", value_parser = typed::above_zero, help_heading = "Endpoint",
          conflicts_with = "interval", required_unless_present = "interval")]
    pub density: Option<f64>,
    /// A past interval of the quantile, in the unit of the baseline: 410..430
    #[arg(long, value_name = "LOW..HIGH", value_parser = typed::interval, help_heading = "Endpoint",
          requires = "interval_units")]
    pub interval: Option<(f64, f64)>,
    /// The units that the interval came from
    #[arg(long, value_name = "COUNT", help_heading = "Endpoint", requires = "interval")]
    pub interval_units: Option<Units>,
    /// The confidence of the interval
    #[arg(long, value_name = "CHANCE", default_value = "95%", help_heading = "Endpoint")]
    pub confidence: Chance,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Count {
    /// Events per unit in control, over one unit of exposure
    #[arg(long, value_name = "AMOUNT", help_heading = "Endpoint")]
    pub baseline: Level,
    /// How long each unit is watched, in the time that the baseline is for
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = typed::above_zero, help_heading = "Endpoint")]
    pub exposure: f64,
    /// k of the variance mean + k mean²; 0 when events come by chance alone
    #[arg(long, value_name = "K", default_value = "0", value_parser = typed::zero_or_more, help_heading = "Endpoint")]
    pub dispersion: f64,
    /// The test
    #[arg(long, value_enum, default_value_t, help_heading = "Endpoint")]
    pub test: CountTest,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct TimeToEvent {
    /// The part of control units that has the event within the window
    #[arg(long, value_name = "RATE", help_heading = "Endpoint")]
    pub baseline: Chance,
    /// The time within which it has
    #[arg(long, value_name = "TIME", help_heading = "Endpoint")]
    pub window: Duration,
    /// Time over which units enter; all at once when absent
    #[arg(long, value_name = "TIME", help_heading = "Endpoint")]
    pub accrual: Option<Duration>,
    /// Time from the last entry to the analysis; the window when absent
    #[arg(long, value_name = "TIME", help_heading = "Endpoint")]
    pub follow_up: Option<Duration>,
    /// The part of units that is lost within the window before the event
    #[arg(long, value_name = "RATE", help_heading = "Endpoint")]
    pub dropout: Option<Chance>,
    /// The test
    #[arg(long, value_enum, default_value_t, help_heading = "Endpoint")]
    pub test: EventTest,
    #[command(flatten)]
    pub common: Common,
}

/// What every endpoint shares.
#[derive(Debug, Args)]
pub struct Common {
    /// The smallest effect worth detecting: 2%rel or +2% of the baseline, 0.5pp, "20 ms", $0.40
    #[arg(long, value_name = "CHANGE", allow_hyphen_values = true, help_heading = "Question")]
    pub mde: Option<Change>,
    /// Non-inferiority: the largest harm you accept. With --mde: the gain that the effect must beat
    #[arg(long, value_name = "CHANGE", help_heading = "Question")]
    pub margin: Option<Change>,
    /// Equivalence: the margin on both sides within which the difference must lie
    #[arg(long, value_name = "CHANGE", help_heading = "Question", conflicts_with_all = ["mde", "margin"])]
    pub equivalence: Option<Change>,
    /// The effect that is there, when a margin is tested; none when absent
    #[arg(long, value_name = "CHANGE", allow_hyphen_values = true, help_heading = "Question", conflicts_with = "mde")]
    pub true_effect: Option<Change>,
    /// What the test is to show; told from --mde, --margin and --equivalence when absent
    #[arg(long, value_enum, help_heading = "Question")]
    pub claim: Option<ClaimName>,
    /// The good direction: where an effect without sign goes, and against which a margin protects
    #[arg(long, value_enum, help_heading = "Question")]
    pub direction: Option<Good>,
    /// The probability to show an effect that is there; leave out and give --units to compute it [default: 80%]
    #[arg(long, value_name = "CHANCE", help_heading = "Question")]
    pub power: Option<Chance>,
    /// Units in all variants together: computes power, or without --mde the detectable effect
    #[arg(long, value_name = "COUNT", help_heading = "Question", conflicts_with = "weeks")]
    pub units: Option<Units>,
    /// The same from traffic: as many units as come in so many weeks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=520), help_heading = "Question",
          requires = "units_per_day")]
    pub weeks: Option<u32>,

    /// The false-positive rate of the whole question
    #[arg(long, value_name = "CHANCE", default_value = "5%", help_heading = "Design")]
    pub alpha: Chance,
    /// Two sides, or the expected one only: two for superiority, one against a margin
    #[arg(long, value_enum, help_heading = "Design")]
    pub sides: Option<SidesName>,
    /// What the effect is estimated as: the difference, or the lift over a baseline that is estimated too
    #[arg(long, value_enum, default_value_t, help_heading = "Design")]
    pub scale: ScaleName,
    /// Control to treatment, like 1:2; every treatment gets the same
    #[arg(long, value_name = "C:T", default_value = "1:1", value_parser = typed::allocation, help_heading = "Design")]
    pub ratio: f64,
    /// Variants, control included; each treatment is compared with control
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..=100),
          help_heading = "Design")]
    pub variants: u16,
    /// How the treatments share alpha
    #[arg(long, value_enum, help_heading = "Design")]
    pub correction: Option<CorrectionName>,
    /// Guardrails that must all pass too: the power goes up, so that the decision keeps the one you ask
    #[arg(long, value_name = "G", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000),
          help_heading = "Design")]
    pub guardrails: u16,
    /// When the data may be looked at; group-sequential with --looks
    #[arg(long, value_enum, help_heading = "Design")]
    pub method: Option<MethodName>,
    /// How many looks at equal distances, or their parts of the sample: 4, or 25%,50%,100%
    #[arg(long, value_name = "LOOKS", help_heading = "Design")]
    pub looks: Option<Looks>,
    /// How fast alpha is spent: obrien-fleming, pocock, hwang-shih-decani:GAMMA or kim-demets:RHO
    #[arg(long, value_name = "FAMILY", help_heading = "Design")]
    pub spending: Option<SpendingName>,

    /// Stop a hopeless run early: how the chance to miss the effect is spent over the looks
    #[arg(long, value_name = "FAMILY", help_heading = "Design", requires = "looks")]
    pub futility: Option<SpendingName>,
    /// The run must stop at the futility bound: alpha is lost if it goes on
    #[arg(long, help_heading = "Design", requires = "futility")]
    pub binding: bool,
    /// Bayesian: the effect that is believed in before the data; none when absent
    #[arg(long, value_name = "CHANGE", allow_hyphen_values = true, help_heading = "Design", requires = "prior_sd")]
    pub prior_mean: Option<Change>,
    /// Bayesian: the deviation of what is believed; every effect is as likely when absent
    #[arg(long, value_name = "CHANGE", help_heading = "Design")]
    pub prior_sd: Option<Change>,
    /// Bayesian: ship when treatment is better with this probability
    #[arg(long, value_name = "CHANCE", help_heading = "Design")]
    pub win_probability: Option<Chance>,
    /// Bayesian: ship when the loss to expect is at most this
    #[arg(long, value_name = "CHANGE", help_heading = "Design")]
    pub max_loss: Option<Change>,

    /// Correlation of the metric with a covariate from before the experiment
    #[arg(long, value_name = "RHO", value_parser = typed::correlation, allow_hyphen_values = true,
          help_heading = "Variance")]
    pub cuped: Option<f64>,
    /// Intra-cluster correlation, when groups are assigned
    #[arg(long, value_name = "ICC", value_parser = typed::zero_or_more, help_heading = "Variance",
          requires = "cluster_size")]
    pub icc: Option<f64>,
    /// Units of analysis in a group
    #[arg(long, value_name = "MEAN", value_parser = typed::above_zero, help_heading = "Variance", requires = "icc")]
    pub cluster_size: Option<f64>,
    /// Coefficient of variation of the group sizes
    #[arg(long, value_name = "CV", value_parser = typed::zero_or_more, help_heading = "Variance", requires = "icc")]
    pub cluster_cv: Option<f64>,

    /// Eligible new units a day: adds days and whole weeks
    #[arg(long, value_name = "COUNT", help_heading = "Traffic")]
    pub units_per_day: Option<Units>,
    /// The part of them that takes part [default: 100%]
    #[arg(long, value_name = "SHARE", help_heading = "Traffic", requires = "units_per_day")]
    pub share: Option<Share>,

    /// How it is printed
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RateTest {
    /// Pooled variance under the null; the score test
    #[default]
    ZPooled,
    /// Each variant with its own variance; the Wald test
    ZUnpooled,
    /// On the arcsine scale, where every rate varies alike
    Arcsine,
    /// Pooled, corrected for continuity; close to Fisher's exact test
    ZContinuity,
    /// The log of the odds ratio
    LogOdds,
    /// Fisher's exact test, up to 5000 units a variant
    FisherExact,
    /// The unconditional exact test, up to 5000 units a variant
    ExactUnconditional,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MeansTest {
    /// Normal test, deviations taken as known
    Z,
    /// Student's test, equal deviations
    T,
    /// Welch's test, each variant's own deviation
    Welch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CountTest {
    /// Each variant's own variance
    #[default]
    Wald,
    /// The variance at the rates that fit the null best
    Score,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum EventTest {
    /// Log-rank test, by Schoenfeld's events
    #[default]
    Schoenfeld,
    /// Log-rank test, by Freedman's events
    Freedman,
    /// Exponential survival, by Lachin and Foulkes
    LachinFoulkes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ScaleName {
    /// Treatment minus control
    #[default]
    Difference,
    /// Treatment over control, minus one
    Lift,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClaimName {
    Superiority,
    /// The effect beats a margin
    SuperiorityByMargin,
    /// The harm is less than a margin
    NonInferiority,
    /// The effect lies within a margin on both sides
    Equivalence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Good {
    Increase,
    Decrease,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SidesName {
    One,
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CorrectionName {
    None,
    Bonferroni,
    Sidak,
    /// Sized as Bonferroni, which bounds it
    Holm,
    /// Sized as Bonferroni, which bounds it
    Hochberg,
    /// Sized as Bonferroni, which bounds it
    Hommel,
    /// Several treatments against one control, their correlation used
    Dunnett,
    /// One after the other, each at the whole alpha, until one fails
    FixedSequence,
    /// False discovery rate; sized as Bonferroni
    BenjaminiHochberg,
}

impl CorrectionName {
    /// As it is written on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Once, at the end
    Fixed,
    /// At planned looks
    GroupSequential,
    /// At any time
    AlwaysValid,
    /// Once, at the end, by a rule on the posterior
    Bayesian,
}

/// Parts of the sample at which one looks, rising, the last 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks(pub Vec<f64>);

/// More looks than anyone plans.
const MOST_LOOKS: usize = 100;

impl std::str::FromStr for Looks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write how many, like 4, or the parts, like 25%,50%,100%";
        if let Ok(count) = text.trim().parse::<usize>() {
            return match count {
                1..=MOST_LOOKS => Ok(Self(crate::stats::sequential::equal_fractions(count))),
                _ => Err(format!("{count} looks are outside 1 to {MOST_LOOKS}; {wanted}")),
            };
        }
        let part = |part: &str| part.trim().parse::<Share>().map(Share::fraction);
        let parts: Vec<f64> =
            text.split(',').map(part).collect::<Result<_, _>>().map_err(|error| format!("{error}; {wanted}"))?;
        let rising = parts.windows(2).all(|pair| pair[0] < pair[1]);
        if MOST_LOOKS < parts.len() || !rising || parts.last() != Some(&1.0) {
            return Err(format!("`{text}` does not rise to 100%; {wanted}"));
        }
        Ok(Self(parts))
    }
}

/// A spending function with its parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendingName(pub crate::stats::sequential::Spending);

impl std::str::FromStr for SpendingName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use crate::stats::sequential::Spending;
        let (family, parameter) = text.split_once(':').map_or((text, None), |(family, rest)| (family, Some(rest)));
        let number = |wanted: &str| {
            let read = parameter.and_then(|text| text.trim().parse::<f64>().ok()).filter(|number| number.is_finite());
            read.ok_or_else(|| format!("`{text}` lacks its parameter; write it like {wanted}"))
        };
        let spending = match (family.trim(), parameter) {
            ("obrien-fleming" | "of", None) => Spending::ObrienFleming,
            ("pocock", None) => Spending::Pocock,
            ("hwang-shih-decani" | "hsd", _) => Spending::HwangShihDeCani { gamma: number("hwang-shih-decani:-4")? },
            ("kim-demets" | "kd", _) => match number("kim-demets:3")? {
                rho if 0.0 < rho => Spending::KimDeMets { rho },
                _ => return Err(format!("`{text}`: rho lies above 0; write it like kim-demets:3")),
            },
            _ => {
                return Err(format!(
                    "`{text}` is no spending function; one of obrien-fleming, pocock, hwang-shih-decani:-4, kim-demets:3"
                ));
            }
        };
        Ok(Self(spending))
    }
}
