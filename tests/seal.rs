//! Sealed plans: what a lock holds, what is found when it or the experiment changes, and the commands that write it.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

#[path = "support/repository.rs"]
#[allow(dead_code, reason = "clones are for the tests of git")]
mod repository;

#[path = "seal/record.rs"]
mod record;

#[path = "seal/proof.rs"]
mod proof;

use std::fmt::Write as _;

use base::{SPEC, TODAY};
use expc::change::Change;
use expc::check::{Options, check};
use expc::plan::Terms;
use expc::plan::terms::{Standing, standing};
use expc::portfolio::{Compiled, Lock, LockFault, Sealing, Workspace};
use expc::syntax::{Node, Value};
use expc::text::FileId;
use expc::world::Memory;
use repository::Repo;
use workspace::Folder;

const ID: &str = "checkout-one-tap";
const LOCK: &str = "registry/checkout-one-tap.lock.json";

fn files() -> Memory {
    base::files().into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text))
}

fn open(files: &Memory) -> Workspace {
    Workspace::open(files).with_targets(expc::emit::flags::capabilities())
}

fn compiled(workspace: &Workspace) -> Compiled {
    workspace.compile(workspace.specs.iter().find(|spec| spec.stem == ID).expect("the spec"))
}

/// The lock of the base as it stands, and its terms.
fn sealed() -> (String, Terms) {
    let workspace = open(&files());
    let compiled = compiled(&workspace);
    let terms = workspace.terms(&compiled.plan, &compiled.tree);
    let at = "2026-11-20T09:00:00Z".parse().expect("a time");
    let sealing = Sealing { id: ID, at: &at, by: "Priya Raman", commit: None };
    (sealing.text(&terms), terms)
}

fn read(text: &str) -> Result<Lock, LockFault> {
    Lock::read(LOCK, FileId(0), ID, text)
}

/// Code and headline of each finding, and the whole as a person sees it.
fn findings(files: &Memory) -> Vec<(String, String)> {
    let options = Options { today: TODAY.parse().ok(), ..Options::default() };
    let outcome = check(&open(files), options);
    outcome.findings.iter().map(|finding| (finding.code.to_string(), finding.headline.clone())).collect()
}

