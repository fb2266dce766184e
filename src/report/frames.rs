//! The lines around the labels of one finding, cut to what a person can read, in the shape that miette draws.
//!
//! miette takes one source a diagnostic and scans it from its start for every label. It is given [`Frames`] instead: the few
//! lines that matter, from all files, laid end to end. Each run of lines is one window; miette reads a window when
//! it asks for the lines around a label, and cannot join two of them into one frame. Line numbers, columns and paths
//! stay those of the files. Lines are cut before they are laid down, so the cost is that of what is drawn.

use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::shown::{bend, shown, wrapped};
use crate::diag::{Diagnostic, Label};
use crate::text::{FileId, Position, Source, Sources, printable_same_length};

/// Labels drawn for one finding; the rest is counted.
pub(super) const MOST_LABELS: usize = 12;

/// A label over more lines than this is drawn on its first.
const TALLEST: usize = 8;

/// What is drawn of one finding.
#[derive(Debug)]
pub(super) struct Frames {
    /// All windows, end to end.
    text: String,
    windows: Vec<Window>,
    marks: Vec<Mark>,
    /// Labels that were not drawn.
    pub left_out: usize,
}

/// A run of lines of one file.
#[derive(Debug)]
struct Window {
    path: String,
    first_line: usize,
    lines: usize,
    range: Range<usize>,
}

/// A label, where it is drawn and where it really is.
#[derive(Debug)]
struct Mark {
    primary: bool,
    drawn: Range<usize>,
    position: Position,
    text: String,
}

/// A label in its file: lines from 1, bytes from the start of their line.
struct Spot<'a> {
    label: &'a Label,
    primary: bool,
    first: (usize, usize),
    last: (usize, usize),
    position: Position,
    /// The last line of a label that is too tall to draw.
    until: Option<usize>,
}

impl Frames {
    /// The frames of a finding on a terminal of so many columns.
    pub(super) fn of(sources: &Sources, finding: &Diagnostic, width: usize) -> Self {
        let labels = std::iter::once(&finding.primary).chain(&finding.secondary);
        let mut frames = Self { text: String::new(), windows: Vec::new(), marks: Vec::new(), left_out: 0 };
        let mut files: Vec<(FileId, Vec<Spot<'_>>)> = Vec::new();
        for (at, label) in labels.enumerate() {
            let Some(source) = sources.find(label.span.file).filter(|_| at < MOST_LABELS) else {
                frames.left_out += 1;
                continue;
            };
            let spot = Spot::of(source, label, at == 0);
            match files.iter_mut().find(|(file, _)| *file == label.span.file) {
                Some((_, spots)) => spots.push(spot),
                None => files.push((label.span.file, vec![spot])),
            }
        }
        for (file, spots) in &files {
            if let Some(source) = sources.find(*file) {
                frames.lay(source, spots, width);
            }
        }
        frames
    }

    /// Lays down the windows of one file: the one with the primary label first, the others in the order of the file.
    fn lay(&mut self, source: &Source, spots: &[Spot<'_>], width: usize) {
        let last_line = source.position(source.text.len()).line;
        // A line of context on both sides of the primary label; the other labels bring their own line only.
        let around = |spot: &Spot<'_>| match spot.primary {
            true => spot.first.0.saturating_sub(1).max(1)..(spot.last.0 + 1).min(last_line).max(spot.last.0) + 1,
            false => spot.first.0..spot.last.0 + 1,
        };
        let mut needed: Vec<Range<usize>> = spots.iter().map(around).collect();
        needed.sort_by_key(|lines| (lines.start, lines.end));
        let mut runs: Vec<Range<usize>> = Vec::new();
        for lines in needed {
            match runs.last_mut() {
                // One line between two runs costs less than a second frame.
                Some(run) if lines.start <= run.end + 1 => run.end = run.end.max(lines.end),
                _ => runs.push(lines),
            }
        }
        runs.sort_by_key(|run| !spots.iter().any(|spot| spot.primary && run.contains(&spot.first.0)));
        for run in runs {
            self.lay_window(source, run, spots, width);
        }
    }

    fn lay_window(&mut self, source: &Source, lines: Range<usize>, spots: &[Spot<'_>], width: usize) {
        let start = self.text.len();
        let here: Vec<_> = spots.iter().filter(|spot| lines.contains(&spot.first.0)).collect();
        let mut drawn: Vec<Range<usize>> = vec![0..0; here.len()];
        let pointed = |line: usize| here.iter().any(|spot| (spot.first.0..=spot.last.0).contains(&line));
        let idle = |line: &usize| !pointed(*line) && source.line(*line).trim().is_empty();
        let first = lines.clone().find(|line| !idle(line)).unwrap_or(lines.start);
        let last = lines.clone().rev().find(|line| !idle(line)).unwrap_or(lines.start);
        for line in first..=last {
            let content = source.line(line);
            let starts = here.iter().filter(|spot| spot.first.0 == line).map(|spot| spot.first.1);
            let ends = here.iter().filter(|spot| spot.last.0 == line).map(|spot| spot.last.1);
            let anchors: Vec<_> = starts.chain(ends).collect();
            let cut = Cut::of(content, &anchors, width.saturating_sub(12).max(28));
            let base = self.text.len();
            self.text.push_str(&cut.text);
            self.text.push('\n');
            for (spot, drawn) in here.iter().zip(&mut drawn) {
                if spot.first.0 == line {
                    drawn.start = base + cut.place(spot.first.1);
                }
                if spot.last.0 == line {
                    drawn.end = base + cut.place(spot.last.1);
                }
            }
        }
        for (spot, drawn) in here.iter().zip(drawn) {
            let drawn = drawn.start..drawn.end.max(drawn.start);
            let column = self.text[..drawn.start].chars().rev().take_while(|&c| c != '\n').count();
            let text = spot.text(width.saturating_sub(column + 14).max(32));
            match self.marks.iter_mut().find(|mark| mark.drawn == drawn) {
                // Two labels on the same text share a mark, else miette draws the second one behind the first.
                Some(mark) if text.is_empty() || mark.text.is_empty() => mark.text.push_str(&text),
                Some(mark) => mark.text = format!("{}\n{text}", mark.text),
                None => self.marks.push(Mark { primary: spot.primary, drawn, position: spot.position, text }),
            }
        }
        self.windows.push(Window {
            path: shown(&source.path),
            first_line: first,
            lines: last + 1 - first,
            range: start..self.text.len(),
        });
    }

    /// The labels as miette wants them.
    pub(super) fn labels(&self) -> impl Iterator<Item = LabeledSpan> {
        self.marks.iter().map(|mark| {
            let text = Some(mark.text.clone()).filter(|text| !text.is_empty());
            let span = SourceSpan::from((mark.drawn.start, mark.drawn.len()));
            if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })
    }

    /// For each label, in the order in which miette colours them, whether it is the primary one.
    pub(super) fn primaries(&self) -> impl Iterator<Item = bool> {
        let mut marks: Vec<_> = self.marks.iter().map(|mark| (mark.drawn.start, mark.primary)).collect();
        marks.sort_by_key(|(start, _)| *start);
        marks.into_iter().map(|(_, primary)| primary)
    }
}

impl SourceCode for Frames {
    /// The window around a span, whole. Without context lines miette asks for a label's own line and column, to print
    /// them in the head of a frame.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let inside = |window: &&Window| window.range.start <= start && end <= window.range.end;
        let window = self.windows.iter().rev().find(inside).ok_or(MietteError::OutOfBounds)?;
        let mark = self.marks.iter().filter(|_| before == 0).find(|mark| mark.drawn.start == start);
        let (line, column) = match mark {
            Some(mark) => (mark.position.line - 1, mark.position.column - 1),
            None => (window.first_line - 1, 0),
        };
        let data = &self.text.as_bytes()[window.range.clone()];
        let span = SourceSpan::from((window.range.start, window.range.len()));
        Ok(Box::new(MietteSpanContents::new_named(window.path.clone(), data, span, line, column, window.lines)))
    }
}

impl<'a> Spot<'a> {
    fn of(source: &Source, label: &'a Label, primary: bool) -> Self {
        let start = source.floor(label.span.start as usize);
        let end = source.floor(label.span.end as usize).max(start);
        let position = source.position(start);
        let first = in_line(source, start, position.line);
        let mut last = if end == start { first } else { in_line(source, end, source.position(end).line) };
        // A label that takes a line end with it still ends on its own line.
        if last.1 == 0 && first.0 < last.0 {
            last = (last.0 - 1, source.line(last.0 - 1).len());
        }
        let until = (first.0 + TALLEST <= last.0).then_some(last.0);
        if until.is_some() {
            last = (first.0, source.line(first.0).len().max(first.1));
        }
        Self { label, primary, first, last, position, until }
    }

