//! GOV009 risk-undeclared.

use crate::rules::prelude::*;
use crate::spec::Risk;

rule! {
    /// The questions on risk are not all answered.
    ///
    /// ## Why
    /// The answers decide who must review; a question left out reads as a no that nobody gave.
    ///
    /// ## Source
    /// Mozilla Nimbus, risk questions of an experiment brief.
    ///
    /// ```toml,bad
    /// #: without risk.legal
    /// #: without risk.model
    /// ```
    /// ```toml,good
    /// [risk]
    /// level = "low"
    /// ```
    static RULE = {
        code: "GOV009", name: "risk-undeclared", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.risk) || cx.plan.status.value.is_over() {
        return;
    }
    let empty = Risk::default();
    let risk = cx.spec.risk.value().unwrap_or(&empty);
    let level = risk.level.is_absent().then_some("level");
    let open: Vec<&str> = level
        .into_iter()
        .chain(super::questions(risk).into_iter().filter(|(_, answer)| answer.is_absent()).map(|(name, _)| name))
        .collect();
    let headline = match open.as_slice() {
        [] => return,
        [one] => format!("the question on risk {} is not answered", quoted(one)),
        all if all.len() == 7 => "no question on risk is answered".to_owned(),
        many => format!("{} questions on risk are not answered", many.len()),
    };
    let lines: Vec<String> = open
        .iter()
        .map(|name| if *name == "level" { "level = \"low\"".to_owned() } else { format!("{name} = false") })
        .collect();
    out.push(
        RULE.at(cx.home("risk"), headline)
            .label(if cx.spec.risk.is_absent() { "no `[risk]`".to_owned() } else { format!("no {}", listed(open, 7)) })
            .help(format!("add to `[risk]` what is true: {}", lines.join(", "))),
    );
}
