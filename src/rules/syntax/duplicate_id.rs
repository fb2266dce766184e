//! SYN004 duplicate-id.

use std::collections::HashMap;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Two specs have one id, or ids that differ only by letter case.
    ///
    /// ## Why
    /// Both write to one flag, share one set of buckets, and read each other's exposures as their own.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing repository and of Featurevisor.
    ///
    /// ```toml,bad
    /// #: file experiments/old/checkout-one-tap.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// status = "draft"
    /// [hypothesis]
    /// because = "half of the carts are abandoned on the payment page"
    /// [audience]
    /// salt = "old-checkout"
    /// ```
    /// ```toml,good
    /// [experiment]
    /// id = "checkout-one-tap"
    /// ```
    static RULE = {
        code: "SYN004", name: "duplicate-id", since: "0.1.0",
        level: Error, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut seen: HashMap<String, &Entry> = HashMap::with_capacity(cx.portfolio.entries.len());
    for entry in &cx.portfolio.entries {
        match seen.entry(entry.id.to_lowercase()) {
            std::collections::hash_map::Entry::Occupied(first) => {
                // The one that is not called so is the copy.
                let (first, second) = match (stem(first.get()) == &*entry.id, stem(entry) == &*entry.id) {
                    (false, true) => (entry, *first.get()),
                    _ => (*first.get(), entry),
                };
                out.push(duplicate(cx, first, second));
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(entry);
            }
        }
    }
}

fn stem(entry: &Entry) -> &str {
    let name = entry.path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".toml").unwrap_or(name)
}

fn duplicate(cx: &PortfolioCx<'_>, first: &Entry, second: &Entry) -> Diagnostic {
    let id = quoted(&second.id);
    let headline = if first.id == second.id {
        format!("id {id} is used by two specs")
    } else {
        format!("id {id} differs from {} only by letter case", quoted(&first.id))
    };
    let stem = stem(second);
    let portable = stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let free = portable && stem != &*second.id && cx.portfolio.get(stem).is_none();
    let way = if free {
        format!("write `id = \"{stem}\"`, as the file is called")
    } else {
        "give one of the two another id; `audience.salt` keeps the buckets of a running one".to_owned()
    };
    let mut found = RULE.at(second.span, headline).label("used here").also(first.span, "and here");
    found.experiment = Some(std::sync::Arc::clone(&second.id));
    found.help(way)
}
