//! What a file of flagd says: each flag that splits units with `fractional` is an experiment.
//!
//! The steps of its `if` are read from the top: lists of ids that serve one variant, then the audience with the
//! assignment behind it. What a build writes (enrolment, slot, holdout, days of stages, guards of types) is known by its
//! shape; elsewhere a plain comparison means itself.

use serde_json::{Value as Json, json};

use super::conditions;
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, day_of, number, scalar,
    scalars,
};
use crate::spec::{Day, Scalar};
use crate::syntax::{Entry, Node, Value};
use crate::text::Span;

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let flags = export.root.at_path("flags").and_then(Node::as_table).ok_or("has no table `flags`")?;
    let is_flag = |entry: &Entry| entry.node.at_path("variants").is_some_and(|node| node.as_table().is_some());
    if let Some(other) = flags.entries.iter().find(|entry| !is_flag(entry)) {
        return Err(format!("has no `variants` in `{}`", other.key));
    }
    Ok(flags.entries.iter().filter_map(|flag| Reader { export, flag, draft: Draft::of(&flag.key) }.read()).collect())
}

struct Reader<'e> {
    export: &'e Export<'e>,
    flag: &'e Entry,
    draft: Draft,
}

/// The arguments of an operation.
fn of<'n>(node: &'n Node, operation: &str) -> Option<&'n [Node]> {
    match node.as_table()?.entries.as_slice() {
        [one] if one.key == operation => one.node.as_array(),
        _ => None,
    }
}

/// The name of an attribute.
fn var(node: &Node) -> Option<&str> {
    match node.as_table()?.entries.as_slice() {
        [one] if one.key == "var" => one.node.as_str().or_else(|| match one.node.as_array()? {
            [name] => name.as_str(),
            _ => None,
        }),
        _ => None,
    }
}

/// One hash of a unit: what it is salted with, the attribute, the weights in their order.
struct Split<'n> {
    salt: Option<&'n str>,
    unit: Option<&'n str>,
    weights: Vec<(&'n str, f64)>,
    place: Span,
}

