//! Flagsmith: environments for local evaluation.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "flagsmith-nodejs";
const PYTHON: &str = "flagsmith";

pub static PLATFORM: Platform = Platform {
    name: "flagsmith",
    evaluators: &[Evaluator::node(NODE, "flagsmith"), Evaluator::python(PYTHON, "flagsmith")],
    settings: "",
    differences: &[
        Difference { kind: "number as id", says: "an id is a text to both", by: &[] },
        Difference { kind: "text as number", says: "values are cast to the type of the trait", by: &[] },
        Difference { kind: "text as boolean", says: "values are cast to the type of the trait", by: &[] },
        Difference { kind: "list as number", says: "a list of one is its item as text", by: &[NODE] },
        Difference { kind: "list as text", says: "a list of one is its item as text", by: &[NODE] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["Its server: an environment is entered there by hand or through its API, and numbered by it."],
};
