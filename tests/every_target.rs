//! `expc build --target all`: every platform for every served experiment, and what cannot be served is told.

#[path = "support/base.rs"]
mod base;

#[path = "support/flags.rs"]
#[allow(dead_code, reason = "shared with tests that evaluate")]
mod flags;

#[path = "support/sdk.rs"]
#[allow(dead_code, reason = "nothing is evaluated here")]
mod sdk;

#[path = "support/workspace.rs"]
#[allow(dead_code, reason = "shared with tests that check")]
mod workspace;

use std::collections::{BTreeMap, BTreeSet};

use expc::emit::Moment;
use expc::emit::build::{ALL, Build, Request, build};
use expc::emit::flags::TARGETS;
use expc::portfolio::{Compiled, Entry, Portfolio, Workspace};
use expc::world::Memory;
use serde_json::Value as Json;

use workspace::Folder;

fn specs() -> Vec<String> {
    let emits = |spec: String, more: &str| format!("{spec}[emit]\ntargets = [\"flagd\"]\n{more}");
    vec![
        emits(flags::spec("plain", "running", "", &flags::ramp(&["20%"]), ""), ""),
        emits(
            flags::spec("layered", "running", "layer = \"checkout\"\nshare = \"50%\"", &flags::ramp(&["50%"]), ""),
            "",
        ),
        emits(flags::spec("held", "ready", "holdout = \"global-2027\"", &flags::ramp(&["50%"]), ""), ""),
        emits(flags::spec("fine", "ready", "", &flags::ramp(&["0.0003%"]), ""), ""),
        emits(flags::spec("strict", "ready", "", &flags::ramp(&["12.345%"]), ""), "strict = [\"share\"]\n"),
        emits(
            flags::spec("a.b c", "ready", "", &flags::ramp(&["20%"]), "").replace("a.b c\"", "odd\"\nflag = \"a.b c\""),
            "",
        ),
        emits(flags::spec("sketch", "draft", "", &flags::ramp(&["20%"]), ""), ""),
    ]
}

fn built(files: &Memory, targets: &[&str]) -> Build {
    let workspace = Workspace::open(files);
    let mut compiled: Vec<Compiled> = workspace.specs.iter().map(|spec| workspace.compile(spec)).collect();
    let entries = workspace.specs.iter().zip(&compiled);
    let portfolio = Portfolio::new(entries.map(|(s, one)| Entry::new(&one.plan, &one.spec, &s.path, s.file)).collect());
    for one in &mut compiled {
        let slot = portfolio.slot(&one.plan.id);
        one.plan.place(slot.map(|slot| (slot.from, slot.to)));
    }
    compiled.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
    let targets: Vec<String> = targets.iter().map(|name| (*name).to_owned()).collect();
    let request =
        Request { workspace: &workspace, experiments: &compiled, targets: &targets, moment: Moment::Schedule };
    build(&request).unwrap_or_else(|fault| panic!("{fault}"))
}

fn left_out(build: &Build) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for loss in build.losses.iter().filter(|loss| loss.feature == "target") {
        found.entry(loss.target).or_default().insert(&loss.experiment);
    }
    found
}

#[test]
fn each_platform_has_what_it_can_serve_and_the_rest_is_told() {
    let files = flags::workspace(&specs());
    let all = built(&files, &[ALL]);
    let manifest: Json = serde_json::from_slice(&all.files["build.json"]).expect("JSON");
    let out = left_out(&all);
    let live: BTreeSet<&str> = ["fine", "held", "layered", "odd", "plain", "strict"].into();
    for target in TARGETS {
        let able = target.capabilities();
        let path = format!("flags/{}/{}", able.name, able.file);
        let file = manifest["files"].as_array().expect("files").iter().find(|file| file["path"] == path.as_str());
        let file = file.unwrap_or_else(|| panic!("{path} is not built"));
        let served: BTreeSet<&str> =
            file["experiments"].as_array().expect("ids").iter().filter_map(Json::as_str).collect();
        let none = BTreeSet::new();
        let missing = out.get(able.name).unwrap_or(&none);
        assert_eq!(&served | missing, live, "{path}");
        assert!(served.is_disjoint(missing), "{path}");
        assert!(served.contains("plain"), "{path}");
        assert_eq!(missing.contains("layered"), !able.layers, "{path}");
        assert_eq!(missing.contains("held"), !able.holdouts, "{path}");
        // Each has what it was left out for in a build of its own.
        for id in missing {
            let loss = all
                .losses
                .iter()
                .find(|loss| loss.experiment == *id && loss.target == able.name && loss.feature == "target");
            assert!(!loss.expect("it is told").reason.contains('\n'), "{path}");
            assert!(
                !all.files
                    .keys()
                    .any(|path| path.starts_with(&format!("flags/{}/", able.name)) && path.contains(&format!("/{id}"))),
                "{id} on {path}"
            );
        }
    }
    assert!(left_out(&all)["growthbook"].contains("strict"), "0.005 % is no step of GrowthBook");
}

#[test]
fn what_the_specs_name_is_built_as_without_it() {
    let files = flags::workspace(&specs());
    let (all, named) = (built(&files, &[ALL]), built(&files, &[]));
    let mut same = 0;
    for (path, bytes) in named.files.iter().filter(|(path, _)| *path != "build.json") {
        assert!(all.files[path] == *bytes, "{path}");
        same += 1;
    }
    assert!(20 < same, "{same} files");
    assert!(left_out(&named).is_empty());
}

#[test]
fn the_summary_tells_in_a_line_a_platform_what_is_left_out() {
    let folder = Folder::base();
    let answer = folder.run(&["build", "--target", ALL, "--out", "o"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    for line in answer.out.lines().filter(|line| line.contains("left out of")) {
        assert!(line.starts_with("note: ") && !line.contains("  "), "{line}");
    }
    for target in TARGETS {
        let able = target.capabilities();
        let built = folder.path().join(format!("o/flags/{}/{}", able.name, able.file)).is_file();
        let told = answer.out.contains(&format!("left out of {}", able.name));
        assert!(built != told, "{}: {}", able.name, answer.out);
    }
    let again = folder.run(&["build", "--target", ALL, "--out", "o"]);
    assert!(again.out.contains("0 written") && again.out.contains("0 removed"), "{again:?}");
    assert_eq!(folder.run(&["build", "--target", "al"]).code, 2);
}
