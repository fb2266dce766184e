//! ROL011 irreversible.

use crate::rules::prelude::*;

rule! {
    /// The treatment writes lasting state, and no way to undo it is stated.
    ///
    /// ## Why
    /// Switching off does not restore what was written.
    ///
    /// ## Source
    /// Microsoft ExP, Patterns of Trustworthy Experimentation.
    ///
    /// ```toml,bad
    /// [risk]
    /// lasting = true
    /// ```
    /// ```toml,good
    /// [risk]
    /// lasting = true
    /// undo = "a job restores the old address book from the daily snapshot"
    /// ```
    static RULE = {
        code: "ROL011", name: "irreversible", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(risk) = cx.spec.risk.value() else { return };
    let Some(lasting) = risk.lasting.get().filter(|lasting| lasting.value) else { return };
    let empty = match &risk.undo {
        Field::Absent => true,
        Field::Set(text) => text.trim().is_empty(),
        Field::Broken(_) => false,
    };
    if empty && !cx.document.is_damaged() && super::is_open(cx.plan) {
        out.push(
            RULE.at(lasting.span, "the treatment writes lasting state that nothing undoes")
                .label("outlives the kill switch")
                .help("add `undo = \"…\"` to `[risk]`: what restores the old state, and who runs it"),
        );
    }
}
