//! What PostHog's flags say, `{ "flags": [ … ] }` as server SDKs fetch them for local evaluation: each flag with a group
//! that leaves the choice among variants to the hash is an experiment.
//!
//! The flag's key is the salt, and enrolment and variant have hashes of their own as in a build, so units keep their
//! variants. Groups before the experiment are its forced units and exclusions where they are what a build writes for
//! these. PostHog hashes the distinct id, and does not say which attribute that is.

use serde_json::Map;

use super::super::patterns::meant;
use super::conditions::{NUMBER, VERSION};
use super::{OFF, PARTS};
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, number, smallest,
};
use crate::spec::Scalar;
use crate::syntax::{Node, Value};

const KEPT_OUT: &str = "no condition of a spec says this: the draft enrols units that it keeps out";

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let flags = field(&export.root, "flags").and_then(Node::as_array).ok_or("has no list `flags`")?;
    if flags.iter().any(|flag| text(flag, "key").is_none() || field(flag, "filters").is_none()) {
        return Err("has a flag without a `key`, or without `filters`".to_owned());
    }
    let mut drafts: Vec<Draft> = flags.iter().filter_map(|flag| draft(flags, flag)).collect();
    let Some(built) = field(&export.root, "expc").and_then(|built| field(built, "experiments")?.as_table()) else {
        return Ok(drafts);
    };
    // A flag has the name of its experiment, or another: which one is certain when a single one that enrols is left.
    let ids: Vec<&str> = built.entries.iter().map(|entry| &*entry.key).collect();
    let enrols = |id: &str| {
        let stage = built.get(id).and_then(|one| text(one, "stage"));
        !matches!(stage, Some("none" | "schedule" | "killed" | "shipped"))
    };
    let is_free = |id: &&str| enrols(id) && drafts.iter().all(|draft| draft.id != **id);
    let left: Vec<&str> = ids.iter().copied().filter(is_free).collect();
    let mut unnamed = drafts.iter_mut().filter(|draft| !draft.stages.is_empty() && !ids.contains(&draft.id.as_str()));
    if let ([id], Some(draft), None) = (left.as_slice(), unnamed.next(), unnamed.next()) {
        draft.id = (*id).to_owned();
    }
    for draft in &mut drafts {
        let stage = built.get(&draft.id).and_then(|one| text(one, "stage"));
        if let (Some(name), Some(first)) = (stage, draft.stages.first_mut()) {
            first.name = name.to_owned();
        }
    }
    Ok(drafts)
}

fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.as_table()?.get(key)
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    field(node, key)?.as_str()
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    field(node, key).and_then(Node::as_array).unwrap_or_default()
}

/// A per cent as a part of all units; one that is not there is all of them.
fn part(node: &Node) -> Option<f64> {
    let Some(percent) = field(node, "rollout_percentage") else { return Some(1.0) };
    let percent = number(percent).filter(|percent| (0.0..=100.0).contains(percent))?;
    Some((percent * 1e7).round() / 1e9)
}

