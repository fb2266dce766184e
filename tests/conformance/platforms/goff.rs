//! GO Feature Flag: the engine that its Python provider runs in process.

use super::Platform;
use crate::sdk::Evaluator;

pub static PLATFORM: Platform = Platform {
    name: "goff",
    evaluators: &[Evaluator::python("gofeatureflag-python-provider", "goff")],
    settings: "",
    differences: &[],
    unjudged: &["The relay proxy, which has the same engine in Go."],
};
