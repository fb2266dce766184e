//! ROL019 client-too-old.

use crate::rules::audience::{keeps_older_out, lowest_version, version_attribute};
use crate::rules::prelude::*;
use crate::spec::{Condition, List};

rule! {
    /// The audience holds versions of the product that do not know the experiment's flag.
    ///
    /// ## Why
    /// An old version shows the default whatever its variant is: control-like units inside every treatment shrink the
    /// effect, and no check of the sample ratio sees them.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "app_version", semver = ">=5.1.9" }]
    /// ```
    /// ```toml,fixed
    /// audience.where = [{ attribute = "app_version", semver = ">=5.2.0" }]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// [audiences.buyers]
    /// where = [{ attribute = "app_version", semver = ">=5.0.0" }]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// where = [{ attribute = "app_version", semver = ">=5.2.0" }]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// [audiences.buyers]
    /// where = [{ attribute = "app_version", semver = ">=5.10.0" }]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [flags.checkout-one-tap]
    /// since = ">=5.2.0"
    /// #: file experiments/checkout-one-tap.toml
    /// [audience]
    /// exclude = [{ attribute = "app_version", semver = "<5.2.0" }]
    /// ```
    static RULE = {
        code: "ROL019", name: "client-too-old", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let flag = &cx.plan.flag.value;
    let Some(since) = cx.catalog.flags.get(flag).and_then(|flag| flag.since.get()) else { return };
    if !super::is_open(cx.plan) || cx.unreadable(&cx.spec.audience) || !audience_is_known(cx) {
        return;
    }
    let [major, minor, patch] = since.version;
    let first = format!("{major}.{minor}.{patch}");
    let headline = format!("versions before {first} do not know flag {}", quoted(flag));
    let whole = || {
        let version = version_attribute(cx).unwrap_or("app_version");
        format!("add `{{ attribute = \"{version}\", semver = \">={first}\" }}` to `audience.where`")
    };
    let found = match lowest_version(cx) {
        Some(range) if since.version <= range.version => return,
        _ if keeps_older_out(cx, since.version) => return,
        Some(range) if range.span.file == cx.document.file => RULE
            .at(range.span, headline)
            .label("lets older versions in")
            .help(format!("write `semver = \">={first}\"`"))
            .fix(
                Applicability::Suggested,
                format!("write \">={first}\""),
                vec![Edit { span: range.span, replacement: format!("\">={first}\"") }],
            ),
        Some(range) => RULE
            .at(cx.home("audience"), headline)
            .label("takes older versions in")
            .also(range.span, "the lowest that is let in")
            .help(whole()),
        None => RULE.at(cx.home("audience"), headline).label("asks for no version").help(whole()),
    };
    out.push(found.also(since.span, "read from this version on"));
}

/// False when a condition may stand where nothing could be read: a broken list, or an unknown audience.
fn audience_is_known(cx: &PlanCx<'_>) -> bool {
    let whole = |list: &Field<List<Condition>>| match list {
        Field::Broken(_) => false,
        Field::Set(list) => !list.value.broken,
        Field::Absent => true,
    };
    let own = cx.spec.audience.value();
    let named = cx.plan.audience.base.as_ref().map(|base| cx.catalog.audiences.get(&base.value));
    own.is_none_or(|own| whole(&own.r#where) && whole(&own.exclude))
        && named.is_none_or(|named| named.is_some_and(|named| whole(&named.r#where) && whole(&named.exclude)))
}
