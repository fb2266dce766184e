//! Unleash: the document that SDKs fetch.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "unleash-client";
const PYTHON: &str = "yggdrasil-engine";
const RUST: &str = "unleash-yggdrasil";

pub static PLATFORM: Platform = Platform {
    name: "unleash",
    evaluators: &[
        Evaluator::node(NODE, "unleash"),
        Evaluator::python(PYTHON, "unleash"),
        Evaluator::rust(RUST, "unleash"),
    ],
    settings: "",
    differences: &[
        Difference { kind: "number as id", says: "a number is hashed as its text", by: &[] },
        Difference { kind: "text as number", says: "the text of a number is the number", by: &[] },
        Difference { kind: "text as boolean", says: "`\"true\"` is a yes", by: &[] },
        Difference { kind: "list as number", says: "a list of one is its value, or missing", by: &[] },
        Difference { kind: "list as text", says: "a list of one is its value, or missing", by: &[] },
        Difference { kind: "object as number", says: "an object is missing", by: &[PYTHON, RUST] },
        Difference { kind: "object as text", says: "an object is missing", by: &[PYTHON, RUST] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["Unleash's server: no document is imported here."],
};
