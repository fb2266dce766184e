//! AUD009 salt-reused.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// The salt of an earlier experiment is used again.
    ///
    /// ## Why
    /// Assignment repeats: whoever was treated before is treated again, and what is left of the old effect counts as new.
    ///
    /// ## Source
    /// Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [audience]
    /// salt = "checkout-form"
    /// #: twin checkout-form
    /// [rollout]
    /// start = 2026-10-05
    /// [decision]
    /// by = 2026-11-16
    /// [experiment]
    /// status = "archived"
    /// [results]
    /// decision = "iterate"
    /// learned = "the form was not the reason"
    /// ```
    /// ```toml,fixed
    /// audience.salt = "checkout-one-tap"
    /// ```
    /// ```toml,good
    /// [audience]
    /// salt = "checkout-one-tap-2"
    /// ```
    static RULE = {
        code: "AUD009", name: "salt-reused", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut by_salt: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &cx.portfolio.entries {
        by_salt.entry(&entry.salt).or_default().push(entry);
    }
    for group in by_salt.values_mut().filter(|group| 1 < group.len()) {
        // Those that are over came first; then by start.
        group.sort_by_key(|entry| (!entry.status.is_over(), entry.start.is_none(), entry.start, Arc::clone(&entry.id)));
        for (index, entry) in group.iter().enumerate() {
            let earlier = group[..index]
                .iter()
                .rev()
                .find(|other| same_unit(other, entry) && (other.status.is_over() || !other.meets_in_time(entry)));
            // Equal ids have equal salts; that is told of the ids.
            let Some(earlier) = earlier.filter(|earlier| !entry.status.is_over() && earlier.id != entry.id) else {
                continue;
            };
            out.push(reused(entry, earlier));
        }
    }
}

/// False when the ids are of different units, and never meet in one hash.
fn same_unit(a: &Entry, b: &Entry) -> bool {
    match (&a.unit, &b.unit) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn reused(entry: &Entry, earlier: &Entry) -> Diagnostic {
    let span = entry.salt_span.unwrap_or(entry.span);
    let mut found = RULE
        .at(span, format!("an earlier experiment used salt {}", quoted(&entry.salt)))
        .label(format!("assigns units as {} did", quoted(&earlier.id)))
        .also(earlier.salt_span.unwrap_or(earlier.span), format!("its status is {}", earlier.status))
        .help("take `salt` out: the id then salts the hash, and shuffles everybody");
    if let Some(span) = entry.salt_span.filter(|_| *entry.id != *entry.salt) {
        let id = crate::text::printable(&entry.id);
        found = found.fix(
            Applicability::Suggested,
            format!("use the id `{id}`"),
            vec![Edit { span, replacement: format!("\"{id}\"") }],
        );
    }
    found.experiment = Some(Arc::clone(&entry.id));
    found
}
