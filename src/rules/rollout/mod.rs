//! Rules on the rollout.

crate::rules::rule::group! {}
