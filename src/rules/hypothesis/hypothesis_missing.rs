//! HYP001 hypothesis-missing.

use crate::rules::prelude::*;

rule! {
    /// The spec does not say what is changed.
    ///
    /// ## Why
    /// Without a statement written before the data, any result can be explained afterwards.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; OSF Prereg form; Kerr, HARKing, 1998.
    ///
    /// ```toml,bad
    /// #: without hypothesis
    /// ```
    /// ```toml,bad
    /// #: without hypothesis.change
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// change = "replace the three-step form by one button"
    /// ```
    static RULE = {
        code: "HYP001", name: "hypothesis-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.unreadable(&cx.spec.hypothesis) {
        return;
    }
    let Some(hypothesis) = cx.spec.hypothesis.value() else {
        out.push(RULE.at(cx.plan.span, "the spec has no hypothesis").help(
            "add `[hypothesis]`: `because` what you know, `change` what you change, `expect` what should move",
        ));
        return;
    };
    let empty = hypothesis.change.value().is_some_and(|text| text.trim().is_empty());
    if hypothesis.change.is_absent() || empty {
        let place = hypothesis.change.span().unwrap_or_else(|| cx.home("hypothesis"));
        out.push(
            RULE.at(place, "the hypothesis does not say what is changed")
                .help("add `change`: one sentence on what people will see"),
        );
    }
}
