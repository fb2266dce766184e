//! Edits as text work: what they replace, whether they meet, and what comes of them.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Edit};
use crate::text::{FileId, Sources, Span};

/// Makes the edits of findings fit the files they are for: a file with CRLF gets CRLF, and nothing stands before a
/// byte order mark. Every format prints what `--fix` would do, so this happens once, before anybody sees them.
pub(in crate::check) fn fit(sources: &Sources, findings: &mut [Diagnostic]) {
    let edits = findings.iter_mut().flat_map(|finding| &mut finding.fixes).flat_map(|fix| &mut fix.edits);
    for edit in edits {
        let Some(source) = sources.find(edit.span.file) else { continue };
        // What replaces the mark with the text behind it means to.
        if source.text.starts_with(MARK) && edit.span.end < MARK.len() as u32 {
            (edit.span.start, edit.span.end) = (MARK.len() as u32, MARK.len() as u32);
        }
        if edit.replacement.contains('\n') && ends_lines_with_crlf(&source.text) {
            edit.replacement = edit.replacement.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
}

const MARK: &str = "\u{feff}";

/// The first line end speaks for the file.
fn ends_lines_with_crlf(text: &str) -> bool {
    text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r'))
}

/// Two edits whose result would depend on their order, or that want the same text.
pub(super) fn meet(a: Span, b: Span) -> bool {
    if a.file != b.file {
        return false;
    }
    // What is put in at the border of a replaced text could belong to either side of it.
    if a.is_empty() || b.is_empty() { a.start <= b.end && b.start <= a.end } else { a.start < b.end && b.start < a.end }
}

/// Whether edits stand in their texts, inside them and on characters, do not meet, and change anything.
pub(super) fn are_sound(sources: &Sources, edits: &[Edit]) -> bool {
    let old = |edit: &Edit| sources.find(edit.span.file).and_then(|source| source.text.get(edit.span.range()));
    let apart = |(at, edit): (usize, &Edit)| !edits[..at].iter().any(|other| meet(other.span, edit.span));
    edits.iter().all(|edit| old(edit).is_some())
        && edits.iter().any(|edit| old(edit) != Some(&*edit.replacement))
        && edits.iter().enumerate().all(apart)
}

/// The texts after edits that do not meet, by file.
pub(in crate::check) fn applied<'a>(
    sources: &Sources,
    edits: impl IntoIterator<Item = &'a Edit>,
) -> BTreeMap<FileId, String> {
    let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(edit.span.file).or_default().push(edit);
    }
    let spliced = |(file, mut edits): (FileId, Vec<&Edit>)| {
        edits.sort_by_key(|edit| edit.span);
        let old = &sources.get(file).text;
        let mut new = String::with_capacity(old.len() + 64);
        let mut at = 0;
        for edit in edits {
            new.push_str(&old[at..edit.span.start as usize]);
            new.push_str(&edit.replacement);
            at = edit.span.end as usize;
        }
        new.push_str(&old[at..]);
        (file, new)
    };
    by_file.into_iter().map(spliced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Applicability, Level};
    use crate::text::Source;

    fn span(start: u32, end: u32) -> Span {
        Span { file: FileId(0), start, end }
    }

    #[test]
    fn edits_meet_when_their_order_would_matter() {
        assert!(meet(span(0, 2), span(1, 3)));
        assert!(!meet(span(0, 2), span(2, 3)));
        assert!(meet(span(2, 2), span(2, 2)));
        assert!(meet(span(0, 2), span(2, 2)));
        assert!(!meet(span(0, 2), span(3, 3)));
        assert!(!meet(span(0, 2), Span { file: FileId(1), ..span(0, 2) }));
    }

    #[test]
    fn edits_take_the_line_ends_of_their_file_and_stay_behind_its_mark() {
        let mut sources = Sources::default();
        sources.add(Source::new("a.toml", "\u{feff}a = 1\r\nb = 2\r\n"));
        let edit = Edit { span: span(0, 0), replacement: "schema = 1\n".to_owned() };
        let mut found = [Diagnostic::new("TST001", "test", Level::Error, span(0, 0), "x").fix(
            Applicability::Safe,
            "add it",
            vec![edit],
        )];
        fit(&sources, &mut found);
        let texts = applied(&sources, &found[0].fixes[0].edits);
        assert_eq!(texts[&FileId(0)], "\u{feff}schema = 1\r\na = 1\r\nb = 2\r\n");
    }
}
