//! STA005 variance-missing.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A deciding metric that is no rate has no standard deviation.
    ///
    /// ## Why
    /// Its sample size cannot be computed: noise, not the mean, sets how many units are needed.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.page_latency.sd
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [metrics.page_latency]
    /// sd = "310 ms"
    /// ```
    static RULE = {
        code: "STA005", name: "variance-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in place::deciding(cx.plan) {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let Some(kind) = metric.kind.as_ref().filter(|kind| !kind.value.is_binary()) else { continue };
        if !defined.sd.is_absent() {
            continue;
        }
        let headline = format!("{} has no standard deviation to size from", quoted(&metric.name));
        let mut found = place::at_metric(cx, &RULE, metric, headline).label(format!("a {} needs one", kind.value));
        if let Some(span) = metric.defined {
            found = found.also(span, "lacks `sd`");
        }
        let unit = metric.unit.as_ref().map_or(String::new(), |unit| format!(" {}", crate::text::printable(&unit.value)));
        out.push(found.help(format!(
            "measure it between units over {}, and add `sd = \"…{unit}\"` to `[metrics.{}]`",
            metric.window.as_ref().map_or("the window".to_owned(), |window| days(window.value.whole_days())),
            crate::text::printable(&metric.name)
        )));
    }
}
