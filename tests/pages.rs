//! The pages of the designs show what the program prints; `EXPC_BLESS=1` writes it into them.

use std::path::{Path, PathBuf};
use std::process::Command;

use expc::stats::pages::PAGES;

/// The sections that every page has.
const SECTIONS: [&str; 5] = ["When to use it", "Formula", "Assumptions", "Example", "Source"];

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

/// Words at spaces; double quotes keep them together.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
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
            if line == "```" {
                out.push_str("```\n");
                break;
            }
            if let Some(command) = line.strip_prefix("$ ") {
                out.push_str(&format!("{line}\n{}", run(command)));
                while lines.peek().is_some_and(|next| *next != "```" && !next.starts_with("$ ")) {
                    lines.next();
                }
            }
        }
    }
    out
}

#[test]
fn every_page_shows_what_the_program_prints() {
    for page in PAGES {
        let path = file(page.name);
        let text = std::fs::read_to_string(&path).expect("a page");
        let fresh = filled(&text);
        if std::env::var_os("EXPC_BLESS").is_some() {
            std::fs::write(&path, &fresh).expect("the page is written");
        }
        assert!(text == fresh, "{}.md shows other than the program prints; EXPC_BLESS=1 writes:\n{fresh}", page.name);
    }
}

#[test]
fn every_page_has_its_sections_and_an_example() {
    for page in PAGES {
        for section in SECTIONS {
            assert!(page.text.contains(&format!("\n## {section}\n")), "{}: no section `{section}`", page.name);
        }
        assert!(page.text.contains("\n```console\n$ expc "), "{}: no example to run", page.name);
    }
}

#[test]
fn every_file_is_a_page() {
    let folder = std::fs::read_dir(file("x").with_file_name("")).expect("the folder of the pages");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    for name in names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)) {
        assert!(expc::stats::pages::find(&name).is_some(), "{name}.md is not listed");
    }
}
