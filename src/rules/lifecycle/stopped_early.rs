//! LIF010 stopped-early.

use crate::rules::prelude::*;

rule! {
    /// The run ended before its plan, and no rule is named that ended it.
    ///
    /// ## Why
    /// A run that stops when it looks good has stopped at a high: the effect is overstated, and so is its certainty.
    ///
    /// ## Source
    /// CONSORT; Johari et al., Peeking at A/B Tests, KDD 2017.
    ///
    /// ```toml,bad
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "decided"
    /// [results]
    /// ended = 2027-01-20
    /// decision = "iterate"
    /// decided = 2027-01-22
    /// learned = "one tap helps new buyers most"
    /// ```
    /// ```toml,good
    /// #: today 2027-02-20
    /// [experiment]
    /// status = "decided"
    /// [results]
    /// ended = 2027-01-20
    /// decision = "stop"
    /// decided = 2027-01-22
    /// stopped_early = "rollback on page_latency"
    /// learned = "the button waits for the address service"
    /// ```
    static RULE = {
        code: "LIF010", name: "stopped-early", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(results) = cx.spec.results.value() else { return };
    let reason = match &results.stopped_early {
        Field::Absent => false,
        Field::Broken(_) => true,
        Field::Set(reason) => !reason.trim().is_empty(),
    };
    let (Some(ended), Some(planned)) = (results.ended.get(), &cx.plan.calendar.end) else { return };
    if reason || planned.value <= ended.value {
        return;
    }
    let early = u32::try_from(ended.value.until(planned.value)).unwrap_or(0);
    let mut found = RULE
        .at(ended.span, format!("the run ended {} before its plan, and no rule is named", days(early)))
        .label(format!("planned until {}", planned.value))
        .help("add `results.stopped_early`: the rollback, look or order that ended it")
        .fact("early_days", f64::from(early));
    if let Some(stages) = cx.spec.rollout.value().and_then(|rollout| rollout.stages.span()) {
        found = found.also(stages, format!("{} of stages", days(cx.plan.calendar.days)));
    }
    out.push(found);
}
