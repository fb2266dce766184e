//! What an SDK payload of GrowthBook says, `{ "features": { … } }`: each rule with variations is an experiment.
//!
//! Rules before it that force one of its variations for listed ids are its forced units. Conditions are read where they
//! mean what a condition of the language means; the `$type` and `$regex` guards that a build writes beside a comparison
//! say nothing of their own.

use super::conditions::VERSION;
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, number, scalar, scalars,
    smallest,
};
use crate::spec::Scalar;
use crate::syntax::{Entry, Node, Value};

/// The parts of a hash.
const PARTS: f64 = 10_000.0;

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let features = export.root.at_path("features").and_then(Node::as_table).ok_or("has no table `features`")?;
    let is_feature = |entry: &Entry| {
        let known = ["defaultValue", "rules"];
        entry.node.as_table().is_some_and(|table| table.entries.iter().any(|entry| known.contains(&entry.key.as_str())))
    };
    if let Some(other) = features.entries.iter().find(|entry| !is_feature(entry) && !is_empty(&entry.node)) {
        return Err(format!("has no `defaultValue` and no `rules` in `{}`", other.key));
    }
    let mut drafts = Vec::new();
    for feature in &features.entries {
        let rules = feature.node.at_path("rules").and_then(Node::as_array).unwrap_or_default();
        let at: Vec<usize> = (0..rules.len()).filter(|&at| rules[at].at_path("variations").is_some()).collect();
        for &index in &at {
            drafts.push(draft(export, feature, rules, index));
        }
        if at.is_empty()
            && let Some(waiting) = waiting(export, feature, rules)
        {
            drafts.push(waiting);
        }
    }
    Ok(drafts)
}

fn is_empty(node: &Node) -> bool {
    node.as_table().is_some_and(|table| table.entries.is_empty())
}

/// A feature that forces ids and runs nothing: an experiment that has not begun, as far as anybody can see.
fn waiting(export: &Export<'_>, feature: &Entry, rules: &[Node]) -> Option<Draft> {
    let mut draft = Draft::of(&feature.key);
    for rule in rules {
        let (unit, ids) = listed(rule)?;
        let force = rule.at_path("force")?;
        let (id, name) = rule.at_path("id")?.as_str()?.split_once("/force/")?;
        draft.id = id.to_owned();
        draft.unit = Some(unit.to_owned());
        let payload = draft.payload(export, force);
        draft.variants.push(DraftVariant { name: name.to_owned(), weight: None, payload, force: ids });
    }
    (!draft.variants.is_empty()).then(|| {
        draft.lack(
            feature.key_span,
            "no rule enrols anybody: other variants, weights, audience and shares are not here",
        );
        off(export, feature, &mut draft);
        draft
    })
}

fn off(export: &Export<'_>, feature: &Entry, draft: &mut Draft) {
    if let Some(default) = feature.node.at_path("defaultValue") {
        draft.off = Some(draft.payload(export, default));
    }
}

fn draft(export: &Export<'_>, feature: &Entry, rules: &[Node], index: usize) -> Draft {
    let rule = &rules[index];
    let mut draft = Draft::of(&feature.key);
    let text = |key: &str| rule.at_path(key).and_then(Node::as_str);
    draft.id = text("key").unwrap_or(&feature.key).to_owned();
    let unit = text("hashAttribute").unwrap_or("id");
    draft.unit = Some(unit.to_owned());
    off(export, feature, &mut draft);
    draft.lose_unknown(&feature.node, &["defaultValue", "rules"]);
    let known = [
        "id",
        "key",
        "phase",
        "hashAttribute",
        "hashVersion",
        "seed",
        "coverage",
        "weights",
        "filters",
        "ranges",
        "variations",
        "meta",
        "condition",
        "namespace",
        "name",
    ];
    draft.lose_unknown(rule, &known);
    variants(export, rule, &mut draft);
    for (at, other) in rules.iter().enumerate() {
        if at == index || forces(other, unit, rule, &mut draft) {
            continue;
        }
        match (at < index, other.at_path("variations").is_some()) {
            (true, true) => draft.lose(other.span, "another experiment comes first and takes its units"),
            (true, false) => {
                draft.lose(other.span, "this rule comes first and serves its units; the draft knows nothing of it");
            }
            (false, false) => {
                let text = "units that are not enrolled fall to this rule; the draft serves them the default";
                draft.lose(other.span, text);
            }
            (false, true) => {}
        }
    }
    let salt = text("seed").and_then(|seed| seed.strip_suffix("/assign"));
    let version = rule.at_path("hashVersion").and_then(number);
    let enrolled = filters(rule, salt, &mut draft);
    let own = salt.filter(|_| enrolled.is_some() && version == Some(2.0));
    draft.salt = own.map(str::to_owned);
    if own.is_none() {
        let seed = text("seed").or(text("key")).unwrap_or(&feature.key);
        let place = rule.at_path("seed").map_or(rule.span, |seed| seed.span);
        let text =
            format!("the hash with seed `{seed}` gives enrolment and variant at once: a build assigns units anew");
        draft.lose(place, text);
    }
    let coverage = rule.at_path("coverage").and_then(number);
    let ranges = ranges(rule);
    let of = draft.layer.as_ref().map_or(1.0, |layer| layer.to - layer.from);
    let share = match (enrolled, &ranges) {
        (Some(enrolled), _) => Some(enrolled * of),
        (None, Some(ranges)) => Some(ranges.iter().map(|(from, to)| to - from).sum::<f64>() * of),
        (None, None) => Some(coverage.unwrap_or(1.0) * of),
    };
    // Sums of decimals.
    let share = share.map(|share| (share * 1e9).round() / 1e9);
    draft.stages.push(DraftStage { name: text("phase").unwrap_or("main").to_owned(), share, ..DraftStage::default() });
    if draft.layer.is_none() {
        draft.share = share;
    }
    if let Some(condition) = rule.at_path("condition") {
        all(condition, &mut draft);
    }
    draft
}

