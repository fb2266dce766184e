//! What every platform asks of a plan before it prints: which experiment has a flag, which stage is served, what
//! people outside get. Losses are collected beside it.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value as Json};

use crate::emit::{Experiment, Loss, Moment};
use crate::plan::targets::{Arm, Capabilities, FEATURES, Gap, gaps, parts_of};
use crate::plan::{Plan, PlannedStage, PlannedVariant};
use crate::spec::{Comparison, Condition, Day, Gate, Status};
use crate::syntax::{Node, Value};
use crate::text::{FileId, Span};

/// What a platform cannot express, each thing once.
#[derive(Debug)]
pub(super) struct Losses {
    pub(super) target: &'static str,
    pub(super) all: Vec<Loss>,
    told: HashSet<Loss>,
}

impl Losses {
    pub(super) fn of(target: &'static str) -> Self {
        Self { target, all: Vec::new(), told: HashSet::new() }
    }

    /// What is said once need not be said for each stage.
    pub(super) fn lose(&mut self, plan: &Plan, feature: &'static str, reason: String, done: &str) {
        debug_assert!(FEATURES.iter().any(|(known, _)| *known == feature), "`{feature}` is no word of `emit.strict`");
        let loss =
            Loss { experiment: plan.id.to_string(), target: self.target, feature, reason, done: done.to_owned() };
        self.add(loss);
    }

    pub(super) fn add(&mut self, loss: Loss) {
        if self.told.insert(loss.clone()) {
            self.all.push(loss);
        }
    }
}

