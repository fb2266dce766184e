//! The judge on trial: what a right platform would serve is acquitted, and each single thing that can go wrong is not.
//!
//! No SDK is asked. A platform of the test's own serves some experiments by SHA-256; then one unit, or one part, is
//! served otherwise.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::asked::{Asked, Experiment};
use crate::contexts::{ODD, UNITS};
use crate::judge::{self, Expected, Served, Verdict, View};

/// The part of the line from 0 to 1 at which a unit stands.
fn point(salt: &str, step: &str, unit: usize) -> f64 {
    let hash = Sha256::digest(format!("{salt}/{step}/{unit}"));
    let eight = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    eight as f64 / u64::MAX as f64
}

/// Everything right: enrolment and variant by two hashes.
fn right(experiment: &Experiment, share: f64, salts: [&str; 2]) -> Served {
    let variants = &experiment.plan.variants;
    let mut outcomes: Vec<(String, Json)> = variants
        .iter()
        .map(|variant| variant.name.clone())
        .chain(["off".to_owned()])
        .map(|name| (name.clone(), experiment.payload(&name).expect("a payload")))
        .collect();
    let off = variants.len();
    for variant in variants {
        outcomes.push((format!("force:{}", variant.name), experiment.payload(&variant.name).expect("a payload")));
    }
    let total: f64 = variants.iter().map(|variant| variant.weight.value).sum();
    let units = (0..UNITS)
        .map(|unit| {
            if let Some(name) = experiment.forced.get(&unit) {
                return off + 1 + variants.iter().position(|variant| variant.name == *name).expect("a variant");
            }
            if !experiment.eligible[unit] || share <= point(salts[0], "enrol", unit) {
                return off;
            }
            let mut left = point(salts[1], "assign", unit) * total;
            let chosen = variants.iter().position(|variant| {
                left -= variant.weight.value;
                left < 0.0
            });
            chosen.unwrap_or(off - 1)
        })
        .collect();
    Served { outcomes, units }
}

fn judged(experiment: &Experiment, share: f64, named: u32, served: &Served) -> Verdict {
    let weights = experiment.plan.variants.iter().map(|variant| variant.weight.value).collect();
    let expected = Expected { experiment, stage: "main", share, weights, named, judges_payload: true };
    let mut verdict = Verdict::new();
    judge::experiment(&expected, served, &mut verdict);
    verdict.tell_unnamed();
    verdict
}

