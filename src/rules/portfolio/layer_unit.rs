//! PRT008 layer-unit.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Experiments of one layer randomise by different units.
    ///
    /// ## Why
    /// A user id and a device id fall into slots independently: the same person is in two slots, and nothing is exclusive.
    ///
    /// ## Source
    /// Tang et al., Overlapping Experiment Infrastructure, KDD 2010; docs of GrowthBook.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.device]
    /// about = "A device"
    /// key = "user_id"
    /// lifetime = "365 days"
    /// [layers.checkout]
    /// unit = "device"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [layers.checkout]
    /// unit = "user"
    /// ```
    static RULE = {
        code: "PRT008", name: "layer-unit", since: "0.1.0",
        level: Error, needs: [Catalog, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut first: std::collections::BTreeMap<&str, &Entry> = std::collections::BTreeMap::new();
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        let (Some((layer, span)), Some(unit)) = (&entry.layer, &entry.unit) else { continue };
        let declared = cx.catalog.layers.get(layer).and_then(|known| known.unit.get());
        let found = match declared {
            Some(declared) if declared.value != *unit => RULE
                .at(*span, format!("layer {} splits by {}, not by {}", quoted(layer), quoted(declared), quoted(unit)))
                .label(format!("this experiment randomises by {}", quoted(unit)))
                .also(declared.span, "the unit of the layer")
                .help(format!("randomise by {}", quoted(declared))),
            Some(_) => continue,
            None => match first.get(layer.as_str()) {
                None => {
                    first.insert(layer, entry);
                    continue;
                }
                Some(other) if other.unit.as_ref() == Some(unit) => continue,
                Some(other) => {
                    let theirs = other.unit.as_deref().unwrap_or("");
                    RULE.at(*span, format!("layer {} holds units {} and {}", quoted(layer), quoted(theirs), quoted(unit)))
                        .label(format!("randomised by {}", quoted(unit)))
                        .also(other.span, format!("randomised by {}", quoted(theirs)))
                        .help(format!("state the `unit` of `[layers.{}]` in the catalogue", crate::text::printable(layer)))
                }
            },
        };
        out.push(super::about(found.help("or use a layer of its own for each unit"), entry));
    }
}
