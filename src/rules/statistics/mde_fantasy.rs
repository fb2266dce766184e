//! STA003 mde-fantasy.

use crate::rules::past::{Sizes, enough};
use crate::rules::prelude::*;

/// Fewer past effects say little of the next.
const ENOUGH: usize = 5;
/// An MDE is a hope when at most this part of the past effects was as large.
const RARE: f64 = 0.1;

rule! {
    /// The MDE is larger than nearly all effects that were measured on the metric.
    ///
    /// Judged where at least five effects are recorded in `results`; reached by at most one in ten of them.
    ///
    /// ## Why
    /// An MDE chosen to fit the traffic makes every size look sufficient. The effect that is likely, and worth having,
    /// then goes unseen.
    ///
    /// ## Source
    /// Kohavi, Deng, Vermeer, A/B Testing Intuition Busters, KDD 2022.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "9%" }
    /// #: file experiments/checkout-colours.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-colours"
    /// flag = "checkout-colours"
    /// status = "archived"
    /// [hypothesis]
    /// because = "people overlook the button"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "iterate"
    /// decided = 2027-02-15
    /// learned = "colour hardly matters"
    /// effects = [
    ///   { metric = "order_conversion", relative = "0.4%", low = "-1%", high = "1.8%" },
    ///   { metric = "order_conversion", relative = "1.2%", low = "-0.2%", high = "2.6%" },
    ///   { metric = "order_conversion", relative = "-0.8%", low = "-2.2%", high = "0.6%" },
    ///   { metric = "order_conversion", relative = "0.1%", low = "-1.3%", high = "1.5%" },
    ///   { metric = "order_conversion", relative = "2.2%", low = "0.8%", high = "3.6%" },
    /// ]
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// ```
    static RULE = {
        code: "STA003", name: "mde-fantasy", since: "0.1.0",
        level: Warn, needs: [Portfolio, History],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let past = Sizes::of(cx.portfolio);
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for planned in &entry.mdes {
            let effects = past.get(&planned.metric);
            if !enough(out, entry, effects.len(), ENOUGH, "effects of", &planned.metric) {
                continue;
            }
            let reached = effects.iter().rev().take_while(|past| planned.size <= past.effect.size()).count();
            if RARE < reached as f64 / effects.len() as f64 {
                continue;
            }
            let median = effects[effects.len() / 2].effect.size();
            let largest = effects[effects.len() - 1].effect;
            let how_many = match reached {
                0 => "none".to_owned(),
                some => some.to_string(),
            };
            let headline =
                format!("{how_many} of {} past effects on {} was as large", effects.len(), quoted(&planned.metric));
            let mut found = RULE
                .at(planned.span, headline)
                .label(format!("an MDE of {}; the median of the past is {}", percent(planned.size), percent(median)))
                .also(largest.span, format!("the largest so far: {}", percent(largest.size())))
                .help(format!("ask what {} would be worth, and size for that: `expc power` shows the cost", percent(median)))
                .help("or choose a metric nearer to the change, one that moves more easily")
                .fact("mde", planned.size)
                .fact("median", median)
                .fact("largest", largest.size());
            found.experiment = Some(std::sync::Arc::clone(&entry.id));
            out.push(found);
        }
    }
}
