//! PostHog: definitions of local evaluation.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

const NODE: &str = "posthog-node";
const PYTHON: &str = "posthog";

pub static PLATFORM: Platform = Platform {
    name: "posthog",
    evaluators: &[Evaluator::node(NODE, "posthog"), Evaluator::python(PYTHON, "posthog")],
    settings: "",
    differences: &[
        Difference { kind: "boolean as number", says: "a negated list of numbers holds for numbers only", by: &[] },
        Difference { kind: "list as number", says: "a negated list of numbers holds for numbers only", by: &[] },
        Difference { kind: "list as text", says: "a list of one text is that text", by: &[NODE] },
        Difference { kind: "number as boolean", says: "a negated boolean holds for booleans only", by: &[] },
        Difference { kind: "number as text", says: "a whole number is undecided in lists of text", by: &[NODE] },
        Difference { kind: "object as number", says: "a negated list of numbers holds for numbers only", by: &[] },
        Difference { kind: "text as boolean", says: "`\"true\"` is `true`", by: &[] },
        Difference { kind: "text as number", says: "`\"30\"` is 30", by: &[] },
        Difference { kind: "larger-integer", says: "JavaScript rounds integers beyond 2^53", by: &[NODE] },
    ],
    unjudged: &["PostHog's API: the body of a flag holds the `filters` that the SDKs judge, and nothing is sent."],
};
