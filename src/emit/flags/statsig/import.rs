//! What config specs of Statsig say, `{ "dynamic_configs": { … }, "condition_map": { … } }`: each spec of entity
//! `experiment` is one.
//!
//! Rules are known by what they ask: listed ids that get a group are forced units, a gate that is passed the holdout, a
//! part of a hash the layer or the enrolment, a gate that is failed the audience, and the groups end it. Statsig's own
//! server makes its salts, which no spec can ask for: units would be assigned anew, and that is told.

use super::PARTS;
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, number, scalar, scalars,
    smallest,
};
use crate::emit::flags::patterns;
use crate::spec::Scalar;
use crate::syntax::{Entry, Node, Value};
use crate::text::Span;

/// The parts of a hash.
const MOST: f64 = PARTS as f64;

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let table = |path: &str| export.root.at_path(path).and_then(Node::as_table);
    let configs = table("dynamic_configs").ok_or("has no table `dynamic_configs`")?;
    table("condition_map").ok_or("has no table `condition_map`")?;
    let entity = |entry: &&Entry| text(&entry.node, "entity") == Some("experiment");
    let specs = Specs { export };
    Ok(configs.entries.iter().filter(entity).filter_map(|entry| specs.draft(entry)).collect())
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.as_table()?.get(key)?.as_str()
}

struct Specs<'e> {
    export: &'e Export<'e>,
}

/// A part of a hash: its salt, and where it begins and ends.
struct Part<'n> {
    salt: &'n str,
    from: f64,
    to: f64,
}

