//! PRT007 slot-starves-power.

use super::layer_full::{MOST_LISTED, SLACK};
use crate::portfolio::{Entry, worst_day};
use crate::rules::prelude::*;

rule! {
    /// The layer has less room than the experiment needs for its power.
    ///
    /// Told when the share that `STA002` asks for is not free on every day of the run, with those who hold it.
    ///
    /// ## Why
    /// Exclusion is paid in power: a slot that is too small makes an experiment that cannot answer, while a later start
    /// would cost a few weeks.
    ///
    /// ## Source
    /// Tang, Agarwal, O'Brien, Meyer, Overlapping Experiment Infrastructure, KDD 2010.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "2%" }
    /// #: file expc.toml
    /// [rules]
    /// STA002 = "allow"
    /// #: twin checkout-colours
    /// ```
    /// ```toml,good
    /// #: twin checkout-colours
    /// ```
    static RULE = {
        code: "PRT007", name: "slot-starves-power", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let is_short = |entry: &&Entry| entry.share_needed.is_some() && !entry.status.is_over();
    let short: Vec<&Entry> = cx.portfolio.entries.iter().filter(is_short).collect();
    if short.is_empty() {
        return;
    }
    let layers = cx.portfolio.layers();
    for entry in short {
        let (Some(wanted), Some((layer, _))) = (entry.share_needed, &entry.layer) else { continue };
        // More than the whole layer is no matter of the others.
        if 1.0 < wanted || cx.portfolio.slot(&entry.id).is_none() {
            continue;
        }
        let others = layers.get(layer.as_str()).into_iter().flatten().copied();
        let others: Vec<&Entry> = others.filter(|other| other.id != entry.id).collect();
        let met: Vec<&Entry> = others.iter().copied().filter(|other| entry.meets_in_time(other)).collect();
        let (day, with) = worst_day(entry, &met);
        let free = (1.0 - with.iter().map(|other| other.share).sum::<f64>()).max(0.0);
        if wanted <= free + SLACK {
            continue;
        }
        let when = day.map_or_else(String::new, |day| format!(" on {day}"));
        let headline = format!("layer {} has {} left{when}; power needs {}", quoted(layer), percent(free), percent(wanted));
        let mut found = RULE
            .at(super::asked(entry), headline)
            .label(format!("{} asked", percent(entry.share)))
            .fact("needed", wanted)
            .fact("free", free);
        for member in with.iter().take(MOST_LISTED) {
            let until = member.end.map_or_else(String::new, |end| format!(" until {end}"));
            found = found.also(super::asked(member), format!("{} has {}{until}", quoted(&member.id), percent(member.share)));
        }
        let grown = Entry { share: wanted, ..entry.clone() };
        if let Some(start) = super::layer_full::earliest(&grown, &others) {
            found = found.help(format!("start on {start}, the first day with room for {}", percent(wanted)));
        }
        found = found
            .help("or take less of the layer for longer: `expc power --share … --weeks …` shows what holds")
            .help("or agree with one of them on smaller slots");
        out.push(super::about(found, entry));
    }
}
