//! PRT001 flag-collision.

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Two experiments set one flag for people who can be in both, at times that overlap.
    ///
    /// ## Why
    /// The last writer wins for some users: they count in one experiment and see the other.
    ///
    /// ## Source
    /// Checks of brave-variations and Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// #: twin checkout-form
    /// #: without audience.layer
    /// [experiment]
    /// flag = "checkout-one-tap"
    /// ```
    /// ```toml,good
    /// #: twin checkout-form
    /// [experiment]
    /// status = "draft"
    /// flag = "checkout-one-tap"
    /// ```
    /// ```toml,good
    /// #: twin checkout-form
    /// #: without audience.layer
    /// [experiment]
    /// status = "draft"
    /// flag = "checkout-one-tap"
    /// [audience]
    /// where = [{ attribute = "country", in = ["FR"] }]
    /// ```
    static RULE = {
        code: "PRT001", name: "flag-collision", since: "0.1.0",
        level: Error in drafts Warn, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for (_, group) in super::groups(cx.portfolio, |entry| vec![entry.flag.as_str()]) {
        for (index, entry) in group.iter().enumerate() {
            let collides = |other: &&&Entry| super::collide(other, entry);
            let others: Vec<&Entry> =
                group[..index].iter().rev().take(super::MOST_COMPARED).filter(collides).take(3).copied().collect();
            if let Some((first, more)) = others.split_first() {
                out.push(collision(entry, first, more));
            }
        }
    }
}

fn collision(entry: &Entry, other: &Entry, more: &[&Entry]) -> Diagnostic {
    let mut found = RULE
        .at(entry.flag_span, format!("flag {} is set by two experiments at once", quoted(&entry.flag)))
        .label(super::common_days(entry, other))
        .also(other.flag_span, format!("set by {}", quoted(&other.id)));
    for other in more {
        found = found.also(other.flag_span, format!("and by {}", quoted(&other.id)));
    }
    found = match (&entry.layer, &other.layer) {
        (_, Some((layer, _))) => found.help(format!("put it in layer {} as well: its slots never overlap", quoted(layer))),
        (Some((layer, _)), None) => found.help(format!("put {} in layer {}", quoted(&other.id), quoted(layer))),
        (None, None) => found.help("put both in one layer: its slots never overlap"),
    };
    if let (Some(_), Some(end)) = (entry.start, other.end) {
        found = found.help(format!("or start on {}, when {} is over", end.plus(1), quoted(&other.id)));
    }
    super::about(found.help("or set another flag"), entry)
}