/// The experiments to print by flag key: live ones, and shipped ones where no live one sets the flag.
fn one_per_flag<'a>(
    experiments: &[Experiment<'a>],
    losses: &mut Losses,
) -> Result<BTreeMap<&'a str, Experiment<'a>>, String> {
    let mut sorted: Vec<Experiment<'a>> = experiments.to_vec();
    sorted.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
    let mut chosen: BTreeMap<&str, Experiment<'a>> = BTreeMap::new();
    let mut faults = Vec::new();
    for experiment in sorted.iter().copied().filter(|experiment| experiment.plan.status.value.is_live()) {
        let key = experiment.plan.flag.value.as_str();
        if let Some(first) = chosen.insert(key, experiment) {
            faults.push(format!(
                "experiments `{}` and `{}` both set the flag `{key}`: give one of them a flag of its own",
                first.plan.id, experiment.plan.id
            ));
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    // The later of two winners is the one to serve.
    let mut shipped: Vec<Experiment<'a>> =
        sorted.into_iter().filter(|experiment| experiment.plan.status.value == Status::Shipped).collect();
    let end = |experiment: &Experiment<'_>| experiment.plan.calendar.end.as_ref().map(|end| end.value);
    shipped.sort_by(|a, b| end(b).cmp(&end(a)).then_with(|| a.plan.id.cmp(&b.plan.id)));
    for experiment in shipped {
        let plan = experiment.plan;
        let key = plan.flag.value.as_str();
        let mut lose = |reason: String| losses.lose(plan, "shipped", reason, "left out");
        let winner = plan.winner.as_ref().map(|winner| winner.value.as_str());
        match winner {
            None => lose("it is shipped, and `results.variant` does not say what".to_owned()),
            Some(name) if plan.variants.iter().all(|variant| variant.name != name) => {
                lose(format!("`results.variant` is `{name}`, which is no variant"));
            }
            Some(_) => match chosen.get(key) {
                Some(other) => lose(format!("`{}` sets the same flag `{key}`", other.plan.id)),
                None => {
                    chosen.insert(key, experiment);
                }
            },
        }
    }
    Ok(chosen)
}

/// What is served when nobody is enrolled, in the words of a loss.
const NOBODY: &str = "nobody is enrolled; forced units get their variant";

/// Text that means itself in the regular expressions of every SDK.
pub(super) fn pattern(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// One flag of one experiment at one moment, in no platform's words.
///
/// A unit that is not forced goes through hashes, each with a salt of its own, so that none predicts another: held
/// out or free ([`Flag::holdout`]), inside the slot or not ([`Flag::layer`]), enrolled or not ([`Flag::stage`]),
/// which variant ([`Flag::weights`]). Enrolled units come first in the enrolment, so a larger share keeps all of them;
/// the assignment never sees the share. Everybody else gets [`Flag::off`], which is no variant.
#[derive(Debug, Clone)]
pub struct Flag<'p> {
    pub(super) plan: &'p Plan,
    /// `sha256:…` of the plan.
    pub(super) hash: &'p str,
    pub(super) key: &'p str,
    /// The attribute that is hashed.
    pub(super) unit: &'p str,
    /// What people outside get.
    pub(super) off: Map<String, Json>,
    /// In the order of the spec.
    pub(super) variants: Vec<Variant<'p>>,
    /// What an eligible unit meets, all of it.
    pub(super) clauses: Vec<Clause<'p>>,
    pub(super) holdout: Option<Holdout<'p>>,
    pub(super) layer: Option<Slot<'p>>,
    pub(super) state: State<'p>,
}

/// What a flag does.
#[derive(Debug, Clone)]
pub enum State<'p> {
    /// Forced units get their variant, nobody else.
    Waiting,
    /// One stage, whatever the day.
    Stage(&'p PlannedStage),
    /// Each stage with the second at which it begins; only for platforms that hold a schedule. Never empty.
    Schedule(Vec<(i64, &'p PlannedStage)>),
    /// Everybody gets [`Flag::off`], forced units included.
    Killed,
    /// Everybody but the holdout gets the variant of this index.
    Shipped(usize),
}

/// A variant with what it returns.
#[derive(Debug, Clone)]
pub(super) struct Variant<'p> {
    pub(super) name: &'p str,
    pub(super) payload: Map<String, Json>,
    pub(super) force: Vec<&'p str>,
}

/// A condition that must hold, or must not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clause<'p> {
    /// True for an exclusion: a unit that meets it is out. One whose attribute is missing does not meet it.
    pub(super) is_exclusion: bool,
    pub(super) attribute: &'p str,
    pub(super) comparison: Comparison<'p>,
}

/// The part of all units that several experiments leave alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holdout<'p> {
    pub(super) name: &'p str,
    pub(super) salt: &'p str,
    pub(super) share: f64,
}

/// The part of a layer that the experiment has, from and to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'p> {
    pub(super) name: &'p str,
    pub(super) salt: &'p str,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl<'p> Flag<'p> {
    /// The id, which can name a file.
    pub(super) fn id(&self) -> &'p str {
        &self.plan.id
    }

    /// The salt of enrolment and assignment.
    pub(super) fn salt(&self) -> &'p str {
        &self.plan.audience.salt.value
    }

    /// The stage that is served whatever the day.
    pub(super) fn stage(&self) -> Option<&'p PlannedStage> {
        match self.state {
            State::Stage(stage) => Some(stage),
            _ => None,
        }
    }

    /// The state in a word, for documents that say what they were built from.
    pub(super) fn stage_name(&self) -> &'p str {
        match &self.state {
            State::Waiting => "none",
            State::Stage(stage) => &stage.name,
            State::Schedule(_) => "schedule",
            State::Killed => "killed",
            State::Shipped(_) => "shipped",
        }
    }

    /// The weights of a stage, by variant. Their sum is above 0.
    pub(super) fn weights(&self, stage: &PlannedStage) -> Vec<f64> {
        self.plan.weights_in(stage)
    }

    /// True when the stages split the enrolled units differently.
    pub(super) fn changes_split(&self, whole: impl Fn(&[f64]) -> Vec<u64>) -> bool {
        let mut splits = self.plan.calendar.stages.iter().map(|stage| whole(&self.weights(stage)));
        let first = splits.next();
        splits.any(|split| Some(&split) != first.as_ref())
    }
}

