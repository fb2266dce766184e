//! The example workspaces are what their pages say: the shop is clean, each faulty spec has its own mistake and no
//! other, and every frame on the page of mistakes is what the program prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The day on which the examples are judged.
const TODAY: &str = "2026-11-22";

/// The codes of every faulty file. A file that is not here has none.
const FAULTY: &[(&str, &[&str])] = &[
    ("basket-autosave", &["SYN012"]),
    ("button-colour", &["STA008"]),
    ("cart-upsell", &["SYN007", "SYN007"]),
    ("category-filters", &["PRT002"]),
    ("checkout-trust-marks", &["ROL006"]),
    ("delivery-slots", &["MET026"]),
    ("footer-links", &["STA002"]),
    ("free-returns-line", &["ROL015"]),
    ("free-shipping-bar", &["SYN002", "SYN002"]),
    ("gift-finder", &["STA001", "SYN018"]),
    ("gold-greeting", &["GOV007"]),
    ("home-redesign", &["ROL003", "ROL009"]),
    ("loyalty-points-line", &["AUD002", "GOV001"]),
    ("price-badge", &["STA010"]),
    ("product-video", &["GRD003"]),
    ("return-reasons", &["GOV014"]),
    ("sale-countdown", &["STA015"]),
    ("search-typo-tolerance", &["MET001"]),
    ("size-advice", &["SYN014"]),
    ("stock-notice", &["LIF004"]),
    ("voucher-field", &["SYN004"]),
    ("wishlist-share", &["DEC002"]),
];

