//! What LaunchDarkly's flags say, `{ "flags": { … }, "segments": { … } }` as server SDKs load them from a file or fetch
//! them: each flag with a rollout is an experiment.
//!
//! A build's enrolment is a segment with a weight, whose clauses name the segments of exclusions, holdout and layer.
//! Elsewhere one hash gives enrolment and variant, with a salt that the server made: such units are assigned anew, which
//! is told. The unit is a kind of context, so a draft knows it by name.

use super::conditions::{USER, VERSION};
use super::{OFF, PARTS};
use crate::emit::flags::draft::{
    Draft, DraftCondition, DraftHoldout, DraftLayer, DraftStage, DraftVariant, Export, Test, number, scalar, scalars,
    smallest,
};
use crate::syntax::{Entry, Node, Value};

const WHOLE: f64 = PARTS as f64;

pub(super) fn drafts(export: &Export<'_>) -> Result<Vec<Draft>, String> {
    let flags = field(&export.root, "flags").and_then(Node::as_table).ok_or("has no table `flags`")?;
    if let Some(other) = flags.entries.iter().find(|flag| items(&flag.node, "variations").is_empty()) {
        return Err(format!("has no `variations` in `{}`", other.key));
    }
    Ok(flags.entries.iter().filter_map(|flag| Flag::of(export, flag).draft()).collect())
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

fn index(node: &Node, key: &str) -> Option<usize> {
    match field(node, key)?.value {
        Value::Integer(number) => usize::try_from(number).ok(),
        _ => None,
    }
}

/// A weight as a part of all units.
fn part(node: &Node) -> Option<f64> {
    let weight = number(field(node, "weight")?)?;
    (0.0..=WHOLE).contains(&weight).then_some(weight / WHOLE)
}

struct Flag<'e> {
    export: &'e Export<'e>,
    key: &'e str,
    entry: &'e Entry,
    node: &'e Node,
    /// By variation: the name that a build gave it, and what it returns.
    built: Option<Vec<(&'e str, &'e Node)>>,
}

impl<'e> Flag<'e> {
    fn of(export: &'e Export<'e>, entry: &'e Entry) -> Self {
        let node = &entry.node;
        let built = |value: &'e Node| Some((text(value, "variant")?, field(value, "payload")?));
        let named: Option<Vec<(&str, &Node)>> = items(node, "variations").iter().map(built).collect();
        let built = named.filter(|all| all.first().is_some_and(|(name, _)| *name == OFF));
        Self { export, key: &entry.key, entry, node, built }
    }

    fn draft(&self) -> Option<Draft> {
        let mut draft = Draft::of(self.key);
        let known = field(&self.export.root, "expc").and_then(|built| field(built, "experiments"));
        let salt = text(self.node, "salt");
        let names = salt.into_iter().chain([self.key]);
        let own = names.into_iter().find_map(|id| Some((id, text(field(known?, id)?, "stage")?)));
        if let Some((id, _)) = own {
            draft.id = id.to_owned();
        }
        let rules = items(self.node, "rules");
        let first = rules.iter().position(|rule| field(rule, "rollout").is_some());
        let fallthrough = field(self.node, "fallthrough");
        let rule = first.map(|at| &rules[at]).or_else(|| fallthrough.filter(|last| field(last, "rollout").is_some()));
        let Some(rule) = rule else {
            self.built.as_ref()?;
            return matches!(own?.1, "none" | "schedule").then(|| self.waiting(draft));
        };
        self.told(&mut draft);
        for (at, other) in rules.iter().enumerate().filter(|(at, _)| Some(*at) != first) {
            draft.lose(
                other.span,
                match first.is_none_or(|first| at < first) {
                    true => "this rule comes first and serves its units; the draft knows nothing of it",
                    false => "units that are not enrolled fall to this rule; the draft serves them the default",
                },
            );
        }
        let rollout = field(rule, "rollout").unwrap_or(rule);
        let kind = text(rollout, "contextKind").unwrap_or(USER);
        match text(rollout, "bucketBy").filter(|by| *by != "key") {
            Some(by) => draft.unit = Some(by.to_owned()),
            None => draft.unit_name = Some(kind.to_owned()),
        }
        draft.lose_unknown(rollout, &["contextKind", "bucketBy", "variations", "kind", "seed"]);
        if first.is_some() {
            draft.lose_unknown(rule, &["id", "_id", "clauses", "rollout", "trackEvents", "ref", "description"]);
        }
        let tracked = self.variants(rollout, &mut draft);
        if let Some(last) = fallthrough.filter(|_| first.is_some()) {
            match index(last, "variation") {
                Some(at) => self.off(at, &mut draft),
                None => draft.lose(last.span, "another rollout for everybody else: a spec serves them its default"),
            }
        } else if let Some(at) = index(self.node, "offVariation") {
            self.off(at, &mut draft);
        }
        self.targets(kind, &mut draft);
        let stage = own.map_or("main", |(_, stage)| stage);
        let share = match first.and_then(|_| self.enrolment(rule)) {
            Some((enrolled, weight)) => {
                self.clauses(items(enrolled, "clauses"), kind, &mut draft);
                draft.salt = salt.map(str::to_owned);
                let reach = draft.layer.as_ref().map_or(1.0, |layer| layer.to - layer.from);
                neat(weight, reach)
            }
            None => {
                if first.is_some() {
                    self.clauses(items(rule, "clauses"), kind, &mut draft);
                }
                let text = "one hash, with the server's salt, gives enrolment and variant: a build assigns units anew";
                draft.lose(rollout.span, text);
                tracked
            }
        };
        if draft.layer.is_none() {
            draft.share = Some(share);
        }
        draft.stages.push(DraftStage { name: stage.to_owned(), share: Some(share), ..DraftStage::default() });
        Some(draft)
    }

