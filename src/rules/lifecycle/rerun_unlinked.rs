//! LIF015 rerun-unlinked.

use std::collections::HashMap;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// An experiment repeats one that is over, and does not link to it.
    ///
    /// ## Why
    /// Repeats until lucky look like a first success; a replication that says so is worth more than the first run.
    ///
    /// ## Source
    /// Simmons, Nelson, Simonsohn, False-Positive Psychology, 2011; Kohavi, Tang, Xu, Trustworthy Online Controlled
    /// Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file experiments/checkout-first-try.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-first-try"
    /// flag = "checkout-one-tap"
    /// status = "archived"
    /// [hypothesis]
    /// because = "half of the carts are abandoned on the payment page"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "iterate"
    /// decided = 2027-02-15
    /// learned = "the button was below the fold"
    /// ```
    /// ```toml,good
    /// [experiment.links]
    /// previous = ["checkout-first-try"]
    /// #: file experiments/checkout-first-try.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-first-try"
    /// flag = "checkout-one-tap"
    /// status = "archived"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "iterate"
    /// decided = 2027-02-15
    /// learned = "the button was below the fold"
    /// ```
    static RULE = {
        code: "LIF015", name: "rerun-unlinked", since: "0.1.0",
        level: Warn, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let entries = &cx.portfolio.entries;
    let mut flags: HashMap<&str, Vec<&Entry>> = HashMap::new();
    let mut statements: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.status.is_over()) {
        flags.entry(&entry.flag).or_default().push(entry);
        if !entry.statement.is_empty() {
            statements.entry(&entry.statement).or_default().push(entry);
        }
    }
    if flags.is_empty() {
        return;
    }
    for entry in entries.iter().filter(|entry| !entry.status.is_over() && entry.complete) {
        let same_flag = flags.get(entry.flag.as_str()).into_iter().flatten();
        let same_words = statements.get(entry.statement.as_str()).into_iter().flatten();
        let earlier: Vec<&Entry> = same_flag.filter(|old| judged_alike(old, entry)).chain(same_words).copied().collect();
        // A link to one of a series tells the series.
        if earlier.is_empty() || earlier.iter().any(|old| entry.previous.iter().any(|id| **id == *old.id)) {
            continue;
        }
        // The same id twice has a rule of its own.
        let Some(old) = earlier.iter().rfind(|old| old.id != entry.id) else { continue };
        out.push(unlinked(entry, old));
    }
}

/// True when both have the same primary metrics, in the same order.
pub(in crate::rules) fn judged_alike(old: &Entry, entry: &Entry) -> bool {
    !old.primaries.is_empty() && old.primaries.iter().map(|at| &at.value).eq(entry.primaries.iter().map(|at| &at.value))
}

fn unlinked(entry: &Entry, old: &Entry) -> Diagnostic {
    let (place, what) = if entry.flag == old.flag {
        (entry.flag_span, "the same flag, judged by the same metrics")
    } else {
        (entry.statement_span.unwrap_or(entry.span), "the same hypothesis")
    };
    let mut found = RULE
        .at(place, format!("the spec repeats {} and does not link to it", quoted(&old.id)))
        .label(what)
        .also(old.span, format!("{} already", old.status))
        .help(format!("add `links.previous = [\"{}\"]`, and say what differs", crate::text::printable(&old.id)));
    found.experiment = Some(std::sync::Arc::clone(&entry.id));
    found
}
