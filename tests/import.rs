//! Exports become draft specs: what a platform's document says comes back, and what it does not say is told.

#[path = "support/base.rs"]
mod base;

#[path = "support/conditions.rs"]
mod conditions;

#[path = "support/flags.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod flags;

#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "nothing is evaluated here")]
mod sdk;

#[path = "support/workspace.rs"]
#[allow(dead_code, reason = "shared with tests that check")]
mod workspace;

use std::collections::BTreeMap;

use expc::emit::Moment;
use expc::emit::flags::draft::{Draft, Export};
use expc::emit::flags::{TARGETS, Target, capabilities};
use expc::plan::targets::{Salts, gaps};
use expc::portfolio::Workspace;
use expc::world::Memory;
use serde_json::{Value as Json, json};

use workspace::Folder;

/// Specs that together have everything that an export can say.
fn specs() -> Vec<String> {
    let forced = "[audience.force]\ncontrol = [\"qa-1\", \"qa \\\"2\\\"\"]\ntreatment-b = [\"qä-3\"]\n";
    let hostile = "share = \"30%\"\nsalt = \"a salt / of its own\"";
    let odd = flags::spec("odd", "ready", hostile, &flags::ramp(&["10%", "30%"]), "")
        .replace("weight = 50", "weight = 7")
        .replace(
            "{ cta = \"Pay now\" }",
            "{ \"a b\" = \"\\\"${x}\\\"\\n\\u0007{{ y }}\", deep = { n = [1, -2.5, true, { }] } }",
        )
        .replace("[experiment]", "[experiment]\nflag = \"odd_flag\"");
    vec![
        flags::spec(
            "all-conditions",
            "ready",
            conditions::CONDITIONS,
            &flags::ramp(&["1%", "5%", "20%", "50%", "100%"]),
            forced,
        ),
        flags::spec(
            "first",
            "ready",
            "layer = \"checkout\"\nshare = \"30%\"\nslot = \"0%\"",
            &flags::ramp(&["30%"]),
            "",
        ),
        flags::spec(
            "second",
            "running",
            "layer = \"odd\"\nslot = \"12.5%\"\nshare = \"50%\"\nholdout = \"global-2027\"",
            &flags::ramp(&["1%", "10%", "50%"]),
            "",
        ),
        flags::spec("with-default", "ready", "", &flags::ramp(&["20%"]), ""),
        odd,
        flags::spec(
            "third",
            "ready",
            "layer = \"checkout\"\nslot = \"40%\"\nshare = \"20%\"\nholdout = \"global-2027\"",
            &flags::ramp(&["10%", "20%"]),
            "",
        ),
        flags::spec(
            "texts",
            "ready",
            r#"where = [
  { attribute = "country", in = ["US", "CA", "a \"b\""] },
  { attribute = "signed_in", is = true },
  { attribute = "locale", starts_with = "en-" },
]
exclude = [{ attribute = "is_staff", is = true }]"#,
            &flags::ramp(&["20%", "100%"]),
            forced,
        ),
        flags::spec("thirds", "ready", "", &flags::ramp(&["100%"]), "").replace("weight = 50", "weight = 25"),
    ]
}

/// Those that a platform can say, which may make the salts itself.
fn specs_of(platform: &dyn Target) -> Vec<String> {
    let own = platform.capabilities().salts == Salts::Own;
    let plain = |spec: String| if own { spec } else { spec.replace("salt = \"a salt / of its own\"", "") };
    let can_say = |spec: &String| {
        let files = flags::workspace(std::slice::from_ref(spec));
        let workspace = Workspace::open(&files);
        let compiled = workspace.compile(&workspace.specs[0]);
        let said = flags::emit(platform.name(), &files, &flags::at_stage("at-20"));
        gaps(&compiled.plan, platform.capabilities()).is_empty() && said.is_ok()
    };
    // Some take no letters beyond ASCII.
    let ascii = |spec: String| if can_say(&spec) { spec } else { spec.replace('ä', "a") };
    let all: Vec<String> = specs().into_iter().map(plain).map(ascii).filter(can_say).collect();
    assert!(3 <= all.len(), "{} says {} of the specs", platform.name(), all.len());
    all
}

/// The flags of a document by their names, which some platforms keep in a list.
fn by_name(document: &Json, key: &str) -> BTreeMap<String, Json> {
    match &document[key] {
        Json::Array(items) => {
            let named = items.iter().map(|item| {
                let name = ["key", "name"].into_iter().find_map(|key| item[key].as_str()).expect("a name");
                (name.to_owned(), item.clone())
            });
            named.collect()
        }
        other => other.as_object().expect("a table").clone().into_iter().collect(),
    }
}

