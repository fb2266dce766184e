//! Rules on the lifecycle.

mod sealed;

crate::rules::rule::group! {
    running_unlocked,
    locked_field_changed,
    amendment_incomplete,
    amendment_open,
    amendment_rewritten,
    amended_after_results,
    lock_broken,
    locked_late,
    backdated_seal,
    definition_moved,
    bad_transition,
    overdue,
    stopped_early,
    no_conclusion,
    decision_off_plan,
    cleanup_due,
    live_spec_removed,
    rerun_unlinked,
}