fn codes(files: &Memory) -> Vec<String> {
    findings(files).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn any_changed_byte_of_a_lock_is_found() {
    let (text, _) = sealed();
    let lock = read(&text).expect("a lock that was just written");
    assert_eq!((lock.by.as_str(), lock.at.value.to_string().as_str()), ("Priya Raman", "2026-11-20T09:00:00Z"));
    let mut tried = 0;
    for at in 0..text.len() {
        let byte = text.as_bytes()[at];
        for other in [byte ^ 1, b' ', b'\n', b'"', b'0'] {
            let mut changed = text.clone().into_bytes();
            changed[at] = other;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            if changed != text {
                tried += 1;
                assert!(read(&changed).is_err(), "byte {at}: {:?} for {:?}", char::from(other), char::from(byte));
            }
        }
        let mut shorter = text.clone().into_bytes();
        shorter.remove(at);
        if let Ok(shorter) = String::from_utf8(shorter) {
            assert!(read(&shorter).is_err(), "without byte {at}");
        }
    }
    assert!(25_000 < tried, "only {tried} changes were tried");
    for end in (0..text.len()).step_by(7) {
        assert!(text.is_char_boundary(end) && read(&text[..end]).is_err(), "cut at {end}");
    }
    assert!(read(&format!("{text}\n")).is_err() && read(&format!("\u{feff}{text}")).is_err());
}

#[test]
fn a_checkout_with_other_line_ends_is_the_same_lock() {
    let (text, _) = sealed();
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(read(&crlf).expect("a lock").hash.value, read(&text).expect("a lock").hash.value);
    let all = files().with(LOCK, crlf);
    assert_eq!(findings(&all), []);
}

#[test]
fn the_hash_is_that_of_common_tools() {
    use sha2::{Digest, Sha256};
    let (text, _) = sealed();
    let rest: String = text.split_inclusive('\n').filter(|line| !line.starts_with("  \"hash\"")).collect();
    let hash: String = Sha256::digest(rest.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(text.contains(&format!("\"hash\": \"sha256:{hash}\",")));
}

#[test]
fn a_lock_has_the_same_text_however_the_spec_is_laid_out() {
    let (text, _) = sealed();
    let table: toml::Table = base::files()[SPEC].parse().expect("the base parses");
    // As the printer lays it out: other order of keys, headers for inline tables, no comments.
    let moved = files().with(SPEC, toml::to_string(&table).expect("a table prints"));
    let workspace = open(&moved);
    let compiled = compiled(&workspace);
    let at = "2026-11-20T09:00:00Z".parse().expect("a time");
    let sealing = Sealing { id: ID, at: &at, by: "Priya Raman", commit: None };
    assert_eq!(sealing.text(&workspace.terms(&compiled.plan, &compiled.tree)), text);
}

/// Calls with a copy of the tree for each leaf, in which that leaf is another, and its path.
fn each_leaf_changed(root: &Node, path: &[String], call: &mut dyn FnMut(&[String], Node)) {
    let with = |inner: &dyn Fn(&mut Node)| {
        let mut copy = root.clone();
        inner(&mut copy);
        copy
    };
    let leaves = leaves(root, path.to_vec());
    for leaf in leaves {
        let changed = with(&|copy| {
            let mut node = copy;
            for step in &leaf[path.len()..] {
                node = match &mut node.value {
                    Value::Table(table) => {
                        &mut table.entries.iter_mut().find(|entry| entry.key == *step).expect("a key").node
                    }
                    Value::Array(items) => &mut items[step.parse::<usize>().expect("a number")],
                    _ => unreachable!("a leaf has nothing below it"),
                };
            }
            node.value = match &node.value {
                Value::String(text) => Value::String(format!("{text} x")),
                Value::Integer(number) => Value::Integer(number + 1),
                Value::Float(number) => Value::Float(number * 1.5),
                Value::Boolean(flag) => Value::Boolean(!flag),
                other => panic!("{other:?} is no leaf of a seal"),
            };
        });
        call(&leaf, changed);
    }
}

fn leaves(node: &Node, path: Vec<String>) -> Vec<Vec<String>> {
    let below = |step: String, node: &Node| leaves(node, path.iter().cloned().chain([step]).collect());
    match &node.value {
        Value::Table(table) => table.entries.iter().flat_map(|entry| below(entry.key.clone(), &entry.node)).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(at, item)| below(at.to_string(), item)).collect(),
        _ => vec![path],
    }
}

#[test]
fn every_value_that_is_sealed_is_compared() {
    let (text, _) = sealed();
    let lock = read(&text).expect("a lock");
    let mut held = 0;
    each_leaf_changed(&lock.terms.plan, &[], &mut |path, changed| {
        let change = Change::of_plans(&lock.terms.plan, &changed).held();
        assert_eq!(change.fields.len().min(1), 1, "{path:?} was not found");
        held += 1;
    });
    assert!(80 < held, "a plan has more than {held} values");
    let (mut means, mut facts) = (0, 0);
    each_leaf_changed(&lock.terms.catalog, &["catalog".to_owned()], &mut |path, changed| {
        let change = Change::of_catalogs(&lock.terms.catalog, &changed).held();
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        match standing(&steps) {
            Standing::Held => means += 1,
            Standing::Fact => facts += 1,
            Standing::Free => panic!("{path:?} is in the seal"),
        }
        assert_eq!(!change.is_empty(), standing(&steps) == Standing::Held, "{path:?}");
    });
    assert!(40 < means && 10 < facts, "{means} meanings, {facts} facts");
}

/// Each value of a TOML table with another one of its kind in its place.
fn each_value_changed(table: &toml::Table, call: &mut dyn FnMut(&[String], toml::Table)) {
    fn walk(value: &mut toml::Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, toml::Value)>) {
        match value {
            toml::Value::Table(table) => {
                for (key, inner) in table {
                    path.push(key.clone());
                    walk(inner, path, found);
                    path.pop();
                }
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                for (at, item) in items.iter_mut().enumerate() {
                    path.push(at.to_string());
                    walk(item, path, found);
                    path.pop();
                }
            }
            leaf => {
                let other = match leaf.clone() {
                    toml::Value::String(text) => match text.find(|c: char| c.is_ascii_digit()) {
                        Some(at) if text.len() < 12 => {
                            let digit = if &text[at..=at] == "1" { "2" } else { "1" };
                            toml::Value::String(format!("{}{digit}{}", &text[..at], &text[at + 1..]))
                        }
                        _ => toml::Value::String(format!("{text} x")),
                    },
                    toml::Value::Integer(number) => toml::Value::Integer(number + 1),
                    toml::Value::Float(number) => toml::Value::Float(number / 2.0),
                    toml::Value::Boolean(flag) => toml::Value::Boolean(!flag),
                    toml::Value::Array(items) => toml::Value::Array(items.into_iter().skip(1).collect()),
                    toml::Value::Datetime(_) => toml::Value::Datetime("2027-02-17".parse().expect("a date")),
                    toml::Value::Table(_) => unreachable!("tables are walked"),
                };
                found.push((path.clone(), other));
            }
        }
    }
    let mut found = Vec::new();
    let mut root = toml::Value::Table(table.clone());
    walk(&mut root, &mut Vec::new(), &mut found);
    for (path, other) in found {
        let mut copy = toml::Value::Table(table.clone());
        let mut at = &mut copy;
        for step in &path {
            at = match at {
                toml::Value::Array(items) => &mut items[step.parse::<usize>().expect("a number")],
                at => &mut at[step.as_str()],
            };
        }
        *at = other;
        let toml::Value::Table(copy) = copy else { unreachable!("a table was put in") };
        call(&path, copy);
    }
}

#[test]
fn every_key_of_a_spec_is_held_or_free_as_the_table_says() {
    let (lock, _) = sealed();
    let table: toml::Table = base::files()[SPEC].parse().expect("the base parses");
    let (mut held, mut free) = (0, 0);
    each_value_changed(&table, &mut |path, changed| {
        let text = toml::to_string(&changed).expect("a table prints");
        let all = files().with(SPEC, text).with(LOCK, lock.as_str());
        let found = findings(&all);
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let moved: Vec<_> = found.iter().filter(|(code, _)| code == "LIF002").collect();
        match standing(&steps) {
            Standing::Held => {
                held += 1;
                // A value that its key refuses is told as such.
                let refused =
                    found.iter().any(|(code, _)| matches!(code.as_str(), "SYN003" | "SYN007" | "SYN008" | "SYN020"));
                assert!(!moved.is_empty() || refused, "{path:?}: {found:?}");
                assert!(moved.iter().all(|(_, text)| text.chars().count() <= 80), "{moved:?}");
            }
            // The id is the salt and the flag where those are not written; a template holds half of the plan.
            _ if path == ["extends"] || path == ["experiment", "id"] => {}
            _ => {
                free += 1;
                assert!(moved.is_empty(), "{path:?}: {moved:?}");
            }
        }
    });
    assert!(50 < held && 20 < free, "{held} held, {free} free");
}