fn draft(flags: &[Node], flag: &Node) -> Option<Draft> {
    let mut draft = Draft::of(text(flag, "key")?);
    let filters = field(flag, "filters")?;
    let variants = items(field(filters, "multivariate")?, "variants");
    let names: Vec<&str> = variants.iter().map(|one| text(one, "key").unwrap_or("unnamed")).collect();
    let groups = items(filters, "groups");
    let is_layer = draft.flag.starts_with("expc-layer-");
    let at = groups.iter().position(|group| text(group, "variant").is_none()).filter(|_| !is_layer);
    // A build's flag that enrols nobody serves its forced units and `off`, and has a variant `off`.
    let serves_off = groups.last().and_then(|group| text(group, "variant")) == Some(OFF);
    if is_layer || at.is_none() && !(names.contains(&OFF) && serves_off && 1 < groups.len()) {
        return None;
    }
    let key = field(flag, "key").unwrap_or(flag).span;
    draft.lack(key, "PostHog hashes the distinct id, and does not say which attribute that is: name the unit");
    if matches!(field(flag, "active"), Some(Node { value: Value::Boolean(false), .. })) {
        draft.lose(key, "the flag is off: nobody is enrolled, and a spec says so by its status alone");
    }
    draft.lose_unknown(filters, &["groups", "multivariate", "payloads"]);
    let weight = |one: &Node| (part(one).unwrap_or_default() * f64::from(PARTS)).round() as u64;
    let weights: Vec<u64> = variants.iter().map(weight).collect();
    for ((node, name), weight) in variants.iter().zip(&names).zip(smallest(&weights)) {
        let payload = payload(filters, name, &mut draft);
        match *name == OFF && weight == 0.0 {
            true => draft.off = Some(payload),
            false => {
                let weight = part(node).filter(|_| at.is_some()).map(|_| weight);
                draft.variants.push(DraftVariant { name: (*name).to_owned(), weight, payload, force: Vec::new() });
            }
        }
    }
    let mut never: Vec<(DraftCondition, &Node)> = Vec::new();
    for group in &groups[..at.unwrap_or(groups.len().saturating_sub(1))] {
        before(group, &mut never, &mut draft);
    }
    let Some(at) = at else {
        draft.lack(key, "no group enrols anybody: weights, audience and shares are not here");
        return Some(draft);
    };
    for group in &groups[at + 1..] {
        if text(group, "variant") != Some(OFF) || !items(group, "properties").is_empty() {
            draft.lose(group.span, "units that are not enrolled fall to this group; the draft serves them the default");
        }
    }
    let group = &groups[at];
    audience(flags, items(group, "properties"), &mut never, &mut draft);
    draft.exclusions = never.into_iter().map(|(condition, _)| condition).collect();
    let reach = draft.layer.as_ref().map_or(1.0, |layer| layer.to - layer.from);
    let share = part(group).map(|part| (part * reach * 1e7).round() / 1e7);
    if share.is_none() {
        draft.lack(group.span, "the rollout cannot be read, and so the share of units is missing");
    }
    draft.share = share.filter(|_| draft.layer.is_none());
    draft.stages.push(DraftStage { name: "main".to_owned(), share, ..DraftStage::default() });
    Some(draft)
}

/// JSON in a text.
fn payload(filters: &Node, name: &str, draft: &mut Draft) -> Map<String, serde_json::Value> {
    let Some(node) = field(filters, "payloads").and_then(|all| field(all, name)) else { return Map::new() };
    let Some(inner) = node.as_str().and_then(|text| Export::read(text).ok()) else {
        draft.lose(node.span, "this payload is no JSON in a text");
        return Map::new();
    };
    let known = draft.lost.len();
    let made = draft.payload(&inner, &inner.root);
    for remark in &mut draft.lost[known..] {
        remark.place = Some(node.span);
    }
    made
}

/// A group before the experiment: forced units, or an exclusion.
fn before<'n>(group: &'n Node, never: &mut Vec<(DraftCondition, &'n Node)>, draft: &mut Draft) {
    let properties = items(group, "properties");
    let served = text(group, "variant").unwrap_or_default();
    let whole = part(group) == Some(1.0);
    let read = condition(properties).filter(|(_, many)| *many == properties.len() && whole);
    match read {
        Some((DraftCondition { attribute, test }, _)) if served != OFF && attribute == "distinct_id" => {
            let ids = match test {
                Test::In(ids) => ids,
                Test::Is(id) => vec![id],
                _ => Vec::new(),
            };
            let ids = ids.into_iter().filter_map(|id| if let Scalar::Text(id) = id { Some(id) } else { None });
            if let Some(variant) = draft.variants.iter_mut().find(|variant| variant.name == served) {
                return variant.force.extend(ids);
            }
        }
        Some((condition, _)) if served == OFF => return never.push((condition, group)),
        // The other half of a `not_in`: the same texts in other letters.
        None if served == OFF && never.last().is_some_and(|(last, _)| is_other_case(properties, last)) => return,
        _ => {}
    }
    draft.lose(group.span, "this group comes first and serves its units; the draft knows nothing of it");
}

