//! GOV002 sensitive-attribute.

use crate::rules::prelude::*;
use crate::spec::governance::DataClass;

rule! {
    /// The audience or a segment uses an attribute that is protected, or of a special category.
    ///
    /// ## Why
    /// Health, belief, origin and the like need a legal ground of their own, and so do proxies that the policy lists.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 9.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.gender]
    /// about = "As stated in the profile"
    /// type = "string"
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
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "diagnosis", is_not = "none" }]
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
        let protected = cx.policy.protected_attributes.iter().find(|known| known.value == name.value);
        let class = cx.catalog.attributes.get(name).and_then(|known| known.data_class.get());
        let sensitive = class.filter(|class| class.value == DataClass::Sensitive);
        let (what, span, label) = match (protected, sensitive) {
            (Some(at), _) => ("protected by the policy", at.span, "protected here"),
            (None, Some(at)) => ("of a special category", at.span, "declared sensitive"),
            (None, None) => continue,
        };
        out.push(
            RULE.at(super::place(cx, name), format!("{} is {what}", quoted(name)))
                .label("decides who takes part or how results are split")
                .also(span, label)
                .help("take it out")
                .help("or have it agreed, and suppress this finding with the reason and the name of who agreed"),
        );
    }
}