fn variants(export: &Export<'_>, rule: &Node, draft: &mut Draft) {
    let values = rule.at_path("variations").and_then(Node::as_array).unwrap_or_default();
    let meta = rule.at_path("meta").and_then(Node::as_array).unwrap_or_default();
    let given = rule.at_path("weights").and_then(Node::as_array).unwrap_or_default();
    let weights: Vec<Option<f64>> = match ranges(rule) {
        Some(ranges) => {
            let parts: Vec<u64> =
                ranges.iter().map(|(from, to)| ((to - from) * PARTS).round().max(0.0) as u64).collect();
            smallest(&parts).into_iter().map(Some).collect()
        }
        None => given.iter().map(number).collect(),
    };
    for (at, value) in values.iter().enumerate() {
        let name = meta.get(at).and_then(|meta| meta.at_path("key")).and_then(Node::as_str);
        let payload = draft.payload(export, value);
        // Without a name the SDK reports the index.
        let name = name.map_or_else(|| at.to_string(), str::to_owned);
        draft.variants.push(DraftVariant {
            name,
            weight: weights.get(at).copied().flatten(),
            payload,
            force: Vec::new(),
        });
    }
    for meta in meta {
        draft.lose_unknown(meta, &["key", "name"]);
    }
}

fn ranges(rule: &Node) -> Option<Vec<(f64, f64)>> {
    rule.at_path("ranges")?.as_array()?.iter().map(pair).collect()
}

fn pair(node: &Node) -> Option<(f64, f64)> {
    match node.as_array()? {
        [from, to] => Some((number(from)?, number(to)?)),
        _ => None,
    }
}

/// The attribute and the ids of a rule that serves listed ids alone.
fn listed(rule: &Node) -> Option<(&str, Vec<String>)> {
    let known = ["id", "condition", "force"];
    let table = rule.as_table()?;
    if table.entries.iter().any(|entry| !known.contains(&entry.key.as_str())) {
        return None;
    }
    let [entry] = rule.at_path("condition")?.as_table()?.entries.as_slice() else { return None };
    let ids = match entry.node.as_table()?.entries.as_slice() {
        [one] if one.key == "$in" => one.node.as_array()?.iter().map(Node::as_str).collect::<Option<Vec<&str>>>()?,
        [one] if one.key == "$eq" => vec![one.node.as_str()?],
        _ => return None,
    };
    Some((&entry.key, ids.into_iter().map(str::to_owned).collect()))
}

/// True when a rule forces units into a variant of the experiment.
fn forces(other: &Node, unit: &str, rule: &Node, draft: &mut Draft) -> bool {
    let Some((_, ids)) = listed(other).filter(|(attribute, _)| *attribute == unit) else { return false };
    let Some(force) = other.at_path("force") else { return false };
    let values = rule.at_path("variations").and_then(Node::as_array).unwrap_or_default();
    let named =
        other.at_path("id").and_then(Node::as_str).and_then(|id| id.rsplit_once("/force/")).map(|(_, name)| name);
    let by_name = draft.variants.iter().position(|variant| Some(variant.name.as_str()) == named);
    let same = |at: &usize| values.get(*at).is_some_and(|value| value.same_value(force));
    let Some(at) = by_name.filter(same).or_else(|| (0..values.len()).find(same)) else { return false };
    draft.variants[at].force.extend(ids);
    true
}