    fn text(&self, width: usize) -> String {
        let mut text = shown(&self.label.text);
        if let Some(line) = self.until {
            text = format!("{text} (to line {line})").trim_start().to_owned();
        }
        wrapped(&text, width).join("\n")
    }
}

/// The line and the byte in it; an offset inside a line end counts as the end of the line.
fn in_line(source: &Source, offset: usize, line: usize) -> (usize, usize) {
    let start = source.text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    (line, (offset - start).min(source.line(line).len()))
}

/// A line as it is drawn: whole when it fits, else the pieces around the anchors with `…` between them.
struct Cut {
    text: String,
    /// For each piece: its bytes in the line, and where it starts in the text.
    pieces: Vec<(Range<usize>, usize)>,
}

impl Cut {
    fn of(line: &str, anchors: &[usize], most: usize) -> Self {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        if line.char_indices().nth(most).is_none() {
            pieces.push(0..line.len());
        } else if anchors.is_empty() {
            pieces.push(0..forward(line, 0, most));
        } else {
            let mut anchors = anchors.to_vec();
            anchors.sort_unstable();
            anchors.dedup();
            let reach = (most / (2 * anchors.len())).max(6);
            for anchor in anchors {
                let piece = backward(line, anchor, reach)..forward(line, anchor, reach);
                match pieces.last_mut() {
                    Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
                    _ => pieces.push(piece),
                }
            }
        }
        let mut text = String::new();
        let mut placed = Vec::with_capacity(pieces.len());
        let mut end = 0;
        for piece in pieces {
            if end < piece.start {
                text.push('…');
            }
            end = piece.end;
            let start = text.len();
            text.push_str(&printable_same_length(&line[piece.clone()]));
            placed.push((piece, start));
        }
        if end < line.len() {
            text.push('…');
        }
        bend(&mut text);
        Self { text, pieces: placed }
    }

    /// Where a byte of the line is drawn.
    fn place(&self, byte: usize) -> usize {
        let piece = self.pieces.iter().rev().find(|(piece, _)| piece.start <= byte);
        piece.map_or(0, |(piece, start)| start + byte.min(piece.end) - piece.start)
    }
}

/// So many characters on from a byte, or the end.
fn forward(line: &str, from: usize, characters: usize) -> usize {
    line[from..].char_indices().nth(characters).map_or(line.len(), |(at, _)| from + at)
}

/// So many characters back from a byte, or the start.
fn backward(line: &str, from: usize, characters: usize) -> usize {
    line[..from].char_indices().rev().take(characters).last().map_or(from, |(at, _)| at)
}