impl<'e> Reader<'e> {
    fn read(mut self) -> Option<Draft> {
        let node = &self.flag.node;
        let targeting = self.resolved(node.at_path("targeting")?);
        let text = |path: &str| node.at_path(path).and_then(Node::as_str);
        if let Some(id) = text("metadata.experiment") {
            self.draft.id = id.to_owned();
        }
        let stage = text("metadata.stage").filter(|stage| *stage != "schedule").unwrap_or("main").to_owned();
        // An `if` holds conditions and results in turn, and what is left at its end.
        let steps = of(targeting, "if");
        let lone = [targeting];
        let steps: Vec<&'e Node> = match steps {
            Some(steps) => steps.iter().collect(),
            None => lone.to_vec(),
        };
        let is_one = |node: &&&Node| self.split(node).is_some() || self.days(node).is_some();
        let Some(at) = steps.iter().position(|node| is_one(&node)) else { return self.waiting(&steps) };
        self.draft.lose_unknown(node, &["state", "defaultVariant", "variants", "targeting", "metadata"]);
        if text("state") == Some("DISABLED") {
            self.draft.lose(node.span, "the flag is disabled: callers get their own default until a build is served");
        }
        self.variants(node);
        // Steps before the experiment's own condition, two by two.
        for pair in steps[..at].chunks(2) {
            let [condition, result] = pair else { break };
            if !self.forces(condition, result) {
                self.draft
                    .lose(condition.span, "this step comes first and serves its units; the draft knows nothing of it");
            }
        }
        let assignment = steps[at];
        self.assignment(assignment, &stage);
        let is_else = at % 2 == 0;
        if !is_else && let Some(condition) = steps.get(at - 1) {
            self.audience(self.resolved(condition));
        }
        self.rest(&steps[at + 1..], node);
        self.shares();
        Some(self.draft)
    }

    /// A flag of a build that hashes nobody: its experiment has not begun, or is stopped.
    fn waiting(mut self, steps: &[&'e Node]) -> Option<Draft> {
        let node = &self.flag.node;
        let stage = node.at_path("metadata.stage").and_then(Node::as_str);
        node.at_path("metadata.experiment").filter(|_| stage != Some("shipped"))?;
        self.variants(node);
        let default = node.at_path("defaultVariant").and_then(Node::as_str).unwrap_or_default();
        let off = self.draft.variants.iter().position(|variant| variant.name == default);
        self.draft.off = off.map(|off| self.draft.variants.remove(off).payload);
        for pair in steps.chunks(2) {
            let [condition, result] = pair else { break };
            self.forces(condition, result);
            self.draft.unit = of(condition, "in").and_then(|one| var(one.first()?)).map(str::to_owned);
        }
        self.draft.lack(self.flag.key_span, "nobody is enrolled: weights, audience and shares are not here");
        Some(self.draft)
    }

    /// A shared rule in the place of a reference to it.
    fn resolved(&self, node: &'e Node) -> &'e Node {
        let name = match node.as_table().map(|table| table.entries.as_slice()) {
            Some([one]) if one.key == "$ref" => one.node.as_str(),
            _ => None,
        };
        let shared = |name: &str| self.export.root.as_table()?.get("$evaluators")?.as_table()?.get(name);
        name.and_then(shared).unwrap_or(node)
    }

    fn variants(&mut self, node: &'e Node) {
        for entry in node.at_path("variants").and_then(Node::as_table).into_iter().flat_map(|table| &table.entries) {
            let payload = self.draft.payload(self.export, &entry.node);
            self.draft.variants.push(DraftVariant { name: entry.key.clone(), payload, ..DraftVariant::default() });
        }
    }

    /// `{ "in": [unit, [ids]] }` that serves one variant.
    fn forces(&mut self, condition: &Node, result: &Node) -> bool {
        let read = || {
            let [unit, ids] = of(condition, "in")? else { return None };
            let ids: Option<Vec<String>> = ids.as_array()?.iter().map(|id| id.as_str().map(str::to_owned)).collect();
            Some((var(unit)?, ids?, result.as_str()?))
        };
        let Some((unit, ids, name)) = read() else { return false };
        // The unit is known once the assignment is read; a list of anything else is no list of units.
        if self.unit_of_assignment().is_some_and(|own| own != unit) {
            return false;
        }
        let Some(variant) = self.draft.variants.iter_mut().find(|variant| variant.name == name) else { return false };
        variant.force.extend(ids);
        true
    }

    fn unit_of_assignment(&self) -> Option<&'e str> {
        fn find(node: &Node) -> Option<&str> {
            match &node.value {
                Value::Table(table) => match of(node, "fractional") {
                    Some([Node { value: Value::Table(_), .. }, ..]) => {
                        let [first, ..] = of(node, "fractional")? else { return None };
                        of(first, "cat")?.iter().find_map(var).or_else(|| var(first))
                    }
                    _ => table.entries.iter().find_map(|entry| find(&entry.node)),
                },
                Value::Array(items) => items.iter().find_map(find),
                _ => None,
            }
        }
        find(self.flag.node.at_path("targeting")?).filter(|unit| !unit.starts_with('$'))
    }

    fn split<'n>(&self, node: &'n Node) -> Option<Split<'n>> {
        let arguments = of(node, "fractional")?;
        let (salt, unit, rest) = match arguments {
            [first, rest @ ..] if first.as_array().is_none() => match of(first, "cat") {
                Some([salt, unit]) => (salt.as_str(), var(unit), rest),
                Some(_) => (None, None, rest),
                None => (None, var(first), rest),
            },
            rest => (None, Some("targetingKey"), rest),
        };
        let weight = |part: &'n Node| match part.as_array()? {
            [name] => Some((name.as_str()?, 1.0)),
            [name, weight] => Some((name.as_str()?, number(weight)?)),
            _ => None,
        };
        let weights: Option<Vec<_>> = rest.iter().map(weight).collect();
        Some(Split { salt, unit, weights: weights?, place: node.span })
    }

    /// What holds from which second on: `if` with tests of the time. The first has no second.
    fn days<'n>(&self, node: &'n Node) -> Option<Vec<(Option<i64>, &'n Node)>> {
        let steps = of(node, "if")?;
        let mut from = None;
        let mut all = Vec::new();
        for step in steps.chunks(2) {
            match step {
                [test, result] => {
                    let [time, Node { value: Value::Integer(second), .. }] = of(test, "<")? else { return None };
                    if var(time)? != "$flagd.timestamp" {
                        return None;
                    }
                    all.push((from, result));
                    from = Some(*second);
                }
                last => all.push((from, last.first()?)),
            }
        }
        Some(all)
    }

    fn assignment(&mut self, node: &'e Node, stage: &str) {
        let parts = match self.days(node) {
            Some(days) => days,
            None => vec![(None, node)],
        };
        let mut first = true;
        for (second, part) in parts {
            let Some(split) = self.split(part) else {
                self.draft.lose(part.span, "no hash that splits units into variants");
                continue;
            };
            let weight =
                |name: &str| split.weights.iter().filter(|(own, _)| *own == name).map(|(_, weight)| weight).sum();
            let weights: Vec<f64> = self.draft.variants.iter().map(|variant| weight(&variant.name)).collect();
            if first {
                first = false;
                let unit = split.unit.filter(|unit| !unit.starts_with('$'));
                self.draft.unit = unit.map(str::to_owned);
                if unit.is_none() {
                    self.draft.lack(split.place, "the hash has no one attribute that a unit of the catalogue could be");
                }
                self.draft.salt = split.salt.and_then(|salt| salt.strip_suffix("/assign:")).map(str::to_owned);
                if self.draft.salt.is_none() {
                    let text = "one hash gives enrolment and variant at once: a build assigns units anew";
                    self.draft.lose(split.place, text);
                }
                // Variants that nobody gets by hash: what people outside get, or a switch.
                let hashed: Vec<bool> = self.draft.variants.iter().map(|one| weight(&one.name) != 0.0).collect();
                let default = self.flag.node.at_path("defaultVariant").and_then(Node::as_str).unwrap_or_default();
                let mut hashed = hashed.iter();
                let off = self.draft.variants.iter().find(|variant| variant.name == default);
                self.draft.off = off.map(|variant| variant.payload.clone());
                let mut gone = Vec::new();
                self.draft.variants.retain(|variant| {
                    let keep = *hashed.next().unwrap_or(&true) || !variant.force.is_empty();
                    if !keep && variant.name != default {
                        gone.push(variant.name.clone());
                    }
                    keep
                });
                for name in gone {
                    let text = format!("no hash serves the variant `{name}`, so the draft has none of it");
                    self.draft.lose(split.place, text);
                }
                for variant in &mut self.draft.variants {
                    let name = &variant.name;
                    let own = split.weights.iter().filter(|(own, _)| own == name).map(|(_, weight)| weight);
                    variant.weight = Some(own.sum());
                }
                self.draft.stages.push(DraftStage { name: stage.to_owned(), ..DraftStage::default() });
            } else {
                let text =
                    format!("weights change at second {}: write them into the stage", second.unwrap_or_default());
                self.draft.lose(part.span, format!("{text} ({weights:?})"));
            }
        }
    }

    /// What a unit must meet.
    fn audience(&mut self, node: &'e Node) {
        let one = [node];
        let clauses: Vec<&'e Node> = match of(node, "and") {
            Some(clauses) => clauses.iter().collect(),
            None => one.to_vec(),
        };
        for clause in clauses {
            if self.is_known_unit(clause) || self.hash(clause) {
                continue;
            }
            if let Some(condition) = condition(clause) {
                self.draft.conditions.push(condition);
            } else if let Some(out) = of(clause, "!").and_then(|one| condition(one.first()?)).or_else(|| other(clause))
            {
                self.draft.exclusions.push(out);
            } else {
                self.draft
                    .lose(clause.span, "no condition of a spec says this: the draft enrols units that it keeps out");
            }
        }
    }

    /// The guard against a unit without an id.
    fn is_known_unit(&self, clause: &Node) -> bool {
        let Some(unit) = self.draft.unit.as_deref().and_then(|unit| conditions::attribute(unit).ok()) else {
            return false;
        };
        super::known_unit(&unit).into_iter().map(without_null).any(|guard| guard == clause.to_json())
    }

    /// Holdout, slot and enrolment.
    fn hash(&mut self, clause: &'e Node) -> bool {
        let Some([hash, wanted]) = of(clause, "===") else { return false };
        let Some(wanted) = wanted.as_str() else { return false };
        let place = Some(clause.span);
        let hash = self.resolved(hash);
        let own = self.draft.salt.clone();
        let steps = match self.days(hash) {
            Some(days) => days,
            None => vec![(None, hash)],
        };
        let mut stages: Vec<DraftStage> = Vec::new();
        let mut begins: Vec<i64> = Vec::new();
        for (second, step) in steps {
            if step.as_str() == Some("out") {
                continue;
            }
            let Some(split) = self.split(step).filter(|split| split.unit == self.draft.unit.as_deref()) else {
                return false;
            };
            let Some((salt, kind)) = split.salt.and_then(|salt| salt.strip_suffix(':')?.rsplit_once('/')) else {
                return false;
            };
            let total: f64 = split.weights.iter().map(|(_, weight)| weight).sum();
            let weight =
                |name: &str| split.weights.iter().find(|(own, _)| *own == name).map_or(0.0, |(_, weight)| *weight);
            match (kind, wanted) {
                ("holdout", "free") => {
                    let share = weight("held") / total;
                    self.draft.holdout = Some(DraftHoldout { salt: salt.to_owned(), share, place });
                }
                ("layer", "in") => {
                    let from = weight("before") / total;
                    let to = (weight("before") + weight("in")) / total;
                    self.draft.layer = Some(DraftLayer { salt: salt.to_owned(), from, to, place });
                }
                ("enrol", "in") if own.as_deref() == Some(salt) => {
                    let share = Some(weight("in") / 1e6);
                    stages.push(DraftStage { share, ..DraftStage::default() });
                    begins.extend(second);
                }
                _ => return false,
            }
        }
        self.staged(stages, &begins, clause.span);
        true
    }

    /// The stages of the enrolment, with their days where the file has them.
    fn staged(&mut self, mut stages: Vec<DraftStage>, begins: &[i64], place: Span) {
        if stages.is_empty() {
            return;
        }
        let day = |second: &i64| day_of(*second);
        let days: Option<Vec<Day>> = begins.iter().map(day).collect();
        match (days, stages.as_mut_slice()) {
            (Some(days), stages) if days.len() == stages.len() => {
                self.draft.start = days.first().copied();
                for (stage, pair) in stages.iter_mut().zip(days.windows(2)) {
                    stage.days = Some(pair[0].until(pair[1]));
                }
                self.draft.lack(place, "how long the last stage holds is not in the file");
            }
            (None, _) => self.draft.lose(place, "a stage begins within a day; in a spec it begins at midnight in UTC"),
            _ => {}
        }
        if let ([stage], Some(named)) = (stages.as_mut_slice(), self.draft.stages.first()) {
            stage.name.clone_from(&named.name);
        } else {
            self.draft.lack(place, "the stages have no names in the file; the draft numbers them");
            for (number, stage) in stages.iter_mut().enumerate() {
                stage.name = format!("stage-{}", number + 1);
            }
        }
        self.draft.stages = stages;
    }

    /// What follows the experiment.
    fn rest(&mut self, rest: &[&Node], node: &Node) {
        let default = node.at_path("defaultVariant").and_then(Node::as_str);
        match rest {
            [] => {}
            [last] if last.as_str().is_some() => {
                let name = last.as_str();
                let payload = node.at_path("variants").and_then(Node::as_table).and_then(|table| table.get(name?));
                if name != default
                    && let Some(payload) = payload
                {
                    self.draft.off = Some(self.draft.payload(self.export, payload));
                }
            }
            [first, ..] => {
                self.draft.lose(
                    first.span,
                    "units that are not enrolled fall to this step; the draft serves them the default",
                );
            }
        }
    }

    /// Without a hash of its own everybody is enrolled.
    fn shares(&mut self) {
        let whole = self.draft.layer.as_ref().map_or(1.0, |layer| layer.to - layer.from);
        for stage in &mut self.draft.stages {
            stage.share.get_or_insert(whole);
        }
        if self.draft.layer.is_none() {
            self.draft.share = self.draft.stages.last().and_then(|stage| stage.share);
        }
    }
}

