//! What a flag platform can hold, as data that rules and emitters share.
//!
//! Each emitter states its own capabilities; the doors hand them to the workspace, so that a platform stays one file
//! and one registry line, and rules never look up to the emitters.

use std::borrow::Cow;

use super::{Plan, PlannedStage};
use crate::syntax::Node;
use crate::text::Span;

/// The words of `emit.strict`, and of what a build says it has lost: what each asks of a platform.
pub const FEATURES: &[(&str, &str)] = &[
    ("gate", "the next stage waits for its gate"),
    ("holdout", "the holdout keeps its share"),
    ("ids", "every id gets the same variant in every language"),
    ("layer", "slots of the layer are held to the digit"),
    ("schedule", "stages begin on their days"),
    ("share", "shares are held to the digit"),
    ("shipped", "the winner is served"),
    ("stage", "the stage that is built exists"),
    ("sticky", "an enrolled unit keeps its variant"),
    ("weights", "weights are held to the digit"),
];

/// Where the salts of a platform's hashes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Salts {
    /// The document names them: a written `salt` is used as it stands.
    Own,
    /// The name of the flag is the salt; another one cannot be had.
    Key,
    /// The platform's server makes them when a flag is made; the document holds what expc makes in their place.
    Server,
}

impl Salts {
    /// In the words of a table.
    pub fn word(self) -> &'static str {
        match self {
            Salts::Own => "own",
            Salts::Key => "flag name",
            Salts::Server => "server",
        }
    }
}

/// Every comparison of a condition, in the words of the language.
pub const COMPARISONS: &[&str] =
    &["in", "not_in", "is", "is_not", "semver", "at_least", "at_most", "above", "below", "starts_with", "ends_with"];

/// What a flag platform can hold.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// The word in `emit.targets`.
    pub name: &'static str,
    /// As its makers write it.
    pub title: &'static str,
    /// The evaluator file in the folder of the platform: `flags.json`.
    pub file: &'static str,
    /// The largest sum of whole weights; `None` where weights are decimals.
    pub most_weight: Option<f64>,
    /// The parts of decimal weights, where weights are no whole numbers of any size.
    pub weight_parts: Option<u32>,
    /// Shares are printed as whole parts of this.
    pub share_parts: f64,
    /// Where one hash gives enrolment and variant: the enrolled share of each variant is a whole number of these parts.
    pub arm_parts: Option<u32>,
    /// Where the salts come from.
    pub salts: Salts,
    /// True when experiments can share a layer, and no unit is in two of them.
    pub layers: bool,
    /// True when a holdout can be kept out of several experiments.
    pub holdouts: bool,
    /// True when single units can be forced into a variant.
    pub forces: bool,
    /// The comparisons that it can judge as the language means them; the words are those of [`COMPARISONS`].
    pub comparisons: &'static [&'static str],
    /// The most variants of an experiment; `None` where no limit is known.
    pub most_variants: Option<usize>,
    /// Names that the emitted file needs for itself.
    pub reserved: &'static [&'static str],
    /// True when a flag holds one experiment at a time.
    pub one_experiment_a_flag: bool,
    /// True when evaluators of different generations assign the same unit differently, so that one must be named.
    pub has_generations: bool,
    /// True when a unit keeps its variant although the weights change.
    pub keeps_assignments: bool,
    /// True when ids beyond ASCII are hashed alike in every language.
    pub hashes_any_id: bool,
    /// What turns a unit into a number: platforms with another one give it another variant.
    pub hash: &'static str,
    /// True when one file can hold the days of all stages; elsewhere it is built for each stage.
    pub holds_schedule: bool,
    /// True when the share of an experiment in a layer is printed as a part of its slot.
    pub shares_of_slot: bool,
    /// What flag names may hold beside letters and digits of ASCII; anything when `None`.
    pub flag_signs: Option<&'static str>,
    /// What a flag is called there, where that is not its name.
    pub flag_there: fn(&str) -> Cow<'_, str>,
    /// The longest flag name in bytes; `None` where no limit is known.
    pub most_name_bytes: Option<usize>,
    /// The largest payload of a variant; `None` where no limit is known.
    pub most_payload_bytes: Option<usize>,
    /// The path to the flags in its file; empty where the file holds nothing else.
    pub flags_key: &'static str,
    /// In a flag of its file: the rule for everybody that stands before the rule of an experiment, by id and salt.
    pub caught: fn(&Node, &str, &str) -> Option<Span>,
    /// What else it cannot express of a plan: what no field above can say.
    pub refuses: fn(&Plan) -> Vec<Gap>,
    /// What a reader must know that no build can mend, a sentence each: it is shown by `expc targets`.
    pub limits: &'static [&'static str],
    /// What is pushed to the platform, and who has judged its form; empty where it is the evaluator file.
    pub upload: &'static str,
}