impl<'e> Specs<'e> {
    /// The conditions of a rule; nothing when one is not there.
    fn conditions(&self, rule: &Node) -> Option<Vec<&'e Node>> {
        let all = self.export.root.as_table()?.get("condition_map")?.as_table()?;
        rule.as_table()?.get("conditions")?.as_array()?.iter().map(|name| all.get(name.as_str()?)).collect()
    }

    fn gate(&self, name: &str) -> Option<&'e Node> {
        self.export.root.as_table()?.get("feature_gates")?.as_table()?.get(name)
    }

    /// Nothing where nobody is enrolled or forced: who would be is not here.
    fn draft(&self, config: &'e Entry) -> Option<Draft> {
        let mut draft = Draft::of(&config.key);
        let node = &config.node;
        let unit = text(node, "idType").unwrap_or("userID");
        draft.unit = Some(if unit == "userID" { "user_id" } else { unit }.to_owned());
        if let Some(off) = node.as_table().and_then(|table| table.get("defaultValue")) {
            draft.off = Some(draft.payload(self.export, off));
        }
        let rules = node.as_table().and_then(|table| table.get("rules")).and_then(Node::as_array).unwrap_or_default();
        let is_group = |rule: &&Node| {
            let is = rule.as_table().and_then(|table| table.get("isExperimentGroup"));
            is.is_some_and(|is| matches!(is.value, Value::Boolean(true)))
        };
        let groups: Vec<&Node> = rules.iter().filter(is_group).collect();
        self.groups(&groups, &mut draft);
        let mut part = Part { salt: "", from: 0.0, to: MOST };
        for rule in rules.iter().filter(|rule| !is_group(rule)) {
            self.rule(rule, &mut part, &mut draft);
        }
        if groups.is_empty() {
            draft.lack(config.key_span, "no group: other variants, weights, audience and shares are not here");
            return (!draft.variants.is_empty()).then_some(draft);
        }
        if let Some(id) =
            groups.iter().find_map(|group| text(group, "id")?.strip_suffix(&format!("/{}", text(group, "groupName")?)))
        {
            draft.id = id.to_owned();
        }
        self.share(config, &part, &mut draft);
        Some(draft)
    }

    /// The variants, by their parts of the hash.
    fn groups(&self, groups: &[&Node], draft: &mut Draft) {
        let mut at = 0.0;
        let mut parts = Vec::new();
        for group in groups {
            let of = self.conditions(group);
            let bound = of.as_deref().and_then(|of| match of {
                [one] => self.bucket(one).filter(|(_, sign, _)| *sign == "lt").map(|(salt, _, bound)| (salt, bound)),
                _ => None,
            });
            match bound {
                Some((salt, bound)) => {
                    parts.push((bound - at).max(0.0) as u64);
                    at = bound;
                    draft.salt = salt.strip_suffix("/assign").map(str::to_owned);
                }
                None => {
                    parts.push(0);
                    draft.lose(group.span, "this group is no part of a hash: its weight cannot be read");
                }
            }
        }
        for (group, weight) in groups.iter().zip(smallest(&parts)) {
            let name = text(group, "groupName").unwrap_or("unnamed").to_owned();
            let payload = match group.as_table().and_then(|table| table.get("returnValue")) {
                Some(value) => draft.payload(self.export, value),
                None => serde_json::Map::new(),
            };
            draft.variants.push(DraftVariant { name, weight: Some(weight), payload, force: Vec::new() });
        }
    }

    /// A rule before the groups.
    fn rule(&self, rule: &Node, part: &mut Part<'e>, draft: &mut Draft) {
        let Some(conditions) = self.conditions(rule) else {
            return draft.lose(rule.span, "it asks conditions that the export has not");
        };
        let [one] = conditions.as_slice() else {
            return draft
                .lose(rule.span, "a rule of several conditions before the groups: the draft knows nothing of it");
        };
        let target = one.as_table().and_then(|table| table.get("targetValue"));
        match (text(one, "type"), text(one, "operator")) {
            (Some("unit_id"), Some("any_case_sensitive" | "any")) => {
                let ids = target.and_then(Node::as_array).unwrap_or_default();
                let ids: Vec<String> = ids.iter().filter_map(Node::as_str).map(str::to_owned).collect();
                let name = text(rule, "groupName").unwrap_or_default();
                match draft.variants.iter_mut().find(|variant| variant.name == name) {
                    Some(variant) => variant.force.extend(ids),
                    None if name.is_empty() => draft.lose(rule.span, "listed ids that get no group"),
                    None => {
                        let payload = rule.as_table().and_then(|table| table.get("returnValue"));
                        let payload = payload.map(|value| draft.payload(self.export, value)).unwrap_or_default();
                        draft.variants.push(DraftVariant { name: name.to_owned(), weight: None, payload, force: ids });
                    }
                }
            }
            (Some("pass_gate"), _) => self.holdout(target, rule.span, draft),
            (Some("fail_gate"), _) => match target.and_then(Node::as_str).and_then(|name| self.gate(name)) {
                Some(gate) => self.audience(gate, draft),
                None => draft.lose(rule.span, "its gate is not in the export"),
            },
            (Some("user_bucket"), _) => match self.bucket(one) {
                Some((salt, "lt", bound)) => (part.salt, part.from) = (salt, bound),
                Some((salt, _, bound)) => (part.salt, part.to) = (salt, bound),
                None => draft.lose(rule.span, "single buckets of a hash: a slot is one range"),
            },
            _ => draft.lose(rule.span, "this rule comes first and serves its units; the draft knows nothing of it"),
        }
    }

    /// The salt, the operator and the bound of a condition on a hash.
    fn bucket(&self, condition: &'e Node) -> Option<(&'e str, &'e str, f64)> {
        let of = condition.as_table()?;
        let sign = text(condition, "operator").filter(|sign| matches!(*sign, "lt" | "gte"))?;
        let bound = of.get("targetValue").and_then(number).filter(|bound| (0.0..=MOST).contains(bound))?;
        (text(condition, "type") == Some("user_bucket")).then_some((
            text(of.get("additionalValues")?, "salt")?,
            sign,
            bound,
        ))
    }

    fn holdout(&self, target: Option<&Node>, place: Span, draft: &mut Draft) {
        let name = target.and_then(Node::as_str).unwrap_or_default();
        let rules = self.gate(name).and_then(|gate| gate.as_table()?.get("rules")?.as_array()).unwrap_or_default();
        let held = match rules {
            [rule] => self.conditions(rule).and_then(|of| match of.as_slice() {
                [one] => self.bucket(one).filter(|(_, sign, _)| *sign == "lt"),
                _ => None,
            }),
            _ => None,
        };
        match held.and_then(|(salt, _, bound)| Some((salt.strip_suffix("/holdout")?, bound))) {
            Some((salt, bound)) => {
                draft.holdout = Some(DraftHoldout { salt: salt.to_owned(), share: bound / MOST, place: Some(place) });
            }
            None => draft.lose(place, format!("the gate `{name}` is no holdout of a spec: the draft enrols its units")),
        }
    }

    /// The share, and the slot where the hash is a layer's.
    fn share(&self, config: &Entry, part: &Part<'_>, draft: &mut Draft) {
        let (from, to) = (part.from / MOST, part.to / MOST);
        let share = ((to - from).max(0.0) * 1e9).round() / 1e9;
        let own = draft.salt.clone();
        match part.salt.rsplit_once('/') {
            Some((salt, "layer")) => {
                draft.layer = Some(DraftLayer { salt: salt.to_owned(), from, to, place: Some(config.key_span) });
            }
            Some((salt, "enrol")) if own.as_deref() == Some(salt) && part.from == 0.0 => {}
            None if part.salt.is_empty() => {}
            _ => draft.lose(config.key_span, format!("the hash with salt `{}` is no layer of a spec", part.salt)),
        }
        if own.is_none() {
            draft.lose(config.key_span, "Statsig's server made the salts: a build assigns units anew");
        }
        if draft.layer.is_none() {
            draft.share = Some(share);
        }
        let built = self.export.root.at_path("expc.experiments").and_then(Node::as_table);
        let stage = built.and_then(|all| text(all.get(&draft.id)?, "stage")).unwrap_or("main");
        draft.stages.push(DraftStage { name: stage.to_owned(), share: Some(share), ..DraftStage::default() });
    }

    /// A gate that first rejects and then accepts by one rule.
    fn audience(&self, gate: &'e Node, draft: &mut Draft) {
        let rules = gate.as_table().and_then(|table| table.get("rules")).and_then(Node::as_array).unwrap_or_default();
        let passes = |rule: &Node| rule.as_table().and_then(|table| table.get("passPercentage")).and_then(number);
        for (at, rule) in rules.iter().enumerate() {
            let is_last = at + 1 == rules.len();
            let Some(conditions) = self.conditions(rule) else {
                draft.lose(rule.span, "it asks conditions that the export has not");
                continue;
            };
            match passes(rule) {
                Some(0.0) if !is_last => self.rejected(rule, &conditions, draft),
                Some(100.0) if is_last => {
                    for condition in self.all(&conditions, draft) {
                        draft.conditions.push(condition);
                    }
                }
                _ => draft.lose(rule.span, "a gate of several ways in, or of a part of them, is no audience of a spec"),
            }
        }
    }

    fn rejected(&self, rule: &Node, conditions: &[&'e Node], draft: &mut Draft) {
        let mut tests: Vec<(&str, &str)> = Vec::new();
        for one in conditions {
            tests.push((text(one, "field").unwrap_or_default(), text(one, "operator").unwrap_or_default()));
        }
        let negative = |operator: &str| matches!(operator, "none_case_sensitive" | "neq");
        // Whoever meets none of several values: one condition with all of them.
        let is_in = 1 < tests.len() && tests.iter().all(|(field, operator)| *field == tests[0].0 && negative(operator));
        let there = conditions.first().is_some_and(|one| is_there(one));
        if is_in && !there {
            let values: Option<Vec<Vec<Scalar>>> = conditions.iter().map(|one| values(one)).collect();
            if let Some(values) = values {
                let attribute = tests[0].0.to_owned();
                draft.conditions.push(DraftCondition { attribute, test: Test::In(values.concat()) });
                return;
            }
        }
        let mut made = self.all(conditions, draft);
        match made.pop().filter(|_| made.is_empty()) {
            Some(condition) => draft.exclusions.push(condition),
            None => draft.lose(rule.span, "no exclusion of a spec says this: the draft enrols units that it keeps out"),
        }
    }

    /// Conditions that must all hold, as a spec says them.
    fn all(&self, conditions: &[&'e Node], draft: &mut Draft) -> Vec<DraftCondition> {
        let mut made: Vec<DraftCondition> = Vec::new();
        let mut at = 0;
        while let Some(one) = conditions.get(at) {
            at += 1;
            if text(one, "type") == Some("unit_id") && text(one, "operator") == Some("none_case_sensitive") {
                continue;
            }
            let Some(attribute) = text(one, "field").filter(|_| text(one, "type") == Some("user_field")) else {
                draft.lose(one.span, "no condition of a spec says this");
                continue;
            };
            let test = if is_there(one) {
                // With it stand values that a missing attribute would meet.
                let with: Vec<&&Node> =
                    conditions[at..].iter().take_while(|next| text(next, "field") == Some(attribute)).collect();
                let negative: Vec<&&Node> = with
                    .iter()
                    .take_while(|next| {
                        matches!(text(next, "operator"), Some("none_case_sensitive" | "neq")) && !is_there(next)
                    })
                    .copied()
                    .collect();
                let all: Option<Vec<Vec<Scalar>>> = negative.iter().map(|next| values(next)).collect();
                match (negative.len(), all, with.first().and_then(|next| values(next))) {
                    (0, _, Some(values)) => {
                        at += 1;
                        Some(Test::In(values))
                    }
                    (0, ..) => None,
                    (many, Some(values), _) => {
                        at += many;
                        Some(one_or(values.concat(), Test::IsNot, Test::NotIn))
                    }
                    (many, None, _) => {
                        at += many;
                        None
                    }
                }
            } else {
                test(one, draft)
            };
            match test {
                Some(test) => made.push(DraftCondition { attribute: attribute.to_owned(), test }),
                None => {
                    draft.lose(one.span, "no condition of a spec says this: the draft enrols units that it keeps out")
                }
            }
        }
        made
    }
}

/// `neq null`: the key of a null is not in the tree.
fn is_there(condition: &Node) -> bool {
    let target = condition.as_table().and_then(|table| table.get("targetValue"));
    text(condition, "operator") == Some("neq") && target.is_none()
}

/// The values of an equality, or of its negation.
fn values(condition: &Node) -> Option<Vec<Scalar>> {
    let target = condition.as_table()?.get("targetValue")?;
    match text(condition, "operator")? {
        "any_case_sensitive" | "none_case_sensitive" => scalars(target),
        "eq" | "neq" => Some(vec![scalar(target)?]),
        _ => None,
    }
}

fn one_or(mut values: Vec<Scalar>, one: fn(Scalar) -> Test, many: fn(Vec<Scalar>) -> Test) -> Test {
    match values.pop() {
        Some(value) if values.is_empty() => one(value),
        Some(value) => {
            values.push(value);
            many(values)
        }
        None => many(values),
    }
}

/// One comparison that a missing attribute does not meet.
fn test(condition: &Node, draft: &mut Draft) -> Option<Test> {
    let of = condition.as_table()?;
    let target = of.get("targetValue")?;
    let mut otherwise = |text: &str| draft.lose(condition.span, text);
    Some(match text(condition, "operator")? {
        "any_case_sensitive" | "eq" => one_or(values(condition)?, Test::Is, Test::In),
        "any" => {
            otherwise("Statsig ignores case here, and a spec does not");
            Test::In(scalars(target)?)
        }
        "gte" => Test::AtLeast(number(target)?),
        "lte" => Test::AtMost(number(target)?),
        "gt" => Test::Above(number(target)?),
        "lt" => Test::Below(number(target)?),
        "str_matches" => {
            let pattern = target.as_str()?;
            let range = of.get("additionalValues").and_then(|values| text(values, "semver"));
            match range.and_then(|range| range.parse().ok()) {
                Some(range) if patterns::version(&range) == pattern => Test::Semver(range),
                _ => match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
                    (Some(start), _) => Test::StartsWith(patterns::meant(start)?),
                    (None, Some(end)) => Test::EndsWith(patterns::meant(end)?),
                    _ => return None,
                },
            }
        }
        operator => {
            let sign = match operator {
                "version_gte" => ">=",
                "version_lte" => "<=",
                "version_gt" => ">",
                "version_lt" => "<",
                "version_eq" => "=",
                _ => return None,
            };
            let version = target.as_str()?;
            otherwise("Statsig reads short versions and pre-releases otherwise than a spec");
            Test::semver(sign, version)?
        }
    })
}
