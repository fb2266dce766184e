//! Rules on the decision.

crate::rules::rule::group! {}
