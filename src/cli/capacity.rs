//! `expc plan-capacity`: the earliest start and slot at which nothing overlaps and the power holds.
//!
//! An exact search: each day is tried in turn, and each day that fails says why. Only the day of the start moves, with the
//! end and the decision behind it by as much; the spec is compiled for each of these days, because a holdout that ends or
//! begins changes who is left, and with it the power.

use std::path::PathBuf;

use serde_json::json;

use super::{Exit, Failure, place, resolve};
use crate::plan::{Plan, Sizing};
use crate::portfolio::{Days, Entry, Portfolio, Slot, before, find_place, taken};
use crate::rules::prelude::{count, days, listed, percent, probability, quoted};
use crate::rules::rollout::bad_moment;
use crate::spec::{Day, Role};
use crate::text::printable;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The spec: its file, or its id
    spec: String,
    /// The workspace, when the spec is named by its id
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// The first day that is tried; the planned start when absent, or tomorrow when that has gone by
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Day>,
    /// The day that is today
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Day>,
    /// How it is printed: text or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

/// Days that are tried.
const HORIZON: u32 = 366;
/// Reasons that are listed.
const MOST_REASONS: usize = 12;

/// Why a day does not do.
#[derive(Debug, Clone, PartialEq)]
enum Reason {
    /// A stage would begin in a freeze, on a holiday, or at the end of a week.
    Moment,
    /// The layer has too little left on some day of the run.
    Full { free: f64, with: Vec<String> },
    /// Room, but not in one place.
    Scattered { share: f64, with: Vec<String> },
    /// One flag for the same people.
    Flag { with: Vec<String> },
    /// What it requires does not run all the time.
    Requires { with: Vec<String> },
}

/// A day that does.
#[derive(Debug, Clone, Copy)]
struct Found {
    start: Day,
    slot: Option<Slot>,
    /// The part of the units it takes: as planned, or more where the power asks for it.
    share: f64,
    power: Power,
}

/// What the search rests on, and what it found.
struct Search<'a> {
    plan: &'a Plan,
    entry: &'a Entry,
    first: Day,
    length: u32,
    /// What the planned share gives on the first day that is tried.
    power: Power,
    found: Option<Found>,
    /// True when the slot must be written down, or others would move.
    fix_slot: bool,
    /// Days in a row with one reason.
    refused: Vec<(Days, Reason)>,
}

/// Whether the planned share gives the planned power.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Power {
    Holds(f64),
    /// The planned one, and the share that is needed.
    NeedsShare(f64, f64),
    /// The power, and no share is enough in the planned time.
    OutOfReach(f64),
    /// Nothing could be sized.
    Unknown,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if !["text", "json"].contains(&arguments.format.as_str()) {
        return Err(Failure::Usage {
            text: format!("unknown format `{}`", arguments.format),
            help: "one of text, json".to_owned(),
        });
    }
    let opened = place::open_spec(&arguments.spec, &arguments.workspace)?;
    let workspace = &opened.workspace;
    let spec = opened.spec(&arguments.spec)?;
    let compiled = workspace.compile(spec);
    let plan = &compiled.plan;
    let id = printable(&plan.id);
    let refused = |text: String, help: &str| Failure::Usage { text, help: help.to_owned() };
    if plan.status.value.is_over() {
        return Err(refused(
            format!("`{id}` is {}", plan.status.value),
            "plan the capacity of a draft or a ready spec",
        ));
    }
    if plan.calendar.days == 0 {
        return Err(refused(
            format!("`{id}` has no length: nobody knows how long it takes room"),
            "give every stage of `rollout.stages` a `hold`",
        ));
    }
    let portfolio = resolve::portfolio(workspace);
    let Some(entry) = portfolio.entries.iter().find(|entry| entry.file == spec.file) else {
        return Err(refused(format!("`{id}` could not be read"), "`expc check` shows its faults"));
    };
    let today = place::day(arguments.today);
    let first = match (arguments.from, entry.start, today) {
        (Some(from), _, _) => from,
        (None, Some(start), Some(today)) => start.max(today.plus(1)),
        (None, None, Some(today)) => today.plus(1),
        (None, Some(start), None) => start,
        (None, None, None) => {
            return Err(refused("no day to begin with".to_owned(), "name one: `--from 2026-12-07`"));
        }
    };
    let power_from = |start: Day| Power::of(&workspace.plan_from(&compiled, start));
    let length = plan.calendar.days;
    let power = power_from(first);
    let mut search = Search { plan, entry, first, length, power, found: None, fix_slot: false, refused: Vec::new() };
    search.run(&portfolio, power_from, |day| bad_moment::is_bad(&workspace.catalog, day));
    let text = match arguments.format.as_str() {
        "json" => search.json(),
        _ => search.text(),
    };
    super::print(&text);
    Ok(if search.found.is_some() { Exit::Clean } else { Exit::Findings })
}

