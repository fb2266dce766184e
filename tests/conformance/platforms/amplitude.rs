//! Amplitude: flags of local evaluation.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@amplitude/experiment-node-server";
const PYTHON: &str = "amplitude-experiment";

pub static PLATFORM: Platform = Platform {
    name: "amplitude",
    evaluators: &[Evaluator::node(NODE, "amplitude"), Evaluator::python(PYTHON, "amplitude")],
    settings: "",
    differences: &[
        Difference { kind: "build metadata", says: "`5.2.0+7` meets no comparison", by: &[] },
        Difference { kind: "list as number", says: "one number of the list is enough", by: &[] },
        Difference { kind: "list as text", says: "one text of the list is enough", by: &[] },
        Difference { kind: "number as id", says: "a number is hashed as its text", by: &[] },
        Difference { kind: "text as boolean", says: "`\"true\"` is `true`", by: &[] },
        Difference { kind: "text as number", says: "`\"30\"` is 30", by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["Amplitude's server: nothing is uploaded, and how it would write these flags is not published."],
};
