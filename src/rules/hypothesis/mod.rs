//! Rules on the hypothesis: a claim that data can refute.

crate::rules::rule::group! {}
