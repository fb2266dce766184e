//! What the tests of every flag platform share: specs with what matters to flags, units of all kinds, and what the
//! language says of them, written a second time.

use expc::emit::flags::{Request, target};
use expc::emit::{Emitted, Experiment, Moment};
use expc::portfolio::{Entry, Portfolio, Workspace};
use expc::stats::srm;
use expc::world::{Files, Memory};
use serde_json::{Value as Json, json};

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

pub const RAMP: [&str; 5] = ["1%", "5%", "20%", "50%", "100%"];

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

/// The same numbers in every run, without a dependency: SplitMix64.
struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, values: &'a [Option<Json>]) -> Option<&'a Json> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        values[((z ^ (z >> 31)) % values.len() as u64) as usize].as_ref()
    }
}

pub const CONDITIONS: &str = r#"
where = [
  { attribute = "country", in = ["US", "CA", "{\"var\":\"country\"}"] },
  { attribute = "channel", not_in = ["beta", "USA"] },
  { attribute = "signed_in", is = true },
  { attribute = "plan", is_not = "free" },
  { attribute = "app_version", semver = ">=5.2.0" },
  { attribute = "age", at_least = 18 },
  { attribute = "age", at_most = 65 },
  { attribute = "orders", above = 0 },
  { attribute = "orders", below = 100.5 },
  { attribute = "locale", starts_with = "en-" },
  { attribute = "device", ends_with = "-phone" },
]
exclude = [
  { attribute = "is_staff", is = true },
  { attribute = "risk", not_in = ["low", "none"] },
]
"#;

/// Units of all kinds. Most values are fine, or hardly any unit would be eligible.
pub fn mixed() -> Vec<Json> {
    let mut dice = Dice(20_270_111);
    let values = |good: &[Json], bad: &[Json]| -> Vec<Option<Json>> {
        let wide = (12 * bad.len()).div_ceil(good.len());
        let good = good.iter().cycle().take(good.len() * wide).cloned().map(Some);
        good.chain(bad.iter().cloned().map(Some)).chain([None]).collect()
    };
    let attributes: Vec<(&str, Vec<Option<Json>>)> = vec![
        (
            "country",
            values(&[json!("US"), json!("CA")], &[json!("FR"), json!("U"), json!("us"), json!(""), json!(null)]),
        ),
        ("channel", values(&[json!("stable"), json!("US"), json!("")], &[json!("beta"), json!("USA"), json!(null)])),
        ("signed_in", values(&[json!(true)], &[json!(false), json!("true"), json!(1), json!(null)])),
        ("plan", values(&[json!("pro"), json!(0), json!(false)], &[json!("free"), json!(null)])),
        (
            "app_version",
            values(
                &[json!("5.2.0"), json!("5.10.0"), json!("10.0.0"), json!("5.2.0+7"), json!("5.3.0-rc.1")],
                &[
                    json!("5.1.9"),
                    json!("4.99.99"),
                    json!("5.2.0-rc.1"),
                    json!("5.2.0.1"),
                    json!("v5.3.0"),
                    json!("V5.3.0"),
                    json!(6),
                    json!("nightly"),
                    json!(""),
                    json!(null),
                ],
            ),
        ),
        (
            "age",
            values(
                &[json!(18), json!(65), json!(30.5)],
                &[json!(17.9), json!(66), json!("30"), json!(true), json!(null)],
            ),
        ),
        (
            "orders",
            values(
                &[json!(1), json!(100.4), json!(0.1)],
                &[json!(0), json!(100.5), json!("5"), json!(""), json!(null)],
            ),
        ),
        ("locale", values(&[json!("en-US"), json!("en-")], &[json!("en"), json!("de-en-"), json!(5), json!(null)])),
        ("device", values(&[json!("a-phone"), json!("-phone")], &[json!("phone"), json!("-phones"), json!(null)])),
        ("is_staff", values(&[json!(false), json!("true"), json!(null)], &[json!(true)])),
        ("risk", values(&[json!("low"), json!("none"), json!(null)], &[json!("high"), json!(0)])),
    ];
    (0..UNITS)
        .map(|n| {
            let mut context = serde_json::Map::new();
            match n % 50 {
                0 => {}
                1 => drop(context.insert("user_id".to_owned(), json!(""))),
                2 => drop(context.insert("user_id".to_owned(), json!(null))),
                _ => drop(context.insert("user_id".to_owned(), json!(format!("user-{n:06}")))),
            }
            for (name, values) in &attributes {
                if let Some(value) = dice.pick(values) {
                    context.insert((*name).to_owned(), value.clone());
                }
            }
            Json::Object(context)
        })
        .collect()
}

/// What the language says of [`CONDITIONS`], written a second time.
pub fn is_eligible(unit: &Json) -> bool {
    let text = |name: &str| unit[name].as_str();
    let between = |name: &str, ok: &dyn Fn(f64) -> bool| unit[name].as_f64().is_some_and(ok);
    let present = |name: &str| !unit[name].is_null();
    text("user_id").is_some_and(|id| !id.is_empty())
        && matches!(text("country"), Some("US" | "CA"))
        && present("channel")
        && !matches!(text("channel"), Some("beta" | "USA"))
        && unit["signed_in"] == json!(true)
        && present("plan")
        && text("plan") != Some("free")
        && text("app_version").is_some_and(at_least_5_2_0)
        && between("age", &|age| (18.0..=65.0).contains(&age))
        && between("orders", &|orders| 0.0 < orders && orders < 100.5)
        && text("locale").is_some_and(|locale| locale.starts_with("en-"))
        && text("device").is_some_and(|device| device.ends_with("-phone"))
        && unit["is_staff"] != json!(true)
        && (!present("risk") || matches!(text("risk"), Some("low" | "none")))
}

/// Semantic versions 2.0.0: build metadata does not count, a pre-release comes before its release.
pub fn at_least_5_2_0(version: &str) -> bool {
    let version = version.split('+').next().unwrap_or(version);
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let parts: Option<Vec<u64>> = core.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([major, minor, patch]) => match (*major, *minor, *patch).cmp(&(5, 2, 0)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => pre.is_none(),
            std::cmp::Ordering::Greater => true,
        },
        _ => false,
    }
}
