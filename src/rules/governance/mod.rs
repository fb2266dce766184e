//! Rules on the governance.

crate::rules::rule::group! {}
