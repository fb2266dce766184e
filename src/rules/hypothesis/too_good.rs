//! HYP009 too-good.

use crate::portfolio::{Entry, Past, RelativeEffect};
use crate::rules::past::{Sizes, enough};
use crate::rules::prelude::*;
use crate::stats::sample;

/// Fewer past effects do not tell where their largest ones end.
const ENOUGH: usize = 20;
/// So many tell it by themselves: at most one in a hundred of the next ones exceeds the largest.
const MANY: usize = 99;

rule! {
    /// The expected effect is far larger than the effects that were measured on the metric.
    ///
    /// Judged where at least twenty effects are recorded in `results`: above their 99th percentile, and while there are
    /// fewer than 99 of them also three times the spread of their middle half beyond it.
    ///
    /// ## Why
    /// A figure that looks too good is mostly a fault (Twyman's law). Whoever expects it is misled by one, and will not look
    /// for the fault when it appears.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020, chapter 3; Tukey, Exploratory Data Analysis, 1977,
    /// chapter 2; Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase", by = { relative = "30%" } }]
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
    ///   { metric = "order_conversion", relative = "0.4%" }, { metric = "order_conversion", relative = "1.2%" },
    ///   { metric = "order_conversion", relative = "-0.8%" }, { metric = "order_conversion", relative = "0.1%" },
    ///   { metric = "order_conversion", relative = "3.2%" }, { metric = "order_conversion", relative = "-0.3%" },
    ///   { metric = "order_conversion", relative = "0.9%" }, { metric = "order_conversion", relative = "1.7%" },
    ///   { metric = "order_conversion", relative = "3.1%" }, { metric = "order_conversion", relative = "0.2%" },
    ///   { metric = "order_conversion", relative = "3.6%" }, { metric = "order_conversion", relative = "-1.1%" },
    ///   { metric = "order_conversion", relative = "0.6%" }, { metric = "order_conversion", relative = "1.4%" },
    ///   { metric = "order_conversion", relative = "-0.5%" }, { metric = "order_conversion", relative = "0.3%" },
    ///   { metric = "order_conversion", relative = "2.6%" }, { metric = "order_conversion", relative = "0.7%" },
    ///   { metric = "order_conversion", relative = "1.9%" }, { metric = "order_conversion", relative = "3.4%" },
    /// ]
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase", by = { relative = "4%" } }]
    /// ```
    static RULE = {
        code: "HYP009", name: "too-good", since: "0.1.0",
        level: Warn, needs: [Portfolio, History],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let past = Sizes::of(cx.portfolio);
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for expected in &entry.expects {
            let effects = past.get(&expected.metric);
            if !enough(out, entry, effects.len(), ENOUGH, "effects of", &expected.metric) {
                continue;
            }
            let Some(bound) = bound(effects) else { continue };
            // An MDE beyond the past has a rule of its own; the expectation then only says the same.
            let planned = entry.mdes.iter().any(|mde| mde.metric == expected.metric && bound < mde.size);
            if bound < expected.size && !planned {
                out.push(too_good(entry, expected, effects));
            }
        }
    }
}

fn bound(effects: &[Past<'_>]) -> Option<f64> {
    let sizes: Vec<f64> = effects.iter().map(|past| past.effect.size()).collect();
    let percentile = sample::quantile(&sizes, 0.99)?;
    Some(if sizes.len() < MANY { percentile.max(sample::far_out(&sizes)?) } else { percentile })
}

fn too_good(entry: &Entry, expected: &RelativeEffect, effects: &[Past<'_>]) -> Diagnostic {
    let (largest, median) = (effects[effects.len() - 1].effect, effects[effects.len() / 2].effect.size());
    let beaten = effects.iter().filter(|past| past.effect.size() < expected.size).count();
    let how_many = if beaten == effects.len() { "all" } else { "99% of" };
    let (by, metric) = (percent(expected.size), quoted(&expected.metric));
    let mut found = RULE
        .at(expected.span, format!("{by} on {metric}: beyond {how_many} {} past effects", effects.len()))
        .label(format!("the median of the past is {}", percent(median)))
        .also(largest.span, format!("the largest so far: {}", percent(largest.size())))
        .help(format!("expect no more than {}, or say in `because` what makes this one different", percent(largest.size())))
        .help("should the result look like that, look for a fault before you believe it")
        .fact("expected", expected.size)
        .fact("largest", largest.size())
        .fact("median", median)
        .fact("past_effects", effects.len() as f64);
    found.experiment = Some(std::sync::Arc::clone(&entry.id));
    found
}
