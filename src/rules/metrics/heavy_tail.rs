//! MET010 heavy-tail.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The mean of a heavy-tailed value decides, and the value has no cap.
    ///
    /// ## Why
    /// A few units carry most of the sum: one large order in one variant decides the experiment.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; Eppo's winsorisation checks.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "6%" }
    /// [hypothesis]
    /// expect = [{ metric = "revenue_per_user", direction = "increase" }]
    /// [metrics]
    /// secondary = []
    /// #: file catalog/base.toml
    /// #: without metrics.revenue_per_user.cap
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "6%" }
    /// [hypothesis]
    /// expect = [{ metric = "revenue_per_user", direction = "increase" }]
    /// [metrics]
    /// secondary = []
    /// ```
    static RULE = {
        code: "MET010", name: "heavy-tail", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

/// A deviation of so many means is what few units with large values give; a Poisson count of mean 0.1 has 3.2.
const HEAVY: f64 = 4.0;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        if !matches!(defined.kind.copied(), Some(Kind::Mean | Kind::Count | Kind::Ratio)) || !defined.cap.is_absent() {
            continue;
        }
        let spread = match (&metric.baseline, &metric.sd) {
            (Some(mean), Some(sd)) if mean.value != 0.0 => sd.value / mean.value.abs(),
            _ => 0.0,
        };
        let heavy = defined.heavy_tail.copied().unwrap_or(HEAVY <= spread);
        if !heavy {
            continue;
        }
        let name = quoted(&metric.name);
        let mut found = place::at_metric(cx, &RULE, metric, format!("a few units decide {name}: it has no cap"));
        found = match &metric.sd {
            Some(sd) if HEAVY <= spread => {
                let text = format!("its standard deviation is {spread:.1} times its mean");
                let found = found.label(text).fact("deviation_over_mean", spread);
                sd.span().map_or(found.clone(), |span| found.also(span, "standard deviation"))
            }
            _ => found.label("heavy-tailed, says the catalogue"),
        };
        if let Some(span) = defined.heavy_tail.span() {
            found = found.also(span, "heavy-tailed");
        }
        let table = crate::text::printable(&metric.name);
        let unit = metric.unit.as_ref().map_or(String::new(), |unit| format!(" {}", crate::text::printable(&unit.value)));
        out.push(
            found
                .help(format!("add `cap = \"…{unit}\"` to `[metrics.{table}]`: its 99.9th percentile is a usual choice"))
                .help("or say `heavy_tail = false` there when every value is bounded"),
        );
    }
}
