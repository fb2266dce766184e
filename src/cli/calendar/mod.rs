//! `expc calendar`: all experiments over days, what gets in the way of what, and what room is left.

mod drawing;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::{Exit, Failure, place, resolve};
use crate::catalog::CalendarKind;
use crate::portfolio::{Conflict, ConflictKind, Days, Entry, Portfolio, Taken, Workspace};
use crate::rules::prelude::{count, days, listed, quoted};
use crate::spec::{Day, Status};
use crate::text::printable;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The first day; the Monday of this week when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Day>,
    /// The last day; the last end of an open experiment when absent, at most half a year
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Day>,
    /// The day that is today
    #[arg(long, value_name = "YYYY-MM-DD", visible_alias = "date")]
    today: Option<Day>,
    /// How it is printed: text or json
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

/// The longest time that is shown when nobody says.
const USUAL_DAYS: u32 = 26 * 7;
/// The longest time that is shown at all.
const MOST_DAYS: u32 = 3660;

/// Special days of the catalogue.
struct Special<'a> {
    name: &'a str,
    kind: CalendarKind,
    days: Days,
}

/// Units that are in no slot of a layer, of one audience, by week.
struct Left<'a> {
    layer: &'a str,
    /// The audience with its units a day; none where no experiment of the layer counts any.
    audience: Option<(&'a str, f64)>,
    /// Of each week: the smallest part that is free on a day, and the free units of all days.
    weeks: Vec<(f64, Option<f64>)>,
}

struct Calendar<'a> {
    workspace: &'a Workspace,
    portfolio: &'a Portfolio,
    during: Days,
    today: Day,
    special: Vec<Special<'a>>,
    /// Name, share, days.
    holdouts: Vec<(&'a str, Option<f64>, Days)>,
    /// Those that meet the days that are shown.
    conflicts: Vec<Conflict>,
    weeks: Vec<Days>,
    left: Vec<Left<'a>>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let print = match arguments.format.as_str() {
        "text" => Calendar::text,
        "json" => Calendar::json,
        other => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json".to_owned(),
            });
        }
    };
    let opened = place::open(&arguments.path)?;
    let portfolio = resolve::portfolio(&opened.workspace);
    let Some(today) = place::day(arguments.today) else {
        return Err(Failure::Usage {
            text: "the clock of this machine has no usable date".to_owned(),
            help: "name the day: `--today 2026-12-07`".to_owned(),
        });
    };
    let during = during(&portfolio, arguments, today)?;
    super::print(&print(&Calendar::new(&opened.workspace, &portfolio, during, today)));
    Ok(Exit::Clean)
}

fn during(portfolio: &Portfolio, arguments: &Arguments, today: Day) -> Result<Days, Failure> {
    let monday = |day: Day| {
        let back = i64::from(day.0.weekday().to_monday_zero_offset());
        Day(day.0.saturating_sub(jiff::Span::new().days(back)))
    };
    let first = arguments.from.unwrap_or_else(|| monday(today));
    let last_end = portfolio.entries.iter().filter(|entry| !entry.status.is_over()).filter_map(|entry| entry.end).max();
    let usual = || last_end.unwrap_or(first).max(first.plus(27)).min(first.plus(USUAL_DAYS - 1));
    let last = arguments.to.unwrap_or_else(usual);
    if last < first {
        return Err(Failure::Usage {
            text: format!("the last day {last} is before the first day {first}"),
            help: "name `--from` and `--to` in this order".to_owned(),
        });
    }
    let during = Days { first, last };
    if MOST_DAYS < during.count() {
        return Err(Failure::Usage {
            text: format!("{} are more than a calendar shows", days(during.count())),
            help: format!("name at most {}", days(MOST_DAYS)),
        });
    }
    Ok(during)
}

impl<'a> Calendar<'a> {
    fn new(workspace: &'a Workspace, portfolio: &'a Portfolio, during: Days, today: Day) -> Self {
        let catalog = &workspace.catalog;
        let special = catalog.calendar.iter().filter_map(|(name, _, entry)| {
            let days = Days { first: entry.from.copied()?, last: entry.to.copied()? };
            Some(Special { name, kind: entry.kind.copied()?, days: days.and(during)? })
        });
        let mut special: Vec<Special<'_>> = special.collect();
        special.sort_by_key(|special| (special.days, special.name));
        let holdouts = catalog.holdouts.iter().filter_map(|(name, _, holdout)| {
            let (first, last) = (holdout.from.copied(), holdout.to.copied());
            let days = Days { first: first.unwrap_or(during.first), last: last.unwrap_or(during.last) };
            Some((name, holdout.share.copied().map(|share| share.fraction()), days.and(during)?))
        });
        let meets = |conflict: &Conflict| {
            conflict.days.is_empty() || conflict.days.iter().any(|days| days.and(during).is_some())
        };
        let weeks: Vec<Days> = (0..during.count().div_ceil(7))
            .map(|week| {
                let first = during.first.plus(week * 7);
                Days { first, last: first.plus(6).min(during.last) }
            })
            .collect();
        let left = left(portfolio, during, &weeks);
        Self {
            workspace,
            portfolio,
            during,
            today,
            special,
            holdouts: holdouts.collect(),
            conflicts: portfolio.conflicts().into_iter().filter(meets).collect(),
            weeks,
            left,
        }
    }

