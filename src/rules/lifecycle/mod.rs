//! Rules on the lifecycle.

crate::rules::rule::group! {
    amendment_incomplete,
    amended_after_results,
    bad_transition,
    overdue,
    stopped_early,
    no_conclusion,
    decision_off_plan,
    cleanup_due,
    live_spec_removed,
    rerun_unlinked,
}
