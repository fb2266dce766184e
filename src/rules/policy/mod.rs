//! Rules on the policy.

crate::rules::rule::group! {}
