//! PRT002 layer-full.


use crate::portfolio::{Entry, Overflow, Portfolio};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Day;

rule! {
    /// The shares of a layer's experiments exceed 100 % on some day.
    ///
    /// ## Why
    /// There is no slot left: the later experiment would get fewer units than it was sized for, or share them with another.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing and of Featurevisor.
    ///
    /// ```toml,bad
    /// #: twin checkout-form
    /// #: twin checkout-postcode
    /// ```
    /// ```toml,fixed
    /// #: file experiments/checkout-postcode.toml
    /// decision.by = 2027-03-15
    /// rollout.start = 2027-02-08
    /// ```
    /// ```toml,good
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT002", name: "layer-full", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Portfolio],
        check: Portfolio(check),
    }
}

/// More earlier members than this are not listed.
pub(super) const MOST_LISTED: usize = 4;
/// More starts than this are not tried.
const MOST_TRIED: usize = 20;
/// Among more members than this that are still to come, no start is looked for.
const MOST_TO_COME: usize = 60;
/// Shares are compared with this slack.
pub(super) const SLACK: f64 = 1e-9;

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    if cx.portfolio.overflows.is_empty() {
        return;
    }
    let placed = cx.portfolio.layers();
    for overflow in &cx.portfolio.overflows {
        // With room enough, the place is the trouble, not the sum.
        if 1.0 + SLACK < overflow.sum {
            let members = placed.get(overflow.layer.as_str()).map_or(&[][..], |members| members);
            out.push(full(cx.portfolio, overflow, members));
        }
    }
}

fn full(portfolio: &Portfolio, overflow: &Overflow, members: &[&Entry]) -> Diagnostic {
    let entry = &portfolio.entries[overflow.entry];
    let (layer, sum) = (quoted(&overflow.layer), percent(overflow.sum));
    let headline = match overflow.day {
        Some(day) => format!("layer {layer} is full: {sum} on {day}"),
        None => format!("layer {layer} is full: {sum}, whatever the dates"),
    };
    let free = (1.0 - (overflow.sum - entry.share)).max(0.0);
    let mut found = RULE
        .at(super::asked(entry), headline)
        .label(if free < SLACK {
            "nothing is left for it".to_owned()
        } else {
            format!("{} asked, {} left", percent(entry.share), percent(free))
        })
        .fact("sum", overflow.sum)
        .fact("free", free);
    if let Some(span) = super::inherited_share(entry) {
        found = found.also(span, "inherited from here");
    }
    let mut with: Vec<&Entry> = overflow.with.iter().map(|&index| &portfolio.entries[index]).collect();
    with.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    for member in with.iter().take(MOST_LISTED) {
        let until = member.end.map_or_else(String::new, |end| format!(" until {end}"));
        found = found.also(super::asked(member), format!("{} has {}{until}", quoted(&member.id), percent(member.share)));
    }
    if let Some(day) = earliest(entry, members) {
        found = found.help(format!("start on {day}, the first day with room for {}", percent(entry.share)));
        found = place::entry_on(found, entry, day);
    }
    if SLACK < free {
        found = found.help(format!("or take part with {}, in `share` and in the last stage", percent(free)));
    }
    if let Some(widest) = with.iter().max_by(|a, b| a.share.total_cmp(&b.share)) {
        let room = widest.share - (overflow.sum - 1.0);
        if SLACK < room {
            found = found.help(format!("or bring {} down to {}", quoted(&widest.id), percent(room)));
        }
    }
    super::about(found, entry)
}

/// The first start after the planned one at which the shares of the whole run stay within 100 %.
pub(super) fn earliest(entry: &Entry, members: &[&Entry]) -> Option<Day> {
    let (start, end) = (entry.start?, entry.end?);
    let length = u32::try_from(start.until(end)).ok()?;
    let to_come = |member: &&&Entry| member.end.is_none_or(|end| start <= end);
    let members: Vec<&Entry> = members.iter().filter(to_come).take(MOST_TO_COME + 1).copied().collect();
    if MOST_TO_COME < members.len() {
        return None;
    }
    let mut starts: Vec<Day> = members.iter().filter_map(|member| Some(member.end?.plus(1))).collect();
    starts.retain(|day| start < *day);
    starts.sort();
    starts.dedup();
    starts.into_iter().take(MOST_TRIED).find(|&first| {
        let last = first.plus(length);
        let there = |day: Day| {
            let at = |member: &&&Entry| {
                member.start.is_none_or(|start| start <= day) && member.end.is_none_or(|end| day <= end)
            };
            members.iter().filter(at).map(|member| member.share).sum::<f64>()
        };
        // Sums rise only where a run starts.
        let rises = members.iter().filter_map(|member| member.start).filter(|&day| first < day && day <= last);
        std::iter::once(first).chain(rises).all(|day| entry.share + there(day) <= 1.0 + SLACK)
    })
}
