//! What Unleash's features say, `{ "features": [ … ] }` as SDKs fetch them or as a project exports them: each feature
//! with a strategy that chooses among variants is an experiment.
//!
//! Unleash hashes with the group and knows attributes as text. So a draft keeps the group as its salt, and units keep
//! their variants; the texts `true` and `false` are read as yes and no, which are the same to Unleash. Strategies before
//! the experiment are its forced units, exclusions, holdout and slot where they are what a build writes for these.

use super::super::patterns::meant;
use super::SIGNS;
use super::conditions::{CURRENT_TIME, NOT_EMPTY, PRESENT, VERSION};
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, number, smallest,
};
use crate::spec::{Day, Scalar};
use crate::syntax::{Node, Value};

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let features = field(&export.root, "features").and_then(Node::as_array).ok_or("has no list `features`")?;
    if features.iter().any(|feature| text(feature, "name").is_none()) {
        return Err("has a feature without a `name`".to_owned());
    }
    Ok(features.iter().filter_map(|feature| Feature::of(export, feature)?.draft()).collect())
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

fn is_true(node: &Node, key: &str) -> bool {
    matches!(field(node, key), Some(Node { value: Value::Boolean(true), .. }))
}

struct Feature<'e> {
    export: &'e Export<'e>,
    node: &'e Node,
    name: &'e str,
    strategies: Vec<&'e Node>,
    /// What strategies without variants of their own choose among.
    variants: &'e [Node],
}

impl<'e> Feature<'e> {
    fn of(export: &'e Export<'e>, node: &'e Node) -> Option<Self> {
        let name = text(node, "name")?;
        let own = |node: &&Node| text(node, "featureName") == Some(name);
        // The export of a project has strategies and variants apart from the features.
        let strategies = match field(node, "strategies") {
            Some(_) => items(node, "strategies").iter().collect(),
            None => items(&export.root, "featureStrategies").iter().filter(own).collect(),
        };
        let variants = match field(node, "variants") {
            Some(_) => items(node, "variants"),
            None => items(&export.root, "featureEnvironments")
                .iter()
                .find(own)
                .map_or(&[][..], |environment| items(environment, "variants")),
        };
        Some(Self { export, node, name, strategies, variants })
    }

    /// True when a strategy enrols units of an experiment.
    fn enrols(&self, strategy: &Node) -> bool {
        let own = items(strategy, "variants");
        let built = items(strategy, "constraints").iter().any(|one| text(one, "value") == Some(NOT_EMPTY));
        let many = 1 < own.len() || own.is_empty() && 1 < self.variants.len();
        let reads = matches!(text(strategy, "name"), Some("flexibleRollout" | "default"));
        reads && !is_true(strategy, "disabled") && (many || built)
    }

    fn draft(&self) -> Option<Draft> {
        let mut draft = Draft::of(self.name);
        let built = text(self.node, "description").and_then(built);
        if let Some(id) = built {
            draft.id = id.to_owned();
        }
        let first = self.strategies.iter().position(|strategy| self.enrols(strategy));
        let at = first.unwrap_or(self.strategies.len());
        if first.is_none() && built.is_none() {
            return None;
        }
        let dated = first.is_some_and(|at| dates(self.strategies[at]).is_some());
        let (mut stages, mut after) = (Vec::new(), Vec::new());
        for strategy in &self.strategies[at..] {
            let is_stage = stages.is_empty() || dated && dates(strategy).is_some() && self.enrols(strategy);
            if is_stage { stages.push(*strategy) } else { after.push(*strategy) }
        }
        self.told(&mut draft);
        if let Some(stage) = stages.first() {
            self.experiment(stage, &mut draft);
        }
        let before = self.before(&self.strategies[..at], stages.is_empty(), &mut draft);
        if stages.is_empty() {
            if draft.variants.is_empty() {
                return None;
            }
            let place = field(self.node, "strategies").unwrap_or(self.node).span;
            let text = "no strategy enrols anybody: other variants, weights, audience and shares are not here";
            draft.lack(place, text);
            return Some(draft);
        }
        self.ramp(&stages, before, &mut draft);
        for strategy in after {
            match off(strategy).filter(|_| items(strategy, "constraints").is_empty()) {
                Some(off) => draft.off = Some(payload(off, &mut draft)),
                None => draft.lose(
                    strategy.span,
                    "units that are not enrolled fall to this strategy; the draft serves them the default",
                ),
            }
        }
        Some(draft)
    }

