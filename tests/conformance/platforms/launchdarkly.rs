//! LaunchDarkly: flags and segments of a file data source.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@launchdarkly/node-server-sdk";
const PYTHON: &str = "launchdarkly-server-sdk";
const RUST: &str = "launchdarkly-server-sdk-evaluation";

pub static PLATFORM: Platform = Platform {
    name: "launchdarkly",
    evaluators: &[
        Evaluator::node(NODE, "launchdarkly"),
        Evaluator::python(PYTHON, "launchdarkly"),
        Evaluator::rust(RUST, "launchdarkly").without_clock(),
    ],
    settings: "",
    differences: &[
        Difference { kind: "list as number", says: "one item of a list is enough", by: &[] },
        Difference { kind: "list as text", says: "one item of a list is enough", by: &[] },
    ],
    unjudged: &["LaunchDarkly's server, and its Terraform provider: nothing is pushed here."],
};
