//! GO Feature Flag: one `flags/goff/flags.json`, which the relay proxy and the in-process evaluators read.
//!
//! There is one hash, FNV-1a of the flag's name and the unit's id, modulo the sum of the percentages times 1000. It
//! gives enrolment and variant in one, so each variant has a slot of fixed width on its line:
//!
//! | in `percentage` | who |
//! | --- | --- |
//! | `<variant>` | the enrolled part of the slot, at its far end; a larger share takes more of the slot |
//! | `<variant>!off` | the rest of the slot: the same payload as `off`, nobody's variant |
//!
//! The engine lays the line out in falling order of the names, which puts the two beside each other. Everybody else
//! gets `off`.
//!
//! The line has 40,000 steps, and each is worth the same odd percentage, a whole number of 2^19ths. Sums of such numbers
//! are exact in any order: the engine adds them in the order of a Go map, and with 33.3, 33.3 and 33.4 it serves a unit
//! two variants in turn. The number comes from the flag's name, so that flags have different moduli: FNV-1a mixes so
//! little that one modulus for all would give units whose ids count upwards variants that depend on each other in more
//! than half of all pairs of flags; with these moduli it is one pair in a hundred (p < 0.001 in 247 of 27,966 pairs, 20,000
//! ids each; 28 by chance). A modulus goes more than 3,400 times into 2^32, so that hardly any unit is in the last,
//! incomplete round.
//!
//! **Rules**, in their order: `force/<variant>`; `nobody` where the id is the `targetingKey`; `exclude/<n>` for versions
//! that are excluded; `others` for all who do not meet the other conditions, where versions matter; `enrol`. Versions are
//! compared in the engine's own language and everything else in JSON Logic, and a rule has one of the two.
//!
//! **Moments.** `scheduledRollout` changes the percentages at midnight UTC of each stage's first day.
//!
//! **Kill switch.** A flag without rules, whose default is `off`. `"disable": true` would serve the default of the calling
//! code. `flags/goff/kill/<id>.json` holds the flag in that state, to replace the one in `flags.json`.
//!
//! **Shipped** experiments serve the winner to everybody.
//!
//! **Limits.** The name of the flag is the salt. A flag that hashes fails for a unit without an id, and the caller's
//! default is served, unless the id is the `targetingKey`. There are no layers and no holdouts.

mod conditions;
mod moduli;

use serde_json::{Map, Number, Value as Json, json};

use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Arm, Capabilities, Gap, Salts};
use crate::plan::{Plan, PlannedStage};
use crate::spec::Comparison;
use crate::syntax::{Node, Value};
use crate::text::Span;

use conditions::{attribute, condition, text_among, version};
use moduli::step;

pub(super) struct Goff;

/// GO Feature Flag: what its engine 0.2.4 was seen to do.
const GOFF: Capabilities = Capabilities {
    name: "goff",
    title: "GO Feature Flag",
    file: "flags.json",
    share_parts: PARTS as f64,
    arm_parts: Some(PARTS),
    salts: Salts::Key,
    layers: false,
    holdouts: false,
    reserved: &[OFF],
    hash: "FNV-1a of GO Feature Flag",
    holds_schedule: true,
    flags_key: "",
    caught,
    refuses,
    limits: &[
        "Ids that count upwards get variants that depend on each other in one pair of flags in a hundred: use random ids.",
        "A unit without an id gets the default of the calling code, unless the id is the `targetingKey`.",
        "A number of a version is at most 2^64 - 1.",
    ],
    ..Capabilities::PLAIN
};

/// The steps of the line; see the head of the file.
const PARTS: u32 = 40_000;

/// What a percentage is a whole number of parts of: a power of two, so that every sum is exact.
const GRAIN: f64 = 524_288.0;

/// The variation of units that take no part.
const OFF: &str = "off";

/// The rule that hashes.
const ENROL: &str = "enrol";

/// The version of what is printed here.
const FORMAT: &str = "goff/1";

/// The engine in the Python provider reads documents 128 deep, and a payload stands five deep in its question.
const MOST_DEPTH: usize = 100;

fn rest(variant: &str) -> String {
    format!("{variant}!off")
}