/// Every platform whose exports are read.
fn importers() -> impl Iterator<Item = &'static dyn Target> {
    TARGETS.iter().copied().filter(|target| target.reads_exports())
}

fn built(platform: &dyn Target, files: &Memory, moment: &Moment) -> String {
    let emitted = flags::emit(platform.name(), files, moment).expect("a build");
    let path = format!("flags/{}/{}", platform.name(), platform.capabilities().file);
    let file = emitted.artifacts.into_iter().find(|file| file.path == path).expect("the document");
    String::from_utf8(file.bytes).expect("UTF-8")
}

fn drafts(platform: &dyn Target, text: &str) -> Vec<Draft> {
    let export = Export::read(text).expect("JSON");
    platform.import(&export).expect("it reads exports").unwrap_or_else(|fault| panic!("{} {fault}", platform.name()))
}

#[test]
fn build_import_build_gives_the_same_document() {
    for platform in importers() {
        let files = flags::workspace(&specs_of(platform));
        let catalog = Workspace::open(&files).catalog;
        let able = platform.capabilities();
        let mut moments: Vec<Moment> =
            ["at-1", "at-10", "at-20", "at-30", "at-50", "at-100"].map(flags::at_stage).into();
        moments.extend(able.holds_schedule.then_some(Moment::Schedule));
        for moment in moments {
            let first = built(platform, &files, &moment);
            let drafts = drafts(platform, &first);
            let has = |spec: &&String| match &moment {
                Moment::Stage(name) => spec.contains(&format!("\"{name}\"")),
                _ => true,
            };
            let (begun, all) = (specs_of(platform).iter().filter(has).count(), drafts.len());
            let drafted = drafts.iter().filter(|draft| !draft.stages.is_empty()).count();
            assert_eq!(drafted, begun, "{} {moment:?}: {all} drafts", platform.name());
            let mut again = Vec::new();
            for draft in drafts {
                let waits = draft.stages.is_empty();
                // Some files do not name what is hashed.
                let names_unit = draft.unit.is_some() || draft.unit_name.is_some();
                assert!(names_unit || !draft.missing.is_empty(), "{}", platform.name());
                let id = draft.slug();
                assert!(draft.lost.is_empty(), "{} loses of {id}: {:?}", platform.name(), draft.lost);
                let (toml, lacks) = draft.spec(&id, platform.name(), &catalog);
                assert!(lacks.is_empty(), "{}: {lacks:?}", platform.name());
                let toml = toml
                    .replace("status = \"draft\"", "status = \"ready\"")
                    .replace("status    = \"draft\"", "status = \"ready\"");
                let toml = if draft.start.is_some() || waits {
                    toml
                } else {
                    toml.replace("[rollout]", "[rollout]\nstart = 2027-01-11")
                };
                let toml = if names_unit { toml } else { toml.replace("[audience]", "[audience]\nunit = \"user\"") };
                // The days of the last stage are in no document.
                let toml = toml.replace(" },\n]\n", ", hold = \"7 days\" },\n]\n");
                again.push((waits, id, toml));
            }
            if begun < specs_of(platform).len() {
                // What is not begun has no audience in the document; the others do.
                let all: Vec<String> =
                    again.iter().filter(|(waits, ..)| !waits).map(|(_, _, toml)| toml.clone()).collect();
                let second: Json =
                    serde_json::from_str(&built(platform, &flags::workspace(&all), &moment)).expect("JSON");
                let first: Json = serde_json::from_str(&first).expect("JSON");
                let key = platform.capabilities().flags_key;
                let mut first = by_name(&first, key);
                let mut second = by_name(&second, key);
                // Numbers count what is in the document, and layers show who is in them.
                second.retain(|flag, _| !flag.starts_with("expc-layer-"));
                for flag in first.values_mut().chain(second.values_mut()).filter_map(Json::as_object_mut) {
                    flag.remove("id");
                }
                for (flag, value) in second {
                    assert_eq!(first.get(&flag), Some(&value), "{} {moment:?} {flag}", platform.name());
                }
            } else {
                let all: Vec<String> = again.into_iter().map(|(_, _, toml)| toml).collect();
                let second = built(platform, &flags::workspace(&all), &moment);
                assert_eq!(first, second, "{} {moment:?}", platform.name());
            }
        }
    }
}

