//! Statsig: config specs in a data store.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@statsig/statsig-node-core";
const PYTHON: &str = "statsig-python-core";

pub static PLATFORM: Platform = Platform {
    name: "statsig",
    evaluators: &[Evaluator::node(NODE, "statsig"), Evaluator::python(PYTHON, "statsig")],
    settings: "",
    differences: &[
        Difference { kind: "text as number", says: "a number that is given as text is read as a number", by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["Statsig's server: requests for its Console API are not sent, and it makes salts of its own."],
};
