//! Broken, huge, odd and hostile input, through the built program and through the library.
//!
//! Whatever comes in: an answer comes out, quickly, with an exit code that is meant; no panic; and nothing that a spec
//! says acts on the terminal, the log or the page that shows it.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

#[path = "support/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base::{SPEC, TODAY};
use expc::check::{Options, Outcome, check, level_of};
use expc::portfolio::Workspace;
use expc::report::{self, Look, Report, RulePage, Summary};
use expc::rules;
use expc::text::acts;
use expc::world::Memory;
use proptest::prelude::*;
use workspace::{Answer, Folder};

/// Generous: what is tested is that nothing takes minutes, on a slow machine, without optimisation.
const QUICK: Duration = Duration::from_secs(20);

/// The base with other files over it, from memory.
fn memory(files: &BTreeMap<String, String>) -> Workspace {
    let files = files.iter().fold(Memory::default(), |memory, (path, text)| memory.with(path.clone(), text.clone()));
    Workspace::open(&files).with_targets(expc::emit::flags::capabilities())
}

fn judged(workspace: &Workspace) -> Outcome {
    check(workspace, Options { today: TODAY.parse().ok(), ..Options::default() })
}

/// Every format of what a run found.
fn printed(workspace: &Workspace, outcome: &Outcome, look: Look) -> BTreeMap<&'static str, String> {
    let levels = workspace.in_force.levels("");
    let preset = workspace.in_force.policy("").preset.value;
    let pages: Vec<RulePage> = rules::all()
        .map(|rule| RulePage {
            code: rule.code.to_owned(),
            name: rule.name.to_owned(),
            level: level_of(rule, None, preset, &levels).0,
            summary: rule.summary(),
            why: rule.why(),
        })
        .collect();
    let report = Report {
        sources: &workspace.sources,
        findings: &outcome.findings,
        suppressed: &outcome.suppressed,
        skipped: &outcome.skipped,
        rules: &pages,
        summary: Summary {
            files: 1,
            experiments: workspace.specs.len(),
            today: Some(TODAY.to_owned()),
            version: "0.1.0",
            workspace: workspace.name().to_owned(),
            compared: Default::default(),
        },
    };
    let print = |format: &&dyn report::Format| {
        let mut bytes = Vec::new();
        format.write(&report, &look, &mut bytes).expect("memory takes everything");
        (format.name(), String::from_utf8(bytes).expect("formats print UTF-8"))
    };
    report::FORMATS.iter().map(print).collect()
}

/// Why a printed report is dangerous; `None` when it is not.
fn danger(format: &str, text: &str) -> Option<String> {
    if let Some(c) = text.chars().find(|&c| acts(c) || c == '\r') {
        return Some(format!("{format} lets U+{:04X} through", c as u32));
    }
    for command in ["##[", "##vso[", "##teamcity["] {
        if text.contains(command) && !matches!(format, "json" | "sarif" | "gitlab") {
            return Some(format!("{format} prints `{command}`"));
        }
    }
    for line in text.lines() {
        let command = line.trim_start().starts_with("::");
        let ours = format == "github"
            && ["::error file=", "::warning file=", "::notice file="].iter().any(|start| line.starts_with(start));
        if command && !ours {
            return Some(format!("{format} prints a workflow command: {line}"));
        }
    }
    if format == "junit" && text.contains("]]>") {
        return Some("junit prints `]]>`".to_owned());
    }
    if matches!(format, "json" | "sarif" | "gitlab")
        && let Err(error) = serde_json::from_str::<serde_json::Value>(text)
    {
        return Some(format!("{format} is no JSON: {error}"));
    }
    None
}

/// Texts that want to act.
const POISON: [&str; 9] = [
    "\u{1b}[31mred\u{1b}[0m",
    "\u{202e}txet\u{2066}",
    "a\u{9b}31m\u{85}",
    "x\n::error file=a::owned\n",
    "x\r::set-output name=a::b",
    "]]><b onload=x>&amp;",
    "##[add-mask]a ##vso[task.complete]b ##teamcity[x]",
    "%0A::stop-commands::x",
    "zero\u{0}bell\u{7}\u{feff}\u{e0041}",
];

/// The way to each string of a table: its value is replaced, or the key that holds it.
fn strings(value: &toml::Value, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        toml::Value::String(_) => found.push(way.clone()),
        toml::Value::Table(table) => {
            for (key, value) in table {
                way.push(key.clone());
                strings(value, way, found);
                way.pop();
            }
        }
        toml::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                way.push(index.to_string());
                strings(value, way, found);
                way.pop();
            }
        }
        _ => {}
    }
}

