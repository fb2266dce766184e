//! Rules on the policy.

crate::rules::rule::group! {
    policy_without_effect,
}
