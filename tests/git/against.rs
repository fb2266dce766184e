//! `expc check --against` and the baseline, as commands in real repositories.

use serde_json::Value;

use crate::base::{SPEC, TODAY};
use crate::repository::{Repo, isolated};
use crate::workspace::Answer;

const CATALOG: &str = "catalog/base.toml";
const BASELINE: &str = ".expc-baseline.jsonl";

fn check(repo: &Repo, more: &[&str]) -> Answer {
    let mut command = repo.folder.command(&[&["check", "--today", TODAY], more].concat());
    Answer::of(&isolated(&mut command).output().expect("the program starts"))
}

/// The codes of the findings that fail, with the exit code.
fn codes(repo: &Repo, more: &[&str]) -> (i32, Vec<String>) {
    let answer = check(repo, &[&["--format", "json"], more].concat());
    assert_eq!(answer.err, "", "{answer:?}");
    (answer.code, answer.codes())
}

fn json(repo: &Repo, more: &[&str]) -> Value {
    let answer = check(repo, &[&["--format", "json"], more].concat());
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// The base with an unknown key in it: an old fault.
fn with_old_fault() -> Repo {
    let repo = Repo::of_base();
    repo.edit(SPEC, "[exposure]", "[exposure]\nwhenever = 1");
    repo.commit("a fault");
    repo
}

#[test]
fn an_old_fault_is_counted_and_does_not_fail() {
    let repo = with_old_fault();
    assert_eq!(codes(&repo, &[]), (1, vec!["SYN001".to_owned()]));
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (0, vec![]));
    let told = check(&repo, &["--against", "HEAD"]).out;
    assert!(
        told.contains("1 finding is older than the change since `HEAD` (") && told.contains("--all shows them"),
        "{told}"
    );
    assert_eq!(codes(&repo, &["--against", "HEAD", "--all"]), (0, vec!["SYN001".to_owned()]));
    // It stays old when its line moves and another joins it.
    repo.edit(SPEC, "schema = 1\n", "schema = 1\n# A remark.\n\n");
    repo.edit(SPEC, "[decision]", "[decision]\nwhoever = 1");
    let report = json(&repo, &["--against", "HEAD"]);
    assert_eq!(report["findings"].as_array().expect("a list").len(), 1);
    assert!(report["findings"][0]["message"].as_str().expect("a text").contains("whoever"), "{report}");
    assert_eq!(report["summary"]["base"]["older"], 1);
    assert_eq!(check(&repo, &["--against", "HEAD"]).code, 1);
}

#[test]
fn the_base_is_where_the_branch_left() {
    let repo = Repo::of_base();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.edit(SPEC, "title = \"One-tap checkout\"", "title = \"One tap\"");
    repo.commit("topic");
    repo.git(&["checkout", "-q", "main"]);
    repo.edit(SPEC, "[exposure]", "[exposure]\nwhenever = 1");
    repo.commit("a fault on main");
    repo.git(&["checkout", "-q", "topic"]);
    repo.edit(SPEC, "[exposure]", "[exposure]\nwhenever = 1");
    // The same fault is new here: main got it after the branch left.
    assert_eq!(codes(&repo, &["--against", "main"]), (1, vec!["SYN001".to_owned()]));
}

#[test]
fn a_fault_follows_its_spec_to_another_name() {
    let repo = with_old_fault();
    // The id goes with it: found as git finds a move.
    repo.git(&["mv", SPEC, "experiments/checkout-two-tap.toml"]);
    let moved = "experiments/checkout-two-tap.toml";
    repo.edit(moved, "\"checkout-one-tap\"", "\"checkout-two-tap\"\nflag = \"checkout-one-tap\"");
    repo.commit("renamed");
    assert_eq!(codes(&repo, &["--against", "HEAD~1"]), (0, vec![]));
    // The id stays: found without a commit.
    std::fs::create_dir(repo.path().join("experiments/growth")).expect("a folder");
    let deep = "experiments/growth/checkout-two-tap.toml";
    std::fs::rename(repo.path().join(moved), repo.path().join(deep)).expect("a move");
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (0, vec![]));
    assert_eq!(codes(&repo, &["--against", "HEAD~1"]), (0, vec![]));
}

