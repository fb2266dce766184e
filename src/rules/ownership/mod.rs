//! Rules on the ownership.

crate::rules::rule::group! {}