fn follow<'a>(value: &'a mut toml::Value, way: &[String]) -> &'a mut toml::Value {
    way.iter().fold(value, |at, step| match at {
        toml::Value::Array(items) => &mut items[step.parse::<usize>().expect("an index")],
        toml::Value::Table(table) => table.get_mut(step).expect("the way leads there"),
        _ => unreachable!("ways lead through tables and lists"),
    })
}

#[test]
fn no_string_of_any_file_reaches_a_reader_alive() {
    let clean = base::files();
    let mut wrong = Vec::new();
    let mut runs = 0;
    for (path, text) in &clean {
        let table = toml::Value::Table(text.parse().expect("the base parses"));
        let mut ways = Vec::new();
        strings(&table, &mut Vec::new(), &mut ways);
        for (number, way) in ways.iter().enumerate() {
            // Every place gets three of the poisons, every poison every third place.
            for poison in (0..3).map(|step| POISON[(number + step * 3) % POISON.len()]) {
                let mut poisoned = table.clone();
                *follow(&mut poisoned, way) = poison.into();
                let mut files = clean.clone();
                files.insert(path.clone(), toml::to_string(&poisoned).expect("a table prints"));
                wrong.extend(alive(&files).map(|why| format!("{path} {way:?} = {poison:?}: {why}")));
                runs += 1;
            }
            // And the key that holds it.
            let mut poisoned = table.clone();
            let (last, tables) = way.split_last().expect("a way has a step");
            if let toml::Value::Table(table) = follow(&mut poisoned, tables) {
                let value = table.remove(last).expect("the key is there");
                table.insert(POISON[number % POISON.len()].to_owned(), value);
                let mut files = clean.clone();
                files.insert(path.clone(), toml::to_string(&poisoned).expect("a table prints"));
                wrong.extend(alive(&files).map(|why| format!("{path} key {way:?}: {why}")));
                runs += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(300 < runs);
}

/// Why one of the formats is dangerous over these files.
fn alive(files: &BTreeMap<String, String>) -> Option<String> {
    let workspace = memory(files);
    let outcome = judged(&workspace);
    if outcome.crashed {
        return Some(format!("crashed: {:?}", outcome.findings));
    }
    let narrated = Look { narrated: true, verbose: true, ..Look::default() };
    for look in [Look { verbose: true, ..Look::default() }, narrated] {
        for (format, text) in printed(&workspace, &outcome, look) {
            if let Some(why) = danger(format, &text) {
                return Some(why);
            }
        }
    }
    None
}

#[test]
fn raw_bytes_in_the_text_are_shown_without_acting() {
    for poison in POISON {
        let files = BTreeMap::from([(
            SPEC.to_owned(),
            format!("schema = 1\n{poison} = \"{poison}\"\n# {poison}\n[x\n{poison}"),
        )]);
        let mut all = base::files();
        all.extend(files);
        assert_eq!(alive(&all), None, "{poison:?}");
    }
}

#[cfg(unix)]
#[test]
fn file_names_are_text_from_strangers_too() {
    let folder = Folder::base();
    for poison in ["a\u{1b}[31m", "b\n::error::owned", "c\u{202e}d", "d]]>", "e##[x]"] {
        folder.write(&format!("experiments/{poison}.toml"), "schema = 1\nwrong = 1\n");
    }
    for format in report::FORMATS {
        let answer = folder.check(&["--format", format.name()]);
        assert_eq!(answer.code, 1, "{}: {}", format.name(), answer.err);
        assert_eq!(danger(format.name(), &answer.out), None);
        assert_eq!(answer.err, "");
    }
    // A failure quotes what was typed.
    let answer = folder.run(&["resolve", "no\u{1b}[31m-such\n::error::x"]);
    assert_eq!((answer.code, danger("text", &answer.err)), (2, None), "{}", answer.err);
}

#[test]
fn the_base_is_clean_also_with_windows_line_ends_and_a_byte_order_mark() {
    let folder = Folder::base();
    let answer = folder.check(&[]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    for (path, text) in base::files() {
        folder.write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n")));
    }
    let windows = folder.check(&[]);
    assert_eq!((windows.code, &windows.out), (0, &answer.out));
}

#[test]
fn columns_count_characters_and_neither_the_mark_nor_line_ends() {
    let folder = Folder::base();
    let spec = folder.read(SPEC).replace("schema = 1\n", "").replace("[design]", "[design] # é\nalhpa = 0.05");
    folder.write(SPEC, format!("\u{feff}shcema = 1\n{spec}").replace('\n', "\r\n"));
    let answer = folder.check(&["--format", "concise"]);
    assert!(answer.out.contains(&format!("{SPEC}:1:1: error[SYN001]")), "{}", answer.out);
    let line = 1 + spec.lines().position(|line| line.starts_with("alhpa")).expect("the key") + 1;
    assert!(answer.out.contains(&format!("{SPEC}:{line}:1: error[SYN001]")), "{}", answer.out);
}

#[test]
fn an_empty_workspace_has_nothing_to_check() {
    let folder = Folder::new();
    folder.write("expc.toml", "schema = 1\n");
    // A folder that does not exist may be a slip in `[workspace]`; an empty one is a workspace on its first day.
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!((answer.code, answer.err.as_str()), (3, ""), "{answer:?}");
    assert!(answer.out.contains("folder `experiments` does not exist"), "{answer:?}");
    std::fs::create_dir(folder.path().join("experiments")).expect("a folder");
    let answer = folder.check(&[]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.out.contains("0 experiments") || answer.out.contains("no experiment"), "{answer:?}");
}

#[test]
fn an_empty_file_is_judged() {
    let folder = Folder::base();
    folder.write("experiments/empty.toml", "");
    let answer = folder.check(&["--format", "concise"]);
    assert!(answer.out.contains("experiments/empty.toml:1:1:"), "{}", answer.out);
    assert!(!answer.out.contains("INT001"), "{}", answer.out);
}

/// A hopeless file beside the clean base: it has findings, the base has none, the run fails, and soon.
fn hopeless(name: &str, bytes: impl AsRef<[u8]>) -> Answer {
    let folder = Folder::base();
    let path = format!("experiments/{name}.toml");
    folder.write(&path, bytes);
    let start = Instant::now();
    let answer = folder.check(&["--format", "concise"]);
    assert!(start.elapsed() < QUICK, "{name} took {:?}", start.elapsed());
    assert_eq!((answer.code, answer.err.as_str()), (1, ""), "{name}: {}", cut(&answer.out));
    assert!(answer.out.contains(&format!("{path}:")), "{name}: {}", cut(&answer.out));
    assert!(!answer.out.contains("INT001"), "{name}: {}", cut(&answer.out));
    let neighbour = answer.out.lines().filter(|line| line.starts_with(SPEC)).count();
    assert_eq!(neighbour, 0, "{name}: {}", cut(&answer.out));
    answer
}

fn cut(text: &str) -> String {
    text.chars().take(3_000).collect()
}

#[test]
fn fifty_megabytes_are_refused_at_once() {
    let answer = hopeless("huge", "# padding\n".repeat(5_000_000));
    assert_eq!(answer.out.lines().filter(|line| line.contains("huge.toml")).count(), 1, "{}", cut(&answer.out));
    assert!(answer.out.contains("MB") || answer.out.contains("bytes"), "{}", cut(&answer.out));
}

#[test]
fn ten_thousand_unknown_keys_are_a_few_findings() {
    let keys: String = (0..10_000).map(|n| format!("key{n} = {n}\n")).collect();
    let answer = hopeless("keys", format!("schema = 1\n{keys}"));
    assert!(answer.out.lines().count() < 40, "{}", cut(&answer.out));
    let tables: String = (0..10_000).map(|n| format!("[table{n}]\na = 1\n")).collect();
    let answer = hopeless("tables", format!("schema = 1\n{tables}"));
    assert!(answer.out.lines().count() < 40, "{}", cut(&answer.out));
    let spread: String = (0..3_000).map(|n| format!("[variants.v{n}]\nwieght = 1\n")).collect();
    hopeless("spread", format!("schema = 1\n{spread}"));
}

#[test]
fn depth_is_no_stack_overflow() {
    hopeless("brackets", format!("schema = 1\na = {}", "[".repeat(10_000)));
    hopeless("closed-brackets", format!("schema = 1\na = {}{}\n", "[".repeat(10_000), "]".repeat(10_000)));
    hopeless("tables", format!("schema = 1\na = {}1{}\n", "{a=".repeat(10_000), "}".repeat(10_000)));
    hopeless("dotted", format!("schema = 1\n{}a = 1\n", "a.".repeat(10_000)));
    hopeless("header", format!("schema = 1\n[{}a]\nb = 1\n", "a.".repeat(10_000)));
    hopeless("quotes", format!("schema = 1\na = {}\n", "\"".repeat(10_001)));
    hopeless("variants", format!("schema = 1\n[variants.a]\npayload = {}1{}\n", "{a=".repeat(70), "}".repeat(70)));
}

#[test]
fn odd_bytes_are_findings_with_their_place() {
    let answer = hopeless("latin", b"schema = 1\n[experiment]\ntitle = \"caf\xe9\"\n");
    assert!(answer.out.contains("experiments/latin.toml:3:13:"), "{}", answer.out);
    hopeless("nul", b"schema = 1\n\0\n");
    hopeless("sixteen", b"\xff\xfes\0c\0h\0e\0m\0a\0 \0=\0 \x001\0\n\0");
    hopeless("carriage", "schema = 1\r[experiment]\rid = \"carriage\"\r");
    hopeless("long-line", format!("schema = 1\ntitle = \"{}\n", "x".repeat(1_000_000)));
    hopeless("binary", (0..=255u8).cycle().take(100_000).collect::<Vec<u8>>());
    for path in ["expc.toml", "catalog/base.toml", "templates/conversion-ab.toml"] {
        let folder = Folder::base();
        folder.write(path, b"schema = 1\nname = \"caf\xe9\"\n");
        let answer = folder.check(&["--format", "concise"]);
        assert_eq!(answer.code, 1, "{path}: {answer:?}");
        assert!(answer.out.contains(&format!("{path}:2:12:")), "{path}: {}", cut(&answer.out));
    }
}

#[test]
fn a_spec_with_syntax_errors_still_gets_its_other_rules() {
    let folder = Folder::base();
    let spec = folder.read(SPEC);
    let broken = spec.replace("missing = ", "power = 1.5\nmissing = ");
    folder.write(SPEC, format!("{broken}\nbroken =\n"));
    let answer = folder.check(&["--format", "json"]);
    let codes = answer.codes();
    assert_eq!(answer.code, 1);
    assert!(1 < codes.iter().collect::<std::collections::BTreeSet<_>>().len(), "{codes:?}");
}

#[test]
fn templates_that_lead_in_a_circle_are_named() {
    let folder = Folder::base();
    for (name, parent) in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")] {
        folder.write(&format!("templates/{name}.toml"), format!("schema = 1\nextends = \"{parent}\"\n"));
    }
    folder.write("experiments/x.toml", "schema = 1\nextends = \"a\"\n");
    for n in 0..40 {
        folder.write(&format!("templates/deep{n}.toml"), format!("schema = 1\nextends = \"deep{}\"\n", n + 1));
    }
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1);
    // One finding a circle, and one for the chain that is only long.
    let circles: Vec<&str> = answer.out.lines().filter(|line| line.contains("circle")).collect();
    assert_eq!(circles.len(), 2, "{}", cut(&answer.out));
    assert!(circles[0].starts_with("templates/c.toml:2:11:"), "{circles:?}");
    assert!(circles[1].starts_with("templates/self.toml:2:11:"), "{circles:?}");
    assert!(answer.out.contains("too long"), "{}", cut(&answer.out));
    let narrated = folder.check(&["--narrated"]).out;
    assert!(narrated.contains("`a` extends `b` extends `c` extends `a`"), "{}", cut(&narrated));
}

#[test]
fn ids_stay_names() {
    for id in ["../../etc/passwd", "/etc/passwd", "a/b", "..", ".", "", "con\\x", "Ä", "a b", "$(touch x)", "-rf"] {
        let folder = Folder::base();
        let spec = folder.read(SPEC).replace("id = \"checkout-one-tap\"", &format!("id = {id:?}"));
        folder.write(SPEC, spec);
        let answer = folder.check(&["--format", "concise"]);
        assert_eq!(answer.code, 1, "{id}: {}", answer.out);
        assert!(answer.out.contains(&format!("{SPEC}:5:")), "{id}: {}", answer.out);
    }
}

#[test]
fn two_experiments_with_one_id_are_both_named() {
    let folder = Folder::base();
    folder.write("experiments/copy.toml", folder.read(SPEC));
    folder.write("experiments/deep/checkout-one-tap.toml", folder.read(SPEC));
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1);
    for path in ["experiments/copy.toml:", "experiments/deep/checkout-one-tap.toml:"] {
        assert!(answer.out.contains(path), "{}", cut(&answer.out));
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_never_for_ever() {
    use std::os::unix::fs::symlink;
    let folder = Folder::base();
    let at = |path: &str| folder.path().join(path);
    symlink("../experiments", at("experiments/loop")).expect("a link");
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("loop"), "{}", cut(&answer.out));
    std::fs::remove_file(at("experiments/loop")).expect("the link");

    symlink("/nowhere/at-all.toml", at("experiments/dangling.toml")).expect("a link");
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("dangling.toml"), "{}", cut(&answer.out));
    std::fs::remove_file(at("experiments/dangling.toml")).expect("the link");

    symlink("self.toml", at("experiments/self.toml")).expect("a link");
    let answer = folder.check(&["--format", "concise"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("self.toml"), "{}", cut(&answer.out));
    std::fs::remove_file(at("experiments/self.toml")).expect("the link");

    // A device would never end, a folder is no file: neither is read.
    symlink("/dev/zero", at("experiments/zero.toml")).expect("a link");
    std::fs::create_dir(at("experiments/folder.toml")).expect("a folder");
    let start = Instant::now();
    assert_eq!(folder.check(&[]).code, 0);
    assert!(start.elapsed() < QUICK);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_a_finding_and_the_rest_is_judged() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::base();
    let secret = folder.write("experiments/secret.toml", "schema = 1\n");
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("own files");
    };
    mode(&secret, 0o000);
    mode(folder.path(), 0o755);
    let arguments = ["check", "--today", TODAY, "--format", "concise"];
    let mut command = if std::fs::File::open(&secret).is_ok() {
        // Permissions do not bind this user: run as one whom they bind, from a place that one can reach.
        let program = folder.path().join("expc-program");
        std::fs::copy(env!("CARGO_BIN_EXE_expc"), &program).expect("the program can be copied");
        mode(&program, 0o755);
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        command
    } else {
        std::process::Command::new(env!("CARGO_BIN_EXE_expc"))
    };
    let output = command.args(arguments).current_dir(folder.path()).output();
    let answer = Answer::of(&output.expect("as root this test needs `setpriv` (util-linux)"));
    mode(&secret, 0o644);
    assert_eq!((answer.code, answer.err.as_str()), (1, ""), "{answer:?}");
    assert!(answer.out.contains("experiments/secret.toml:1:1:"), "{}", cut(&answer.out));
    assert!(!answer.out.contains(&format!("{SPEC}:")), "{}", cut(&answer.out));
}

/// The faulty example, many times over.
fn many_faults() -> Folder {
    let folder = Folder::new();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/faulty");
    let mut stack = vec![source.clone()];
    while let Some(at) = stack.pop() {
        for entry in std::fs::read_dir(&at).expect("the examples are readable") {
            let path = entry.expect("the examples are readable").path();
            if path.is_dir() {
                stack.push(path);
                continue;
            }
            let name = path.strip_prefix(&source).expect("below").to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).expect("the examples are readable");
            folder.write(&name, &bytes);
            if name.starts_with("experiments/") {
                for copy in 0..8 {
                    folder.write(&name.replace("experiments/", &format!("experiments/copy{copy}/")), &bytes);
                }
            }
        }
    }
    folder
}

