//! The calendar as text, readable at 100 columns.

use super::{Calendar, range};
use crate::catalog::CalendarKind;
use crate::portfolio::{Days, Entry};
use crate::rules::prelude::{count, days, listed, percent};
use crate::spec::Status;
use crate::text::printable;

/// The width of the names before the drawing.
const NAMES: usize = 36;
/// The width of the drawing.
const CELLS: usize = 62;
/// Weeks in the table of what is left.
const WEEKS: usize = 8;
/// Rows of the table of what waiting costs, and of the list of conflicts.
const ROWS: usize = 20;

/// Stages from the first to the last, as they grow.
const GROWTH: [char; 5] = ['▁', '▂', '▄', '▆', '█'];

impl Calendar<'_> {
    pub(super) fn text(&self) -> String {
        let step = self.during.count().div_ceil(CELLS as u32).max(1);
        let cells = self.cells(step);
        let column = if step == 1 { "a day".to_owned() } else { days(step) };
        let mut out = format!(
            "{}, {}, as of {}; a column is {column}\n\n",
            printable(self.workspace.name()),
            range(self.during),
            self.today
        );
        out += &self.ruler(&cells);
        if !self.special.is_empty() {
            out += &line("special days", &self.special_row(&cells));
        }
        for (name, share, span) in &self.holdouts {
            let share = share.map_or(String::new(), |share| format!(" {}", percent(share)));
            out += &line(
                &format!("holdout {}{share}", printable(name)),
                &drawn(&cells, |cell| cell.and(*span).map(|_| '─')),
            );
        }
        let mut shown: Vec<&Entry> = self.shown().collect();
        let slot = |entry: &Entry| self.portfolio.slot(&entry.id).map_or(2.0, |slot| slot.from);
        shown.sort_by(|a, b| {
            let layer = |entry: &Entry| (entry.layer.is_none(), entry.layer.as_ref().map(|(name, _)| name.clone()));
            layer(a)
                .cmp(&layer(b))
                .then_with(|| slot(a).total_cmp(&slot(b)))
                .then_with(|| (a.start, &a.id).cmp(&(b.start, &b.id)))
        });
        let mut group: Option<Option<&str>> = None;
        for entry in &shown {
            let layer = entry.layer.as_ref().map(|(name, _)| name.as_str());
            if group != Some(layer) {
                group = Some(layer);
                out += &match layer {
                    Some(layer) => format!("\nlayer {}\n", printable(layer)),
                    None => "\nno layer: these may share people\n".to_owned(),
                };
            }
            out += &line(&self.name(entry), &self.run_row(entry, &cells));
        }
        if shown.is_empty() {
            out += "\nno experiment runs on these days\n";
        }
        out += &self.legend(&shown);
        out += &self.bonds(&shown);
        out += &self.conflicts_text();
        out += &self.left_text();
        out += &self.waiting_text();
        out
    }

    fn cells(&self, step: u32) -> Vec<Days> {
        let cell = |number: u32| {
            let first = self.during.first.plus(number * step);
            Days { first, last: first.plus(step - 1).min(self.during.last) }
        };
        (0..self.during.count().div_ceil(step)).map(cell).collect()
    }

    /// Months where they begin, and below them today.
    fn ruler(&self, cells: &[Days]) -> String {
        let mut months = vec![' '; cells.len() + 8];
        let mut free = 0;
        for (at, cell) in cells.iter().enumerate() {
            let begins = at == 0 || first_of_month(*cell);
            let name = cell.last.0.strftime("%Y-%m").to_string();
            // The first column may stand for the end of a month that has no room for its name.
            let next =
                cells.iter().skip(at + 1).position(|cell| first_of_month(*cell)).map_or(cells.len(), |more| more + 1);
            if begins && free <= at && (at != 0 || name.len() < next) {
                for (place, c) in months[at..].iter_mut().zip(name.chars()) {
                    *place = c;
                }
                free = at + name.len() + 1;
            }
        }
        let months: String = months.iter().collect();
        let today = drawn(cells, |cell| (cell.first <= self.today && self.today <= cell.last).then_some('↓'));
        let mut out = line("", months.trim_end());
        if today.contains('↓') {
            out += &line("", &today.replace('·', " "));
        }
        out
    }

    fn special_row(&self, cells: &[Days]) -> String {
        drawn(cells, |cell| {
            let here = self.special.iter().find(|special| special.days.and(cell).is_some())?;
            Some(match here.kind {
                CalendarKind::Freeze => 'F',
                CalendarKind::Holiday => 'H',
                CalendarKind::Sale => 'S',
            })
        })
    }

    /// `50%–95% app-wallet-first`.
    fn name(&self, entry: &Entry) -> String {
        let place = match (self.portfolio.slot(&entry.id), &entry.layer) {
            (Some(slot), _) => format!("{}–{}", percent(slot.from), percent(slot.to)),
            (None, Some(_)) if !entry.status.is_over() => "no slot".to_owned(),
            _ => percent(entry.share),
        };
        format!("  {place:9} {}", printable(&entry.id))
    }

    fn run_row(&self, entry: &Entry, cells: &[Days]) -> String {
        let Some(run) = entry.run() else { return "no dates".to_owned() };
        if entry.status.is_over() {
            let last = entry.ended.unwrap_or(run.last);
            return drawn(cells, |cell| cell.and(Days { first: run.first, last }).map(|_| '░'));
        }
        let staged = entry.staged();
        let full = staged.len().saturating_sub(1).max(1);
        let conflicts: Vec<Days> = self
            .conflicts
            .iter()
            .filter(|conflict| *self.portfolio.entries[conflict.entry].id == *entry.id)
            .flat_map(|conflict| conflict.days.iter().copied())
            .collect();
        drawn(cells, |cell| {
            if conflicts.iter().any(|days| days.and(cell).is_some()) {
                return Some('!');
            }
            // A column that holds two stages shows the later one.
            let stage = staged.iter().rposition(|(days, _)| days.and(cell).is_some())?;
            Some(if staged.len() == 1 { '█' } else { GROWTH[stage * (GROWTH.len() - 1) / full] })
        })
    }

    fn legend(&self, shown: &[&Entry]) -> String {
        let mut parts = Vec::new();
        if shown.iter().any(|entry| !entry.status.is_over() && entry.run().is_some()) {
            parts.push("▁▂▄▆█ stages, first to last");
        }
        if shown.iter().any(|entry| entry.status.is_over()) {
            parts.push("░ over");
        }
        if self.conflicts.iter().any(|conflict| !conflict.days.is_empty()) {
            parts.push("! conflict");
        }
        if parts.is_empty() && self.special.is_empty() {
            return String::new();
        }
        let mut out = format!("\n{}\n", parts.join("   "));
        for special in &self.special {
            let letter = special.kind.to_string();
            let letter = letter[..1].to_uppercase();
            out += &format!("{letter} {} {}: {}\n", special.kind, printable(special.name), range(special.days));
        }
        out
    }

    /// What excludes or requires what.
    fn bonds(&self, shown: &[&Entry]) -> String {
        let mut out = String::new();
        for entry in shown.iter().filter(|entry| !entry.status.is_over()) {
            for (verb, others) in [("excludes", &entry.excludes), ("requires", &entry.requires)] {
                if !others.is_empty() {
                    let others = listed(others.iter().map(|id| id.value.as_str()), 6);
                    out += &format!("  {} {verb} {others}\n", printable(&entry.id));
                }
            }
        }
        if out.is_empty() { out } else { format!("\nbonds\n{out}") }
    }

    fn conflicts_text(&self) -> String {
        if self.conflicts.is_empty() {
            return "\nno conflicts\n".to_owned();
        }
        let mut out = "\nconflicts\n".to_owned();
        for conflict in self.conflicts.iter().take(ROWS) {
            out += &self.conflict_text(conflict);
        }
        if ROWS < self.conflicts.len() {
            out += &format!("  {} more: --format json has all\n", self.conflicts.len() - ROWS);
        }
        out
    }

    fn left_text(&self) -> String {
        if self.left.is_empty() {
            return String::new();
        }
        let weeks = self.weeks.len().min(WEEKS);
        let mut out =
            "\nleft by week: the least free part of a day, and units in no experiment, held-out ones included\n"
                .to_owned();
        let heads: String = self.weeks[..weeks]
            .iter()
            .map(|week| format!("{:>8}", week.first.0.strftime("%m-%d").to_string()))
            .collect();
        out += &format!("  {:32}{heads}\n", "week of");
        let mut layer = "";
        for left in self.left.iter().take(ROWS) {
            if left.layer != layer {
                layer = left.layer;
                let parts: String =
                    left.weeks[..weeks].iter().map(|(part, _)| format!("{:>8}", percent(*part))).collect();
                out += &format!("  {:32}{parts}\n", cut(&format!("layer {}", printable(left.layer)), 31));
            }
            if let Some((audience, _)) = left.audience {
                let units: String = left.weeks[..weeks]
                    .iter()
                    .map(|(_, units)| format!("{:>8}", units.map_or("–".to_owned(), short_count)))
                    .collect();
                out += &format!("    {:30}{units}\n", cut(&printable(audience), 29));
            }
        }
        if ROWS < self.left.len() {
            out += &format!("  {} more audiences: --format json has all\n", self.left.len() - ROWS);
        }
        if weeks < self.weeks.len() {
            out += &format!("  {} more weeks: --from shows later ones, --format json all\n", self.weeks.len() - weeks);
        }
        out
    }

    fn waiting_text(&self) -> String {
        let mut waiting = self.waiting();
        if waiting.is_empty() {
            return String::new();
        }
        waiting.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.id.cmp(&b.0.id)));
        let mut out = "\nwhat a week of waiting costs: units that would have taken part in it\n".to_owned();
        for (entry, units) in waiting.iter().take(ROWS) {
            let start = entry.start.map_or("no start".to_owned(), |start| format!("starts {start}"));
            let draft = if entry.status == Status::Draft { ", a draft" } else { "" };
            out += &format!("  {:>11}  {}, {start}{draft}\n", count(units.round()), printable(&entry.id));
        }
        if ROWS < waiting.len() {
            out += &format!("  {} more: --format json has all\n", waiting.len() - ROWS);
        }
        out
    }
}

fn first_of_month(cell: Days) -> bool {
    cell.first.0.day() == 1 || cell.first.0.month() != cell.last.0.month()
}

/// One character a cell; a dot where there is nothing.
fn drawn(cells: &[Days], mut cell: impl FnMut(Days) -> Option<char>) -> String {
    cells.iter().map(|days| cell(*days).unwrap_or('·')).collect()
}

fn line(name: &str, drawing: &str) -> String {
    format!("{:NAMES$}  {drawing}", cut(name, NAMES)).trim_end().to_owned() + "\n"
}

/// A name that fits a column.
fn cut(name: &str, width: usize) -> String {
    match name.char_indices().nth(width) {
        Some(_) => name.chars().take(width - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
}

/// `812`, `36k`, `1.2M`: three digits are enough beside each other.
fn short_count(units: f64) -> String {
    match units {
        units if units < 1e4 => count(units),
        units if units < 999_500.0 => format!("{:.0}k", units / 1e3),
        units if units < 9.995e8 => format!("{:.1}M", units / 1e6),
        units => format!("{:.1e}", units),
    }
}