    /// What the feature says beside its strategies.
    fn told(&self, draft: &mut Draft) {
        if let Some(enabled) = field(self.node, "enabled").filter(|node| matches!(node.value, Value::Boolean(false))) {
            draft.lose(enabled.span, "the flag is off: nobody is enrolled, and a spec says so by its status alone");
        }
        if let Some(others) = field(self.node, "dependencies").filter(|_| !items(self.node, "dependencies").is_empty())
        {
            draft.lose(others.span, "the flag depends on other flags, and an experiment on none");
        }
        let known = [
            "name",
            "type",
            "description",
            "enabled",
            "stale",
            "impressionData",
            "project",
            "strategies",
            "variants",
            "dependencies",
            "createdAt",
            "lastSeenAt",
            "archived",
            "archivedAt",
            "createdByUserId",
        ];
        draft.lose_unknown(self.node, &known);
    }

    /// Unit, variants, salt and conditions of the strategy that enrols.
    fn experiment(&self, strategy: &'e Node, draft: &mut Draft) {
        let known = [
            "name",
            "title",
            "parameters",
            "constraints",
            "variants",
            "segments",
            "id",
            "sortOrder",
            "disabled",
            "featureName",
            "milestoneId",
            "strategyName",
        ];
        draft.lose_unknown(strategy, &known);
        let variants = self.variants_of(strategy);
        let sticky = stickiness(strategy).or_else(|| text(variants.first()?, "stickiness"));
        let place = field(strategy, "parameters").unwrap_or(strategy).span;
        match sticky {
            Some("random") => draft.lack(place, "units are drawn at random, each time anew: a spec names a unit"),
            Some("default") | None => {
                draft.unit = Some("userId".to_owned());
                draft.lose(place, "`default` takes the session, or chance, where there is no `userId`");
            }
            Some(unit) => draft.unit = Some(unit.to_owned()),
        }
        for one in variants {
            draft.lose_unknown(
                one,
                &["name", "weight", "weightType", "stickiness", "payload", "overrides", "feature_enabled"],
            );
            let name = text(one, "name").unwrap_or("unnamed").to_owned();
            let mut force = Vec::new();
            for list in items(one, "overrides") {
                match text(list, "contextName").filter(|name| Some(*name) == sticky) {
                    Some(_) => force.extend(texts(list).into_iter().map(str::to_owned)),
                    None => draft.lose(list.span, "this override is not by the unit that is randomised"),
                }
            }
            if text(one, "stickiness").is_some_and(|other| Some(other) != sticky) {
                draft.lose(
                    one.span,
                    "the variant sticks to another attribute than the rollout: units are assigned anew",
                );
            }
            let payload = payload(one, draft);
            draft.variants.push(DraftVariant { name, weight: None, payload, force });
        }
        let group = parameter(strategy, "groupId").unwrap_or(self.name);
        let layer = group.ends_with("/layer");
        let salt = salt(group);
        if !items(strategy, "variants").is_empty() {
            draft.salt = Some(salt);
        } else if !layer && group != self.name && text(strategy, "name") != Some("default") {
            draft.lose(
                place,
                format!("the group `{group}` enrols and the flag's name assigns: a build assigns units anew"),
            );
        } else if !layer {
            draft.salt = Some(self.name.to_owned());
        }
        let constraints = self.constraints(strategy, draft);
        let unit = draft.unit.clone().unwrap_or_default();
        let constraints: Vec<Constraint<'_>> = constraints.into_iter().filter(|one| one.name != CURRENT_TIME).collect();
        read(&constraints, &unit, draft);
    }

