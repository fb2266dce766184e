//! What an experiment owes on a day, from its plan alone.

use crate::emit::plans::{Inputs, dated_looks};
use crate::plan::Plan;
use crate::portfolio::{Compiled, Workspace};
use crate::rules::prelude::{days, percent, quoted};
use crate::spec::{Day, Field, Status};

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Start,
    Stage,
    Look,
    End,
    Decision,
    Results,
    Amendment,
    Cleanup,
    Expiry,
    Retention,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stage => "stage",
            Self::Look => "look",
            Self::End => "end",
            Self::Decision => "decision",
            Self::Results => "results",
            Self::Amendment => "amendment",
            Self::Cleanup => "clean-up",
            Self::Expiry => "expiry",
            Self::Retention => "retention",
        }
    }
}

/// Something to do by a day.
#[derive(Debug, Clone)]
pub struct Due {
    pub day: Day,
    pub kind: Kind,
    pub experiment: String,
    pub owner: Option<String>,
    pub path: String,
    /// A sentence without its subject: "look 2 of 4, at 50% of the sample".
    pub text: String,
    /// False for what happens by itself: once its day is over it is past, not overdue.
    pub stays_open: bool,
}

/// Days after a decision in which the losing branch is taken out, as the rule on clean-up counts them.
const CLEANUP_DAYS: u32 = crate::rules::lifecycle::cleanup_due::GRACE_DAYS;

/// All dates of an experiment at which somebody has to look.
pub fn of(workspace: &Workspace, compiled: &Compiled, today: Day) -> Vec<Due> {
    let plan = &compiled.plan;
    let mut found = Found { compiled, list: Vec::new() };
    match plan.status.value {
        Status::Draft | Status::Ready => {
            found.start(plan, workspace.lock(&compiled.stem).is_some_and(Result::is_ok));
        }
        Status::Running => found.run(workspace, compiled, today),
        Status::Decided | Status::Shipped | Status::Stopped => found.over(compiled),
        Status::Archived => {}
    }
    if plan.status.value.is_over() {
        found.retention(compiled);
    } else {
        found.amendments(compiled);
    }
    found.list
}

struct Found<'a> {
    compiled: &'a Compiled,
    list: Vec<Due>,
}

