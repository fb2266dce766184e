//! Comments for findings that are to stay: `expc check --add-ignore`.
//!
//! A comment goes to the end of the line of its finding when it fits there, the line has none and it hides no more
//! than one above would; else above it; else above the next value or table around it, and at last to the head of the
//! file. One comment serves all findings of its place. The text is only added to: layout and line ends stay.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use super::fixes::{Change, applied};
use crate::diag::{Diagnostic, Edit};
use crate::portfolio::Workspace;
use crate::rules;
use crate::rules::ignores::{NEVER_IGNORED, protected_by};
use crate::syntax::{Lines, head};
use crate::text::{FileId, Source, Span};

/// What is written, and what is not.
#[derive(Debug, Default)]
pub struct Additions {
    /// The files that get comments, by their paths in the workspace.
    pub changes: BTreeMap<String, Change>,
    pub comments: usize,
    /// How many findings they hide.
    pub hidden: usize,
    /// Findings that no comment can hide, by index, and why.
    pub left: Vec<(usize, &'static str)>,
}

/// Comments for the findings that are wanted.
pub fn add_ignores(
    workspace: &Workspace,
    outcome: &Outcome,
    wanted: impl Fn(&Diagnostic) -> bool,
    until: Option<&str>,
    reason: &str,
) -> Additions {
    let mut additions = Additions::default();
    let findings = &outcome.findings;
    let unread: BTreeSet<FileId> = findings
        .iter()
        .filter(|finding| matches!(&*finding.code, "SYN018" | "SYN019"))
        .map(|finding| finding.primary.span.file)
        .collect();
    let mut by_file: BTreeMap<FileId, Vec<&Diagnostic>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| wanted(finding)) {
        match refusal(workspace, finding, &unread) {
            Some(why) => additions.left.push((index, why)),
            None => {
                additions.hidden += 1;
                by_file.entry(finding.primary.span.file).or_default().push(finding);
            }
        }
    }
    let until = until.map_or_else(String::new, |day| format!(" until {day}"));
    for (file, findings) in by_file {
        let source = workspace.sources.get(file);
        let page = Page { file, source, lines: Lines::new(&source.text), ending: format!("{until}: {reason}") };
        let edits = page.edits(&findings);
        additions.comments += edits.len();
        let after = applied(&workspace.sources, &edits).remove(&file).unwrap_or_default();
        additions.changes.insert(source.path.clone(), Change { before: source.text.clone(), after });
    }
    additions
}

/// Why no comment hides a finding.
fn refusal(workspace: &Workspace, finding: &Diagnostic, unread: &BTreeSet<FileId>) -> Option<&'static str> {
    let rule = rules::find_known(workspace, &finding.code);
    let path = workspace.sources.path(finding.primary.span);
    let protected = || rule.is_some_and(|rule| protected_by(&workspace.in_force.policy(path), rule).is_some());
    match () {
        () if NEVER_IGNORED.contains(&&*finding.code) => Some("it cannot be ignored"),
        () if unread.contains(&finding.primary.span.file) => Some("its file cannot be read to its end"),
        () if protected() => Some("the policy protects its rule"),
        () => None,
    }
}

/// Where a comment goes, in the order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Head,
    Above(usize),
    Beside(usize),
}

/// A file that gets comments.
struct Page<'a> {
    file: FileId,
    source: &'a Source,
    lines: Lines,
    /// What every comment ends with.
    ending: String,
}

impl Page<'_> {
    fn edits(&self, findings: &[&Diagnostic]) -> Vec<Edit> {
        let mut spots: BTreeMap<Spot, BTreeSet<&str>> = BTreeMap::new();
        for finding in findings {
            spots.entry(self.spot(finding.primary.span)).or_default().insert(&finding.code);
        }
        // A line that grew too long for all of its codes gets its comment above.
        let mut settled: BTreeMap<Spot, BTreeSet<&str>> = BTreeMap::new();
        for (spot, codes) in spots {
            let spot = match spot {
                Spot::Beside(line) if !self.fits(line, &codes) && self.serves_above(line) => Spot::Above(line),
                spot => spot,
            };
            settled.entry(spot).or_default().extend(codes);
        }
        let mut edits: Vec<Edit> = settled.iter().map(|(spot, codes)| self.edit(*spot, codes)).collect();
        edits.sort_by_key(|edit| edit.span);
        edits
    }

    /// The place from which a comment covers the least that holds a finding.
    fn spot(&self, place: Span) -> Spot {
        if place.end == 0 {
            return Spot::Head;
        }
        let covers = |range: &Option<std::ops::Range<usize>>| {
            range.as_ref().is_some_and(|range| range.start <= place.start as usize && place.end as usize <= range.end)
        };
        let length = |range: Option<std::ops::Range<usize>>| range.map_or(usize::MAX, |range| range.len());
        let first = self.lines.line_of(place.start as usize);
        for line in (0..=first).rev() {
            let (beside, above) = (self.lines.beside(line), self.lines.above(line));
            let beside_is_free = !self.lines.ends_in_string(line) && !self.lines.has_comment(line);
            let above = Some(above).filter(|range| covers(range) && self.starts_free(line));
            let beside = Some(beside).filter(|range| covers(range) && beside_is_free);
            match (beside, above) {
                (Some(beside), Some(above)) if length(above.clone()) < length(beside.clone()) => {
                    return Spot::Above(line);
                }
                (Some(_), _) => return Spot::Beside(line),
                (None, Some(_)) => return Spot::Above(line),
                (None, None) => {}
            }
        }
        Spot::Head
    }

    /// True when a line can be put in above.
    fn starts_free(&self, line: usize) -> bool {
        line.checked_sub(1).is_none_or(|before| !self.lines.ends_in_string(before))
    }

    /// True when a comment above the line covers as much as one beside it.
    fn serves_above(&self, line: usize) -> bool {
        let (beside, above) = (self.lines.beside(line), self.lines.above(line));
        above.is_some() && above == beside && self.starts_free(line)
    }

    fn fits(&self, line: usize, codes: &BTreeSet<&str>) -> bool {
        const WIDEST: usize = 100;
        let width = self.source.line(line + 1).trim_end().chars().count();
        width + 2 + self.comment("ignore", codes).chars().count() <= WIDEST
    }

    fn comment(&self, word: &str, codes: &BTreeSet<&str>) -> String {
        let codes: Vec<&str> = codes.iter().copied().collect();
        format!("# expc: {word}[{}]{}", codes.join(", "), self.ending)
    }

    fn edit(&self, spot: Spot, codes: &BTreeSet<&str>) -> Edit {
        let text = &self.source.text;
        // The first line end speaks for the file.
        let end = if text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r')) { "\r\n" } else { "\n" };
        let insert = |at: usize, text: String| Edit { span: Span::new(self.file, at, at), replacement: text };
        match spot {
            Spot::Head => Edit {
                replacement: format!("{}{end}", self.comment("ignore-file", codes)),
                span: head(self.file, text),
            },
            Spot::Above(line) => {
                let start = self.lines.line_start(line);
                let line = &text[start..];
                let mark = if line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
                let line = &line[mark..];
                let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
                insert(start + mark, format!("{indent}{}{end}", self.comment("ignore", codes)))
            }
            Spot::Beside(line) => {
                let start = self.lines.line_start(line);
                let written = text[start..].lines().next().unwrap_or_default().trim_end();
                insert(start + written.len(), format!("  {}", self.comment("ignore", codes)))
            }
        }
    }
}
