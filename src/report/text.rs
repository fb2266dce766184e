//! `text`: findings for a person at a terminal.
//!
//! A head that names level, code and fact; the lines it is about, drawn by miette from [`Frames`]; the ways out. Then
//! one line for the whole run. Infos take one line unless asked for. `narrated` says the same in sentences, because
//! miette's own narration counts columns wrongly when a finding has more than one frame.

use std::fmt;
use std::io;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode};

use super::frames::{Frames, MOST_LABELS};
use super::shown::{lines_bent, shown, waits, wrapped};
use super::verdict::{Counts, many, remarks, suppressed, verdict};
use super::{Format, Look, Report};
use crate::diag::{Applicability, Diagnostic, Fact, Label, Level};
use crate::text::Place;

pub(super) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn about(&self) -> &'static str {
        "frames with the lines concerned and the ways out, for people"
    }

    fn write(&self, report: &Report<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let page = Page { report, look: Look { width: look.width.max(NARROWEST), ..*look }, theme: theme(look) };
        let mut after_line = false;
        for finding in report.findings() {
            // Lines stand together; frames stand apart.
            let line = page.takes_one_line(finding);
            if after_line && !line {
                writeln!(out)?;
            }
            after_line = line;
            out.write_all(lines_bent(&page.finding(finding)).as_bytes())?;
        }
        if after_line {
            writeln!(out)?;
        }
        out.write_all(lines_bent(&page.closing()).as_bytes())
    }
}

/// Frames need this many columns.
const NARROWEST: usize = 40;

fn theme(look: &Look) -> GraphicalTheme {
    if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() }
}

struct Page<'a> {
    report: &'a Report<'a>,
    look: Look,
    theme: GraphicalTheme,
}

