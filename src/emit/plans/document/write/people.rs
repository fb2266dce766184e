//! The experiment, who takes part, and how enrolment grows.

use super::{Writer, finite, value_of};
use crate::emit::plans::document::canonical;
use crate::emit::plans::document::shape::{
    AudienceBlock, ConditionBlock, Enrolment, ExperimentBlock, HoldoutBlock, LayerBlock, Operator, RollbackBlock,
    RolloutBlock, ScalarValue, StageBlock, VariantBlock, VariantRole, VariantShare,
};
use crate::emit::plans::schedule::{burn_in, us};
use crate::plan::Known;
use crate::spec::Condition;
use crate::spec::audience::Comparison;
use crate::spec::rollout::Harm;
use crate::syntax::{At, Node, Value};
use crate::text::Span;

impl<'a> Writer<'_, 'a> {
    pub(super) fn experiment(&self) -> ExperimentBlock {
        let plan = self.plan();
        let day = |day: &Option<Known<crate::spec::Day>>| day.as_ref().map(|day| day.value.to_string());
        ExperimentBlock {
            id: plan.id.to_string(),
            title: value_of(plan.title.as_ref()),
            owner: value_of(plan.owner.as_ref()),
            objective: value_of(plan.objective.as_ref()),
            surface: value_of(plan.surface.as_ref()),
            flag: plan.flag.value.clone(),
            unit: value_of(plan.audience.unit.as_ref()),
            unit_key: value_of(plan.audience.key.as_ref()),
            variants: plan
                .variants
                .iter()
                .map(|variant| VariantBlock {
                    name: variant.name.clone(),
                    role: if variant.control { VariantRole::Control } else { VariantRole::Treatment },
                    weight: finite(variant.weight.value),
                    fraction: finite(variant.fraction),
                    about: value_of(variant.about.as_ref()),
                    payload: variant.payload.as_ref().map(|payload| payload_text(&payload.value)),
                })
                .collect(),
            enrolment: Enrolment {
                start: day(&plan.calendar.start),
                end: day(&plan.calendar.end),
                days: plan.calendar.days,
            },
            decide: day(&plan.calendar.decide),
        }
    }

    pub(super) fn audience(&self) -> AudienceBlock {
        let audience = &self.plan().audience;
        AudienceBlock {
            base: value_of(audience.base.as_ref()),
            conditions: audience.conditions.iter().map(condition).collect(),
            exclusions: audience.exclusions.iter().map(condition).collect(),
            share: audience.share.value.fraction(),
            layer: audience.layer.as_ref().map(|layer| {
                let slot = layer.slot.as_ref().map(|slot| slot.value);
                LayerBlock {
                    name: layer.name.value.clone(),
                    from: slot.map(|slot| finite(slot.0)),
                    to: slot.map(|slot| finite(slot.1)),
                }
            }),
            holdout: audience
                .holdout
                .as_ref()
                .map(|holdout| HoldoutBlock { name: holdout.name.value.clone(), share: finite(holdout.share.value) }),
        }
    }

    pub(super) fn rollout(&self) -> RolloutBlock {
        let plan = self.plan();
        let rollback = self.inputs.spec.rollout.value().and_then(|rollout| rollout.rollback.value());
        RolloutBlock {
            stages: plan
                .calendar
                .stages
                .iter()
                .map(|stage| StageBlock {
                    name: stage.name.clone(),
                    share: finite(stage.share.value),
                    days: stage.days,
                    start: stage.start.map(|day| day.to_string()),
                    end: stage.end.map(|day| day.to_string()),
                    gate: stage.gate.value,
                    variants: stage
                        .variant_shares(plan)
                        .map(|(variant, share)| VariantShare { variant: variant.to_owned(), share: finite(share) })
                        .collect(),
                })
                .collect(),
            analyse_ramp: plan.calendar.analyse_ramp,
            burn_in_us: burn_in(self.inputs).map_or(0, us),
            kill_switch: value_of(plan.kill_switch.as_ref()),
            rollback: rollback
                .into_iter()
                .flat_map(|list| list.iter())
                .map(|rollback| RollbackBlock {
                    metric: rollback.metric.value().cloned(),
                    harm: rollback.harm.copied().unwrap_or(Harm::Margin),
                    threshold: rollback.threshold.value().map(ToString::to_string),
                    // Beyond 2^53 a count is no longer exact in every reader of JSON.
                    min_units: rollback.min_units.copied().map(|units| units.clamp(0, 1 << 53)),
                })
                .collect(),
        }
    }
}

/// The payload as canonical JSON.
pub(in crate::emit::plans) fn payload_text(value: &Value) -> String {
    canonical(&Node { value: value.clone(), span: Span::file_start(crate::text::FileId(0)) }.to_json())
}

pub(super) fn condition(condition: &At<Condition>) -> ConditionBlock {
    use crate::spec::Scalar;
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => ScalarValue::Text(text.clone()),
        Scalar::Number(number) => ScalarValue::Number(finite(*number)),
        Scalar::Flag(flag) => ScalarValue::Flag(*flag),
    };
    let list = |list: &crate::spec::List<Scalar>| list.iter().map(|item| scalar(&item.value)).collect::<Vec<_>>();
    let number = |number: f64| vec![ScalarValue::Number(finite(number))];
    let text = |text: &str| vec![ScalarValue::Text(text.to_owned())];
    let comparisons = condition.comparisons();
    let (operator, values) = match comparisons.as_slice() {
        [one] => {
            let (operator, values) = match one.value {
                Comparison::In(items) => (Operator::In, list(items)),
                Comparison::NotIn(items) => (Operator::NotIn, list(items)),
                Comparison::Is(value) => (Operator::Is, vec![scalar(value)]),
                Comparison::IsNot(value) => (Operator::IsNot, vec![scalar(value)]),
                Comparison::Version(range) => (Operator::Semver, text(&range.to_string())),
                Comparison::AtLeast(value) => (Operator::AtLeast, number(value)),
                Comparison::AtMost(value) => (Operator::AtMost, number(value)),
                Comparison::Above(value) => (Operator::Above, number(value)),
                Comparison::Below(value) => (Operator::Below, number(value)),
                Comparison::StartsWith(value) => (Operator::StartsWith, text(value)),
                Comparison::EndsWith(value) => (Operator::EndsWith, text(value)),
            };
            (Some(operator), values)
        }
        _ => (None, Vec::new()),
    };
    ConditionBlock {
        attribute: condition.attribute.value().cloned(),
        operator,
        values,
        text: condition.value.to_string(),
    }
}
