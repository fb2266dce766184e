//! Who sees something else once a plan is another.
//!
//! A unit goes through hashes with a salt each: holdout, layer, enrolment, assignment. As long as a salt stays, a plan
//! and its successor cut the same line, and what both pick is where their pieces overlap. With another salt they know
//! nothing of each other, and shares multiply. Numbers are expectations: "about".

use crate::catalog::{AttributeType, Catalog};
use crate::plan::{self, Calendar, Plan, PlannedVariant};
use crate::spec::Scalar;
use crate::syntax::At;

/// What a change does to the units of an experiment. Parts lie between 0 and 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Movement {
    /// Units that each plan enrols by its end; `None` where it serves nobody, or nobody knows how many come.
    pub planned: (Option<f64>, Option<f64>),
    /// True when the plan serves people: `ready` or `running`.
    pub served: (bool, bool),
    /// The part of the earlier units that takes no part any more.
    pub leaves: f64,
    /// The part of the earlier units that gets another variant.
    pub switches: f64,
    /// The part of the later units that took no part before.
    pub joins: f64,
    /// Variants of one name that show something else, with their parts of the later units.
    pub shows: Vec<(String, f64)>,
    /// Where the conditions differ: the part of all units that meets those of the earlier plan only, and of the later
    /// only, at the most; `None` where the catalogue does not say how many units have a value.
    pub apart: Option<(Option<f64>, Option<f64>)>,
    /// What moves them.
    pub why: Vec<&'static str>,
    /// What the numbers leave out.
    pub unknown: Vec<&'static str>,
}

impl Movement {
    /// From the plan of the base to that of today, each in its slot. The catalogue is that of today.
    pub fn between(before: Option<&Plan>, after: Option<&Plan>, catalog: &Catalog) -> Self {
        let live = |plan: &&Plan| plan.status.value.is_live();
        let (before, after) = (before.filter(live), after.filter(live));
        let mut movement = Self {
            planned: (before.and_then(planned), after.and_then(planned)),
            served: (before.is_some(), after.is_some()),
            ..Self::default()
        };
        match (before, after) {
            (Some(before), Some(after)) => movement.compare(before, after, catalog),
            (Some(_), None) => movement.leaves = 1.0,
            (None, Some(_)) => movement.joins = 1.0,
            (None, None) => {}
        }
        movement
    }

    /// True when everybody sees what they saw.
    pub fn is_still(&self) -> bool {
        self.leaves == 0.0
            && self.switches == 0.0
            && self.joins == 0.0
            && self.shows.is_empty()
            && self.apart.is_none_or(|apart| apart == (Some(0.0), Some(0.0)))
            && self.unknown.is_empty()
    }

    /// Units behind a part of the earlier plan's.
    pub fn of_before(&self, part: f64) -> Option<f64> {
        self.planned.0.map(|units| units * part)
    }

    /// Units behind a part of the later plan's.
    pub fn of_after(&self, part: f64) -> Option<f64> {
        self.planned.1.map(|units| units * part)
    }

    fn compare(&mut self, before: &Plan, after: &Plan, catalog: &Catalog) {
        let (old, new) = (&before.audience, &after.audience);
        let name = |known: &Option<crate::plan::Known<String>>| known.as_ref().map(|known| known.value.clone());
        let same_key = name(&old.unit) == name(&new.unit) && name(&old.key) == name(&new.key);
        let same_salt = same_key && old.salt.value == new.salt.value;
        let (old_line, new_line) = (Line::of(before), Line::of(after));
        let same_layer = same_key && old_line.salt == new_line.salt;
        let slots = match same_layer {
            true => overlap(old_line.slot, new_line.slot),
            false => width(old_line.slot) * width(new_line.slot),
        };
        let (e_old, e_new) = (old_line.enrolled, new_line.enrolled);
        let enrolled = if same_salt { e_old.min(e_new) } else { e_old * e_new };
        let held = |plan: &Plan| plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
        let (h_old, h_new) = (held(before), held(after));
        let holdout_salt = |plan: &Plan| plan.audience.holdout.as_ref().map(|holdout| holdout.salt.value.clone());
        let same_holdout = same_key && (holdout_salt(before) == holdout_salt(after) || h_old == 0.0 || h_new == 0.0);
        let free = if same_holdout { 1.0 - h_old.max(h_new) } else { (1.0 - h_old) * (1.0 - h_new) };
        let kept = slots * enrolled * free;
        let stays_of = |whole: f64| if 0.0 < whole { (kept / whole).clamp(0.0, 1.0) } else { 0.0 };
        let stays = stays_of(width(old_line.slot) * e_old * (1.0 - h_old));
        let known = stays_of(width(new_line.slot) * e_new * (1.0 - h_new));
        let same_variant = assigned_alike(&before.variants, &after.variants, same_salt);
        self.leaves = part(1.0 - stays);
        self.switches = part(stays * (1.0 - same_variant));
        self.joins = part(1.0 - known);
        self.shows = shows(before, after);
        let weights = |plan: &Plan| plan.variants.iter().map(|v| (v.name.clone(), v.fraction)).collect::<Vec<_>>();
        let reasons = [
            (!same_key, "the unit of randomisation"),
            (same_key && !same_salt, "the salt"),
            (!same_layer, "the layer"),
            (same_layer && old_line.slot != new_line.slot, "the slot in the layer"),
            ((e_old - e_new).abs() > NOTHING, "the share"),
            (h_old != h_new || !same_holdout, "the holdout"),
            (weights(before) != weights(after), "the variants or their weights"),
        ];
        self.why = reasons.into_iter().filter(|(applies, _)| *applies).map(|(_, why)| why).collect();
        if conditions(before) != conditions(after) {
            let apart = apart(before, after, catalog);
            self.unknown.extend(match apart {
                (None, None) => Some("how many meet the conditions of one plan only"),
                (None, Some(_)) => Some("how many meet the earlier conditions only"),
                (Some(_), None) => Some("how many meet the later conditions only"),
                (Some(_), Some(_)) => None,
            });
            self.apart = Some(apart);
        }
        if old_line.is_guessed || new_line.is_guessed {
            self.unknown.push("where in the layer it lies: it has no slot");
        }
    }
}

