//! What Flipt's features say, `{ "flags": [ … ], "segments": [ … ] }` as JSON: each flag with a rule that chooses among
//! variants is an experiment.
//!
//! The flag's key is the salt, and one hash gives enrolment and variant: weights and share are read from the line of
//! buckets, where each variant's own part and the part of `off` beside it are its slot. Contexts hold texts, so `true` and
//! `false` are read as yes and no. What the entity's id is, no file of Flipt says.

use serde_json::{Map, Value as Json};

use super::{ANY, OFF, PARTS};
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftStage, DraftVariant, Export, Test, number, scalars, smallest,
};
use crate::spec::Scalar;
use crate::syntax::{Node, Value, parse_json};
use crate::text::FileId;

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let flags = items(&export.root, "flags").ok_or("has no list `flags`")?;
    let known = ["variants", "rollouts", "type"];
    let is_flag = |flag: &&Node| known.iter().any(|key| field(flag, key).is_some()) && text(flag, "key").is_some();
    if flags.iter().any(|flag| !is_flag(&flag)) {
        return Err("has a flag without a `key`, or without `variants` and `rollouts`".to_owned());
    }
    Ok(flags.iter().filter_map(|flag| draft(export, flag)).collect())
}

fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.as_table()?.get(key)
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    field(node, key)?.as_str()
}

fn items<'n>(node: &'n Node, key: &str) -> Option<&'n [Node]> {
    field(node, key)?.as_array()
}

fn draft(export: &Export<'_>, flag: &Node) -> Option<Draft> {
    let mut draft = Draft::of(text(flag, "key")?);
    let built = field(flag, "metadata").and_then(|built| Some((text(built, "experiment")?, text(built, "stage")?)));
    if let Some((id, _)) = built {
        draft.id = id.to_owned();
    }
    let rules = items(flag, "rules").unwrap_or_default();
    let enrols = |rule: &Node| {
        let many = items(rule, "distributions").is_some_and(|all| 1 < all.len());
        many || keys(rule).first().is_some_and(|(key, _)| key.ends_with(",eligible,1"))
    };
    let at = rules.iter().position(enrols);
    let waits = matches!(built, Some((_, "none" | "schedule")));
    if at.is_none() && !waits {
        return None;
    }
    for one in items(flag, "variants").unwrap_or_default() {
        let name = text(one, "key").unwrap_or("unnamed");
        let payload = payload(export, one, &mut draft);
        let is_default = matches!(field(one, "default"), Some(Node { value: Value::Boolean(true), .. }));
        if is_default {
            draft.off = Some(payload.clone());
        }
        if name != OFF {
            draft.variants.push(DraftVariant { name: name.to_owned(), payload, ..DraftVariant::default() });
        }
    }
    told(flag, &mut draft);
    let place = field(flag, "key").unwrap_or(flag).span;
    draft.lack(place, "Flipt hashes the entity's id, and does not say what that is: name the unit");
    let before = &rules[..at.unwrap_or(rules.len())];
    let mut exclusions = Vec::new();
    for rule in before {
        first(export, rule, &mut exclusions, &mut draft);
    }
    let Some(at) = at else {
        draft.lack(place, "no rule enrols anybody: weights, audience and shares are not here");
        return (!draft.variants.is_empty()).then_some(draft);
    };
    for rule in &rules[at + 1..] {
        draft.lose(rule.span, "units that are not enrolled fall to this rule; the draft serves them the default");
    }
    audience(export, &rules[at], &mut draft);
    draft.exclusions.extend(exclusions);
    let name = built.map_or("main", |(_, stage)| stage);
    line(&rules[at], name, &mut draft);
    Some(draft)
}

/// What the flag says beside its rules.
fn told(flag: &Node, draft: &mut Draft) {
    if let Some(enabled) = field(flag, "enabled").filter(|node| matches!(node.value, Value::Boolean(false))) {
        draft.lose(enabled.span, "the flag is off: nobody is enrolled, and a spec says so by its status alone");
    }
    let known = ["key", "name", "description", "type", "enabled", "metadata", "variants", "rules"];
    draft.lose_unknown(flag, &known);
}

