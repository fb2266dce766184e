//! GrowthBook: static payloads.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@growthbook/growthbook";
const PYTHON: &str = "growthbook";
const RUST: &str = "growthbook-rust";

pub static PLATFORM: Platform = Platform {
    name: "growthbook",
    evaluators: &[
        Evaluator::node(NODE, "growthbook"),
        Evaluator::python(PYTHON, "growthbook"),
        Evaluator::rust(RUST, "growthbook").without_clock(),
    ],
    settings: "",
    differences: &[
        Difference { kind: "number as id", says: "a number is hashed as its text", by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["GrowthBook's server: a payload is what it writes, and nothing is imported here."],
};
