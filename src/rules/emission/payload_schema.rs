//! EMI007 payload-schema.

use crate::rules::prelude::*;

rule! {
    /// A key of the payload has one type in a variant and another elsewhere.
    ///
    /// ## Why
    /// Clients read a typed value: they throw, or fall back without a word, for one of the variants only.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and Flipt.
    ///
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = true }
    /// ```
    /// ```toml,good
    /// [variants.one-tap]
    /// payload = { layout = "one-tap" }
    /// ```
    static RULE = {
        code: "EMI007", name: "payload-schema", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let all: Vec<_> = super::payloads(cx.plan).collect();
    // The default decides, or else the control, or else whoever comes first.
    let control = cx.plan.control().map(|control| control.name.as_str());
    let measure = all.iter().find(|(name, _)| name.is_none()).or_else(|| all.iter().find(|(name, _)| *name == control));
    let Some((whose, measure)) = measure.or(all.first()) else { return };
    for (name, table) in &all {
        let Some(name) = name.filter(|_| name != whose) else { continue };
        for entry in &table.entries {
            let Some(wanted) = measure.get(&entry.key) else { continue };
            let (have, want) = (kind(&entry.node.value), kind(&wanted.value));
            if have == want {
                continue;
            }
            let place = whose.map_or("in the flag's default".to_owned(), |whose| format!("in {}", quoted(whose)));
            out.push(
                RULE.at(entry.node.span, format!("{} is {have} in {}, elsewhere {want}", quoted(&entry.key), quoted(name)))
                    .label(have)
                    .also(wanted.span, format!("{want} {place}"))
                    .help(format!("write {want}, or give the new type a key of its own")),
            );
        }
    }
}

/// The type as a client sees it: JSON has one sort of number.
fn kind(value: &crate::syntax::Value) -> &'static str {
    match value.kind() {
        "an integer" | "a decimal number" => "a number",
        "a date" => "a string",
        other => other,
    }
}
