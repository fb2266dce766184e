//! Rules on the hypothesis: a claim that data can refute.

crate::rules::rule::group! {
    hypothesis_missing,
    not_falsifiable,
    expects_unlisted_metric,
    no_mechanism,
    expected_below_mde,
    direction_conflict,
    boilerplate,
    too_good,
    no_prior_link,
}
