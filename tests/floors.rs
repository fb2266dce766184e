//! The house stands on its floors: no arrow points up, and only the rooms meant for it touch the world.
//!
//! Reads the sources as text: comments, strings and `#[cfg(test)]` items are blanked first, then every path that
//! starts with `crate::`, climbs by `super::` to the root, or names a part of `std` is judged.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room uses rooms of lower rows only, and itself.
const FLOORS: &[&[&str]] = &[
    // 0, ground.
    &["text", "stats"],
    &["diag"],
    // 1, reading.
    &["syntax", "fmt", "world", "cel"],
    // 2, meaning.
    &["spec"],
    &["catalog", "policy"],
    &["plan"],
    &["portfolio"],
    // 3, judges.
    &["change"],
    &["rules", "simulate"],
    &["check"],
    // 4, voices.
    &["report", "emit"],
    &["site"],
    // 5, doors.
    &["cli", "lsp"],
];

/// What a path of the standard library needs a special room for, and which rooms have leave.
const WORLDLY: &[(&str, &[&str])] = &[
    ("std::fs", &["world"]),
    ("std::net", &["world"]),
    ("std::env", &["world", "cli", "lsp"]),
    ("std::process::ExitCode", &["world", "cli", "lsp", "main"]),
    ("std::process", &["world"]),
    ("std::time::SystemTime", &["world"]),
    ("std::time::Instant", &["world"]),
    ("std::io::stdout", &["cli", "lsp"]),
    ("std::io::stderr", &["cli", "lsp"]),
    ("std::io::stdin", &["cli", "lsp"]),
    ("std::os", &["world"]),
    ("jiff::Zoned", &["world"]),
    ("jiff::Timestamp", &["world"]),
];

const PRINTING: [&str; 5] = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];