/// Below it two parts are one: shares are decimals in binary.
const NOTHING: f64 = 1e-9;

fn part(value: f64) -> f64 {
    if value < NOTHING { 0.0 } else { value.min(1.0) }
}

/// Units that are enrolled from the start to the end, ramp included.
fn planned(plan: &Plan) -> Option<f64> {
    let daily = plan.audience.daily_units.as_ref()?.value;
    let free = 1.0 - plan.audience.holdout.as_ref().map_or(0.0, |holdout| holdout.share.value);
    let calendar = Calendar { analyse_ramp: true, ..plan.calendar.clone() };
    let units = daily * calendar.share_days(calendar.days) * free;
    (units.is_finite() && 0.0 < units).then_some(units)
}

/// The piece of a layer that a plan takes, and the part of it that is enrolled once the ramp is done.
struct Line {
    salt: Option<String>,
    slot: (f64, f64),
    enrolled: f64,
    /// True when nobody has given it a slot.
    is_guessed: bool,
}

impl Line {
    fn of(plan: &Plan) -> Self {
        let share = plan.audience.share.value.fraction();
        let main = plan.calendar.main_stage().map_or(share, |stage| stage.share.value);
        let layer = plan.audience.layer.as_ref();
        let given = layer.and_then(|layer| layer.slot.as_ref()).map(|slot| slot.value);
        let slot = match layer {
            None => (0.0, 1.0),
            Some(_) => given.unwrap_or((0.0, share)),
        };
        let enrolled = if 0.0 < width(slot) { (main / width(slot)).min(1.0) } else { 0.0 };
        let salt = layer.map(|layer| layer.salt.value.clone());
        Self { salt, slot, enrolled, is_guessed: layer.is_some() && given.is_none() }
    }
}

fn width((from, to): (f64, f64)) -> f64 {
    (to - from).max(0.0)
}

fn overlap(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.1.min(b.1) - a.0.max(b.0)).max(0.0)
}

/// The part of units that both plans give one variant. Variants lie on the line of the hash in their order.
fn assigned_alike(before: &[PlannedVariant], after: &[PlannedVariant], same_line: bool) -> f64 {
    let pieces = |variants: &[PlannedVariant]| {
        let mut from = 0.0;
        let mut pieces = Vec::with_capacity(variants.len());
        for variant in variants {
            pieces.push((variant.name.clone(), (from, from + variant.fraction)));
            from += variant.fraction;
        }
        pieces
    };
    let after = pieces(after);
    let alike = pieces(before).into_iter().filter_map(|(name, old)| {
        let (_, new) = after.iter().find(|(other, _)| *other == name)?;
        Some(if same_line { overlap(old, *new) } else { width(old) * width(*new) })
    });
    alike.sum::<f64>().clamp(0.0, 1.0)
}

fn shows(before: &Plan, after: &Plan) -> Vec<(String, f64)> {
    let payload = |variant: &PlannedVariant| variant.payload.as_ref().map(|payload| payload.value.to_json());
    let differs = |variant: &&PlannedVariant| {
        let old = before.variants.iter().find(|old| old.name == variant.name);
        old.is_some_and(|old| payload(old) != payload(variant))
    };
    after.variants.iter().filter(differs).map(|variant| (variant.name.clone(), variant.fraction)).collect()
}

/// The part of all units that meets the conditions of one plan only, each way.
fn apart(before: &Plan, after: &Plan, catalog: &Catalog) -> (Option<f64>, Option<f64>) {
    let shares = |attribute: &str| {
        let known = catalog.attributes.get(attribute)?;
        let shares = known.shares.value().filter(|shares| !shares.broken)?;
        let kind = known.r#type.copied();
        let value = |text: &str| match kind {
            Some(AttributeType::Number) => text.parse().ok().map(Scalar::Number),
            Some(AttributeType::Boolean) => text.parse().ok().map(Scalar::Flag),
            _ => Some(Scalar::Text(text.to_owned())),
        };
        shares.iter().map(|(text, share)| Some((value(text)?, share.fraction()))).collect()
    };
    fn of(plan: &Plan) -> [&[At<crate::spec::Condition>]; 2] {
        [&plan.audience.conditions, &plan.audience.exclusions]
    }
    (plan::apart(of(before), of(after), shares), plan::apart(of(after), of(before), shares))
}

fn conditions(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let text = |list: &[At<crate::spec::Condition>]| {
        let mut lines: Vec<String> =
            list.iter().map(|condition| format!("{:?} {}", condition.attribute.value(), condition.value)).collect();
        lines.sort();
        lines
    };
    (text(&plan.audience.conditions), text(&plan.audience.exclusions))
}
