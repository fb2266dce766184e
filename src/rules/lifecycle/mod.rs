//! Rules on the lifecycle.

crate::rules::rule::group! {}
