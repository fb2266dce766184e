//! GOV004 data-class.

use crate::catalog::{Event, Metric};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::governance::DataClass;

rule! {
    /// A metric uses data nearer to a person than the experiment is cleared for, or the clearance passes the policy.
    ///
    /// A metric is as near as it says, or else as its event, and a property that it sums or filters by as near as that says.
    ///
    /// ## Why
    /// Metrics come from a shared catalogue: one line brings data into a team's analysis that nobody there may see.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 5 (1) (b), purpose limitation.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// data_class = "personal"
    /// ```
    /// ```toml,bad
    /// [privacy]
    /// data_class = "personal"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_placed]
    /// properties = { revenue_usd = { type = "number", data_class = "personal" } }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without metrics.refund_rate.data_class
    /// [events.order_refunded]
    /// data_class = "personal"
    /// ```
    /// ```toml,good
    /// [privacy]
    /// data_class = "pseudonymous"
    /// ```
    static RULE = {
        code: "GOV004", name: "data-class", since: "0.1.0",
        level: Error, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let Some(cleared) = cx.spec.privacy.value().and_then(|privacy| privacy.data_class.get()) else {
        return out.skip(Context::Catalog, "no `data_class` in `[privacy]`");
    };
    let most = &cx.policy.max_data_class;
    if most.value < cleared.value {
        let mut found = RULE
            .at(cleared.span, format!("cleared for {} data, above {}", cleared.value, most.value))
            .label("above the policy");
        if let Some(span) = most.span() {
            found = found.also(span, "the policy");
        }
        found = found.help(format!("set `data_class = \"{}\"`", most.value));
        out.push(found.help("or raise `max_data_class` for this path in `[[overrides]]`, with those who answer for it"));
    }
    for metric in &cx.plan.metrics {
        let Some(defined) = cx.catalog.metrics.get(&metric.name) else { continue };
        let event = defined.event.value().and_then(|event| cx.catalog.events.get(event));
        if let Some((property, class)) = event.and_then(|event| nearest_property(defined, event))
            && cleared.value < class.value
        {
            let name = quoted(&metric.name);
            let headline = format!("{name} reads {}, which is {}", quoted(property), class.value);
            out.push(
                place::at_metric(cx, &RULE, metric, headline)
                    .label(format!("the experiment is cleared for {}", cleared.value))
                    .also(cleared.span, "the clearance")
                    .also(class.span, "its data")
                    .help("leave the metric out, or log a property that is further from the person"),
            );
            continue;
        }
        let of_event = || event.and_then(|event| event.data_class.get());
        let Some(class) = defined.data_class.get().or_else(of_event) else { continue };
        if cleared.value < class.value {
            out.push(
                RULE.at(
                    metric.span,
                    format!("{} is {} data; cleared is {}", quoted(&metric.name), class.value, cleared.value),
                )
                .label("nearer to a person than cleared")
                .also(cleared.span, "the clearance")
                .also(class.span, "its data")
                .help("leave the metric out, or use one built on sums"),
            );
        }
    }
}

/// The property nearest to a person among those that a metric sums or filters by.
fn nearest_property<'a>(metric: &'a Metric, event: &'a Event) -> Option<(&'a str, &'a At<DataClass>)> {
    let filters = metric.filter.value().into_iter().flat_map(|list| list.iter());
    let properties = event.properties.value()?;
    let class = |name: &'a String| Some((name.as_str(), properties.get(name)?.data_class.get()?));
    let filtered = filters.filter_map(|condition| class(condition.attribute.value()?));
    // A filter by a special category is told as such: GOV002.
    let filtered = filtered.filter(|(_, class)| class.value != DataClass::Sensitive);
    metric.value.value().and_then(class).into_iter().chain(filtered).max_by_key(|(_, class)| class.value)
}