#[test]
fn a_catalogue_edit_brings_in_what_it_breaks_elsewhere() {
    let repo = Repo::of_base();
    repo.edit(CATALOG, "baseline = \"11%\"", "baseline = \"2%\"");
    let report = json(&repo, &["--against", "HEAD"]);
    let codes: Vec<&str> =
        report["findings"].as_array().expect("a list").iter().filter_map(|finding| finding["code"].as_str()).collect();
    assert!(codes.contains(&"STA002"), "{report}");
    let touched = &report["touched"][0];
    assert_eq!(touched["what"], "metric `order_conversion`");
    assert_eq!(touched["keys"], serde_json::json!(["baseline"]));
    assert_eq!(touched["experiments"], serde_json::json!(["checkout-one-tap"]));
    repo.commit("a lower baseline");
    assert_eq!(check(&repo, &["--against", "HEAD"]).code, 0);
    // Through other definitions: the source of the event of the metric.
    repo.edit(CATALOG, "table = \"analytics.events\"", "table = \"analytics.other\"");
    repo.edit("templates/conversion-ab.toml", "power = 0.8", "power = 0.9");
    repo.edit("expc.toml", "preset = \"recommended\"", "preset = \"strict\"");
    let told = check(&repo, &["--against", "HEAD"]).out;
    for line in [
        "the change edits what experiments share:",
        "  catalog/base.toml: source `warehouse` (table) touches 1 experiment: checkout-one-tap",
        "  templates/conversion-ab.toml: template `conversion-ab` (design.power) touches 1 experiment: checkout-one-tap",
        "  expc.toml: `[policy]` (preset) touches 1 experiment: checkout-one-tap",
    ] {
        assert!(told.contains(line), "no `{line}` in:\n{told}");
    }
}

#[test]
fn a_level_that_rises_makes_a_finding_new() {
    let repo = with_old_fault();
    repo.edit("expc.toml", "[rules]", "[rules]\nSYN001 = \"warn\"");
    repo.commit("softer");
    repo.edit("expc.toml", "SYN001 = \"warn\"\n", "");
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (1, vec!["SYN001".to_owned()]));
    // And one that falls does not.
    repo.commit("harder");
    repo.edit("expc.toml", "[rules]", "[rules]\nSYN001 = \"warn\"");
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (0, vec![]));
}

#[test]
fn findings_between_specs_are_new_when_the_change_makes_them() {
    let repo = Repo::of_base();
    let twin = |id: &str| {
        let text = repo.read(SPEC).replace("\"checkout-one-tap\"", &format!("\"{id}\"\nflag = \"checkout-one-tap\""));
        repo.write(&format!("experiments/{id}.toml"), text.replace("layer = \"checkout\"\n", ""));
    };
    twin("checkout-second");
    let (code, found) = codes(&repo, &["--against", "HEAD"]);
    assert!(code == 1 && found.contains(&"PRT001".to_owned()), "{found:?}");
    repo.commit("a collision");
    assert_eq!(codes(&repo, &["--against", "HEAD"]).1, Vec::<String>::new());
    // An unchanged pair stays old while a third joins.
    twin("checkout-third");
    let report = json(&repo, &["--against", "HEAD"]);
    let about: Vec<&str> =
        report["findings"].as_array().expect("a list").iter().filter_map(|f| f["place"]["path"].as_str()).collect();
    assert!(!about.is_empty() && about.iter().all(|path| path.ends_with("checkout-third.toml")), "{report}");
}

#[test]
fn a_file_that_is_ignored_is_neither_there_nor_gone() {
    let repo = with_old_fault();
    repo.write("experiments/scratch.toml", "schema = 1\nunheard_of = 1\n");
    repo.commit("tracked");
    repo.write(".gitignore", "experiments/scratch.toml\n");
    repo.commit("and ignored");
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (0, vec![]));
}