impl Found<'_> {
    fn push(&mut self, day: Day, kind: Kind, stays_open: bool, text: String) {
        let plan = &self.compiled.plan;
        self.list.push(Due {
            day,
            kind,
            experiment: plan.id.to_string(),
            owner: plan.owner.as_ref().map(|owner| owner.value.clone()),
            path: self.compiled.document.path.clone(),
            text,
            stays_open,
        });
    }

    fn start(&mut self, plan: &Plan, is_sealed: bool) {
        let Some(start) = &plan.calendar.start else { return };
        let text = match plan.status.value {
            Status::Draft => "starts, and is still a draft: finish the spec or move the day",
            _ if is_sealed => "starts: build the flags, set `status = \"running\"`",
            _ => "starts: seal the plan, build the flags, set `status = \"running\"`",
        };
        self.push(start.value, Kind::Start, true, text.to_owned());
    }

    fn run(&mut self, workspace: &Workspace, compiled: &Compiled, today: Day) {
        let plan = &compiled.plan;
        for stage in plan.calendar.stages.iter().skip(1) {
            let Some(day) = stage.start else { continue };
            let gate = match plan.calendar.stages.iter().position(|other| other.span == stage.span) {
                Some(index) if 0 < index => plan.calendar.stages[index - 1].gate.value,
                _ => stage.gate.value,
            };
            let behind = match gate {
                crate::spec::Gate::None => String::new(),
                gate => format!(", behind the gate `{gate}`"),
            };
            let share = percent(stage.share.value);
            self.push(
                day,
                Kind::Stage,
                false,
                format!("stage {} begins: {share} of the units{behind}", quoted(&stage.name)),
            );
        }
        let looks = dated_looks(&Inputs::of(workspace, compiled, None));
        let all = looks.len();
        // The last look is the decision.
        let dated: Vec<_> =
            looks.iter().filter(|look| look.k < all).filter_map(|look| Some((look, look.date?))).collect();
        let often = |first: Day, last: Day| first.until(last) < 2 * (dated.len() as i64 - 1);
        let frequent =
            matches!((dated.first(), dated.last()), (Some((_, first)), Some((_, last))) if often(*first, *last));
        for (look, day) in &dated {
            let at = format!("look {} of {all}, at {} of the sample", look.k, percent(look.information));
            if !frequent {
                self.push(*day, Kind::Look, false, at);
            } else if today <= *day {
                // A look a day is a habit: the next one stands for all.
                let last = dated.last().map_or(*day, |(_, last)| *last);
                self.push(*day, Kind::Look, false, format!("{at}; they go on until {last}"));
                break;
            }
        }
        let last_stage = plan.calendar.stages.last().and_then(|stage| stage.end);
        if let Some(end) = &plan.calendar.end {
            match last_stage.filter(|last| *last < end.value) {
                Some(last) => {
                    self.push(last, Kind::End, false, "the last day of its stages".to_owned());
                    self.push(end.value, Kind::Expiry, true, "the flag expires: take it off".to_owned());
                }
                None => self.push(end.value, Kind::End, false, "the last day of enrolment".to_owned()),
            }
        }
        match (&plan.calendar.decide, &plan.calendar.end) {
            (Some(day), _) => {
                self.push(
                    day.value,
                    Kind::Decision,
                    true,
                    "decide by the registered rules, and record `[results]`".to_owned(),
                );
            }
            (None, Some(end)) => {
                let text = "the run is over and names no decision day: decide, and record `[results]`";
                self.push(end.value.plus(1), Kind::Decision, true, text.to_owned());
            }
            (None, None) => {}
        }
    }

    fn over(&mut self, compiled: &Compiled) {
        let plan = &compiled.plan;
        let results = compiled.spec.results.value();
        let missing = results.is_none_or(|results| results.decision.is_absent() || results.learned.is_absent());
        let ended = results.and_then(|results| results.ended.copied());
        let ended = ended.or_else(|| plan.calendar.end.as_ref().map(|end| end.value));
        if missing && let Some(day) = ended {
            self.push(
                day,
                Kind::Results,
                true,
                "write down the decision and what was learned, in `[results]`".to_owned(),
            );
        }
        let decided = results.and_then(|results| results.decided.copied()).or(ended);
        if !missing && let Some(day) = decided {
            let flag = quoted(&plan.flag.value);
            let text = format!(
                "take flag {flag} and the losing branch out, then `expc archive {}`",
                crate::text::printable(&plan.id)
            );
            self.push(day.plus(CLEANUP_DAYS), Kind::Cleanup, true, text);
        }
    }

    fn retention(&mut self, compiled: &Compiled) {
        let kept = compiled.spec.privacy.value().and_then(|privacy| privacy.retention.copied());
        let ended = compiled.spec.results.value().and_then(|results| results.ended.copied());
        if let (Some(kept), Some(ended)) = (kept, ended) {
            let kept = kept.whole_days();
            self.push(
                ended.plus(kept),
                Kind::Retention,
                false,
                format!("its unit-level data was kept for {}: delete it", days(kept)),
            );
        }
    }

    /// Amendments that are dated or told in part only.
    fn amendments(&mut self, compiled: &Compiled) {
        let list = compiled.spec.amendments.value();
        for amendment in list.into_iter().flat_map(|list| list.iter()) {
            let Some(day) = amendment.at.copied() else { continue };
            let missing: Vec<&str> = [
                ("by", amendment.by.is_absent()),
                ("reason", amendment.reason.is_absent()),
                ("data_access", amendment.data_access.is_absent()),
                ("fields", matches!(amendment.fields, Field::Absent)),
            ]
            .into_iter()
            .filter_map(|(key, missing)| missing.then_some(key))
            .collect();
            if missing.is_empty() {
                self.push(day, Kind::Amendment, false, "an amendment takes effect: tell the analyst".to_owned());
            } else {
                let keys = missing.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                self.push(day, Kind::Amendment, true, format!("an amendment lacks {keys}"));
            }
        }
    }
}
