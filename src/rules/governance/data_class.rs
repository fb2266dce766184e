//! GOV004 data-class.

use crate::rules::prelude::*;

rule! {
    /// A metric uses data nearer to a person than the experiment is cleared for, or the clearance passes the policy.
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
        let defined = cx.catalog.metrics.get(&metric.name);
        let Some(class) = defined.and_then(|defined| defined.data_class.get()) else { continue };
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
