//! POL004 custom-rule-untested.

use crate::rules::prelude::*;

rule! {
    /// A custom rule has no bad or no good example.
    ///
    /// ## Why
    /// `expc policy test` holds a rule to its examples. Without a bad one nobody knows that it can fire, without a good
    /// one nobody knows that it can be met.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [custom.consent-in-the-eu]
    /// require = "plan.privacy.basis == 'consent' || !('EU' in plan.privacy.regions)"
    /// message = "experiments in the EU need consent"
    /// bad = "privacy = { basis = 'contract', regions = ['EU'] }"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [custom.consent-in-the-eu]
    /// require = "plan.privacy.basis == 'consent' || !('EU' in plan.privacy.regions)"
    /// message = "experiments in the EU need consent"
    /// bad = "privacy = { basis = 'contract', regions = ['EU'] }"
    /// good = "privacy = { basis = 'consent', regions = ['EU'] }"
    /// ```
    static RULE = {
        code: "POL004", name: "custom-rule-untested", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let custom = cx.workspace.file.custom.value();
    for (key, rule) in custom.into_iter().flat_map(|named| named.iter()) {
        let lacks = match (rule.bad.is_absent(), rule.good.is_absent()) {
            (true, true) => "example",
            (true, false) => "bad example",
            (false, true) => "good example",
            (false, false) => continue,
        };
        let add = match lacks {
            "example" => "add `bad` and `good`, parts of a spec on which it fires and is silent",
            "bad example" => "add `bad`, part of a spec on which it fires",
            _ => "add `good`, part of a spec on which it is silent",
        };
        out.push(
            RULE.at(key.span, format!("custom rule {} has no {lacks}", quoted(key)))
                .label("never tried")
                .help(format!("{add}; `expc policy test` tries them")),
        );
    }
}
