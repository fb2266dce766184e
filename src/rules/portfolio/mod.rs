//! Rules on the portfolio.

crate::rules::rule::group! {}
