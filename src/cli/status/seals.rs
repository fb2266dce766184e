//! Seals that are missing, that cannot be relied on, or that an experiment has departed from.

use crate::change::{Change, cover, deviations};
use crate::portfolio::{Compiled, Workspace};
use crate::rules::prelude::{listed, quoted};
use crate::spec::Status;
use crate::text::printable;

/// What is to be known of a seal.
#[derive(Debug, Clone)]
pub struct Seal {
    pub experiment: String,
    pub owner: Option<String>,
    /// A word for programs: `missing`, `broken`, `changed` or `deviation`.
    pub state: &'static str,
    /// A sentence without its subject.
    pub text: String,
}

/// Fields that are named in a line.
const MOST: usize = 3;

pub fn of(workspace: &Workspace, compiled: &Compiled) -> Vec<Seal> {
    let plan = &compiled.plan;
    let status = plan.status.value;
    let mut list = Vec::new();
    let mut note = |state: &'static str, text: String| {
        let owner = plan.owner.as_ref().map(|owner| owner.value.clone());
        list.push(Seal { experiment: plan.id.to_string(), owner, state, text });
    };
    if status == Status::Archived {
        return list;
    }
    let id = printable(&compiled.stem);
    match workspace.lock(&compiled.stem) {
        None if status == Status::Running => {
            note("missing", format!("runs without a sealed plan: `expc lock {id}`"));
        }
        None => {}
        Some(Err(_)) => note("broken", "its seal cannot be relied on: `expc check` says why".to_owned()),
        Some(Ok(lock)) => {
            let terms = compiled.terms.as_ref().filter(|_| !compiled.document.is_damaged());
            let change = terms.map(|terms| Change::between(&lock.terms, terms).held()).unwrap_or_default();
            // What is over is read with the definitions of its time.
            let is_silent = |field: &&crate::change::FieldChange| {
                let counts = status.is_live() || field.path.first().is_none_or(|first| first != "catalog");
                counts && !field.foreseen && !cover(field, lock.at.day(), &compiled.spec).is_enough()
            };
            let silent: Vec<String> = change.fields.iter().filter(is_silent).map(|field| field.dotted()).collect();
            if !silent.is_empty() {
                let names = listed(silent.iter().map(String::as_str), MOST);
                let verb = if silent.len() == 1 { "is" } else { "are" };
                note("changed", format!("{names} {verb} not what was sealed, and not amended: `expc amend {id}`"));
            }
        }
    }
    for amendment in compiled.spec.amendments.value().into_iter().flat_map(|list| list.iter()) {
        let fields = deviations(amendment);
        if fields.is_empty() {
            continue;
        }
        let names = listed(fields.iter().map(|field| field.value.as_str()), MOST);
        let on = amendment.at.copied().map_or(String::new(), |day| format!(" on {day}"));
        let by = amendment.by.value().map_or(String::new(), |by| format!(" by {}", quoted(by)));
        note("deviation", format!("{names} changed{on}{by} with results seen: exploratory"));
    }
    list
}
