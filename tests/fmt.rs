//! The canonical layout: what it settles, and that it changes nothing else.

#[path = "support/cases.rs"]
mod cases;

use std::path::{Path, PathBuf};

use expc::fmt::formatted;
use proptest::prelude::*;

fn laid_out(text: &str) -> String {
    formatted(text).expect("the text is TOML")
}

#[test]
fn pairs_that_stand_together_share_a_column() {
    let text = "a=1\nlonger   =   2\n\nb = 3\n# a remark\nmuch_longer = 4\n";
    assert_eq!(laid_out(text), "a      = 1\nlonger = 2\n\nb = 3\n# a remark\nmuch_longer = 4\n");
}

#[test]
fn a_header_has_one_blank_line_above_it_and_none_below() {
    let text =
        "\n\nschema = 1\n[a]\n\n\nx = 1\n\n\n# of b\n# more of b\n[ b . \"c d\" ]\ny = 1\n[[ list ]]\n[[list]]\n";
    let wanted = "schema = 1\n\n[a]\nx = 1\n\n# of b\n# more of b\n[b.\"c d\"]\ny = 1\n\n[[list]]\n\n[[list]]\n";
    assert_eq!(laid_out(text), wanted);
}

#[test]
fn a_comment_stays_where_it_was_said() {
    let text = "# head\n\n# of a\na = 1   # beside a\n# last of all\n";
    assert_eq!(laid_out(text), "# head\n\n# of a\na = 1 # beside a\n# last of all\n");
    assert_eq!(laid_out("[t] # beside t  \nx = 1"), "[t] # beside t\nx = 1\n");
    assert_eq!(laid_out("#:schema here\n#bare"), "#:schema here\n#bare\n");
}

#[test]
fn an_array_keeps_the_breaks_of_its_author() {
    let text = "a = [ 1,2 , 3, ]\nb = [\n1, 2,\n    3 # three\n  ]\nc = [\n\n# first\n\n\n\"x\"\n\n]\nd = [\n]\n";
    let wanted = "a = [1, 2, 3]\nb = [\n  1, 2,\n  3, # three\n]\nc = [\n  # first\n\n  \"x\",\n]\nd = []\n";
    assert_eq!(laid_out(text), wanted);
}

#[test]
fn a_list_of_tables_that_is_too_long_gets_a_line_for_each() {
    let stage = "{ name = \"a-stage-of-some-length\", share = \"5%\", hold = \"3 days\", gate = \"guardrails\" }";
    let text = format!("stages=[{stage},{stage}]\n");
    assert_eq!(laid_out(&text), format!("stages = [\n  {stage},\n  {stage},\n]\n"));
    let words = format!("a = [\"{}\", \"b\"]\n", "x".repeat(300));
    assert_eq!(laid_out(&words), words);
}

#[test]
fn an_inline_table_is_one_line_where_it_fits() {
    assert_eq!(laid_out("a={b=1,c . d=2}\ne = {}\n"), "a = { b = 1, c.d = 2 }\ne = {}\n");
    assert_eq!(laid_out("a = {\n b = 1,\n c = [\n 1\n],\n}\n"), "a = { b = 1, c = [\n  1,\n] }\n");
    assert_eq!(laid_out("a = {\nb = 1, # why\n}\n"), "a = {\n  b = 1, # why\n}\n");
}

#[test]
fn strings_are_copied_as_they_are() {
    let text = "a = \"\"\"\n  two  \n\n\n lines\"\"\"\nb = 'C:\\x'   \nc = '''\n[not]\n#no\n'''\n";
    assert_eq!(laid_out(text), text.replace("   \n", "\n"));
}

#[test]
fn line_ends_stay_what_they_are_and_a_mark_at_the_start_goes() {
    assert_eq!(laid_out("\u{feff}a = 1\r\n\r\n\r\nb=2"), "a = 1\r\n\r\nb = 2\r\n");
    assert_eq!(laid_out(""), "");
    assert_eq!(laid_out("\n\n  \n"), "");
}

#[test]
fn what_is_not_toml_is_left_alone() {
    for text in ["a = ", "[a", "= 1", "a = [1, 2", "\u{0}", "a = 1 b = 2"] {
        assert_eq!(formatted(text), None, "{text}");
    }
    assert_eq!(formatted(&format!("a = {}", "[".repeat(100_000))), None);
    assert_eq!(formatted(&format!("a = {}{}", "[".repeat(200), "]".repeat(200))), None);
}

/// Every TOML file of the repository that people wrote.
fn corpus() -> Vec<(PathBuf, String)> {
    fn below(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                found.extend(std::fs::read_to_string(&path).ok().map(|text| (path, text)));
            }
        }
    }
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    below(&root.join("examples"), &mut found);
    below(&root.join("tests"), &mut found);
    found.sort();
    assert!(20 < found.len());
    found
}

/// The values without their places, and the comments in order.
fn meaning(text: &str) -> (toml::Table, Vec<String>) {
    use toml_parser::lexer::TokenKind;
    let table = text.parse().expect("the text is TOML");
    let comments = toml_parser::Source::new(text).lex();
    let comments = comments.filter(|token| token.kind() == TokenKind::Comment);
    let comments = comments.map(|token| text[token.span().start()..token.span().end()].trim_end().to_owned());
    (table, comments.collect())
}

