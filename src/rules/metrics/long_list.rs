//! MET023 long-list.

use crate::rules::prelude::*;

rule! {
    /// The experiment has more metrics over all roles than the policy allows.
    ///
    /// ## Why
    /// Among many numbers some always move by chance: of 20 unrelated ones, one at 5 %.
    ///
    /// ## Source
    /// Simmons, Nelson, Simonsohn, False-Positive Psychology, 2011; Eppo's limits.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// max_metrics = 3
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [policy]
    /// max_metrics = 4
    /// ```
    static RULE = {
        code: "MET023", name: "long-list", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let most = &cx.policy.max_metrics;
    let have = cx.plan.metrics.len();
    if i64::try_from(have).unwrap_or(i64::MAX) <= most.value {
        return;
    }
    let counts = Role::ALL.iter().map(|&role| (cx.plan.metrics_of(role).count(), role));
    let by_role: Vec<String> = counts.filter(|(of, _)| 0 < *of).map(|(of, role)| format!("{of} {role}")).collect();
    let mut found = RULE
        .at(cx.home("metrics"), format!("{have} metrics; the policy allows {}", most.value))
        .label(by_role.join(", "))
        .fact("have", have as f64)
        .fact("most", most.value as f64)
        .help(format!("remove at least {} on which no decision would rest", have as i64 - most.value));
    if let Some(span) = most.span() {
        found = found.also(span, "the limit");
    }
    out.push(found);
}
