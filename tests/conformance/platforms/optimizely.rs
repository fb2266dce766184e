//! Optimizely Feature Experimentation: datafiles.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@optimizely/optimizely-sdk";
const PYTHON: &str = "optimizely-sdk";

/// A value of another type.
const UNKNOWN: &str = "what is compared with another type is unknown, and so is its opposite: such units take no part";
const VERSION: &str = "a version is read as far as it goes, with spaces around it";

pub static PLATFORM: Platform = Platform {
    name: "optimizely",
    evaluators: &[Evaluator::node(NODE, "optimizely"), Evaluator::python(PYTHON, "optimizely")],
    settings: "",
    differences: &[
        Difference { kind: "boolean as number", says: UNKNOWN, by: &[] },
        Difference { kind: "list as number", says: UNKNOWN, by: &[] },
        Difference { kind: "list as text", says: UNKNOWN, by: &[] },
        Difference { kind: "number as boolean", says: UNKNOWN, by: &[] },
        Difference { kind: "number as text", says: UNKNOWN, by: &[] },
        Difference { kind: "object as number", says: UNKNOWN, by: &[] },
        Difference { kind: "object as text", says: UNKNOWN, by: &[] },
        Difference { kind: "text as boolean", says: UNKNOWN, by: &[] },
        Difference { kind: "text as number", says: UNKNOWN, by: &[] },
        Difference { kind: "padded version", says: VERSION, by: &[] },
        Difference { kind: "short version", says: VERSION, by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &[
        "Optimizely's server: a datafile is what it writes, with ranges of its own on a ramp, and nothing is imported here.",
    ],
};