/// Reads the filters: the layer and the holdout go to the draft. Gives the enrolled part of the slot.
fn filters(rule: &Node, salt: Option<&str>, draft: &mut Draft) -> Option<f64> {
    let mut enrolled = None;
    for filter in rule.at_path("filters").and_then(Node::as_array).unwrap_or_default() {
        let seed = filter.at_path("seed").and_then(Node::as_str).unwrap_or_default();
        let same_unit = filter.at_path("attribute").and_then(Node::as_str).or(Some("id")) == draft.unit.as_deref();
        let version = filter.at_path("hashVersion").and_then(number) == Some(2.0);
        let range = ranges(filter).and_then(|ranges| match ranges.as_slice() {
            [one] => Some(*one),
            _ => None,
        });
        let place = Some(filter.span);
        match (seed.rsplit_once('/'), range.filter(|_| same_unit && version)) {
            (Some((of, "holdout")), Some((from, 1.0))) => {
                draft.holdout = Some(DraftHoldout { salt: of.to_owned(), share: from, place });
            }
            (Some((of, "layer")), Some((from, to))) => {
                draft.layer = Some(DraftLayer { salt: of.to_owned(), from, to, place });
            }
            (Some((of, "enrol")), Some((0.0, to))) if Some(of) == salt => enrolled = Some(to),
            _ => draft
                .lose(filter.span, format!("a filter with seed `{seed}` is no layer, holdout or enrolment of a spec")),
        }
    }
    if let Some(namespace) = rule.at_path("namespace") {
        match namespace.as_array() {
            Some([name, from, to]) if name.as_str().is_some() => {
                let (from, to) = (number(from).unwrap_or(0.0), number(to).unwrap_or(1.0));
                let salt = name.as_str().unwrap_or_default().to_owned();
                draft.layer = Some(DraftLayer { salt, from, to, place: Some(namespace.span) });
                draft.lose(namespace.span, "a namespace hashes otherwise than a layer: units move between slots once");
            }
            _ => draft.lose(namespace.span, "this namespace cannot be read"),
        }
    }
    enrolled
}

/// Conditions that must all hold.
fn all(node: &Node, draft: &mut Draft) {
    for entry in node.as_table().into_iter().flat_map(|table| &table.entries) {
        match entry.key.as_str() {
            "$and" => entry.node.as_array().unwrap_or_default().iter().for_each(|node| clause(node, draft)),
            "$not" => out(&entry.node, draft),
            "$nor" => entry.node.as_array().unwrap_or_default().iter().for_each(|node| out(node, draft)),
            "$or" => match either(&entry.node) {
                Some(condition) => draft.conditions.push(condition),
                None => lose(&entry.node, draft),
            },
            key if key.starts_with('$') => lose(&entry.node, draft),
            attribute => on(attribute, &entry.node, draft),
        }
    }
}

fn lose(node: &Node, draft: &mut Draft) {
    draft.lose(node.span, "no condition of a spec says this: the draft enrols units that it keeps out");
}

/// One of several: what a build writes as one condition is read as one.
fn clause(node: &Node, draft: &mut Draft) {
    match negated(node) {
        Some(condition) => draft.conditions.push(condition),
        None => all(node, draft),
    }
}

/// `{ "$and": [{ x: { "$exists": true } }, { "$not": … }] }`: the attribute is there, and something does not hold.
fn negated(node: &Node) -> Option<DraftCondition> {
    let [there, not] = only(node, "$and")?.as_array()? else { return None };
    let inside = single(only(not, "$not")?)?;
    let exists = only(there, &inside.attribute)?;
    if !matches!(only(exists, "$exists")?.value, Value::Boolean(true)) {
        return None;
    }
    let test = match inside.test {
        Test::In(values) => Test::NotIn(values),
        Test::Is(value) => Test::IsNot(value),
        _ => return None,
    };
    Some(DraftCondition { attribute: inside.attribute, test })
}

fn only<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match node.as_table()?.entries.as_slice() {
        [one] if one.key == key => Some(&one.node),
        _ => None,
    }
}

