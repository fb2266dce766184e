//! PRT012 crowded.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// More experiments run at once on one surface than the policy allows.
    ///
    /// ## Why
    /// Somebody must review them, watch them and clean up behind them.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// max_parallel = 1
    /// #: twin checkout-form
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [policy]
    /// max_parallel = 2
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT012", name: "crowded", since: "0.1.0",
        level: Info, needs: [Policy, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    // A surface belongs to no path, so the limit is that of `[policy]` alone.
    let limit = cx.workspace.in_force.policy("").max_parallel.clone();
    let most = usize::try_from(limit.value).unwrap_or(0);
    let key = |entry: &Entry| entry.surface.iter().map(|(name, _)| name.clone()).collect();
    for (surface, mut group) in super::groups(cx.portfolio, key) {
        group.retain(|entry| entry.is_live() && entry.start.is_some() && entry.end.is_some());
        group.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        let mut there: Vec<&Entry> = Vec::new();
        for entry in group {
            there.retain(|other| entry.start <= other.end);
            there.push(entry);
            let Some((_, span)) = entry.surface.as_ref().filter(|_| most < there.len()) else { continue };
            let day = entry.start.map_or_else(String::new, |day| day.to_string());
            let mut found = RULE
                .at(*span, format!("{} experiments on surface {} on {day}, more than {most}", there.len(), quoted(&surface)))
                .label("one too many")
                .fact("have", there.len() as f64)
                .fact("most", most as f64);
            for other in there.iter().rev().skip(1).take(4) {
                found = found.also(other.span, other.end.map_or_else(String::new, |end| format!("runs until {end}")));
            }
            if let Some(span) = limit.span() {
                found = found.also(span, "the policy");
            }
            let next = there.iter().filter_map(|other| other.end).min();
            if let Some(end) = next {
                found = found.help(format!("start on {} or later, when the first of them is over", end.plus(1)));
            }
            out.push(super::about(found, entry));
            // One finding a surface: the rest follow from it.
            break;
        }
    }
}