impl Power {
    /// The weakest primary metric decides.
    fn of(plan: &Plan) -> Self {
        let sizes = plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
        let sizes: Vec<&Sizing> = sizes.filter_map(|sized| sized.result.as_ref().ok()).collect();
        let Some(weakest) = sizes.iter().min_by(|a, b| (a.power - a.power_goal).total_cmp(&(b.power - b.power_goal)))
        else {
            return Self::Unknown;
        };
        if !weakest.is_short() {
            return Self::Holds(weakest.power);
        }
        let needed = sizes.iter().filter(|size| size.is_short()).map(|size| size.share_needed(plan));
        match needed.collect::<Option<Vec<f64>>>().and_then(|all| all.into_iter().reduce(f64::max)) {
            // Whole per mille: a share is written by people.
            Some(share) if share <= 1.0 => {
                Self::NeedsShare(weakest.power, ((share * 1000.0 - 1e-6).ceil() / 1000.0).min(1.0))
            }
            _ => Self::OutOfReach(weakest.power),
        }
    }

    /// The share that is looked for.
    fn share(self, planned: f64) -> f64 {
        match self {
            Self::NeedsShare(_, share) => share,
            Self::Holds(_) | Self::OutOfReach(_) | Self::Unknown => planned,
        }
    }

    fn value(self) -> Option<f64> {
        match self {
            Self::Holds(power) | Self::NeedsShare(power, _) | Self::OutOfReach(power) => Some(power),
            Self::Unknown => None,
        }
    }
}

impl<'a> Search<'a> {
    fn run(&mut self, portfolio: &'a Portfolio, power_from: impl Fn(Day) -> Power, is_bad: impl Fn(Day) -> bool) {
        let others: Vec<&Entry> =
            portfolio.entries.iter().filter(|other| !other.status.is_over() && other.id != self.entry.id).collect();
        let layer = self.entry.layer.as_ref().map(|(name, _)| name.as_str());
        let members: Vec<(&Entry, Slot)> = match layer {
            Some(layer) => portfolio
                .layers()
                .remove(layer)
                .unwrap_or_default()
                .into_iter()
                .filter(|member| member.id != self.entry.id)
                .filter_map(|member| Some((member, portfolio.slot(&member.id)?)))
                .collect(),
            None => Vec::new(),
        };
        let flags: Vec<&Entry> = others
            .iter()
            .copied()
            .filter(|other| other.flag == self.entry.flag && !other.excludes(self.entry))
            .collect();
        let required: Vec<Option<Days>> = self
            .entry
            .requires
            .iter()
            .map(|id| others.iter().find(|other| *other.id == *id.value).and_then(|other| other.run()))
            .collect();
        for later in 0..HORIZON {
            let start = self.first.plus(later);
            let run = Days { first: start, last: start.plus(self.length - 1) };
            let power = power_from(start);
            let share = power.share(self.entry.share);
            match self.reason((run, share), &members, &flags, &required, &is_bad) {
                Ok(slot) => {
                    self.found = Some(Found { start, slot, share, power });
                    self.fix_slot = slot.is_some_and(|slot| self.moves_others(portfolio, (run, share), slot));
                    return;
                }
                Err(reason) => match self.refused.last_mut() {
                    Some((days, last)) if *last == reason => days.last = start,
                    _ => self.refused.push((Days { first: start, last: start }, reason)),
                },
            }
        }
    }

    /// True when the slots, given anew in the order of the starts, are not the ones there are with this one added: an earlier
    /// start may push others aside. Written down, the slot is given first, and everybody else keeps theirs.
    fn moves_others(&self, portfolio: &Portfolio, (run, share): (Days, f64), slot: Slot) -> bool {
        let mut entries = portfolio.entries.clone();
        let moved = entries.iter_mut().find(|entry| entry.file == self.entry.file);
        let Some(moved) = moved.filter(|moved| moved.wanted_slot.is_none()) else { return false };
        (moved.start, moved.end, moved.share) = (Some(run.first), Some(run.last), share);
        let again = Portfolio::new(entries);
        let others = portfolio.entries.iter().filter(|other| other.id != self.entry.id);
        again.slot(&self.entry.id) != Some(slot)
            || others.into_iter().any(|other| again.slot(&other.id) != portfolio.slot(&other.id))
    }