/// Conditions that its languages read otherwise, names that would tear a slot apart, payloads that would change.
fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| match clause.comparison {
        Comparison::Version(_) => version(clause).map(drop),
        _ => condition(clause).map(drop),
    });
    if let Some(Err(reason)) = plan.audience.key.as_ref().map(|key| attribute(&key.value, Of::Unit)) {
        let help = "randomise by a unit whose key is a plain attribute".to_owned();
        let place = plan.audience.unit.as_ref().and_then(|unit| unit.span());
        gaps.push(Gap { what: "the unit's key".to_owned(), place, reason, help });
    }
    let names = plan.variants.iter().map(|variant| &variant.name);
    let mut line: Vec<String> = names.flat_map(|name| [name.clone(), rest(name)]).collect();
    line.sort();
    let torn = plan.variants.iter().find(|variant| {
        let at = line.iter().position(|name| *name == variant.name);
        at.and_then(|at| line.get(at + 1)).is_none_or(|next| *next != rest(&variant.name))
    });
    if let Some(variant) = torn {
        gaps.push(Gap {
            what: format!("a variant `{}` beside another whose name goes on from it", variant.name),
            place: Some(variant.span),
            reason: "names are the order of the hash, and `!off` comes next to each".to_owned(),
            help: "name variants with letters, digits and dashes".to_owned(),
        });
    }
    gaps.extend(served::payloads(plan, |payload| {
        served::too_deep(payload, MOST_DEPTH)
            .or_else(|| served::inexact(payload))
            .or_else(|| served::minus_zero(payload))
    }));
    gaps
}

/// The rule before the one that enrols which holds for everybody.
fn caught(flag: &Node, _id: &str, _salt: &str) -> Option<Span> {
    let rules = flag.at_path("targeting")?.as_array()?;
    let ours = rules.iter().position(|rule| rule.at_path("name").and_then(Node::as_str) == Some(ENROL))?;
    rules[..ours].iter().filter_map(Node::as_table).find_map(|rule| {
        let is_off = rule.get("disable").is_some_and(|flag| matches!(flag.value, Value::Boolean(true)));
        let narrowed = rule.get("query").and_then(Node::as_str).is_some_and(|query| !query.trim().is_empty());
        let serves = ["variation", "percentage", "progressiveRollout"].iter().find_map(|key| rule.entry(key))?;
        (!is_off && !narrowed).then_some(serves.key_span)
    })
}

impl Target for Goff {
    fn capabilities(&self) -> &'static Capabilities {
        &GOFF
    }

    fn about(&self) -> &'static str {
        "GO Feature Flag's relay proxy, as a flag file"
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let flags = served::each(flags, |flag| Ok((flag.key.to_owned(), definition(flag, losses)?)))?;
        served::json_bytes(&Json::Object(flags.into_iter().collect()))
    }
}

fn definition(flag: &Flag<'_>, losses: &mut Losses) -> Result<Json, String> {
    let mut variations = Map::from_iter([(OFF.to_owned(), json!(flag.off))]);
    let mut default = OFF;
    let mut rules = Vec::new();
    let mut more = Map::new();
    if let State::Shipped(winner) = flag.state {
        default = flag.variants[winner].name;
        variations.insert(default.to_owned(), json!(flag.variants[winner].payload));
    } else {
        variations.extend(flag.variants.iter().map(|variant| (variant.name.to_owned(), json!(variant.payload))));
        // Conditions are judged in every state: a fault must not wait for the first stage.
        rules = targeting(flag)?;
        let shares = match &flag.state {
            State::Stage(stage) => vec![served::arms(flag, stage, &GOFF, losses)],
            State::Schedule(stages) => {
                stages.iter().map(|(_, stage)| served::arms(flag, stage, &GOFF, losses)).collect()
            }
            State::Waiting | State::Killed | State::Shipped(_) => Vec::new(),
        };
        if shares.is_empty() {
            rules.truncate(forced(flag).count());
        } else {
            variations.extend(flag.variants.iter().map(|variant| (rest(variant.name), json!(flag.off))));
            more.insert("bucketingKey".to_owned(), json!(if flag.unit == TARGETING_KEY { "" } else { flag.unit }));
        }
        if let (Some(enrol), Some(first)) = (rules.last_mut(), shares.first()) {
            enrol["percentage"] = match flag.state {
                // The same slots, and nobody enrolled before the first day.
                State::Schedule(_) => line(flag, first.iter().map(|arm| Arm { enrolled: 0, ..*arm })),
                _ => line(flag, first.iter().copied()),
            };
        }
        if let State::Schedule(stages) = &flag.state {
            let step = |((_, stage), arms): (&(i64, &PlannedStage), Vec<Arm>)| {
                let date = stage.start.map(|day| format!("{day}T00:00:00Z"));
                json!({ "date": date, "targeting": [{ "name": ENROL, "percentage": line(flag, arms.into_iter()) }] })
            };
            more.insert("scheduledRollout".to_owned(), stages.iter().zip(shares).map(step).collect());
        }
        if let State::Killed = flag.state {
            rules.clear();
        }
    }
    let mut made = Map::from_iter([("variations".to_owned(), Json::Object(variations))]);
    if !rules.is_empty() {
        made.insert("targeting".to_owned(), json!(rules));
    }
    made.insert("defaultRule".to_owned(), json!({ "variation": default }));
    made.extend(more);
    made.insert(
        "metadata".to_owned(),
        json!({ "experiment": flag.id(), "plan": flag.hash, "stage": flag.stage_name(), "expc": FORMAT }),
    );
    Ok(Json::Object(made))
}