impl Capabilities {
    /// A platform that can do everything. Each platform says what is otherwise.
    pub const PLAIN: Capabilities = Capabilities {
        name: "",
        title: "",
        file: "flags.json",
        most_weight: None,
        weight_parts: None,
        share_parts: 1e4,
        arm_parts: None,
        salts: Salts::Own,
        layers: true,
        holdouts: true,
        forces: true,
        comparisons: COMPARISONS,
        most_variants: None,
        reserved: &[],
        one_experiment_a_flag: true,
        has_generations: false,
        keeps_assignments: false,
        hashes_any_id: true,
        hash: "",
        holds_schedule: false,
        shares_of_slot: true,
        flag_signs: None,
        flag_there: |name| Cow::Borrowed(name),
        most_name_bytes: None,
        most_payload_bytes: None,
        flags_key: "flags",
        caught: |_, _, _| None,
        refuses: |_| Vec::new(),
        limits: &[],
        upload: "",
    };
}

/// Something of a plan that a platform cannot express. Nothing is built then.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// What it is, after "cannot express": `a layer`, `a share of 0.5 %`.
    pub what: String,
    /// Where it is written.
    pub place: Option<Span>,
    /// Why not, in a few words.
    pub reason: String,
    /// The way out.
    pub help: String,
}

/// Everything of a plan that a platform cannot express. Rules tell it, and emitters refuse it: the same list.
pub fn gaps(plan: &Plan, target: &Capabilities) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut gap = |what: String, place: Option<Span>, reason: &str, help: String| {
        gaps.push(Gap { what, place, reason: reason.to_owned(), help });
    };
    let audience = &plan.audience;
    if let Some(holdout) = audience.holdout.as_ref().filter(|_| !target.holdouts) {
        let help = "give held-out units an attribute of their own, and exclude it";
        gap("a holdout".to_owned(), holdout.name.span(), "it holds nobody out of several flags", help.to_owned());
    }
    if plan.status.value == crate::spec::Status::Shipped {
        return gaps;
    }
    if let Some(layer) = audience.layer.as_ref().filter(|_| !target.layers) {
        let help = "run the experiments of the layer one after the other, or on a platform that has layers";
        gap("a layer".to_owned(), layer.name.span(), "it cannot keep experiments apart", help.to_owned());
    }
    let written = !matches!(audience.salt.origin, super::Origin::Computed | super::Origin::BuiltIn);
    if written && target.salts != Salts::Own {
        let (reason, help) = match target.salts {
            Salts::Key => ("the name of the flag is the salt", "take `salt` out; another flag name assigns anew"),
            _ => ("its server makes the salts", "take `salt` out; a new flag assigns anew"),
        };
        gap("a salt of its own".to_owned(), audience.salt.span(), reason, help.to_owned());
    }
    let forced = plan.variants.iter().find_map(|variant| variant.force.first());
    if let Some(forced) = forced.filter(|_| !target.forces) {
        let help = "force units in the calling code";
        gap("forced units".to_owned(), Some(forced.span), "it has no list of units", help.to_owned());
    }
    for one in audience.conditions.iter().chain(&audience.exclusions) {
        for comparison in one.value.comparisons() {
            let word = comparison.value.word();
            if !target.comparisons.contains(&word) {
                let can = target.comparisons.join("`, `");
                let help = format!("compare by `{can}`, or give units an attribute that holds the answer");
                gap(format!("the comparison `{word}`"), Some(comparison.span), "it has no such operator", help);
            }
        }
    }
    if let Some(most) = target.most_variants.filter(|most| *most < plan.variants.len()) {
        let place = plan.variants.get(most).map(|variant| variant.span);
        gap(format!("{} variants", plan.variants.len()), place, &format!("it holds {most}"), format!("keep {most}"));
    }
    for stage in &plan.calendar.stages {
        let Some(served) = target.served(plan, stage) else { continue };
        let place = stage.share.span().or(Some(stage.span)).filter(|_| !stage.implied).or(audience.share.span());
        let width = plan.slot_width();
        if far(served.share, stage.share.value.min(width)) {
            let percent = |share: f64| crate::spec::quantity::plain((share * 1e8).round() / 1e6);
            let reason = format!("the nearest that it holds is {} %", percent(served.share));
            let help = format!("choose a share in steps of {} %", percent(target.share_step(width)));
            gap(format!("a share of {} %", percent(stage.share.value)), place, &reason, help);
        } else if served.weights.iter().any(|(served, exact)| far(*served, *exact)) {
            let reason = format!("variants would get {}", in_percent(served.weights.iter().map(|(served, _)| *served)));
            let place = stage.weights.first().map(|(_, weight)| weight.span).or(place);
            let exact = in_percent(served.weights.iter().map(|(_, exact)| *exact));
            gap(format!("a split of {exact} at this share"), place, &reason, target.coarser());
        }
    }
    gaps.extend((target.refuses)(plan));
    gaps.dedup();
    gaps
}

