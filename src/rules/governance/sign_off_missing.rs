//! GOV010 sign-off-missing.

use crate::rules::prelude::*;

rule! {
    /// A risk is declared, and those who must agree have not.
    ///
    /// ## Why
    /// Otherwise the review happens after the harm.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and GrowthBook.
    ///
    /// ```toml,bad
    /// [risk]
    /// legal = true
    /// ```
    /// ```toml,good
    /// [risk]
    /// legal = true
    /// sign_offs = [{ role = "legal", by = "Ada Lind", at = 2026-11-20 }]
    /// ```
    static RULE = {
        code: "GOV010", name: "sign-off-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(risk) = cx.spec.risk.value() else { return };
    if super::sign_offs_broken(risk) || cx.document.is_damaged() || cx.plan.status.value.is_over() {
        return;
    }
    for (name, answer) in super::questions(risk) {
        let Some(declared) = answer.get().filter(|declared| declared.value) else { continue };
        let demands = cx.policy.required_sign_offs.iter().filter(|(risk, _)| risk.value == name);
        for role in demands.flat_map(|(_, roles)| roles).filter(|role| !super::is_signed(risk, role)) {
            let mut found = RULE
                .at(declared.span, format!("{} risk is declared, and nobody from {} has agreed", quoted(name), quoted(role)))
                .label("declared");
            // The preset has no place that a reader could open.
            if cx.workspace.sources.find(role.span.file).is_some() {
                found = found.also(role.span, "must agree");
            }
            let role = crate::text::printable(role);
            let day = cx.today.map_or("2026-11-20".to_owned(), |today| today.to_string());
            out.push(found.help(format!(
                "once they agree, add `{{ role = \"{role}\", by = \"…\", at = {day} }}` to `sign_offs` in `[risk]`"
            )));
        }
    }
}
