//! What platforms serve, what lies in the output folder and what has to decide, beside the specs: through the program,
//! on disk.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

#[path = "support/workspace.rs"]
mod workspace;

use serde_json::{Value as Json, json};
use workspace::Folder;

const DAY: &str = "2027-01-15";
const LIVE: &str = "dist/flags/flagd/flags.json";

/// The clean workspace with its experiment running, and what it builds on its day in `dist`.
fn running() -> Folder {
    let folder = Folder::new();
    for (path, bytes) in examples::workspace_of("[experiment]\nstatus = \"running\"").0 {
        folder.write(&path, bytes);
    }
    let built = folder.run(&["build", "--today", DAY, "--date", DAY]);
    assert_eq!(built.code, 0, "{built:?}");
    folder
}

fn codes(folder: &Folder, more: &[&str]) -> Vec<String> {
    folder.run(&[&["check", "--today", DAY, "--format", "json"], more].concat()).codes()
}

/// An export of what is built, edited.
fn export(folder: &Folder, edit: impl FnOnce(&mut Json)) {
    let mut document: Json = serde_json::from_str(&folder.read(LIVE)).expect("JSON");
    edit(&mut document);
    folder.write("live.json", serde_json::to_string_pretty(&document).expect("JSON prints"));
}

#[test]
fn what_is_built_is_no_drift() {
    let folder = running();
    assert_eq!(codes(&folder, &[]), [""; 0]);
    export(&folder, |_| {});
    assert_eq!(codes(&folder, &["--live", "flagd=live.json"]), [""; 0]);
    // Metadata and the layout of numbers are not what is served.
    export(&folder, |document| {
        document["flags"]["checkout-one-tap"]["metadata"] = json!({ "edited_by": "console" });
        document["flags"]["somebody-else"] = json!({ "state": "ENABLED" });
    });
    assert_eq!(codes(&folder, &["--live", "flagd=live.json"]), [""; 0]);
}

#[test]
fn every_value_that_differs_is_shown_where_it_stands() {
    let folder = running();
    export(&folder, |document| {
        let flag = &mut document["flags"]["checkout-one-tap"];
        flag["state"] = json!("DISABLED");
        flag["variants"]["one-tap"]["layout"] = json!("two-taps");
        flag["variants"]["one-tap"]["color"] = json!("red");
        flag.as_object_mut().expect("a flag").remove("defaultVariant");
    });
    let answer = folder.run(&["check", "--today", DAY, "--live", "flagd=live.json"]);
    assert_eq!(answer.code, 1);
    for shown in [
        "flagd serves `checkout-one-tap` with 4 other values",
        "`state`: live `DISABLED`, built `ENABLED`",
        "`variants.one-tap.layout`: live `two-taps`, built `one-tap`",
        "`variants.one-tap.color`: live `red`, not built",
        "help: others: `defaultVariant`",
        "[live.json:",
    ] {
        assert!(answer.out.contains(shown), "{shown}\n{}", answer.out);
    }
    export(&folder, |document| document["flags"] = json!({}));
    let answer = folder.run(&["check", "--today", DAY, "--live", "flagd=live.json"]);
    assert!(answer.out.contains("flag `checkout-one-tap` is not among what flagd serves"), "{}", answer.out);
}

#[test]
fn a_stage_that_has_not_begun_is_drift() {
    let folder = running();
    let built = |stage: &str| {
        assert_eq!(folder.run(&["build", "--today", DAY, "--stage", stage, "--out", "other"]).code, 0);
        folder.write("live.json", folder.read("other/flags/flagd/flags.json"));
        codes(&folder, &["--live", "flagd=live.json"])
    };
    assert_eq!(built("canary"), [""; 0], "a stage may be held");
    assert_eq!(built("small"), [""; 0]);
    assert_eq!(built("main"), ["EMI010"]);
    assert_eq!(folder.run(&["build", "--today", DAY, "--out", "other"]).code, 0);
    folder.write("live.json", folder.read("other/flags/flagd/flags.json"));
    assert_eq!(codes(&folder, &["--live", "flagd=live.json"]), [""; 0], "the whole schedule");
}

#[test]
fn without_an_export_a_running_experiment_says_what_it_lacks() {
    let folder = running();
    let answer = folder.run(&["check", "--today", DAY, "--verbose"]);
    let lacks = "no export of what flagd serves; `--live flagd=FILE` names one";
    assert!(answer.out.contains(lacks), "{}", answer.out);
    let ready = Folder::base();
    assert!(!ready.check(&["--verbose"]).out.contains("--live"), "nothing is served of what does not run");
}

#[test]
fn exports_that_cannot_be_compared_are_refused_with_a_way_out() {
    let folder = running();
    folder.write("cut.json", "{\"flags\": {\"a\": ");
    folder.write("growthbook.json", "{\"features\": {}}");
    folder.write("list.json", "[1, 2]");
    folder.write("bytes.json", [0xff, 0xfe, 0x00]);
    folder.write("empty.json", "");
    folder.write("deep.json", "[".repeat(100_000));
    for (argument, said, help) in [
        ("flagd=cut.json", "`cut.json` is no JSON: at 1:17, the file ends", "export what flagd serves as JSON"),
        ("flagd=growthbook.json", "holds no `flags` of flagd", "`--live growthbook=growthbook.json`"),
        ("flagd=list.json", "holds no `flags` of flagd", "flagd keeps its flags under `flags`"),
        ("flagd=bytes.json", "is no text", "as JSON"),
        ("flagd=empty.json", "the file is empty", "as JSON"),
        ("flagd=deep.json", "is no JSON", "as JSON"),
        ("flagd=absent.json", "cannot read", "check the path"),
        ("flagdd=live.json", "unknown target `flagdd`", "did you mean `flagd`?"),
        ("flagd", "names no file", "--live flagd=flags.json"),
    ] {
        let answer = folder.run(&["check", "--today", DAY, "--live", argument]);
        assert_eq!(answer.code, 2, "{argument}: {answer:?}");
        assert!(answer.err.contains(said) && answer.err.contains(help), "{argument}: {}", answer.err);
    }
    export(&folder, |_| {});
    let twice = folder.run(&["check", "--live", "flagd=live.json", "--live", "flagd=live.json"]);
    assert!(twice.code == 2 && twice.err.contains("twice"), "{twice:?}");
}