#[test]
fn what_cannot_be_compared_is_a_failure() {
    let repo = Repo::uninitialised();
    repo.write_base("");
    let refused = |answer: &Answer, words: &[&str]| {
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        for word in words {
            assert!(answer.err.contains(word), "no `{word}` in: {}", answer.err);
        }
    };
    refused(&check(&repo, &["--against", "main"]), &["is in no git repository", "help: "]);
    let repo = Repo::of_base();
    refused(&check(&repo, &["--against", "mian"]), &["unknown revision `mian`", "did you mean `main`?"]);
    // Without a revision git is not asked at all.
    assert_eq!(repo.folder.check(&[]).code, 0);
    let mut command = repo.folder.command(&["check", "--against", "main"]);
    let answer = Answer::of(&isolated(&mut command).env("PATH", "/nowhere").output().expect("it starts"));
    refused(&answer, &["cannot find the program `git`", "install git"]);
    // The folder of another user, as git sees it.
    let mut command = repo.folder.command(&["check", "--against", "main"]);
    command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    // Variables of git other than those that name its settings do not pass: a test of git's own is one.
    assert_eq!(Answer::of(&command.output().expect("it starts")).code, 0);
}

#[test]
fn inside_a_hook_the_workspace_is_what_counts() {
    let repo = with_old_fault();
    let other = Repo::of_base();
    let mut command = repo.folder.command(&["check", "--today", TODAY, "--against", "HEAD~1", "--format", "concise"]);
    isolated(&mut command);
    command
        .env("GIT_DIR", other.path().join(".git"))
        .env("GIT_WORK_TREE", other.path())
        .env("GIT_INDEX_FILE", "/nowhere");
    let answer = Answer::of(&command.output().expect("it starts"));
    assert!(answer.code == 1 && answer.out.contains("SYN001"), "{answer:?}");
}

#[test]
fn accepted_findings_do_not_fail_and_gone_ones_are_told() {
    let repo = with_old_fault();
    repo.edit(SPEC, "[decision]", "[decision]\nwhoever = 1");
    let written = check(&repo, &["--write-baseline"]);
    assert_eq!(
        (written.code, written.out.as_str()),
        (0, ".expc-baseline.jsonl: 2 findings accepted, 2 added, 0 taken out\n")
    );
    let text = repo.read(BASELINE);
    assert_eq!(text.lines().count(), 3);
    assert_eq!(text.lines().next(), Some("{\"expc_baseline\":1}"));
    assert_eq!(codes(&repo, &[]), (0, vec![]));
    assert!(check(&repo, &[]).out.contains("2 findings are accepted in .expc-baseline.jsonl and not shown"));
    assert_eq!(codes(&repo, &["--no-baseline"]).0, 1);
    assert_eq!(codes(&repo, &["--all"]), (0, vec!["SYN001".to_owned(), "SYN001".to_owned()]));
    // Lines move, one fault goes, another comes.
    repo.edit(SPEC, "\nwhenever = 1", "");
    repo.edit(SPEC, "schema = 1\n", "\n\nschema = 1\n");
    repo.edit(SPEC, "[rollout]", "[rollout]\nwherever = 1");
    let answer = check(&repo, &["--format", "concise"]);
    assert!(answer.code == 1 && answer.out.contains("wherever") && !answer.out.contains("whoever"), "{answer:?}");
    assert!(
        answer.out.contains("1 finding of .expc-baseline.jsonl is gone; `expc check --write-baseline` takes it out"),
        "{answer:?}"
    );
    let written = check(&repo, &["--write-baseline"]);
    assert_eq!(written.out, ".expc-baseline.jsonl: 2 findings accepted, 1 added, 1 taken out\n");
    // Written again it is the same, byte for byte.
    let text = repo.read(BASELINE);
    assert_eq!(check(&repo, &["--write-baseline"]).code, 0);
    assert_eq!(repo.read(BASELINE), text);
}

