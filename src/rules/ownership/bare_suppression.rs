//! OWN008 bare-suppression.

use crate::rules::ignores::{Ignore, Named, Presence, What, is_reason};
use crate::rules::prelude::*;
use crate::rules::{CommentsCx, all};
use crate::spec::Day;
use crate::syntax::{Directive, Reach, Slip, SlipKind};

rule! {
    /// A comment that ignores a rule gives no reason, is over, or cannot be read, and so hides nothing.
    ///
    /// ## Why
    /// Exceptions grow silently: nobody mends what nobody remembers, and a misspelt one looks like one that works.
    ///
    /// ## How
    /// Write `# expc: ignore[STA002] until 2027-02-20: pilot, power judged by hand`.
    /// The brackets hold codes or names of rules, with commas between them; groups are refused.
    /// `until` and its date may be left out; the date is the last day on which the comment counts.
    /// The reason has at least two words.
    /// At the end of a line the comment stands for every value that begins or ends on that line, each from its key to
    /// its end; on a line of its own, for every value that begins on the next line.
    /// Comment lines that follow one another stand above the same line; an empty line between, or a closing bracket,
    /// leaves the comment above nothing.
    /// Beside or above `[table]` or `[[table]]` it stands for the table, up to the next header that is not below it.
    /// In comment lines before the first key or header, with an empty line after them, it stands for the file; so does
    /// `# expc: ignore-file[STA002]: why` anywhere before the first key or header.
    /// A finding is hidden when the comment names its rule and stands for all of its primary place; what is found in
    /// the catalogue, a template or expc.toml is ignored by a comment there.
    /// Never ignored: SYN018, SYN019, INT001, OWN008, OWN010, and what the policy lists in `never_ignore`.
    ///
    /// ```toml,bad
    /// [design]
    /// segments = ["platform"]  # expc: ignore[STA024]
    /// ```
    /// ```toml,bad
    /// # expc: ignore[STA024]: TODO
    /// [design]
    /// missing = "no event counts as zero"
    /// ```
    /// ```toml,bad
    /// # expc: ingore[STA024]: the segments are shown, never judged
    /// [design]
    /// missing = "no event counts as zero"
    /// ```
    /// ```toml,fixed
    /// #: leaves OWN010 the rule finds nothing there: `--fix` then takes the comment out
    /// # expc: ignore[STA024]: the segments are shown, never judged
    /// [design]
    /// ```
    /// ```toml,bad
    /// # expc: ignore[undrepowered]: the segments are shown, never judged
    /// [design]
    /// missing = "no event counts as zero"
    /// ```
    /// ```toml,fixed
    /// #: leaves OWN010 the rule finds nothing there: `--fix` then takes the comment out
    /// # expc: ignore[underpowered]: the segments are shown, never judged
    /// [design]
    /// ```
    /// ```toml,bad
    /// # expc: ignore[governance]: the data protection officer agreed
    /// [privacy]
    /// retention = "180 days"
    /// ```
    /// ```toml,bad
    /// # expc: ignore[SYN018]: the parser is wrong here
    /// [privacy]
    /// retention = "180 days"
    /// ```
    /// ```toml,good
    /// [privacy]
    /// retention = "900 days"  # expc: ignore[GOV006] until 2027-02-20: a court order asks for it
    /// ```
    static RULE = {
        code: "OWN008", name: "bare-suppression", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Clock],
        check: Comments(check),
    }
}

/// A text with more faulty comments than this is no spec: the rest is only counted.
const MOST: usize = 100;

fn check(cx: &CommentsCx<'_>, out: &mut Sink) {
    let mut found = Vec::new();
    for ignore in cx.ignores {
        judge(cx, ignore, &mut found);
    }
    let left_out = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    if let Some(last) = found.last_mut().filter(|_| 0 < left_out) {
        last.help.push(format!("{left_out} more such comments follow"));
    }
    found.into_iter().for_each(|finding| out.push(finding));
    if cx.today.is_none() && cx.ignores.iter().any(|ignore| ignore.until.is_some()) {
        out.skip(Context::Clock, "no date to judge `until` against");
    }
}