/// A condition that keeps units out.
fn out(node: &Node, draft: &mut Draft) {
    match negated(node).or_else(|| single(node)) {
        Some(condition) => draft.exclusions.push(condition),
        None => lose(node, draft),
    }
}

/// The one condition that a table is.
fn single(node: &Node) -> Option<DraftCondition> {
    if let Some(parts) = only(node, "$or") {
        return either(parts);
    }
    let [entry] = node.as_table()?.entries.as_slice() else { return None };
    if entry.key.starts_with('$') {
        return None;
    }
    let mut scratch = Draft::default();
    on(&entry.key, &entry.node, &mut scratch);
    match (scratch.lost.as_slice(), scratch.exclusions.as_slice(), scratch.conditions.as_slice()) {
        ([], [], [one]) => Some(one.clone()),
        _ => None,
    }
}

/// Several equalities on one attribute are one list.
fn either(parts: &Node) -> Option<DraftCondition> {
    let mut attribute: Option<String> = None;
    let mut values: Vec<Scalar> = Vec::new();
    for part in parts.as_array()? {
        let one = single(part)?;
        if *attribute.get_or_insert_with(|| one.attribute.clone()) != one.attribute {
            return None;
        }
        match one.test {
            Test::In(some) => values.extend(some),
            Test::Is(value) => values.push(value),
            _ => return None,
        }
    }
    Some(DraftCondition { attribute: attribute?, test: Test::In(values) })
}

/// The tests of one attribute.
fn on(attribute: &str, node: &Node, draft: &mut Draft) {
    let condition = |test: Test| DraftCondition { attribute: attribute.to_owned(), test };
    let Some(table) = node.as_table().filter(|table| table.entries.iter().any(|entry| entry.key.starts_with('$')))
    else {
        match scalar(node) {
            Some(value) => draft.conditions.push(condition(Test::Is(value))),
            None => lose(node, draft),
        }
        return;
    };
    let guarded = table.entry("$type").is_some() && 1 < table.entries.len();
    for Entry { key, node, .. } in &table.entries {
        let bound = number(node);
        let version = |sign: &str| Test::semver(sign, node.as_str()?);
        let test = match key.as_str() {
            "$type" if guarded => continue,
            "$regex" if node.as_str() == Some(VERSION) && table.entries.iter().any(|one| one.key.starts_with("$v")) => {
                continue;
            }
            "$eq" => scalar(node).map(Test::Is),
            "$in" => scalars(node).map(Test::In),
            "$gte" => bound.map(Test::AtLeast),
            "$lte" => bound.map(Test::AtMost),
            "$gt" => bound.map(Test::Above),
            "$lt" => bound.map(Test::Below),
            "$veq" => version("="),
            "$vne" => version("!="),
            "$vgte" => version(">="),
            "$vlte" => version("<="),
            "$vgt" => version(">"),
            "$vlt" => version("<"),
            "$regex" => node.as_str().and_then(pattern),
            // To GrowthBook a missing attribute is not equal to anything: an exclusion says the same.
            "$ne" | "$nin" => {
                let test = if key == "$ne" { scalar(node).map(Test::Is) } else { scalars(node).map(Test::In) };
                match test {
                    Some(test) => draft.exclusions.push(condition(test)),
                    None => lose(node, draft),
                }
                continue;
            }
            "$not" => {
                let mut scratch = Draft::default();
                on(attribute, node, &mut scratch);
                match (scratch.lost.as_slice(), scratch.exclusions.as_slice(), scratch.conditions.as_slice()) {
                    ([], [], [one]) => draft.exclusions.push(one.clone()),
                    _ => lose(node, draft),
                }
                continue;
            }
            _ => None,
        };
        match test {
            Some(test) => draft.conditions.push(condition(test)),
            None => lose(node, draft),
        }
    }
}

/// A pattern that is a beginning or an end and nothing else.
fn pattern(pattern: &str) -> Option<Test> {
    if let Some(start) = pattern.strip_prefix('^') {
        return literal(start).map(Test::StartsWith);
    }
    literal(pattern.strip_suffix('$')?).map(Test::EndsWith)
}

/// The text of a pattern that means itself.
fn literal(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut signs = pattern.chars();
    while let Some(c) = signs.next() {
        text.push(match c {
            '\\' => signs.next().filter(|c| c.is_ascii_punctuation())?,
            c if r".+*?()|[]{}^$".contains(c) => return None,
            c => c,
        });
    }
    (!text.is_empty()).then_some(text)
}