/// An attachment is a table, or JSON in a text.
fn payload(export: &Export<'_>, variant: &Node, draft: &mut Draft) -> Map<String, Json> {
    let Some(attachment) = field(variant, "attachment") else { return Map::new() };
    let Some(inner) = attachment.as_str().filter(|text| parse_json(FileId(0), text).is_ok()) else {
        return draft.payload(export, attachment);
    };
    let Ok(inner) = Export::read(inner) else { return Map::new() };
    let known = draft.lost.len();
    let made = draft.payload(&inner, &inner.root);
    for remark in &mut draft.lost[known..] {
        remark.place = Some(attachment.span);
    }
    made
}

/// The segments of a rule, and whether one of several is enough.
fn keys(rule: &Node) -> Vec<(&str, bool)> {
    let Some(segment) = field(rule, "segment") else { return Vec::new() };
    if let Some(key) = segment.as_str() {
        return vec![(key, false)];
    }
    let is_any = text(segment, "operator") != Some("AND_SEGMENT_OPERATOR");
    let all = items(segment, "keys").unwrap_or_default();
    all.iter().filter_map(Node::as_str).map(|key| (key, is_any && 1 < all.len())).collect()
}

struct Segment<'e> {
    constraints: &'e [Node],
    is_any: bool,
}

fn segment<'e>(export: &'e Export<'_>, key: &str) -> Option<Segment<'e>> {
    let found = items(&export.root, "segments")?.iter().find(|segment| text(segment, "key") == Some(key))?;
    let is_any = text(found, "match_type") == Some(ANY);
    Some(Segment { constraints: items(found, "constraints").unwrap_or_default(), is_any })
}

/// A rule before the experiment: forced units, or an exclusion.
fn first(export: &Export<'_>, rule: &Node, exclusions: &mut Vec<DraftCondition>, draft: &mut Draft) {
    let known = match keys(rule).as_slice() {
        [(key, _)] => segment(export, key),
        _ => None,
    };
    let served = match items(rule, "distributions") {
        Some([one]) if field(one, "rollout").and_then(number) == Some(100.0) => text(one, "variant"),
        _ => None,
    };
    if let (Some(segment), Some(served)) = (known, served) {
        let is_one = segment.is_any || segment.constraints.len() == 1;
        let ids = segment.constraints.iter().map(ids).collect::<Option<Vec<_>>>().filter(|_| is_one);
        let variant = draft.variants.iter_mut().find(|variant| variant.name == served);
        if let (Some(ids), Some(variant)) = (ids.filter(|ids| !ids.is_empty()), variant) {
            return variant.force.extend(ids.concat());
        }
        if let Some(condition) = either(segment.constraints).filter(|_| is_one && served == OFF) {
            return exclusions.push(condition);
        }
    }
    draft.lose(rule.span, "this rule comes first and serves its units; the draft knows nothing of it");
}

