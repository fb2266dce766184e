//! What the tests of single flag platforms share: specs with what matters to flags, builds, and what SDKs serve.

use std::collections::BTreeMap;

use expc::emit::flags::{Request, target};
use expc::emit::{Emitted, Experiment, Moment};
use expc::portfolio::{Entry, Portfolio, Workspace};
use expc::stats::srm;
use expc::world::{Files, Memory};
use serde_json::{Value as Json, json};

use crate::sdk::{Evaluator, Job};

pub const UNITS: usize = 20_000;

pub const CATALOGUE: &str = r#"
schema = 1
[units.user]
key = "user_id"
[layers.checkout]
unit = "user"
[layers.odd]
unit = "user"
salt = "odd-layer"
[holdouts.global-2027]
share = "5%"
unit = "user"
[flags.with-default]
default = { layout = "from the catalogue" }
"#;

pub const WORKSPACE: &str = "schema = 1\n[targets.flagd]\ngeneration = \"B\"\n";

/// A spec with what matters to flags; `audience` and `more` are TOML.
pub fn spec(id: &str, status: &str, audience: &str, stages: &str, more: &str) -> String {
    format!(
        r#"
schema = 1
[experiment]
id = "{id}"
status = "{status}"
[variants.control]
weight = 50
payload = {{ cta = "Pay now" }}
[variants.treatment-a]
weight = 25
payload = {{ cta = "Buy it" }}
[variants.treatment-b]
weight = 25
payload = {{ cta = "Get it", color = "green" }}
[audience]
unit = "user"
{audience}
[rollout]
start = 2027-01-11
stages = [{stages}]
{more}
"#
    )
}

pub fn stage(name: &str, share: &str) -> String {
    format!(r#"{{ name = "{name}", share = "{share}", hold = "7 days" }},"#)
}

pub fn ramp(shares: &[&str]) -> String {
    shares.iter().map(|share| stage(&format!("at-{}", share.trim_end_matches('%')), share)).collect()
}

pub fn workspace(specs: &[String]) -> Memory {
    let files = Memory::default().with("expc.toml", WORKSPACE).with("catalog/all.toml", CATALOGUE);
    specs.iter().enumerate().fold(files, |files, (n, text)| files.with(format!("experiments/e{n}.toml"), text.as_str()))
}

pub fn emit(platform: &str, files: &dyn Files, moment: &Moment) -> Result<Emitted, String> {
    let workspace = Workspace::open(files);
    let mut compiled: Vec<_> = workspace.specs.iter().map(|spec| (spec, workspace.compile(spec))).collect();
    let entries = compiled.iter().map(|(s, c)| Entry::new(&c.plan, &c.spec, &s.path, s.file)).collect();
    let portfolio = Portfolio::new(entries);
    for (_, compiled) in &mut compiled {
        let slot = portfolio.slot(&compiled.plan.id);
        if let (Some(layer), Some(slot)) = (&mut compiled.plan.audience.layer, slot) {
            layer.slot = Some(expc::plan::Known::built_in((slot.from, slot.to)));
        }
    }
    let experiments: Vec<_> =
        compiled.iter().map(|(_, c)| Experiment { plan: &c.plan, hash: "sha256:0123456789abcdef" }).collect();
    let settings = workspace.file.targets.value().and_then(|targets| targets.get(platform)).map(|at| &at.value);
    let platform = target(platform).expect("the platform is registered");
    platform.emit(&Request { experiments: &experiments, moment: moment.clone(), settings })
}

/// Variant by unit, for each flag of each job.
pub type Served = Vec<BTreeMap<String, Vec<String>>>;

/// What an SDK serves of some flags of each document, at its moment.
pub fn answers(evaluator: &Evaluator, contexts: &[Json], jobs: &[(&str, Option<i64>)], flags: &[&str]) -> Json {
    let flags: Vec<_> = flags.iter().map(|flag| ((*flag).to_owned(), "user_id".to_owned())).collect();
    let jobs: Vec<Job<'_>> =
        jobs.iter().map(|(document, at)| Job { document, flags: flags.clone(), at: *at }).collect();
    evaluator.run(contexts, &jobs).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The same, as names of variants.
pub fn served(evaluator: &Evaluator, contexts: &[Json], jobs: &[(&str, Option<i64>)], flags: &[&str]) -> Served {
    let variants = |flag: &Json| -> Vec<String> {
        let names: Vec<&str> =
            flag["outcomes"].as_array().expect("outcomes").iter().filter_map(|one| one["variant"].as_str()).collect();
        let served = flag["served"].as_array().expect("served").iter().filter_map(Json::as_u64);
        served.map(|index| names[index as usize].to_owned()).collect()
    };
    let flags_of = |answer: &Json| {
        let flags = answer["flags"].as_object().expect("flags");
        flags.iter().map(|(key, flag)| (key.clone(), variants(flag))).collect()
    };
    answers(evaluator, contexts, jobs, flags).as_array().expect("a list").iter().map(flags_of).collect()
}

/// What a unit was served: the name of the variant, and the payload.
pub fn outcome<'a>(answer: &'a Json, flag: &str, unit: usize) -> (&'a str, &'a Json) {
    let flag = &answer["flags"][flag];
    let outcome = &flag["outcomes"][flag["served"][unit].as_u64().expect("an index") as usize];
    (outcome["variant"].as_str().expect("a name"), &outcome["value"])
}

pub fn at_stage(name: &str) -> Moment {
    Moment::Stage(name.to_owned())
}

/// Units that meet every condition below.
pub fn eligible() -> Vec<Json> {
    (0..UNITS).map(|n| json!({ "user_id": format!("user-{n:06}") })).collect()
}

pub fn count(served: &[String], variant: &str) -> f64 {
    served.iter().filter(|one| *one == variant).count() as f64
}

pub fn enrolled(served: &[String]) -> f64 {
    served.len() as f64 - count(served, "off")
}

/// Pearson's p of a part of all units, and of the split of the enrolled.
pub fn shares_fit(what: &str, served: &[String], share: f64) {
    let (inside, all) = (enrolled(served), served.len() as f64);
    let p_share = if share < 1.0 {
        srm::test(&[inside, all - inside], &[share, 1.0 - share]).expect("two parts").p_value
    } else {
        assert_eq!(inside, all, "{what}");
        1.0
    };
    let split = ["control", "treatment-a", "treatment-b"].map(|variant| count(served, variant));
    let p_split = srm::test(&split, &[50.0, 25.0, 25.0]).expect("three parts").p_value;
    println!(
        "{what}: {inside} of {all} ({:.2} %, p {p_share:.3}); {} / {} / {} (p {p_split:.3})",
        100.0 * inside / all,
        split[0],
        split[1],
        split[2]
    );
    assert!(0.001 < p_share && 0.001 < p_split, "{what}");
}

/// Enrolled units that have another variant, or none, afterwards.
pub fn moved(before: &[String], after: &[String]) -> usize {
    before.iter().zip(after).filter(|(before, after)| *before != "off" && before != after).count()
}
