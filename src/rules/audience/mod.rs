//! Rules on the audience.

crate::rules::rule::group! {}