#[test]
fn a_definition_of_the_catalogue_is_held_and_its_facts_are_not() {
    let (lock, _) = sealed();
    let moved = |from: &str, to: &str| {
        let catalog = base::files()["catalog/base.toml"].clone();
        assert!(catalog.contains(from), "{from}");
        let found = codes(&files().with("catalog/base.toml", catalog.replacen(from, to, 1)).with(LOCK, lock.as_str()));
        found.iter().filter(|code| *code == "LIF007").count()
    };
    assert_eq!(moved("event = \"order_placed\"", "event = \"page_shown\""), 1);
    assert_eq!(moved("window = \"3 days\"", "window = \"72 hours\""), 0);
    assert_eq!(moved("window = \"3 days\"", "window = \"4 days\""), 1);
    assert_eq!(moved("cap = \"$300\"", ""), 1);
    assert_eq!(moved("key = \"user_id\"", "key = \"platform\""), 1);
    assert_eq!(moved("table = \"analytics.events\"", "table = \"analytics.other\""), 1);
    assert_eq!(moved("exclude = [{ attribute = \"is_staff\", is = true }]", ""), 1);
    assert_eq!(moved("default = { layout = \"form\" }", "default = { layout = \"one-tap\" }"), 1);
    for (from, to) in [
        ("baseline = \"11%\"", "baseline = \"10.5%\""),
        ("about = \"Units with at least one order\"", "about = \"Buyers\""),
        ("daily_units = 90000", "daily_units = 95000"),
        ("measured = 2026-10-01", "measured = 2026-11-01"),
        ("values = [\"US\", \"CA\", \"FR\"]", "values = [\"US\", \"CA\", \"FR\", \"DE\"]"),
    ] {
        assert_eq!(moved(from, to), 0, "{from}");
    }
}

#[test]
fn what_runs_is_sized_with_the_definitions_it_was_sealed_with() {
    let (lock, _) = sealed();
    let catalog = base::files()["catalog/base.toml"].replacen("baseline = \"11%\"", "baseline = \"14%\"", 1);
    let needed = |status: &str, catalog: &str, lock: Option<&str>| {
        let spec = base::files()[SPEC].replacen("status = \"ready\"", &format!("status = \"{status}\""), 1);
        let all = files().with(SPEC, spec).with("catalog/base.toml", catalog);
        let all = lock.map_or(all.clone(), |lock| all.with(LOCK, lock));
        let plan = compiled(&open(&all)).plan;
        let sized = plan.sizes.iter().find(|sized| sized.metric == "order_conversion").expect("a primary metric");
        sized.result.as_ref().map(|sizing| sizing.need.treatment_units).expect("it is sized")
    };
    let before = needed("running", &base::files()["catalog/base.toml"], Some(&lock));
    assert_eq!(needed("running", &catalog, Some(&lock)), before);
    assert_ne!(needed("running", &catalog, None), before);
    assert_ne!(needed("ready", &catalog, Some(&lock)), before);
    // What an amendment adopts is taken as it is today.
    let adopted = base::files()[SPEC].replacen("status = \"ready\"", "status = \"running\"", 1)
        + "\n[[amendments]]\nat = 2026-11-21\nby = \"Priya Raman\"\nreason = \"a new tracker\"\n\
           data_access = \"nothing-run\"\nfields = [\"metrics.order_conversion\"]\n";
    let all = files().with(SPEC, adopted).with("catalog/base.toml", catalog.as_str()).with(LOCK, lock.as_str());
    let plan = compiled(&open(&all)).plan;
    assert!(compiled(&open(&all)).sealed_catalog.is_none());
    let baseline = plan.metric("order_conversion").and_then(|metric| metric.baseline.as_ref()).map(|known| known.value);
    assert_eq!(baseline, Some(0.14));
}

#[test]
fn a_sealed_experiment_stays_in_its_slot() {
    let folder = Folder::base();
    let sealed = folder.run(&["lock", ID, "--at", "2026-11-20T09:00:00Z", "--by", "Priya Raman"]);
    assert_eq!(sealed.code, 0, "{sealed:?}");
    assert!(folder.read(LOCK).contains("\"slot\": \"0%\""));
    let spec = open(&files().with(LOCK, folder.read(LOCK)));
    let layer = compiled(&spec).plan.audience.layer.expect("it is in a layer");
    assert_eq!(layer.wanted.map(|known| known.value), Some(0.0));
}

#[test]
fn stages_may_be_appended_within_the_seal() {
    let with = |stages: &str| {
        let spec = base::files()[SPEC].clone();
        let start = spec.find("stages = [").expect("stages");
        let end = start + spec[start..].find("\n]").expect("an end") + 2;
        let text = format!("{}stages = [{stages}]{}", &spec[..start], &spec[end..]);
        files().with(SPEC, text)
    };
    let first = "{ name = \"canary\", share = \"2%\", hold = \"3 days\", gate = \"guardrails\" }";
    let workspace = open(&with(first));
    let one = compiled(&workspace);
    let at = "2026-11-20T09:00:00Z".parse().expect("a time");
    let lock =
        Sealing { id: ID, at: &at, by: "Priya Raman", commit: None }.text(&workspace.terms(&one.plan, &one.tree));
    let changed = |more: &str| {
        let found = findings(&with(&format!("{first}, {more}")).with(LOCK, lock.as_str()));
        found.into_iter().filter(|(code, _)| code == "LIF002").map(|(_, text)| text).collect::<Vec<_>>()
    };
    assert_eq!(changed("{ name = \"main\", share = \"50%\", hold = \"28 days\" }"), Vec::<String>::new());
    assert_eq!(
        changed("{ name = \"main\", share = \"50%\", hold = \"60 days\" }"),
        ["`rollout.stages.main` is not in the sealed plan"]
    );
}

