//! Fixes: what `--fix` does to texts that people have laid out, and to the files they lie in.

#[path = "support/base.rs"]
mod base;

#[path = "support/cases.rs"]
mod cases;

#[path = "support/examples.rs"]
mod examples;

#[path = "support/workspace.rs"]
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;

use base::{SPEC, TODAY};
use expc::check::fixes::{Fixed, Request, Why, converge};
use expc::check::{Options, check};
use expc::diag::Applicability;
use expc::portfolio::Workspace;
use expc::rules;
use expc::syntax::parse;
use expc::text::FileId;
use expc::world::{Files, Memory};
use proptest::prelude::*;
use workspace::Folder;

type Texts = BTreeMap<String, String>;

fn memory(texts: &Texts) -> Memory {
    texts.iter().fold(Memory::default(), |memory, (path, text)| memory.with(path.clone(), text.clone()))
}

fn judge(files: &dyn Files, today: &str) -> (Workspace, expc::check::Outcome) {
    let workspace = Workspace::open(files).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: today.parse().ok(), ..Options::default() });
    (workspace, outcome)
}

fn fixed(texts: &Texts, today: &str, applicability: Applicability) -> Fixed {
    let request = Request { applicability, covers: &|_| true };
    converge(&memory(texts), &|files| judge(files, today), &request)
}

/// The texts as the fixes leave them.
fn after(texts: &Texts, fixed: &Fixed) -> Texts {
    let mut after = texts.clone();
    after.extend(fixed.changes.iter().map(|(path, change)| (path.clone(), change.after.clone())));
    after
}

/// Every workspace that something is wrong with: the bad examples of the rules, and the faulty one.
fn broken() -> Vec<(String, Texts, String)> {
    let mut all = Vec::new();
    for rule in rules::all() {
        for (number, example) in rule.examples("bad").into_iter().enumerate() {
            let (files, today) = examples::workspace_of(&example);
            let texts = files.into_iter().filter_map(|(path, bytes)| Some((path, String::from_utf8(bytes).ok()?)));
            all.push((format!("{} {number}", rule.code), texts.collect(), today));
        }
    }
    all.push(("faulty".to_owned(), faulty(), TODAY.to_owned()));
    all
}

fn faulty() -> Texts {
    fn walk(root: &Path, folder: &Path, texts: &mut Texts) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, texts);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                texts.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/faulty");
    let mut texts = Texts::new();
    walk(&root, &root, &mut texts);
    texts
}

/// Every comment of a text, sorted. A `#` in a string of the examples is none.
fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let mut quote = None;
            let at = line.char_indices().find(|&(_, c)| {
                match (quote, c) {
                    (None, '"' | '\'') => quote = Some(c),
                    (Some(open), c) if open == c => quote = None,
                    _ => {}
                }
                quote.is_none() && c == '#'
            });
            at.map(|(at, _)| line[at..].trim_end())
        })
        .collect();
    found.sort_unstable();
    found
}

/// What must hold of any workspace and any text in it.
fn holds(name: &str, texts: &Texts, today: &str, applicability: Applicability) {
    let (workspace, outcome) = judge(&memory(texts), today);
    for finding in &outcome.findings {
        for edit in finding.fixes.iter().flat_map(|fix| &fix.edits) {
            let text = &workspace.sources.get(edit.span.file).text;
            assert!(text.get(edit.span.range()).is_some(), "{name}: {} edits outside its text", finding.code);
        }
    }
    let first = fixed(texts, today, applicability);
    let mended = after(texts, &first);
    for left in &first.left {
        // Unless two rules ask for opposite things, which the demands of these workspaces do not.
        let fine = matches!(left.why, Why::Damaged(_) | Why::Brings(_));
        assert!(fine, "{name}: {} {}: {}", left.code, left.title, left.why);
    }
    for (path, change) in &first.changes {
        assert!(parse(FileId(0), &change.after).1.is_empty(), "{name}: {path} is broken:\n{}", change.after);
        let (before, after) = (comments(&change.before), comments(&change.after));
        // A comment that speaks to expc may be what is mended.
        let lost = before.iter().filter(|comment| !comment.contains("expc:")).find(|comment| {
            let count = |all: &[&str]| all.iter().filter(|other| other == comment).count();
            count(&after) < count(&before)
        });
        assert_eq!(lost, None, "{name}: {path} lost a comment:\n{}", change.after);
        assert_eq!(change.before.contains("\r\n"), change.after.contains("\r\n"), "{name}: {path}");
        if change.before.contains("\r\n") {
            assert_eq!(change.after.matches('\n').count(), change.after.matches("\r\n").count(), "{name}: {path}");
        }
        // The canonical layout has no mark: who asks for that rule asks for that.
        let laid_out = first.applied.iter().any(|fix| fix.code == "SYN016");
        let marked = |text: &str| text.starts_with('\u{feff}');
        assert!(marked(&change.before) == marked(&change.after) || laid_out, "{name}: {path}");
    }
    let errors = |outcome: &expc::check::Outcome| {
        outcome.findings.iter().filter(|finding| finding.level == expc::diag::Level::Error).count()
    };
    assert!(errors(&first.outcome) <= errors(&outcome), "{name}: more errors than before");
    let second = fixed(&mended, today, applicability);
    let again: Vec<_> = second.applied.iter().map(|fix| format!("{}: {}", fix.code, fix.title)).collect();
    assert!(second.changes.is_empty(), "{name}: fixed twice: {again:?}");
}