    fn variants_of(&self, strategy: &'e Node) -> &'e [Node] {
        match items(strategy, "variants") {
            [] => self.variants,
            own => own,
        }
    }

    /// The constraints of a strategy and of its segments.
    fn constraints(&self, strategy: &'e Node, draft: &mut Draft) -> Vec<Constraint<'e>> {
        let mut all: Vec<&Node> = items(strategy, "constraints").iter().collect();
        for id in items(strategy, "segments") {
            let mut known = items(&self.export.root, "segments").iter();
            match known.find(|segment| field(segment, "id").is_some_and(|own| own.same_value(id))) {
                Some(segment) => all.extend(items(segment, "constraints")),
                None => {
                    draft.lose(id.span, "the segment is not in the export: the draft enrols units that it keeps out")
                }
            }
        }
        all.into_iter().map(Constraint::of).collect()
    }

    /// Strategies that come first. Gives the part below the slot.
    fn before(&self, strategies: &[&'e Node], is_waiting: bool, draft: &mut Draft) -> f64 {
        let mut below = 0.0;
        for strategy in strategies {
            let constraints = self.constraints(strategy, draft);
            let group = parameter(strategy, "groupId").unwrap_or_default();
            let share = share(strategy);
            if is_true(strategy, "disabled") {
                draft.lose(strategy.span, "a strategy that is disabled: the draft knows nothing of it");
            } else if let (Some(off), Some(share)) = (off(strategy), share) {
                if let (Some(of), []) = (group.strip_suffix("/holdout"), constraints.as_slice()) {
                    draft.holdout = Some(DraftHoldout { salt: salt(of), share, place: Some(strategy.span) });
                } else if group.ends_with("/layer") && constraints.is_empty() {
                    below = share;
                } else if share == 1.0 && !constraints.is_empty() {
                    excluded(&constraints, strategy, draft);
                } else if is_waiting && constraints.is_empty() {
                    draft.off = Some(payload(off, draft));
                } else {
                    draft.lose(strategy.span, "this strategy comes first and serves its units `off`");
                }
            } else if share != Some(1.0) || !forces(strategy, &constraints, is_waiting, draft) {
                draft.lose(
                    strategy.span,
                    "this strategy comes first and serves its units; the draft knows nothing of it",
                );
            }
        }
        below
    }

    /// The stages, their weights and the slot.
    fn ramp(&self, stages: &[&'e Node], below: f64, draft: &mut Draft) {
        let weights: Vec<Vec<f64>> = stages.iter().map(|strategy| self.weights(strategy, draft)).collect();
        let own = weights.last().cloned().unwrap_or_default();
        for (variant, weight) in draft.variants.iter_mut().zip(&own) {
            variant.weight = Some(*weight);
        }
        let mut largest: f64 = 0.0;
        for (strategy, weights) in stages.iter().zip(weights) {
            let Some(reach) = share(strategy) else {
                draft.lack(strategy.span, "the rollout cannot be read, and so the share of units is missing");
                continue;
            };
            let part = ((reach - below).max(0.0) * 1e9).round() / 1e9;
            largest = largest.max(part);
            let days = dates(strategy);
            let constraints = items(strategy, "constraints");
            if constraints.iter().any(|one| text(one, "contextName") == Some(CURRENT_TIME)) && days.is_none() {
                draft.lose(strategy.span, "times that are no midnights of UTC: a stage begins on a day");
            }
            let (begin, end) = days.unwrap_or_default();
            if draft.stages.is_empty() {
                draft.start = begin;
            }
            let length = begin
                .zip(end)
                .and_then(|(begin, end)| begin.0.until(end.0).ok())
                .map(|span| i64::from(span.get_days()));
            draft.stages.push(DraftStage {
                name: text(strategy, "title").filter(|title| !title.is_empty()).unwrap_or("main").to_owned(),
                share: Some(part),
                days: length,
                weights: Some(weights).filter(|weights| *weights != own),
            });
        }
        let layer = stages.first().and_then(|strategy| parameter(strategy, "groupId")?.strip_suffix("/layer"));
        match (layer, stages.first()) {
            (Some(of), Some(first)) => {
                let to = ((below + largest) * 1e9).round() / 1e9;
                draft.layer = Some(DraftLayer { salt: salt(of), from: below, to, place: Some(first.span) });
                let text =
                    "the export does not say where the slot ends: the draft ends it where the largest stage does";
                draft.lack(first.span, text);
            }
            _ => draft.share = Some(largest),
        }
    }

    /// The weights of a stage, in the order of the draft's variants.
    fn weights(&self, strategy: &'e Node, draft: &mut Draft) -> Vec<f64> {
        let given = self.variants_of(strategy);
        for other in given {
            let name = text(other, "name").unwrap_or("unnamed");
            if draft.variants.iter().all(|variant| variant.name != name) {
                let payload = payload(other, draft);
                draft.variants.push(DraftVariant { name: name.to_owned(), payload, ..DraftVariant::default() });
            }
        }
        let weight = |variant: &DraftVariant| {
            let one = given.iter().find(|one| text(one, "name").unwrap_or("unnamed") == variant.name)?;
            number(field(one, "weight")?)
        };
        let parts: Vec<u64> = draft
            .variants
            .iter()
            .map(|variant| weight(variant).unwrap_or(0.0).clamp(0.0, 1e6).round() as u64)
            .collect();
        smallest(&parts)
    }
}

/// The id of the experiment that a build names.
fn built(description: &str) -> Option<&str> {
    let (id, rest) = description.strip_prefix("Experiment ")?.split_once(", stage ")?;
    rest.contains(", plan sha256:").then_some(id)
}

fn parameter<'n>(strategy: &'n Node, key: &str) -> Option<&'n str> {
    text(field(strategy, "parameters")?, key)
}

fn stickiness(strategy: &Node) -> Option<&str> {
    parameter(strategy, "stickiness")
}

/// The part of all units that a strategy takes.
fn share(strategy: &Node) -> Option<f64> {
    if text(strategy, "name") == Some("default") {
        return Some(1.0);
    }
    let rollout = field(field(strategy, "parameters")?, "rollout")?;
    let percent = number(rollout).or_else(|| rollout.as_str()?.parse().ok())?;
    (0.0..=100.0).contains(&percent).then(|| (percent * 1e7).round() / 1e9)
}

/// The one variant of a strategy that serves `off`.
fn off(strategy: &Node) -> Option<&Node> {
    match items(strategy, "variants") {
        [one] if text(one, "name") == Some("off") => Some(one),
        _ => None,
    }
}

/// First and last day of a strategy that is bound to days.
fn dates(strategy: &Node) -> Option<(Option<Day>, Option<Day>)> {
    let (mut begin, mut end, mut found) = (None, None, false);
    for one in items(strategy, "constraints").iter().filter(|one| text(one, "contextName") == Some(CURRENT_TIME)) {
        found = true;
        let day = Some(midnight(text(one, "value")?)?);
        match (text(one, "operator")?, is_true(one, "inverted")) {
            ("DATE_BEFORE", true) | ("DATE_AFTER", false) => begin = day,
            ("DATE_BEFORE", false) | ("DATE_AFTER", true) => end = day,
            _ => return None,
        }
    }
    found.then_some((begin, end))
}

/// The day that begins at a time in UTC; nothing within a day.
fn midnight(time: &str) -> Option<Day> {
    let plain = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00"))?;
    let at: jiff::civil::DateTime = plain.parse().ok()?;
    (at.time() == jiff::civil::Time::midnight()).then(|| Day(at.date()))
}

/// The salt of a group: signs beyond those of names are spelt out in it.
fn salt(group: &str) -> String {
    let pairs = group.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || SIGNS.contains(c) || c == '/';
    let is_hex = group.len().is_multiple_of(2) && group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    pairs
        .collect::<Option<Vec<u8>>>()
        .filter(|_| is_hex)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| !text.chars().all(plain))
        .unwrap_or_else(|| group.to_owned())
}

/// What a variant returns: JSON in a text, or a text.
fn payload(variant: &Node, draft: &mut Draft) -> serde_json::Map<String, serde_json::Value> {
    let Some((payload, value)) = field(variant, "payload").and_then(|node| Some((node, field(node, "value")?))) else {
        return serde_json::Map::new();
    };
    let Some(written) = value.as_str() else {
        draft.lose(value.span, "this payload is no text");
        return serde_json::Map::new();
    };
    let quoted = serde_json::Value::from(written).to_string();
    let is_json = matches!(text(payload, "type"), Some("json" | "number"));
    let inner = Export::read(written).ok().filter(|_| is_json).or_else(|| Export::read(&quoted).ok());
    let known = draft.lost.len();
    let made = inner.map(|inner| draft.payload(&inner, &inner.root)).unwrap_or_default();
    for remark in &mut draft.lost[known..] {
        remark.place = Some(value.span);
    }
    made
}

/// True when a strategy serves listed ids one variant.
fn forces(strategy: &Node, constraints: &[Constraint<'_>], is_waiting: bool, draft: &mut Draft) -> bool {
    let ([one], [ids]) = (items(strategy, "variants"), constraints) else { return false };
    if is_waiting && draft.unit.is_none() {
        draft.unit = Some(ids.name.to_owned());
    }
    if draft.unit.as_deref() != Some(ids.name) || ids.is_inverted || ids.ignores_case {
        return false;
    }
    let Some(ids) = ids.listed() else { return false };
    let name = text(one, "name").unwrap_or("unnamed");
    if is_waiting && draft.variants.iter().all(|variant| variant.name != name) {
        let payload = payload(one, draft);
        draft.variants.push(DraftVariant { name: name.to_owned(), payload, ..DraftVariant::default() });
    }
    match draft.variants.iter_mut().find(|variant| variant.name == name) {
        Some(variant) => variant.force.extend(ids),
        None => return false,
    }
    true
}

/// A strategy that serves `off` to units of one condition.
fn excluded(constraints: &[Constraint<'_>], strategy: &Node, draft: &mut Draft) {
    let mut scratch = Draft::default();
    read(constraints, "", &mut scratch);
    match (scratch.conditions.pop(), scratch.conditions.as_slice(), scratch.exclusions.as_slice(), scratch.lost.len()) {
        (Some(one), [], [], 0) => draft.exclusions.push(one),
        _ => draft.lose(strategy.span, "no exclusion of a spec says this: the draft enrols units that it keeps out"),
    }
}

struct Constraint<'n> {
    node: &'n Node,
    name: &'n str,
    operator: &'n str,
    is_inverted: bool,
    ignores_case: bool,
    value: &'n str,
}

fn texts(node: &Node) -> Vec<&str> {
    items(node, "values").iter().filter_map(Node::as_str).collect()
}

impl<'n> Constraint<'n> {
    fn of(node: &'n Node) -> Self {
        let text = |key: &str| text(node, key).unwrap_or_default();
        Self {
            node,
            name: text("contextName"),
            operator: text("operator"),
            is_inverted: is_true(node, "inverted"),
            ignores_case: is_true(node, "caseInsensitive"),
            value: text("value"),
        }
    }

    fn is(&self, name: &str, operator: &str, value: &str) -> bool {
        (self.name, self.operator, self.value, self.is_inverted) == (name, operator, value, false)
    }

    /// The texts that the attribute may be.
    fn listed(&self) -> Option<Vec<String>> {
        match self.operator {
            "IN" => Some(texts(self.node).into_iter().map(str::to_owned).collect()),
            "REGEX" => {
                let inside = self.value.strip_prefix(r"\A(?:")?.strip_suffix(r")\z")?;
                alternatives(inside).into_iter().map(meant).collect()
            }
            _ => None,
        }
    }

    /// What it says when it is not inverted.
    fn test(&self) -> Option<Test> {
        if self.ignores_case {
            return None;
        }
        let bound = || self.value.parse::<f64>().ok().filter(|bound| bound.is_finite());
        let version = |sign: &str| Test::semver(sign, self.value);
        let only = || match texts(self.node).as_slice() {
            [one] => Some((*one).to_owned()),
            _ => None,
        };
        match self.operator {
            "IN" | "NOT_IN" => Some(among(texts(self.node).into_iter().map(str::to_owned).collect())),
            "STR_STARTS_WITH" => only().map(Test::StartsWith),
            "STR_ENDS_WITH" => only().map(Test::EndsWith),
            "NUM_EQ" => bound().map(|bound| Test::Is(Scalar::Number(bound))),
            "NUM_GTE" => bound().map(Test::AtLeast),
            "NUM_LTE" => bound().map(Test::AtMost),
            "NUM_GT" => bound().map(Test::Above),
            "NUM_LT" => bound().map(Test::Below),
            "SEMVER_EQ" => version("="),
            "SEMVER_GT" => version(">"),
            "SEMVER_LT" => version("<"),
            "SEMVER_GTE" => version(">="),
            "SEMVER_LTE" => version("<="),
            "REGEX" => self.listed().map(among).or_else(|| match self.value.strip_prefix(r"\A") {
                Some(start) => meant(start).map(Test::StartsWith),
                None => meant(self.value.strip_suffix(r"\z")?).map(Test::EndsWith),
            }),
            _ => None,
        }
    }
}

/// Parts between bars that are not escaped.
fn alternatives(pattern: &str) -> Vec<&str> {
    let (mut parts, mut from, mut is_escaped) = (Vec::new(), 0, false);
    for (at, c) in pattern.char_indices() {
        if c == '|' && !is_escaped {
            parts.push(&pattern[from..at]);
            from = at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    parts.push(&pattern[from..]);
    parts
}

fn among(mut texts: Vec<String>) -> Test {
    let scalar = |text: String| match text.as_str() {
        "true" => Scalar::Flag(true),
        "false" => Scalar::Flag(false),
        _ => Scalar::Text(text),
    };
    match texts.pop() {
        Some(one) if texts.is_empty() => Test::Is(scalar(one)),
        Some(last) => Test::In(texts.into_iter().chain([last]).map(scalar).collect()),
        None => Test::In(Vec::new()),
    }
}

/// Constraints that hold together. What a build writes as several is one condition.
fn read(constraints: &[Constraint<'_>], unit: &str, draft: &mut Draft) {
    let mut at = 0;
    while let Some(one) = constraints.get(at) {
        let next = constraints[at + 1..].iter().take_while(|next| next.name == one.name).collect::<Vec<_>>();
        at += 1;
        if one.name == unit && one.is(unit, "REGEX", NOT_EMPTY) {
            continue;
        }
        let condition = |test: Test| DraftCondition { attribute: one.name.to_owned(), test };
        let negated = || match next.first().filter(|next| next.is_inverted && next.operator != "NOT_IN")?.test()? {
            Test::Is(value) => Some(Test::IsNot(value)),
            Test::In(values) => Some(Test::NotIn(values)),
            _ => None,
        };
        let (test, more) = if one.is(one.name, "REGEX", VERSION) {
            match version(&next) {
                Some((test, more)) => (Some(test), more),
                None => (None, 0),
            }
        } else if one.is(one.name, "REGEX", PRESENT)
            && let Some(test) = negated()
        {
            (Some(test), 1)
        } else {
            let guarded = one.operator.starts_with("NUM_")
                && next.first().is_some_and(|next| next.is(one.name, "REGEX", "[0-9]"));
            (one.test(), usize::from(guarded))
        };
        at += more;
        // Units without the attribute meet what is inverted: an exclusion says the same.
        let is_out = more == 0 && one.is_inverted != (one.operator == "NOT_IN") || more == 1 && one.is_inverted;
        match test {
            Some(test) if is_out => draft.exclusions.push(condition(test)),
            Some(test) => draft.conditions.push(condition(test)),
            None if one.ignores_case => draft.lose(one.node.span, "this ignores case, and no condition of a spec does"),
            None => {
                draft.lose(one.node.span, "no condition of a spec says this: the draft enrols units that it keeps out")
            }
        }
    }
}

/// What follows the pattern of versions, and how many constraints it is.
fn version(next: &[&Constraint<'_>]) -> Option<(Test, usize)> {
    let first = next.first()?;
    if first.operator == "REGEX" && first.is_inverted {
        let same = meant(first.value.strip_prefix(r"\A")?.strip_suffix(r"(\+|\z)")?)?;
        return Some((Test::semver("!=", &same)?, 1));
    }
    if first.operator != "SEMVER_LT" {
        return None;
    }
    let before = before(first.value);
    Some(match (first.is_inverted, before) {
        (false, None) => (Test::semver("<", first.value)?, 1),
        (false, Some(version)) => (Test::semver("<=", &version)?, 1),
        (true, Some(version)) => (Test::semver(">", &version)?, 1),
        (true, None) => {
            let up_to = next.get(1).filter(|next| next.operator == "SEMVER_LT" && !next.is_inverted);
            match up_to.and_then(|next| self::before(next.value)).filter(|version| version == first.value) {
                Some(version) => (Test::semver("=", &version)?, 2),
                None => (Test::semver(">=", first.value)?, 1),
            }
        }
    })
}

/// The version that `5.2.1-0` follows: 5.2.0.
fn before(bound: &str) -> Option<String> {
    let (rest, patch) = bound.strip_suffix("-0")?.rsplit_once('.')?;
    Some(format!("{rest}.{}", patch.parse::<u64>().ok()?.checked_sub(1)?))
}
