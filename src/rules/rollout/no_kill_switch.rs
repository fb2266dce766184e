//! ROL009 no-kill-switch.

use crate::rules::prelude::*;

rule! {
    /// No switch takes everybody back to the default.
    ///
    /// ## Why
    /// Time to safety is the time until somebody finds out how to turn the change off.
    /// Whether the switch works without the treatment's own code cannot be seen in a spec.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018; Microsoft ExP, Patterns of Trustworthy Experimentation.
    ///
    /// ```toml,bad
    /// #: file templates/conversion-ab.toml
    /// [rollout]
    /// kill_switch = false
    /// ```
    /// ```toml,good
    /// [rollout]
    /// kill_switch = true
    /// ```
    static RULE = {
        code: "ROL009", name: "no-kill-switch", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.rollout) || !super::is_open(cx.plan) {
        return;
    }
    match &super::rollout(cx).kill_switch {
        Field::Absent => out.push(
            RULE.at(cx.home("rollout"), "no kill switch")
                .label("no `kill_switch`")
                .help("add `kill_switch = true`: the build then writes the off state of the flag"),
        ),
        Field::Set(on) if !on.value => {
            let headline = "the kill switch is off".to_owned();
            let found = super::at_value(&RULE, cx, on.span, headline, "nothing takes everybody back");
            out.push(found.help("set `kill_switch = true`").fix(
                Applicability::Suggested,
                "set `kill_switch = true`",
                vec![Edit { span: on.span, replacement: "true".to_owned() }],
            ));
        }
        _ => {}
    }
}