    /// The slot of a run on these days with this share, or what stands against it.
    fn reason(
        &self,
        (run, share): (Days, f64),
        members: &[(&Entry, Slot)],
        flags: &[&Entry],
        required: &[Option<Days>],
        is_bad: impl Fn(Day) -> bool,
    ) -> Result<Option<Slot>, Reason> {
        let there = |other: &Entry| {
            other.start.is_none_or(|start| start <= run.last) && other.end.is_none_or(|end| run.first <= end)
        };
        let names = |list: &mut dyn Iterator<Item = &Entry>| list.map(|entry| entry.id.to_string()).collect::<Vec<_>>();
        let meets = names(&mut flags.iter().copied().filter(|other| there(other)));
        if !meets.is_empty() {
            return Err(Reason::Flag { with: meets });
        }
        let unmet = |(_, theirs): &(&_, &Option<Days>)| theirs.is_none_or(|theirs| theirs.and(run) != Some(run));
        let unmet: Vec<String> =
            self.entry.requires.iter().zip(required).filter(unmet).map(|(id, _)| id.value.clone()).collect();
        if !unmet.is_empty() {
            return Err(Reason::Requires { with: unmet });
        }
        let slot = match &self.entry.layer {
            None => None,
            Some(_) => {
                let met: Vec<&(&Entry, Slot)> = members.iter().filter(|(member, _)| there(member)).collect();
                match find_place(self.entry.wanted_slot, share, met.iter().map(|(_, slot)| *slot)) {
                    Some(slot) => Some(slot),
                    None => {
                        let most = taken(met.iter().map(|(member, _)| *member), run)
                            .into_iter()
                            .max_by(|a, b| a.share.total_cmp(&b.share).then(b.days.cmp(&a.days)));
                        let free = most.map_or(1.0, |part| (1.0 - part.share).max(0.0));
                        let with = names(&mut met.iter().map(|(member, _)| *member));
                        return Err(match free + 1e-9 < share {
                            true => Reason::Full { free, with },
                            false => Reason::Scattered { share, with },
                        });
                    }
                }
            }
        };
        // What a team can change with a `hold` comes last: room cannot be made.
        let mut first = run.first;
        for stage in &self.plan.calendar.stages {
            if is_bad(first) {
                return Err(Reason::Moment);
            }
            first = first.plus(stage.days);
        }
        Ok(slot)
    }

    fn moved(&self, found: Found) -> i64 {
        self.entry.start.map_or(0, |start| start.until(found.start))
    }

    /// The day of the decision, moved with the start.
    fn decide(&self, found: Found) -> Option<Day> {
        let (start, decide) = (self.entry.start?, self.entry.decide?);
        u32::try_from(start.until(decide)).ok().map(|wait| found.start.plus(wait))
    }

