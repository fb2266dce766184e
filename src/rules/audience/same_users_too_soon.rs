//! AUD010 same-users-too-soon.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::portfolio::{Entry, PastEffect, RelativeEffect, Slot};
use crate::rules::place;
use crate::rules::portfolio::same_id;
use crate::rules::prelude::*;
use crate::spec::{Action, Day};

/// With fewer of its units in the earlier run, what is left of that is diluted below what it was.
const MOST_NEW: f64 = 0.5;

rule! {
    /// The people of a run that moved the same metric, and was taken back, are judged again before that has worn off.
    ///
    /// Told where the earlier effect was shown and at least as large as the effect that is now looked for, at least half of
    /// the units were in the earlier run, and the policy's `washout` is not over. A change that was shipped leaves nothing to
    /// wear off. Where assignment itself repeats, `AUD009` tells that.
    ///
    /// ## Why
    /// People who were moved and moved back are still changing: their past blurs what is compared with it, and they meet the
    /// next change differently than others will.
    ///
    /// ## Source
    /// Kohavi, Deng, Frasca, Longbotham, Walker, Xu, Trustworthy Online Controlled Experiments: Five Puzzling Outcomes
    /// Explained, KDD 2012 (carryover effects); policy of Growthbook on re-randomisation.
    ///
    /// ```toml,bad
    /// #: file experiments/checkout-banner.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-banner"
    /// flag = "checkout-banner"
    /// status = "stopped"
    /// [hypothesis]
    /// because = "people ask for a discount"
    /// [rollout]
    /// start = 2026-12-07
    /// [decision]
    /// by = 2027-01-08
    /// [results]
    /// ended = 2027-01-03
    /// decision = "stop"
    /// decided = 2027-01-05
    /// learned = "a banner above the form drives people away"
    /// effects = [{ metric = "order_conversion", relative = "-6%", low = "-8%", high = "-4%" }]
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-22
    /// rollout.start = 2027-01-18
    /// ```
    /// ```toml,good
    /// [rollout]
    /// start = 2027-01-18
    /// [decision]
    /// by = 2027-02-22
    /// #: file experiments/checkout-banner.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-banner"
    /// flag = "checkout-banner"
    /// status = "stopped"
    /// [hypothesis]
    /// because = "people ask for a discount"
    /// [rollout]
    /// start = 2026-12-07
    /// [decision]
    /// by = 2027-01-08
    /// [results]
    /// ended = 2027-01-03
    /// decision = "stop"
    /// decided = 2027-01-05
    /// learned = "a banner above the form drives people away"
    /// effects = [{ metric = "order_conversion", relative = "-6%", low = "-8%", high = "-4%" }]
    /// ```
    static RULE = {
        code: "AUD010", name: "same-users-too-soon", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Policy, Portfolio, History],
        check: Portfolio(check),
    }
}

/// An earlier run whose effect may still be there.
struct Residue<'a> {
    earlier: &'a Entry,
    ended: Day,
    effect: &'a PastEffect,
    planned: &'a RelativeEffect,
    /// The part of the units that were in the earlier run.
    overlap: f64,
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    // By the day of their end, so that each run looks at those of a few weeks only.
    let mut ended: BTreeMap<Day, Vec<&Entry>> = BTreeMap::new();
    for entry in cx.portfolio.entries.iter().filter(|entry| entry.status.is_over() && !is_shipped(entry)) {
        if let Some(day) = entry.ended {
            ended.entry(day).or_default().push(entry);
        }
    }
    if ended.is_empty() {
        return;
    }
    let mut slots: HashMap<&str, HashMap<Arc<str>, Slot>> = HashMap::new();
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over() && entry.complete) {
        let Some(start) = entry.start else { continue };
        let washout = cx.workspace.in_force.policy(&entry.path).washout.clone();
        let wait = washout.value.whole_days();
        let first = Day(start.0.saturating_sub(jiff::Span::new().days(i64::from(wait))));
        let mut worst: Option<Residue<'_>> = None;
        for (&day, runs) in ended.range(first..start) {
            for earlier in runs.iter().filter(|earlier| may_meet(earlier, entry)) {
                let Some((effect, planned)) = strongest(out, earlier, entry) else { continue };
                let overlap = match (&earlier.layer, &entry.layer) {
                    (Some((old, _)), Some((own, _))) if old == own => {
                        let slots = slots.entry(own).or_insert_with(|| cx.portfolio.past_slots(own));
                        shared(slots.get(&earlier.id), slots.get(&entry.id))
                    }
                    // Two hashes that know nothing of each other.
                    _ => earlier.share,
                };
                if overlap < MOST_NEW || worst.as_ref().is_some_and(|worst| effect.size() <= worst.effect.size()) {
                    continue;
                }
                worst = Some(Residue { earlier, ended: day, effect, planned, overlap });
            }
        }
        if let Some(residue) = worst {
            out.push(too_soon(entry, start, &residue, wait, washout.span()));
        }
    }
}