/// What each flag becomes, or every fault with the experiment that has it.
pub(super) fn each<'f, 'p, T>(
    flags: &'f [Flag<'p>],
    mut of: impl FnMut(&'f Flag<'p>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut faults = Vec::new();
    let mut made = Vec::new();
    for flag in flags {
        match of(flag) {
            Ok(one) => made.push(one),
            Err(fault) => faults.push(format!("experiment `{}` {fault}", flag.plan.id)),
        }
    }
    if faults.is_empty() { Ok(made) } else { Err(faults.join("\n")) }
}

/// The flags of a request by key, once nothing in them is beyond the platform.
pub(super) fn flags<'a>(
    request: &super::Request<'a>,
    able: &Capabilities,
    losses: &mut Losses,
) -> Result<Vec<Flag<'a>>, String> {
    let chosen = one_per_flag(request.experiments, losses)?;
    let mut flags = Vec::new();
    let mut faults = Vec::new();
    for experiment in chosen.values() {
        match flag(*experiment, &request.moment, able, losses) {
            Ok(flag) => flags.push(flag),
            Err(fault) => faults.push(format!("experiment `{}` {fault}", experiment.plan.id)),
        }
    }
    if faults.is_empty() { Ok(flags) } else { Err(faults.join("\n")) }
}

fn flag<'p>(
    experiment: Experiment<'p>,
    moment: &Moment,
    able: &Capabilities,
    losses: &mut Losses,
) -> Result<Flag<'p>, String> {
    let plan = experiment.plan;
    let audience = &plan.audience;
    let key = plan.flag.value.as_str();
    if !able.allows_flag(key) {
        return Err(format!("sets a flag `{key}` whose name {} refuses: {}", able.title, able.flag_names()));
    }
    file_name(plan)?;
    if let Some(variant) = plan.variants.iter().find(|variant| able.reserved.contains(&variant.name.as_str())) {
        return Err(format!("has a variant `{}`: {} needs the name for itself", variant.name, able.title));
    }
    if plan.variants.len() < 2 {
        return Err("has fewer than two variants".to_owned());
    }
    for (n, variant) in plan.variants.iter().enumerate() {
        if plan.variants[..n].iter().any(|other| other.name == variant.name) {
            return Err(format!("has two variants `{}`", variant.name));
        }
    }
    if let Some(gap) = gaps(plan, able).first() {
        return Err(format!("has {}, which {} cannot express: {}; {}", gap.what, able.title, gap.reason, gap.help));
    }
    let variant = |variant: &'p PlannedVariant| Variant {
        name: &variant.name,
        payload: payload(variant),
        force: variant.force.iter().map(|id| id.value.as_str()).collect(),
    };
    let is_shipped = plan.status.value == Status::Shipped;
    let mut clauses = Vec::new();
    // Who was eligible does not matter to a winner.
    for one in audience.conditions.iter().filter(|_| !is_shipped) {
        clauses.push(clause(&one.value, false).map_err(|fault| format!("has a condition that {fault}"))?);
    }
    for one in audience.exclusions.iter().filter(|_| !is_shipped) {
        clauses.push(clause(&one.value, true).map_err(|fault| format!("has an exclusion that {fault}"))?);
    }
    let holdout = audience.holdout.as_ref().map(|holdout| Holdout {
        name: &holdout.name.value,
        salt: &holdout.salt.value,
        share: holdout.share.value,
    });
    let layer = match &audience.layer {
        Some(layer) if !is_shipped => Some(Slot::of(layer)?),
        _ => None,
    };
    for stage in &plan.calendar.stages {
        let total: f64 = plan.weights_in(stage).iter().sum();
        if !(0.0 < total && total.is_finite()) {
            return Err(format!("has no weights in stage `{}`", stage.name));
        }
    }
    Ok(Flag {
        plan,
        hash: experiment.hash,
        key,
        unit: if is_shipped && audience.holdout.is_none() { "" } else { unit_key(plan)? },
        off: off(plan)?,
        variants: plan.variants.iter().map(variant).collect(),
        clauses,
        holdout,
        layer,
        state: state(plan, moment, able, losses)?,
    })
}