#[test]
fn fixing_converges_on_every_example() {
    for (name, texts, today) in broken() {
        holds(&name, &texts, &today, Applicability::Safe);
        holds(&name, &texts, &today, Applicability::Suggested);
    }
}

/// One way to lay out the same text otherwise.
#[derive(Debug, Clone)]
enum Mutation {
    /// A comment behind the line, where that is no part of a string.
    Behind(usize),
    /// A comment on a line of its own.
    Above(usize),
    Crlf,
    Mark,
    Doubled,
    NoLastLine,
    /// The tables from one header on come first.
    Turned(usize),
}

impl Mutation {
    fn apply(&self, text: &str, number: usize) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            return text.to_owned();
        }
        let inside = |at: usize| lines[..=at].iter().map(|line| line.matches("\"\"\"").count()).sum::<usize>() % 2 == 1;
        match self {
            Mutation::Behind(at) if !inside(at % lines.len()) => {
                let at = at % lines.len();
                lines[at] += &format!(" # behind {number}");
            }
            Mutation::Above(at) if !inside(at % lines.len()) => {
                let at = at % lines.len();
                lines.insert(at, format!("# above {number}"));
            }
            Mutation::Doubled => {
                return text.replace("\n\n", "\n\n\n");
            }
            Mutation::Crlf => return text.replace("\r\n", "\n").replace('\n', "\r\n"),
            Mutation::Mark => return format!("\u{feff}{}", text.trim_start_matches('\u{feff}')),
            Mutation::NoLastLine => return text.trim_end().to_owned(),
            Mutation::Turned(at) => {
                let headers: Vec<usize> = (0..lines.len())
                    .filter(|&at| lines[at].starts_with('[') && !lines[at].starts_with("[["))
                    .filter(|&at| !lines[at].contains('.'))
                    .collect();
                let Some(&first) = headers.first() else { return text.to_owned() };
                let turn = headers[at % headers.len()];
                lines[first..].rotate_left(turn - first);
            }
            _ => {}
        }
        lines.join("\n") + "\n"
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => any::<usize>().prop_map(Mutation::Behind),
        4 => any::<usize>().prop_map(Mutation::Above),
        1 => Just(Mutation::Doubled),
        1 => Just(Mutation::NoLastLine),
        2 => any::<usize>().prop_map(Mutation::Turned),
    ]
}

proptest! {
    #![proptest_config(cases::cases(192))]

    #[test]
    fn fixing_converges_on_any_layout(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 0..8),
        crlf in any::<bool>(),
        mark in any::<bool>(),
        suggested in any::<bool>(),
    ) {
        let all = broken();
        let (name, mut texts, today) = all[which.index(all.len())].clone();
        for text in texts.values_mut() {
            for (number, mutation) in mutations.iter().enumerate() {
                *text = mutation.apply(text, number);
            }
            if crlf {
                *text = Mutation::Crlf.apply(text, 0);
            }
            if mark {
                *text = Mutation::Mark.apply(text, 0);
            }
        }
        let applicability = if suggested { Applicability::Suggested } else { Applicability::Safe };
        holds(&name, &texts, &today, applicability);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_texts() {
    let texts = faulty();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let fixed = fixed(&texts, TODAY, Applicability::Suggested);
            (fixed.changes, fixed.applied, fixed.left)
        })
    };
    let one = run(1);
    assert!(!one.0.is_empty());
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), one);
    }
}

