//! GOV002 sensitive-attribute.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::governance::DataClass;
use crate::syntax::Value;

rule! {
    /// Targeting, a segment, a payload or a metric's filter uses what is protected, or of a special category.
    ///
    /// An attribute that `reveals` a trait counts as that trait.
    ///
    /// ## Why
    /// Health, belief, origin and the like need a legal ground of their own, and so do the proxies that stand in for them.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 9.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.gender]
    /// about = "As stated in the profile"
    /// type = "string"
    /// data_class = "pseudonymous"
    /// owner = "growth"
    /// #: file experiments/checkout-one-tap.toml
    /// [design]
    /// segments = ["gender"]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.diagnosis]
    /// about = "From the health questionnaire"
    /// type = "string"
    /// data_class = "sensitive"
    /// owner = "growth"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "diagnosis", is_not = "none" }]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// reveals = "origin"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [metrics.revenue_per_user]
    /// filter = [{ attribute = "diagnosis", is = "none" }]
    /// [events.order_placed]
    /// properties = { revenue_usd = "number", diagnosis = { type = "string", data_class = "sensitive" } }
    /// ```
    /// ```toml,bad
    /// [variants.control]
    /// payload = { layout = "form", gender = "any" }
    /// [variants.one-tap]
    /// payload = { layout = "one-tap", gender = "any" }
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// default = { layout = "form", gender = "any" }
    /// ```
    /// ```toml,good
    /// [design]
    /// segments = ["platform"]
    /// ```
    static RULE = {
        code: "GOV002", name: "sensitive-attribute", since: "0.1.0",
        level: Error, needs: [Catalog, Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for name in super::attributes(cx) {
        let Some((what, span, label)) = protected(cx, name) else { continue };
        out.push(told(super::place(cx, name), name, &what, "decides who takes part or how results are split", span, label));
    }
    for metric in &cx.plan.metrics {
        let Some(defined) = place::definition(cx, metric) else { continue };
        let properties = defined.event.value().and_then(|event| cx.catalog.events.get(event)?.properties.value());
        for condition in defined.filter.value().into_iter().flat_map(|list| list.iter()) {
            let Some(name) = condition.attribute.get() else { continue };
            let property = properties.and_then(|properties| properties.get(name)?.data_class.get());
            let property = property.filter(|class| class.value == DataClass::Sensitive);
            let known = property.map(|class| ("of a special category".to_owned(), class.span, "declared sensitive"));
            let Some((what, span, label)) = known.or_else(|| protected(cx, name)) else { continue };
            let at = metric.span;
            out.push(told(at, name, &what, "decides what this metric counts", span, label).also(name.span, "the filter"));
        }
    }
    for variant in &cx.plan.variants {
        let Some(Value::Table(table)) = variant.payload.as_ref().map(|payload| &payload.value) else { continue };
        for entry in &table.entries {
            let Some((what, span, label)) = protected(cx, &entry.key) else { continue };
            // One payload stands for all: each variant sets the same keys.
            out.push(told(entry.key_span, &entry.key, &what, "goes to every client", span, label));
        }
        break;
    }
}

/// Why a name is protected, and where that is said.
fn protected(cx: &PlanCx<'_>, name: &str) -> Option<(String, Span, &'static str)> {
    let listed = |name: &str| cx.policy.protected_attributes.iter().find(|known| known.value == name);
    if let Some(at) = listed(name) {
        return Some(("protected by the policy".to_owned(), at.span, "protected here"));
    }
    let known = cx.catalog.attributes.get(name)?;
    if let Some(class) = known.data_class.get().filter(|class| class.value == DataClass::Sensitive) {
        return Some(("of a special category".to_owned(), class.span, "declared sensitive"));
    }
    let reveals = known.reveals.get()?;
    Some((format!("a proxy for {}", quoted(reveals)), reveals.span, "gives it away"))
}

fn told(at: Span, name: &str, what: &str, label: &str, span: Span, why: &str) -> Diagnostic {
    RULE.at(at, format!("{} is {what}", quoted(name)))
        .label(label)
        .also(span, why)
        .help("take it out")
        .help("or have it agreed, and suppress this finding with the reason and the name of who agreed")
}
