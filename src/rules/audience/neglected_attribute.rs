//! AUD021 neglected-attribute.

use crate::rules::metrics::neglected_event::{Neglect, tell};
use crate::rules::prelude::*;

rule! {
    /// An attribute that experiments target or segment by lacks owner or data class, or was not reviewed of late.
    ///
    /// A first review is asked for where the policy writes `max_review_age`, or is strict. Told once, in the catalogue.
    ///
    /// ## Why
    /// Without a data class nobody knows what may be targeted, and without an owner nobody can be asked.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 30, records of processing.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without attributes.country.data_class
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without attributes.platform.owner
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// reviewed = 2025-06-01
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// reviewed = 2026-09-01
    /// ```
    static RULE = {
        code: "AUD021", name: "neglected-attribute", since: "0.1.0",
        level: Warn, needs: [Catalog, Policy],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let attributes = cx.catalog.attributes.iter().map(|(name, span, attribute)| {
        let mut neglect = Neglect::of("attribute", name, span, &attribute.owner, &attribute.reviewed, cx);
        if attribute.data_class.is_absent() {
            neglect.lacks.push("data_class");
        }
        neglect
    });
    tell(&RULE, cx, attributes.collect(), out);
}
