//! Rules on the metrics.

crate::rules::rule::group! {}