impl<'p> Slot<'p> {
    fn of(layer: &'p crate::plan::PlannedLayer) -> Result<Self, String> {
        let name = &layer.name.value;
        let Some(slot) = &layer.slot else {
            return Err(format!("has no slot in the layer `{name}`: make room, or choose another layer"));
        };
        let (from, to) = slot.value;
        Ok(Self { name, salt: &layer.salt.value, from, to })
    }

    /// The slot in whole parts, with what that loses. Both ends go to the nearest part, which keeps their order: what
    /// one slot gives up its neighbour has, and no two overlap.
    pub(super) fn parts(&self, plan: &Plan, able: &Capabilities, losses: &mut Losses) -> Result<(u64, u64), String> {
        let most = able.share_parts;
        let (from, to) = (self.from * most, self.to * most);
        // Slots were placed with less slack than a thousandth of a part: halves go inward.
        let (low, high) = ((from + 0.5 + 2e-3).floor().max(0.0), (to + 0.5 - 2e-3).floor().min(most));
        if high <= low {
            return Err(format!("has a slot in the layer `{}` that is narrower than {} %", self.name, 100.0 / most));
        }
        if 1e-2 < (low - from).abs().max((to - high).abs()) {
            let step = 100.0 / most;
            let reason = format!(
                "{} counts in steps of {step} %: the slot {} to {} of the layer does not fit",
                able.title, self.from, self.to
            );
            losses.lose(plan, "layer", reason, &format!("the slot is {} to {}", low / most, high / most));
        }
        Ok((low as u64, high as u64))
    }
}

impl Holdout<'_> {
    /// The share in whole parts, with what rounding loses.
    pub(super) fn parts(&self, plan: &Plan, able: &Capabilities, losses: &mut Losses) -> u64 {
        let most = able.share_parts;
        let held = (self.share * most).round().clamp(0.0, most);
        if !able.holds_share(self.share) {
            let percent = crate::spec::quantity::plain(self.share * 100.0);
            let reason =
                format!("the holdout's share is {percent} %: {} counts in steps of {} %", able.title, 100.0 / most);
            losses.lose(plan, "holdout", reason, &format!("rounded to {} %", held / most * 100.0));
        }
        held as u64
    }
}

/// The enrolled part of a slot that is this part of all units, in whole parts, with what that loses.
pub(super) fn enrolled(plan: &Plan, stage: &PlannedStage, reach: f64, able: &Capabilities, losses: &mut Losses) -> u64 {
    let most = able.share_parts;
    let share = stage.share.value;
    let wanted = (share / reach * most).round().max(0.0);
    let enrolled = wanted.min(most);
    let what = format!("the share of stage `{}` is {} %", stage.name, crate::spec::quantity::plain(share * 100.0));
    let served = crate::spec::quantity::plain((reach * enrolled / most * 1e8).round() / 1e6);
    // One part is what the slot may have lost to rounding.
    if most + 1.0 < wanted {
        losses.lose(
            plan,
            "share",
            format!("{what}, wider than the slot"),
            &format!("the whole slot takes part: {served} %"),
        );
    } else if !able.holds_share_in(share, reach) {
        let reason = format!("{what}: {} counts in steps of {} %", able.title, 100.0 / most);
        losses.lose(plan, "share", reason, &format!("rounded to {served} %"));
    }
    enrolled as u64
}

/// The weights of a stage in whole parts of all enrolled units, with what that loses.
pub(super) fn split(flag: &Flag<'_>, stage: &PlannedStage, able: &Capabilities, losses: &mut Losses) -> Vec<u64> {
    let parts = able.weight_parts.unwrap_or(1_000_000);
    let weights = flag.weights(stage);
    let split = parts_of(&weights, parts);
    if !able.holds_weights(&weights) {
        let percent = |part: &u64| format!("{} %", *part as f64 * 100.0 / f64::from(parts));
        let shown: Vec<String> = split.iter().map(percent).collect();
        let reason =
            format!("{}'s weights go in steps of {} %, which these do not", able.title, 100.0 / f64::from(parts));
        losses.lose(flag.plan, "weights", reason, &format!("rounded to {}", shown.join(", ")));
    }
    if !able.keeps_assignments && flag.changes_split(|weights| parts_of(weights, parts)) {
        let reason = format!("{} keeps no assignments, and the stages have different weights", able.title);
        losses.lose(flag.plan, "sticky", reason, "enrolled units change variant when the weights do");
    }
    split
}

