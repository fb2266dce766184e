//! Rules on the lifecycle.

crate::rules::rule::group! {
    amendment_incomplete,
    amended_after_results,
    overdue,
    stopped_early,
    no_conclusion,
    decision_off_plan,
    cleanup_due,
    rerun_unlinked,
}
