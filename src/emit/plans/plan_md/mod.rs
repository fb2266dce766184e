//! `plan.md`: the pre-registration document, for a reviewer.
//!
//! It says what is tested and why, on whom, how large, until when, and what will be done with each outcome; what is
//! missing is said at the top. One function prints one section, one file holds the sections of a kind, in the order of
//! the page: start at [`page`].

mod analysis;
mod decision;
mod head;
mod looks;
mod measures;
mod people;
mod quality;
mod record;
mod rollout;
mod sizes;

use super::show::count;
use super::{Format, Request, window_us};
use crate::emit::{Artifact, ArtifactRole};
use crate::plan::PlannedMetric;
use crate::spec::{Day, Field, List};
use analysis::analysis;
use decision::decision;
use head::{deviated, head, hypothesis, missing};
use looks::looks;
use measures::measures;
use people::{audience, variants};
use quality::{privacy_and_risk, quality};
use record::{foot, record};
use rollout::rollout;
use sizes::{power_by_week, sizes};

/// The pre-registration document.
pub(super) struct PlanMd;

impl Format for PlanMd {
    fn name(&self) -> &'static str {
        "plan.md"
    }

    fn about(&self) -> &'static str {
        "the pre-registration document, for reviewers"
    }

    fn emit(&self, request: &Request<'_>) -> Vec<Artifact> {
        vec![request.artifact("plan.md", "plan.md", ArtifactRole::Doc, page(request).into_bytes())]
    }
}

/// The whole page.
fn page(request: &Request<'_>) -> String {
    let sections: [fn(&Request<'_>) -> String; 16] = [
        head,
        missing,
        deviated,
        hypothesis,
        variants,
        audience,
        measures,
        analysis,
        sizes,
        power_by_week,
        looks,
        decision,
        rollout,
        quality,
        privacy_and_risk,
        record,
    ];
    let mut page: String = sections.iter().map(|section| section(request)).collect();
    page += &foot(request);
    page
}

const NOT_SET: &str = "*not set*";

/// A word or text in a cell, or that it is not set.
fn or_not_set(shown: Option<String>) -> String {
    shown.filter(|shown| !shown.is_empty()).unwrap_or_else(|| NOT_SET.to_owned())
}

fn bullets(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().map(|item| format!("- {item}\n")).collect::<String>() + "\n"
}

/// "a, b and c".
fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// "1 day", "3 days".
fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number as f64), if number == 1 { "" } else { "s" })
}

/// "Mon 2027-01-11".
fn dated(day: Day) -> String {
    use jiff::civil::Weekday;
    let name = match day.0.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    format!("{name} {day}")
}

fn items<T>(field: Option<&Field<List<T>>>) -> &[crate::syntax::At<T>] {
    field.and_then(|field| field.value()).map(|list| &list.items[..]).unwrap_or_default()
}

fn window_of(request: &Request<'_>, metric: &PlannedMetric) -> Option<(i64, i64)> {
    window_us(&request.inputs, metric)
}
