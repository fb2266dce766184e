//! PRT009 queue.

use crate::portfolio::{Entry, Overflow, Portfolio};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A layer has room enough, but not in one place: the slot that is asked for is taken.
    ///
    /// ## Why
    /// A slot is one piece of its layer for the whole run. Whoever starts before it is free slips into an overlap.
    ///
    /// ## Source
    /// Tang et al., Overlapping Experiment Infrastructure, KDD 2010.
    ///
    /// ```toml,bad
    /// [audience]
    /// slot = "20%"
    /// #: twin checkout-form
    /// ```
    /// ```toml,fixed
    /// #: file experiments/checkout-form.toml
    /// decision.by = 2027-03-15
    /// rollout.start = 2027-02-08
    /// ```
    /// ```toml,good
    /// [audience]
    /// slot = "50%"
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT009", name: "queue", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for overflow in &cx.portfolio.overflows {
        if overflow.sum <= 1.0 + super::layer_full::SLACK {
            out.push(queued(cx.portfolio, overflow));
        }
    }
}

fn queued(portfolio: &Portfolio, overflow: &Overflow) -> Diagnostic {
    let entry = &portfolio.entries[overflow.entry];
    let layer = quoted(&overflow.layer);
    let share = percent(entry.share);
    let headline = match entry.wanted_slot {
        Some(from) if 1.0 < from + entry.share => {
            format!("a slot of {share} from {} does not end within layer {layer}", percent(from))
        }
        Some(from) => format!("the slot of {share} from {} of layer {layer} is taken", percent(from)),
        None => format!("layer {layer} has no free slot of {share} in one piece"),
    };
    let mut found = RULE.at(super::asked(entry), headline).label("needs one place for its whole run");
    if let Some(span) = super::inherited_share(entry) {
        found = found.also(span, "inherited from here");
    }
    let mut last = None;
    for &index in overflow.with.iter().take(4) {
        let other = &portfolio.entries[index];
        let Some(slot) = portfolio.slot(&other.id) else { continue };
        let until = other.end.map_or_else(String::new, |end| format!(" until {end}"));
        let place = format!("{} has {} to {}{until}", quoted(&other.id), percent(slot.from), percent(slot.to));
        found = found.also(super::asked(other), place);
        last = last.max(other.end);
    }
    if let Some(from) = entry.wanted_slot {
        found = found.help(format!("take `slot = \"{}\"` out: a free place is then found", percent(from)));
    }
    if let Some(day) = last.map(|last| last.plus(1)).filter(|day| entry.start.is_some_and(|start| start < *day)) {
        found = found.help(format!("or start on {day}, when the others are over"));
        found = place::entry_on(found, entry, day);
    }
    if let Some(fixed) = overflow.with.iter().map(|&index| &portfolio.entries[index]).find(|other| is_fixed(other)) {
        found = found.help(format!("or let the slot of {} move: take its `slot` out", quoted(&fixed.id)));
    }
    super::about(found, entry)
}

fn is_fixed(entry: &Entry) -> bool {
    entry.wanted_slot.is_some()
}
