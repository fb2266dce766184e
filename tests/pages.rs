//! The pages of the designs show what the program prints; `EXPC_BLESS=1` writes it into them.
//!
//! A line `…` of a block of the sort `console` stands for lines that are left out. The lines of a block of the sort
//! `toml` declare the design: laid over the clean workspace as the rules' examples are, they parse and fit together.

#[path = "support/base.rs"]
mod base;
#[path = "support/examples.rs"]
mod examples;

use std::path::{Path, PathBuf};
use std::process::Command;

use expc::check::{Options, check};
use expc::rules;
use expc::stats::pages::{self, PAGES};
use expc::world::Memory;

/// The sections of every page, in order.
const SECTIONS: [&str; 7] = ["When to use it", "Formula", "Assumptions", "Example", "In a spec", "Source", "See also"];

/// What a fragment may be warned of: whether the traffic of the base workspace is enough is not its subject.
/// STA002, GRD005 and STA032 judge power, STA017 the duration it takes.
const ABOUT_POWER: [&str; 4] = ["STA002", "GRD005", "STA032", "STA017"];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stats/pages").join(format!("{name}.md"))
}

/// What a line of the page prints at the top of the repository, and the code it ends with when that is not 0.
fn run(command: &str) -> String {
    let mut words = shell_words(command);
    assert_eq!(words.remove(0), "expc", "{command}");
    let output = Command::new(env!("CARGO_BIN_EXE_expc"))
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("the program speaks UTF-8");
    assert!(output.status.success(), "{command}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Words at spaces; single quotes keep them together.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The page with the output of every command put in its place.
fn filled(page: &str) -> String {
    let mut out = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ ") else {
                assert_eq!(line, "```", "a block of commands begins with one");
                break;
            };
            let mut shown = Vec::new();
            while let Some(line) = lines.next_if(|next| *next != "```" && !next.starts_with("$ ")) {
                shown.push(line);
            }
            out.push_str(&format!("$ {command}\n{}", chosen(&run(command), &shown)));
        }
        out.push_str("```\n");
    }
    out
}

/// What is printed, or of it the lines that are shown between the `…`. The first after a `…` is the next with its
/// label, and lines below each other stay so.
fn chosen(printed: &str, shown: &[&str]) -> String {
    if !shown.contains(&"…") {
        return printed.to_owned();
    }
    let mut rest = printed.lines();
    let mut out = String::new();
    let mut searching = false;
    for line in shown {
        if *line == "…" {
            out.push_str("…\n");
            searching = true;
            continue;
        }
        let fresh = if searching { rest.find(|fresh| label(fresh) == label(line)) } else { rest.next() };
        out.push_str(fresh.unwrap_or_else(|| panic!("no line like `{line}` is printed:\n{printed}")));
        out.push('\n');
        searching = false;
    }
    out
}

/// The words of a line before its first wide gap.
fn label(line: &str) -> &str {
    line.trim_start().split("  ").next().unwrap_or_default()
}

/// The text of a section, up to the next.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let after = page.split_once(&format!("\n## {name}\n")).map_or("", |(_, after)| after);
    after.split("\n## ").next().unwrap_or_default()
}

/// The contents of the blocks of a sort.
fn blocks(text: &str, sort: &str) -> Vec<String> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while lines.by_ref().any(|line| line == format!("```{sort}")) {
        found.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
    }
    found
}

/// What stands between backticks.
fn ticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_page_shows_what_the_program_prints() {
    for page in PAGES {
        let path = file(page.name);
        let text = std::fs::read_to_string(&path).expect("a page");
        let fresh = filled(&text);
        if std::env::var_os("EXPC_BLESS").is_some() {
            std::fs::write(&path, &fresh).expect("the page is written");
            continue;
        }
        assert!(text == fresh, "{}.md shows other than the program prints; EXPC_BLESS=1 writes:\n{fresh}", page.name);
    }
}

#[test]
fn every_page_has_its_sections_and_an_example() {
    for page in PAGES {
        let headings: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "{}", page.name);
        let example = section(page.text, "Example");
        assert!(example.contains("\n```console\n$ expc "), "{}: no example to run", page.name);
        let mut printed = false;
        for line in page.text.lines() {
            printed = line == "```console" || (printed && line != "```");
            assert!(printed || line.chars().count() <= 120, "{}: too wide: {line}", page.name);
        }
    }
}

#[test]
fn every_page_says_how_a_spec_declares_it() {
    let mut wrong = String::new();
    for page in PAGES {
        let fragments = blocks(section(page.text, "In a spec"), "toml");
        assert!(!fragments.is_empty(), "{}: no lines for a spec", page.name);
        for fragment in fragments {
            let (files, today) = examples::workspace_of(&fragment);
            let memory = files.into_iter().fold(Memory::default(), |memory, (path, bytes)| memory.with(path, bytes));
            let workspace = examples::open(&memory);
            let outcome = check(&workspace, Options { today: today.parse().ok(), ..Options::default() });
            for finding in &outcome.findings {
                if ABOUT_POWER.iter().any(|code| finding.code == *code) {
                    continue;
                }
                wrong += &format!("{}: {} {}\n", page.name, finding.code, finding.headline);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_names_rules_and_pages_that_exist() {
    for page in PAGES {
        let links = section(page.text, "See also");
        let codes = links.lines().find_map(|line| line.strip_prefix("Rules: "));
        let names = links.lines().find_map(|line| line.strip_prefix("Pages: "));
        let (codes, names) = codes.zip(names).unwrap_or_else(|| panic!("{}: no rules or pages", page.name));
        assert!(0 < ticked(codes).count() && 0 < ticked(names).count(), "{}: empty links", page.name);
        for code in ticked(codes) {
            assert!(rules::find(code).is_some_and(|rule| rule.code == code), "{}: no rule {code}", page.name);
        }
        for name in ticked(names) {
            assert!(name != page.name && pages::find(name).is_some(), "{}: no page {name}", page.name);
        }
    }
}

#[test]
fn the_readme_lists_every_page() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    for page in PAGES {
        let link = format!("[{}](src/stats/pages/{}.md)", page.name, page.name);
        assert!(readme.contains(&link), "the README lacks {link}");
    }
}

#[test]
fn every_file_is_a_page() {
    let folder = std::fs::read_dir(file("x").with_file_name("")).expect("the folder of the pages");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    for name in names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)) {
        assert!(pages::find(&name).is_some(), "{name}.md is not listed");
    }
}
