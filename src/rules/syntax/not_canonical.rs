//! SYN016 not-canonical.

use crate::fmt::formatted;
use crate::rules::prelude::*;

rule! {
    /// A file is not in the layout that `expc fmt` gives it.
    ///
    /// ## Why
    /// With one layout a diff shows what was meant and nothing else. The rule is off until the policy turns it on;
    /// `expc fmt --check` asks the same of a whole workspace.
    ///
    /// ## Source
    /// Review practice of formatters; brave-variations formats its studies in CI.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [[overrides]]
    /// paths = ["catalog/seasons.toml"]
    /// rules = { SYN016 = "warn" }
    /// #: file catalog/seasons.toml
    /// #: alone
    /// schema=1
    /// ```
    /// ```toml,fixed
    /// #: file catalog/seasons.toml
    /// #: alone
    /// schema = 1
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [[overrides]]
    /// paths = ["catalog/seasons.toml"]
    /// rules = { SYN016 = "warn" }
    /// #: file catalog/seasons.toml
    /// #: alone
    /// schema = 1
    /// ```
    static RULE = {
        code: "SYN016", name: "not-canonical", since: "0.1.0",
        level: Allow, fix: Safe, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let document = cx.document;
    if document.is_damaged() {
        return;
    }
    let source = cx.workspace.sources.get(document.file);
    let text = &*source.text;
    let Some(wanted) = formatted(text).filter(|wanted| wanted != text) else { return };
    let (start, end) = differing_lines(text, &wanted);
    let place = Span::new(document.file, start, end);
    let (first, last) = (source.position(start).line, source.position(end.saturating_sub(1).max(start)).line);
    let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
    let shown = Span::new(document.file, start, start + source.line(first).len());
    out.push(RULE.at(shown, format!("the layout is not canonical, {lines}")).help("run `expc fmt`").fix(
        Applicability::Safe,
        "lay the file out",
        vec![Edit { span: place, replacement: wanted[start..wanted.len() - (text.len() - end)].to_owned() }],
    ));
}

/// The whole lines of the first text that are not the second's: equal ones before and behind are left out.
fn differing_lines(text: &str, other: &str) -> (usize, usize) {
    let same = |(a, b): &(&str, &str)| a == b;
    let length = |(line, _): (&str, &str)| line.len();
    let lines = || text.split_inclusive('\n').zip(other.split_inclusive('\n'));
    let start: usize = lines().take_while(same).map(length).sum();
    let most = text.len().min(other.len()) - start;
        let mut behind = 0;
    for (line, other) in text[start..].split_inclusive('\n').rev().zip(other[start..].split_inclusive('\n').rev()) {
        if line != other || most < behind + line.len() {
            break;
        }
        behind += line.len();
    }
    (start, text.len() - behind)
}
