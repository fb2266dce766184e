//! Eppo: universal flag configurations.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@eppo/js-client-sdk-common";
const PYTHON: &str = "eppo-server-sdk";
const RUST: &str = "eppo_core";

pub static PLATFORM: Platform = Platform {
    name: "eppo",
    evaluators: &[Evaluator::node(NODE, "eppo"), Evaluator::python(PYTHON, "eppo"), Evaluator::rust(RUST, "eppo")],
    settings: "",
    differences: &[
        Difference { kind: "list as number", says: "a list of one number is that number", by: &[NODE] },
        Difference { kind: "list as number", says: "lists are no attributes: it is missing", by: &[PYTHON, RUST] },
        Difference { kind: "list as text", says: "a list of one text is that text", by: &[NODE] },
        Difference { kind: "list as text", says: "lists are no attributes: it is missing", by: &[PYTHON, RUST] },
        Difference { kind: "object as number", says: "objects are no attributes: it is missing", by: &[PYTHON, RUST] },
        Difference { kind: "object as text", says: "objects are no attributes: it is missing", by: &[PYTHON, RUST] },
        Difference { kind: "text as boolean", says: "`\"true\"` is `true`", by: &[] },
        Difference { kind: "text as number", says: "`\"30\"` is 30", by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &[
        "Eppo's own API: its bodies are not published. Datadog's bodies are judged by its typed client, and by no server.",
    ],
};
