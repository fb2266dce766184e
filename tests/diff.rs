//! `expc diff` in real repositories: what a change means, for a person, for a pull request and for a program.

#[allow(dead_code, reason = "not every test asks for all of it")]
#[path = "support/base.rs"]
mod base;

#[allow(dead_code, reason = "not every test asks for all of it")]
#[path = "support/workspace.rs"]
mod workspace;

#[path = "support/repository.rs"]
mod repository;

use serde_json::Value;

use base::SPEC;
use repository::{Repo, isolated};
use workspace::Answer;

const CATALOG: &str = "catalog/base.toml";

fn diff(repo: &Repo, more: &[&str]) -> Answer {
    let mut command = repo.folder.command(&[&["diff"], more].concat());
    Answer::of(&isolated(&mut command).output().expect("the program starts"))
}

fn printed(repo: &Repo, more: &[&str]) -> String {
    let answer = diff(repo, more);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    answer.out
}

fn json(repo: &Repo) -> Value {
    let text = printed(repo, &["HEAD", "--format", "json"]);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The one experiment that is another.
fn only(repo: &Repo) -> Value {
    let value = json(repo);
    let all = value["experiments"].as_array().expect("a list");
    assert_eq!(all.len(), 1, "{value:#}");
    all[0].clone()
}

/// The text without the name of the commit.
fn stable(repo: &Repo, text: &str) -> String {
    let head = repo.git(&["rev-parse", "--short=10", "HEAD"]);
    text.replace(head.trim(), "COMMIT")
}

/// The base with edits of every class.
fn edited() -> Repo {
    let repo = Repo::of_base();
    repo.edit(SPEC, "relative = \"3%\"", "relative = \"5%\"");
    repo.edit(SPEC, "share = \"50%\"", "share = \"40%\"");
    repo.edit(SPEC, "\"21 days\"", "\"28 days\"");
    repo.edit(SPEC, "title = \"One-tap checkout\"", "title = \"One tap\"");
    repo.edit(SPEC, "layout = \"one-tap\"", "layout = \"tap\"");
    repo
}

#[test]
fn a_change_is_told_to_a_person() {
    let repo = edited();
    insta::assert_snapshot!("text", stable(&repo, &printed(&repo, &[])));
}

#[test]
fn a_change_is_told_to_a_pull_request() {
    let repo = edited();
    insta::assert_snapshot!("markdown", stable(&repo, &printed(&repo, &["--format", "markdown"])));
}

#[test]
fn a_change_is_told_to_a_program() {
    let repo = edited();
    insta::assert_snapshot!("json", stable(&repo, &printed(&repo, &["--format", "json"])));
}

#[test]
fn nothing_is_nothing() {
    let repo = Repo::of_base();
    let told = stable(&repo, &printed(&repo, &[]));
    assert_eq!(told, "base since `main` (COMMIT): no change of meaning in 1 experiment\n");
    assert!(json(&repo)["experiments"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn layout_and_written_defaults_have_no_meaning() {
    let repo = Repo::of_base();
    repo.edit(SPEC, "schema = 1\n", "# A remark.\nschema   =   1\n");
    repo.edit(SPEC, "relative = \"3%\"", "relative = \"3.0 %\"");
    let one = only(&repo);
    assert_eq!((&one["change"], &one["same_meaning"]), (&Value::from("changed"), &Value::from(true)), "{one:#}");
    assert!(printed(&repo, &[]).contains("the text differs, what it means does not"));
    // Words of the plan are no values of a flag, though they change its hash.
    repo.edit(SPEC, "title = \"One-tap checkout\"", "title = \"One tap\"");
    let one = only(&repo);
    assert_eq!((&one["class"], one["targets"].as_array().map(Vec::len)), (&Value::from("text"), Some(0)), "{one:#}");
}

#[test]
fn amendments_that_come_and_go_are_told() {
    let repo = Repo::of_base();
    let seal = ["lock", "checkout-one-tap", "--at", "2026-11-20", "--by", "Priya Raman"];
    assert_eq!(repo.folder.run(&seal).code, 0);
    repo.commit("sealed");
    repo.edit(SPEC, "relative = \"3%\"", "relative = \"5%\"");
    let amend = ["amend", "checkout-one-tap", "--write", "--by", "Ada Lind", "--at", "2027-02-08", "--reason", "why"];
    assert_eq!(repo.folder.run(&[&amend[..], &["--data-access", "seen"]].concat()).code, 0);
    let told =
        "deviation of 2027-02-08 by `Ada Lind`, results by variant were seen: `metrics.primary.order_conversion.mde`";
    assert!(printed(&repo, &["HEAD"]).contains(&format!("  record     new {told}\n")));
    let comment = printed(&repo, &["HEAD", "--format", "markdown"]);
    assert!(
        comment.contains("| changed, a deviation |") && comment.contains("new deviation of 2027-02-08"),
        "{comment}"
    );
    let one = only(&repo);
    assert_eq!(one["amendments"]["added"][0]["worth"], "deviation", "{one:#}");
    repo.commit("amended");
    // What was known is made harmless afterwards.
    repo.edit(SPEC, "\"seen\"", "\"not-opened\"");
    let text = printed(&repo, &["HEAD"]);
    assert!(text.contains(&format!("  record     takes out or rewrites the {told}\n")), "{text}");
    assert!(text.contains("new amendment of 2027-02-08 by `Ada Lind`, no data was opened"), "{text}");
}

#[test]
fn the_base_is_where_the_branch_left() {
    let repo = Repo::of_base();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.edit(SPEC, "title = \"One-tap checkout\"", "title = \"One tap\"");
    repo.commit("topic");
    repo.git(&["checkout", "-q", "main"]);
    repo.edit(SPEC, "relative = \"3%\"", "relative = \"5%\"");
    repo.commit("meanwhile");
    repo.git(&["checkout", "-q", "topic"]);
    let told = printed(&repo, &[]);
    assert!(told.contains("since `main`") && told.contains("\"One-tap checkout\" → \"One tap\""), "{told}");
    assert!(!told.contains("mde"), "{told}");
    // In a clone the name of the remote comes first, whatever its main branch is called.
    repo.git(&["branch", "-q", "-m", "main", "trunk"]);
    repo.git(&["checkout", "-q", "trunk"]);
    let clone = Repo::cloned(&repo, &[]);
    assert!(printed(&clone, &[]).contains("since `origin/trunk`"), "{}", printed(&clone, &[]));
}

#[test]
fn moves_and_new_ids_are_followed() {
    let repo = Repo::of_base();
    let text = repo.read(SPEC);
    let moved = text.replace("id = \"checkout-one-tap\"", "id = \"checkout-fast\"").replace("\"3%\"", "\"4%\"");
    std::fs::remove_file(repo.path().join(SPEC)).expect("the spec is there");
    repo.write("experiments/2027/checkout-fast.toml", moved);
    let one = only(&repo);
    assert_eq!(one["change"], "renamed");
    assert_eq!((&one["id"], &one["old_id"]), (&Value::from("checkout-fast"), &Value::from("checkout-one-tap")));
    assert_eq!(one["old_path"], SPEC);
    let fields: Vec<&str> =
        one["fields"].as_array().expect("a list").iter().filter_map(|field| field["path"].as_str()).collect();
    assert!(fields.contains(&"metrics.primary.order_conversion.mde"), "{fields:?}");
    assert!(!fields.contains(&"experiment.id"), "{fields:?}");
    // The salt of an experiment is its id: with another one everybody is drawn anew.
    assert_eq!(one["people"]["switch_variant"], 0.5, "{one:#}");
    let told = printed(&repo, &[]);
    assert!(told.contains("was `checkout-one-tap` in `experiments/checkout-one-tap.toml`"), "{told}");
}

#[test]
fn what_comes_and_goes_is_told_with_its_people() {
    let repo = Repo::of_base();
    let text = repo.read(SPEC);
    std::fs::remove_file(repo.path().join(SPEC)).expect("the spec is there");
    let one = only(&repo);
    assert_eq!((&one["change"], &one["people"]["leave"]), (&Value::from("removed"), &Value::from(1.0)));
    assert_eq!(one["targets"][0]["change"], "removed");
    assert!(printed(&repo, &[]).contains("about 666,000 units that the plan enrols take part no more"));
    repo.commit("gone");
    repo.write(SPEC, &text);
    let one = only(&repo);
    assert_eq!((&one["change"], &one["targets"][0]["change"]), (&Value::from("added"), &Value::from("added")));
    assert!(printed(&repo, &["HEAD"]).contains("about 666,000 units take part by the end of the plan"));
}

#[test]
fn who_moves_follows_from_the_hashes() {
    let moved = |from: &str, to: &str| {
        let repo = Repo::of_base();
        repo.edit(SPEC, from, to);
        let people = only(&repo)["people"].clone();
        let part = |key: &str| (people[key].as_f64().expect(key) * 1000.0).round() / 1000.0;
        (part("leave"), part("switch_variant"), part("join"))
    };
    // Control takes the first three quarters of the line instead of the first half.
    assert_eq!(moved("[variants.control]\nweight = 1", "[variants.control]\nweight = 3"), (0.0, 0.25, 0.0));
    // A larger share keeps everybody; a smaller one keeps a part of them.
    assert_eq!(moved("share = \"50%\"", "share = \"100%\""), (0.0, 0.0, 0.5));
    assert_eq!(moved("share = \"50%\"", "share = \"25%\""), (0.5, 0.0, 0.0));
    // Another salt draws anew within the same slot, all of which takes part.
    assert_eq!(moved("layer = \"checkout\"", "layer = \"checkout\"\nsalt = \"again\""), (0.0, 0.5, 0.0));
    // Without the layer half of all units are drawn, half of whom were in the slot.
    assert_eq!(moved("layer = \"checkout\"\n", ""), (0.5, 0.0, 0.5));
    // A run that ends serves nobody.
    assert_eq!(moved("status = \"ready\"", "status = \"stopped\""), (1.0, 0.0, 0.0));
    assert_eq!(moved("status = \"ready\"", "status = \"draft\""), (1.0, 0.0, 0.0));
}

#[test]
fn each_platform_is_told_by_itself() {
    let repo = Repo::of_base();
    let targets = |list: &str| {
        let text = repo.read(SPEC);
        let text = text.split("\n[emit]\n").next().expect("a text").to_owned();
        repo.write(SPEC, format!("{text}\n[emit]\ntargets = {list}\n"));
    };
    targets("[\"growthbook\"]");
    let told = printed(&repo, &[]);
    assert!(told.contains("flagd: `checkout-one-tap` is served no more"), "{told}");
    assert!(told.contains("growthbook: `checkout-one-tap` is served from now on"), "{told}");
    targets("[\"flagd\", \"growthbook\"]");
    repo.commit("both");
    repo.edit(SPEC, "[variants.control]\nweight = 1", "[variants.control]\nweight = 3");
    let told = printed(&repo, &["HEAD"]);
    assert!(told.contains("flagd: `checkout-one-tap` differs in targeting, 1 value\n"), "{told}");
    assert!(told.contains("growthbook: `checkout-one-tap` differs in rules"), "{told}");
}

#[test]
fn conditions_that_differ_are_said_to_be_not_counted() {
    let repo = Repo::of_base();
    repo.edit(SPEC, "in = [\"US\", \"CA\"] }", "in = [\"US\"] }");
    let told = printed(&repo, &[]);
    assert!(told.contains("not counted: how many meet the conditions of one plan only"), "{told}");
    assert!(told.contains("flagd: `checkout-one-tap` differs in targeting, 1 value"), "{told}");
    assert_eq!(
        only(&repo)["people"]["conditions"],
        serde_json::json!({ "before_only_at_most": null, "after_only_at_most": null })
    );
}

#[test]
fn shares_of_the_catalogue_bound_who_meets_one_plan_only() {
    let repo = Repo::of_base();
    repo.edit(
        CATALOG,
        "values = [\"US\", \"CA\", \"FR\"]",
        "values = [\"US\", \"CA\", \"FR\"]\nshares = { US = \"62%\", CA = \"4%\" }",
    );
    repo.commit("measured");
    repo.edit(SPEC, "in = [\"US\", \"CA\"] }", "in = [\"US\"] }");
    let told = printed(&repo, &["HEAD"]);
    assert!(
        told.contains("at most 4% of all units meet the earlier conditions only, by the catalogue's shares"),
        "{told}"
    );
    assert!(told.contains("nobody meets the later conditions only, by the catalogue's shares"), "{told}");
    assert!(!told.contains("not counted"), "{told}");
    // Another attribute, of which nobody knows the shares: only one of the two ways is known.
    repo.edit(SPEC, "in = [\"US\"] }", "in = [\"US\"] }, { attribute = \"platform\", is = \"ios\" }");
    let people = only(&repo)["people"].clone();
    assert_eq!(people["conditions"], serde_json::json!({ "before_only_at_most": null, "after_only_at_most": 0.0 }));
    assert_eq!(people["not_counted"], serde_json::json!(["how many meet the earlier conditions only"]));
}

#[test]
fn an_edit_of_the_catalogue_reaches_who_uses_it() {
    let repo = Repo::of_base();
    let text = repo.read(CATALOG);
    let from = text.find("[metrics.order_conversion]").expect("the metric");
    let at = from + text[from..].find("baseline = ").expect("a baseline");
    let line = text[at..].lines().next().expect("a line").to_owned();
    repo.write(CATALOG, text.replacen(&line, "baseline = \"4%\"", 1));
    let value = json(&repo);
    assert_eq!(value["shared"][0]["what"], "metric `order_conversion`", "{value:#}");
    assert_eq!(value["shared"][0]["alters"], serde_json::json!(["checkout-one-tap"]));
    let one = only(&repo);
    assert_eq!(one["change"], "touched");
    assert_ne!(one["plan"]["before"]["units_needed"], one["plan"]["after"]["units_needed"]);
    let told = printed(&repo, &[]);
    assert!(told.contains("metric `order_conversion` changed in catalog/base.toml: touches 1 experiment"), "{told}");
}

#[test]
fn a_definition_that_nobody_uses_alters_nothing() {
    let repo = Repo::of_base();
    let more = "\n[metrics.unused]\nkind = \"binary\"\n";
    repo.write(CATALOG, repo.read(CATALOG) + more);
    let value = json(&repo);
    assert_eq!(value["experiments"].as_array().map(Vec::len), Some(0), "{value:#}");
    assert!(printed(&repo, &[]).contains("metric `unused` added in catalog/base.toml: touches no experiment"));
}

#[test]
fn the_neighbour_whose_slot_moves_is_told() {
    let repo = Repo::of_base();
    let text = repo.read(SPEC);
    let small = text.replace("share = \"50%\"", "share = \"30%\"").replace("checkout-one-tap", "b-second");
    repo.write("experiments/b-second.toml", small.replace("\"10%\"", "\"5%\""));
    repo.commit("two");
    let slot = |repo: &Repo| printed(repo, &["HEAD"]);
    assert!(slot(&repo).contains("no change of meaning in 2 experiments"), "{}", slot(&repo));
    // The first in line takes more, and the second is placed behind it.
    repo.edit("experiments/b-second.toml", "share = \"30%\"", "share = \"40%\"");
    let value = json(&repo);
    let fates: Vec<&str> =
        value["experiments"].as_array().expect("a list").iter().filter_map(|one| one["change"].as_str()).collect();
    assert_eq!(fates, ["changed", "touched"], "{value:#}");
    assert!(slot(&repo).contains("by the slot in the layer"), "{}", slot(&repo));
}

#[test]
fn names_of_strangers_stay_names() {
    let repo = Repo::of_base();
    repo.edit(SPEC, "[variants.one-tap]", "[variants.\"</details>\\u001b[31m|`@org/all`\\n# x\"]");
    repo.edit(
        SPEC,
        "title = \"One-tap checkout\"",
        "title = \"::error::x\\n<img src=x>\\u202e[a](https://b.example)\"",
    );
    for format in ["text", "markdown"] {
        let told = printed(&repo, &["HEAD", "--format", format]);
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
        assert!(!told.lines().any(|line| line.trim_start().starts_with("::") || line.starts_with("# x")), "{told}");
    }
    let told = printed(&repo, &["HEAD", "--format", "markdown"]);
    assert_eq!(told.matches("</details>").count(), 1, "{told}");
    // What stands between backticks is code; the rest has no mark of its own.
    let plain: String = told.replace("\\`", "").split('`').step_by(2).collect();
    assert!(!plain.contains("<img") && !plain.contains("[a](") && !plain.contains("@org"), "{plain}");
    assert!(plain.contains("\\</details\\>"), "{plain}");
    json(&repo);
}

#[test]
fn a_broken_spec_is_compared_as_far_as_it_can_be_read() {
    let repo = Repo::of_base();
    repo.edit(SPEC, "[exposure]", "[exposure\nwhenever");
    let told = printed(&repo, &[]);
    assert!(told.contains("a part cannot be read"), "{told}");
    for bytes in [&b"\xff\xfe\x00"[..], b"", b"= = ="] {
        repo.write(SPEC, bytes);
        printed(&repo, &["HEAD", "--format", "markdown"]);
    }
}

#[test]
fn a_comment_fits_a_pull_request() {
    let repo = Repo::of_base();
    let text = repo.read(SPEC);
    let ids: Vec<String> = (0..300).map(|index| format!("a-rather-long-name-of-an-experiment-{index}")).collect();
    for id in &ids {
        repo.write(
            &format!("experiments/{id}.toml"),
            text.replace("id = \"checkout-one-tap\"", &format!("id = \"{id}\"")),
        );
    }
    repo.commit("many");
    for id in &ids {
        repo.edit(&format!("experiments/{id}.toml"), "relative = \"3%\"", "relative = \"5%\"");
    }
    let told = printed(&repo, &["HEAD", "--format", "markdown"]);
    assert!(told.chars().count() < 65_000, "{}", told.chars().count());
    let shown = told.matches("<details>").count();
    assert!(0 < shown && told.contains(&format!("The details of {} more are left out", 300 - shown)), "{told}");
    assert_eq!(told.matches("</details>").count(), shown);
    let rows = told.lines().filter(|line| line.starts_with("| `a-rather")).count();
    assert!(rows == 300 || told.contains(&format!("{} more experiments are left out", 300 - rows)), "{rows}");
}

/// The fields that differ since a revision.
fn fields(repo: &Repo, reference: &str) -> Vec<String> {
    let text = printed(repo, &[reference, "--format", "json"]);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let experiments = value["experiments"].as_array().expect("a list").iter();
    let fields = experiments.flat_map(|one| one["fields"].as_array().expect("a list"));
    fields.map(|field| field["path"].as_str().expect("a path").to_owned()).collect()
}

#[test]
fn every_sort_of_clone_has_its_base() {
    const TITLE: (&str, &str) = ("title = \"One-tap checkout\"", "title = \"One tap\"");
    let origin = Repo::of_base();
    origin.commit("second");
    origin.git(&["checkout", "-q", "-b", "topic"]);
    origin.edit(SPEC, TITLE.0, TITLE.1);
    origin.commit("topic");
    // Detached: what is checked out counts, whatever branches there are.
    origin.git(&["checkout", "-q", "--detach", "topic"]);
    assert_eq!(fields(&origin, "main"), ["experiment.title"]);
    origin.git(&["checkout", "-q", "--detach", "main"]);
    assert_eq!(fields(&origin, "topic"), Vec::<String>::new());
    // A second work tree has a change of its own.
    let beside = Repo::uninitialised();
    let folder = beside.path().join("tree");
    origin.git(&["worktree", "add", "-q", "-b", "other", &folder.display().to_string(), "main"]);
    let other = |path: &str| format!("tree/{path}");
    beside.edit(&other(SPEC), "share = \"50%\"", "share = \"40%\"");
    let mut command = beside.folder.command(&["diff", "main", "--workspace", "tree"]);
    let answer = Answer::of(&isolated(&mut command).output().expect("the program starts"));
    assert!(answer.code == 0 && answer.out.contains("audience.share"), "{answer:?}");
    assert_eq!(fields(&origin, "main"), Vec::<String>::new());
    // A shallow clone that reaches the base has all it needs.
    let shallow = Repo::cloned(&origin, &["--depth=2", "--no-single-branch", "--branch", "topic"]);
    assert_eq!(fields(&shallow, "origin/main"), ["experiment.title"]);
    // Once main is merged in, its last commit is the base: what came with the merge is no part of the change.
    origin.git(&["checkout", "-q", "main"]);
    origin.edit(SPEC, "relative = \"3%\"", "relative = \"5%\"");
    origin.commit("meanwhile");
    origin.git(&["checkout", "-q", "topic"]);
    origin.git(&["merge", "-q", "--no-edit", "main"]);
    assert_eq!(fields(&origin, "main"), ["experiment.title"]);
    // A bare repository has no files of today.
    let bare = Repo::cloned(&origin, &["--bare"]);
    bare.write_base("");
    let answer = diff(&bare, &["main"]);
    assert!(answer.code == 2 && answer.err.contains("not in its work tree"), "{answer:?}");
}

#[test]
fn a_submodule_is_compared_at_the_commit_of_the_base() {
    let inner = Repo::of_base();
    inner.edit(SPEC, "id = \"checkout-one-tap\"", "id = \"checkout-one-tap\"\nflag = \"checkout-one-tap\"");
    inner.git(&["mv", SPEC, "experiments/mobile-one-tap.toml"]);
    inner.commit("another name");
    let outer = Repo::initialised(&[]);
    outer.write_base("");
    let from = inner.path().display().to_string();
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "experiments/mobile"]);
    outer.commit("with a submodule");
    assert_eq!(fields(&outer, "HEAD"), Vec::<String>::new());
    // A commit inside moves the submodule, and is a part of the change around it.
    let spec = "experiments/mobile/experiments/mobile-one-tap.toml";
    outer.edit(spec, "title = \"One-tap checkout\"", "title = \"One tap\"");
    let within = ["-C", "experiments/mobile"];
    outer.git(&[&within[..], &["commit", "-q", "--all", "--no-verify", "-m", "shorter"]].concat());
    assert_eq!(fields(&outer, "HEAD"), ["experiment.title"]);
    outer.commit("moved on");
    assert_eq!(fields(&outer, "HEAD"), Vec::<String>::new());
    assert_eq!(fields(&outer, "HEAD~1"), ["experiment.title"]);
    // The workspace inside has the history of the submodule.
    let mut command = outer.folder.command(&["diff", "HEAD~1", "--workspace", "experiments/mobile"]);
    let answer = Answer::of(&isolated(&mut command).output().expect("the program starts"));
    assert!(answer.code == 0 && answer.out.contains("title"), "{answer:?}");
}

#[test]
fn a_missing_base_says_what_to_type() {
    let nowhere = Repo::uninitialised();
    nowhere.write_base("");
    let young = Repo::initialised(&[]);
    young.write_base("");
    let odd = Repo::of_base();
    odd.git(&["branch", "-q", "-m", "main", "trunk"]);
    let wrong = Repo::of_base();
    let origin = Repo::of_base();
    origin.git(&["checkout", "-q", "-b", "topic"]);
    origin.commit("one");
    origin.commit("two");
    let shallow = Repo::cloned(&origin, &["--depth=1", "--no-single-branch"]);
    let cases: [(&Repo, &[&str], &str, &str); 6] = [
        (&nowhere, &[], "is in no git repository", "run it in a clone"),
        (&young, &[], "the repository has no commit to compare with", "commit first"),
        (&odd, &[], "there is no `origin/main`, `main` or `master`", "expc diff origin/develop"),
        (&wrong, &["mian"], "unknown revision `mian`", "did you mean `main`?"),
        (&shallow, &["origin/main"], "this shallow clone does not reach the commit", "fetch-depth: 0"),
        (&wrong, &["--format", "yaml"], "unknown format `yaml`", "one of text, markdown, json"),
    ];
    for (repo, arguments, text, help) in cases {
        let answer = diff(repo, arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains(text) && answer.err.contains(help), "{answer:?}");
    }
}