/// Where the judge errs.
pub fn errors(asked: &[Asked]) -> Vec<String> {
    let of = |id: &str| {
        let all = asked.iter().flat_map(|asked| &asked.experiments);
        all.into_iter().find(|experiment| experiment.id == id).expect("an experiment of the matrix")
    };
    let mut errors = Vec::new();
    let mut court = |what: &str, is_guilty: bool, verdict: &Verdict| {
        if verdict.faults.is_empty() == is_guilty {
            let word = if is_guilty { "is not found" } else { "is found where all is right" };
            errors.push(format!("{what} {word}: {:?}", verdict.faults));
        }
    };

    let forced = of("forced");
    let good = || right(forced, 1.0, ["a", "b"]);
    court("a fault", false, &judged(forced, 1.0, 0, &good()));
    let is_declared = |unit: &usize| forced.odd[*unit] == 0 && !forced.forced.contains_key(unit);
    let eligible = (0..UNITS).filter(is_declared).find(|unit| forced.eligible[*unit]).expect("an eligible unit");
    let outsider = (0..UNITS).filter(is_declared).find(|unit| !forced.eligible[*unit]).expect("an outsider");
    let someone = *forced.forced.keys().next().expect("a forced unit");
    let off = forced.plan.variants.len();
    for (what, unit, outcome) in [
        ("one unit that is left out", eligible, off),
        ("one unit that is let in", outsider, 0),
        ("one unit that is forced by mistake", eligible, off + 1),
        ("one forced unit with another variant", someone, 0),
        ("one forced unit that is left out", someone, off),
    ] {
        let mut served = good();
        served.units[unit] = outcome;
        court(what, true, &judged(forced, 1.0, 0, &served));
    }
    let mut served = good();
    served.outcomes.push(("!GENERAL".to_owned(), Json::Null));
    *served.units.last_mut().expect("units") = served.outcomes.len() - 1;
    court("one evaluation that ends with an error", true, &judged(forced, 1.0, 0, &served));
    for outcome in [0, off] {
        let mut served = good();
        served.outcomes[outcome].1 = json!({ "cta": "another" });
        court("a payload that is changed", true, &judged(forced, 1.0, 0, &served));
    }

    let versions = of("semver-at-least");
    let odd = (0..UNITS).find(|unit| versions.odd[*unit] != 0 && !versions.eligible[*unit]).expect("an odd unit");
    let mut served = right(versions, 1.0, ["a", "b"]);
    served.units[odd] = 0;
    court("an odd value that no entry names", true, &judged(versions, 1.0, 0, &served));
    let verdict = judged(versions, 1.0, versions.odd[odd], &served);
    court("an odd value that an entry names", false, &verdict);
    if verdict.differs == 0 || ODD.len() < verdict.differs.trailing_zeros() as usize {
        errors.push("a difference that occurs is not kept".to_owned());
    }

    let mut court = |what: &str, is_guilty: bool, verdict: &Verdict| {
        if verdict.faults.is_empty() == is_guilty {
            errors.push(format!("{what}: {:?}", verdict.faults));
        }
    };
    // Two points of a quarter, and 47 : 26.5 : 26.5 for 50 : 25 : 25.
    let share = of("share-25");
    court("a right share", false, &judged(share, 0.25, 0, &right(share, 0.25, ["a", "b"])));
    court("a wrong share", true, &judged(share, 0.25, 0, &right(share, 0.27, ["a", "b"])));
    let three = of("three-variants");
    let mut served = right(three, 1.0, ["a", "b"]);
    let moved: Vec<usize> = (0..UNITS).filter(|n| served.units[*n] == 0 && point("m", "move", *n) < 0.06).collect();
    moved.iter().for_each(|unit| served.units[*unit] = 1 + unit % 2);
    court("a wrong split", true, &judged(three, 1.0, 0, &served));

    let ramp = of("ramp");
    let (before, after) = (right(ramp, 0.2, ["a", "b"]), right(ramp, 0.5, ["a", "b"]));
    let mut verdict = Verdict::new();
    judge::ramp("ramp", &before, &after, &mut verdict);
    court("a right ramp", false, &verdict);
    let enrolled = (0..UNITS).find(|unit| before.is_in(*unit)).expect("an enrolled unit");
    for outcome in [(after.units[enrolled] + 1) % 3, 3] {
        let mut served = right(ramp, 0.5, ["a", "b"]);
        served.units[enrolled] = outcome;
        let mut verdict = Verdict::new();
        judge::ramp("ramp", &before, &served, &mut verdict);
        court("one unit that a ramp moves or drops", true, &verdict);
    }

    let (one, two) = (of("share-50"), of("own-salt"));
    let half = |salts| right(one, 0.5, salts);
    for (what, salts, is_guilty) in [("two hashes", ["c", "d"], false), ("one hash", ["a", "b"], true)] {
        let mut verdict = Verdict::new();
        let other = right(two, 0.5, salts);
        judge::independent(what, (one, &half(["a", "b"]), View::Variant), (two, &other, View::Variant), &mut verdict);
        court(what, is_guilty, &verdict);
        let mut verdict = Verdict::new();
        judge::agree(what, one, 0, &half(["a", "b"]), &other, &mut verdict);
        court("agreement", !is_guilty, &verdict);
    }
    let layer = |second: &Served| {
        let mut verdict = Verdict::new();
        judge::layer("layer", &[&before, second], &mut verdict);
        verdict
    };
    let nobody = right(ramp, 0.0, ["a", "b"]);
    court("a layer without overlap", false, &layer(&nobody));
    let mut someone = right(ramp, 0.0, ["a", "b"]);
    someone.units[enrolled] = 0;
    court("one unit in two members of a layer", true, &layer(&someone));

    let killed = |served: &Served| {
        let mut verdict = Verdict::new();
        judge::killed(ramp, served, &mut verdict);
        verdict
    };
    let all_off = Served { outcomes: vec![nobody.outcomes[3].clone()], units: vec![0; UNITS] };
    court("a killed flag", false, &killed(&all_off));
    court("one unit that a killed flag serves", true, &killed(&someone));
    let shipped = of("shipped");
    let ship = |winner: &str, held: f64| {
        let mut served = right(shipped, 1.0, ["a", "b"]);
        let winner = served.outcomes.iter().position(|(name, _)| name == winner).expect("an outcome");
        served.units.iter_mut().for_each(|unit| *unit = winner);
        let mut verdict = Verdict::new();
        judge::shipped(shipped, held, true, &served, &mut verdict);
        verdict
    };
    court("the winner to all", false, &ship("treatment-a", 0.0));
    court("`off` to all", true, &ship("off", 0.0));
    court("nobody held out", true, &ship("treatment-a", 0.05));

    for (one, two, are_same) in [
        (json!(1), json!(1.0), true),
        (json!(0.0), json!(-0.0), false),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), false),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0), false),
        (json!(1), json!("1"), false),
        (json!({ "a": [1], "b": null }), json!({ "b": null, "a": [1] }), true),
        (json!({ "a": 1 }), json!({ "a": 1, "b": null }), false),
    ] {
        if judge::same(&one, &two) != are_same {
            errors.push(format!("{one} and {two} are {} same", if are_same { "not called the" } else { "called the" }));
        }
    }
    errors
}
