//! Stages on days, and how many units have come by a day.

use crate::spec::{Day, Duration};
use crate::stats::traffic::{self, Arrivals, Ramp};

use super::origin::Known;
use super::types::PlannedStage;

/// The run on days.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    pub stages: Vec<PlannedStage>,
    pub start: Option<Known<Day>>,
    /// The last day with enrolment.
    pub end: Option<Known<Day>>,
    /// The decision day, when one is set.
    pub decide: Option<Known<Day>>,
    /// Days of all stages together.
    pub days: u32,
    /// False when the days of the ramp are left out of the analysis.
    pub analyse_ramp: bool,
    /// How many different units come within so many days, over those of the first day, when units return.
    pub arrivals: Option<Arrivals>,
}

impl Calendar {
    /// The stage on the given day of the run, counted from 0.
    pub fn stage_on(&self, day: u32) -> Option<&PlannedStage> {
        let mut first = 0;
        self.stages.iter().find(|stage| {
            first += stage.days;
            day < first
        })
    }

    /// The stage on a date.
    pub fn stage_at(&self, date: Day) -> Option<&PlannedStage> {
        let start = self.start.as_ref()?.value;
        u32::try_from(start.until(date)).ok().and_then(|day| self.stage_on(day))
    }

    /// The stage with the whole planned split: the last.
    pub fn main_stage(&self) -> Option<&PlannedStage> {
        self.stages.last()
    }

    /// Days in which a unit may enrol and still complete a window before the decision.
    ///
    /// Without a decision day, or when it lies far enough behind the end, all days count.
    pub fn mature_days(&self, window: Option<Duration>, lag: Option<Duration>) -> u32 {
        let (Some(start), Some(decide)) = (&self.start, &self.decide) else { return self.days };
        let wait = window.map_or(0, Duration::whole_days) + lag.map_or(0, Duration::whole_days);
        let last = start.value.until(decide.value) - i64::from(wait);
        u32::try_from(last.max(0)).unwrap_or(0).min(self.days)
    }

    /// The first day on which a part of what has come by `days` is reached; a last whole day counts as reached.
    pub fn day_of_part(&self, part: f64, days: u32) -> u32 {
        // Shares are decimals in binary: a day is not waited for because of their rounding.
        let enough = part * self.share_days(days) * (1.0 - 1e-9);
        let (mut low, mut high) = (0, days);
        while low < high {
            let middle = low + (high - low) / 2;
            if enough <= self.share_days(middle) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Unit-days of exposure: the sum of shares over the first `days` days, counting each new unit once.
    ///
    /// New units arrive at an even rate; a stable hash enrols a share of each day's newcomers. Units that came
    /// before a stage and return after it are not counted: the plan promises no more than newcomers give.
    ///
    /// Where units return, the different ones that are enrolled by then, over those of one day with the whole share.
    pub fn share_days(&self, days: u32) -> f64 {
        if let Some(arrivals) = &self.arrivals {
            return self.enrolled_of(arrivals, days).unwrap_or(0.0);
        }
        let last = self.stages.len().saturating_sub(1);
        let mut left = days;
        let mut sum = 0.0;
        for (index, stage) in self.stages.iter().enumerate() {
            // Beyond the plan, the last stage goes on.
            let here = if index == last { left } else { stage.days.min(left) };
            if self.analyse_ramp || index == last {
                sum += stage.share.value * f64::from(here);
            }
            left -= here;
        }
        sum
    }

    /// Different units by the end of a day; those that the ramp enrolled are left out where its days are.
    fn enrolled_of(&self, arrivals: &Arrivals, days: u32) -> Option<f64> {
        let stages = self.stages.iter().map(|stage| (stage.share.value, stage.days.max(1) as usize));
        let mut shares: Vec<f64> = stages.flat_map(|(share, days)| std::iter::repeat_n(share, days)).collect();
        shares.truncate(traffic::MOST_DAYS as usize);
        let ramp = Ramp::new(&shares).ok()?;
        let by = |day: u32| ramp.enrolled(arrivals, day).map(|reading| reading.units).ok();
        let before = match self.analyse_ramp {
            true => 0,
            false => self.stages.iter().rev().skip(1).map(|stage| stage.days).sum(),
        };
        if days <= before { Some(0.0) } else { Some(by(days)? - by(before)?) }
    }

    /// True when the days lie beyond the last count of returning units, so that a model speaks, not the data.
    pub fn is_extrapolated(&self, days: u32) -> bool {
        let reading = self.arrivals.as_ref().map(|arrivals| arrivals.unique(f64::from(days)));
        matches!(reading, Some(Ok(reading)) if reading.extrapolated)
    }
}