/// Where one hash gives enrolment and variant: the slot of each variant and its enrolled part, with what rounding loses.
pub(super) fn arms(flag: &Flag<'_>, stage: &PlannedStage, able: &Capabilities, losses: &mut Losses) -> Vec<Arm> {
    if let Some(served) = able.rounds_arms(flag.plan, stage) {
        let percent = |part: f64| format!("{} %", crate::spec::quantity::plain((part * 1e8).round() / 1e6));
        let each: Vec<String> = served.weights.iter().map(|(part, _)| percent(part * served.share)).collect();
        let reason = format!(
            "each variant gets steps of {} of everybody, and {} of stage `{}` has other parts",
            percent(able.share_step(1.0)),
            percent(stage.share.value),
            stage.name
        );
        losses.lose(flag.plan, "share", reason, &format!("rounded to {}: {}", percent(served.share), each.join(", ")));
    }
    let arms = able.arms(flag.plan, stage).unwrap_or_default();
    let slots = |weights: &[f64]| parts_of(weights, able.arm_parts.unwrap_or(1));
    if !able.keeps_assignments && flag.changes_split(slots) {
        let reason = format!("{} keeps no assignments, and the stages have different weights", able.title);
        losses.lose(flag.plan, "sticky", reason, "enrolled units change variant when the weights do");
    }
    arms
}

/// Payloads that a platform would change, for its `refuses`: why, and the way out.
pub(super) fn payloads(plan: &Plan, changes: impl Fn(&Value) -> Option<(String, &'static str)>) -> Vec<Gap> {
    let of_variants = plan.variants.iter().filter_map(|variant| {
        let what = format!("the payload of `{}`", variant.name);
        Some((what, variant.payload.as_ref()?))
    });
    let off = plan.off.as_ref().map(|off| ("the default of the flag".to_owned(), off));
    let gap = |(what, payload): (String, &crate::plan::Known<Value>)| {
        let (reason, help) = changes(&payload.value)?;
        Some(Gap { what, place: payload.span(), reason, help: help.to_owned() })
    };
    of_variants.chain(off).filter_map(gap).collect()
}

/// A payload that is deeper than a platform reads.
pub(super) fn too_deep(payload: &Value, most: usize) -> Option<(String, &'static str)> {
    fn deeper(value: &Value, most: usize) -> bool {
        match value {
            Value::Array(items) => most == 0 || items.iter().any(|item| deeper(&item.value, most - 1)),
            Value::Table(table) => most == 0 || table.entries.iter().any(|entry| deeper(&entry.node.value, most - 1)),
            _ => false,
        }
    }
    deeper(payload, most).then(|| (format!("it is more than {most} tables and lists deep"), "write a flatter payload"))
}

/// A payload with whole numbers that 64-bit floats do not hold.
pub(super) fn inexact(payload: &Value) -> Option<(String, &'static str)> {
    let is = |value: &Value| matches!(value, Value::Integer(number) if 1 << 53 < number.unsigned_abs());
    any(payload, &is).then(|| ("it makes others of whole numbers beyond 2^53".to_owned(), "write the number as text"))
}

/// A payload with a zero below zero.
pub(super) fn minus_zero(payload: &Value) -> Option<(String, &'static str)> {
    let is = |value: &Value| matches!(value, Value::Float(number) if *number == 0.0 && number.is_sign_negative());
    any(payload, &is).then(|| ("it takes the sign off -0.0".to_owned(), "write 0.0"))
}

fn any(value: &Value, is: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| any(&item.value, is)),
        Value::Table(table) => table.entries.iter().any(|entry| any(&entry.node.value, is)),
        value => is(value),
    }
}