#[test]
fn drafts_read_as_specs_and_make_nothing_up() {
    for platform in importers() {
        let files = flags::workspace(&specs_of(platform));
        let text = built(platform, &files, &flags::at_stage("at-30"));
        let all = drafts(platform, &text);
        let catalog = Workspace::open(&files).catalog;
        let drafted: Vec<String> =
            all.iter().map(|draft| draft.spec(&draft.slug(), platform.name(), &catalog).0).collect();
        let workspace = Workspace::open(&flags::workspace(&drafted));
        for spec in &workspace.specs {
            assert!(spec.unreadable.is_none());
            let compiled = workspace.compile(spec);
            assert!(compiled.document.faults.is_empty(), "{:?}", compiled.document.faults);
            assert!(compiled.spec.hypothesis.value().is_none() && compiled.spec.metrics.value().is_none());
            assert!(compiled.spec.design.value().is_none() && compiled.spec.decision.value().is_none());
        }
        // The layout is canonical.
        for toml in &drafted {
            assert_eq!(expc::fmt::formatted(toml).as_deref(), Some(toml.as_str()));
        }
    }
}

/// Every value of a document, changed or taken out, one at a time.
fn mutations(document: &Json) -> Vec<Json> {
    fn paths(value: &Json, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| paths(item, &format!("{at}/{n}"), found))
            }
            Json::Object(map) => map.iter().for_each(|(key, item)| {
                paths(item, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }),
            _ => {}
        }
    }
    let mut all = Vec::new();
    paths(document, "", &mut all);
    let others = [
        json!(null),
        json!([]),
        json!({}),
        json!(-1e300),
        json!("\u{202e}'\"\"\"\n"),
        json!(u64::MAX),
        json!({ "$in": [1, "a", null] }),
    ];
    let each = |path: &String| {
        others
            .iter()
            .map(move |other| {
                let mut document = document.clone();
                *document.pointer_mut(path).expect("a path of it") = other.clone();
                document
            })
            .collect::<Vec<_>>()
    };
    all.iter().flat_map(each).collect()
}

#[test]
fn whatever_an_export_holds_a_draft_is_toml() {
    let mut count = 0;
    for platform in importers() {
        let able = specs_of(platform);
        let has = |id: &str| able.iter().find(|spec| spec.contains(&format!("id = \"{id}\""))).cloned();
        let two = match (has("all-conditions"), has("third")) {
            (Some(first), Some(second)) => vec![first, second],
            _ => vec![has("texts").expect("every platform says it")],
        };
        let files = flags::workspace(&two);
        let catalog = Workspace::open(&files).catalog;
        let text = built(platform, &files, &flags::at_stage("at-20"));
        for document in mutations(&serde_json::from_str(&text).expect("JSON")) {
            let text = document.to_string();
            let export = Export::read(&text).expect("JSON");
            for draft in platform.import(&export).expect("it reads exports").unwrap_or_default() {
                let (toml, _) = draft.spec(&draft.slug(), platform.name(), &catalog);
                let read = toml.parse::<toml::Table>();
                assert!(read.is_ok(), "{}: {read:?} in\n{toml}", platform.name());
                count += 1;
                for remark in draft.lost.iter().chain(&draft.missing) {
                    let place = remark.place.expect("a platform names places");
                    assert!(!export.path(place).is_empty(), "{}: {}", platform.name(), remark.text);
                }
            }
        }
    }
    assert!(1_000 < count, "only {count} drafts");
}

fn import(folder: &Folder, more: &[&str]) -> (i32, String, String) {
    let answer = folder.run(&[&["import"], more].concat());
    (answer.code, answer.out, answer.err)
}