#[test]
fn a_baseline_of_another_name_is_named_each_time() {
    let repo = with_old_fault();
    assert_eq!(check(&repo, &["--write-baseline=old.jsonl"]).code, 0);
    assert_eq!(check(&repo, &[]).code, 1);
    assert_eq!(codes(&repo, &["--baseline", "old.jsonl"]), (0, vec![]));
    let missing = check(&repo, &["--baseline", "none.jsonl"]);
    assert!(missing.code == 2 && missing.err.contains("there is no baseline `none.jsonl`"), "{missing:?}");
}

#[test]
fn a_baseline_that_cannot_be_used_is_a_failure() {
    let repo = with_old_fault();
    assert_eq!(check(&repo, &["--write-baseline"]).code, 0);
    let text = repo.read(BASELINE);
    for (bytes, words) in [
        (text.replace("{\"path\"", "<<<<<<< HEAD\n{\"path\"").into_bytes(), "line 2 is the mark of a merge conflict"),
        (text.replace(":1}", ":7}").into_bytes(), "it has version 7; this expc reads version 1"),
        (b"\xff\xfe".to_vec(), "it cannot be read as text"),
    ] {
        repo.write(BASELINE, bytes);
        let answer = check(&repo, &[]);
        assert!(answer.code == 2 && answer.err.contains(words) && answer.err.contains("help: "), "{answer:?}");
    }
    // Writing it again is a way out.
    assert_eq!(check(&repo, &["--write-baseline"]).code, 0);
    assert_eq!(check(&repo, &[]).code, 0);
}

#[test]
fn two_branches_that_accept_findings_merge() {
    let repo = with_old_fault();
    repo.write(".gitattributes", format!("{BASELINE} merge=union\n"));
    check(&repo, &["--write-baseline"]);
    repo.commit("a baseline");
    for (branch, table) in [("one", "[decision]"), ("two", "[rollout]")] {
        repo.git(&["checkout", "-q", "-b", branch, "main"]);
        repo.edit(SPEC, table, &format!("{table}\nof_{branch} = 1"));
        check(&repo, &["--write-baseline"]);
        repo.commit(branch);
    }
    repo.git(&["merge", "-q", "--no-edit", "one"]);
    assert_eq!(codes(&repo, &[]), (0, vec![]));
}

#[test]
fn a_context_can_be_required() {
    let repo = Repo::of_base();
    assert_eq!(check(&repo, &["--require", "date"]).code, 0);
    let answer = check(&repo, &["--require", "base"]);
    assert_eq!(answer.code, 1);
    assert!(answer.err.starts_with("error: `--require base`: some rules could not run\n  "), "{answer:?}");
    assert!(answer.err.contains("no revision to compare with; `--against REF` names one"), "{answer:?}");
    assert_eq!(check(&repo, &["--require", "base", "--against", "HEAD"]).code, 0);
    let wrong = check(&repo, &["--require", "git"]);
    assert!(wrong.code == 2 && wrong.err.contains("base") && wrong.err.contains("registry"), "{wrong:?}");
}

#[test]
fn a_schema_of_payloads_is_shared_like_the_catalogue() {
    let repo = Repo::of_base();
    repo.edit(
        CATALOG,
        "about = \"The form or the button\"",
        "about = \"The form or the button\"\npayload_schema = \"schemas/layout.json\"",
    );
    repo.write("catalog/schemas/layout.json", "{ \"type\": \"object\" }\n");
    repo.commit("a schema");
    assert_eq!(codes(&repo, &["--against", "HEAD"]), (0, vec![]));
    repo.write("catalog/schemas/layout.json", "{ \"type\": \"object\", \"required\": [\"colour\"] }\n");
    let (code, found) = codes(&repo, &["--against", "HEAD"]);
    assert!(code == 1 && found.contains(&"EMI007".to_owned()), "{found:?}");
}