#[test]
fn files_that_were_edited_after_the_build_are_told_until_the_next_build() {
    let folder = running();
    folder.write(LIVE, folder.read(LIVE).replace("ENABLED", "DISABLED"));
    std::fs::remove_file(folder.path().join("dist/flags/flagd/kill/checkout-one-tap.json")).expect("it was built");
    assert_eq!(codes(&folder, &[]), ["EMI011", "EMI011"]);
    let answer = folder.run(&["check", "--today", DAY, "--format", "concise"]);
    assert!(answer.out.contains("`flags.json` is not as the build wrote it"), "{}", answer.out);
    assert!(answer.out.contains("`checkout-one-tap.json` was built, and is gone"), "{}", answer.out);
    // The build itself is not held up by what it is about to write.
    assert_eq!(folder.run(&["build", "--today", DAY, "--date", DAY]).code, 0);
    assert_eq!(codes(&folder, &[]), [""; 0]);
}

#[test]
fn the_output_folder_is_the_one_of_the_workspace() {
    let folder = running();
    let file = folder.read("expc.toml").replace("[build]\n", "[build]\nout = \"generated/flags\"\n");
    folder.write("expc.toml", file);
    std::fs::create_dir(folder.path().join("elsewhere")).expect("a folder");
    let mut command = folder.command(&["build", "..", "--today", DAY]);
    let built = command.current_dir(folder.path().join("elsewhere")).output().expect("it starts");
    assert!(built.status.success(), "{built:?}");
    assert!(folder.path().join("generated/flags/build.json").is_file());
    folder.write("generated/flags/flags/flagd/flags.json", "{}");
    assert_eq!(codes(&folder, &[]), ["EMI011"]);
}

#[test]
fn a_manifest_is_a_file_like_others() {
    let folder = running();
    folder.write("secret.txt", "a secret");
    let manifest = |files: Json| json!({ "format": "expc.build/1", "files": files }).to_string();
    let outside = ["../secret.txt", "/etc/hostname", "a/../../secret.txt", "c:\\x", "", "./x"];
    let entries: Vec<Json> = outside.iter().map(|path| json!({ "path": path, "sha256": "0" })).collect();
    folder.write("dist/build.json", manifest(json!(entries)));
    assert_eq!(codes(&folder, &[]), [""; 0], "nothing outside the folder is read");
    for (text, found) in [
        ("", 0),
        ("{\"files\": [{\"path\": \"x\"}]}", 0),
        ("{\"another\": \"tool\"", 0),
        ("{\"format\": \"expc.build/1\", \"files\": 7}", 0),
        ("{\"format\": \"expc.build/1\", \"files\": [7, {}, {\"path\": 1}]}", 0),
        ("{\"format\": \"expc.build/1\",\n<<<<<<< HEAD\n", 1),
    ] {
        folder.write("dist/build.json", text);
        assert_eq!(codes(&folder, &[]).len(), found, "{text}");
    }
}

#[test]
fn an_analysis_platform_is_held_against_what_it_has_to_decide() {
    let told = |target: &str, more: &str| -> Vec<String> {
        let folder = Folder::new();
        let example = format!("{more}\n#: file expc.toml\n[analysis]\ntarget = \"{target}\"\n");
        for (path, bytes) in examples::workspace_of(&example).0 {
            folder.write(&path, bytes);
        }
        let answer = folder.check(&["--format", "json"]);
        let report: Json = serde_json::from_str(&answer.out).expect("JSON");
        let findings = report["findings"].as_array().expect("findings").iter();
        let ours = findings.filter(|finding| finding["code"] == "EMI013");
        ours.map(|finding| finding["message"].as_str().expect("a message").to_owned()).collect()
    };
    let looks = "[design]\nmethod = \"group-sequential\"\nspending = \"obrien-fleming\"\nlooks = [\"50%\", \"100%\"]";
    let kind = |kind: &str| format!("#: file catalog/base.toml\n[metrics.order_conversion]\nkind = \"{kind}\"");
    assert_eq!(told("growthbook", ""), ["GrowthBook tests no margin"]);
    assert_eq!(told("growthbook", looks), ["GrowthBook keeps no schedule of looks", "GrowthBook tests no margin"]);
    assert_eq!(told("spotify-confidence", looks), [""; 0]);
    assert_eq!(told("launchdarkly", ""), [""; 0]);
    assert_eq!(told("launchdarkly", &kind("retention")), ["LaunchDarkly cannot test `order_conversion`"]);
    assert_eq!(told("prometheus", ""), ["Prometheus decides no experiment"]);
    assert_eq!(told("none-of-ours", ""), ["unknown analysis platform `none-of-ours`"]);
    assert_eq!(told("growthbook", "[experiment]\nstatus = \"stopped\""), [""; 0], "nothing is left to decide");
}