    /// What a week without the change costs, should it do what is expected: the metric, the part, the sum of a week where the
    /// metric counts units.
    fn cost_of_a_week(&self) -> Option<(String, f64, Option<f64>)> {
        let expected = self.plan.expectations.iter().find(|expected| expected.by.is_some())?;
        let part = expected.by.as_ref()?.relative?;
        let metric = self.plan.metric(&expected.metric.value)?;
        let counted = metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary());
        let daily = self.plan.audience.daily_units.as_ref().map(|daily| daily.value * self.plan.exposure.rate.value);
        let sum = metric
            .baseline
            .as_ref()
            .zip(daily)
            .filter(|_| counted)
            .map(|(base, daily)| base.value * part.abs() * daily * 7.0);
        Some((metric.name.clone(), part.abs(), sum))
    }

    fn text(&self) -> String {
        let id = printable(&self.entry.id);
        let layer = self.entry.layer.as_ref().map(|(name, _)| printable(name));
        let share = self.found.map_or(self.power.share(self.entry.share), |found| found.share);
        let power = self.found.map_or(self.power, |found| found.power);
        let asks = match &layer {
            Some(layer) => format!("{} of layer {layer} for {}", percent(share), days(self.length)),
            None => format!("{}, {} of the units, in no layer", days(self.length), percent(share)),
        };
        let mut out = format!("{id} asks for {asks}\n");
        out += &match power {
            Power::Holds(power) => format!("power {} with that\n", probability(power)),
            Power::NeedsShare(power, share) => format!(
                "planned are {}, which give power {}: {} are looked for instead\n",
                percent(self.entry.share),
                probability(power),
                percent(share)
            ),
            Power::OutOfReach(power) => format!(
                "power {} with that, and no share is enough in this time: `expc power {id}` shows ways out\n",
                probability(power)
            ),
            Power::Unknown => "its size is not known, so neither is its power\n".to_owned(),
        };
        let Some(found) = self.found else {
            let last = self.first.plus(HORIZON - 1);
            out += &format!("\nno start from {} to {last} does\n", self.first);
            return out + &self.refused_text();
        };
        let end = found.start.plus(self.length - 1);
        out += &format!("\nearliest start  {}  runs until {end}\n", found.start);
        if let Some(slot) = found.slot {
            out += &format!("slot            {} to {}\n", percent(slot.from), percent(slot.to));
        }
        if let Some(decide) = self.decide(found) {
            out += &format!("decide          {decide}\n");
        }
        let shown = |power: Power| power.value().map(probability);
        if let (Some(then), Some(first)) = (shown(found.power), shown(self.power))
            && then != first
        {
            out += &format!("power           {then}; a start on {} would give {first}\n", self.first);
        }
        match (self.moved(found), self.entry.start) {
            (_, None) => {}
            (0, Some(_)) => out += "\nthat is the planned day\n",
            (moved, Some(start)) => {
                let number = u32::try_from(moved.unsigned_abs()).unwrap_or(u32::MAX);
                out += &format!(
                    "\n{} {} than planned ({start})\n",
                    days(number),
                    if moved < 0 { "earlier" } else { "later" }
                );
                if let Some(daily) = self.entry.daily_units.filter(|_| 0 < moved) {
                    let units = daily * share * f64::from(number);
                    out += &format!("waiting: {} units pass by that would have taken part\n", count(units.round()));
                }
            }
        }
        if let Some((metric, part, sum)) = self.cost_of_a_week() {
            let sum = sum.map_or(String::new(), |sum| format!(", about {} units", count(sum.round())));
            out += &format!(
                "a week of waiting costs {} of {} if it does what is expected{sum}\n",
                percent(part),
                printable(&metric)
            );
        }
        out += "\nto write\n";
        out += &format!("  rollout.start = {}\n", found.start);
        if self.entry.end_span.is_some() {
            out += &format!("  rollout.end = {end}\n");
        }
        if let Some(decide) = self.decide(found) {
            out += &format!("  decision.by = {decide}\n");
        }
        if let Some(slot) = found.slot.filter(|_| self.fix_slot) {
            out += &format!(
                "  audience.slot = \"{}\", so that the slots of others stay where they are\n",
                percent(slot.from)
            );
        }
        if share != self.entry.share {
            out += &format!("  audience.share = \"{}\", and the `share` of the last stage\n", percent(share));
        }
        out + &self.refused_text()
    }

    fn refused_text(&self) -> String {
        if self.refused.is_empty() {
            return String::new();
        }
        let mut out = "\ndays before that do not do\n".to_owned();
        if self.found.is_none() {
            "\nwhy\n".clone_into(&mut out);
        }
        for (days, reason) in self.refused.iter().take(MOST_REASONS) {
            let span = if days.first == days.last {
                days.first.to_string()
            } else {
                format!("{} to {}", days.first, days.last)
            };
            out += &format!("  {span:24}  {}\n", self.reason_text(reason));
        }
        if MOST_REASONS < self.refused.len() {
            out += &format!("  {} more: --format json has all\n", self.refused.len() - MOST_REASONS);
        }
        out
    }

    fn reason_text(&self, reason: &Reason) -> String {
        let names = |with: &[String]| listed(with.iter().map(String::as_str), 3);
        match reason {
            Reason::Moment => "a stage would begin from Friday to Sunday, in a freeze or on a holiday".to_owned(),
            Reason::Full { free, with } => format!("{} of the layer left, beside {}", percent(*free), names(with)),
            Reason::Scattered { share, with } => {
                format!("no free place of {} in one piece, beside {}", percent(*share), names(with))
            }
            Reason::Flag { with } => format!("flag {} is set by {}", quoted(&self.entry.flag), names(with)),
            Reason::Requires { with } => format!("{} does not run all the time", names(with)),
        }
    }

    fn json(&self) -> String {
        let found = self.found.map(|found| {
            json!({
                "start": found.start.to_string(),
                "end": found.start.plus(self.length - 1).to_string(),
                "write_slot": self.fix_slot,
                "slot": found.slot.map(|slot| json!([slot.from, slot.to])),
                "decide": self.decide(found).map(|day| day.to_string()),
                "days_moved": self.moved(found),
                "share": found.share,
                "power": found.power.value(),
            })
        });
        let refused = self.refused.iter().map(|(days, reason)| {
            json!({ "from": days.first.to_string(), "to": days.last.to_string(), "why": self.reason_text(reason) })
        });
        let power = self.found.map_or(self.power, |found| found.power);
        let needed = match power {
            Power::NeedsShare(_, share) => Some(share),
            Power::Holds(_) | Power::OutOfReach(_) | Power::Unknown => None,
        };
        let value = json!({
            "version": 1,
            "experiment": &*self.entry.id,
            "layer": self.entry.layer.as_ref().map(|(name, _)| name),
            "share": power.share(self.entry.share),
            "days": self.length,
            "power_as_planned": power.value(),
            "share_for_power": needed,
            "tried_from": self.first.to_string(),
            "tried_to": self.found.map_or_else(|| self.first.plus(HORIZON - 1), |found| before(found.start.plus(1))).to_string(),
            "found": found,
            "refused": refused.collect::<Vec<_>>(),
        });
        serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
    }
}
