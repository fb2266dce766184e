//! Flipt: one `flags/flipt/features.yml`, which its server reads from a folder, from git or from object storage.
//!
//! There is one hash, CRC-32 of the flag's key and the unit's id, modulo 1000. It gives enrolment and variant in one, so
//! each variant has a slot of fixed width on its line, in tenths of a per cent of everybody. Slots are laid in the order of
//! the spec; the enrolled part of every other slot begins at its end, so that the unenrolled parts of neighbours are one
//! distribution of the variant `off`, and the first and the last bucket are `off` while anything is.
//!
//! Distributions sum to 100: what they sum to otherwise was a share in one release and is rescaled in the next. The server
//! cuts the end of a distribution to a bucket where the clients round it, both in 32-bit floats. Where plain tenths would
//! make a bucket change hands, the first distribution has two thousandths more and the last as much less, with which both
//! find the same buckets.
//!
//! **Rules**, in their order: one for each variant with forced units; one for each exclusion, which serves `off`; one for
//! the eligible. Everybody else gets the default variant, `off`. Segments are named `<experiment>,<what>,<n>`: no id of an
//! experiment has a comma.
//!
//! **Moments.** A file holds one moment: a build names a stage or a date. A whole schedule enrols nobody and says so.
//!
//! **Kill switch.** `enabled: false` serves the default variant to everybody, forced units included.
//! `flags/flipt/kill/<id>.yml` holds the flag in that state, to replace the one in `features.yml`.
//!
//! **Shipped** experiments have the winner as their default variant.
//!
//! **Limits.** The key of the flag is the salt. Contexts are flat and hold texts, and an empty text is none: `not_in` and
//! `is_not` on texts would lose units whose text is empty and are refused. The clients read whole numbers of 32 bits only,
//! so numbers are compared as texts, and sizes not at all. There are no versions, no layers and no holdouts.
//!
//! The file is JSON, which is YAML: nothing in it needs a printer of YAML, and characters that YAML reads otherwise inside
//! quotes are escaped.

mod conditions;
mod import;

use std::collections::BTreeMap;

use serde_json::{Number, Value as Json, json};

use super::draft::{Draft, Export};
use super::served::{self, Flag, Losses, State};
use super::{Print, Target};
use crate::plan::targets::{Arm, Capabilities, Gap, Salts};
use crate::plan::{Plan, PlannedStage};
use crate::syntax::Value;

use conditions::{constraints, ids};

pub(super) struct Flipt;

/// Flipt: what its client 0.5.1 was seen to do.
const FLIPT: Capabilities = Capabilities {
    name: "flipt",
    title: "Flipt",
    file: "features.yml",
    share_parts: PARTS as f64,
    arm_parts: Some(PARTS),
    salts: Salts::Key,
    layers: false,
    holdouts: false,
    comparisons: &["in", "not_in", "is", "is_not", "starts_with", "ends_with"],
    reserved: &[OFF],
    hash: "CRC-32 of Flipt",
    flag_signs: Some("-_,"),
    refuses,
    limits: &[
        "Contexts hold texts: 1 and `\"1\"` are the same, and an empty text is none.",
        "Its server takes blanks off the ends of a text before `starts_with` and `ends_with`; its clients do not.",
        "CRC-32 mixes little: variants of two flags may depend on each other where ids count upwards.",
    ],
    upload: "`features.yml` itself; no judge: `flipt validate` comes with the server alone",
    ..Capabilities::PLAIN
};

/// The buckets of the hash.
const PARTS: u32 = 1_000;

/// The variant of units that take no part.
const OFF: &str = "off";

/// The version of what is printed here.
const FORMAT: &str = "flipt/1";

/// The version of the format that has default variants, and lists as texts.
const VERSION: &str = "1.4";

/// Payloads are read by four languages on their way; none of them stops before this.
const MOST_DEPTH: usize = 100;

/// YAML reads no longer keys than this, in characters, quotes and escapes among them.
const MOST_KEY: usize = 900;

fn refuses(plan: &Plan) -> Vec<Gap> {
    let mut gaps = served::readable(plan, |clause| match FLIPT.comparisons.contains(&clause.comparison.word()) {
        // The comparisons are told already.
        false => Ok(()),
        true => constraints(clause).map(drop),
    });
    gaps.extend(served::payloads(plan, |payload| {
        let long = || {
            let reason = format!("YAML reads no keys of more than {MOST_KEY} bytes");
            long_key(payload).then_some((reason, "write shorter keys"))
        };
        served::too_deep(payload, MOST_DEPTH).or_else(|| served::inexact(payload)).or_else(long)
    }));
    if let Some(variant) = plan.variants.iter().find(|variant| variant.name.contains(['\n', '\r'])) {
        gaps.push(Gap {
            what: "a line break in the name of a variant".to_owned(),
            place: Some(variant.span),
            reason: "its keys are of one line".to_owned(),
            help: "take it out".to_owned(),
        });
    }
    gaps
}