/// The one condition that a rule says, with or without the guards that a build writes.
fn condition(node: &Node) -> Option<DraftCondition> {
    if let Some(parts) = of(node, "or") {
        return either(parts);
    }
    let Some(parts) = of(node, "and") else { return plain(node) };
    let mut found: Option<DraftCondition> = None;
    for part in parts {
        let one = match (condition(part), of(part, "!").and_then(|one| condition(one.first()?))) {
            (Some(one), _) => one,
            (None, Some(DraftCondition { attribute, test: Test::In(values) })) => {
                DraftCondition { attribute, test: Test::NotIn(values) }
            }
            (None, Some(DraftCondition { attribute, test: Test::Is(value) })) => {
                DraftCondition { attribute, test: Test::IsNot(value) }
            }
            _ => continue,
        };
        if found.is_some() {
            return None;
        }
        found = Some(one);
    }
    let found = found?;
    // All other parts are guards of a build, or they mean something that would be lost.
    let attribute = conditions::attribute(&found.attribute).ok()?;
    let guards = guards(&attribute);
    let is_guard = |part: &&Node| guards.contains(&part.to_json());
    (parts.iter().filter(is_guard).count() + 1 == parts.len()).then_some(found)
}

/// What a build writes beside comparisons; alone they compare nothing.
fn guards(attribute: &Json) -> Vec<Json> {
    let written = json!({ "cat": [attribute] });
    let mut guards = vec![conditions::present(attribute), json!({ "===": [attribute, written] })];
    guards.push(json!({ "!==": [attribute, written] }));
    guards.extend(["1", "0", "true", "false"].map(|twin| json!({ "!==": [written, twin] })));
    guards.extend(["v", "V"].map(|sign| json!({ "!": [{ "starts_with": [attribute, sign] }] })));
    guards.into_iter().map(without_null).collect()
}