fn judge(cx: &CommentsCx<'_>, ignore: &Ignore, found: &mut Vec<Diagnostic>) {
    let directive = &ignore.directive;
    if let Some(slip) = &directive.slip {
        return found.push(unreadable(cx, directive, slip));
    }
    if let Some(date) = directive.until.as_ref().filter(|_| ignore.until.is_none()) {
        return found.push(no_day(date));
    }
    match directive.stands_for {
        Reach::File | Reach::Text(_) => {}
        Reach::Nothing { gap } => return found.push(above_nothing(directive, gap)),
        Reach::BelowHead { head } => return found.push(below_head(cx, directive, head)),
    }
    found.extend(ignore.named.iter().filter_map(|named| unknown(directive, named)));
    if !is_reason(&directive.reason) {
        found.extend(no_reason(directive));
    } else if ignore.is_over(cx.today)
        // When nothing is left to hide, it is only unused.
        && ignore.rules().any(|(_, presence)| presence == Presence::Found)
        && let Some(date) = &directive.until
    {
        found.push(over(ignore, date));
    }
}

/// What is written there, with its rules: "`STA002`", "`STA002` and 1 more".
fn subject(directive: &Directive) -> String {
    listed(directive.rules.iter().map(|rule| rule.value.as_str()), 1)
}

const EFFECT: &str = "so the comment hides nothing";

fn unreadable(cx: &CommentsCx<'_>, directive: &Directive, slip: &Slip) -> Diagnostic {
    let written = cx.workspace.sources.slice(slip.span);
    let (headline, help) = match slip.kind {
        SlipKind::Empty => ("a comment says `expc:` and nothing else".to_owned(), FORM),
        SlipKind::Word => (format!("unknown directive {}", quoted(written)), FORM),
        SlipKind::Bare => ("a comment names no rule in brackets".to_owned(), FORM),
        SlipKind::NoRules => ("a comment names no rule between its brackets".to_owned(), FORM),
        SlipKind::Unclosed => ("a comment lacks the closing `]` behind its rules".to_owned(), FORM),
        SlipKind::Until if written.starts_with(|c: char| c.is_ascii_digit()) => {
            (format!("{} stands without `until` before it", quoted(written)), UNTIL)
        }
        SlipKind::Until => (format!("{} before a date is not `until`", quoted(written)), UNTIL),
        SlipKind::NoDate => ("`until` is followed by no date".to_owned(), UNTIL),
        SlipKind::NoColon => ("a comment has no colon before its reason".to_owned(), FORM),
    };
    // What is missing between two letters is shown at the letter before.
    let place = if slip.span.is_empty() { Span { start: slip.span.start.saturating_sub(1), ..slip.span } } else { slip.span };
    let found = RULE.at(place, headline);
    match &slip.instead {
        Some(instead) => {
            let label = if slip.kind == SlipKind::Word { format!("did you mean `{instead}`?") } else { EFFECT.to_owned() };
            let edit = Edit { span: slip.span, replacement: instead.clone() };
            found.label(label).fix(Applicability::Suggested, format!("write `{}`", instead.trim()), vec![edit])
        }
        None if slip.kind == SlipKind::Word => {
            found.label("not a directive").help(help).help("or begin the comment with another word")
        }
        None => {
            let hint = directive.rules.is_empty();
            found.label(EFFECT).help(if hint { FORM } else { help })
        }
    }
}

const FORM: &str = "write it like `# expc: ignore[STA002] until 2027-02-20: pilot, power judged by hand`";
const UNTIL: &str = "write a day behind `until`, like `until 2027-02-20`, or leave both out";

fn no_day(date: &At<String>) -> Diagnostic {
    let found = RULE.at(date.span, format!("{} is not a day of the calendar", quoted(date))).label(EFFECT);
    match meant(date) {
        Some(day) => {
            let edit = Edit { span: date.span, replacement: day.to_string() };
            found.fix(Applicability::Suggested, format!("write `{day}`"), vec![edit])
        }
        None => found.help(UNTIL),
    }
}

/// The day of a date with other signs or fewer digits: `2027/2/20`.
fn meant(date: &str) -> Option<Day> {
    let parts: Vec<u32> = date.split(['-', '/', '.']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [year, month, day] => format!("{year:04}-{month:02}-{day:02}").parse().ok(),
        _ => None,
    }
}