#[test]
fn every_arrow_points_down_and_only_the_world_is_worldly() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = String::new();
    let mut files = 0;
    for path in sources(&root.join("src")) {
        let shown =
            path.strip_prefix(root).expect("sources lie below the manifest").to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&path).expect("a source is readable");
        for fault in judge(&shown, &text) {
            writeln!(faults, "{fault}").expect("a string takes text");
        }
        files += 1;
    }
    assert!(40 < files, "only {files} sources were found");
    assert!(faults.is_empty(), "\n{faults}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every fault of one source, as `path:line: what is wrong; the way out`.
fn judge(path: &str, text: &str) -> Vec<String> {
    let module = module_of(path);
    let room = module.first().map_or("lib", String::as_str);
    let code = without_tests(&blanked(text));
    let mut faults = Vec::new();
    let mut fault = |offset: usize, what: String| {
        let line = code[..offset].matches('\n').count() + 1;
        faults.push(format!("{path}:{line}: {what}"));
    };
    if !matches!(room, "lib" | "main") && floor_of(room).is_none() {
        fault(0, format!("the room `{room}` has no floor; give it one in tests/floors.rs"));
    }
    for (offset, used) in paths(&code) {
        if let Some(target) = room_of(&used, &module)
            && target != room
        {
            match (floor_of(room), floor_of(&target)) {
                (Some(own), Some(below)) if own <= below => fault(
                    offset,
                    format!(
                        "`{}` points up: `{room}` may not use `{target}`; move what both need to a lower room, \
                         or hand it in as an argument",
                        used.join("::")
                    ),
                ),
                _ => {}
            }
        }
        let joined = used.join("::");
        let named = |prefix: &str| joined == prefix || joined.starts_with(&format!("{prefix}::"));
        if let Some((what, rooms)) = WORLDLY.iter().find(|(prefix, _)| named(prefix))
            && !rooms.contains(&room)
        {
            fault(
                offset,
                format!("`{what}` belongs to {}; ask that room, or take the value as an argument", rooms.join(", ")),
            );
        }
    }
    for (offset, word) in words(&code) {
        let rest = &code[offset..];
        if word == "unsafe" {
            fault(offset, "no `unsafe` in this crate; find a safe way or a crate that has one".to_owned());
        }
        if !matches!(room, "cli" | "lsp") && PRINTING.iter().any(|print| rest.starts_with(print)) {
            fault(offset, format!("`{word}!` prints outside the doors; return the text, or a finding"));
        }
        if word == "unwrap" && rest.starts_with("unwrap()") && code[..offset].ends_with('.') {
            fault(offset, "`unwrap()` outside tests; return the fault, or say the invariant with `expect`".to_owned());
        }
    }
    faults
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// `["rules", "syntax", "unknown_key"]` for `src/rules/syntax/unknown_key.rs`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The room that a path leads to, when it leads to one.
fn room_of(used: &[String], module: &[String]) -> Option<String> {
    let first = used.first()?;
    if first == "crate" || (first == "expc" && module == ["main"]) {
        return used.get(1).cloned();
    }
    let climbs = used.iter().take_while(|part| *part == "super").count();
    // Inside an inline module one `super` more is needed; such paths name `crate` here.
    (0 < climbs && climbs == module.len()).then(|| used.get(climbs).cloned()).flatten()
}

/// The words of a text with their places.
fn words(code: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in code.char_indices().chain([(code.len(), ' ')]) {
        match (start, is_word(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.push((from, &code[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Every path of the code, braces of `use` multiplied out, with its place.
fn paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut done = 0;
    for (at, word) in words(code) {
        if done <= at && code[at + word.len()..].trim_start().starts_with("::") {
            done = tree(code, at, &[], &mut found);
        }
    }
    found
}

/// Reads a path at `at`, and what its braces hold; returns where it ends.
fn tree(code: &str, at: usize, before: &[String], found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let skip = |at: usize| at + (code[at..].len() - code[at..].trim_start().len());
    let mut path = before.to_vec();
    let mut end = skip(at);
    let start = end;
    loop {
        let rest = &code[end..];
        if rest.starts_with('{') {
            end += 1;
            loop {
                end = skip(end);
                if code[end..].is_empty() || code[end..].starts_with('}') {
                    return (end + 1).min(code.len());
                }
                let next = tree(code, end, &path, found);
                end = skip(next.max(end + 1).min(code.len()));
                // What follows a name in a list: `as other`, `,`.
                while !code[end..].is_empty() && !code[end..].starts_with([',', '}']) {
                    end += code[end..].chars().next().map_or(1, char::len_utf8);
                }
                if code[end..].starts_with(',') {
                    end += 1;
                }
            }
        }
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if length == 0 {
            break;
        }
        path.push(rest[..length].to_owned());
        end += length;
        let after = skip(end);
        if !code[after..].starts_with("::") {
            break;
        }
        end = skip(after + 2);
    }
    found.push((start, path));
    end
}

/// The text with comments, strings and characters as blanks; lines stay.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let starts = |word: &str| word.chars().enumerate().all(|(index, c)| rest.get(index) == Some(&c));
        let length = if starts("//") {
            rest.iter().take_while(|&&c| c != '\n').count()
        } else if starts("/*") {
            rest.windows(2).position(|pair| pair == ['*', '/']).map_or(rest.len(), |end| end + 2)
        } else if starts("r\"") || starts("r#") || starts("br\"") || starts("br#") {
            raw_string(rest)
        } else if starts("\"") {
            quoted(rest, '"')
        } else if starts("'") && (rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'')) {
            quoted(rest, '\'')
        } else {
            0
        };
        let after_word =
            at.checked_sub(1).is_some_and(|before| chars[before].is_alphanumeric() || chars[before] == '_');
        if length == 0 || (after_word && !starts("\"") && !starts("/")) {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(rest[..length].iter().map(|&c| blank(c)));
        at += length;
    }
    out
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string at the start, or 0 for a raw identifier.
fn raw_string(rest: &[char]) -> usize {
    let open = rest.iter().position(|&c| c == '"' || !matches!(c, 'b' | 'r' | '#')).unwrap_or(0);
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let hashes = rest[..open].iter().filter(|&&c| c == '#').count();
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &rest[open + 1..];
    body.windows(close.len()).position(|part| part == close).map_or(rest.len(), |end| open + 1 + end + close.len())
}

/// The code without items under `#[cfg(test)]`; lines stay.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let mut depth = 0;
        let mut end = out.len();
        for (at, c) in out[start..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 && (c == '}' || c == ';') {
                end = start + at + 1;
                break;
            }
        }
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The scanner itself: it must see what is there, and nothing else.
mod scanner {
    use super::{judge, paths};

    #[test]
    fn arrows_up_are_found_with_their_line() {
        let text = "//! crate::cli::main in a comment\n\
                    use crate::text::Span;\n\
                    use crate::{\n    diag::Level,\n    report::{Format, Look as L},\n};\n\
                    fn f() { crate::check::check(\"crate::cli\") }\n";
        let faults = judge("src/rules/syntax/odd.rs", text);
        assert_eq!(faults.len(), 3, "{faults:#?}");
        assert!(faults[0].starts_with("src/rules/syntax/odd.rs:5: `crate::report::Format` points up"), "{}", faults[0]);
        assert!(faults[1].starts_with("src/rules/syntax/odd.rs:5: `crate::report::Look`"), "{}", faults[1]);
        assert!(faults[2].starts_with("src/rules/syntax/odd.rs:7: `crate::check::check`"), "{}", faults[2]);
        assert!(judge("src/check/engine.rs", text).iter().all(|fault| fault.contains("report")));
        assert!(judge("src/cli/check.rs", text).is_empty());
    }

    #[test]
    fn climbing_to_the_root_and_neighbours_on_a_floor_are_seen() {
        assert_eq!(judge("src/plan/size.rs", "use super::super::portfolio::Entry;\n").len(), 1);
        assert_eq!(judge("src/plan/size.rs", "use super::types::Plan;\n").len(), 0);
        assert_eq!(judge("src/policy/file.rs", "use crate::catalog::Metric;\n").len(), 1);
        assert_eq!(judge("src/attic/mod.rs", "").len(), 1);
    }

    #[test]
    fn the_world_is_named_by_its_rooms_only() {
        let text = "use std::{env, fs::File};\nlet now = std::time::SystemTime::now();\n";
        assert_eq!(judge("src/rules/odd.rs", text).len(), 3);
        assert_eq!(judge("src/cli/odd.rs", text).len(), 2);
        assert_eq!(judge("src/world/odd.rs", text).len(), 0);
        assert_eq!(judge("src/cli/odd.rs", "use std::process::ExitCode;\n").len(), 0);
        assert_eq!(judge("src/cli/odd.rs", "std::process::Command::new(x);\n").len(), 1);
    }

    #[test]
    fn unwrap_unsafe_and_printing_count_outside_tests_only() {
        let text = "fn f() { x.unwrap(); unsafe { y } println!(\"{z}\"); }\n\
                    #[cfg(test)]\nmod tests { fn g() { x.unwrap(); println!() } }\n\
                    fn h() { x.unwrap_or(1); let c = '\"'; let s = r#\"x.unwrap()\"#; let l: &'static str = s; }\n\
                    fn k() { x.unwrap(); }\n";
        let faults = judge("src/text/odd.rs", text);
        assert_eq!(faults.len(), 4, "{faults:#?}");
        assert!(faults[3].starts_with("src/text/odd.rs:5:"), "{faults:#?}");
    }

    #[test]
    fn braces_multiply_out() {
        let found: Vec<String> =
            paths("use a::{b, c::{d, e as f}, g};\nh::i()").into_iter().map(|(_, p)| p.join("::")).collect();
        assert_eq!(found, ["a::b", "a::c::d", "a::c::e", "a::g", "h::i"]);
    }
}
