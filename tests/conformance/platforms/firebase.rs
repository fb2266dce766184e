//! Firebase Remote Config: server templates.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "firebase-admin";

pub static PLATFORM: Platform = Platform {
    name: "firebase",
    evaluators: &[Evaluator::node(NODE, "firebase"), Evaluator::python("firebase-admin", "firebase")],
    settings: "",
    differences: &[
        Difference { kind: "empty text", says: "Python takes empty text for a missing signal", by: &[] },
        Difference { kind: "text as number", says: "signals are text: a number is what reads as one", by: &[] },
        Difference { kind: "text as boolean", says: "signals are text: `true` is `\"true\"`", by: &[] },
        Difference { kind: "boolean as number", says: "signals are text: no number, not even another one", by: &[] },
        Difference { kind: "list as number", says: "signals hold no lists: it is missing", by: &[] },
        Difference { kind: "list as text", says: "signals hold no lists: it is missing", by: &[] },
        Difference { kind: "object as number", says: "signals hold no objects: it is missing", by: &[] },
        Difference { kind: "object as text", says: "signals hold no objects: it is missing", by: &[] },
        Difference {
            kind: "larger-integer",
            says: "the payload is text, in which JavaScript rounds integers beyond 2^53",
            by: &["npm firebase-admin"],
        },
    ],
    unjudged: &["Firebase's server: it takes conditions as expressions, which no SDK evaluates, and none are built."],
};
