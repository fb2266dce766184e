//! STA020 switchback-incomplete.

use crate::rules::prelude::*;

rule! {
    /// A switchback names no period or no wash-out, or one as long as all that keeps one variant.
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
    /// #: file expc.toml
    /// [rules]
    /// STA005 = "allow"
    /// ```
    /// ```toml,bad
    /// [design.switchback]
    /// period = "2 hours"
    /// washout = "4 hours"
    /// block = 2
    /// #: file expc.toml
    /// [rules]
    /// STA005 = "allow"
    /// ```
    /// ```toml,good
    /// [design.switchback]
    /// period = "2 hours"
    /// washout = "20 minutes"
    /// order = "random"
    /// #: file expc.toml
    /// [rules]
    /// STA005 = "allow"
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
        && let periods = switchback.block.copied().unwrap_or(1).max(1)
        && i64::from(period.value.in_minutes()).saturating_mul(periods) <= i64::from(washout.value.in_minutes())
    {
        let what = if periods == 1 { "period".to_owned() } else { format!("block of {periods} periods") };
        let mut found = RULE
            .at(washout.span, format!("the wash-out takes the whole {what}"))
            .label("nothing is left to analyse")
            .also(period.span, "the period");
        if let Some(block) = switchback.block.get() {
            found = found.also(block.span, "periods that keep one variant");
        }
        out.push(found.help("make the period several times as long as the wash-out, or keep a variant for more periods"));
    }
}
