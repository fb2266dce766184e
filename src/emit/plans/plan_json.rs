//! `plan.json`: the plan document, for tools. The contract is `schema/plan.schema.json`.

use std::fmt::Write as _;

use super::{Format, Request};
use crate::emit::{Artifact, ArtifactRole};
use crate::text::acts;

/// The plan document as a file.
pub(super) struct PlanJson;

impl Format for PlanJson {
    fn name(&self) -> &'static str {
        "plan.json"
    }

    fn about(&self) -> &'static str {
        "the analysis plan with its hash, for tools; see schema/plan.schema.json"
    }

    fn emit(&self, request: &Request<'_>) -> Vec<Artifact> {
        let text = serde_json::to_string_pretty(request.document).unwrap_or_else(|_| request.document.to_string());
        let bytes = (quiet(&text) + "\n").into_bytes();
        vec![request.artifact("plan.json", "plan.json", ArtifactRole::Plan, bytes)]
    }
}

/// JSON whose strings may be printed as they are: what would act becomes an escape that every reader undoes.
fn quiet(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