/// One condition, once it can be read; the error is the end of a sentence about it.
fn clause(condition: &Condition, is_exclusion: bool) -> Result<Clause<'_>, String> {
    let attribute = condition.attribute.value().ok_or("names no attribute")?;
    let comparisons = condition.comparisons();
    let [comparison] = comparisons.as_slice() else {
        return Err(format!("on `{attribute}` has {} comparisons instead of one", comparisons.len()));
    };
    let comparison = comparison.value;
    let is_broken =
        condition.is_broken() || matches!(comparison, Comparison::In(items) | Comparison::NotIn(items) if items.broken);
    if is_broken {
        return Err(format!("on `{attribute}` could not be read"));
    }
    Ok(Clause { is_exclusion, attribute, comparison })
}

/// The conditions that a platform cannot say, for its `refuses`: what its printer would refuse, told before the build.
pub(super) fn readable(plan: &Plan, say: impl Fn(&Clause<'_>) -> Result<(), String>) -> Vec<Gap> {
    let audience = &plan.audience;
    let all =
        audience.conditions.iter().map(|one| (one, false)).chain(audience.exclusions.iter().map(|one| (one, true)));
    all.filter_map(|(one, is_exclusion)| {
        // What cannot be read has findings of its own.
        let clause = clause(&one.value, is_exclusion).ok()?;
        let reason = say(&clause).err()?;
        let help = "write it otherwise, or give units an attribute that holds the answer".to_owned();
        Some(Gap { what: format!("the condition on `{}`", clause.attribute), place: Some(one.span), reason, help })
    })
    .collect()
}

/// A slot in a layer that whole parts may make another, wherever it begins: for the `refuses` of platforms with wide
/// parts.
pub(super) fn coarse_slot(plan: &Plan, able: &Capabilities) -> Option<Gap> {
    let layer = plan.audience.layer.as_ref()?;
    let most = able.share_parts;
    let width = plan.slot_width() * most;
    let is_whole = 0.5 < width && (width - width.round()).abs() <= 1e-2;
    if is_whole || (width.ceil() - width).max(width - width.floor()) <= 0.05 * width {
        return None;
    }
    let percent = |parts: f64| crate::spec::quantity::plain((parts / most * 1e8).round() / 1e6);
    Some(Gap {
        what: format!("a slot of {} % in the layer `{}`", percent(width), layer.name.value),
        place: layer.name.span(),
        reason: format!("it would be {} or {} %", percent(width.floor()), percent(width.ceil())),
        help: format!("choose a `share` in steps of {} %", percent(1.0)),
    })
}

/// What an experiment does at a moment.
fn state<'p>(plan: &'p Plan, moment: &Moment, able: &Capabilities, losses: &mut Losses) -> Result<State<'p>, String> {
    let calendar = &plan.calendar;
    if plan.status.value == Status::Shipped {
        let winner = plan.winner.as_ref().map(|winner| winner.value.as_str()).ok_or("is shipped without a winner")?;
        let index =
            plan.variants.iter().position(|variant| variant.name == winner).ok_or("ships what is no variant")?;
        return Ok(State::Shipped(index));
    }
    let found = match moment {
        Moment::Stage(name) => {
            let stage = calendar.stages.iter().find(|stage| stage.name == *name);
            if stage.is_none() {
                losses.lose(plan, "stage", format!("it has no stage `{name}`"), NOBODY);
            }
            stage
        }
        Moment::Date(day) => match &calendar.start {
            None => {
                losses.lose(plan, "schedule", "it has no first day".to_owned(), NOBODY);
                None
            }
            Some(start) if *day < start.value => {
                losses.lose(plan, "stage", format!("it starts on {}, after {day}", start.value), NOBODY);
                None
            }
            Some(_) => calendar.stage_at(*day).or(calendar.main_stage()),
        },
        Moment::Schedule if !able.holds_schedule => {
            let reason = "its file holds one moment, not the days of stages".to_owned();
            let done = "nobody is enrolled in it; each stage has a file of its own, and `--stage` or `--date` builds all flags at one";
            losses.lose(plan, "schedule", reason, done);
            None
        }
        Moment::Schedule => return Ok(schedule(plan, able, losses)),
    };
    Ok(found.map_or(State::Waiting, State::Stage))
}

