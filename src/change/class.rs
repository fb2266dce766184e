//! What a field is for, and what a change of it is worth.

use crate::plan::terms::{Standing, lies_in, standing};
use crate::spec::record::DataAccess;
use crate::spec::{Amount, Share};
use crate::syntax::{Node, Value};

/// What a change touches, from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing.
    None,
    /// Words, people and records.
    Text,
    /// More guarded, fewer people, an earlier stop for harm.
    Safety,
    /// Who sees what.
    Assignment,
    /// What is claimed, how it is tested, and what is done then.
    Decision,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Class::None => "none",
            Class::Text => "text",
            Class::Safety => "safety",
            Class::Assignment => "assignment",
            Class::Decision => "decision",
        }
    }

    /// What a change of this class is once it is known what was known.
    pub fn worth(self, access: DataAccess) -> Worth {
        match (self, access) {
            (Class::None | Class::Text, _) => Worth::NoEffect,
            (Class::Safety, _) => Worth::Amendment,
            (Class::Assignment | Class::Decision, DataAccess::Seen) => Worth::Deviation,
            (Class::Assignment | Class::Decision, _) => Worth::Amendment,
        }
    }
}

/// What a change of a sealed plan is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Worth {
    /// The plan is the same.
    NoEffect,
    /// Another plan, made without knowing what it would favour.
    Amendment,
    /// Another plan, made with the results in sight: what it shows is exploratory.
    Deviation,
}

impl Worth {
    pub fn name(self) -> &'static str {
        match self {
            Worth::NoEffect => "no effect",
            Worth::Amendment => "amendment",
            Worth::Deviation => "deviation",
        }
    }
}

/// The two sides of a field.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub before: Option<&'a Node>,
    pub after: Option<&'a Node>,
}

/// Parts that say who sees what. All that is neither here nor free decides.
const ASSIGNMENT: [&str; 15] = [
    "experiment.flag",
    "experiment.excludes",
    "experiment.requires",
    "variants",
    "audience",
    "rollout.start",
    "rollout.stages",
    "rollout.max_share",
    "feedback.survey",
    "emit",
    "catalog.attributes",
    "catalog.units",
    "catalog.audiences",
    "catalog.layers",
    "catalog.holdouts",
];

/// The class of a change.
pub(super) fn of(path: &[&str], seen: Seen<'_>) -> Class {
    if is_safer(path, seen) {
        return Class::Safety;
    }
    by_place(path)
}

fn by_place(path: &[&str]) -> Class {
    let in_any = |patterns: &[&str]| patterns.iter().any(|pattern| lies_in(path, pattern));
    // A longer or shorter stage is another sample; flags return what the experiment does not.
    match path {
        ["rollout", "stages", _, "hold"] => return Class::Decision,
        ["catalog", "flags", ..] => return Class::Assignment,
        ["emit", ..] => return Class::Assignment,
        _ => {}
    }
    match standing(path) {
        Standing::Free => Class::Text,
        // Measured again: the sizes of plans to come move, no plan that is sealed.
        Standing::Fact => Class::Text,
        Standing::Held if in_any(&ASSIGNMENT) => Class::Assignment,
        Standing::Held => Class::Decision,
    }
}

/// True when the change can only protect: more guards, fewer people, less harm before it stops.
fn is_safer(path: &[&str], seen: Seen<'_>) -> bool {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    match (path, seen.before, seen.after) {
        (["metrics", "guardrail" | "monitor", _], None, Some(_)) => true,
        (["metrics", "guardrail", _, "margin"], Some(before), Some(after)) => is_tighter(before, after),
        (["rollout", "rollback", _], None, Some(_)) => true,
        (["rollout", "rollback"], None, Some(_)) => true,
        (["rollout", "rollback", _, "min_units"], Some(before), Some(after)) => {
            number(after).zip(number(before)).is_some_and(|(after, before)| after < before)
        }
        (["rollout", "kill_switch"], _, Some(after)) => after.value == Value::Boolean(true),
        (["rollout", "stages", _, "gate"], Some(before), Some(after)) => {
            text(Some(before)).as_deref() == Some("none") && text(Some(after)).as_deref() != Some("none")
        }
        (["audience" | "rollout", "share" | "max_share"] | ["rollout", "stages", _, "share"], before, Some(after)) => {
            let share = |node: Option<&Node>| text(node).and_then(|text| text.parse::<Share>().ok());
            match (share(before), share(Some(after))) {
                (Some(before), Some(after)) => after < before,
                // A bound where there was none.
                (None, Some(_)) => path.contains(&"max_share"),
                _ => false,
            }
        }
        _ => false,
    }
}

fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Integer(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

/// True when a margin shrinks and is still said in the same way.
fn is_tighter(before: &Node, after: &Node) -> bool {
    ["relative", "absolute"].iter().any(|key| {
        let other = if *key == "relative" { "absolute" } else { "relative" };
        let amount = |node: &Node| node.at_path(key)?.as_str()?.parse::<Amount>().ok();
        let alone = before.at_path(other).is_none() && after.at_path(other).is_none();
        amount(before).zip(amount(after)).is_some_and(|(before, after)| {
            alone && before.unit == after.unit && after.number.abs() < before.number.abs()
        })
    })
}

/// The gravest class of a change at or below a path, as an amendment names it.
///
/// Without the two sides it is not known whether a change protects, except for parts that hold nothing else.
pub fn class_of_path(path: &str) -> Class {
    let steps: Vec<&str> = path.trim().split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
    // A table above both kinds holds the graver one.
    match steps.as_slice() {
        [] | [""] => Class::None,
        ["rollout", "kill_switch"] => Class::Safety,
        ["experiment"] => Class::Assignment,
        ["rollout" | "design" | "decision"] => Class::Decision,
        ["feedback"] => Class::Assignment,
        [sort, rest @ ..] if is_definition(sort, rest) => {
            let mut path = vec!["catalog", sort];
            path.extend(rest);
            by_place(&path)
        }
        ["catalog"] | ["catalog", _] | ["catalog", _, _] => Class::Decision,
        steps => by_place(steps),
    }
}

/// True when a part that an amendment names decides, or says who was in the sample, and results by variant were known.
/// More people in a ramp do neither.
pub fn deviates(path: &str, access: DataAccess) -> bool {
    let class = class_of_path(path);
    let ramp = class == Class::Assignment && path.trim().starts_with("rollout");
    class.worth(access) == Worth::Deviation && !ramp
}

/// True when an amendment names a definition of the catalogue, or a part of one.
pub(super) fn names_definition(name: &str) -> bool {
    let steps: Vec<&str> = name.trim().split('.').collect();
    matches!(steps.as_slice(), [sort, rest @ ..] if *sort == "catalog" || is_definition(sort, rest))
}

/// True for the name of a definition without the word `catalog`: no table of a spec has that name.
fn is_definition(sort: &str, rest: &[&str]) -> bool {
    let known = crate::plan::terms::DEFINITIONS.iter().any(|(known, ..)| *known == sort);
    let role = rest.first().is_some_and(|role| matches!(*role, "primary" | "guardrail" | "secondary" | "monitor"));
    known && !rest.is_empty() && !(sort == "metrics" && role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_nobody_named_decides() {
        assert_eq!(class_of_path("design.something_new"), Class::Decision);
        assert_eq!(class_of_path("somewhere"), Class::Decision);
        assert_eq!(class_of_path("experiment.title"), Class::Text);
        assert_eq!(class_of_path("feedback.notify"), Class::Text);
        assert_eq!(class_of_path("audience.where"), Class::Assignment);
        assert_eq!(class_of_path("metrics.primary[0].mde"), Class::Decision);
        assert_eq!(class_of_path("metrics.primary"), Class::Decision);
        assert_eq!(class_of_path("metrics.order_conversion.window"), Class::Decision);
        assert_eq!(class_of_path("catalog.metrics.order_conversion"), Class::Decision);
        assert_eq!(class_of_path("units.user.key"), Class::Assignment);
        assert_eq!(class_of_path("rollout"), Class::Decision);
        assert_eq!(class_of_path(""), Class::None);
    }

    #[test]
    fn knowledge_decides_what_a_change_is_worth() {
        assert_eq!(Class::Decision.worth(DataAccess::Seen), Worth::Deviation);
        assert_eq!(Class::Decision.worth(DataAccess::NotOpened), Worth::Amendment);
        assert_eq!(Class::Safety.worth(DataAccess::Seen), Worth::Amendment);
        assert_eq!(Class::Text.worth(DataAccess::Seen), Worth::NoEffect);
    }
}