fn above_nothing(directive: &Directive, gap: Option<Span>) -> Diagnostic {
    let found = RULE
        .at(directive.comment, format!("the comment that ignores {} stands above nothing", subject(directive)))
        .label("no value begins on the next line");
    match gap {
        Some(span) => found.fix(
            Applicability::Suggested,
            "remove the empty line below it",
            vec![Edit { span, replacement: String::new() }],
        ),
        None => found.help("write it directly above a value or header, or at the end of its line"),
    }
}

fn below_head(cx: &CommentsCx<'_>, directive: &Directive, head: Span) -> Diagnostic {
    let source = cx.workspace.sources.get(directive.comment.file);
    let end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let moved = format!("{}{end}", source.slice(directive.comment));
    RULE.at(directive.comment, format!("`ignore-file` for {} stands below the first key", subject(directive)))
        .label("it counts only in the head of the file")
        .fix(
            Applicability::Suggested,
            "move it to the head of the file",
            vec![
                Edit { span: head, replacement: moved },
                Edit { span: directive.removal, replacement: String::new() },
            ],
        )
        .help("or write `ignore` for the value or table that it stands at")
}

fn unknown(directive: &Directive, named: &Named) -> Option<Diagnostic> {
    let Named { written, what, here } = named;
    let instead = |found: Diagnostic, names: &[&str]| {
        let edit = Edit { span: written.span, replacement: names.join(", ") };
        found.fix(Applicability::Suggested, format!("write {}", listed(names.iter().copied(), 5)), vec![edit])
    };
    match what {
        What::Rule(_) => None,
        What::Unknown => {
            let found = RULE.at(written.span, format!("no rule is called {}", quoted(written)));
            // What is found here is what the author wanted to hide.
            let near = nearest(written, here.iter().map(String::as_str))
                .or_else(|| nearest(written, all().flat_map(|rule| [rule.code, rule.name])));
            Some(match near {
                Some(near) => instead(found.label(format!("did you mean `{near}`?")), &[near]),
                None => found.label("hides nothing").help("`expc rules` lists codes and names"),
            })
        }
        What::Group(group) => {
            let headline = match group {
                Some(group) if *group == written.value => format!("`{group}` is a group, not a rule"),
                _ => format!("{} stands for many rules", quoted(written)),
            };
            let found = RULE.at(written.span, headline).label("hides nothing: a comment names each rule");
            let here: Vec<&str> = here.iter().map(String::as_str).collect();
            Some(match (group, here.is_empty()) {
                (_, false) => instead(found, &here),
                (Some(group), true) => found.help(format!("`expc rules --group {group}` lists its rules")),
                (None, true) => found.help("`expc rules` lists codes and names"),
            })
        }
        What::Protected(by) => {
            let found = RULE.at(written.span, format!("{} cannot be ignored", quoted(written)));
            let found = match by {
                Some(span) => found
                    .label("hides nothing")
                    .also(*span, "the policy protects it")
                    .help("mend what it finds, or ask the owners of the policy"),
                None => found.label("hides nothing").help("mend what it finds"),
            };
            Some(super::unused_suppression::without(found, directive, &[written], Applicability::Suggested))
        }
    }
}

fn no_reason(directive: &Directive) -> Option<Diagnostic> {
    let first = directive.rules.first()?;
    let help = "write behind a colon why it is right to ignore it here, in two words or more";
    Some(match directive.reason.value.as_str() {
        "" => RULE
            .at(directive.comment, format!("no reason is given to ignore {}", subject(directive)))
            .label("hides nothing without one")
            .help(format!("say why: `# expc: ignore[{}]: pilot, power judged by hand`", crate::text::printable(first))),
        reason => RULE
            .at(directive.reason.span, format!("{} is no reason to ignore {}", quoted(reason), subject(directive)))
            .label("hides nothing until it says why")
            .help(help),
    })
}

fn over(ignore: &Ignore, date: &At<String>) -> Diagnostic {
    let found = RULE
        .at(date.span, format!("{} was ignored until {}", subject(&ignore.directive), quoted(date).replace('`', "")))
        .label("hides nothing since")
        .help("mend what it hid, or set a later day and say why");
    let edit = Edit { span: ignore.directive.removal, replacement: String::new() };
    found.fix(Applicability::Suggested, "remove the comment", vec![edit])
}