/// What the program says of a lock that is not what it should be.
#[test]
fn a_lock_that_cannot_be_relied_on_says_why() {
    let (text, _) = sealed();
    let mut shown = String::new();
    let mut show = |title: &str, path: &str, text: &str| {
        let folder = Folder::base();
        folder.write(path, text);
        let answer = folder.check(&[]);
        assert_eq!(answer.code, 1, "{title}: {answer:?}");
        write!(shown, "## {title}\n\n{}\n", answer.out).expect("a string takes text");
    };
    show("a changed value", LOCK, &text.replacen("\"power\": 0.8", "\"power\": 0.9", 1));
    show("a changed hash", LOCK, &text.replacen("sha256:", "sha256:0", 1));
    show("a merge conflict", LOCK, &text.replacen("  \"at\"", "<<<<<<< HEAD\n  \"at\"", 1));
    show("cut short", LOCK, &text[..text.len() / 2]);
    show("empty", LOCK, "");
    show("a key twice", LOCK, &text.replacen("  \"by\"", "  \"id\": \"x\",\n  \"by\"", 1));
    show("a later version", LOCK, &text.replacen("expc.lock/1", "expc.lock/2", 1));
    show("not a lock", LOCK, "{ \"format\": \"else\" }\n");
    show("another experiment's", "registry/other.lock.json", &text);
    insta::assert_snapshot!("broken_locks", shown);
}

/// Each rule on seals as a person meets it.
#[test]
fn rules_on_seals_read_well() {
    let (text, _) = sealed();
    let spec = base::files()[SPEC].clone();
    let mut shown = String::new();
    let mut show = |title: &str, spec: &str, catalog: Option<&str>, lock: Option<&str>, today: &str| {
        let folder = Folder::base();
        folder.write(SPEC, spec);
        if let Some(catalog) = catalog {
            folder.write("catalog/base.toml", catalog);
        }
        if let Some(lock) = lock {
            folder.write(LOCK, lock);
        }
        let answer = folder.run(&["check", "--today", today]);
        write!(shown, "## {title}\n\n{}\n", answer.out).expect("a string takes text");
    };
    let running = spec.replacen("\"ready\"", "\"running\"", 1);
    show("running, not sealed", &running, None, None, "2027-01-20");
    let mde = running.replacen("relative = \"3%\"", "relative = \"2.9%\"", 1);
    show("a changed threshold", &mde, None, Some(&text), "2027-01-20");
    let gone =
        running.replacen("[[metrics.guardrail]]\nmetric = \"refund_rate\"\nmargin = { absolute = \"0.2pp\" }\n", "", 1);
    show("a guardrail that is gone", &gone, None, Some(&text), "2027-01-20");
    let late = running.replacen("start = 2027-01-11", "start = 2027-01-12", 1);
    show("a moved start", &late, None, Some(&text), "2027-01-20");
    let variants = running.replacen(
        "[audience]",
        "[variants.two-taps]\nweight = 1\npayload = { layout = \"two\" }\n\n[audience]",
        1,
    );
    show("one more variant", &variants, None, Some(&text), "2027-01-20");
    let catalog = base::files()["catalog/base.toml"].replacen("window = \"3 days\"", "window = \"2 days\"", 1);
    show("a definition that moved", &running, Some(&catalog), Some(&text), "2027-01-20");
    insta::assert_snapshot!("seal_rules", shown);
}

