//! ROL009 no-kill-switch.

use crate::rules::place;
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
    /// ```toml,fixed
    /// rollout.kill_switch = true
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
        Field::Absent => {
            let found = RULE
                .at(cx.home("rollout"), "no kill switch")
                .label("no `kill_switch`")
                .help("add `kill_switch = true`: the build then writes the off state of the flag");
            out.push(place::insert(cx, found, Applicability::Suggested, "rollout", "kill_switch = true"));
        }
        Field::Set(on) if !on.value => {
            let headline = "the kill switch is off".to_owned();
            let found = super::at_value(&RULE, cx, on.span, headline, "nothing takes everybody back");
            let found = found.help("set `kill_switch = true`");
            // A template serves others: the spec says it for itself.
            let edit = match on.span.file == cx.document.file {
                true => Some(Edit { span: on.span, replacement: "true".to_owned() }),
                false => place::layout(cx).add("rollout", "kill_switch = true"),
            };
            out.push(place::offer(found, Applicability::Suggested, "set `kill_switch = true`", edit));
        }
        _ => {}
    }
}