fn is_shipped(entry: &Entry) -> bool {
    entry.status == Status::Shipped || entry.decision == Some(Action::Ship)
}

/// True when a unit can be in both, and the two do not assign alike.
fn may_meet(earlier: &Entry, entry: &Entry) -> bool {
    let other_unit = matches!((&earlier.unit, &entry.unit), (Some(a), Some(b)) if a != b);
    !same_id(earlier, entry) && !other_unit && earlier.salt != entry.salt && !earlier.is_apart_from(entry)
}

/// The largest shown effect on a primary metric, with the MDE that it reaches. What nobody recorded is said.
fn strongest<'a>(out: &mut Sink, earlier: &'a Entry, entry: &'a Entry) -> Option<(&'a PastEffect, &'a RelativeEffect)> {
    if earlier.effects.is_empty() {
        out.skip_in(&entry.id, Context::History, format!("the measured effects of {}", quoted(&earlier.id)));
    }
    let pairs = earlier.effects.iter().filter(|effect| effect.moved().is_some()).filter_map(|effect| {
        let planned = entry.mdes.iter().find(|mde| mde.metric == effect.metric && mde.size <= effect.size())?;
        Some((effect, planned))
    });
    pairs.max_by(|(a, _), (b, _)| a.size().total_cmp(&b.size()))
}

/// The part of the second slot that the first one covers.
fn shared(earlier: Option<&Slot>, own: Option<&Slot>) -> f64 {
    let (Some(earlier), Some(own)) = (earlier, own) else { return 0.0 };
    let width = own.to - own.from;
    if width <= 0.0 { 0.0 } else { (earlier.to.min(own.to) - earlier.from.max(own.from)).max(0.0) / width }
}

fn too_soon(entry: &Entry, start: Day, residue: &Residue<'_>, wait: u32, policy: Option<Span>) -> Diagnostic {
    let Residue { earlier, ended, effect, planned, overlap } = residue;
    let since = u32::try_from(ended.until(start)).unwrap_or(0);
    let clear = ended.plus(wait + 1);
    let place = entry.start_span.filter(|span| span.file == entry.file).unwrap_or(entry.span);
    let (moved, metric) = (percent(effect.estimate), quoted(&effect.metric));
    let mut found = RULE
        .at(place, format!("{} after {} moved the same people", days(since), quoted(&earlier.id)))
        .label(format!("{} of its units were in it; the policy waits {}", percent(*overlap), days(wait)))
        .also(effect.span, format!("moved {metric} by {moved}, until {ended}"))
        .also(planned.span, format!("looks for {}", percent(planned.size)))
        .fact("days_since", f64::from(since))
        .fact("washout_days", f64::from(wait))
        .fact("overlap", *overlap)
        .fact("effect", effect.estimate);
    if let Some(span) = policy {
        found = found.also(span, "the policy");
    }
    found = found.help(format!("start on {clear} or later"));
    if entry.layer.is_some() {
        found = found.help("or take another part of the layer: `audience.slot`");
    }
    found.experiment = Some(Arc::clone(&entry.id));
    place::entry_on(found, entry, clear)
}
