//! ROL002 stage-order.

use crate::rules::prelude::*;

rule! {
    /// The shares of the stages fall, pass a limit of the spec, or end elsewhere than the planned share.
    ///
    /// Stages may end below the share where `max_share` says how far they may grow: a stage that is appended later
    /// breaks no seal.
    ///
    /// ## Why
    /// The plan contradicts itself: people who were enrolled are sent away in a shrinking stage, and a last stage
    /// below the share never gives the units that the size counts on.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and GrowthBook.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "4%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "2%", hold = "4 days", gate = "guardrails" },
    ///   { name = "middle", share = "10%", hold = "7 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// [decision]
    /// by = 2027-02-22
    /// ```
    /// ```toml,bad
    /// [rollout]
    /// max_share = "40%"
    /// ```
    /// ```toml,bad
    /// [audience]
    /// share = "60%"
    /// ```
    /// ```toml,good
    /// [rollout]
    /// max_share = "50%"
    /// ```
    /// ```toml,good
    /// [rollout]
    /// max_share = "50%"
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "40%", hold = "21 days" },
    /// ]
    /// ```
    static RULE = {
        code: "ROL002", name: "stage-order", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

/// Shares are compared with this slack: percentages become fractions with an error far below it.
const SLACK: f64 = 1e-9;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let stages = super::written_stages(cx);
    for pair in stages.windows(2) {
        let [before, after] = pair else { continue };
        if before.share.value <= after.share.value + SLACK {
            continue;
        }
        let (from, to) = (percent(before.share.value), percent(after.share.value));
        let headline = format!("stage {} shrinks from {from} to {to}", quoted(&after.name));
        let mut found = super::at_value(&RULE, cx, at(after), headline, "fewer units than before");
        found = found.also(at(before), format!("{from} in the stage before"));
        out.push(found.help(format!("set its share to more than {from}, or move it before {}", quoted(&before.name))));
    }
    let max = super::rollout(cx).max_share.get().copied();
    if let Some(max) = max
        && let Some(stage) = stages.iter().find(|stage| max.fraction() + SLACK < stage.share.value)
    {
        let share = percent(stage.share.value);
        let headline = format!("stage {} takes {share}, above `max_share`", quoted(&stage.name));
        out.push(
            super::at_value(&RULE, cx, at(stage), headline, "too much")
                .also(max.span, "never more than this while the outcome is open")
                .help(format!("set the share of the stage to {}, or raise `max_share`", *max)),
        );
        return;
    }
    let (Some(last), Some(span)) = (stages.last(), cx.plan.audience.share.span()) else { return };
    let planned = cx.plan.audience.share.value.fraction();
    // The size counts what the stages give; the rest of the share is room to grow into, where that is said.
    let may_grow = last.share.value < planned && max.is_some();
    if SLACK < (planned - last.share.value).abs() && !may_grow {
        let (ends, wanted) = (percent(last.share.value), percent(planned));
        let headline = format!("the stages end at {ends}, not at the planned share of {wanted}");
        let found = super::at_value(&RULE, cx, at(last), headline, "the last stage")
            .also(span, "the planned share")
            .help(format!("set the share of {} to {wanted}, or `audience.share` to {ends}", quoted(&last.name)));
        out.push(match last.share.value < planned {
            true => found.help(format!("or say that it may grow by later stages: `max_share = \"{wanted}\"`")),
            false => found,
        });
    }
}

fn at(stage: &crate::plan::PlannedStage) -> Span {
    stage.share.span().unwrap_or(stage.span)
}