    /// A flag of a build that enrols nobody yet: everything but its audience is here.
    fn waiting(&self, mut draft: Draft) -> Draft {
        for (name, value) in self.built.iter().flatten().skip(1) {
            let payload = draft.payload(self.export, value);
            draft.variants.push(DraftVariant { name: (*name).to_owned(), payload, ..DraftVariant::default() });
        }
        self.off(0, &mut draft);
        let targets = items(self.node, "targets").iter().chain(items(self.node, "contextTargets"));
        if let Some(kind) = targets.filter_map(|target| text(target, "contextKind")).next() {
            draft.unit_name = Some(kind.to_owned());
            self.targets(kind, &mut draft);
        }
        let text = "no rule enrols anybody: weights, audience and shares are not here";
        draft.lack(self.entry.key_span, text);
        draft
    }

    /// What the flag says beside its rules.
    fn told(&self, draft: &mut Draft) {
        if let Some(on) = field(self.node, "on").filter(|on| matches!(on.value, Value::Boolean(false))) {
            draft.lose(on.span, "the flag is off: nobody is enrolled, and a spec says so by its status alone");
        }
        if let Some(others) =
            field(self.node, "prerequisites").filter(|_| !items(self.node, "prerequisites").is_empty())
        {
            draft.lose(others.span, "the flag depends on other flags, and an experiment on none");
        }
        let known = [
            "key",
            "version",
            "on",
            "salt",
            "sel",
            "offVariation",
            "fallthrough",
            "variations",
            "targets",
            "contextTargets",
            "prerequisites",
            "rules",
            "trackEvents",
            "trackEventsFallthrough",
            "clientSide",
            "clientSideAvailability",
            "debugEventsUntilDate",
            "deleted",
            "archived",
            "name",
            "description",
        ];
        draft.lose_unknown(self.node, &known);
    }