/// As the reader of places has it.
fn without_null(mut rule: Json) -> Json {
    rule.as_object_mut().into_iter().flat_map(|map| map.values_mut()).filter_map(Json::as_array_mut).for_each(|list| {
        list.retain(|one| !one.is_null());
    });
    rule
}

/// A missing attribute is not equal to anything here: an exclusion says the same.
fn other(node: &Node) -> Option<DraftCondition> {
    let [one, value] = of(node, "!=").or_else(|| of(node, "!=="))? else { return None };
    let attribute = var(one).filter(|name| !name.starts_with('$'))?.to_owned();
    Some(DraftCondition { attribute, test: Test::Is(scalar(value)?) })
}

fn plain(node: &Node) -> Option<DraftCondition> {
    let [entry] = node.as_table()?.entries.as_slice() else { return None };
    let arguments = entry.node.as_array()?;
    let (attribute, test) = match (entry.key.as_str(), arguments) {
        ("in", [one, list]) if list.as_array().is_some() => (var(one)?, Test::In(scalars(list)?)),
        ("==" | "===", [one, value]) => (var(one)?, Test::Is(scalar(value)?)),
        (">=", [one, bound]) => (var(one)?, Test::AtLeast(number(bound)?)),
        ("<=", [one, bound]) => (var(one)?, Test::AtMost(number(bound)?)),
        (">", [one, bound]) => (var(one)?, Test::Above(number(bound)?)),
        ("<", [one, bound]) => (var(one)?, Test::Below(number(bound)?)),
        ("starts_with", [one, start]) => (var(one)?, Test::StartsWith(start.as_str()?.to_owned())),
        ("ends_with", [one, end]) => (var(one)?, Test::EndsWith(end.as_str()?.to_owned())),
        ("sem_ver", [one, sign, version]) => (var(one)?, Test::semver(sign.as_str()?, version.as_str()?)?),
        _ => return None,
    };
    // Time and flag are no attributes of a unit.
    if attribute.starts_with('$') {
        return None;
    }
    Some(DraftCondition { attribute: attribute.to_owned(), test })
}

/// Several equalities on one attribute are one list.
fn either(parts: &[Node]) -> Option<DraftCondition> {
    let mut attribute: Option<String> = None;
    let mut values: Vec<Scalar> = Vec::new();
    for part in parts {
        let one = condition(part)?;
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
