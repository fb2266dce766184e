//! EMI015 unreachable-rule.

use std::sync::Arc;

use crate::rules::prelude::*;

rule! {
    /// On the platform, a rule that catches everybody stands before that of a running experiment.
    ///
    /// ## Why
    /// Nobody is enrolled, and the plan waits for a sample that never comes.
    ///
    /// ## How
    /// `expc check --live growthbook=FILE` reads an export of the platform, once for each platform.
    ///
    /// ## Source
    /// Checks of GrowthBook; flagd takes the first condition of `if` that holds.
    ///
    /// ```toml,bad
    /// #: today 2027-01-15
    /// [experiment]
    /// status = "running"
    /// [emit]
    /// targets = ["growthbook"]
    /// #: live growthbook small
    /// /rules/0 + {"id": "launch", "force": {"layout": "one-tap"}}
    /// ```
    /// ```toml,bad
    /// #: today 2027-01-15
    /// [experiment]
    /// status = "running"
    /// #: live flagd small
    /// /targeting/if/0 + "control"
    /// /targeting/if/0 + true
    /// ```
    /// ```toml,good
    /// #: today 2027-01-15
    /// [experiment]
    /// status = "running"
    /// [emit]
    /// targets = ["growthbook"]
    /// #: live growthbook small
    /// ```
    static RULE = {
        code: "EMI015", name: "unreachable-rule", since: "0.1.0",
        level: Error, needs: [Live],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for compared in super::live::compared(cx, out) {
        let Some(caught) = compared.caught else { continue };
        let entry = compared.entry;
        let mut found = RULE
            .at(entry.flag_span, format!("nobody reaches {} on {}", quoted(&entry.id), compared.live.target.name))
            .label("its rule stands behind one for everybody")
            .also(caught, "catches everybody")
            .help("on the platform, remove that rule or move it behind the experiment");
        found.experiment = Some(Arc::clone(&entry.id));
        out.push(found);
    }
}