fn audience(export: &Export<'_>, rule: &Node, draft: &mut Draft) {
    let mut lists: Vec<(usize, DraftCondition)> = Vec::new();
    let place = field(rule, "segment").unwrap_or(rule).span;
    for (key, is_any) in keys(rule) {
        let Some(segment) = segment(export, key).filter(|_| !is_any) else {
            draft.lose(place, format!("the segment `{key}` is one of several, or not in the export"));
            continue;
        };
        if segment.is_any && 1 < segment.constraints.len() {
            // A build numbers these among all conditions.
            let n = key.rsplit_once(",any,").and_then(|(_, n)| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
            match either(segment.constraints) {
                Some(condition) => lists.push((n, condition)),
                None => draft.lose(place, format!("no condition of a spec says what the segment `{key}` says")),
            }
            continue;
        }
        for constraint in segment.constraints {
            match condition(constraint) {
                Some(condition) => draft.conditions.push(condition),
                None => draft.lose(
                    constraint.span,
                    "no condition of a spec says this: the draft enrols units that it keeps out",
                ),
            }
        }
    }
    lists.sort_by_key(|(n, _)| *n);
    for (n, condition) in lists {
        let at = n.saturating_sub(1).min(draft.conditions.len());
        draft.conditions.insert(at, condition);
    }
}

/// Texts of a list that stands in a text.
fn list(value: &str) -> Option<Vec<Scalar>> {
    scalars(&parse_json(FileId(0), value).ok()?)
}

fn ids(constraint: &Node) -> Option<Vec<String>> {
    if text(constraint, "type") != Some("ENTITY_ID_COMPARISON_TYPE") {
        return None;
    }
    let value = text(constraint, "value")?;
    match text(constraint, "operator")? {
        "eq" => Some(vec![value.to_owned()]),
        "isoneof" => {
            let texts = list(value)?.into_iter().map(|one| match one {
                Scalar::Text(text) => Some(text),
                _ => None,
            });
            texts.collect()
        }
        _ => None,
    }
}

/// A text of a context: yes and no are told by their words, and numbers where only they can stand.
fn meaning(value: Scalar, is_number: bool) -> Scalar {
    match value {
        Scalar::Text(text) => match text.as_str() {
            "true" => Scalar::Flag(true),
            "false" => Scalar::Flag(false),
            _ => match text.parse::<f64>().ok().filter(|number| is_number && number.is_finite()) {
                Some(number) => Scalar::Number(number),
                None => Scalar::Text(text),
            },
        },
        other => other,
    }
}

/// Constraints of which one must hold: a list of values of one attribute.
fn either(constraints: &[Node]) -> Option<DraftCondition> {
    if let [one] = constraints {
        return condition(one);
    }
    let mut all: Option<(String, Vec<Scalar>)> = None;
    for one in constraints {
        let one = condition(one)?;
        let (attribute, values) = all.get_or_insert_with(|| (one.attribute.clone(), Vec::new()));
        if *attribute != one.attribute {
            return None;
        }
        match one.test {
            Test::In(more) => values.extend(more),
            Test::Is(value) => values.push(value),
            _ => return None,
        }
    }
    all.map(|(attribute, values)| DraftCondition { attribute, test: Test::In(values) })
}

fn condition(constraint: &Node) -> Option<DraftCondition> {
    let attribute = text(constraint, "property")?.to_owned();
    let value = text(constraint, "value").unwrap_or_default();
    let one = |is_number: bool| meaning(Scalar::Text(value.to_owned()), is_number);
    let many = |is_number: bool| -> Option<Vec<Scalar>> {
        Some(list(value)?.into_iter().map(|value| meaning(value, is_number)).collect())
    };
    let bound = || value.parse::<f64>().ok().filter(|bound| bound.is_finite());
    let test = match (text(constraint, "type")?, text(constraint, "operator")?) {
        ("STRING_COMPARISON_TYPE", "eq") => Test::Is(one(false)),
        ("STRING_COMPARISON_TYPE", "neq") => Test::IsNot(one(true)),
        ("STRING_COMPARISON_TYPE", "isoneof") => Test::In(many(false)?),
        ("STRING_COMPARISON_TYPE", "isnotoneof") => Test::NotIn(many(true)?),
        ("STRING_COMPARISON_TYPE", "prefix") => Test::StartsWith(value.to_owned()),
        ("STRING_COMPARISON_TYPE", "suffix") => Test::EndsWith(value.to_owned()),
        ("NUMBER_COMPARISON_TYPE", "eq") => Test::Is(Scalar::Number(bound()?)),
        ("NUMBER_COMPARISON_TYPE", "neq") => Test::IsNot(Scalar::Number(bound()?)),
        ("NUMBER_COMPARISON_TYPE", "gte") => Test::AtLeast(bound()?),
        ("NUMBER_COMPARISON_TYPE", "lte") => Test::AtMost(bound()?),
        ("NUMBER_COMPARISON_TYPE", "gt") => Test::Above(bound()?),
        ("NUMBER_COMPARISON_TYPE", "lt") => Test::Below(bound()?),
        ("BOOLEAN_COMPARISON_TYPE", "true") => Test::Is(Scalar::Flag(true)),
        ("BOOLEAN_COMPARISON_TYPE", "false") => Test::Is(Scalar::Flag(false)),
        _ => return None,
    };
    Some(DraftCondition { attribute, test })
}

/// Weights and share, from the buckets of the rule.
fn line(rule: &Node, stage: &str, draft: &mut Draft) {
    let place = field(rule, "distributions").unwrap_or(rule).span;
    let mut line: Vec<(&str, u64)> = Vec::new();
    for one in items(rule, "distributions").unwrap_or_default() {
        let percent = field(one, "rollout").and_then(number).filter(|part| (0.0..=101.0).contains(part));
        match (text(one, "variant"), percent) {
            (Some(name), Some(percent)) => line.push((name, (percent * 10.0).round() as u64)),
            _ => draft.lose(one.span, "this distribution has no variant, or no part of 100"),
        }
    }
    let parts: Vec<u64> = draft
        .variants
        .iter()
        .map(|variant| line.iter().filter(|(name, _)| *name == variant.name).map(|(_, part)| part).sum())
        .collect();
    let enrolled: u64 = parts.iter().sum();
    let names: Vec<&str> = draft.variants.iter().map(|variant| variant.name.as_str()).collect();
    let (weights, share) = match slots(&line, &names) {
        Some((slots, share)) => (slots, share),
        None => {
            draft.lose(place, "the order of these buckets is none of a build: it assigns units anew");
            (parts, (enrolled as f64 / f64::from(PARTS)).min(1.0))
        }
    };
    for (variant, weight) in draft.variants.iter_mut().zip(smallest(&weights)) {
        variant.weight = Some(weight);
    }
    draft.share = Some(share);
    draft.stages.push(DraftStage { name: stage.to_owned(), share: Some(share), ..DraftStage::default() });
}

/// The slots of the variants in a line as a build lays it, and the share that enrols these parts of them.
fn slots(line: &[(&str, u64)], names: &[&str]) -> Option<(Vec<u64>, f64)> {
    let mut line = line.iter().copied().filter(|(_, part)| 0 < *part).peekable();
    let mut rest = || line.next_if(|(name, _)| *name == OFF).map_or(0, |(_, part)| part);
    let mut groups: Vec<(u64, usize)> = vec![(rest(), 1)];
    let mut enrolled: Vec<u64> = Vec::new();
    for (n, name) in names.iter().enumerate() {
        enrolled.push(line.next_if(|(other, _)| other == name)?.1);
        // What is between two variants belongs to both, or is nobody's.
        if n % 2 == 1 {
            let off = line.next_if(|(name, _)| *name == OFF).map_or(0, |(_, part)| part);
            groups.push((off, names[n..].len().min(2)));
        }
    }
    if line.next().is_some() {
        return None;
    }
    let mut slots: Vec<u64> = Vec::new();
    let mut bounds = (0.0, 1.0);
    for (off, many) in groups {
        let of = &enrolled[slots.len()..(slots.len() + many).min(enrolled.len())];
        let total = off + of.iter().sum::<u64>();
        let likely = match *of {
            [] => continue,
            [_] => vec![vec![total]],
            [first, second] => {
                let ratio = (total as f64 * first as f64 / (first + second) as f64).round() as u64;
                [total / 2, ratio].map(|slot| vec![slot, total - slot]).to_vec()
            }
            _ => return None,
        };
        let narrower = |candidate: Vec<u64>| {
            let within = candidate.iter().zip(of).fold(bounds, |(low, high): (f64, f64), (slot, part)| {
                (low.max((*part as f64 - 0.5) / *slot as f64), high.min((*part as f64 + 0.5) / *slot as f64))
            });
            (within.0 < within.1 || within.0 == 1.0).then_some((candidate, within))
        };
        let (found, within) = likely.into_iter().find_map(narrower)?;
        bounds = within;
        slots.extend(found);
    }
    if slots.iter().sum::<u64>() != u64::from(PARTS) {
        return None;
    }
    let nearest = enrolled.iter().sum::<u64>() as f64 / f64::from(PARTS);
    let rounded = |digits: i32| (nearest * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
    let fits =
        |share: &f64| slots.iter().zip(&enrolled).all(|(slot, part)| (*slot as f64 * share).round() as u64 == *part);
    let share = (2..6).map(rounded).chain([bounds.0, (bounds.0 + bounds.1) / 2.0]).find(fits)?;
    Some((slots, share))
}
