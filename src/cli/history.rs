//! `expc history`: what past experiments measured, and who asked alike before.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::csv::{self, Cell};
use super::{Exit, Failure, place, resolve};
use crate::portfolio::{Entry, Past, Portfolio, Tally, good_direction};
use crate::rules::prelude::percent;
use crate::stats::Direction;
use crate::text::similar::{likeness, words};
use crate::text::{nearest, printable};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace
    #[arg(default_value = ".")]
    path: PathBuf,
    /// One metric: its effects one by one, and what they say together
    #[arg(long, value_name = "METRIC")]
    metric: Option<String>,
    /// Experiments of one owner only
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Finished experiments whose hypothesis is like that of this one
    #[arg(long, value_name = "ID")]
    like: Option<String>,
    /// How it is printed: text, json or csv
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

/// More like hypotheses than this are not shown.
const MOST_ALIKE: usize = 10;
/// Less alike than this is chance: two sentences on one page of a product.
const LEAST_ALIKE: f64 = 0.15;
/// Longer names are cut in tables.
const WIDEST: usize = 36;

/// The effects of one metric.
struct Metric<'a> {
    name: &'a str,
    good: Option<Direction>,
    /// The latest first.
    effects: Vec<Past<'a>>,
    /// Of experiments that were judged by it.
    judged: Tally,
    /// Of experiments that only watched it.
    watched: Tally,
}

impl<'a> Metric<'a> {
    fn new(name: &'a str, portfolio: &'a Portfolio, good: Option<Direction>, owner: Option<&str>) -> Self {
        let of_owner = |past: &Past<'_>| owner.is_none_or(|owner| past.entry.owner.as_deref() == Some(owner));
        let mut effects: Vec<Past<'a>> = portfolio.past(name).filter(of_owner).collect();
        effects.sort_by(|a, b| b.entry.ended.cmp(&a.entry.ended).then_with(|| a.entry.id.cmp(&b.entry.id)));
        let (judged, watched): (Vec<Past<'_>>, Vec<Past<'_>>) = effects.iter().partition(|past| past.is_judged());
        let (judged, watched) = (Tally::new(&judged, good), Tally::new(&watched, good));
        Self { name, good, effects, judged, watched }
    }

    fn tally(&self, past: &Past<'_>) -> &Tally {
        if past.is_judged() { &self.judged } else { &self.watched }
    }

    /// `better`, `worse`, `up`, `down` or `open`; nothing where the interval says nothing.
    fn verdict(&self, past: &Past<'_>) -> Option<&'static str> {
        past.effect.interval.ok()?;
        Some(match (past.effect.moved(), self.good) {
            (None, _) => "open",
            (Some(moved), Some(good)) if moved == good => "better",
            (Some(_), Some(_)) => "worse",
            (Some(Direction::Up), None) => "up",
            (Some(Direction::Down), None) => "down",
        })
    }
}

/// A finished experiment that asked alike.
struct Alike<'a> {
    entry: &'a Entry,
    likeness: f64,
    shared: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if !["text", "json", "csv"].contains(&arguments.format.as_str()) {
        return Err(Failure::Usage {
            text: format!("unknown format `{}`", arguments.format),
            help: "one of text, json, csv".to_owned(),
        });
    }
    let opened = place::open(&arguments.path)?;
    let portfolio = resolve::portfolio(&opened.workspace);
    let catalog = &opened.workspace.catalog;
    if let Some(owner) = &arguments.owner {
        let owners = portfolio.entries.iter().filter_map(|entry| entry.owner.as_deref());
        named("owner", owner, owners.chain(catalog.owners.names()))?;
    }
    if let Some(metric) = &arguments.metric {
        named("metric", metric, portfolio.past_metrics().chain(catalog.metrics.names()))?;
    }
    let names: Vec<&str> = match &arguments.metric {
        Some(metric) => vec![metric],
        None if arguments.like.is_some() => Vec::new(),
        None => portfolio.past_metrics().collect(),
    };
    let owner = arguments.owner.as_deref();
    let metrics = names.into_iter().map(|name| Metric::new(name, &portfolio, good_direction(catalog, name), owner));
    let metrics: Vec<Metric<'_>> =
        metrics.filter(|metric| arguments.metric.is_some() || !metric.effects.is_empty()).collect();
    let alike = match &arguments.like {
        Some(id) => {
            let stem = &opened.spec(id)?.stem;
            let entry = portfolio
                .entries
                .iter()
                .find(|entry| *entry.id == **stem || entry.path.ends_with(&format!("/{stem}.toml")));
            entry.map(|entry| (entry, alike(&portfolio, entry, owner)))
        }
        None => None,
    };
    let text = match arguments.format.as_str() {
        "json" => serde_json::to_string_pretty(&as_json(&metrics, alike.as_ref())).unwrap_or_default() + "\n",
        "csv" => as_csv(&metrics),
        _ => as_text(&metrics, alike.as_ref(), arguments),
    };
    super::print(&text);
    Ok(Exit::Clean)
}

