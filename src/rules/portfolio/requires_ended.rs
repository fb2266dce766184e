//! PRT013 requires-ended.

use crate::rules::prelude::*;

rule! {
    /// An experiment requires another that ends before it does.
    ///
    /// ## Why
    /// From that day on nobody enters the audience, and the last days that the size counts on bring no units.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// [experiment]
    /// requires = ["checkout-form"]
    /// #: twin checkout-form
    /// [rollout]
    /// start = 2027-01-04
    /// ```
    /// ```toml,good
    /// [experiment]
    /// requires = ["checkout-form"]
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT013", name: "requires-ended", since: "0.1.0",
        level: Error in drafts Warn, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let by_id = super::by_id(cx.portfolio);
    for entry in cx.portfolio.entries.iter().filter(|entry| !entry.status.is_over()) {
        for required in &entry.requires {
            let Some(other) = by_id.get(required.value.as_str()).filter(|other| !super::same_id(other, entry)) else {
                continue;
            };
            let found = if other.status.is_over() {
                RULE.at(required.span, format!("requires {}, which is {}", quoted(&other.id), other.status))
                    .label("nobody is in it any more")
                    .also(other.span, other.status.to_string())
                    .help("take it out of `requires`")
            } else if let (Some(ends), Some(own)) = (other.end, entry.end)
                && ends < own
            {
                let dry = u32::try_from(ends.until(own)).unwrap_or(0);
                RULE.at(required.span, format!("requires {}, which ends {} earlier", quoted(&other.id), days(dry)))
                    .label(format!("nobody enters after {ends}"))
                    .also(other.start_span.unwrap_or(other.span), format!("ends on {ends}"))
                    .also(entry.start_span.unwrap_or(entry.span), format!("ends on {own}"))
                    .help(format!("end by {ends}, or prolong {}", quoted(&other.id)))
            } else {
                continue;
            };
            out.push(super::about(found, entry));
        }
    }
}