fn is_other_case(properties: &[Node], last: &DraftCondition) -> bool {
    let [listed, other] = properties else { return false };
    let same = match (&last.test, values(listed)) {
        (Test::NotIn(values), Some(own)) => *values == own,
        (Test::IsNot(value), Some(own)) => own.as_slice() == std::slice::from_ref(value),
        _ => false,
    };
    same && text(listed, "key") == Some(&last.attribute) && text(other, "operator") == Some("not_regex")
}

fn audience<'n>(flags: &[Node], all: &'n [Node], never: &mut Vec<(DraftCondition, &'n Node)>, draft: &mut Draft) {
    let mut at = 0;
    while let Some(one) = all.get(at) {
        let rest = &all[at..];
        at += 1;
        let key = text(one, "key").unwrap_or_default();
        if text(one, "type") == Some("flag") {
            depends(flags, one, key, draft);
        } else if key == "distinct_id" && text(one, "operator") == Some("is_not") && text(one, "value") == Some("") {
        } else if let Some((condition, many)) = condition(rest) {
            at += many - 1;
            if condition.attribute == "distinct_id" {
                draft.lose(one.span, "a condition on the id of the unit: name its attribute");
            } else {
                draft.conditions.push(condition);
            }
        } else if is(one, "is_not", "null")
            && let Some(found) = never.iter().position(|(out, _)| out.attribute == key)
        {
            // The attribute is there, and a group before keeps some values out.
            let (out, group) = never.remove(found);
            let test = match out.test {
                Test::In(values) => Test::NotIn(values),
                Test::Is(value) => Test::IsNot(value),
                _ => {
                    draft.lose(group.span, KEPT_OUT);
                    continue;
                }
            };
            draft.conditions.push(DraftCondition { attribute: out.attribute, test });
        } else {
            draft.lose(one.span, KEPT_OUT);
        }
    }
}

/// The flag of a layer or of a holdout.
fn depends(flags: &[Node], one: &Node, key: &str, draft: &mut Draft) {
    let place = Some(one.span);
    let filters = flags.iter().find(|flag| text(flag, "key") == Some(key)).and_then(|flag| field(flag, "filters"));
    let held = match filters.map(|filters| items(filters, "groups")) {
        Some([group]) => part(group),
        _ => None,
    };
    if let (Some(salt), Some(share)) = (key.strip_prefix("expc-holdout-"), held) {
        draft.holdout = Some(DraftHoldout { salt: salt.to_owned(), share, place });
        return;
    }
    let slots = filters.and_then(|filters| field(filters, "multivariate")).map(|of| items(of, "variants"));
    if let (Some(salt), Some(slots), Some(id)) = (key.strip_prefix("expc-layer-"), slots, text(one, "value")) {
        let mut from = 0.0;
        for slot in slots {
            let to = ((from + part(slot).unwrap_or_default()) * 1e9_f64).round() / 1e9;
            if text(slot, "key") == Some(id) {
                draft.id = id.to_owned();
                draft.layer = Some(DraftLayer { salt: salt.to_owned(), from, to, place });
                return;
            }
            from = to;
        }
    }
    draft.lose(one.span, format!("the flag `{key}` is no layer and no holdout of a spec"));
}

fn is(node: &Node, operator: &str, value: &str) -> bool {
    text(node, "operator") == Some(operator) && text(node, "value") == Some(value)
}

/// The texts of a test.
fn values(node: &Node) -> Option<Vec<Scalar>> {
    let value = field(node, "value")?;
    let one = |node: &Node| node.as_str().map(|text| Scalar::Text(text.to_owned()));
    match value.as_array() {
        Some(all) => all.iter().map(one).collect(),
        None => Some(vec![one(value)?]),
    }
}

fn one_or(mut values: Vec<Scalar>, one: fn(Scalar) -> Test, many: fn(Vec<Scalar>) -> Test) -> Test {
    match values.len() {
        1 => one(values.remove(0)),
        _ => many(values),
    }
}

