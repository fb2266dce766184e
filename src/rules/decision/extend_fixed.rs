//! DEC006 extend-fixed.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Action, Method};

rule! {
    /// A fixed-horizon design may be extended.
    ///
    /// ## Why
    /// Running on after a disappointing result is a hidden extra look: one extension at 5 % gives 8 % false wins.
    ///
    /// ## Source
    /// Eppo's protocols; Johari et al., Peeking at A/B Tests, KDD 2017.
    ///
    /// ```toml,bad
    /// [decision]
    /// otherwise = "extend"
    /// ```
    /// ```toml,fixed
    /// decision.otherwise = "iterate"
    /// ```
    /// ```toml,good
    /// [decision]
    /// otherwise = "iterate"
    /// ```
    static RULE = {
        code: "DEC006", name: "extend-fixed", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(table) = &cx.plan.decision else { return };
    let method = &cx.plan.design.method;
    if method.value != Method::Fixed {
        return;
    }
    let extends = table.rows.iter().filter_map(|row| row.then).chain(table.otherwise);
    let extends: Vec<_> = extends.filter(|action| action.value == Action::Extend).collect();
    let Some(first) = extends.first() else { return };
    let headline = "a fixed design may be extended: a hidden extra look".to_owned();
    let mut found = place::at_value(cx, &RULE, Some(first.span), "decision", headline)
        .label("looks again after a result was seen");
    for other in extends.iter().skip(1).take(3) {
        found = found.also(other.span, "and here");
    }
    if let Some(span) = method.span() {
        found = found.also(span, "looks once, at the end");
    }
    found = place::replace(cx, found, Applicability::Suggested, Some(first.span), "\"iterate\"");
    out.push(
        found
            .help("write \"iterate\" or \"stop\"")
            .help("or plan the second look: `method = \"group-sequential\"` with `looks` and `spending`"),
    );
}
