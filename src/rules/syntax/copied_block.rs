//! SYN017 copied-block.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Three or more specs write the same conditions on their audience.
    ///
    /// ## Why
    /// When one copy is mended the others stay behind, and each needs its own count of units.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories: 305 metric expressions were copied across files in one of them.
    ///
    /// ```toml,bad
    /// audience.where = [{ attribute = "country", in = ["US"] }, { attribute = "platform", in = ["ios"] }]
    /// #: twin checkout-form
    /// audience.where = [{ attribute = "country", in = ["US"] }, { attribute = "platform", in = ["ios"] }]
    /// #: twin checkout-address
    /// audience.where = [{ attribute = "country", in = ["US"] }, { attribute = "platform", in = ["ios"] }]
    /// rollout.start = 2027-03-08
    /// decision.by = 2027-04-12
    /// ```
    /// ```toml,good
    /// audience.where = [{ attribute = "country", in = ["US"] }, { attribute = "platform", in = ["ios"] }]
    /// #: twin checkout-form
    /// audience.where = [{ attribute = "country", in = ["US"] }, { attribute = "platform", in = ["ios"] }]
    /// ```
    static RULE = {
        code: "SYN017", name: "copied-block", since: "0.1.0",
        level: Info, needs: [Portfolio],
        check: Portfolio(check),
    }
}

/// One condition is too little to name; two copies are a coincidence.
const CONDITIONS: usize = 2;
const COPIES: usize = 3;

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut copies: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
    let open = cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over());
    for entry in open.filter(|entry| CONDITIONS <= entry.own_conditions) {
        // Conditions that read the same are held once.
        copies.entry(Arc::as_ptr(&entry.conditions).cast::<()>() as usize).or_default().push(entry);
    }
    for entries in copies.into_values().filter(|entries| COPIES <= entries.len()) {
        let (first, others) = (entries[0], &entries[1..]);
        let headline = format!("{} specs write the same {} conditions", entries.len(), first.own_conditions);
        let mut found = RULE.at(first.span, headline).label("the first of them");
        for other in others.iter().take(3) {
            found = found.also(other.span, "the same `audience.where`");
        }
        let names = listed(entries.iter().map(|entry| &*entry.id), 4);
        out.push(
            found
                .fact("specs", entries.len() as f64)
                .help("name them once: `[audiences.…]` in the catalogue, with their `daily_units`")
                .help(format!("then write `base = \"…\"` in `[audience]` of {names}")),
        );
    }
}