fn on_disk(texts: &Texts) -> Folder {
    let folder = Folder::new();
    for (path, text) in texts {
        folder.write(path, text);
    }
    folder
}

/// The base with a safe fault, a suggested one, and one that nothing mends.
fn three_faults() -> Folder {
    let folder = Folder::base();
    let text = folder
        .read(SPEC)
        .replace("[design]\n", "[design]\nsides = \"two\"\n")
        .replace("\"refund_rate\"", "\"refund_rat\"");
    folder.write(SPEC, text.replace("title = \"One-tap checkout\"", "title = \"TODO\""));
    folder
}

/// Two experiments, each with a default that is written out.
fn twins() -> Folder {
    let (files, _) = examples::workspace_of("#: twin checkout-form\n");
    let folder = Folder::new();
    for (path, bytes) in files {
        let text = String::from_utf8(bytes).expect("text");
        let is_spec = path.starts_with("experiments/");
        folder.write(&path, if is_spec { text.replace("[design]\n", "[design]\nsides = \"two\"\n") } else { text });
    }
    folder
}

#[test]
fn safe_fixes_are_written_and_the_rest_is_reported() {
    let folder = three_faults();
    let before = folder.read(SPEC);
    let answer = folder.check(&["--fix", "--format", "concise"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.err.contains("fixed 1 finding in 1 file\n"), "{}", answer.err);
    assert!(answer.err.contains("can be fixed with `--suggested`"), "{}", answer.err);
    assert!(!answer.out.contains("SYN011") && answer.out.contains("MET001"), "{}", answer.out);
    assert_eq!(folder.read(SPEC), before.replace("sides = \"two\"\n", ""));

    // Standard output is the report alone.
    let answer = folder.check(&["--fix", "--suggested", "--format", "json"]);
    assert_eq!(answer.codes(), ["SYN014"], "{answer:?}");
    assert!(folder.read(SPEC).contains("\"refund_rate\""));
}

#[test]
fn a_diff_writes_nothing_and_ends_as_the_check() {
    let folder = three_faults();
    let before = folder.read(SPEC);
    let diff = folder.check(&["--diff", "--suggested"]);
    assert_eq!(diff.code, folder.check(&[]).code);
    assert_eq!(folder.read(SPEC), before);
    assert!(diff.out.starts_with(&format!("--- {SPEC}\n+++ {SPEC}\n@@ ")), "{}", diff.out);
    assert!(diff.err.starts_with("would fix "), "{}", diff.err);
    assert!(!diff.out.contains('\u{1b}'));
    let same = folder.check(&["--fix", "--diff", "--suggested"]);
    assert_eq!(same.out, diff.out);
    assert_eq!(folder.read(SPEC), before);
    let coloured = folder.check(&["--diff", "--color", "always"]);
    assert!(coloured.out.contains("\u{1b}[31m-"), "{}", coloured.out);
    // A clean workspace has no diff.
    assert_eq!(Folder::base().check(&["--diff"]).out, "");
}

#[test]
fn paths_in_a_diff_are_what_the_user_types() {
    let folder = Folder::new();
    for (path, text) in base::files() {
        folder.write(&format!("shop/{path}"), text.replace("[design]\n", "[design]\nsides = \"two\"\n"));
    }
    let spec = format!("shop/{SPEC}");
    let answer = folder.check(&["shop", "--diff"]);
    assert!(answer.out.starts_with(&format!("--- {spec}\n")), "{}", answer.out);
}

#[test]
fn only_the_named_part_is_written() {
    let folder = twins();
    let twin = "experiments/checkout-form.toml";
    let other = folder.read(twin);
    let answer = folder.check(&[SPEC, "--fix"]);
    assert!(answer.err.contains("fixed 1 finding in 1 file\n"), "{}", answer.err);
    assert_eq!(folder.read(twin), other);
    assert!(!folder.read(SPEC).contains("sides"));
    // The event that the metric counts is named in the catalogue: the part does not hold it.
    let catalog = folder.read("catalog/base.toml");
    folder.write("catalog/base.toml", catalog.replace("event = \"order_refunded\"", "event = \"order_refnded\""));
    let answer = folder.check(&[SPEC, "--fix", "--suggested"]);
    assert!(answer.err.contains("it edits `catalog/base.toml`, outside the part that was named"), "{}", answer.err);
    assert!(folder.read("catalog/base.toml").contains("order_refnded"));
    let answer = folder.check(&["--fix", "--suggested"]);
    assert_eq!(folder.read("catalog/base.toml"), catalog, "{answer:?}");
}

#[test]
fn a_file_with_syntax_errors_is_left_alone() {
    let folder = three_faults();
    folder.write(SPEC, folder.read(SPEC) + "[broken\n");
    let before = folder.read(SPEC);
    let answer = folder.check(&["--fix", "--suggested"]);
    assert_eq!(folder.read(SPEC), before);
    assert!(answer.err.contains("has syntax errors: mend them first"), "{}", answer.err);
}

#[test]
fn suggested_alone_is_a_usage_fault() {
    let answer = three_faults().check(&["--suggested"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("help: add `--fix` to apply them or `--diff` to see them"), "{}", answer.err);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = three_faults();
    let real = folder.path().join("elsewhere.toml");
    let link = folder.path().join(SPEC);
    std::fs::rename(&link, &real).expect("renamed");
    std::os::unix::fs::symlink("../elsewhere.toml", &link).expect("linked");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("set");
    let answer = folder.check(&["--fix"]);
    assert!(answer.err.contains("fixed 1 finding in 1 file\n"), "{answer:?}");
    assert!(std::fs::symlink_metadata(&link).expect("there").file_type().is_symlink());
    assert_eq!(std::fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert!(!std::fs::read_to_string(&real).expect("text").contains("sides"));
    let names = std::fs::read_dir(folder.path()).expect("a folder");
    assert!(names.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with(".expc-")));
}

#[cfg(unix)]
#[test]
fn a_read_only_file_stops_every_write() {
    use std::os::unix::fs::PermissionsExt;
    let folder = twins();
    let twin = folder.path().join("experiments/checkout-form.toml");
    std::fs::set_permissions(&twin, std::fs::Permissions::from_mode(0o444)).expect("set");
    let answer = folder.check(&["--fix"]);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
    assert_eq!(
        answer.err,
        "error: cannot fix `experiments/checkout-form.toml`: it is read-only\n\
         help: no file was changed; mend that one, or name a part of the workspace without it\n"
    );
    assert!(folder.read(SPEC).contains("sides"), "the other file waits for the run that can write both");
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    use expc::world::{Rewrite, rewrite};
    let folder = Folder::new();
    folder.write("a.toml", "a = 1\n");
    folder.write("b.toml", "b = 2\n");
    let stale = [
        Rewrite { path: "a.toml", before: "a = 1\n", after: "a = 9\n" },
        Rewrite { path: "b.toml", before: "b = 1\n", after: "b = 9\n" },
    ];
    let fault = rewrite(folder.path(), &stale).expect_err("b is another text");
    assert_eq!(fault.fault.cause.to_string(), "it was changed while it was checked");
    assert!(fault.written.is_empty());
    assert_eq!((folder.read("a.toml").as_str(), folder.read("b.toml").as_str()), ("a = 1\n", "b = 2\n"));
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(names.len(), 2, "no neighbour is left behind");
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_must_agree() {
    use expc::world::{Rewrite, rewrite};
    let folder = Folder::new();
    folder.write("a.toml", "a = 1\n");
    std::os::unix::fs::symlink("a.toml", folder.path().join("b.toml")).expect("linked");
    let both = |second: &'static str| {
        [
            Rewrite { path: "a.toml", before: "a = 1\n", after: "a = 2\n" },
            Rewrite { path: "b.toml", before: "a = 1\n", after: second },
        ]
    };
    let fault = rewrite(folder.path(), &both("a = 3\n")).expect_err("two texts for one file");
    assert!(fault.fault.cause.to_string().contains("is the same file"));
    assert_eq!(folder.read("a.toml"), "a = 1\n");
    rewrite(folder.path(), &both("a = 2\n")).expect("one text");
    assert_eq!(folder.read("a.toml"), "a = 2\n");
}

/// A workspace in which one rule offers an error in exchange for another.
fn fixed_by(texts: &Texts, offer: impl Fn(&Workspace, &mut expc::check::Outcome)) -> Fixed {
    let judge = |files: &dyn Files| {
        let (workspace, mut outcome) = judge(files, TODAY);
        outcome.findings.iter_mut().for_each(|finding| finding.fixes.clear());
        offer(&workspace, &mut outcome);
        (workspace, outcome)
    };
    converge(&memory(texts), &judge, &Request { applicability: Applicability::Safe, covers: &|_| true })
}

/// A finding at the first place of a text in the spec, with a fix that replaces it.
fn offering(workspace: &Workspace, old: &str, new: &str) -> Option<expc::diag::Diagnostic> {
    let (file, source) = workspace.sources.iter().find(|(_, source)| source.path == SPEC)?;
    let at = source.text.find(old)?;
    let span = expc::text::Span::new(file, at, at + old.len());
    let edit = expc::diag::Edit { span, replacement: new.to_owned() };
    let found = expc::diag::Diagnostic::new("TST001", "test", expc::diag::Level::Info, span, "found");
    Some(found.fix(Applicability::Safe, format!("write {new}"), vec![edit]))
}

#[test]
fn a_fix_that_does_harm_is_undone_and_the_others_stay() {
    let texts = base::files();
    let both = |bad: (&'static str, &'static str)| {
        let run = fixed_by(&texts, |workspace, outcome| {
            outcome.findings.extend(offering(workspace, bad.0, bad.1));
            outcome.findings.extend(offering(workspace, "One-tap checkout", "One tap"));
        });
        assert_eq!(run.applied.len(), 1, "{:?}", run.left);
        assert!(run.changes[SPEC].after.contains("One tap") && !run.changes[SPEC].after.contains(bad.1));
        run.left.into_iter().map(|left| left.why).collect::<Vec<_>>()
    };
    assert_eq!(both(("[rollout]", "[[rollout")), [Why::Breaks]);
    let brought = both(("\"refund_rate\"", "\"refnd\""));
    assert_eq!(brought.iter().map(Why::to_string).collect::<Vec<_>>(), ["undone: it brings up GRD002, MET001, ROL010"]);
}

#[test]
fn fixes_that_take_each_other_back_come_to_an_end() {
    let run = fixed_by(&base::files(), |workspace, outcome| {
        let there = offering(workspace, "One-tap checkout", "Tap once");
        outcome.findings.extend(there.or_else(|| offering(workspace, "Tap once", "One-tap checkout")));
    });
    assert_eq!(run.applied.len(), 1);
    assert_eq!(run.left.iter().map(|left| left.why.clone()).collect::<Vec<_>>(), [Why::Repeats]);
}

#[test]
fn of_two_fixes_of_one_text_the_first_wins() {
    let run = fixed_by(&base::files(), |workspace, outcome| {
        outcome.findings.extend(offering(workspace, "title = \"One-tap checkout\"", "title = \"First\""));
        outcome.findings.extend(offering(workspace, "One-tap checkout", "Second"));
    });
    assert_eq!(run.applied.iter().map(|fix| fix.title.as_str()).collect::<Vec<_>>(), ["write title = \"First\""]);
    assert!(run.left.is_empty(), "the other is gone with its text: {:?}", run.left);
}

#[test]
fn a_shared_file_is_edited_only_by_a_fix_that_says_so() {
    let elsewhere = |says_so: bool| {
        fixed_by(&base::files(), |workspace, outcome| {
            let (file, source) = workspace.sources.iter().find(|(_, s)| s.path == "catalog/base.toml").expect("there");
            let at = source.text.find("Revenue of a unit");
            if let (Some(found), Some(at)) = (offering(workspace, "One-tap checkout", "One tap"), at) {
                let mut found = found;
                let span = expc::text::Span::new(file, at, at + 7);
                found.fixes[0].edits.push(expc::diag::Edit { span, replacement: "Income".to_owned() });
                outcome.findings.push(if says_so { found.elsewhere() } else { found });
            }
        })
    };
    let refused = elsewhere(false);
    assert!(refused.changes.is_empty(), "whole or not at all");
    assert_eq!(refused.left[0].why, Why::Elsewhere("catalog/base.toml".to_owned()));
    assert_eq!(elsewhere(true).changes.len(), 2);
}

/// Applies the fixes of a report by its own places, as an editor would.
fn applied_by_report(text: &str, edits: &mut [(usize, usize, String)]) -> String {
    edits.sort();
    let mut new = text.to_owned();
    for (start, end, replacement) in edits.iter().rev() {
        new.replace_range(*start..*end, replacement);
    }
    new
}

#[test]
fn json_and_sarif_hold_the_edits_that_fix_applies() {
    let mut tried = 0;
    for rule in rules::all().filter(|rule| rule.fix.is_some()) {
        let example = rule.examples("bad").swap_remove(0);
        let (files, today) = examples::workspace_of(&example);
        let crlf = |bytes: Vec<u8>| String::from_utf8(bytes).ok().map(|text| text.replace('\n', "\r\n"));
        let Some(texts) = files.into_iter().map(|(path, bytes)| Some((path, crlf(bytes)?))).collect::<Option<Texts>>()
        else {
            continue;
        };
        let (workspace, outcome) = judge(&memory(&texts), &today);
        // One finding, one fix, one file: then a round of ours is what an editor does.
        let [finding] = &outcome.findings[..] else { continue };
        let Some(fix) = finding.fixes.first() else { continue };
        let file = fix.edits[0].span.file;
        if fix.edits.iter().any(|edit| edit.span.file != file) {
            continue;
        }
        let folder = on_disk(&texts);
        let report = |format: &str| -> serde_json::Value {
            serde_json::from_str(&folder.run(&["check", "--today", &today, "--format", format]).out).expect(format)
        };
        let json = report("json");
        let path = workspace.sources.get(file).path.clone();
        let text = &texts[&path];
        let number = |value: &serde_json::Value| usize::try_from(value.as_u64().expect("a number")).expect("small");
        let edits = json["findings"][0]["fixes"][0]["edits"].as_array().expect("edits");
        let mut by_json: Vec<_> = edits
            .iter()
            .map(|edit| {
                let place = &edit["place"];
                (
                    number(&place["start"]["offset"]),
                    number(&place["end"]["offset"]),
                    edit["replacement"].as_str().expect("text").to_owned(),
                )
            })
            .collect();
        let sarif = report("sarif");
        let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
        let offset = |line: &serde_json::Value, column: &serde_json::Value| {
            let start = text.split_inclusive('\n').take(number(line) - 1).map(str::len).sum::<usize>();
            text[start..]
                .char_indices()
                .map(|(at, _)| at)
                .chain([text.len() - start])
                .nth(number(column) - 1)
                .expect("a column")
                + start
        };
        let mut by_sarif: Vec<_> = change["replacements"]
            .as_array()
            .expect("replacements")
            .iter()
            .map(|one| {
                let region = &one["deletedRegion"];
                let start = offset(&region["startLine"], &region["startColumn"]);
                let end = offset(&region["endLine"], &region["endColumn"]);
                (start, end, one["insertedContent"]["text"].as_str().expect("text").to_owned())
            })
            .collect();
        let mut ours: Vec<_> = fix
            .edits
            .iter()
            .map(|edit| (edit.span.start as usize, edit.span.end as usize, edit.replacement.clone()))
            .collect();
        let expected = applied_by_report(text, &mut ours);
        assert_eq!(applied_by_report(text, &mut by_json), expected, "{} in JSON", rule.code);
        assert_eq!(applied_by_report(text, &mut by_sarif), expected, "{} in SARIF", rule.code);
        assert_eq!(expected.matches('\n').count(), expected.matches("\r\n").count(), "{} keeps CRLF", rule.code);
        tried += 1;
    }
    assert!(40 < tried, "only {tried} fixes were compared");
}

#[test]
fn the_faulty_workspace_as_a_diff() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |more: &[&str]| {
        let mut command = Folder::new().command(&["check", "examples/faulty", "--today", TODAY, "--diff"]);
        let output = command.args(more).current_dir(root).output().expect("the program starts");
        let answer = workspace::Answer::of(&output);
        format!("{}\n{}", answer.out, answer.err)
    };
    insta::assert_snapshot!("faulty_safe", run(&[]));
    insta::assert_snapshot!("faulty_suggested", run(&["--suggested"]));
}