/// `50 %, 25 %, 25 %`.
fn in_percent(parts: impl Iterator<Item = f64>) -> String {
    parts
        .map(|part| format!("{} %", crate::spec::quantity::plain((part * 1e4).round() / 1e2)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// True when rounding has made something else of a number: it is off by more than a twentieth.
fn far(served: f64, exact: f64) -> bool {
    FAR * exact < (served - exact).abs()
}

/// Below it, rounding is told and done; beyond it, nothing is built.
const FAR: f64 = 0.05;

/// What a platform makes of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The part of the eligible units that is enrolled.
    pub share: f64,
    /// The part of the enrolled units that each variant gets, and the one that was wanted.
    pub weights: Vec<(f64, f64)>,
}

/// The slot of a variant on the line of one hash, in whole parts of all units, and its enrolled part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    pub slot: u64,
    pub enrolled: u64,
}

/// How far rounding may take a weight, or a share in a slot, before it counts: a thousandth of it. Twenty million units
/// are needed to see that in an even split.
const NEAR: f64 = 1e-3;

impl Capabilities {
    /// What it makes of a stage; `None` when the weights are no weights.
    pub fn served(&self, plan: &Plan, stage: &PlannedStage) -> Option<Served> {
        let weights = plan.weights_in(stage);
        let total: f64 = weights.iter().sum();
        if !(0.0 < total && total.is_finite()) {
            return None;
        }
        let exact: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
        let width = plan.slot_width();
        let wanted = stage.share.value.min(width);
        if let Some(parts) = self.arm_parts {
            let arms = self.arms(plan, stage)?.into_iter().map(|arm| arm.enrolled as f64 / f64::from(parts));
            let arms: Vec<f64> = arms.collect();
            let share: f64 = arms.iter().sum();
            let part = |arm: f64| if 0.0 < share { arm / share } else { 0.0 };
            return Some(Served { share, weights: arms.into_iter().map(part).zip(exact).collect() });
        }
        let of = if self.shares_of_slot { width } else { 1.0 };
        let share = (wanted / of * self.share_parts).round() / self.share_parts * of;
        let served = match self.weight_parts {
            Some(parts) => parts_of(&weights, parts).iter().map(|part| *part as f64 / f64::from(parts)).collect(),
            None => exact.clone(),
        };
        Some(Served { share, weights: served.into_iter().zip(exact).collect() })
    }

    /// Where one hash gives enrolment and variant: the slot of each variant, and how much of it is enrolled. Slots do not
    /// depend on the share, so a larger one keeps every unit. `None` when the weights are no weights, or elsewhere.
    pub fn arms(&self, plan: &Plan, stage: &PlannedStage) -> Option<Vec<Arm>> {
        let parts = self.arm_parts?;
        let weights = plan.weights_in(stage);
        let total: f64 = weights.iter().sum();
        if !(0.0 < total && total.is_finite()) {
            return None;
        }
        let share = stage.share.value.clamp(0.0, 1.0);
        let arm = |slot: u64| Arm { slot, enrolled: (slot as f64 * share).round() as u64 };
        Some(parts_of(&weights, parts).into_iter().map(arm).collect())
    }

    /// What it makes of a stage where one hash gives enrolment and variant, and that is not what was written.
    pub fn rounds_arms(&self, plan: &Plan, stage: &PlannedStage) -> Option<Served> {
        self.arm_parts?;
        let wanted = stage.share.value.min(plan.slot_width());
        let served = self.served(plan, stage)?;
        let is_off = |(part, exact): &(f64, f64)| {
            let exact = exact * wanted;
            NEAR * exact < (part * served.share - exact).abs()
        };
        served.weights.iter().any(is_off).then_some(served)
    }

    /// The step between two shares, of an experiment with a slot of this width; without one, 1.
    pub fn share_step(&self, width: f64) -> f64 {
        let of = if self.shares_of_slot { width } else { 1.0 };
        self.arm_parts.map_or(of / self.share_parts, |parts| 1.0 / f64::from(parts))
    }

    /// How to write shares and weights that it holds.
    fn coarser(&self) -> String {
        match (self.arm_parts, self.weight_parts) {
            (Some(parts), _) => {
                format!("choose shares whose parts for each variant are in steps of {} %", 100.0 / f64::from(parts))
            }
            (None, Some(parts)) => format!("write weights in steps of {} %", 100.0 / f64::from(parts)),
            (None, None) => "write whole weights".to_owned(),
        }
    }

    /// The decimals that a share in per cent may have.
    pub fn share_decimals(&self) -> i32 {
        self.share_parts.log10().round() as i32 - 2
    }

    /// True when a share is printed as it was written.
    pub fn holds_share(&self, share: f64) -> bool {
        let parts = share * self.share_parts;
        (parts - parts.round()).abs() <= 1e-3
    }

    /// True when a share is printed as it was written by an experiment with a slot of this width; without one, 1.
    pub fn holds_share_in(&self, share: f64, width: f64) -> bool {
        if !self.shares_of_slot || 1.0 <= width {
            return self.holds_share(share);
        }
        let part = (share / width).min(1.0);
        let rounded = (part * self.share_parts).round() / self.share_parts;
        (rounded - part).abs() <= NEAR * part
    }

    /// True when weights are printed in the proportion in which they were written.
    pub fn holds_weights(&self, weights: &[f64]) -> bool {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return true;
        }
        match self.weight_parts {
            Some(parts) => weights.iter().all(|weight| {
                let exact = weight / total * f64::from(parts);
                (exact - exact.round()).abs() <= NEAR * exact
            }),
            None => self.most_weight.is_none() || self.whole_weights(weights).is_some(),
        }
    }

    /// The flags in its file, a table by name or a list; the whole file where no key leads to them.
    pub fn flags<'t>(&self, document: &'t Node) -> Option<&'t Node> {
        match self.flags_key {
            "" => Some(document),
            key => document.at_path(key),
        }
    }

    /// A flag of its file.
    pub fn flag<'t>(&self, document: &'t Node, name: &str) -> Option<&'t Node> {
        let flags = self.flags(document)?;
        match flags.as_array() {
            Some(items) => items.iter().find(|item| named(item) == Some(name)),
            None => flags.as_table()?.get(name),
        }
    }

    /// True when a flag may have this name.
    pub fn allows_flag(&self, name: &str) -> bool {
        let legal = |c: char| c.is_ascii_alphanumeric() || self.flag_signs.is_none_or(|signs| signs.contains(c));
        let fits = self.most_name_bytes.is_none_or(|most| name.len() <= most);
        fits && (self.flag_signs.is_none() || (!name.is_empty() && name.chars().all(legal)))
    }

    /// How flag names are written, in a few words.
    pub fn flag_names(&self) -> String {
        let signs = self.flag_signs.map_or("any signs".to_owned(), |signs| format!("letters, digits and `{signs}`"));
        match self.most_name_bytes {
            Some(most) => format!("use {signs}, {most} bytes at most"),
            None => format!("use {signs}"),
        }
    }

    /// The weights as whole numbers in the same proportion; `None` when the platform would have to round them.
    pub fn whole_weights(&self, weights: &[f64]) -> Option<Vec<u64>> {
        let most = self.most_weight?;
        let mut scale = 1.0;
        while scale <= 1e6 {
            let scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
            // Six decimals of a weight up to 2^31 survive in 53 bits.
            let is_whole = |weight: &f64| (weight - weight.round()).abs() <= 1e-9 * weight.max(1.0);
            if scaled.iter().sum::<f64>() <= most && scaled.iter().all(is_whole) {
                return Some(scaled.iter().map(|weight| weight.round() as u64).collect());
            }
            scale *= 10.0;
        }
        None
    }
}

/// What an element of a list is called.
pub fn named(item: &Node) -> Option<&str> {
    let table = item.as_table()?;
    ["key", "name", "id", "n"].iter().find_map(|field| table.get(field)?.as_str())
}

/// Whole parts by largest remainder: they sum to `parts`, and equal weights differ by one at most.
pub fn parts_of(weights: &[f64], parts: u32) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| weight / total * f64::from(parts)).collect();
    let mut whole: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let missing = u64::from(parts).saturating_sub(whole.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).filter(|&index| 0.0 < weights[index]).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    for &index in order.iter().take(usize::try_from(missing).unwrap_or(0)) {
        whole[index] += 1;
    }
    whole
}
