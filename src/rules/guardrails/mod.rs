//! Rules on the guardrails.

crate::rules::rule::group! {}
