//! What platforms serve beside what the specs build: nothing differs on our own output, and every edit is found.

#[path = "support/base.rs"]
mod base;

#[path = "support/flags.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod flags;

#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod sdk;

#[path = "support/workspace.rs"]
#[allow(dead_code, reason = "shared with tests that check")]
mod workspace;

use expc::emit::flags::drift::{Drift, ServedMoment, drift};
use expc::emit::flags::{TARGETS, Target};
use expc::emit::{Experiment, Moment};
use expc::portfolio::{Compiled, Entry, Portfolio, Workspace};
use expc::spec::Day;
use expc::syntax::parse_json;
use expc::text::FileId;
use expc::world::Memory;
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use workspace::Folder;

const FORCED: &str = "[audience.force]\ncontrol = [\"qa-1\", \"qa-2\"]\ntreatment-b = [\"qa-3\"]\n";
const CONDITIONS: &str = r#"
where = [{ attribute = "country", in = ["US", "CA"] }, { attribute = "signed_in", is = true }]
exclude = [{ attribute = "is_staff", is = true }]
"#;

/// What a platform can hold of some experiments that have most of what there is.
fn able(target: &dyn Target) -> Vec<String> {
    let all = [
        flags::spec("plain", "running", "", &flags::ramp(&["10%", "50%"]), FORCED),
        flags::spec("narrow", "running", CONDITIONS, &flags::ramp(&["20%"]), ""),
        flags::spec("layered", "running", "layer = \"checkout\"\nshare = \"50%\"", &flags::ramp(&["10%", "50%"]), ""),
        flags::spec("held", "running", "holdout = \"global-2027\"", &flags::ramp(&["100%"]), ""),
    ];
    let fits = |spec: &String| {
        flags::emit(target.name(), &flags::workspace(std::slice::from_ref(spec)), &Moment::Schedule).is_ok()
    };
    all.into_iter().filter(fits).collect()
}

fn placed(workspace: &Workspace) -> Vec<Compiled> {
    let mut all: Vec<Compiled> = workspace.specs.iter().map(|spec| workspace.compile(spec)).collect();
    let entries = workspace.specs.iter().zip(&all);
    let portfolio = Portfolio::new(entries.map(|(s, one)| Entry::new(&one.plan, &one.spec, &s.path, s.file)).collect());
    for one in &mut all {
        let slot = portfolio.slot(&one.plan.id);
        one.plan.place(slot.map(|slot| (slot.from, slot.to)));
    }
    all
}

fn of(target: &dyn Target, files: &Memory, live: &str, day: &str) -> Drift {
    let workspace = Workspace::open(files);
    let compiled = placed(&workspace);
    let experiments: Vec<Experiment<'_>> =
        compiled.iter().map(|one| Experiment { plan: &one.plan, hash: "" }).collect();
    let settings = workspace.file.targets.value().and_then(|targets| targets.get(target.name())).map(|at| &at.value);
    let live = parse_json(FileId(0), live).expect("JSON");
    let day: Day = day.parse().expect("a day");
    drift(target, &experiments, settings, &live, Some(day)).expect("a comparison")
}

fn document(target: &dyn Target, files: &Memory, moment: &Moment) -> Json {
    let emitted = flags::emit(target.name(), files, moment).expect("a build");
    let path = format!("flags/{}/{}", target.name(), target.capabilities().file);
    let file = emitted.artifacts.iter().find(|file| file.path == path).expect("the document");
    serde_json::from_slice(&file.bytes).expect("JSON")
}

/// The day on which each of its first stages runs.
const DAY: &str = "2027-01-12";

#[test]
fn our_own_output_is_no_drift() {
    for target in TARGETS {
        let specs = able(*target);
        assert!(2 <= specs.len(), "{}", target.name());
        let files = flags::workspace(&specs);
        let mut moments = vec![Moment::Date(DAY.parse().expect("a day"))];
        moments.extend(target.capabilities().holds_schedule.then_some(Moment::Schedule));
        for moment in moments {
            let found = of(*target, &files, &document(*target, &files, &moment).to_string(), DAY);
            assert_eq!(found.experiments.len(), specs.len(), "{}", target.name());
            assert!(found.differences.is_empty(), "{} {moment:?}: {:?}", target.name(), found.differences);
            for one in &found.experiments {
                let planned = one.moment == one.planned || one.moment == ServedMoment::Schedule;
                let staged = one.planned == ServedMoment::Schedule && matches!(one.moment, ServedMoment::Stage(_));
                assert!(planned || staged, "{} {moment:?}: {one:?}", target.name());
            }
        }
    }
}

