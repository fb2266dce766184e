//! AUD003 attribute-not-in-version.

use crate::rules::prelude::*;

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
    /// ```toml,fixed
    /// audience.where = [
    ///   { attribute = "country", in = ["US", "CA"] },
    ///   { attribute = "app_version", semver = ">=5.4.0" },
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
    let lowest = super::lowest_version(cx);
    for condition in super::own_conditions(cx) {
        let Some(name) = condition.attribute.get() else { continue };
        let Some(since) = cx.catalog.attributes.get(name).and_then(|known| known.since.get()) else { continue };
        let is_high = lowest.as_ref().is_some_and(|range| since.version <= range.version);
        if is_high || super::keeps_older_out(cx, since.version) {
            continue;
        }
        let first = since.value.to_string();
        let first = first.trim_start_matches(['>', '<', '=', '!']);
        let mut found = RULE
            .at(name.span, format!("versions before {first} do not send {}", quoted(name)))
            .label("never holds for them")
            .also(since.span, "sent from this version on");
        found = match &lowest {
            Some(range) => found
                .also(range.span, "lets older versions in")
                .help(format!("write `semver = \">={first}\"`"))
                .fix(
                    Applicability::Suggested,
                    format!("raise {} to >={first}", range.value),
                    vec![Edit { span: range.span, replacement: format!("\">={first}\"") }],
                ),
            None => {
                let version = super::version_attribute(cx).unwrap_or("app_version");
                found.help(format!("add `{{ attribute = \"{version}\", semver = \">={first}\" }}` to `where`"))
            }
        };
        out.push(found);
    }
}
