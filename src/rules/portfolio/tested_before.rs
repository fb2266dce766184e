//! PRT011 tested-before.

use rayon::prelude::*;

use crate::portfolio::Entry;
use crate::rules::lifecycle::rerun_unlinked::judged_alike;
use crate::rules::prelude::*;
use crate::text::similar::{Alike, Crowd};

/// Words in both over words in either. Hypotheses in other words fall below it; one with a few words changed does not.
const NEARLY: f64 = 0.6;
/// Fewer shared words say little: "make the button larger".
const LEAST_SHARED: usize = 5;
/// An answer that is older is worth asking for again.
const RECENT_DAYS: i64 = 365;

rule! {
    /// An experiment that ended within the last year asked nearly the same, in nearly the same words, and is not linked.
    ///
    /// At least six in ten of the words of both hypotheses are the same; words that only build a sentence do not count. Equal
    /// words, and the same flag with the same metrics, are told by `LIF015`; equal words of two open experiments by `HYP008`.
    ///
    /// ## Why
    /// The answer may be there already: reuse it, or replicate on purpose and say so.
    ///
    /// ## Source
    /// Booking.com, Democratizing Online Controlled Experiments, 2017.
    ///
    /// ```toml,bad
    /// #: file experiments/checkout-address-form.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-address-form"
    /// flag = "checkout-address-form"
    /// status = "archived"
    /// [hypothesis]
    /// because = "38 % of carts are abandoned on the address form"
    /// change = "replace the three-step form by two buttons"
    /// [rollout]
    /// start = 2026-09-07
    /// [decision]
    /// by = 2026-10-20
    /// [results]
    /// ended = 2026-10-04
    /// decision = "iterate"
    /// decided = 2026-10-12
    /// learned = "half of the buyers have no address on file"
    /// ```
    /// ```toml,good
    /// [experiment.links]
    /// previous = ["checkout-address-form"]
    /// #: file experiments/checkout-address-form.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-address-form"
    /// flag = "checkout-address-form"
    /// status = "archived"
    /// [hypothesis]
    /// because = "38 % of carts are abandoned on the address form"
    /// change = "replace the three-step form by two buttons"
    /// [rollout]
    /// start = 2026-09-07
    /// [decision]
    /// by = 2026-10-20
    /// [results]
    /// ended = 2026-10-04
    /// decision = "iterate"
    /// decided = 2026-10-12
    /// learned = "half of the buyers have no address on file"
    /// ```
    static RULE = {
        code: "PRT011", name: "tested-before", since: "0.1.0",
        level: Info, needs: [Portfolio, History],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let entries = &cx.portfolio.entries;
    let over: Vec<&Entry> = entries.iter().filter(|entry| entry.status.is_over() && entry.ended.is_some()).collect();
    if over.is_empty() {
        return;
    }
    let crowd = Crowd::new(over.iter().map(|entry| entry.statement.as_str()), NEARLY);
    let open: Vec<&Entry> = entries.iter().filter(|entry| !entry.status.is_over() && entry.complete).collect();
    let found: Vec<_> = open
        .par_iter()
        .filter_map(|entry| {
            let day = entry.start.or(cx.today)?;
            let recent = |index: usize| {
                over[index].ended.is_some_and(|ended| (0..=RECENT_DAYS).contains(&ended.until(day)))
            };
            let alike = crowd.alike(&entry.statement, recent);
            let alike: Vec<Alike> = alike.into_iter().filter(|alike| LEAST_SHARED <= alike.shared).collect();
            let linked = |old: &Entry| entry.previous.iter().any(|id| **id == *old.id);
            // Whoever links to one of a series knows the series; what is the same in full has rules of its own.
            let told = |old: &Entry| {
                old.id == entry.id || old.statement == entry.statement || (old.flag == entry.flag && judged_alike(old, entry))
            };
            if alike.iter().any(|alike| linked(over[alike.index]) || told(over[alike.index])) {
                return None;
            }
            alike.first().map(|alike| before(entry, over[alike.index], *alike))
        })
        .collect();
    found.into_iter().for_each(|found| out.push(found));
}

fn before(entry: &Entry, old: &Entry, alike: Alike) -> Diagnostic {
    let until = old.ended.map_or_else(String::new, |day| format!(" until {day}"));
    let what = old.decision.map_or_else(|| old.status.to_string(), |decision| format!("decided: {decision}"));
    let id = crate::text::printable(&entry.id);
    let own = |span: &Span| span.file == entry.file;
    let mut found = RULE
        .at(entry.statement_span.filter(own).unwrap_or(entry.span), format!("{} asked nearly this{until}", quoted(&old.id)))
        .label(format!("{} of {} words are the same", alike.shared, alike.either))
        .also(old.statement_span.unwrap_or(old.span), what)
        .help(format!("read what came out: `expc history --like {id}`"))
        .help(format!("to ask again on purpose, add `links.previous = [\"{}\"]`", crate::text::printable(&old.id)))
        .fact("shared_words", alike.shared as f64)
        .fact("words", alike.either as f64);
    found.experiment = Some(std::sync::Arc::clone(&entry.id));
    found
}