fn schedule<'p>(plan: &'p Plan, able: &Capabilities, losses: &mut Losses) -> State<'p> {
    let calendar = &plan.calendar;
    let begins: Option<Vec<(i64, &PlannedStage)>> =
        calendar.stages.iter().map(|stage| Some((midnight(stage.start?), stage))).collect();
    let Some(begins) = begins else {
        losses.lose(plan, "schedule", "it has no first day".to_owned(), NOBODY);
        return State::Waiting;
    };
    if begins.is_empty() {
        return State::Waiting;
    }
    // The gate of the last stage has nothing to hold back.
    let before_last = calendar.stages.len().saturating_sub(1);
    for stage in calendar.stages.iter().take(before_last).filter(|stage| stage.gate.value != Gate::None) {
        let reason = format!("{} cannot wait for the gate of stage `{}`", able.title, stage.name);
        let done = "the next stage begins on its day; build one stage at a time to keep the gate";
        losses.lose(plan, "gate", reason, done);
    }
    State::Schedule(begins)
}

/// The second at which a day begins in UTC.
fn midnight(day: Day) -> i64 {
    Day(jiff::civil::date(1970, 1, 1)).until(day) * 86_400
}

/// A second of the epoch in UTC, as RFC 3339 has it; no clock is asked.
pub(super) fn time(second: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let time = jiff::Span::new().try_seconds(second).ok().and_then(|span| epoch.checked_add(span).ok());
    time.unwrap_or(epoch).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The flag in each of its stages, under names that sort in their order.
pub(super) fn stages<'p>(flag: &Flag<'p>) -> Vec<(String, Flag<'p>)> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let named = |(n, stage): (usize, &'p PlannedStage)| {
        let name: String = stage.name.chars().take(60).map(plain).collect();
        (format!("{}-{name}", n + 1), Flag { state: State::Stage(stage), ..flag.clone() })
    };
    flag.plan.calendar.stages.iter().enumerate().map(named).collect()
}

/// What people outside get: what the catalogue says, or what control gets.
fn off(plan: &Plan) -> Result<Map<String, Json>, String> {
    Ok(match (&plan.off, plan.control().and_then(|control| control.payload.as_ref())) {
        (Some(off), _) => object(&off.value).ok_or("has a flag whose default is not a table")?,
        (None, Some(payload)) => object(&payload.value).unwrap_or_default(),
        (None, None) => Map::new(),
    })
}

/// What a variant returns; nothing in it when the spec does not say.
fn payload(variant: &PlannedVariant) -> Map<String, Json> {
    variant.payload.as_ref().and_then(|payload| object(&payload.value)).unwrap_or_default()
}

/// A table of the spec as a JSON object.
fn object(value: &Value) -> Option<Map<String, Json>> {
    let node = Node { value: value.clone(), span: Span::new(FileId(0), 0, 0) };
    match node.to_json() {
        Json::Object(map) => Some(map),
        _ => None,
    }
}

/// The id, once it can name a file.
fn file_name(plan: &Plan) -> Result<&str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !plan.id.is_empty() && plan.id.chars().all(plain) {
        true => Ok(&plan.id),
        false => Err("has an id that is no plain file name: use letters, digits and dashes".to_owned()),
    }
}

/// The attribute that is hashed.
fn unit_key(plan: &Plan) -> Result<&str, String> {
    let key = plan.audience.key.as_ref().map(|key| key.value.as_str());
    key.ok_or_else(|| "has no unit with a `key`: the catalogue must say which attribute is hashed".to_owned())
}

/// The stage that a moment names, for the list of files.
pub(super) fn named(moment: &Moment) -> Option<String> {
    match moment {
        Moment::Schedule => None,
        Moment::Stage(name) => Some(name.clone()),
        Moment::Date(day) => Some(day.to_string()),
    }
}

/// What JavaScript gives every object.
const INHERITED: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// True for a name that every JavaScript object has, so that a missing attribute would seem to be there.
pub(super) fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name)
}

