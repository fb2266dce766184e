//! MET021 option-does-not-fit.

use crate::catalog::{Kind, Metric};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A definition of the catalogue sets an option that its kind of metric does not have, or a window without length.
    ///
    /// ## Why
    /// It is ignored, or read wrongly by the analysis: a cap on a yes-or-no value changes nothing.
    ///
    /// ## Source
    /// Eppo's metric validation.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// cap = "5 %"
    /// ```
    /// ```toml,fixed
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.cap
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.refund_rate]
    /// kind = "retention"
    /// window_start = "7 days"
    /// window = "1 day"
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// cap = "250 USD"
    /// ```
    static RULE = {
        code: "MET021", name: "option-does-not-fit", since: "0.1.0",
        level: Error, fix: Safe, needs: [Catalog],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for (name, _, metric) in cx.catalog.metrics.iter() {
        let Some(kind) = metric.kind.get() else { continue };
        // Both count from exposure: a window that ends before it starts holds nothing.
        if let (Some(start), Some(end)) = (metric.window_start.get(), metric.window.get())
            && end.value <= start.value
        {
            out.push(
                RULE.at(end.span, format!("the window of {} ends before it starts", quoted(name)))
                    .label(format!("ends {} after exposure", end.value))
                    .also(start.span, format!("starts {} after exposure", start.value))
                    .help("`window` counts from exposure, too: write its end, not its length"),
            );
        }
        for (key, span, kinds) in misfits(metric, kind.value) {
            let found = RULE
                .at(span, format!("`{key}` has no meaning for {}, a {}", quoted(name), kind.value))
                .label("is never read")
                .also(kind.span, "the kind")
                .help(format!("remove `{key}`, or make the metric {kinds}"));
            out.push(place::remove_shared(cx.workspace, found, Applicability::Safe, span));
        }
    }
}

/// Keys that are set and that the kind does not have, with the kinds that do.
fn misfits(metric: &Metric, kind: Kind) -> impl Iterator<Item = (&'static str, Span, &'static str)> {
    let summed = matches!(kind, Kind::Mean | Kind::Count | Kind::Ratio);
    let options = [
        ("cap", metric.cap.span(), summed, "a mean, a count or a ratio"),
        ("heavy_tail", metric.heavy_tail.span(), summed, "a mean, a count or a ratio"),
        ("sd", metric.sd.span(), !kind.is_binary(), "a mean, a count or a ratio: a rate has its deviation by itself"),
        ("value", metric.value.span(), !kind.is_binary() && kind != Kind::Count, "a mean or a ratio"),
        ("denominator", metric.denominator.span(), kind == Kind::Ratio, "a ratio"),
        ("denominator_value", metric.denominator_value.span(), kind == Kind::Ratio, "a ratio"),
        ("window_start", metric.window_start.span(), kind == Kind::Retention, "a retention"),
        ("quantile", metric.quantile.span(), kind == Kind::Quantile, "a quantile"),
    ];
    options.into_iter().filter_map(|(key, span, fits, kinds)| match span {
        Some(span) if !fits => Some((key, span, kinds)),
        _ => None,
    })
}