/// The condition that tests begin with, and how many they are.
fn condition(tests: &[Node]) -> Option<(DraftCondition, usize)> {
    let first = tests.first().filter(|first| text(first, "type") != Some("flag"))?;
    let key = text(first, "key")?;
    let next = |at: usize| tests.get(at).filter(|one| text(one, "key") == Some(key));
    let value = text(first, "value").unwrap_or_default();
    let bound = |node: &Node| -> Option<f64> {
        let written = field(node, "value")?;
        number(written).or_else(|| written.as_str()?.parse().ok()).filter(|bound: &f64| bound.is_finite())
    };
    let sized = |node: &Node| {
        let bound = bound(node)?;
        Some(match text(node, "operator")? {
            "gte" => Test::AtLeast(bound),
            "lte" => Test::AtMost(bound),
            "gt" => Test::Above(bound),
            "lt" => Test::Below(bound),
            _ => return None,
        })
    };
    let (test, many) = match text(first, "operator")? {
        "exact" => {
            let texts = values(first)?;
            let cased =
                |value: &Scalar| matches!(value, Scalar::Text(text) if text.to_lowercase() != text.to_uppercase());
            let guarded = next(1).is_some_and(|next| {
                text(next, "operator") == Some("regex")
                    && text(next, "value").is_some_and(|value| value.starts_with("^(?:"))
            });
            // Without the pattern it minds no case, and a spec does.
            if !guarded && texts.iter().any(cased) {
                return None;
            }
            (one_or(texts, Test::Is, Test::In), 1 + usize::from(guarded))
        }
        "is_not" if value == "null" => {
            let out = next(1).filter(|next| text(next, "operator") == Some("is_not"))?;
            (one_or(values(out)?, Test::IsNot, Test::NotIn), 2)
        }
        "regex" if value == "^true$" => (Test::Is(Scalar::Flag(true)), 1),
        "regex" if value == "^false$" => (Test::Is(Scalar::Flag(false)), 1),
        "regex" if value == NUMBER => match (sized(next(1)?)?, next(2).and_then(sized)) {
            (Test::AtLeast(low), Some(Test::AtMost(high))) if low == high => (Test::Is(Scalar::Number(low)), 3),
            (test, _) => (test, 2),
        },
        "regex" if value == VERSION => version(next(1)?, next(2))?,
        "starts_with" | "ends_with" => {
            let starts = text(first, "operator") == Some("starts_with");
            let cased = next(1).filter(|next| text(next, "operator") == Some("regex")).and_then(|next| {
                let pattern = text(next, "value")?;
                meant(if starts { pattern.strip_prefix('^')? } else { pattern.strip_suffix('$')? })
            });
            let guarded = cased.as_deref() == Some(value);
            if !guarded && value.chars().any(char::is_alphabetic) {
                return None;
            }
            let many = 1 + usize::from(guarded);
            let named = next(many).is_some_and(|next| is(next, "is_not", "null"));
            let test = if starts { Test::StartsWith(value.to_owned()) } else { Test::EndsWith(value.to_owned()) };
            (test, many + usize::from(named))
        }
        _ => (sized(first)?, 1),
    };
    Some((DraftCondition { attribute: key.to_owned(), test }, many))
}

/// What follows the pattern of versions.
fn version(first: &Node, second: Option<&Node>) -> Option<(Test, usize)> {
    let value = text(first, "value")?;
    let guarded = second.is_some_and(|second| text(second, "operator") == Some("not_regex"));
    let same = || meant(value.strip_prefix('^')?.strip_suffix("(?:$|[+])")?);
    Some(match (text(first, "operator")?, guarded) {
        ("semver_gte", true) => (Test::semver(">=", value)?, 3),
        ("semver_lte", true) => (Test::semver("<", value)?, 3),
        ("semver_gt", _) => (Test::semver(">", value)?, 2),
        ("semver_lte", false) => (Test::semver("<=", value)?, 2),
        ("regex", _) => (Test::semver("=", &same()?)?, 2),
        ("not_regex", _) => (Test::semver("!=", &same()?)?, 2),
        _ => return None,
    })
}
