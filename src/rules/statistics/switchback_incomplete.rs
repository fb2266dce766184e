//! STA020 switchback-incomplete.

use crate::rules::prelude::*;

rule! {
    /// A switchback names no period or no wash-out.
    ///
    /// ## Why
    /// What was switched on in one period still acts in the next: without a wash-out both variants see both.
    ///
    /// ## Source
    /// DoorDash, Meet Dash-AB, 2022.
    ///
    /// ```toml,bad
    /// [design.switchback]
    /// period = "2 hours"
    /// ```
    /// ```toml,good
    /// [design.switchback]
    /// period = "2 hours"
    /// washout = "20 minutes"
    /// order = "random"
    /// ```
    static RULE = {
        code: "STA020", name: "switchback-incomplete", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(switchback) = cx.spec.design.value().and_then(|design| design.switchback.get()) else { return };
    let keys = [
        ("period", switchback.period.is_absent(), "period = \"2 hours\""),
        ("washout", switchback.washout.is_absent(), "washout = \"20 minutes\""),
    ];
    let lacks: Vec<_> = keys.iter().filter(|(_, absent, _)| *absent).collect();
    if !lacks.is_empty() && !cx.document.is_damaged() {
        let names = lacks.iter().map(|(key, ..)| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        let found = RULE.at(cx.home("design.switchback"), format!("the switchback has no {names}"));
        let found = found.label("one period acts on into the next");
        out.push(lacks.iter().fold(found, |found, (.., line)| found.help(format!("add `{line}`"))));
        return;
    }
    if let (Some(period), Some(washout)) = (switchback.period.get(), switchback.washout.get())
        && period.value <= washout.value
    {
        out.push(
            RULE.at(washout.span, "the wash-out takes the whole period")
                .label("nothing is left to analyse")
                .also(period.span, "the period")
                .help("make the period several times as long as the wash-out"),
        );
    }
}
