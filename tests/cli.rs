//! The doors from outside: exit codes, help, and the commands that print what expc knows.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use base::{SPEC, TODAY};
use workspace::{Answer, Folder};

fn expc(arguments: &[&str]) -> Answer {
    Folder::new().run(arguments)
}

/// A usage fault: nothing on standard output, the reason and a way out on standard error.
fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
    for word in words {
        assert!(answer.err.contains(word), "no `{word}` in: {}", answer.err);
    }
}

#[test]
fn clean_is_0() {
    let answer = Folder::base().check(&[]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    assert!(answer.out.contains(&format!("1 experiment in 4 files: all clean (as of {TODAY})")), "{}", answer.out);
}

#[test]
fn errors_are_1() {
    let folder = Folder::base();
    folder.write(SPEC, folder.read(SPEC).replace("kill_switch", "kil_switch").replace("alpha = 0.05", "alpha = 5"));
    folder.write("experiments/wrong.toml", "schema = 1\nunheard_of = 1\n");
    let answer = folder.check(&[]);
    assert_eq!((answer.code, answer.err.as_str()), (1, ""), "{answer:?}");
}

#[test]
fn warnings_are_1_only_when_they_are_denied() {
    let folder = Folder::base();
    folder.write(
        "expc.toml",
        folder.read("expc.toml") + "\n[[overrides]]\npaths = [\"experiments/**\"]\nrules = { SYN001 = \"warn\" }\n",
    );
    folder.write(SPEC, folder.read(SPEC).replace("[exposure]", "[exposure]\nwhenever = 1"));
    let answer = folder.check(&["--format", "json"]);
    assert_eq!((answer.code, answer.codes()), (0, vec!["SYN001".to_owned()]), "{answer:?}");
    assert_eq!(folder.check(&["--deny-warnings"]).code, 1);
    folder.write("expc.toml", folder.read("expc.toml").replace("SYN001 = \"warn\"", "SYN001 = \"info\""));
    assert_eq!(folder.check(&["--deny-warnings"]).code, 0);
}

#[test]
fn what_cannot_start_is_2() {
    let folder = Folder::base();
    refused(&expc(&["check"]), &["expc.toml", "help:"]);
    refused(&folder.check(&["--format", "yaml"]), &["unknown format `yaml`", "sarif"]);
    refused(&folder.run(&["check", "nowhere"]), &["nowhere", "help:"]);
    refused(&folder.run(&["chekc"]), &["chekc", "check"]);
    refused(&folder.run(&["check", "--today", "tomorrow"]), &["tomorrow", "2026-12-07"]);
    refused(&folder.run(&["check", "--jobs", "many"]), &["many"]);
    refused(&folder.run(&[]), &["Usage"]);
    assert_eq!(folder.run(&["check", "--jobs", "0", "--today", TODAY]).code, 0);
}

#[test]
fn nothing_to_check_is_3() {
    let folder = Folder::new();
    folder.write("expc.toml", "schema = 1\n");
    std::fs::create_dir(folder.path().join("experiments")).expect("a folder");
    assert_eq!(folder.check(&[]).code, 3);
}

#[test]
fn a_part_of_the_workspace_shows_its_own_findings_only() {
    let folder = Folder::base();
    for name in ["one/a", "two/b"] {
        folder.write(&format!("experiments/{name}.toml"), "schema = 1\nunheard_of = 1\n");
    }
    let answer = folder.run(&["check", "experiments/one", "--today", TODAY, "--format", "concise"]);
    assert_eq!(answer.code, 1);
    assert!(answer.out.contains("experiments/one/a.toml:2:1"), "{}", answer.out);
    assert!(!answer.out.contains("experiments/two"), "{}", answer.out);
    // Paths lead from where the user stands.
    let here = folder.path().join("experiments/two");
    let mut command = folder.command(&["check", "..", "--today", TODAY, "--format", "concise"]);
    let answer = Answer::of(&command.current_dir(&here).output().expect("the program starts"));
    let paths: Vec<&str> =
        answer.out.lines().filter_map(|line| line.split_once(":2:1:").map(|(path, _)| path)).collect();
    assert_eq!(paths.len(), 2, "{}", answer.out);
    assert!(paths.iter().all(|path| here.join(path).is_file()), "{}", answer.out);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let answer = expc(&["--version"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, concat!("expc ", env!("CARGO_PKG_VERSION"), "\n")));
    let mut text = expc(&["--help"]).out;
    let commands: Vec<String> = text
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect();
    assert!(commands.contains(&"check".to_owned()));
    for command in commands {
        let answer = expc(&[&command, "--help"]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{command}");
        text += &format!("\n$ expc {command} --help\n{}", answer.out);
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("help", text) });
}

#[test]
fn schemas_are_printed_as_they_are_committed() {
    let names = expc(&["schema"]);
    assert_eq!(names.code, 0);
    for name in names.out.lines() {
        let committed = format!("{}/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(expc(&["schema", name]).out, std::fs::read_to_string(committed).expect(name));
    }
    refused(&expc(&["schema", "experimnt"]), &["unknown schema `experimnt`", "experiment"]);
}

#[test]
fn rules_are_listed_and_explained() {
    let text = expc(&["rules"]);
    let json: serde_json::Value = serde_json::from_str(&expc(&["rules", "--format", "json"]).out).expect("JSON");
    let rules = json["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), expc::rules::all().count());
    for rule in rules {
        let word = |key: &str| rule[key].as_str().expect(key);
        assert!(text.out.contains(word("code")) && text.out.contains(word("name")));
        let by_code = expc(&["explain", word("code")]);
        assert_eq!((by_code.code, by_code.err.as_str()), (0, ""), "{}", word("code"));
        assert!(by_code.out.contains("Why\n") && by_code.out.contains("\nBad\n") && by_code.out.contains("\nGood\n"));
    }
    let first = &rules[0];
    let (code, name) = (first["code"].as_str().expect("a code"), first["name"].as_str().expect("a name"));
    assert_eq!(expc(&["explain", name]), expc(&["explain", &code.to_lowercase()]));
    refused(&expc(&["explain", "unknwon-key"]), &["did you mean `unknown-key`?"]);
    refused(&expc(&["explain", "SYN0O1"]), &["did you mean `SYN0"]);
    refused(&expc(&["explain", "utterly different"]), &["`expc rules` and `expc explain` list them"]);
    refused(&expc(&["rules", "--group", "sintax"]), &["unknown group `sintax`", "syntax"]);
    refused(&expc(&["rules", "--format", "xml"]), &["unknown format `xml`", "text, json"]);
}

#[test]
fn resolve_prints_the_plan_by_path_and_by_id() {
    let folder = Folder::base();
    let by_path = folder.run(&["resolve", SPEC]);
    let by_id = folder.run(&["resolve", "checkout-one-tap"]);
    assert_eq!((by_path.code, by_path.err.as_str()), (0, ""));
    assert_eq!(by_path, by_id);
    let plan: serde_json::Value = serde_json::from_str(&by_path.out).expect("JSON");
    assert!(plan.is_object());
    // A value inherited from the template says so.
    assert!(by_path.out.contains("templates/conversion-ab.toml"), "{}", by_path.out);
    refused(&folder.run(&["resolve", "checkout-one-tab"]), &["did you mean `checkout-one-tap`?"]);
    refused(&folder.run(&["resolve", "unlike anything"]), &["name a spec by its file or by its id"]);
}

#[test]
fn colour_stays_out_of_pipes_unless_it_is_asked_for() {
    let folder = Folder::base();
    folder.write("experiments/wrong.toml", "schema = 1\nunheard_of = 1\n");
    let run = |more: &[&str]| {
        let mut command = folder.command(&[&["check", "--today", TODAY], more].concat());
        command.env_remove("NO_COLOR");
        Answer::of(&command.output().expect("the program starts")).out
    };
    assert!(!run(&[]).contains('\u{1b}'));
    assert!(!run(&["--color", "never"]).contains('\u{1b}'));
    assert!(run(&["--color", "always"]).contains('\u{1b}'));
    assert!(!run(&["--color", "always", "--format", "concise"]).contains('\u{1b}'));
}

#[test]
fn timing_stands_beside_the_report_and_changes_nothing_of_it() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop");
    let plain = expc(&["check", shop, "--today", "2026-11-22", "--format", "json"]);
    let timed = expc(&["check", shop, "--today", "2026-11-22", "--format", "json", "--timing"]);
    assert_eq!((plain.code, &plain.out, plain.err.as_str()), (timed.code, &timed.out, ""));
    let said: serde_json::Value = serde_json::from_str(&timed.err).expect("one JSON object");
    let rules = said["timing"]["rules"].as_array().expect("a list of rules");
    let total = |rule: &serde_json::Value| rule["total_ms"].as_f64().expect("a number");
    assert!(100 < rules.len() && rules.iter().all(|rule| rule["longest_ms"].as_f64() <= rule["total_ms"].as_f64()));
    assert!(rules.windows(2).all(|pair| total(&pair[1]) <= total(&pair[0])), "the costliest first");
    let specs = std::fs::read_dir(format!("{shop}/experiments")).expect("specs").count() as u64;
    let underpowered = rules.iter().find(|rule| rule["code"] == "STA002").expect("STA002 ran");
    assert_eq!(underpowered["runs"], specs);
    assert!(underpowered["slowest"].is_string());

    let faulty = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faulty");
    let text = expc(&["check", faulty, "--today", "2026-11-22", "--timing"]).err;
    assert!(text.starts_with("timing: ") && text.contains("summed over threads"), "{text}");
    assert!(text.lines().any(|line| line.contains("more rules took")), "{text}");
}