#[test]
fn lock_refuses_what_promises_nothing() {
    let at = ["--at", "2026-11-20T09:00:00Z", "--by", "Priya Raman"];
    let folder = Folder::base();
    let lock = |more: &[&str]| folder.run(&[&["lock"], more, &at].concat());
    folder.write(SPEC, base::files()[SPEC].replacen("\"ready\"", "\"draft\"", 1));
    let draft = lock(&[ID]);
    assert_eq!(draft.code, 1);
    assert!(draft.err.contains("is a draft") && draft.err.ends_with("nothing was sealed\n"), "{draft:?}");
    folder
        .write(SPEC, base::files()[SPEC].replacen("power = 0.8", "", 1).replacen("mde = { relative = \"3%\" }", "", 1));
    let faulty = lock(&[ID]);
    assert_eq!(faulty.code, 1);
    assert!(
        faulty.out.contains("error[STA001]") && faulty.err.contains("a plan with errors is not sealed"),
        "{faulty:?}"
    );
    assert!(!folder.path().join("registry").exists());
    let unknown = lock(&["checkout-one-tab"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `checkout-one-tap`?"), "{unknown:?}");

    folder.write(SPEC, &base::files()[SPEC]);
    let ready = lock(&["--ready"]);
    assert_eq!((ready.code, ready.err.as_str()), (0, ""), "{ready:?}");
    let text = folder.read(LOCK);
    // The same plan again is nothing to do, at whatever time.
    let again = folder.run(&["lock", ID, "--at", "2026-11-21T09:00:00Z", "--by", "Jonas Weber"]);
    assert_eq!((again.code, folder.read(LOCK)), (0, text.clone()), "{again:?}");
    assert_eq!(folder.run(&["lock", "--check"]).code, 0);
    folder.write(SPEC, base::files()[SPEC].replacen("share = \"50%\"", "share = \"40%\"", 1));
    let other = lock(&[ID]);
    assert_eq!((other.code, folder.read(LOCK)), (1, text), "{other:?}");
    assert!(other.err.contains("`expc amend checkout-one-tap` drafts the amendment"), "{other:?}");
    let verified = folder.run(&["lock", "--check"]);
    assert_eq!(verified.code, 1);
    assert!(verified.out.contains("but audience.share changed since"), "{verified:?}");
}

#[test]
fn lock_names_the_commit_and_the_person() {
    let repo = Repo::of_base();
    repo.git(&["config", "user.name", "Ada Lind"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let answer = repo.folder.run(&["lock", ID, "--at", "2026-11-20"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let lock = read(&repo.read(LOCK)).expect("a lock");
    assert_eq!(lock.commit.map(|commit| commit.value), Some(head.trim().to_owned()));
    assert_eq!((lock.by.as_str(), lock.at.value.to_string().as_str()), ("Ada Lind", "2026-11-20T00:00:00Z"));
}

#[test]
fn two_branches_that_both_seal_meet_in_a_conflict_that_is_told() {
    let repo = Repo::of_base();
    let seal = |by: &str| repo.folder.run(&["lock", ID, "--at", "2026-11-20", "--by", by]);
    repo.git(&["checkout", "-q", "-b", "other"]);
    assert_eq!(seal("Jonas Weber").code, 0);
    repo.commit("sealed");
    repo.git(&["checkout", "-q", "main"]);
    assert_eq!(seal("Priya Raman").code, 0);
    repo.commit("sealed");
    let merge = std::process::Command::new("git").args(["merge", "-q", "other"]).current_dir(repo.path()).output();
    assert!(!merge.expect("git runs").status.success(), "both sealed");
    let answer = repo.folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1);
    assert!(answer.out.contains("LIF005") && answer.out.contains("has a merge conflict"), "{answer:?}");
}

#[test]
fn amend_drafts_what_the_change_needs() {
    let folder = Folder::base();
    let none = folder.run(&["amend", ID, "--by", "Priya Raman"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("is not sealed"), "{none:?}");
    assert_eq!(folder.run(&["lock", ID, "--at", "2026-11-20", "--by", "Priya Raman"]).code, 0);
    let same = folder.run(&["amend", ID, "--by", "Priya Raman"]);
    assert_eq!((same.code, same.out.as_str()), (0, ""), "{same:?}");

    let changed = base::files()[SPEC].replacen("relative = \"3%\"", "relative = \"3.1%\"", 1).replace('\n', "\r\n");
    folder.write(SPEC, &changed);
    let draft = folder.run(&["amend", ID, "--by", "Priya \"P\" Raman", "--at", "2026-11-21"]);
    assert_eq!(draft.code, 0, "{draft:?}");
    insta::assert_snapshot!("amend_draft", format!("{}---\n{}", draft.out, draft.err));

    // Written as it is, its gaps are found.
    assert_eq!(folder.run(&["amend", ID, "--by", "Priya Raman", "--at", "2026-11-21", "--write"]).code, 0);
    assert_eq!(folder.check(&["--format", "json"]).codes(), ["LIF003", "SYN014"]);

    folder.write(SPEC, &changed);
    let whole = [
        "amend",
        ID,
        "--by",
        "Priya Raman",
        "--at",
        "2026-11-21",
        "--data-access",
        "nothing-run",
        "--reason",
        "finance wants the smaller run",
        "--write",
    ];
    assert_eq!(folder.run(&whole).code, 0);
    let written = folder.read(SPEC);
    assert!(written.starts_with(&changed) && written.matches('\n').count() == written.matches("\r\n").count());
    assert_eq!(folder.check(&["--format", "json"]).codes(), Vec::<String>::new());
    // Nothing is left to say, and saying it twice adds nothing.
    assert_eq!(folder.run(&whole).code, 0);
    assert_eq!(folder.read(SPEC), written);
    let seen = folder.run(&["amend", ID, "--by", "x", "--data-access", "guessed"]);
    assert_eq!(seen.code, 2);
    assert!(seen.err.contains("one of nothing-run, not-opened, opened, seen"), "{seen:?}");
}

const AMEND: [&str; 8] =
    ["--by", "Priya Raman", "--at", "2026-11-21", "--data-access", "nothing-run", "--reason", "why"];

/// The sealed base on disk, to be changed.
fn sealed_folder() -> Folder {
    let folder = Folder::base();
    assert_eq!(folder.run(&["lock", ID, "--at", "2026-11-20", "--by", "Priya Raman"]).code, 0);
    folder
}

fn amend(folder: &Folder) {
    let answer = folder.run(&[&["amend", ID, "--write"], &AMEND[..]].concat());
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(folder.check(&["--format", "json"]).codes(), Vec::<String>::new());
}

fn edit(folder: &Folder, from: &str, to: &str) {
    let text = folder.read(SPEC);
    assert!(text.contains(from), "{from}");
    folder.write(SPEC, text.replacen(from, to, 1));
}

/// The headlines of what is found, and the output of `expc lock --check`.
fn told(folder: &Folder) -> (Vec<String>, String) {
    let report: serde_json::Value = serde_json::from_str(&folder.check(&["--format", "json"]).out).expect("JSON");
    let headlines = report["findings"].as_array().expect("a list").iter();
    let headlines = headlines.map(|finding| finding["message"].as_str().expect("a text").to_owned()).collect();
    (headlines, folder.run(&["lock", "--check"]).out)
}

/// An amendment is for the change that it was written for.
#[test]
fn an_amendment_covers_one_change_of_a_field() {
    let folder = sealed_folder();
    edit(&folder, "relative = \"3%\"", "relative = \"3.1%\"");
    amend(&folder);
    // Another spelling of the same is no change.
    edit(&folder, "relative = \"3.1%\"", "relative = \"3.10 %\"");
    let (found, checked) = told(&folder);
    assert_eq!(found, Vec::<String>::new());
    assert!(checked.ends_with("but for metrics.primary.order_conversion.mde, amended\n"), "{checked}");
    edit(&folder, "relative = \"3.10 %\"", "relative = \"4%\"");
    let (found, checked) = told(&folder);
    assert_eq!(found, ["`metrics.primary.order_conversion.mde` was changed again since its amendment"]);
    assert!(checked.ends_with("but metrics.primary.order_conversion.mde changed since\n"), "{checked}");
    // The second change is amended as the first was, and both stay in the spec.
    amend(&folder);
    assert_eq!(folder.read(SPEC).matches("[[amendments]]").count(), 2);
    edit(&folder, "relative = \"4%\"", "relative = \"3.1%\"");
    assert_eq!(told(&folder).0.len(), 1, "the earlier amendment is no longer in force");
}

#[test]
fn what_was_amended_does_not_go_back_in_silence() {
    let folder = sealed_folder();
    edit(&folder, "relative = \"3%\"", "relative = \"3.1%\"");
    amend(&folder);
    edit(&folder, "relative = \"3.1%\"", "relative = \"3%\"");
    let (found, _) = told(&folder);
    assert_eq!(found, ["`metrics.primary.order_conversion.mde` was amended, and is what was sealed again"]);
    amend(&folder);
    assert!(folder.read(SPEC).ends_with("values      = [\"as sealed\"]\n"));
    // And forth again: the last word was that it is as sealed.
    edit(&folder, "relative = \"3%\"", "relative = \"3.1%\"");
    assert_eq!(told(&folder).0.len(), 1);
}

/// Members that come and go, lists without an order, definitions: each is marked as what it has become.
#[test]
fn every_kind_of_change_is_covered_once() {
    let guardrail = "[[metrics.guardrail]]\nmetric = \"page_latency\"\nmargin = { absolute = \"9 ms\" }\n\n[design]";
    for (first, second) in [
        (("in = [\"US\", \"CA\"]", "in = [\"US\"]"), ("in = [\"US\"]", "in = [\"CA\"]")),
        (("[design]", guardrail), ("\"9 ms\"", "\"8 ms\"")),
        (("segments = [\"platform\"]", "segments = [\"country\"]"), ("[\"country\"]", "[\"country\", \"platform\"]")),
        (("otherwise = \"iterate\"", "otherwise = \"extend\""), ("otherwise = \"extend\"", "otherwise = \"stop\"")),
    ] {
        let folder = sealed_folder();
        edit(&folder, first.0, first.1);
        assert!(!told(&folder).0.is_empty(), "{first:?}");
        let answer = folder.run(&[&["amend", ID, "--write"], &AMEND[..]].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
        let of_seal = |folder: &Folder| {
            let codes = folder.check(&["--format", "json"]).codes();
            codes.into_iter().filter(|code| code.starts_with("LIF")).collect::<Vec<_>>()
        };
        assert_eq!(of_seal(&folder), Vec::<String>::new(), "{first:?}");
        edit(&folder, second.0, second.1);
        assert_eq!(of_seal(&folder), ["LIF002"], "{second:?}");
    }
    let catalog = |folder: &Folder, days: u32| {
        let text =
            base::files()["catalog/base.toml"].replacen("window = \"3 days\"", &format!("window = \"{days} days\""), 1);
        folder.write("catalog/base.toml", text);
    };
    let folder = sealed_folder();
    catalog(&folder, 4);
    amend(&folder);
    catalog(&folder, 5);
    assert_eq!(folder.check(&["--format", "json"]).codes(), ["LIF007"]);
}

/// An amendment that was written before marks were, or by hand, says what it lacks, and the fix writes it.
#[test]
fn an_amendment_without_marks_is_told_and_mended() {
    let folder = sealed_folder();
    edit(&folder, "relative = \"3%\"", "relative = \"3.1%\"");
    edit(&folder, "channel = \"slack:#growth-exp\"", "channel = \"slack:#growth\"");
    let old = "\n[[amendments]]\nat = 2026-11-21\nby = \"Priya Raman\"\nreason = \"why\"\ndata_access = \"nothing-run\"\n\
               fields = [\"metrics.primary\", \"feedback.notify\"]\n";
    folder.write(SPEC, folder.read(SPEC) + old);
    assert_eq!(folder.check(&["--format", "json"]).codes(), ["LIF016"]);
    let mended = folder.check(&["--fix", "--suggested", "--format", "json"]);
    assert_eq!(mended.codes(), Vec::<String>::new(), "{mended:?}");
    let text = folder.read(SPEC);
    assert!(
        text.contains("fields = [\"metrics.primary.order_conversion.mde\", \"feedback.notify\"]\nvalues = [\""),
        "{text}"
    );
    edit(&folder, "relative = \"3.1%\"", "relative = \"3.2%\"");
    assert_eq!(folder.check(&["--format", "json"]).codes(), ["LIF002"]);
    edit(&folder, "values = [", "values = [\"more\", \"than\", ");
    assert!(told(&folder).0.contains(&"amendment 1 has 4 values for 2 fields".to_owned()));
}

#[test]
fn status_knows_the_seals() {
    let folder = Folder::base();
    let sealed = |folder: &Folder| {
        let text = folder.run(&["status", "--date", "2027-01-20"]).out;
        let json = folder.run(&["status", "--date", "2027-01-20", "--format", "json"]).out;
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let states: Vec<String> =
            json["seals"].as_array().expect("a list").iter().map(|seal| seal["state"].to_string()).collect();
        let slack = folder.run(&["status", "--date", "2027-01-20", "--format", "slack"]).out;
        assert_eq!(slack.contains("Sealed plans"), !states.is_empty(), "{slack}");
        let told =
            text.split_once("\nsealed plans\n").map_or("", |(_, told)| told.split("\n\n").next().unwrap_or_default());
        (states.join(" "), told.trim_end().to_owned())
    };
    assert_eq!(sealed(&folder), (String::new(), String::new()));
    assert!(folder.run(&["status", "--date", "2027-01-10"]).out.contains("starts: seal the plan, build the flags"));
    edit(&folder, "\"ready\"", "\"running\"");
    let line = |text: &str| format!("  {ID}: {text}");
    assert_eq!(
        sealed(&folder),
        ("\"missing\"".to_owned(), line("runs without a sealed plan: `expc lock checkout-one-tap`"))
    );
    edit(&folder, "\"running\"", "\"ready\"");
    assert_eq!(folder.run(&["lock", ID, "--at", "2026-11-20", "--by", "Priya Raman"]).code, 0);
    assert!(folder.run(&["status", "--date", "2027-01-10"]).out.contains("starts: build the flags"));
    edit(&folder, "\"ready\"", "\"running\"");
    assert_eq!(sealed(&folder).0, "");
    edit(&folder, "relative = \"3%\"", "relative = \"3.1%\"");
    let silent =
        "`metrics.primary.order_conversion.mde` is not what was sealed, and not amended: `expc amend checkout-one-tap`";
    assert_eq!(sealed(&folder), ("\"changed\"".to_owned(), line(silent)));
    let seen =
        ["amend", ID, "--write", "--by", "Ada Lind", "--at", "2027-01-18", "--data-access", "seen", "--reason", "why"];
    assert_eq!(folder.run(&seen).code, 0);
    let deviation =
        "`metrics.primary.order_conversion.mde` changed on 2027-01-18 by `Ada Lind` with results seen: exploratory";
    assert_eq!(sealed(&folder), ("\"deviation\"".to_owned(), line(deviation)));
    folder.write(LOCK, folder.read(LOCK).replacen("0.8", "0.9", 1));
    assert_eq!(sealed(&folder).0, "\"broken\" \"deviation\"");
}

#[test]
fn outside_a_workspace_the_way_in_is_told() {
    let nowhere = Folder::new();
    for arguments in [&["lock", "--check", ID][..], &["lock", "--check"], &["lock", ID], &["amend", ID]] {
        let answer = nowhere.run(arguments);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.err.starts_with("error: no `expc.toml` in `.` or any folder above it\n"), "{answer:?}");
        assert!(answer.err.ends_with("or name its folder: `--workspace DIR`\n"), "{answer:?}");
    }
    let folder = sealed_folder();
    let from_afar = nowhere.run(&["lock", "--check", ID, "--workspace", &folder.path().display().to_string()]);
    assert_eq!(from_afar.code, 0, "{from_afar:?}");
}

/// Every value of the catalogue: of a definition that is used, what it means is held, and nothing else is.
#[test]
fn every_value_of_a_definition_is_held_or_free_as_the_table_says() {
    let (text, _) = sealed();
    let lock = read(&text).expect("a lock");
    let table: toml::Table = base::files()["catalog/base.toml"].parse().expect("the base parses");
    let (mut held, mut free) = (0, 0);
    each_value_changed(&table, &mut |path, changed| {
        let changed = toml::to_string(&changed).expect("a table prints");
        let found = findings(&files().with("catalog/base.toml", changed).with(LOCK, text.as_str()));
        let moved = found.iter().filter(|(code, _)| code == "LIF007").count();
        let steps: Vec<&str> = std::iter::once("catalog").chain(path.iter().map(String::as_str)).collect();
        let is_used = path.len() < 2
            || lock
                .terms
                .catalog
                .at_path(&path[0])
                .is_some_and(|sort| sort.as_table().is_some_and(|table| table.get(&path[1]).is_some()));
        if is_used && 2 < path.len() && standing(&steps) == Standing::Held {
            held += 1;
            // A holdout of another unit is not that of the plan any more; a value that its key refuses is told as such.
            let told = found.iter().any(|(code, _)| matches!(code.as_str(), "LIF002" | "SYN003" | "SYN007" | "SYN008"));
            assert!(moved == 1 || told, "{path:?}: {found:?}");
        } else {
            free += 1;
            assert_eq!(moved, 0, "{path:?}: {found:?}");
        }
    });
    assert!(30 < held && 40 < free, "{held} held, {free} free");
}

/// The clock that sealed was ahead of the one that reads.
#[test]
fn a_seal_of_a_later_day_is_told() {
    let folder = Folder::base();
    assert_eq!(folder.run(&["lock", ID, "--at", "2026-11-25T08:00:00Z", "--by", "Priya Raman"]).code, 0);
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1);
    let place = "registry/checkout-one-tap.lock.json:4:9: error[LIF006] the plan is sealed 3 days in the future\n";
    assert!(answer.out.starts_with(place), "{answer:?}");
    // A day is a matter of time zones.
    let next_day = folder.run(&["check", "--today", "2026-11-24"]);
    assert_eq!(next_day.code, 0, "{next_day:?}");
}

#[test]
fn a_spec_with_the_marks_of_a_merge_says_so() {
    let repo = Repo::of_base();
    let side = |from: &str, to: &str| repo.write(SPEC, base::files()[SPEC].replacen(from, to, 1));
    repo.git(&["checkout", "-q", "-b", "other"]);
    side("relative = \"3%\"", "relative = \"4%\"");
    repo.commit("four");
    repo.git(&["checkout", "-q", "main"]);
    side("relative = \"3%\"", "relative = \"5%\"");
    repo.commit("five");
    let merge = std::process::Command::new("git").args(["merge", "-q", "other"]).current_dir(repo.path()).output();
    assert!(!merge.expect("git runs").status.success(), "both sides edit one line");
    let text = repo.read(SPEC);
    let answer = repo.folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1);
    let line = text.lines().position(|line| line.starts_with("<<<<<<<")).expect("a mark") + 1;
    let wanted = format!("{SPEC}:{line}:1: error[SYN018] a merge conflict is not resolved");
    let told: Vec<&str> = answer.out.lines().filter(|line| line.contains("SYN018")).collect();
    assert_eq!(told, [wanted], "{}", answer.out);
    // Nothing is sealed from it, and nothing is written.
    let refused = repo.folder.run(&["lock", ID, "--at", "2026-11-20", "--by", "Priya Raman"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!repo.path().join(LOCK).exists());
}

/// Each branch takes the last room of a layer, and neither can see the other.
#[test]
fn two_branches_that_take_the_last_slot_are_told() {
    let repo = Repo::of_base();
    let second = |id: &str| {
        let text = base::files()[SPEC].replace("\"checkout-one-tap\"", &format!("\"{id}\""));
        repo.write(&format!("experiments/{id}.toml"), text);
        repo.write(
            &format!("catalog/{id}.toml"),
            format!(
                "schema = 1\n[flags.{id}]\nowner = \"growth\"\nabout = \"a flag\"\ndefault = {{ layout = \"form\" }}\n"
            ),
        );
    };
    let full = |arguments: &[&str]| {
        let answer = repo.folder.check(&[&["--format", "json"], arguments].concat());
        (answer.code, answer.codes().into_iter().filter(|code| code == "PRT002").count())
    };
    for branch in ["one", "two"] {
        repo.git(&["checkout", "-q", "-b", branch, "main"]);
        second(&format!("checkout-{branch}"));
        repo.commit(branch);
        assert_eq!(full(&["--against", "main"]).1, 0, "{branch} alone has room");
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-edit", "one"]);
    // What CI checks of the second request: main merged into it, not yet pushed.
    repo.git(&["checkout", "-q", "two"]);
    repo.git(&["merge", "-q", "--no-edit", "main"]);
    assert_eq!(full(&["--against", "main"]), (1, 1), "before the merge");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-edit", "two"]);
    assert_eq!(full(&[]), (1, 1), "after the merge");
}

/// A deviation is told wherever the plan is read.
#[test]
fn a_deviation_stands_in_every_plan() {
    let amended = |access: &str| {
        let folder = Folder::base();
        assert_eq!(folder.run(&["lock", ID, "--at", "2026-11-20", "--by", "Priya Raman"]).code, 0);
        let spec = base::files()[SPEC].replacen("relative = \"3%\"", "relative = \"3.1%\"", 1);
        folder.write(SPEC, spec.replacen("\"ready\"", "\"running\"", 1));
        // A departure that is told in the results is reported as it should be, so that the plan is built.
        let reason = ["--reason", "the effect looks smaller", "--by", "Ada Lind", "--at", "2027-02-08", "--write"];
        let answer = folder.run(&[&["amend", ID, "--data-access", access], &reason[..]].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
        let told = "\n[results]\ndeparture = \"read as exploratory\"\n";
        folder.write(SPEC, folder.read(SPEC) + told);
        let built = folder.run(&["build", "--today", "2027-02-09"]);
        assert_eq!(built.code, 0, "{built:?}");
        let plan: serde_json::Value =
            serde_json::from_str(&folder.read("dist/plans/checkout-one-tap/plan.json")).expect("JSON");
        (answer.err, plan["deviations"].clone(), folder.read("dist/plans/checkout-one-tap/plan.md"))
    };
    let (said, listed, page) = amended("seen");
    assert!(said.contains("is a deviation, and is read as exploratory"), "{said}");
    assert_eq!(listed[0]["fields"][0], "metrics.primary.order_conversion.mde");
    let section = page.split("## ").find(|section| section.starts_with("Deviations")).expect("a section");
    assert!(section.contains("the effect looks smaller") && section.contains("Ada Lind"), "{section}");
    let (said, listed, page) = amended("not-opened");
    assert!(!said.contains("deviation") && listed.is_null() && !page.contains("Deviations"), "{said}");
}