fn long_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| long_key(&item.value)),
        Value::Table(table) => table
            .entries
            .iter()
            .any(|entry| MOST_KEY < json!(&*entry.key).to_string().len() || long_key(&entry.node.value)),
        _ => false,
    }
}

impl Target for Flipt {
    fn capabilities(&self) -> &'static Capabilities {
        &FLIPT
    }

    fn about(&self) -> &'static str {
        "Flipt, as a file of features"
    }

    fn import(&self, export: &Export<'_>) -> Option<Result<Vec<Draft>, String>> {
        Some(import::drafts(export))
    }

    fn document(&self, flags: &[Flag<'_>], print: &mut Print<'_>) -> Result<Vec<u8>, String> {
        let losses = &mut print.losses;
        let mut segments = BTreeMap::new();
        let flags = served::each(flags, |flag| definition(flag, &mut segments, losses))?;
        let segments: Vec<Json> = segments.into_values().collect();
        yaml(&json!({ "version": VERSION, "namespace": "default", "flags": flags, "segments": segments }))
    }
}

fn definition(flag: &Flag<'_>, segments: &mut BTreeMap<String, Json>, losses: &mut Losses) -> Result<Json, String> {
    let winner = match flag.state {
        State::Shipped(winner) => Some(winner),
        _ => None,
    };
    let mut variants = vec![json!({ "key": OFF, "default": winner.is_none(), "attachment": flag.off })];
    for (n, variant) in flag.variants.iter().enumerate().filter(|(n, _)| winner.is_none_or(|winner| winner == *n)) {
        variants.push(json!({ "key": variant.name, "default": winner == Some(n), "attachment": variant.payload }));
    }
    // Conditions are judged in every state: a fault must not wait for the first stage.
    let mut made = Vec::new();
    let mut rules = rules(flag, &mut made)?;
    match flag.state {
        State::Shipped(_) | State::Killed => rules.clear(),
        State::Waiting | State::Schedule(_) => rules.truncate(forced(flag).count()),
        State::Stage(stage) => {
            if let Some(eligible) = rules.last_mut() {
                eligible["distributions"] = distributions(flag, stage, losses);
            }
        }
    }
    let used: Vec<&str> = rules.iter().flat_map(|rule| keys(&rule["segment"])).collect();
    let used = made.into_iter().filter(|(key, _)| used.contains(&key.as_str()));
    segments.extend(used.collect::<Vec<_>>());
    Ok(json!({
        "key": flag.key,
        "name": flag.key,
        "description": format!("experiment {}, stage {}", flag.id(), flag.stage_name()),
        "type": "VARIANT_FLAG_TYPE",
        "enabled": !matches!(flag.state, State::Killed),
        "metadata": { "experiment": flag.id(), "plan": flag.hash, "stage": flag.stage_name(), "expc": FORMAT },
        "variants": variants,
        "rules": rules,
    }))
}

/// The segments that a rule names.
fn keys(segment: &Json) -> Vec<&str> {
    match segment.as_str() {
        Some(key) => vec![key],
        None => segment["keys"].as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
    }
}

fn forced<'f, 'p>(flag: &'f Flag<'p>) -> impl Iterator<Item = &'f served::Variant<'p>> {
    flag.variants.iter().filter(|variant| !variant.force.is_empty())
}

/// Every rule, the one of the eligible at the end, without its distributions.
fn rules(flag: &Flag<'_>, segments: &mut Vec<(String, Json)>) -> Result<Vec<Json>, String> {
    let mut segment = |what: &str, n: usize, matches: &str, constraints: Vec<Json>| {
        let key = format!("{},{what},{n}", flag.id());
        let made = json!({ "key": key, "name": key, "match_type": matches, "constraints": constraints });
        segments.push((key.clone(), made));
        key
    };
    let mut rules = Vec::new();
    let all = |variant: &str| json!([{ "variant": variant, "rollout": 100 }]);
    for (n, variant) in forced(flag).enumerate() {
        let key = segment("force", n + 1, ANY, ids(&variant.force));
        rules.push(json!({ "segment": key, "distributions": all(variant.name) }));
    }
    let mut plain = Vec::new();
    let mut lists = Vec::new();
    for (n, clause) in flag.clauses.iter().enumerate() {
        let mut any = constraints(clause)?;
        if clause.is_exclusion {
            let key = segment("exclude", n + 1, ANY, any);
            rules.push(json!({ "segment": key, "distributions": all(OFF) }));
        } else if any.len() == 1 {
            plain.push(any.remove(0));
        } else {
            lists.push(segment("any", n + 1, ANY, any));
        }
    }
    let eligible = segment("eligible", 1, "ALL_MATCH_TYPE", plain);
    rules.push(match lists.is_empty() {
        true => json!({ "segment": eligible }),
        false => {
            lists.insert(0, eligible);
            json!({ "segment": { "keys": lists, "operator": "AND_SEGMENT_OPERATOR" } })
        }
    });
    Ok(rules)
}

