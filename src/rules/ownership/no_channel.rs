//! OWN006 no-channel.

use crate::rules::prelude::*;

rule! {
    /// The run has stages, but nobody hears when a guardrail fails.
    ///
    /// ## Why
    /// A gate that closes at night keeps a harm in place until somebody looks.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and LaunchDarkly.
    ///
    /// ```toml,bad
    /// #: without feedback
    /// #: file catalog/base.toml
    /// #: without owners.growth.channel
    /// ```
    /// ```toml,good
    /// #: without feedback
    /// ```
    static RULE = {
        code: "OWN006", name: "no-channel", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let ramps = cx.plan.calendar.stages.iter().any(|stage| !stage.implied);
    if !ramps || cx.is_incomplete() || matches!(cx.spec.feedback, Field::Broken(_)) {
        return;
    }
    let notify = cx.spec.feedback.value().map(|feedback| &feedback.notify);
    let told = match notify {
        None | Some(Field::Absent) => false,
        Some(Field::Broken(_)) => true,
        Some(Field::Set(notify)) => !notify.channel.is_absent(),
    };
    if told {
        return;
    }
    // An owner that is missing or unknown has a rule of its own.
    let Some(owner) = &cx.plan.owner else { return };
    let Some(entry) = cx.catalog.owners.get(&owner.value) else { return };
    if !entry.channel.is_absent() {
        return;
    }
    let mut found = RULE.at(cx.home("feedback"), "nobody hears when a stage or guardrail fails").label("notifies nobody");
    if let Some(span) = cx.catalog.owners.key(&owner.value) {
        found = found.also(span, "the owner has no `channel`");
    }
    out.push(
        found
            .help("add `channel` to the owner in the catalogue, for all of its experiments")
            .help("or add `feedback.notify = { channel = \"slack:#…\", on = [\"srm\", \"guardrail\"] }`"),
    );
}
