//! AUD008 login-switch.

use crate::rules::prelude::*;

rule! {
    /// The id of the unit changes as a person signs in.
    ///
    /// ## Why
    /// The variant may flip in the middle of a funnel: what was seen before sign-in and what was bought after it then belong
    /// to different variants.
    ///
    /// ## Source
    /// Docs of GrowthBook.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.user]
    /// changes_at_login = true
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [units.user]
    /// changes_at_login = false
    /// ```
    static RULE = {
        code: "AUD008", name: "login-switch", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(unit) = &cx.plan.audience.unit else { return };
    let Some(switch) = cx.catalog.units.get(&unit.value).and_then(|known| known.changes_at_login.get()) else { return };
    let Some(span) = unit.span().filter(|_| switch.value && !cx.plan.status.value.is_over()) else { return };
    let mut found = RULE
        .at(span, format!("the id of a {} changes as a person signs in", quoted(&unit.value)))
        .label("variants may flip in the funnel")
        .also(switch.span, "declared here");
    let stable: Vec<&str> = cx
        .catalog
        .units
        .iter()
        .filter(|(_, _, known)| known.changes_at_login.copied() != Some(true))
        .map(|(name, ..)| name)
        .collect();
    if !stable.is_empty() {
        found = found.help(format!("randomise by {}", listed(stable, 4)));
    }
    out.push(found.help("target only units that are signed in, or never will be, while they are exposed"));
}
