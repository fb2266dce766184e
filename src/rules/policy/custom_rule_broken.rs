//! POL002 custom-rule-broken.

use crate::portfolio::{CustomFault, CUSTOM_PREFIX};
use crate::rules::{self, prelude::*};

rule! {
    /// A custom rule of `expc.toml` cannot be read: its expression, its message, its place or an example is faulty.
    ///
    /// ## Why
    /// A rule that does not run protects nobody, and nobody misses its findings.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [custom.consent-in-the-eu]
    /// require = "plan.privacy.bassis == 'consent' || !('EU' in plan.privacy.regions)"
    /// message = "experiments in the EU need consent"
    /// bad = "privacy = { basis = 'contract', regions = ['EU'] }"
    /// good = "privacy = { basis = 'consent', regions = ['EU'] }"
    /// ```
    /// ```toml,fixed
    /// #: file expc.toml
    /// [custom.consent-in-the-eu]
    /// require = "plan.privacy.basis == 'consent' || !('EU' in plan.privacy.regions)"
    /// message = "experiments in the EU need consent"
    /// bad = "privacy = { basis = 'contract', regions = ['EU'] }"
    /// good = "privacy = { basis = 'consent', regions = ['EU'] }"
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [custom.small-alpha]
    /// require = "plan.design.alpha <= '5%'"
    /// message = "alpha is {plan.design.alpha}"
    /// bad = "design.alpha = 0.1"
    /// good = "design.alpha = 0.01"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [custom.consent-in-the-eu]
    /// require = "plan.privacy.basis == 'consent' || !('EU' in plan.privacy.regions)"
    /// message = "experiments in the EU need consent, not `{plan.privacy.basis}`"
    /// at = "privacy.basis"
    /// bad = "privacy = { basis = 'contract', regions = ['EU'] }"
    /// good = "privacy = { basis = 'consent', regions = ['EU'] }"
    /// ```
    static RULE = {
        code: "POL002", name: "custom-rule-broken", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Policy],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for fault in &cx.workspace.custom.faults {
        out.push(broken(fault));
    }
    let custom = cx.workspace.file.custom.value();
    for (key, _) in custom.into_iter().flat_map(|named| named.iter()) {
        if let Some(rule) = rules::find(key) {
            out.push(
                RULE.at(key.span, format!("a rule of expc is called {} already", quoted(key)))
                    .label(format!("the name of {}", rule.code))
                    .help("rename it: levels and suppressions would not tell the two apart"),
            );
        }
    }
}

fn broken(fault: &CustomFault) -> Diagnostic {
    let mut found = RULE.at(fault.span, fault.headline.clone()).label(fault.label.clone());
    found = match &fault.meant {
        Some(meant) => found.fix(
            Applicability::Suggested,
            format!("write `{meant}`"),
            vec![Edit { span: fault.span, replacement: meant.clone() }],
        ),
        None => found,
    };
    if !fault.help.is_empty() {
        found = found.help(fault.help.clone());
    }
    let name = crate::text::printable(&fault.rule);
    found.fact("rule", format!("{CUSTOM_PREFIX}{name}"))
}
