//! Rules on the ownership: who answers for an experiment, and who hears of it.

crate::rules::rule::group! {
    owner_missing,
    one_owner,
    self_approval,
    wrong_folder,
    link_missing,
    no_channel,
    metric_owner_not_asked,
    bare_suppression,
    analyst_needed,
    unused_suppression,
}