    fn value(&self, at: usize) -> Option<&'e Node> {
        match &self.built {
            Some(all) => all.get(at).map(|(_, value)| *value),
            None => items(self.node, "variations").get(at),
        }
    }

    /// Variants are known by names; a variation has none unless a build gave it, or its value is one.
    fn name(&self, at: usize) -> String {
        if let Some((name, _)) = self.built.as_ref().and_then(|all| all.get(at)) {
            return (*name).to_owned();
        }
        let all = items(self.node, "variations");
        let named = |node: &Node| match &node.value {
            Value::String(text) if !text.is_empty() && text.len() <= 40 => Some(text.clone()),
            Value::Boolean(flag) => Some(flag.to_string()),
            _ => None,
        };
        let own = all.get(at).and_then(named);
        let twice = all.iter().filter(|other| named(other) == own).count();
        own.filter(|_| twice == 1).unwrap_or_else(|| format!("variation-{at}"))
    }

    fn off(&self, at: usize, draft: &mut Draft) {
        if let Some(value) = self.value(at) {
            let known = draft.lost.len();
            draft.off = Some(draft.payload(self.export, value));
            // The same value of a variant is told there.
            let told: Vec<_> = draft.lost.drain(known..).collect();
            let fresh: Vec<_> = told.into_iter().filter(|remark| !draft.lost.contains(remark)).collect();
            draft.lost.extend(fresh);
        }
    }

    /// Reads the split. Gives the part of all units that an experiment of LaunchDarkly counts.
    fn variants(&self, rollout: &Node, draft: &mut Draft) -> f64 {
        let mut weights = vec![0; items(self.node, "variations").len()];
        let mut tracked = 0.0;
        for one in items(rollout, "variations") {
            match (index(one, "variation").filter(|at| *at < weights.len()), part(one)) {
                (Some(_), Some(_)) if is_true(one, "untracked") => {}
                (Some(at), Some(part)) => {
                    weights[at] += (part * WHOLE).round() as u64;
                    tracked += part;
                }
                _ => draft.lose(one.span, "this part of the rollout has no variation of the flag, or no weight"),
            }
        }
        let targeted = |at: usize| {
            let mut targets = items(self.node, "targets").iter().chain(items(self.node, "contextTargets"));
            targets.any(|target| index(target, "variation") == Some(at))
        };
        let is_off = |at: usize| match &self.built {
            Some(_) => at == 0,
            None => weights[at] == 0 && !targeted(at),
        };
        let kept: Vec<usize> = (0..weights.len()).filter(|at| !is_off(*at)).collect();
        let parts: Vec<u64> = kept.iter().map(|at| weights[*at]).collect();
        for (at, weight) in kept.into_iter().zip(smallest(&parts)) {
            let payload = self.value(at).map(|value| draft.payload(self.export, value)).unwrap_or_default();
            draft.variants.push(DraftVariant { name: self.name(at), weight: Some(weight), payload, force: Vec::new() });
        }
        (tracked.min(1.0) * 1e9).round() / 1e9
    }

    fn targets(&self, kind: &str, draft: &mut Draft) {
        for target in items(self.node, "targets").iter().chain(items(self.node, "contextTargets")) {
            let ids: Vec<String> = items(target, "values").iter().filter_map(Node::as_str).map(str::to_owned).collect();
            if ids.is_empty() {
                continue;
            }
            let of = text(target, "contextKind").unwrap_or(USER);
            let name = index(target, "variation").map(|at| self.name(at)).unwrap_or_default();
            match draft.variants.iter_mut().find(|variant| variant.name == name).filter(|_| of == kind) {
                Some(variant) => variant.force.extend(ids),
                None => draft.lose(target.span, "listed ids that get no variant, or are of another kind than the unit"),
            }
        }
    }

    fn segment(&self, key: &str) -> Option<&'e Node> {
        field(field(&self.export.root, "segments")?, key)
    }

    /// The segment's rule that a rule of a build serves, and its weight.
    fn enrolment(&self, rule: &Node) -> Option<(&'e Node, f64)> {
        let [clause] = items(rule, "clauses") else { return None };
        let segment = self.segment(matched(clause)?).filter(|_| !is_true(clause, "negate"))?;
        let [enrolled] = items(segment, "rules") else { return None };
        let weight = part(enrolled)?;
        (is_plain(segment) && text(segment, "salt") == text(self.node, "salt")).then_some((enrolled, weight))
    }

    fn clauses(&self, clauses: &'e [Node], kind: &str, draft: &mut Draft) {
        let mut guard: Option<&str> = None;
        for clause in clauses {
            let guarded = guard.take();
            if text(clause, "op") == Some("segmentMatch") {
                self.matching(clause, kind, draft);
                continue;
            }
            if text(clause, "op") == Some("matches") && self.is(clause, VERSION) && !is_true(clause, "negate") {
                guard = text(clause, "attribute");
                continue;
            }
            if text(clause, "attribute") == Some("kind") && self.is(clause, kind) && !is_true(clause, "negate") {
                continue;
            }
            match condition(clause, kind) {
                Some(condition) => {
                    if matches!(condition.test, Test::Semver(_)) && guarded != text(clause, "attribute") {
                        draft.lose(clause.span, "LaunchDarkly takes `5.2` for 5.2.0, and a spec for no version");
                    }
                    draft.conditions.push(condition);
                }
                None => lose(clause, draft),
            }
        }
    }

    fn is(&self, clause: &Node, value: &str) -> bool {
        matches!(items(clause, "values"), [one] if one.as_str() == Some(value))
    }

    /// A clause on a segment.
    fn matching(&self, clause: &'e Node, kind: &str, draft: &mut Draft) {
        let negate = is_true(clause, "negate");
        let found = matched(clause).and_then(|key| Some((key, self.segment(key).filter(|segment| is_plain(segment))?)));
        let Some((key, segment)) = found else {
            return draft.lose(clause.span, "its segment is not in the export, lists ids, or is one of several");
        };
        let rules = items(segment, "rules");
        let salt = text(segment, "salt").unwrap_or_default().to_owned();
        let place = Some(clause.span);
        if let Some((_, bound)) = key.rsplit_once("-layer-below-") {
            let Some(bound) = bound.parse::<u32>().ok().filter(|bound| *bound <= PARTS) else {
                return lose(clause, draft);
            };
            let bound = f64::from(bound) / WHOLE;
            let layer = draft.layer.get_or_insert(DraftLayer { salt, from: 0.0, to: 1.0, place });
            match negate {
                true => layer.from = bound,
                false => layer.to = bound,
            }
            return;
        }
        match (negate, rules) {
            (true, [rule]) if key.ends_with("-holdout") && part(rule).is_some() => {
                let share = part(rule).unwrap_or_default();
                draft.holdout = Some(DraftHoldout { salt, share, place });
            }
            (_, rules) if rules.iter().any(|rule| field(rule, "weight").is_some()) => {
                draft.lose(clause.span, "a part of its units: the hash is neither a layer nor a holdout of a spec");
            }
            (true, rules) => {
                for rule in rules {
                    let mut scratch = Draft::default();
                    self.clauses(items(rule, "clauses"), kind, &mut scratch);
                    match (scratch.conditions.pop(), scratch.conditions.len(), scratch.lost.len()) {
                        (Some(one), 0, 0) => draft.exclusions.push(one),
                        _ => lose(rule, draft),
                    }
                }
            }
            // A segment of segments without end is none.
            (false, [rule]) if items(rule, "clauses").iter().all(|one| text(one, "op") != Some("segmentMatch")) => {
                self.clauses(items(rule, "clauses"), kind, draft);
            }
            _ => lose(clause, draft),
        }
    }
}