impl Page<'_> {
    fn finding(&self, finding: &Diagnostic) -> String {
        if self.takes_one_line(finding) {
            return self.line(finding);
        }
        if self.look.narrated { self.narration(finding) } else { self.drawing(finding) }
    }

    fn takes_one_line(&self, finding: &Diagnostic) -> bool {
        finding.level < Level::Warn && !self.look.verbose
    }

    /// `info[PLN004]: headline (experiments/banner.toml:3:1)`
    fn line(&self, finding: &Diagnostic) -> String {
        let Place { path, start, .. } = Place::of(self.report.sources, finding.primary.span);
        let head = self.paint(finding.level, &head(finding));
        let waits = waits(finding);
        format!("{head} {}{waits} ({}:{}:{})\n", shown(&finding.headline), shown(path), start.line, start.column)
    }

    fn drawing(&self, finding: &Diagnostic) -> String {
        let frames = Frames::of(self.report.sources, finding, self.look.width);
        let mut theme = self.theme.clone();
        // miette writes its mark for the severity before the message; ours is the head.
        let head = head(finding);
        theme.characters.error.clone_from(&head);
        theme.characters.warning.clone_from(&head);
        theme.characters.advice = head;
        // The primary label has the colour of the level, the others stand back.
        let styles = &theme.styles;
        let (primary, other) = match finding.level {
            Level::Error => (styles.error, styles.advice),
            Level::Warn => (styles.warning, styles.advice),
            Level::Info | Level::Allow => (styles.advice, styles.linum),
        };
        let mut colours: Vec<_> = frames.primaries().map(|yes| if yes { primary } else { other }).collect();
        colours.push(primary);
        theme.styles.highlights = colours;

        let left_out = frames.left_out;
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(self.look.width)
            // Frames reads no context lines as the question where a label is.
            .with_context_lines(1)
            .without_syntax_highlighting();
        let drawn = Drawn { headline: shown(&finding.headline), level: finding.level, frames };
        let mut text = String::new();
        if handler.render_report(&mut text, &drawn).is_err() {
            return self.narration(finding);
        }
        let mut text = text.trim_start_matches(' ').to_owned();
        if 0 < left_out {
            let more = format!("{}, not drawn; --format json lists them", many(left_out, "place"));
            text.push_str(&self.note("also:", &more));
        }
        text.push_str(&self.notes(finding));
        text.push('\n');
        text
    }

    /// The same in sentences: no frame, no columns to line up.
    fn narration(&self, finding: &Diagnostic) -> String {
        let mut text = format!("{} {}\n", self.paint(finding.level, &head(finding)), shown(&finding.headline));
        let labels = std::iter::once(&finding.primary).chain(&finding.secondary);
        for (at, label) in labels.take(MOST_LABELS).enumerate() {
            text.push_str(&self.note(if at == 0 { "at" } else { "see" }, &self.whereabouts(label)));
        }
        let left_out = (1 + finding.secondary.len()).saturating_sub(MOST_LABELS);
        if 0 < left_out {
            let more = format!("{}, not named; --format json lists them", many(left_out, "place"));
            text.push_str(&self.note("also:", &more));
        }
        text.push_str(&self.notes(finding));
        text.push('\n');
        text
    }

    /// `experiments/banner.toml line 3 column 9, "0.10": 36,400 users a variant`
    fn whereabouts(&self, label: &Label) -> String {
        let Place { path, start, end, text, .. } = Place::of(self.report.sources, label.span);
        let mut said = format!("{} line {} column {}", shown(path), start.line, start.column);
        if start.line < end.line {
            said.push_str(&format!(" to line {}", end.line));
        } else if !text.is_empty() && end.column - start.column <= LONGEST_QUOTE {
            said.push_str(&format!(", `{}`", shown(text)));
        }
        if !label.text.is_empty() {
            said.push_str(&format!(": {}", shown(&label.text)));
        }
        said
    }

    /// The lines under the frames: ways out, fixes, facts, where to read on.
    fn notes(&self, finding: &Diagnostic) -> String {
        let mut text = String::new();
        for help in &finding.help {
            text.push_str(&self.note("help:", &shown(help)));
        }
        if let Some(day) = &finding.error_from {
            text.push_str(&self.note("note:", &format!("becomes an error on {}", shown(day))));
        }
        for fix in &finding.fixes {
            let kind = match fix.applicability {
                Applicability::Safe => "fix (safe):",
                Applicability::Suggested => "fix (suggested):",
            };
            text.push_str(&self.note(kind, &shown(&fix.title)));
        }
        if self.look.verbose && !finding.facts.is_empty() {
            let facts: Vec<_> = finding.facts.iter().map(|(name, fact)| format!("{name} = {}", said(fact))).collect();
            text.push_str(&self.note("facts:", &facts.join(", ")));
        }
        text.push_str(&self.note("more:", &format!("expc explain {}", shown(&finding.code))));
        text
    }

    /// `  kind text`, wrapped under its first word.
    fn note(&self, kind: &str, text: &str) -> String {
        let indent = 2 + kind.chars().count() + 1;
        let lines = wrapped(text, self.look.width.saturating_sub(indent).max(24));
        let kind = self.theme.styles.help.style(kind);
        format!("  {kind} {}\n", lines.join(&format!("\n{}", " ".repeat(indent))))
    }

    /// The verdict and what was skipped.
    fn closing(&self) -> String {
        let verdict = verdict(self.report);
        let mut text = match Counts::of(self.report).worst() {
            Some(level) => self.paint(level, &verdict),
            None => verdict,
        };
        text.push('\n');
        let hidden = suppressed(self.report, self.look.verbose);
        for line in hidden.iter().chain(&remarks(self.report, self.look.verbose)) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn paint(&self, level: Level, text: &str) -> String {
        let styles = &self.theme.styles;
        let style = match level {
            Level::Error => styles.error,
            Level::Warn => styles.warning,
            Level::Info | Level::Allow => styles.advice,
        };
        style.style(text).to_string()
    }
}

/// A quote that is longer is not read out.
const LONGEST_QUOTE: usize = 60;

/// `error[STA002]:`
fn head(finding: &Diagnostic) -> String {
    format!("{}[{}]:", finding.level.name(), shown(&finding.code))
}

fn said(fact: &Fact) -> String {
    match fact {
        Fact::Number(number) => number.to_string(),
        Fact::Text(text) => shown(text),
    }
}

/// A finding as miette sees it.
#[derive(Debug)]
struct Drawn {
    headline: String,
    level: Level,
    frames: Frames,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(match self.level {
            Level::Error => Severity::Error,
            Level::Warn => Severity::Warning,
            Level::Info | Level::Allow => Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.frames)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.frames.labels()))
    }
}