pub(super) fn named<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let known: BTreeSet<&str> = known.collect();
    if known.contains(name) {
        return Ok(());
    }
    const SHOWN: usize = 12;
    let first: Vec<&str> = known.iter().take(SHOWN).copied().collect();
    let help = match (nearest(name, known.iter().copied()), known.len()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, 0) => format!("this workspace has no {what}"),
        (None, many) if SHOWN < many => format!("one of {} and {} more", first.join(", "), many - SHOWN),
        _ => format!("one of {}", first.join(", ")),
    };
    Err(Failure::Usage { text: format!("unknown {what} `{name}`"), help })
}

/// Finished experiments by how many of their words are those of this one.
fn alike<'a>(portfolio: &'a Portfolio, entry: &Entry, owner: Option<&str>) -> Vec<Alike<'a>> {
    let text = |entry: &Entry| words(&format!("{} {}", entry.statement, entry.title.as_deref().unwrap_or_default()));
    let own = text(entry);
    let finished = portfolio.entries.iter().filter(|other| {
        other.status.is_over()
            && other.id != entry.id
            && owner.is_none_or(|owner| other.owner.as_deref() == Some(owner))
    });
    let mut found: Vec<Alike<'_>> = finished
        .map(|other| {
            let theirs = text(other);
            let shared = own.intersection(&theirs).cloned().collect();
            Alike { entry: other, likeness: likeness(&own, &theirs), shared }
        })
        .filter(|alike| LEAST_ALIKE <= alike.likeness)
        .collect();
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then_with(|| a.entry.id.cmp(&b.entry.id)));
    found.truncate(MOST_ALIKE);
    found
}

/// `+2.3%`, `-0.4%`, `0%`.
fn signed(fraction: f64) -> String {
    let text = percent(fraction);
    if 0.0 < fraction { format!("+{text}") } else { text }
}

fn range(low: f64, high: f64) -> String {
    format!("{} to {}", signed(low), signed(high))
}

/// A name that fits a column.
fn short(name: &str) -> String {
    let shown = printable(name);
    match shown.char_indices().nth(WIDEST) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown,
    }
}

/// Rows with their columns in line; the spaces at the ends of lines are cut.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out += format!("  {}", cells.join("  ")).trim_end();
        out.push('\n');
    }
    out
}