fn holds(name: &str, text: &str) {
    if text.parse::<toml::Table>().is_err() {
        return;
    }
    let once = formatted(text).unwrap_or_else(|| panic!("{name} is TOML and has no layout:\n{text}"));
    assert_eq!(meaning(text.trim_start_matches('\u{feff}')), meaning(&once), "{name} means something else:\n{once}");
    assert_eq!(formatted(&once).as_deref(), Some(once.as_str()), "{name} has two layouts");
    assert!(once.is_empty() || once.ends_with('\n'));
    assert!(!once.starts_with('\n'));
}

#[test]
fn every_file_of_the_repository_keeps_its_meaning() {
    for (path, text) in corpus() {
        holds(&path.display().to_string(), &text);
    }
}

/// The examples show the layout, and the specs that tests keep read alike.
#[test]
fn what_people_read_is_in_canonical_layout() {
    for folder in ["examples/shop", "tests/good", "tests/realworld"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let held: Vec<_> = corpus().into_iter().filter(|(path, _)| path.starts_with(&folder)).collect();
        assert!(10 < held.len(), "{}", folder.display());
        for (path, text) in held {
            let wanted = formatted(&text).expect("the file is TOML");
            let differs = text.lines().zip(wanted.lines()).find(|(a, b)| a != b);
            assert!(text == wanted, "{}: {differs:?}", path.display());
        }
    }
}

fn expc(arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_expc"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_lays_out_what_it_can_and_says_what_it_cannot() {
    let folder = tempfile::tempdir().expect("the system has a place for temporary files");
    let write = |path: &str, text: &str| {
        let full = folder.path().join(path);
        std::fs::create_dir_all(full.parent().expect("files lie in folders")).expect("a folder can be made");
        std::fs::write(full, text).expect("a file can be written");
    };
    write("expc.toml", "schema=1\n");
    write("experiments/a.toml", "# why\nschema = 1\n");
    write("experiments/b.toml", "schema = \n");
    let (code, out, err) = expc(&["fmt", "--check"], folder.path());
    assert_eq!((code, out.as_str()), (Some(1), "expc.toml\n"), "{err}");
    assert_eq!(
        err,
        "left alone: experiments/b.toml: it is not TOML; `expc check` says where\n1 of 3 files would be laid out anew\n"
    );
    let (code, out, _) = expc(&["fmt", "--diff"], folder.path());
    assert_eq!(code, Some(1));
    assert!(out.contains("-schema=1\n+schema = 1\n"), "{out}");
    assert_eq!(std::fs::read_to_string(folder.path().join("expc.toml")).expect("it is there"), "schema=1\n");
    let (code, ..) = expc(&["fmt", "expc.toml"], folder.path());
    assert_eq!(code, Some(0));
    assert_eq!(std::fs::read_to_string(folder.path().join("expc.toml")).expect("it is there"), "schema = 1\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("experiments/b.toml")).expect("it is there"), "schema = \n");
    // A file that is not TOML stays a reason to fail.
    assert_eq!(expc(&["fmt"], folder.path()).0, Some(1));
}

proptest! {
    #![proptest_config(cases::cases(400))]

    /// Spaces, blank lines, comments and line ends are thrown in where TOML allows them.
    #[test]
    fn no_mess_of_spaces_changes_the_meaning(
        which in any::<prop::sample::Index>(),
        mess in prop::collection::vec((any::<prop::sample::Index>(), 0..6usize), 0..40),
        crlf in any::<bool>(),
    ) {
        use toml_parser::lexer::TokenKind;
        let corpus = corpus();
        let (path, text) = which.get(&corpus);
        let tokens = toml_parser::Source::new(text).lex().into_vec();
        let mut at: Vec<(usize, usize)> =
            mess.iter().map(|(index, what)| (index.index(tokens.len()), *what)).collect();
        at.sort_unstable();
        let mut messy = String::new();
        let mut depth = 0usize;
        for (index, token) in tokens.iter().enumerate() {
            let raw = &text[token.span().start()..token.span().end()];
            match token.kind() {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            messy.push_str(match raw {
                "\n" if crlf => "\r\n",
                raw => raw,
            });
            for (_, what) in at.iter().filter(|(place, _)| *place == index) {
                let ends_line = token.kind() == TokenKind::Newline;
                let in_list = token.kind() == TokenKind::Comma && 0 < depth;
                messy.push_str(match (what, ends_line || in_list) {
                    (0, true) => "\n",
                    (1, true) => "  \n\n",
                    (2, true) => "# thrown in\n",
                    (3, true) => " #\n",
                    (4, _) if token.kind() == TokenKind::Comma || token.kind() == TokenKind::Equals => "   ",
                    _ => "",
                });
            }
        }
        holds(&path.display().to_string(), &messy);
    }

    /// Cut, doubled or shuffled text is never a panic.
    #[test]
    fn broken_text_is_never_a_panic(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        noise in "[\\[\\]{}=,.#\"'\\\\\\n\\r a1é\u{feff}]{0,12}",
    ) {
        let corpus = corpus();
        let (path, text) = which.get(&corpus);
        let cut = |index: prop::sample::Index| {
            let mut at = index.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (from, to) = (cut(from), cut(to));
        holds(&path.display().to_string(), &format!("{}{noise}{}", &text[..from], &text[to..]));
    }
}
