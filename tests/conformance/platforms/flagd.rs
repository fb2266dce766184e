//! flagd: generation B is built; who is eligible does not depend on it.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@openfeature/flagd-core";
const PYTHON: &str = "openfeature-flagd-core";

pub static PLATFORM: Platform = Platform {
    name: "flagd",
    evaluators: &[
        Evaluator::node(NODE, "flagd").of_generation("B"),
        Evaluator::python(PYTHON, "flagd").of_generation("B"),
    ],
    settings: "[targets.flagd]\ngeneration = \"B\"\n",
    differences: &[],
    unjudged: &["The daemon itself, over RPC."],
};
