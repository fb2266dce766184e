//! The record in a repository: amendments are only appended, and a seal is not older than its commit.

use serde_json::Value;

use crate::base::{self, SPEC, TODAY};
use crate::repository::{Repo, isolated};
use crate::workspace::Answer;
use crate::{ID, LOCK};

const FIRST: &str = "\n[[amendments]]\nat = 2026-11-21\nby = \"Priya Raman\"\nreason = \"more certainty\"\n\
                     data_access = \"nothing-run\"\nfields = [\"design.power\"]\nvalues = [\"adb9c00de096d06b\"]\n";
const SECOND: &str = "\n[[amendments]]\nat = 2026-11-22\nby = \"Ada Lind\"\nreason = \"renamed\"\n\
                      data_access = \"nothing-run\"\nfields = [\"feedback.notify\"]\nvalues = [\"\"]\n";

fn run(repo: &Repo, arguments: &[&str]) -> Answer {
    Answer::of(&isolated(&mut repo.folder.command(arguments)).output().expect("the program starts"))
}

fn against(repo: &Repo, revision: &str) -> Value {
    let answer = run(repo, &["check", "--today", TODAY, "--against", revision, "--format", "json"]);
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Headlines of one rule for what is not committed.
fn told(repo: &Repo, code: &str) -> Vec<String> {
    let report = against(repo, "HEAD");
    let findings = report["findings"].as_array().expect("a list").iter();
    let findings = findings.filter(|finding| finding["code"] == code);
    findings.map(|finding| finding["message"].as_str().expect("a text").to_owned()).collect()
}

fn seal(repo: &Repo, at: &str) {
    let answer = run(repo, &["lock", ID, "--at", at, "--by", "Priya Raman"]);
    assert_eq!(answer.code, 0, "{answer:?}");
}

/// A sealed plan with two amendments, committed.
fn amended() -> Repo {
    let repo = Repo::of_base();
    seal(&repo, "2026-11-20T12:30:00Z");
    repo.edit(SPEC, "[design]", "[design]\npower = 0.85");
    repo.write(SPEC, repo.read(SPEC) + FIRST + SECOND);
    repo.commit("two amendments");
    assert_eq!(against(&repo, "HEAD")["findings"], Value::Array(Vec::new()));
    repo
}

#[test]
fn an_amendment_that_was_recorded_is_not_rewritten() {
    let repo = amended();
    let recorded = repo.read(SPEC);
    for (from, to, headline) in [
        ("at = 2026-11-21", "at = 2026-11-22", "amendment 1 is rewritten: its `at`"),
        ("by = \"Ada Lind\"", "by = \"Jonas Weber\"", "amendment 2 is rewritten: its `by`"),
        ("reason = \"renamed\"", "reason = \"\"", "amendment 2 is rewritten: its `reason`"),
        ("reason = \"renamed\"\n", "", "amendment 2 is rewritten: its `reason`"),
        ("[\"design.power\"]", "[\"design\"]", "amendment 1 is rewritten: its `fields`"),
        ("\"adb9c00de096d06b\"", "\"adb9c00de096d06c\"", "amendment 1 is rewritten: its `values`"),
        ("values = [\"adb9c00de096d06b\"]\n", "", "amendment 1 is rewritten: its `values`"),
        (FIRST, "", "amendment 1 is taken out"),
        (SECOND, "", "amendment 2 is taken out"),
    ] {
        repo.edit(SPEC, from, to);
        assert_eq!(told(&repo, "LIF017"), [headline], "{from:?} to {to:?}");
        let diff = run(&repo, &["diff", "HEAD"]);
        assert!(diff.out.contains("takes out or rewrites the amendment of 2026-11-2"), "{diff:?}");
        repo.write(SPEC, &recorded);
    }
    repo.edit(SPEC, "data_access = \"nothing-run\"", "data_access = \"not-opened\"");
    let both = ["amendment 1 is rewritten: its `data_access`", "amendment 2 is rewritten: its `data_access`"];
    assert_eq!(told(&repo, "LIF017"), both);
    let base = recorded.split("\n[[amendments]]").next().expect("a text").to_owned();
    let order = ["the amendments are in another order than they were recorded in"];
    repo.write(SPEC, format!("{base}{SECOND}{FIRST}"));
    assert_eq!(told(&repo, "LIF017"), order);
    let third = FIRST.replace("more certainty", "still more");
    repo.write(SPEC, format!("{base}{third}{FIRST}{SECOND}"));
    assert_eq!(told(&repo, "LIF017"), order);
    repo.write(SPEC, base);
    assert_eq!(told(&repo, "LIF017"), ["amendment 1 is taken out", "amendment 2 is taken out"]);
    // The file that has another name has the same record.
    repo.git(&["mv", "-f", SPEC, "experiments/archive.toml"]);
    assert_eq!(told(&repo, "LIF017").len(), 2);
}

#[test]
fn what_is_added_to_a_record_is_no_rewriting() {
    let repo = amended();
    let recorded = repo.read(SPEC);
    let third = FIRST.replace("more certainty", "still more");
    for kept in [
        recorded.clone() + &third,
        // Layout and comments are not the record.
        recorded.replace("by = \"Ada Lind\"", "# She asked for it.\nby   = 'Ada Lind'"),
        recorded.replace("data_access = \"nothing-run\"\n", "data_access = \"nothing-run\"\nexploratory = true\n"),
    ] {
        repo.write(SPEC, kept);
        assert_eq!(told(&repo, "LIF017"), Vec::<String>::new());
    }
    // Marks for an amendment that had none, with names in full, as the fix writes them; but no other names.
    let open = recorded.replace("values = [\"adb9c00de096d06b\"]\n", "").replace("[\"design.power\"]", "[\"design\"]");
    repo.write(SPEC, &open);
    repo.commit("an open amendment");
    let fixed = run(&repo, &["check", "--today", TODAY, "--fix", "--suggested"]);
    assert_eq!(fixed.code, 0, "{fixed:?}");
    assert!(repo.read(SPEC).contains("fields = [\"design.power\"]"), "{}", repo.read(SPEC));
    assert_eq!(told(&repo, "LIF017"), Vec::<String>::new());
    let diff = run(&repo, &["diff", "HEAD"]);
    assert!(!diff.out.contains("takes out or rewrites"), "{diff:?}");
    repo.edit(SPEC, "[\"design.power\"]", "[\"metrics.primary\"]");
    assert_eq!(told(&repo, "LIF017"), ["amendment 1 is rewritten: its `fields`"]);
}

#[test]
fn before_the_start_a_new_seal_begins_a_new_record() {
    let repo = amended();
    let bare = repo.read(SPEC).replace(FIRST, "").replace(SECOND, "");
    repo.write(SPEC, &bare);
    std::fs::remove_file(repo.path().join(LOCK)).expect("there is a lock");
    seal(&repo, "2026-11-20T13:00:00Z");
    assert_eq!(told(&repo, "LIF017"), Vec::<String>::new());
    // Once it runs, a new seal does not wash the record.
    repo.git(&["checkout", "-q", "."]);
    repo.edit(SPEC, "status = \"ready\"", "status = \"running\"");
    repo.commit("it runs");
    repo.write(SPEC, bare.replace("status = \"ready\"", "status = \"running\""));
    std::fs::remove_file(repo.path().join(LOCK)).expect("there is a lock");
    seal(&repo, "2026-11-20T13:00:00Z");
    assert_eq!(told(&repo, "LIF017").len(), 2);
    // Without a seal there is nothing to amend yet.
    let young = Repo::of_base();
    young.write(SPEC, base::files()[SPEC].clone() + FIRST);
    young.commit("an amendment of nothing");
    young.write(SPEC, &base::files()[SPEC]);
    assert_eq!(told(&young, "LIF017"), Vec::<String>::new());
}

/// Commits of the tests are made at noon of 2026-11-20.
#[test]
fn a_seal_is_not_older_than_its_commit() {
    let headline = |at: &str| {
        let repo = Repo::of_base();
        seal(&repo, at);
        told(&repo, "LIF018")
    };
    for (at, shown) in [
        ("2026-11-02T09:00:00Z", "18 days"),
        ("2026-11-19T11:59:59Z", "1 day"),
        ("2026-11-20T10:59:59Z", "2 hours"),
        ("2026-11-18", "2 days"),
    ] {
        assert_eq!(headline(at), [format!("the seal is dated {shown} before the commit it names")], "{at}");
    }
    for at in ["2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z", "2026-11-21T09:00:00Z", "2026-11-19", "2026-11-20"] {
        assert_eq!(headline(at), Vec::<String>::new(), "{at}");
    }
    // A seal that the change does not bring in was judged with the change that did.
    let repo = Repo::of_base();
    seal(&repo, "2026-11-02T09:00:00Z");
    repo.commit("sealed");
    repo.edit(SPEC, "One-tap checkout", "One tap");
    assert_eq!(told(&repo, "LIF018"), Vec::<String>::new());
}

#[test]
fn a_seal_whose_commit_is_not_here_says_so() {
    let skipped = |report: &Value| -> Vec<String> {
        let all = report["skipped"].as_array().expect("a list").iter();
        let all = all.filter(|skipped| skipped["code"] == "LIF018");
        all.map(|skipped| skipped.to_string()).collect()
    };
    let elsewhere = Repo::of_base();
    elsewhere.commit("one more");
    seal(&elsewhere, "2026-11-02T09:00:00Z");
    let repo = Repo::of_base();
    repo.write(LOCK, elsewhere.read(LOCK));
    let report = against(&repo, "HEAD");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    let told = skipped(&report);
    assert!(told.len() == 1 && told[0].contains("this clone does not have"), "{told:?}");
    // Sealed where there was no repository.
    let nowhere = crate::workspace::Folder::base();
    assert_eq!(nowhere.run(&["lock", ID, "--at", "2026-11-02", "--by", "Priya Raman"]).code, 0);
    repo.write(LOCK, nowhere.read(LOCK));
    let told = skipped(&against(&repo, "HEAD"));
    assert!(told.len() == 1 && told[0].contains("names none"), "{told:?}");
}
