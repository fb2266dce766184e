//! Eppo: universal flag configurations.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "@eppo/js-client-sdk-common";
const PYTHON: &str = "eppo-server-sdk";

pub static PLATFORM: Platform = Platform {
    name: "eppo",
    evaluators: &[Evaluator::node(NODE, "eppo"), Evaluator::python(PYTHON, "eppo")],
    settings: "",
    differences: &[],
    unjudged: &[],
};
