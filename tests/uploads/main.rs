//! What is pushed to platforms: judged by their own schemas and clients, or read back.

#[path = "../support/conditions.rs"]
mod conditions;
#[path = "../support/flags.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod flags;
mod judged;
mod read_back;
#[path = "../support/sdk.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod sdk;