/// True for a segment that lists no ids.
fn is_plain(segment: &Node) -> bool {
    let lists = ["included", "excluded", "includedContexts", "excludedContexts"];
    lists.iter().all(|list| items(segment, list).is_empty()) && !is_true(segment, "unbounded")
}

/// The one segment that a clause asks for.
fn matched(clause: &Node) -> Option<&str> {
    match items(clause, "values") {
        [one] if text(clause, "op") == Some("segmentMatch") => one.as_str(),
        _ => None,
    }
}

fn lose(node: &Node, draft: &mut Draft) {
    draft.lose(node.span, "no condition of a spec says this: the draft enrols units that it keeps out");
}

fn condition(clause: &Node, kind: &str) -> Option<DraftCondition> {
    if text(clause, "contextKind").unwrap_or(USER) != kind {
        return None;
    }
    let attribute = attribute(text(clause, "attribute")?)?;
    let values = field(clause, "values")?;
    let negate = is_true(clause, "negate");
    let one = match values.as_array()? {
        [one] => Some(one),
        _ => None,
    };
    let bound = || number(one?);
    let version = |sign: &str, other: &str| Test::semver(if negate { other } else { sign }, one?.as_str()?);
    let test = match (text(clause, "op")?, negate) {
        ("in", _) => match (one, negate) {
            (Some(one), false) => Test::Is(scalar(one)?),
            (Some(one), true) => Test::IsNot(scalar(one)?),
            (None, false) => Test::In(scalars(values)?),
            (None, true) => Test::NotIn(scalars(values)?),
        },
        ("greaterThanOrEqual", false) | ("lessThan", true) => Test::AtLeast(bound()?),
        ("lessThanOrEqual", false) | ("greaterThan", true) => Test::AtMost(bound()?),
        ("greaterThan", false) | ("lessThanOrEqual", true) => Test::Above(bound()?),
        ("lessThan", false) | ("greaterThanOrEqual", true) => Test::Below(bound()?),
        ("startsWith", false) => Test::StartsWith(one?.as_str()?.to_owned()),
        ("endsWith", false) => Test::EndsWith(one?.as_str()?.to_owned()),
        ("semVerEqual", _) => version("=", "!=")?,
        ("semVerLessThan", _) => version("<", ">=")?,
        ("semVerGreaterThan", _) => version(">", "<=")?,
        _ => return None,
    };
    Some(DraftCondition { attribute, test })
}

/// The attribute that a reference means; nothing for what a context has of its own.
fn attribute(reference: &str) -> Option<String> {
    if matches!(reference, "key" | "kind" | "anonymous") || reference.is_empty() {
        return None;
    }
    let Some(path) = reference.strip_prefix('/') else { return Some(reference.to_owned()) };
    Some(path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join("."))
}

/// The share with the fewest digits that a build turns into this weight.
fn neat(weight: f64, reach: f64) -> f64 {
    let exact = weight * reach;
    let parts = (weight * WHOLE).round();
    let rounded = |digits: i32| (exact * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
    (2..9).map(rounded).find(|share| (share / reach * WHOLE).round() == parts).unwrap_or_else(|| rounded(9))
}