/// Without the last bits that a change of units leaves behind: -0.013, not -0.013000000000000001.
fn tidy(fraction: f64) -> f64 {
    let rounded = (fraction * 1e12).round() / 1e12;
    if rounded.is_finite() { rounded } else { fraction }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

const EMPTY_HELP: &str = "\
An experiment adds to it once its status is decided, shipped, stopped or archived and it records what came out:

  [results]
  effects = [{ metric = \"order_conversion\", relative = \"2.4%\", low = \"0.9%\", high = \"3.9%\" }]
";

fn as_text(metrics: &[Metric<'_>], alike: Option<&(&Entry, Vec<Alike<'_>>)>, arguments: &Arguments) -> String {
    let mut out = String::new();
    if let Some((entry, alike)) = alike {
        out += &alike_text(entry, alike);
        if !metrics.is_empty() {
            out.push('\n');
        }
    }
    let known = metrics.iter().any(|metric| !metric.effects.is_empty());
    if !known && (alike.is_none() || arguments.metric.is_some()) {
        let of = arguments.metric.as_ref().map_or(String::new(), |name| format!(" of {}", printable(name)));
        let by = arguments.owner.as_ref().map_or(String::new(), |name| format!(" by {}", printable(name)));
        return out + &format!("no past effects{of}{by} are recorded\n\n{EMPTY_HELP}");
    }
    match &arguments.metric {
        Some(_) => out + &metrics.iter().map(metric_text).collect::<String>(),
        None if metrics.is_empty() => out,
        None => out + &overview(metrics),
    }
}

/// One line a metric.
fn overview(metrics: &[Metric<'_>]) -> String {
    let mut rows = vec![row(["metric", "effects", "judged by it", "better", "worse", "mean effect, corrected"])];
    for metric in metrics {
        let judged = &metric.judged;
        let mean = judged.pool.map_or("–".to_owned(), |pool| {
            let (low, high) = pool.interval(crate::portfolio::HISTORY_ALPHA).unwrap_or((f64::NAN, f64::NAN));
            format!("{} ({})", signed(pool.mean), range(low, high))
        });
        let count = |number: usize| if judged.experiments == 0 { "–".to_owned() } else { number.to_string() };
        rows.push(vec![
            short(metric.name),
            metric.effects.len().to_string(),
            count(judged.experiments),
            count(judged.better),
            count(judged.worse),
            mean,
        ]);
    }
    aligned(&rows) + "\n`--metric METRIC` shows the effects one by one; `--like ID` who asked alike before.\n"
}

fn metric_text(metric: &Metric<'_>) -> String {
    let good = match metric.good {
        Some(Direction::Up) => "increase is good",
        Some(Direction::Down) => "decrease is good",
        None => "the catalogue gives it no direction",
    };
    let mut out = format!("{}: {}, {good}\n\n", printable(metric.name), many(metric.effects.len(), "past effect"));
    let mut rows = vec![row(["ended", "experiment", "variant", "measured", "95% interval", "corrected", "shown"])];
    for past in &metric.effects {
        let interval = match past.effect.interval {
            Ok((low, high)) => range(low, high),
            Err(fault) => fault.text().to_owned(),
        };
        let corrected = metric.tally(past).corrected(past).map_or("–".to_owned(), |known| signed(known.effect));
        let shown = metric.verdict(past).unwrap_or("–");
        rows.push(vec![
            past.entry.ended.map_or("–".to_owned(), |day| day.to_string()),
            short(&past.entry.id),
            past.effect.variant.as_deref().map_or("–".to_owned(), short),
            signed(past.effect.estimate),
            interval,
            corrected,
            if past.is_judged() { shown.to_owned() } else { format!("{shown}, watched") },
        ]);
    }
    out += &aligned(&rows);
    out += &tally_text(JUDGED, &metric.judged, metric.good);
    out += &tally_text("watched it", &metric.watched, metric.good);
    let unusable = metric.effects.iter().filter(|past| past.measured().is_none()).count();
    if 0 < unusable {
        out += &format!("\n{} without a usable interval: shown, and in none of the sums\n", many(unusable, "effect"));
    }
    if metric.judged.pool.is_some() || metric.watched.pool.is_some() {
        out += "\ncorrected: what is left of an effect once luck is taken out. Effects that were picked because they are \
                large\nexaggerate; each is drawn towards the mean by as much as it is uncertain (James and Stein 1961, \
                Efron 2011).\nIntervals are read as 95 % ones, and variants of one experiment as independent.\n";
    }
    out
}

/// The group that tried to move the metric: only there a win is a win.
const JUDGED: &str = "judged by it";

fn tally_text(name: &str, tally: &Tally, good: Option<Direction>) -> String {
    if tally.experiments == 0 {
        return String::new();
    }
    let mut out = format!("\n{name}: {}\n", many(tally.experiments, "experiment"));
    let mut rows = Vec::new();
    if let (Some(_), Some((rate, low, high))) = (good, tally.win_rate())
        && name == JUDGED
    {
        let open = tally.experiments - tally.better - tally.worse;
        rows.push(vec!["shown".to_owned(), format!("{} better, {} worse, {open} open", tally.better, tally.worse)]);
        rows.push(vec!["win rate".to_owned(), format!("{} ({} to {})", percent(rate), percent(low), percent(high))]);
    }
    match tally.pool {
        Some(pool) => {
            if let Ok((low, high)) = pool.interval(crate::portfolio::HISTORY_ALPHA) {
                let mean =
                    format!("{} ({}), from {}", signed(pool.mean), range(low, high), many(pool.estimates, "effect"));
                rows.push(vec!["mean effect".to_owned(), mean]);
            }
            let spread = match pool.spread {
                0.0 => "chance alone explains how the effects differ".to_owned(),
                spread => format!("the true ones differ by a standard deviation of {}", percent(spread)),
            };
            rows.push(vec!["true effects".to_owned(), spread]);
        }
        None => rows.push(row(["mean effect", "one effect has no mean: two are needed"])),
    }
    if let Some((measured, corrected)) = tally.wins {
        rows.push(vec![
            "wins".to_owned(),
            format!("{} as measured, {} corrected", signed(measured), signed(corrected)),
        ]);
    }
    out += &aligned(&rows);
    out
}

fn alike_text(entry: &Entry, alike: &[Alike<'_>]) -> String {
    let id = printable(&entry.id);
    if entry.statement.is_empty() {
        return format!("{id} has no hypothesis to compare\n");
    }
    if alike.is_empty() {
        return format!(
            "no finished experiment asks what {id} asks: none shares {} of its words\n",
            percent(LEAST_ALIKE)
        );
    }
    let mut out = format!("finished experiments like {id}, by the words of hypothesis and title\n");
    for found in alike {
        let other = found.entry;
        let until = other.ended.map_or_else(String::new, |day| format!(", until {day}"));
        let decision =
            other.decision.map_or_else(|| other.status.to_string(), |decision| format!("decided: {decision}"));
        let link = if entry.previous.iter().any(|id| **id == *other.id) { ", linked" } else { "" };
        out += &format!("\n{} alike  {}{until}, {decision}{link}\n", percent(found.likeness), short(&other.id));
        if let Some(title) = &other.title {
            out += &format!("  {}\n", printable(title));
        }
        let judged = other.effects.iter().filter(|effect| other.primaries.iter().any(|one| one.value == effect.metric));
        for effect in judged {
            let interval = effect.interval.map_or_else(|fault| fault.text().to_owned(), |(low, high)| range(low, high));
            out += &format!("  {} {} ({interval})\n", short(&effect.metric), signed(effect.estimate));
        }
        out += &format!("  shared: {}\n", printable(&found.shared.join(", ")));
    }
    out
}

fn many(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn tally_json(tally: &Tally) -> Json {
    let pool = tally.pool.map(|pool| {
        let interval = pool.interval(crate::portfolio::HISTORY_ALPHA).ok();
        json!({
            "estimates": pool.estimates,
            "mean": pool.mean,
            "low": interval.map(|interval| interval.0),
            "high": interval.map(|interval| interval.1),
            "spread": pool.spread,
        })
    });
    let rate = tally.win_rate().map(|(rate, low, high)| json!({ "share": rate, "low": low, "high": high }));
    let wins = tally.wins.map(|(measured, corrected)| json!({ "measured": measured, "corrected": corrected }));
    json!({
        "experiments": tally.experiments,
        "better": tally.better,
        "worse": tally.worse,
        "win_rate": rate,
        "mean_effect": pool,
        "wins": wins,
    })
}

fn as_json(metrics: &[Metric<'_>], alike: Option<&(&Entry, Vec<Alike<'_>>)>) -> Json {
    let effect = |metric: &Metric<'_>, past: &Past<'_>| {
        let interval = past.effect.interval.ok();
        let corrected = metric.tally(past).corrected(past);
        json!({
            "experiment": &*past.entry.id,
            "title": past.entry.title,
            "owner": past.entry.owner,
            "path": past.entry.path,
            "ended": past.entry.ended.map(|day| day.to_string()),
            "variant": past.effect.variant,
            "judged": past.is_judged(),
            "relative": tidy(past.effect.estimate),
            "low": interval.map(|interval| tidy(interval.0)),
            "high": interval.map(|interval| tidy(interval.1)),
            "interval_fault": past.effect.interval.err().map(|fault| fault.text()),
            "corrected": corrected.map(|known| tidy(known.effect)),
            "shown": metric.verdict(past),
        })
    };
    let metric = |metric: &Metric<'_>| {
        json!({
            "metric": metric.name,
            "good": metric.good.map(|good| if good == Direction::Up { "increase" } else { "decrease" }),
            "judged": tally_json(&metric.judged),
            "watched": tally_json(&metric.watched),
            "effects": metric.effects.iter().map(|past| effect(metric, past)).collect::<Vec<_>>(),
        })
    };
    let found = |found: &Alike<'_>| {
        json!({
            "experiment": &*found.entry.id,
            "title": found.entry.title,
            "path": found.entry.path,
            "ended": found.entry.ended.map(|day| day.to_string()),
            "decision": found.entry.decision.map(|decision| decision.to_string()),
            "likeness": found.likeness,
            "shared_words": found.shared,
        })
    };
    json!({
        "version": 1,
        "metrics": metrics.iter().map(metric).collect::<Vec<_>>(),
        "like": alike.map(|(entry, _)| &*entry.id),
        "alike": alike.map_or_else(Vec::new, |(_, alike)| alike.iter().map(found).collect()),
    })
}

/// One row an effect.
fn as_csv(metrics: &[Metric<'_>]) -> String {
    let heads = [
        "metric",
        "experiment",
        "owner",
        "ended",
        "variant",
        "judged",
        "relative",
        "low",
        "high",
        "corrected",
        "shown",
    ];
    let rows = metrics.iter().flat_map(|metric| {
        metric.effects.iter().map(|past| {
            let interval = past.effect.interval.ok();
            vec![
                Cell::from(metric.name),
                Cell::from(&*past.entry.id),
                Cell::from(past.entry.owner.as_deref()),
                Cell::from(past.entry.ended.map(|day| day.to_string()).as_deref()),
                Cell::from(past.effect.variant.as_deref()),
                Cell::from(if past.is_judged() { "yes" } else { "no" }),
                Cell::from(tidy(past.effect.estimate)),
                Cell::from(interval.map(|interval| tidy(interval.0))),
                Cell::from(interval.map(|interval| tidy(interval.1))),
                Cell::from(metric.tally(past).corrected(past).map(|known| tidy(known.effect))),
                Cell::from(metric.verdict(past)),
            ]
        })
    });
    csv::table(&heads, rows)
}
