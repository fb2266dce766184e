//! ROL004 big-jump.

use crate::rules::prelude::*;

rule! {
    /// A stage multiplies exposure by more than the policy allows.
    ///
    /// ## Why
    /// Load and harm grow with exposure; what a small stage could not show, a stage twenty times larger shows all at once.
    ///
    /// ## Source
    /// Xu, Duan and Huang, SQR, KDD 2018.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL004", name: "big-jump", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

/// A factor a hair above the limit comes from the division, not from the author.
const SLACK: f64 = 1e-6;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let most = &cx.policy.max_step;
    for pair in super::written_stages(cx).windows(2) {
        let [before, after] = pair else { continue };
        let factor = after.share.value / before.share.value;
        if factor <= most.value + SLACK {
            continue;
        }
        let (from, to) = (percent(before.share.value), percent(after.share.value));
        let times = crate::spec::quantity::plain((factor * 10.0).round() / 10.0);
        let mut found = RULE
            .at(
                after.share.span().unwrap_or(after.span),
                format!("stage {} multiplies exposure by {times}, from {from} to {to}", quoted(&after.name)),
            )
            .label(format!("at most {} times the stage before", crate::spec::quantity::plain(most.value)))
            .fact("factor", factor)
            .fact("most", most.value);
        if let Some(span) = before.share.span() {
            found = found.also(span, "the stage before");
        }
        if let Some(span) = most.span() {
            found = found.also(span, "the policy");
        }
        // The smallest number of equal steps that stays within the policy.
        let steps = (factor.ln() / most.value.max(1.01).ln() - SLACK).ceil().max(2.0);
        let middle = before.share.value * factor.powf(1.0 / steps);
        let middle = percent(round_share(middle));
        out.push(found.help(format!(
            "put a stage with about {middle} between {} and {}",
            quoted(&before.name),
            quoted(&after.name)
        )));
    }
}

/// Whole percents where that is fine enough, tenths below.
fn round_share(share: f64) -> f64 {
    if 0.02 < share { (share * 100.0).round() / 100.0 } else { (share * 1000.0).round().max(1.0) / 1000.0 }
}
