//! GOV006 retention.

use crate::rules::prelude::*;

rule! {
    /// Nobody says how long unit-level data is kept, or it is kept longer than the policy allows.
    ///
    /// ## Why
    /// Data is kept no longer than its purpose needs; a decided experiment needs its sums.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 5 (1) (e), storage limitation.
    ///
    /// ```toml,bad
    /// #: without privacy.retention
    /// ```
    /// ```toml,bad
    /// [privacy]
    /// retention = "900 days"
    /// ```
    /// ```toml,fixed
    /// privacy.retention = "365 days"
    /// ```
    /// ```toml,good
    /// [privacy]
    /// retention = "365 days"
    /// ```
    static RULE = {
        code: "GOV006", name: "retention", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.privacy) {
        return;
    }
    let most = &cx.policy.max_retention;
    let privacy = cx.spec.privacy.value();
    match privacy.map(|privacy| &privacy.retention) {
        None | Some(Field::Absent) => out.push(
            RULE.at(cx.home("privacy"), "nobody says how long unit-level data is kept")
                .label(if privacy.is_some() { "no `retention`" } else { "no `[privacy]`" })
                .help(format!("add `retention = \"{}\"` to `[privacy]`, or less", most.value)),
        ),
        Some(Field::Set(kept)) if most.value < kept.value => {
            let mut found = RULE
                .at(kept.span, format!("unit-level data is kept {}, longer than {}", kept.value, most.value))
                .label("longer than the policy allows")
                .fact("have", kept.value.in_days())
                .fact("most", most.value.in_days());
            if let Some(span) = most.span() {
                found = found.also(span, "the policy");
            }
            out.push(found.help("keep sums for longer, and unit-level data for less").fix(
                Applicability::Suggested,
                format!("keep it {}", most.value),
                vec![Edit { span: kept.span, replacement: format!("\"{}\"", most.value) }],
            ));
        }
        _ => {}
    }
}