#[test]
fn bad_exports_are_told_with_a_way_out() {
    let folder = Folder::new();
    let told = |name: &str, bytes: &[u8], platform: &str| {
        folder.write(name, bytes);
        let (code, out, err) = import(&folder, &["--from", platform, name]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    };
    let mut all = String::new();
    all += &told("empty.json", b"", "flagd");
    all += &told("half.json", b"{ \"flags\": {\n  \"a\": { \"variants\": {", "flagd");
    all += &told("bytes.json", b"\xff\xfe{}", "growthbook");
    all += &told("huge.json", &vec![b' '; 5 << 20], "growthbook");
    all += &told("list.json", b"[1, 2]", "growthbook");
    let files = flags::workspace(&specs());
    let flagd = built(expc::emit::flags::target("flagd").expect("registered"), &files, &flags::at_stage("at-20"));
    all += &told("flagd.json", flagd.as_bytes(), "growthbook");
    let features =
        built(expc::emit::flags::target("growthbook").expect("registered"), &files, &flags::at_stage("at-20"));
    all += &told("features.json", features.as_bytes(), "flagd");
    all += &told("x.json", b"{}", "growthbok");
    all += &told("x.json", b"{}", "nothing");
    let (code, _, err) = import(&folder, &["--from", "flagd", "flagd.json", "--flag", "frist"]);
    assert_eq!(code, 2);
    all += &err;
    let (code, _, err) = import(&folder, &["--from", "flagd", "absent.json"]);
    assert_eq!(code, 2);
    all += &err;
    let (code, _, err) = import(&folder, &["--from", "growthbook", "x.json"]);
    assert_eq!(code, 2);
    all += &err;
    folder.write("none.json", "{ \"features\": {} }");
    let (code, _, err) = import(&folder, &["--from", "growthbook", "none.json"]);
    assert_eq!(code, 3);
    all += &err;
    let names: Vec<&str> = importers().map(|target| target.name()).collect();
    insta::assert_snapshot!(all.replace(&names.join(", "), "[platforms]"));
}

#[test]
fn drafts_are_written_once_and_never_over_a_file() {
    let folder = Folder::new();
    let files = flags::workspace(&specs());
    let flagd = built(expc::emit::flags::target("flagd").expect("registered"), &files, &flags::at_stage("at-20"));
    folder.write("live.json", flagd);
    let once = ["--from", "flagd", "live.json", "--flag", "first", "--flag", "with-default", "--out", "specs"];
    let (code, out, _) = import(&folder, &once);
    assert_eq!((code, out.as_str()), (0, "wrote specs/first.toml\nwrote specs/with-default.toml\n"));
    folder.write("specs/first.toml", "mine");
    let (code, out, err) = import(&folder, &once);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("`specs/first.toml` is there already"), "{err}");
    assert_eq!(folder.read("specs/first.toml"), "mine");
}

/// What others write by hand, with things that a spec does not have.
#[test]
fn an_export_of_somebody_else_is_drafted_with_what_it_loses() {
    let folder = Folder::new();
    let growthbook = json!({ "status": 200, "features": {
        "plain": { "defaultValue": false },
        "new_checkout": { "defaultValue": "a", "rules": [
            { "condition": { "id": { "$in": ["qa-1"] } }, "force": "b" },
            { "condition": { "country": "KP" }, "force": "a" },
            {
                "key": "New Checkout!", "variations": ["a", "b"], "weights": [0.3, 0.7], "coverage": 0.4,
                "hashAttribute": "id", "seed": "s1", "namespace": ["pricing", 0, 0.5], "bucketVersion": 2,
                "condition": {
                    "country": { "$in": ["US", "CA"] }, "age": { "$gte": 18, "$lt": 65 }, "plan": { "$ne": "free" },
                    "version": { "$vgte": "5.2" }, "tags": { "$elemMatch": { "$eq": "x" } },
                    "$or": [{ "browser": "firefox" }, { "os": "linux" }],
                },
            },
        ] },
    } });
    let flagd = json!({ "flags": {
        "switch": { "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on" },
        "color": {
            "state": "ENABLED", "variants": { "red": "#f00", "blue": "#00f", "grey": "#888" }, "defaultVariant": "grey",
            "targeting": { "if": [
                { "and": [{ "ends_with": [{ "var": "email" }, "@example.com"] }, { "!=": [{ "var": "plan" }, "free"] },
                    { "in": ["beta", { "var": "groups" }] }] },
                { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "email" }] }, ["red", 60], ["blue", 40]] },
            ] },
        },
        "half": {
            "state": "DISABLED", "variants": { "a": { "n": null }, "b": { "n": 1 } }, "defaultVariant": "a",
            "targeting": { "fractional": [["a"], ["b"]] },
        },
    } });
    let mut all = String::new();
    for (name, document) in [("growthbook", growthbook), ("flagd", flagd)] {
        let file = format!("{name}.json");
        folder.write(&file, serde_json::to_string_pretty(&document).expect("JSON"));
        let (code, out, err) = import(&folder, &["--from", name, &file]);
        assert_eq!(code, 0, "{err}");
        all += &format!("# {name}\n\n{out}\n---\n{err}\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_platform_keeps_to_its_own_exports() {
    for platform in importers() {
        let files = flags::workspace(&specs_of(platform));
        let text = built(platform, &files, &flags::at_stage("at-20"));
        let export = Export::read(&text).expect("JSON");
        let others = importers().filter(|other| other.name() != platform.name());
        let taken: Vec<&str> = others
            .filter(|other| matches!(other.import(&export), Some(Ok(drafts)) if !drafts.is_empty()))
            .map(|other| other.name())
            .collect();
        assert!(taken.is_empty(), "{taken:?} take what {} serves", platform.name());
    }
    assert!(2 <= capabilities().len());
}
