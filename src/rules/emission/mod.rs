//! Rules on the emission.

crate::rules::rule::group! {}
