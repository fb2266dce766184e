//! MET029 deleted-too-early.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Duration;
use crate::spec::design::Reduction;

rule! {
    /// Rows that the analysis needs are deleted before the decision.
    ///
    /// Needed are the days from the start to the decision, and before them the window of a covariate.
    ///
    /// ## Why
    /// On decision day the first weeks are gone, or the period before the start is, and nobody can compute them again.
    ///
    /// ## Source
    /// Deng, Xu, Kohavi, Walker, CUPED, WSDM 2013, for the period before; the rest is counting.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// retention = "30 days"
    /// ```
    /// ```toml,bad
    /// [design]
    /// variance_reduction = { method = "cuped", window = "14 days", period = "before" }
    /// #: file catalog/base.toml
    /// [metrics.order_conversion]
    /// pre_correlation = 0.4
    /// [metrics.refund_rate]
    /// pre_correlation = 0.4
    /// [metrics.page_latency]
    /// pre_correlation = 0.4
    /// [events.order_placed]
    /// retention = "40 days"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// retention = "400 days"
    /// [sources.warehouse]
    /// retention = "200 days"
    /// ```
    static RULE = {
        code: "MET029", name: "deleted-too-early", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() || !place::length_is_known(cx) {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    let exposure = cx.plan.exposure.event.as_ref().map(|event| (event.value.as_str(), None));
    for (name, metric) in exposure.into_iter().chain(measured(cx)) {
        let Some((kept, needed)) = kept(cx, name).zip(Some(needed(cx, metric))) else { continue };
        if needed.in_all() <= kept.value.whole_days() || told.contains(&name) {
            continue;
        }
        told.push(name);
        let headline = format!(
            "{} is kept {}, and needed for {}",
            quoted(name),
            days(kept.value.whole_days()),
            days(needed.in_all())
        );
        let mut found = match metric {
            Some(metric) => place::at_metric(cx, &RULE, metric, headline),
            None => {
                place::at_value(cx, &RULE, cx.plan.exposure.event.as_ref().and_then(Known::span), "exposure", headline)
            }
        };
        found = found
            .label(match needed.before {
                0 => format!("{} from the start to the decision", days(needed.run)),
                before => format!("{} before the start, {} until the decision", days(before), days(needed.run)),
            })
            .also(kept.span, "kept so long")
            .fact("kept_days", f64::from(kept.value.whole_days()))
            .fact("needed_days", f64::from(needed.in_all()));
        if let Some(decide) = cx.plan.calendar.decide.as_ref().and_then(Known::span) {
            found = found.also(decide, "the decision");
        }
        out.push(
            found
                .help(format!("keep its rows {} or longer, or add up each day before it is deleted", days(needed.in_all())))
                .help(match needed.before {
                    0 => "or run shorter, and decide sooner",
                    _ => "or shorten the window of `variance_reduction`",
                }),
        );
    }
}

/// The events that the metrics of the analysis rest on, each with its metric.
fn measured<'a>(cx: &PlanCx<'a>) -> impl Iterator<Item = (&'a str, Option<&'a PlannedMetric>)> {
    let metrics = cx.plan.metrics.iter().filter(|metric| metric.role != Role::Monitor);
    let defined = metrics.filter_map(|metric| Some((metric, place::definition(cx, metric)?)));
    defined.flat_map(|(metric, defined)| super::events_of(defined).map(move |name| (name.value.as_str(), Some(metric))))
}

/// How long rows of an event are kept by unit: its own word, or that of its source.
pub(in crate::rules) fn kept<'a>(cx: &PlanCx<'a>, event: &str) -> Option<&'a At<Duration>> {
    let event = cx.catalog.events.get(event)?;
    let of_source = || cx.catalog.sources.get(event.source.value()?)?.retention.get();
    event.retention.get().or_else(of_source)
}

/// Days of rows that an analysis reads.
pub(in crate::rules) struct Needed {
    /// Before the start.
    pub before: u32,
    /// From the start to the decision.
    pub run: u32,
}

impl Needed {
    pub(in crate::rules) fn in_all(&self) -> u32 {
        self.before + self.run
    }
}

/// The days that are read of a metric's events, or of the exposure event.
pub(in crate::rules) fn needed(cx: &PlanCx<'_>, metric: Option<&PlannedMetric>) -> Needed {
    let calendar = &cx.plan.calendar;
    let dated = calendar.start.as_ref().zip(calendar.decide.as_ref());
    let dated = dated.and_then(|(start, decide)| u32::try_from(start.value.until(decide.value)).ok());
    let run = dated.unwrap_or_else(|| calendar.days + metric.map_or(0, place::wait));
    let reduction = cx.plan.design.reduction.as_ref().filter(|reduction| reduction.method.value == Reduction::Cuped);
    // The exposure is not its own covariate, and neither is a metric without a correlation.
    let adjusted = metric.filter(|metric| metric.pre_correlation.is_some());
    let window = reduction.zip(adjusted).and_then(|(reduction, _)| reduction.window.as_ref());
    Needed { before: window.map_or(0, |window| window.value.whole_days()), run }
}

/// The event that is deleted first among those of the exposure and the metrics, unless the analysis itself comes too late for it.
pub(in crate::rules) fn first_deleted<'a>(cx: &PlanCx<'a>) -> Option<(&'a str, &'a At<Duration>)> {
    let exposure = cx.plan.exposure.event.as_ref().map(|event| (event.value.as_str(), None));
    let all = exposure.into_iter().chain(measured(cx));
    let in_time = all.filter_map(|(name, metric)| {
        let kept = kept(cx, name)?;
        (needed(cx, metric).in_all() <= kept.value.whole_days()).then_some((name, kept))
    });
    in_time.min_by_key(|(_, kept)| kept.value)
}
