//! Flipt: its client, on the snapshot that a server would make of the file.

use super::{Difference, Platform};
use crate::sdk::Evaluator;

pub static PLATFORM: Platform = Platform {
    name: "flipt",
    evaluators: &[Evaluator::node("@flipt-io/flipt-client-js", "flipt")],
    settings: "",
    differences: &[
        Difference { kind: "number as id", says: "ids are texts", by: &[] },
        Difference { kind: "text as number", says: "values are texts", by: &[] },
        Difference { kind: "text as boolean", says: "values are texts", by: &[] },
    ],
    unjudged: &[
        "Its server, and `flipt validate`: how the server makes a snapshot of the file is written in the driver.",
    ],
};
