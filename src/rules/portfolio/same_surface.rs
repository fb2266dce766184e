//! PRT005 same-surface.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Two experiments change one surface for one primary metric at the same time, and people can be in both.
    ///
    /// ## Why
    /// Interactions are rare; screens that were only tested with one of the two changes are not.
    ///
    /// ## Source
    /// Microsoft ExP, A/B Interactions: A Call to Relax; Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: twin checkout-form
    /// #: without audience.layer
    /// ```
    /// ```toml,good
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT005", name: "same-surface", since: "0.1.0",
        level: Info, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let key = |entry: &Entry| {
        let surface = entry.surface.as_ref().map(|(name, _)| name.clone());
        surface.map_or_else(Vec::new, |surface| {
            entry.primaries.iter().map(|metric| (surface.clone(), metric.value.clone())).collect()
        })
    };
    for ((surface, metric), group) in super::groups(cx.portfolio, key) {
        for (index, entry) in group.iter().enumerate() {
            // One flag for both is a graver matter, and told as such.
            let meets = |other: &&&Entry| {
                other.flag != entry.flag
                    && !super::same_id(other, entry)
                    && other.meets_in_time(entry)
                    && !other.excludes(entry)
            };
            let others: Vec<&Entry> =
                group[..index].iter().rev().take(super::MOST_COMPARED).filter(meets).take(3).copied().collect();
            let (Some(first), Some((_, span))) = (others.first(), &entry.surface) else { continue };
            let mut found = RULE
                .at(*span, format!("two experiments test for {} at once", quoted(&metric)))
                .label(super::common_days(entry, first));
            for other in &others {
                if let Some((_, span)) = &other.surface {
                    found = found.also(*span, format!("{} changes {} too", quoted(&other.id), quoted(&surface)));
                }
            }
            let layer = others.iter().find_map(|other| other.layer.as_ref()).or(entry.layer.as_ref());
            let found = match layer {
                Some((layer, _)) => found.help(format!("put both in layer {}, or try both changes on together", quoted(layer))),
                None => found.help("put both in one layer, or try both changes on together"),
            };
            out.push(super::about(found, entry));
        }
    }
}