/// The attribute that is there for every unit, empty where the caller gave none.
const TARGETING_KEY: &str = "targetingKey";

/// What an attribute is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Condition,
    Unit,
}

fn forced<'f, 'p>(flag: &'f Flag<'p>) -> impl Iterator<Item = &'f served::Variant<'p>> {
    flag.variants.iter().filter(|variant| !variant.force.is_empty())
}

/// Every rule, the one that enrols at the end, without its percentages.
fn targeting(flag: &Flag<'_>) -> Result<Vec<Json>, String> {
    let unit = attribute(flag.unit, Of::Unit)?;
    let rule =
        |name: String, query: String, variation: &str| json!({ "name": name, "query": query, "variation": variation });
    let mut rules = Vec::new();
    for variant in forced(flag) {
        let ids: Vec<Json> = variant.force.iter().map(|id| json!(id)).collect();
        rules.push(rule(format!("force/{}", variant.name), text_among(&unit, &ids).to_string(), variant.name));
    }
    if flag.unit == TARGETING_KEY {
        // The rule that hashes fails without a key before it is asked whether it applies.
        rules.push(rule("nobody".to_owned(), json!({ "===": [unit, ""] }).to_string(), OFF));
    }
    let mut holds = vec![json!({ "!==": [unit, ""] })];
    let mut versions = Vec::new();
    let mut excluded = 0;
    for clause in &flag.clauses {
        match (&clause.comparison, clause.is_exclusion) {
            (Comparison::Version(_), false) => versions.push(version(clause)?),
            (Comparison::Version(_), true) => {
                excluded += 1;
                rules.push(rule(format!("exclude/{excluded}"), version(clause)?, OFF));
            }
            (_, false) => holds.push(condition(clause)?),
            (_, true) => holds.push(json!({ "!": [condition(clause)?] })),
        }
    }
    let meets = if holds.len() == 1 { holds.remove(0) } else { json!({ "and": holds }) };
    let enrol = match versions.is_empty() {
        true => meets.to_string(),
        false => {
            rules.push(rule("others".to_owned(), json!({ "!": [meets] }).to_string(), OFF));
            versions.join(" and ")
        }
    };
    rules.push(json!({ "name": ENROL, "query": enrol }));
    Ok(rules)
}

/// The line of the hash, with the slots of these arms.
fn line(flag: &Flag<'_>, arms: impl Iterator<Item = Arm>) -> Json {
    let step = step(flag.key);
    let percentage = |steps: u64| match steps {
        0 => json!(0),
        // Below 2^53: 40,000 steps of less than 2^15.
        steps => Number::from_f64((steps * step) as f64 / GRAIN).map_or(Json::Null, Json::Number),
    };
    let mut shares = Map::new();
    for (variant, arm) in flag.variants.iter().zip(arms) {
        shares.insert(variant.name.to_owned(), percentage(arm.enrolled));
        shares.insert(rest(variant.name), percentage(arm.slot - arm.enrolled));
    }
    Json::Object(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_different_moduli_and_exact_sums() {
        let steps: std::collections::BTreeSet<u64> = (0..5_000).map(|n| step(&format!("flag-{n}"))).collect();
        assert_eq!(steps.len(), 128);
        for step in steps {
            let whole = (u64::from(PARTS) * step) as f64 / GRAIN;
            let thirds = [13_334, 13_333, 13_333].map(|steps: u64| (steps * step) as f64 / GRAIN);
            assert_eq!(thirds.iter().sum::<f64>(), whole);
            assert_eq!(thirds.iter().rev().sum::<f64>() * 1e3, whole * 1e3);
            assert!(3_400.0 < 4_294_967_296.0 / (whole * 1e3));
        }
    }
}