    /// Experiments that are shown: open ones without dates, and all whose run meets the days.
    fn shown(&self) -> impl Iterator<Item = &'a Entry> {
        let during = self.during;
        self.portfolio.entries.iter().filter(move |entry| match entry.run() {
            // Whoever is over served people until its last day with data.
            Some(run) => {
                let last = if entry.status.is_over() { entry.ended.unwrap_or(run.last) } else { run.last };
                Days { first: run.first, last }.and(during).is_some()
            }
            None => !entry.status.is_over(),
        })
    }

    fn id(&self, index: usize) -> &'a str {
        &self.portfolio.entries[index].id
    }

    /// A conflict in one sentence, and its days with the people in it.
    fn conflict_text(&self, conflict: &Conflict) -> String {
        let id = quoted(self.id(conflict.entry));
        let with = listed(conflict.with.iter().map(|&other| self.id(other)), 4);
        let about = quoted(&conflict.about);
        let what = match conflict.kind {
            ConflictKind::Full if with.is_empty() => format!("{id} has no room in layer {about}"),
            ConflictKind::Full => format!("{id} has no room in layer {about} beside {with}"),
            ConflictKind::Scattered => format!("{id} finds no free place in one piece in layer {about} beside {with}"),
            ConflictKind::Flag => format!("{id} sets flag {about} for people of {with}"),
            ConflictKind::Metric => format!("{id} judges {} with people of {with}", printable(&conflict.about)),
            ConflictKind::Requires => format!("{id} requires {with}, which does not run then"),
        };
        let units = match (conflict.kind, conflict.units) {
            (_, None) => String::new(),
            (ConflictKind::Full, Some(units)) => format!("; {} units without a place", count(units.round())),
            (ConflictKind::Requires, Some(units)) => format!("; {} units cannot enter", count(units.round())),
            (_, Some(units)) => format!("; about {} units in both", count(units.round())),
        };
        let when = match &conflict.days[..] {
            [] => "at any time: dates are missing".to_owned(),
            all => all.iter().map(|days| range(*days)).collect::<Vec<_>>().join(", "),
        };
        format!("  {what}\n    {when}{units}\n")
    }

    /// What a week of waiting costs each experiment that has not begun.
    fn waiting(&self) -> Vec<(&'a Entry, f64)> {
        let open = self.shown().filter(|entry| matches!(entry.status, Status::Draft | Status::Ready));
        open.filter_map(|entry| Some((entry, entry.daily_units? * entry.share * 7.0))).collect()
    }

    fn json(&self) -> String {
        let span = |days: &Days| json!({ "from": days.first.to_string(), "to": days.last.to_string() });
        let experiment = |entry: &Entry| {
            let slot = self.portfolio.slot(&entry.id);
            let stages = entry.staged();
            json!({
                "experiment": &*entry.id,
                "title": entry.title,
                "status": entry.status.to_string(),
                "owner": entry.owner,
                "path": entry.path,
                "layer": entry.layer.as_ref().map(|(layer, _)| layer),
                "slot": slot.map(|slot| json!([slot.from, slot.to])),
                "share": entry.share,
                "start": entry.start.map(|day| day.to_string()),
                "end": entry.end.map(|day| day.to_string()),
                "decide": entry.decide.map(|day| day.to_string()),
                "stages": stages.iter().map(|(days, share)| json!({ "from": days.first.to_string(), "to": days.last.to_string(), "share": share })).collect::<Vec<_>>(),
                "holdout": entry.holdout,
                "excludes": entry.excludes.iter().map(|id| &id.value).collect::<Vec<_>>(),
                "requires": entry.requires.iter().map(|id| &id.value).collect::<Vec<_>>(),
            })
        };
        let conflict = |conflict: &Conflict| {
            json!({
                "kind": match conflict.kind {
                    ConflictKind::Full => "full",
                    ConflictKind::Scattered => "scattered",
                    ConflictKind::Flag => "flag",
                    ConflictKind::Metric => "metric",
                    ConflictKind::Requires => "requires",
                },
                "experiment": self.id(conflict.entry),
                "with": conflict.with.iter().map(|&other| self.id(other)).collect::<Vec<_>>(),
                "about": conflict.about,
                "days": conflict.days.iter().map(span).collect::<Vec<_>>(),
                "units": conflict.units,
            })
        };
        let taken = |part: &Taken| json!({ "from": part.days.first.to_string(), "to": part.days.last.to_string(), "share": part.share, "experiments": part.experiments });
        let room = self.portfolio.room(self.during);
        let layers: Vec<Json> = room
            .iter()
            .map(|(layer, parts)| json!({ "layer": layer, "taken": parts.iter().map(taken).collect::<Vec<_>>() }))
            .collect();
        let left = |left: &Left<'_>| {
            let weeks = left.weeks.iter().zip(&self.weeks).map(|((part, units), week)| {
                json!({ "from": week.first.to_string(), "to": week.last.to_string(), "least_share": part, "units": units })
            });
            json!({
                "layer": left.layer,
                "audience": left.audience.map(|(name, _)| name),
                "daily_units": left.audience.map(|(_, daily)| daily),
                "weeks": weeks.collect::<Vec<_>>(),
            })
        };
        let special = self.special.iter().map(|special| {
            json!({ "name": special.name, "kind": special.kind.to_string(), "from": special.days.first.to_string(), "to": special.days.last.to_string() })
        });
        let holdouts = self.holdouts.iter().map(|(name, share, days)| {
            json!({ "holdout": name, "share": share, "from": days.first.to_string(), "to": days.last.to_string() })
        });
        let value = json!({
            "version": 1,
            "workspace": self.workspace.name(),
            "today": self.today.to_string(),
            "from": self.during.first.to_string(),
            "to": self.during.last.to_string(),
            "special_days": special.collect::<Vec<_>>(),
            "holdouts": holdouts.collect::<Vec<_>>(),
            "layers": layers,
            "experiments": self.shown().map(experiment).collect::<Vec<_>>(),
            "conflicts": self.conflicts.iter().map(conflict).collect::<Vec<_>>(),
            "left": self.left.iter().map(left).collect::<Vec<_>>(),
            "waiting": self.waiting().iter().map(|(entry, units)| json!({ "experiment": &*entry.id, "units_a_week": units })).collect::<Vec<_>>(),
        });
        serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
    }
}

