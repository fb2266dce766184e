//! Split: the file of localhost mode.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@splitsoftware/splitio";
const PYTHON: &str = "splitio-client";

pub static PLATFORM: Platform = Platform {
    name: "split",
    evaluators: &[Evaluator::node(NODE, "split"), Evaluator::python(PYTHON, "split")],
    settings: "",
    differences: &[
        Difference { kind: "text as number", says: "the text of a number is the number", by: &[] },
        Difference { kind: "number as boolean", says: "a number is neither yes nor no, `is_not` included", by: &[] },
        Difference { kind: "text as boolean", says: "`\"true\"` is a yes", by: &[] },
        Difference { kind: "list as text", says: "a list of one text is the text", by: &[NODE] },
        Difference { kind: "list as number", says: "a list of numbers is missing", by: &[NODE] },
        Difference { kind: "object as number", says: "an object is missing", by: &[NODE] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["Split's server: nothing is pushed."],
};
