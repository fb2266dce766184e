//! ConfigCat: a config file. Node has no overrides by file, and takes it from the cache of an offline client.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "configcat-node";
const PYTHON: &str = "configcat-client";

pub static PLATFORM: Platform = Platform {
    name: "configcat",
    evaluators: &[Evaluator::node(NODE, "configcat"), Evaluator::python(PYTHON, "configcat")],
    settings: "",
    differences: &[
        Difference { kind: "empty text", says: "an attribute that is empty text is read as missing", by: &[] },
        Difference { kind: "text as number", says: "a number that is given as text is read as a number", by: &[] },
        Difference { kind: "text as boolean", says: "`true` and `false` given as text are read as booleans", by: &[] },
        Difference {
            kind: "boolean as number",
            says: "it is no number, not even another one; Python reads 1",
            by: &[],
        },
        Difference {
            kind: "list as number",
            says: "it is no number, not even another one; Python's evaluation fails",
            by: &[],
        },
        Difference {
            kind: "object as number",
            says: "it is no number, not even another one; Python's evaluation fails",
            by: &[],
        },
        Difference {
            kind: "larger-integer",
            says: "the payload is text, in which JavaScript rounds integers beyond 2^53",
            by: &[NODE],
        },
    ],
    unjudged: &["ConfigCat's server: the Terraform files follow the provider's documentation and are applied nowhere."],
};
