//! GOV011 ethics-review.

use crate::rules::prelude::*;

rule! {
    /// Prices, deception, emotion or vulnerable people are part of it, and nobody has reviewed that.
    ///
    /// ## Why
    /// Consent to a service is not consent to be deceived by it; experiments on emotion or price have ended in the news.
    ///
    /// ## Source
    /// The Menlo Report, 2012.
    ///
    /// ```toml,bad
    /// [risk]
    /// ethics = true
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// tags = ["pricing"]
    /// ```
    /// ```toml,good
    /// [risk]
    /// ethics = true
    /// sign_offs = [{ role = "ethics", by = "Ada Lind", at = 2026-11-20 }]
    /// ```
    static RULE = {
        code: "GOV011", name: "ethics-review", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

/// Tags that say as much as the question.
const TAGS: [&str; 10] =
    ["price", "prices", "pricing", "deception", "emotion", "emotions", "minors", "children", "gambling", "health"];

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(risk) = cx.spec.risk.value() else { return };
    if super::sign_offs_broken(risk) || super::is_signed(risk, "ethics") || cx.plan.status.value.is_over() {
        return;
    }
    // The policy's own demand for a sign-off on this risk speaks for itself.
    if cx.policy.required_sign_offs.iter().any(|(risk, _)| risk.value == "ethics") && risk.ethics.copied() == Some(true) {
        return;
    }
    if let Some(declared) = risk.ethics.get().filter(|declared| declared.value) {
        return out.push(
            RULE.at(declared.span, "declared to touch ethics, and nobody has reviewed it")
                .label("declared")
                .help("add `{ role = \"ethics\", by = \"…\", at = … }` to `sign_offs` once it is reviewed"),
        );
    }
    let tags = cx.spec.experiment.value().and_then(|experiment| experiment.tags.value());
    let tag = tags.and_then(|tags| tags.iter().find(|tag| TAGS.contains(&tag.to_lowercase().as_str())));
    if let (Some(tag), Some(answer)) = (tag, risk.ethics.get()) {
        out.push(
            RULE.at(answer.span, format!("tagged {}, and declared to touch no ethics", quoted(tag)))
                .label("declared")
                .also(tag.span, "the tag")
                .help("set `ethics = true` and have it reviewed, or take the tag out"),
        );
    }
}
