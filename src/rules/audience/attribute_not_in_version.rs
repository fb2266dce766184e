//! AUD003 attribute-not-in-version.

use crate::catalog::AttributeType;
use crate::rules::prelude::*;
use crate::spec::{Comparison, VersionRange};

rule! {
    /// An attribute is targeted that older versions in the audience do not send.
    ///
    /// ## Why
    /// A missing attribute never satisfies a condition: whoever has not updated drops out, and the volume is smaller and
    /// newer than planned.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// since = ">=5.4.0"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [
    ///   { attribute = "country", in = ["US", "CA"] },
    ///   { attribute = "app_version", semver = ">=5.2.0" },
    /// ]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// since = ">=5.4.0"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [
    ///   { attribute = "country", in = ["US", "CA"] },
    ///   { attribute = "app_version", semver = ">=5.4.0" },
    /// ]
    /// ```
    static RULE = {
        code: "AUD003", name: "attribute-not-in-version", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let conditions = &cx.plan.audience.conditions;
    let is_version = |name: &str| {
        cx.catalog.attributes.get(name).is_some_and(|known| known.r#type.copied() == Some(AttributeType::Version))
    };
    // The lowest version that is let in, by the highest of the lower bounds.
    let lowest: Option<(At<VersionRange>, Span)> = conditions
        .iter()
        .filter(|condition| condition.attribute.value().is_some_and(|name| is_version(name)))
        .flat_map(|condition| condition.comparisons())
        .filter_map(|comparison| match comparison.value {
            Comparison::Version(range) if matches!(range.comparison, ">=" | ">" | "=") => {
                Some((At { value: range.clone(), span: comparison.span }, comparison.span))
            }
            _ => None,
        })
        .max_by_key(|(range, _)| range.version);
    for condition in super::own_conditions(cx) {
        let Some(name) = condition.attribute.get() else { continue };
        let Some(since) = cx.catalog.attributes.get(name).and_then(|known| known.since.get()) else { continue };
        if lowest.as_ref().is_some_and(|(range, _)| since.version <= range.version) {
            continue;
        }
        let first = since.value.to_string();
        let first = first.trim_start_matches(['>', '<', '=', '!']);
        let mut found = RULE
            .at(name.span, format!("versions before {first} do not send {}", quoted(name)))
            .label("never holds for them")
            .also(since.span, "sent from this version on");
        found = match &lowest {
            Some((range, span)) => found
                .also(*span, "lets older versions in")
                .help(format!("write `semver = \">={first}\"`"))
                .fix(
                    Applicability::Suggested,
                    format!("raise {} to >={first}", range.value),
                    vec![Edit { span: *span, replacement: format!("\">={first}\"") }],
                ),
            None => {
                let version = cx.catalog.attributes.names().find(|name| is_version(name)).unwrap_or("app_version");
                found.help(format!("add `{{ attribute = \"{version}\", semver = \">={first}\" }}` to `where`"))
            }
        };
        out.push(found);
    }
}