/// What the program says and its exit code, where a reader of the pages would run it.
fn expc(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_expc"));
    command.args(arguments).current_dir(root()).env_remove("COLUMNS").env("NO_COLOR", "1");
    let output = command.output().expect("the program starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("the program speaks UTF-8"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// Path and code of every finding of `--format json`, sorted.
fn findings(report: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(report).expect("a report");
    let word = |value: &Value| value.as_str().expect("a string").to_owned();
    let list = report["findings"].as_array().expect("a list of findings");
    let mut found: Vec<_> =
        list.iter().map(|finding| (word(&finding["place"]["path"]), word(&finding["code"]))).collect();
    found.sort();
    found
}

/// Text without spaces at the ends of lines.
fn stripped(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The content of every fenced block of a sort.
fn blocks(page: &str, sort: &str) -> Vec<String> {
    let fence = format!("```{sort}");
    let mut lines = page.lines();
    let mut found = Vec::new();
    while lines.by_ref().any(|line| line == fence) {
        found.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
    }
    found
}

/// The targets of links that stay in the repository.
fn links(page: &str) -> BTreeSet<&str> {
    let ends = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target).filter(|target| !target.contains("://")).collect()
}

#[test]
fn the_shop_is_clean() {
    let arguments = ["check", "examples/shop", "--today", TODAY, "--format", "json"];
    let (code, out) = expc(&arguments);
    assert_eq!((code, findings(&out)), (Some(0), Vec::new()));
    let (code, out) = expc(&[&arguments[..], &["--deny-warnings"]].concat());
    assert_eq!((code, findings(&out)), (Some(0), Vec::new()));
}

#[test]
fn every_faulty_spec_shows_its_own_mistake_and_no_other() {
    let (code, out) = expc(&["check", "examples/faulty", "--today", TODAY, "--format", "json"]);
    let path = |name: &str| format!("examples/faulty/experiments/{name}.toml");
    let expected: Vec<_> = FAULTY
        .iter()
        .flat_map(|(name, codes)| codes.iter().map(move |code| (path(name), (*code).to_owned())))
        .collect();
    assert_eq!((code, findings(&out)), (Some(1), expected));
}

#[test]
fn the_page_of_mistakes_shows_what_the_program_prints() {
    let page = read("examples/faulty/README.md");
    let (_, out) = expc(&["check", "examples/faulty", "--today", TODAY]);
    let printed = stripped(&out);
    let mut frames = 0;
    for section in page.split("\n## ").skip(1) {
        let files = links(section);
        assert!(!files.is_empty(), "no file is named in: {section}");
        for frame in blocks(section, "text") {
            assert!(printed.contains(&stripped(&frame)), "not what the program prints:\n{frame}\n\nbut:\n{printed}");
            let place = frame.split("[examples/faulty/").nth(1).and_then(|rest| rest.split(':').next());
            assert!(place.is_some_and(|place| files.contains(place)), "about another file:\n{section}");
            frames += 1;
        }
    }
    let all: usize = FAULTY.iter().map(|(_, codes)| codes.len()).sum();
    assert_eq!(frames, all, "a frame for each finding");
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let page = read("README.md");
    let report = stripped(&expc(&["check", "examples/faulty", "--today", TODAY]).1);
    let frames = blocks(&page, "text");
    assert!(!frames.is_empty(), "the README shows no frame");
    for frame in frames {
        assert!(report.contains(&stripped(&frame)), "not printed:\n{frame}");
    }
    let power = stripped(&expc(&["power", "examples/shop/experiments/checkout-one-tap.toml"]).1);
    let shown = blocks(&page, "console").into_iter().find(|block| block.starts_with("$ expc power"));
    let shown = shown.expect("the README shows a size");
    for line in shown.lines().skip(1).filter(|line| line.trim() != "…") {
        assert!(power.lines().any(|printed| printed == line.trim_end()), "not printed: {line}");
    }
    let size = stripped(&expc(&["size", "proportion", "--baseline", "4.2%", "--mde", "2%rel", "--power", "80%"]).1);
    let shown = blocks(&page, "console").into_iter().find(|block| block.starts_with("$ expc size"));
    for line in shown.expect("the README asks a question").lines().skip(1).filter(|line| line.trim() != "…") {
        assert!(size.lines().any(|printed| printed == line.trim_end()), "not printed: {line}");
    }
    let rules = expc(&["rules"]).1;
    let count = rules.lines().last().and_then(|line| line.split_whitespace().next()).expect("a count");
    assert!(page.contains(&format!("({count} rules)")), "the README counts other than {count} rules");
}

#[test]
fn every_spec_has_a_place_on_its_page() {
    for folder in ["examples/faulty", "examples/shop"] {
        let page = read(&format!("{folder}/README.md"));
        let specs = files_below(&root().join(folder).join("experiments"));
        let specs: BTreeSet<String> = specs.keys().map(|path| format!("experiments/{path}")).collect();
        assert_eq!(links(&page).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), specs, "{folder}/README.md");
    }
}

#[test]
fn pages_name_commands_that_run() {
    for (page, expected) in [("examples/faulty/README.md", 1), ("examples/shop/README.md", 0)] {
        let commands = blocks(&read(page), "sh").join("\n");
        assert!(!commands.is_empty(), "{page} names no command");
        for line in commands.lines() {
            let folder = tempfile::tempdir().expect("a place for temporary files");
            let out = folder.path().join("dist").display().to_string();
            let mut words = line.split_whitespace().map(|word| if word == "dist" { &out } else { word });
            assert_eq!(words.next(), Some("expc"), "{page}: {line}");
            let (code, _) = expc(&words.collect::<Vec<_>>());
            assert_eq!(code, Some(expected), "{page}: {line}");
        }
    }
}

#[test]
fn the_shop_is_built_twice_to_the_same_bytes() {
    let build = || {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        let out = folder.path().join("dist");
        let (code, said) = expc(&["build", "examples/shop", "--out", &out.display().to_string(), "--today", TODAY]);
        assert_eq!(code, Some(0), "{said}");
        files_below(&out)
    };
    let mut files = build();
    assert!(files == build(), "the same input, another output");

    let manifest: Value = serde_json::from_slice(&files.remove("build.json").expect("a manifest")).expect("JSON");
    let listed: BTreeMap<&str, &str> = manifest["files"]
        .as_array()
        .expect("a list of files")
        .iter()
        .map(|file| (file["path"].as_str().expect("a path"), file["sha256"].as_str().expect("a digest")))
        .collect();
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let digests: BTreeMap<&str, String> = files.iter().map(|(path, bytes)| (path.as_str(), hex(bytes))).collect();
    let digests: BTreeMap<&str, &str> = digests.iter().map(|(path, digest)| (*path, digest.as_str())).collect();
    assert_eq!(listed, digests);
    assert!(listed.contains_key("flags/flagd/flags.json"), "{listed:?}");
}

/// Every file below a folder, bytes by path.
fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![folder.to_path_buf()];
    while let Some(at) = stack.pop() {
        for entry in std::fs::read_dir(&at).expect("own folders are readable") {
            let path = entry.expect("own folders are readable").path();
            if path.is_dir() {
                stack.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below").display().to_string().replace('\\', "/");
            found.insert(name, std::fs::read(&path).expect("own files are readable"));
        }
    }
    found
}