/// `2027-01-11 to 2027-02-07 (28 days)`.
pub(super) fn range(span: Days) -> String {
    match span.count() {
        1 => span.first.to_string(),
        number => format!("{} to {} ({})", span.first, span.last, days(number)),
    }
}

/// What is left of each layer for each audience that experiments in it start from.
fn left<'a>(portfolio: &'a Portfolio, during: Days, weeks: &[Days]) -> Vec<Left<'a>> {
    let room = portfolio.room(during);
    let members = portfolio.layers();
    let mut rows = Vec::new();
    for (layer, parts) in &room {
        let mut audiences: Vec<(&str, f64)> =
            members.get(layer).into_iter().flatten().filter_map(|entry| audience(entry)).collect();
        audiences.sort_by(|a, b| a.0.cmp(b.0).then(b.1.total_cmp(&a.1)));
        // One name with several counts: the specs narrow it. The widest is the audience's.
        audiences.dedup_by(|a, b| a.0 == b.0);
        let of_week = |week: &Days, daily: Option<f64>| {
            let here =
                parts.iter().filter_map(|part| Some((part.days.and(*week)?, (1.0 - part.share).clamp(0.0, 1.0))));
            let here: Vec<(Days, f64)> = here.collect();
            let least = here.iter().map(|(_, free)| *free).fold(1.0, f64::min);
            let sum: f64 = here.iter().map(|(days, free)| free * f64::from(days.count())).sum();
            (least, daily.map(|daily| sum * daily))
        };
        let row = |audience: Option<(&'a str, f64)>| {
            let weeks = weeks.iter().map(|week| of_week(week, audience.map(|(_, daily)| daily))).collect();
            Left { layer, audience, weeks }
        };
        if audiences.is_empty() {
            rows.push(row(None));
        }
        rows.extend(audiences.into_iter().map(|audience| row(Some(audience))));
    }
    rows
}

fn audience(entry: &Entry) -> Option<(&str, f64)> {
    Some((entry.base.as_deref()?, entry.daily_units?))
}
