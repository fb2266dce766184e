//! LIF002 locked-field-changed.

use super::sealed::{beside_amendment, covered, place_of, sealed_on};
use crate::change::{Change, Cover, FieldChange, What, taken_back, words};
use crate::portfolio::Lock;
use crate::rules::place::replace;
use crate::rules::prelude::*;
use crate::syntax::{Node, Value};

rule! {
    /// A part of the plan that was sealed is another now, and no amendment says so.
    ///
    /// Stages may be appended to a ramp without an amendment while they keep within the sealed share and are over by
    /// the sealed day of the decision.
    ///
    /// An amendment covers the change that it was written for: `values` holds a mark of what each field has become, and
    /// a field that changes again needs another amendment.
    ///
    /// ## Why
    /// A metric, a threshold or a rule that changes after the plan was sealed can be chosen to fit the data.
    ///
    /// ## Source
    /// CONSORT, item 6b; Kerr, HARKing: Hypothesizing After the Results are Known, 1998.
    ///
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [decision]
    /// otherwise = "stop"
    /// ```
    /// ```toml,fixed
    /// [decision]
    /// otherwise = "iterate"
    /// ```
    /// ```toml,good
    /// [experiment]
    /// title = "One tap"
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [experiment]
    /// title = "One-tap checkout"
    /// ```
    /// ```toml,good
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.85
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    /// ```toml,bad
    /// #: locked checkout-one-tap at 2026-11-20T09:00:00Z
    /// [design]
    /// power = 0.9
    /// [[amendments]]
    /// at = 2026-11-21
    /// by = "Priya Raman"
    /// reason = "finance asks for more certainty before the budget is fixed"
    /// data_access = "nothing-run"
    /// fields = ["design.power"]
    /// values = ["adb9c00de096d06b"]
    /// ```
    static RULE = {
        code: "LIF002", name: "locked-field-changed", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Registry],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some((lock, terms)) = super::sealed::seal(cx) else { return };
    let change = Change::of_plans(&lock.terms.plan, &terms.plan).held();
    for field in change.fields.iter().filter(|field| !field.foreseen) {
        // What could not be read is told already.
        let place = place_of(cx, field);
        let broken = |span: Span| cx.document.faults.iter().any(|fault| span.contains(fault.span));
        let cover = covered(cx, lock, field);
        if !cover.is_enough() && !place.is_some_and(broken) {
            out.push(changed(cx, lock, field, place, cover));
        }
    }
    for name in taken_back(&change.fields, lock.at.day(), cx.spec) {
        let id = crate::text::printable(&cx.compiled.stem);
        out.push(
            RULE.at(name.span, format!("{} was amended, and is what was sealed again", quoted(name)))
                .label("the amendment says another value")
                .also(lock.at.span, sealed_on(lock))
                .help("write the amended value again")
                .help(format!("or say why it went back: `expc amend {id}` drafts the amendment")),
        );
    }
}

fn changed(
    cx: &PlanCx<'_>,
    lock: &Lock,
    field: &FieldChange,
    place: Option<Span>,
    cover: Cover<'_>,
) -> Diagnostic {
    let path = field.dotted();
    let table = field.path.first().map_or("experiment", String::as_str);
    let headline = match field.what {
        _ if matches!(cover, Cover::Outdated(_)) => format!("{} was changed again since its amendment", quoted(&path)),
        What::Added(_) => format!("{} is not in the sealed plan", quoted(&path)),
        What::Removed(_) => format!("{} is in the sealed plan, and here no more", quoted(&path)),
        What::Changed(..) => format!("{} is not what the plan was sealed with", quoted(&path)),
        What::Reordered(..) => format!("{} has another order than the sealed plan", quoted(&path)),
    };
    let mut found = match place {
        Some(span) if span.file == cx.document.file => RULE.at(span, headline),
        Some(span) => RULE.at(cx.home(table), headline).also(span, "inherited from here"),
        None => RULE.at(cx.home(table), headline),
    };
    found = match (field.before(), field.after()) {
        (Some(before), Some(_)) if matches!(field.what, What::Changed(..)) => {
            found.label(format!("sealed as {}", words(before)))
        }
        (Some(_), None) => found.label("missing here"),
        _ => found.label(match field.what {
            What::Added(_) => "added since",
            _ => "in another order",
        }),
    };
    found = match field.before() {
        Some(before) => found.also(before.span, sealed_on(lock)),
        None => found.also(lock.at.span, sealed_on(lock)),
    };
    let id = crate::text::printable(&cx.compiled.stem);
    if let Cover::Outdated(_) = cover {
        // The amended value is in the history of the spec alone, so that no fix can write it.
        return beside_amendment(found, cover)
            .help("write the amended value again")
            .help(format!("or say why: `expc amend {id}` drafts another amendment"))
            .fact("class", field.class.name());
    }
    found = found
        .help(match &field.what {
            What::Added(_) => "take it back".to_owned(),
            What::Removed(before) | What::Changed(before, _) => again(cx, before),
            What::Reordered(..) => "put the old order back".to_owned(),
        })
        .help(format!("or say why: `expc amend {id}` drafts the amendment"))
        .fact("class", field.class.name());
    match &field.what {
        What::Changed(before, _) => match written(cx, before, place) {
            Some(text) => replace(cx, found, Applicability::Suggested, place, &text),
            None => found,
        },
        _ => found,
    }
}

/// How to write a sealed value again: itself, or the line of the lock that has it when it is too long for a line.
fn again(cx: &PlanCx<'_>, before: &Node) -> String {
    match words(before) {
        short if !short.ends_with('…') => format!("write `{short}` again"),
        _ => {
            let at = cx.workspace.sources.start(before.span).line;
            let path = crate::text::printable(cx.workspace.sources.path(before.span));
            format!("write again what line {at} of `{path}` has")
        }
    }
}

/// The sealed value in TOML; dates stay without quotes where the spec writes them so.
fn written(cx: &PlanCx<'_>, before: &Node, place: Option<Span>) -> Option<String> {
    match &before.value {
        Value::String(text) if place.is_some_and(|span| !cx.written(span).starts_with(['"', '\''])) => {
            text.parse::<crate::spec::Day>().ok().map(|day| day.to_string())
        }
        Value::String(text) => Some(toml::Value::String(text.clone()).to_string()),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Some(words(before)),
        _ => None,
    }
}
