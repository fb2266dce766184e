//! Rules on the statistics.

crate::rules::rule::group! {}