/// Every value of a document, without what says where it is from or when.
fn leaves(document: &Json, at: &str, found: &mut Vec<String>) {
    let beside = [
        "$evaluators",
        "$schema",
        "createdAt",
        "environment",
        "expc",
        "generatedAt",
        "metadata",
        "time",
        "updatedAt",
        "description",
    ];
    match document {
        Json::Array(items) => items.iter().enumerate().for_each(|(n, item)| leaves(item, &format!("{at}/{n}"), found)),
        Json::Object(map) => {
            for (key, item) in map.iter().filter(|(key, _)| !beside.contains(&key.as_str())) {
                leaves(item, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Json::Null => {}
        _ => found.push(at.to_owned()),
    }
}

#[test]
fn every_single_field_change_is_found_and_named() {
    let mut count = 0;
    for target in TARGETS {
        let files = flags::workspace(&able(*target));
        let moment = Moment::Date(DAY.parse().expect("a day"));
        let document = document(*target, &files, &moment);
        let mut paths = Vec::new();
        leaves(&document, "", &mut paths);
        assert!(20 < paths.len(), "{}", target.name());
        let silent: Vec<&String> = paths
            .par_iter()
            .filter(|path| {
                let mut live = document.clone();
                let value = live.pointer_mut(path).expect("a path of it");
                *value = match &*value {
                    Json::Bool(flag) => json!(!flag),
                    Json::Number(number) => json!(number.as_f64().expect("a number") + 1.0),
                    Json::String(text) => json!(format!("{text}x")),
                    other => panic!("{other} is no leaf"),
                };
                let found = of(*target, &files, &live.to_string(), DAY);
                let last = path.rsplit('/').find(|step| step.parse::<usize>().is_err()).expect("a key");
                let last = last.replace("~1", "/").replace("~0", "~");
                // Named by its own key; an element whose name is edited is absent under its own.
                let named = found.differences.iter().any(|one| {
                    one.path.contains(&last)
                        || one.live.is_none()
                        || one.live.as_ref().is_some_and(|node| node.to_json().to_string().contains(&last))
                });
                !named
            })
            .collect();
        assert!(silent.is_empty(), "{}: {} of {} are not found: {silent:?}", target.name(), silent.len(), paths.len());
        println!("{}: {} edits, each found", target.name(), paths.len());
        count += paths.len();
    }
    println!("{count} edits");
}

#[test]
fn flags_that_are_not_there_or_taken_out_are_told() {
    for target in TARGETS {
        let specs = able(*target);
        let files = flags::workspace(&specs);
        let without = flags::workspace(&specs[1..]);
        let live = document(*target, &without, &Moment::Date(DAY.parse().expect("a day")));
        let found = of(*target, &files, &live.to_string(), DAY);
        let absent: Vec<&str> = found
            .experiments
            .iter()
            .filter(|one| one.moment == ServedMoment::Absent)
            .map(|one| one.id.as_str())
            .collect();
        assert_eq!(absent, ["plain"], "{}", target.name());
        assert!(!found.differences.is_empty(), "{}", target.name());
        // What is only live is nobody's drift.
        let more = document(*target, &files, &Moment::Date(DAY.parse().expect("a day")));
        assert!(of(*target, &without, &more.to_string(), DAY).differences.is_empty(), "{}", target.name());
    }
}

#[test]
fn a_stage_that_is_late_and_a_flag_that_is_killed_are_known() {
    for target in TARGETS {
        let files = flags::workspace(&able(*target)[..1]);
        let live = document(*target, &files, &flags::at_stage("at-10"));
        let found = of(*target, &files, &live.to_string(), "2027-01-20");
        let one = &found.experiments[0];
        assert_eq!(one.moment, ServedMoment::Stage("at-10".to_owned()), "{}", target.name());
        assert_eq!(one.planned, ServedMoment::Stage("at-50".to_owned()), "{}", target.name());
        assert!(found.differences.is_empty(), "{}", target.name());
        let emitted = flags::emit(target.name(), &files, &Moment::Schedule).expect("a build");
        let kill = emitted.artifacts.iter().find(|file| file.path.contains("/kill/plain.")).expect("a kill file");
        let killed = String::from_utf8(kill.bytes.clone()).expect("UTF-8");
        let found = of(*target, &files, &killed, DAY);
        assert_eq!(found.experiments[0].moment, ServedMoment::Killed, "{}", target.name());
    }
}

#[test]
fn the_report_says_where_and_which_side_to_change() {
    let folder = Folder::new();
    let files = [
        flags::spec("plain", "running", "", &flags::ramp(&["10%", "50%"]), ""),
        flags::spec("late", "running", "", &flags::ramp(&["10%", "50%"]), ""),
        flags::spec("gone", "running", "", &flags::ramp(&["10%"]), ""),
        flags::spec("off", "running", "", &flags::ramp(&["10%"]), ""),
        flags::spec("over", "stopped", "", &flags::ramp(&["10%"]), ""),
    ];
    let with_target = |spec: &String| format!("{spec}[emit]\ntargets = [\"growthbook\"]\n");
    folder.write("expc.toml", flags::WORKSPACE);
    folder.write("catalog/all.toml", flags::CATALOGUE);
    for (n, spec) in files.iter().enumerate() {
        folder.write(&format!("experiments/e{n}.toml"), with_target(spec));
    }
    let growthbook = expc::emit::flags::target("growthbook").expect("registered");
    let live_specs: Vec<String> = files.iter().map(|spec| spec.replace("\"stopped\"", "\"running\"")).collect();
    let mut live = document(growthbook, &flags::workspace(&live_specs), &flags::at_stage("at-10"));
    live["features"]["plain"]["rules"][0]["ranges"][0][1] = json!(0.6);
    live["features"].as_object_mut().expect("features").shift_remove("gone");
    live["features"]["off"]["rules"] = json!([]);
    live["features"]["off"].as_object_mut().expect("a flag").shift_remove("rules");
    folder.write("live.json", serde_json::to_string_pretty(&live).expect("JSON"));
    let mut all = String::new();
    for more in [
        &["--target", "growthbook", "--date", "2027-01-20"][..],
        &["--target", "growthbook", "--date", "2027-01-20", "--format", "json"],
        &["--target", "flagd"],
        &["--target", "growthbok"],
    ] {
        let answer = folder.run(&[&["drift", "live.json"], more].concat());
        all +=
            &format!("$ expc drift live.json {}\n{}{}exit {}\n\n", more.join(" "), answer.out, answer.err, answer.code);
    }
    insta::assert_snapshot!(all);
}