/// A segment of those who meet one of its constraints. Without constraints it holds everybody.
const ANY: &str = "ANY_MATCH_TYPE";

fn distributions(flag: &Flag<'_>, stage: &PlannedStage, losses: &mut Losses) -> Json {
    let arms = served::arms(flag, stage, &FLIPT, losses);
    let mut line: Vec<(&str, u64)> = Vec::new();
    let mut lay = |name, parts: u64| match line.last_mut() {
        _ if parts == 0 => {}
        Some((last, sum)) if *last == name => *sum += parts,
        _ => line.push((name, parts)),
    };
    for (n, (variant, Arm { slot, enrolled })) in flag.variants.iter().zip(arms).enumerate() {
        let mut slices = [(OFF, slot - enrolled), (variant.name, enrolled)];
        if n % 2 == 1 {
            slices.reverse();
        }
        slices.into_iter().for_each(|(name, parts)| lay(name, parts));
    }
    let parts: Vec<u64> = line.iter().map(|(_, parts)| *parts).collect();
    let rollout = |part: f64| match part.fract() == 0.0 {
        true => json!(part as u64),
        false => Number::from_f64(part).map_or(Json::Null, Json::Number),
    };
    let named = line.iter().zip(rollouts(&parts));
    named.map(|((name, _), part)| json!({ "variant": name, "rollout": rollout(part) })).collect()
}

/// Per cents that the server and the clients both turn into these buckets.
fn rollouts(parts: &[u64]) -> Vec<f64> {
    let shifted = |thousandths: i64| -> Vec<f64> {
        let last = parts.len().saturating_sub(1);
        let of = |(n, part): (usize, &u64)| {
            let shift = i64::from(n == 0) * thousandths - i64::from(n == last) * thousandths;
            (*part as i64 * 100 + shift) as f64 / 1e3
        };
        parts.iter().enumerate().map(of).collect()
    };
    [0, 2, 4].map(shifted).into_iter().find(|rollouts| is_exact(rollouts, parts)).unwrap_or_else(|| shifted(2))
}

/// The sums of both engines, in their own arithmetic: the last distribution ends with the line whatever its sum.
fn is_exact(rollouts: &[f64], parts: &[u64]) -> bool {
    let rollouts: Vec<f32> = rollouts.iter().map(|part| *part as f32).collect();
    let total: f32 = rollouts.iter().sum();
    let (mut sum, mut end) = (0.0_f32, 0);
    rollouts.iter().zip(parts).take(parts.len().saturating_sub(1)).all(|(rollout, part)| {
        sum += rollout / total * 100.0;
        end += part;
        let bucket = sum * (PARTS as f32 / 100.0);
        bucket as u64 == end && bucket.round() as u64 == end
    })
}

/// JSON with escapes for what YAML reads otherwise inside quotes: breaks of lines, and what it takes for control.
fn yaml(document: &Json) -> Result<Vec<u8>, String> {
    let text = String::from_utf8(served::json_bytes(document)?).map_err(|fault| format!("internal error: {fault}"))?;
    let odd =
        |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(odd) {
        return Ok(text.into_bytes());
    }
    let escaped = text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match odd(c) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
        out
    });
    Ok(escaped.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_find_the_same_buckets_at_every_share() {
        let mut shifted = 0;
        for share in 1..=1_000_u64 {
            for slots in [&[500, 500][..], &[500, 250, 250], &[334, 333, 333], &[100, 200, 300, 400], &[900, 100]] {
                let parts: Vec<u64> = slots
                    .iter()
                    .flat_map(|slot| {
                        let enrolled = (*slot as f64 * share as f64 / 1e3).round() as u64;
                        [enrolled, slot - enrolled]
                    })
                    .filter(|part| 0 < *part)
                    .collect();
                let rollouts = rollouts(&parts);
                assert!(is_exact(&rollouts, &parts), "{parts:?}: {rollouts:?}");
                assert!((rollouts.iter().sum::<f64>() - 100.0).abs() < 1e-9, "{rollouts:?}");
                shifted += usize::from(rollouts[0] != parts[0] as f64 / 10.0);
            }
        }
        assert!(0 < shifted && shifted < 5_000, "{shifted} of 5,000 need a shift");
    }

    #[test]
    fn what_yaml_reads_otherwise_is_escaped() {
        let bytes = yaml(&json!({ "a\u{85}": "b\u{2028}\u{7f}日🎉" })).expect("text");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), "{\n  \"a\\u0085\": \"b\\u2028\\u007f日🎉\"\n}\n");
    }
}
