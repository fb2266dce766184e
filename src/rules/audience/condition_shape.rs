//! AUD018 condition-shape.

use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition};

rule! {
    /// A condition has no attribute, not exactly one comparison, or an empty list.
    ///
    /// ## Why
    /// Platforms read such a condition in different ways: as always true, as never true, or as its first comparison.
    ///
    /// ## Source
    /// Runs of the evaluators of six flag platforms.
    ///
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country" }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country", in = ["US"], is_not = "CA" }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country", in = [] }]
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "country", in = ["US"] }]
    /// ```
    static RULE = {
        code: "AUD018", name: "condition-shape", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for condition in super::own_conditions(cx) {
        if let Some(found) = fault(&RULE, condition).filter(|_| !cx.document.is_damaged()) {
            out.push(found);
        }
    }
}

/// What is wrong with the shape of a condition, whoever wrote it.
pub(super) fn fault(rule: &'static Rule, condition: &At<Condition>) -> Option<Diagnostic> {
    let known = "`is`, `in`, `not_in`, `semver`, `at_least`, `at_most`, `starts_with` or another comparison";
    let Some(name) = condition.attribute.get() else {
        let absent = condition.attribute.is_absent();
        return absent.then(|| {
            rule.at(condition.span, "a condition names no attribute")
                .label("no `attribute`")
                .help("add `attribute = \"…\"`, one of the catalogue")
        });
    };
    if condition.is_broken() {
        return None;
    }
    match condition.comparisons().as_slice() {
        [] => Some(
            rule.at(condition.span, format!("the condition on {} compares it with nothing", quoted(name)))
                .label("no comparison")
                .help(format!("add {known}")),
        ),
        [only] => match only.value {
            Comparison::In(list) | Comparison::NotIn(list) if list.is_empty() && !list.broken => {
                let never = matches!(only.value, Comparison::In(_));
                let what = if never { "nothing is in an empty list" } else { "an empty list keeps nobody out" };
                Some(
                    rule.at(only.span, format!("{what}: the condition on {}", quoted(name)))
                        .label("empty")
                        .help("list the values, or take the condition out"),
                )
            }
            _ => None,
        },
        [first, rest @ ..] => {
            let mut found = rule
                .at(rest[0].span, format!("the condition on {} makes {} comparisons", quoted(name), rest.len() + 1))
                .label("and this")
                .also(first.span, "asks for this");
            for more in rest.iter().skip(1).take(4) {
                found = found.also(more.span, "and this");
            }
            Some(found.help("write one condition for each: all of them must hold"))
        }
    }
}
