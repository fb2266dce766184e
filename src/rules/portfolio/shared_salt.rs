//! PRT014 shared-salt.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Two experiments at one time hash the same units with the same salt.
    ///
    /// ## Why
    /// Whoever is in the treatment of one is in the treatment of the other: neither effect can be told from the sum.
    ///
    /// ## Source
    /// Tang et al., Overlapping Experiment Infrastructure, KDD 2010; Kohavi, Tang and Xu, Trustworthy Online Controlled
    /// Experiments, 2020.
    ///
    /// ```toml,bad
    /// [audience]
    /// salt = "2027-q1"
    /// #: twin checkout-form
    /// #: without audience.layer
    /// #: without experiment.surface
    /// [audience]
    /// salt = "2027-q1"
    /// ```
    /// ```toml,fixed
    /// audience.salt = "checkout-one-tap"
    /// ```
    /// ```toml,good
    /// [audience]
    /// salt = "checkout-one-tap-2"
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT014", name: "shared-salt", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for (_, group) in super::groups(cx.portfolio, |entry| vec![entry.salt.as_str()]) {
        for (index, entry) in group.iter().enumerate() {
            let shares = |other: &&&Entry| {
                let units = match (&other.unit, &entry.unit) {
                    (Some(a), Some(b)) => a == b,
                    _ => true,
                };
                units && !super::same_id(other, entry) && other.meets_in_time(entry) && !other.excludes(entry)
            };
            let other = group[..index].iter().rev().take(super::MOST_COMPARED).find(shares);
            if let Some(other) = other {
                out.push(super::about(shared(entry, other), entry));
            }
        }
    }
}

fn shared(entry: &Entry, other: &Entry) -> Diagnostic {
    let found = RULE
        .at(
            entry.salt_span.unwrap_or(entry.span),
            format!("two experiments at once share salt {}", quoted(&entry.salt)),
        )
        .label(super::common_days(entry, other))
        .also(other.salt_span.unwrap_or(other.span), format!("salt of {}", quoted(&other.id)))
        .help("take `salt` out: the id is then the salt");
    match entry.salt_span {
        Some(span) if *entry.salt != *entry.id => {
            let id = crate::text::printable(&entry.id);
            found.fix(
                Applicability::Suggested,
                format!("use the id `{id}`"),
                vec![Edit { span, replacement: format!("\"{id}\"") }],
            )
        }
        _ => found,
    }
}