#[test]
fn any_number_of_threads_says_the_same_in_every_format() {
    let folder = many_faults();
    for format in report::FORMATS {
        let one = folder.check(&["--format", format.name(), "--jobs", "1"]);
        assert_eq!(one.code, 1, "{}", one.err);
        for jobs in ["8", "3"] {
            let other = folder.check(&["--format", format.name(), "--jobs", jobs]);
            assert!(one == other, "{} differs with {jobs} threads", format.name());
        }
    }
}

#[test]
fn a_closed_pipe_is_the_end_and_no_error() {
    let folder = many_faults();
    for format in report::FORMATS {
        let mut child = folder
            .command(&["check", "--format", format.name(), "--today", TODAY])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut out = BufReader::with_capacity(16, child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a first line");
        drop(out);
        let ended = child.wait_with_output().expect("the program ends");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{}", format.name());
        assert_eq!(ended.status.code(), Some(1), "{}", format.name());
    }
}

/// What a run over cut and shuffled text must keep.
fn holds(path: &str, text: &str) {
    let mut files = base::files();
    files.insert(path.to_owned(), text.to_owned());
    let workspace = memory(&files);
    let outcome = judged(&workspace);
    assert!(!outcome.crashed, "{:?}", outcome.findings.iter().find(|finding| finding.code == "INT001"));
    for finding in &outcome.findings {
        let labels = finding.secondary.iter().map(|label| label.span);
        let edits = finding.fixes.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        for span in labels.chain(edits).chain([finding.primary.span]) {
            let source = workspace.sources.find(span.file).expect("spans lie in files of the run");
            let range = span.range();
            let inside = range.end <= source.text.len()
                && source.text.is_char_boundary(range.start)
                && source.text.is_char_boundary(range.end);
            assert!(inside, "{} {range:?} of {} bytes: {}", finding.code, source.text.len(), finding.headline);
        }
    }
    for (format, text) in printed(&workspace, &outcome, Look::default()) {
        assert_eq!(danger(format, &text), None);
    }
}

/// One way to break a text.
#[derive(Debug, Clone)]
enum Break {
    Cut(usize),
    Drop(usize, usize),
    Double(usize, usize),
    Swap(usize, usize),
    Put(usize, String),
    Byte(usize, u8),
    ShuffleLines(u64),
}

fn breaks() -> impl Strategy<Value = Break> {
    let at = 0usize..6_000;
    let bits = prop::sample::select(vec![
        "\"",
        "'''",
        "\"\"\"",
        "[",
        "]",
        "{",
        "}",
        "=",
        ",",
        "\\",
        "#",
        "\n",
        "\r",
        ".",
        "é",
        "𝄞",
        "\u{feff}",
        "\0",
        "nan",
        "[[",
        "inf",
        "2026-13-99",
        "0x",
        "1_",
        "\u{202e}",
    ]);
    prop_oneof![
        at.clone().prop_map(Break::Cut),
        (at.clone(), 0usize..200).prop_map(|(a, n)| Break::Drop(a, n)),
        (at.clone(), 0usize..400).prop_map(|(a, n)| Break::Double(a, n)),
        (at.clone(), at.clone()).prop_map(|(a, b)| Break::Swap(a, b)),
        (at.clone(), bits).prop_map(|(a, text)| Break::Put(a, text.to_owned())),
        (at, any::<u8>()).prop_map(|(a, byte)| Break::Byte(a, byte)),
        any::<u64>().prop_map(Break::ShuffleLines),
    ]
}

/// Bytes, not characters: what is no text afterwards is made text the way the disk does it.
fn broken(text: &str, breaks: &[Break]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for one in breaks {
        let length = bytes.len().max(1);
        let within = |at: usize| at % length;
        match one {
            Break::Cut(at) => bytes.truncate(within(*at)),
            Break::Drop(at, n) => {
                let at = within(*at).min(bytes.len());
                let end = (at + n).min(bytes.len());
                bytes.drain(at..end);
            }
            Break::Double(at, n) => {
                let at = within(*at).min(bytes.len());
                let part = bytes[at..(at + n).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            Break::Swap(a, b) if !bytes.is_empty() => bytes.swap(within(*a), within(*b)),
            Break::Swap(..) => {}
            Break::Put(at, text) => {
                let at = within(*at).min(bytes.len());
                bytes.splice(at..at, text.bytes());
            }
            Break::Byte(at, byte) => {
                let at = within(*at);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Break::ShuffleLines(seed) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let mut lines: Vec<&str> = text.lines().collect();
                let mut seed = *seed | 1;
                for at in (1..lines.len()).rev() {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    lines.swap(at, (seed >> 33) as usize % (at + 1));
                }
                bytes = lines.join("\n").into_bytes();
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn path() -> impl Strategy<Value = &'static str> {
    // Mostly specs: they have the most to say.
    prop::sample::select(vec![SPEC, SPEC, SPEC, SPEC, "catalog/base.toml", "templates/conversion-ab.toml", "expc.toml"])
}

proptest! {
    #![proptest_config(cases::cases(250))]

    #[test]
    fn broken_text_never_breaks_the_compiler(path in path(), breaks in prop::collection::vec(breaks(), 1..4)) {
        holds(path, &broken(&base::files()[path], &breaks));
    }
}

#[test]
fn every_example_cut_at_many_places_is_answered() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/experiments");
    for entry in std::fs::read_dir(source).expect("the examples are readable") {
        let text = std::fs::read_to_string(entry.expect("readable").path()).expect("examples are text");
        for part in 1..12 {
            holds(SPEC, &broken(&text, &[Break::Cut(text.len() * part / 12)]));
        }
    }
}
