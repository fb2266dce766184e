//! flagd: generation B is built; who is eligible does not depend on it.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@openfeature/flagd-core";
const PYTHON: &str = "openfeature-flagd-core";
const RUST: &str = "flagd-evaluation-engine";

pub static PLATFORM: Platform = Platform {
    name: "flagd",
    evaluators: &[
        Evaluator::node(NODE, "flagd").of_generation("B"),
        Evaluator::python(PYTHON, "flagd").of_generation("B"),
        Evaluator::rust(RUST, "flagd").without_clock().of_generation("C"),
    ],
    settings: "[targets.flagd]\ngeneration = \"B\"\n",
    differences: &[
        Difference { kind: "number as id", says: "a number is hashed as its text", by: &[] },
        Difference { kind: "short version", says: "`5.2` is 5.2.0, and `6` is 6.0.0", by: &[NODE, PYTHON] },
        Difference { kind: "padded version", says: "` 5.3.0` is 5.3.0", by: &[NODE] },
        Difference { kind: "build metadata", says: "`5.2.0+7` comes after 5.2.0", by: &[RUST] },
        Difference { kind: "boolean as number", says: "`true` is 1, and `false` is 0", by: &[PYTHON] },
        Difference { kind: "list as number", says: "the evaluation ends with an error", by: &[] },
        Difference { kind: "object as number", says: "the evaluation ends with an error", by: &[NODE, RUST] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["The daemon itself, over RPC."],
};