/// A name as a part of a key of letters, digits, `-` and `_`: other signs are spelt out.
pub(super) fn key_part(name: &str) -> String {
    let mut made = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_ascii_alphanumeric() || (!made.is_empty() && matches!(c, '-' | '_')) {
            true => made.push(c),
            false => made.push_str(&format!("x{:x}_", u32::from(c))),
        }
    }
    made
}

/// A number as SDKs that know text only print it: JavaScript, Python, and JSON with and without a decimal point.
pub(super) fn number_texts(number: f64) -> Vec<String> {
    if number == 0.0 {
        return ["0", "0.0", "-0.0"].map(str::to_owned).to_vec();
    }
    let size = number.abs();
    // `1e-7` in JavaScript, `1e-07` in Python.
    let exponent = |digits: usize| {
        let text = format!("{number:e}");
        let (digit, power) = text.split_once('e').unwrap_or((&text, "0"));
        let sign = if power.starts_with('-') { '-' } else { '+' };
        format!("{digit}e{sign}{:0>digits$}", power.trim_start_matches('-'))
    };
    let javascript = if (1e-6..1e21).contains(&size) { number.to_string() } else { exponent(1) };
    let python = if (1e-4..1e16).contains(&size) { number.to_string() } else { exponent(2) };
    let json = Json::from(number).to_string();
    // Writers of JSON disagree on the sign of an exponent.
    let other = json.replace("e+", "e");
    let mut texts = vec![javascript, python, json, other, number.to_string()];
    texts.sort();
    texts.dedup();
    texts
}

/// A document as people read it.
pub(super) fn json_bytes(document: &Json) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|fault| format!("internal error: {fault}"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What is made of one condition, as it is written in a spec.
    pub(in crate::emit::flags) fn clause<T>(
        toml: &str,
        of: impl Fn(Clause<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let text = format!("audience.where = [{toml}]");
        let (tree, _) = crate::syntax::parse(FileId(0), &text);
        let spec = crate::syntax::read::<crate::spec::Spec>(&tree).0;
        let audience = spec.audience.value().expect("an audience");
        let condition = &audience.r#where.value().expect("conditions").items[0].value;
        of(super::clause(condition, false)?)
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for toml in [
            r#"{ attribute = "x" }"#,
            r#"{ is = 1 }"#,
            r#"{ attribute = "x", is = [1] }"#,
            r#"{ attribute = "x", is = 1, is_not = 2 }"#,
            r#"{ attribute = "x", in = ["a", []] }"#,
        ] {
            let made = clause(toml, |clause| Ok(format!("{clause:?}")));
            assert!(made.is_err(), "{toml} gives {made:?}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(midnight(Day(jiff::civil::date(1970, 1, 2))), 86_400);
        assert_eq!(midnight(Day(jiff::civil::date(2027, 1, 11))), 1_799_625_600);
    }

    #[test]
    fn equal_weights_differ_by_one_part_at_most() {
        assert_eq!(parts_of(&[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], 1_000_000), [333_334, 333_333, 333_333]);
        assert_eq!(parts_of(&[0.0, 1e9, 1e9, 1e9], 1_000_000), [0, 333_334, 333_333, 333_333]);
    }

    #[test]
    fn numbers_have_a_text_in_each_language() {
        let texts = |number: f64, all: &[&str]| {
            let mut all: Vec<String> = all.iter().map(|text| (*text).to_owned()).collect();
            all.sort();
            let mut made = number_texts(number);
            made.sort();
            assert_eq!(made, all);
        };
        texts(0.0, &["0", "0.0", "-0.0"]);
        texts(-2.0, &["-2", "-2.0"]);
        texts(1.5, &["1.5"]);
        // JavaScript, Python, JSON, and without an exponent.
        texts(1e-7, &["1e-7", "1e-07", "0.0000001"]);
        texts(2.5e17, &["250000000000000000", "2.5e+17", "2.5e17"]);
        texts(1e21, &["1e+21", "1e21", "1000000000000000000000"]);
    }

    #[test]
    fn other_signs_of_a_key_are_spelt_out() {
        assert_eq!(["global-2027", "a b", "_x", "日"].map(key_part), ["global-2027", "ax20_b", "x5f_x", "x65e5_"]);
    }
}
