//! Amendments to the sealed plan, and where the page comes from.

use super::{NOT_SET, dated, items, or_not_set};
use crate::emit::plans::Request;
use crate::emit::plans::markdown::{Table, code, text};
use crate::spec::record::DataAccess;
use serde_json::Value as Json;

/// Amendments to the sealed plan.
pub(super) fn record(request: &Request<'_>) -> String {
    let amendments = items(Some(&request.spec.amendments));
    if amendments.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["On", "By", "Changed", "Why", "What was known of the data"]);
    for amendment in amendments {
        let fields: Vec<String> = items(Some(&amendment.fields)).iter().map(|field| code(&field.value)).collect();
        let known = match amendment.data_access.copied() {
            Some(DataAccess::NothingRun) => "no data existed",
            Some(DataAccess::NotOpened) => "data existed, nobody had opened it",
            Some(DataAccess::Opened) => "opened, without results by variant",
            Some(DataAccess::Seen) => "results by variant had been seen",
            None => NOT_SET,
        };
        table.row(vec![
            or_not_set(amendment.at.copied().map(dated)),
            or_not_set(amendment.by.value().map(|by| text(by))),
            fields.join(", "),
            or_not_set(amendment.reason.value().map(|reason| text(reason))),
            known.to_owned(),
        ]);
    }
    format!("## Amendments\n\n{}", table.print())
}

pub(super) fn foot(request: &Request<'_>) -> String {
    let provenance = &request.document["provenance"];
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let path = word(&provenance["spec"]["path"]);
    format!(
        "---\n\nCompiled by expc from {}.\nPlan `{}`.\nThe hash covers `plan.json` without its provenance; a plan that means something else has another hash.\n",
        code(&path),
        text(request.hash)
    )
}
