//! MET011 insensitive.

use std::collections::{HashMap, HashSet};

use crate::portfolio::Entry;
use crate::rules::past::enough;
use crate::rules::prelude::*;
use crate::stats::sample;

/// So many experiments without a movement are needed: when one in five would move the metric, they happen in one case of
/// twenty at most.
const ENOUGH: usize = 14;

rule! {
    /// A primary metric never moved in the past experiments that were judged by it.
    ///
    /// Judged where at least 14 experiments that are over had it as a primary metric and recorded an interval: in none of
    /// them the interval left out zero, in either direction.
    ///
    /// ## Why
    /// A metric that nothing moves answers every question with "no difference", and takes weeks of traffic to do so.
    ///
    /// ## Source
    /// Deng and Shi, Data-Driven Metric Development for Online Controlled Experiments, KDD 2016 (sensitivity as movement
    /// probability); Hanley and Lippman-Hand, If Nothing Goes Wrong, Is Everything All Right?, JAMA 1983.
    ///
    /// ```toml,bad
    /// #: file experiments/checkout-a.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-a"
    /// flag = "checkout-a"
    /// status = "archived"
    /// [hypothesis]
    /// because = "people overlook the button"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "iterate"
    /// decided = 2027-02-15
    /// learned = "colour hardly matters"
    /// effects = [{ metric = "order_conversion", relative = "3.4%", low = "-0.6%", high = "7.4%" }]
    /// #: repeat 14 checkout-a
    /// ```
    /// ```toml,good
    /// #: file experiments/checkout-a.toml
    /// #: copy experiments/checkout-one-tap.toml
    /// [experiment]
    /// id = "checkout-a"
    /// flag = "checkout-a"
    /// status = "archived"
    /// [hypothesis]
    /// because = "people overlook the button"
    /// [results]
    /// ended = 2027-02-07
    /// decision = "iterate"
    /// decided = 2027-02-15
    /// learned = "colour hardly matters"
    /// effects = [{ metric = "order_conversion", relative = "3.4%", low = "-0.6%", high = "7.4%" }]
    /// #: repeat 13 checkout-a
    /// ```
    static RULE = {
        code: "MET011", name: "insensitive", since: "0.1.0",
        level: Warn, needs: [Portfolio, History],
        check: Portfolio(check),
    }
}

/// The experiments that were judged by a metric.
#[derive(Default)]
struct Judged<'a> {
    experiments: HashSet<&'a str>,
    moved: bool,
    /// The narrowest interval: even that held zero.
    narrowest: Option<(f64, Span)>,
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut known: HashMap<&str, Judged<'_>> = HashMap::new();
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for primary in &entry.primaries {
            let judged = known.entry(&primary.value).or_insert_with(|| judged(cx, &primary.value));
            let have = judged.experiments.len();
            if !judged.moved && enough(out, entry, have, ENOUGH, "experiments judged by", &primary.value) {
                out.push(insensitive(entry, &primary.value, primary.span, judged));
            }
        }
    }
}

fn judged<'a>(cx: &PortfolioCx<'a>, metric: &str) -> Judged<'a> {
    let mut judged = Judged::default();
    for past in cx.portfolio.past(metric) {
        // A guardrail is meant not to move: only whoever tried to move the metric tells something.
        let Ok((low, high)) = past.effect.interval else { continue };
        if !past.entry.primaries.iter().any(|primary| primary.value == metric) {
            continue;
        }
        judged.experiments.insert(&past.entry.id);
        judged.moved |= past.effect.moved().is_some();
        if judged.narrowest.is_none_or(|(width, _)| high - low < width) {
            judged.narrowest = Some((high - low, past.effect.span));
        }
    }
    judged
}

fn insensitive(entry: &Entry, metric: &str, span: Span, judged: &Judged<'_>) -> Diagnostic {
    let have = judged.experiments.len();
    let most = sample::largest_unseen_share(have, 0.05).unwrap_or(1.0);
    let place = if span.file == entry.file { span } else { entry.span };
    let mut found = RULE
        .at(place, format!("none of {have} experiments moved {}", quoted(metric)))
        .label(format!("95% sure: at most {} of such experiments move it", percent(most)))
        .help("choose a metric nearer to the change, and keep this one as a guardrail or secondary metric")
        .help("or make it more sensitive: cap it, or add `design.variance_reduction`")
        .fact("experiments", have as f64)
        .fact("largest_share", most);
    if place != span {
        found = found.also(span, "inherited from here");
    }
    if let Some((width, span)) = judged.narrowest {
        found = found.also(span, format!("the most precise so far: {} either way", percent(width / 2.0)));
    }
    found.experiment = Some(std::sync::Arc::clone(&entry.id));
    found
}
