//! Rules on the rollout.

crate::rules::rule::group! {
    no_stages,
    stage_order,
    big_first_stage,
    big_jump,
    blind_stage,
    split_changes_on_ramp,
    shrink_in_place,
    edited_step,
    no_kill_switch,
    no_rollback_trigger,
    irreversible,
    ramp_in_analysis,
    main_stage_too_short,
    bad_moment,
    weights_broken,
    dates_broken,
    expiry_far,
    running_at_zero,
    client_too_old,
    no_long_term_view,
    no_burn_in,
    false_alarm,
}

use crate::diag::Diagnostic;
use crate::plan::{Plan, PlannedStage};
use crate::rules::rule::{PlanCx, Rule};
use crate::spec::{Field, Rollout};
use crate::text::Span;

/// A finding at a value of the rollout. An inherited value is told where it is inherited, with its place beside it:
/// many experiments may share a template.
fn at_value(
    rule: &'static Rule,
    cx: &PlanCx<'_>,
    span: Span,
    headline: String,
    label: impl Into<String>,
) -> Diagnostic {
    if span.file == cx.document.file {
        return rule.at(span, headline).label(label);
    }
    rule.at(cx.home("rollout"), headline).label("inherited by this experiment").also(span, label)
}

/// The stages that the author wrote; none when the plan has one implied stage, or when one of them was unreadable.
fn written_stages<'a>(cx: &PlanCx<'a>) -> &'a [PlannedStage] {
    let list = cx.spec.rollout.value().and_then(|rollout| rollout.stages.value());
    match list {
        Some(list) if !list.broken => &cx.plan.calendar.stages,
        _ => &[],
    }
}

/// The `[rollout]` table; an empty one when there is none.
fn rollout<'a>(cx: &PlanCx<'a>) -> std::borrow::Cow<'a, Rollout> {
    match &cx.spec.rollout {
        Field::Set(at) => std::borrow::Cow::Borrowed(&at.value),
        _ => std::borrow::Cow::Owned(Rollout::default()),
    }
}

/// A stage as a person would write it into the list.
fn stage_text(name: &str, share: &str, hold: &str, gate: bool) -> String {
    let gate = if gate { r#", gate = "guardrails""# } else { "" };
    format!(r#"{{ name = "{name}", share = "{share}", hold = "{hold}"{gate} }}"#)
}

/// True while somebody may still change how it is rolled out.
fn is_open(plan: &Plan) -> bool {
    !plan.status.value.is_over()
}
