//! Rules on the policy.

crate::rules::rule::group! {
    policy_without_effect,
    custom_rule_broken,
    custom_rule_failed,
    custom_rule_untested,
}
