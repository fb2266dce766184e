//! AUD014 same-payload.

use crate::rules::prelude::*;

rule! {
    /// Two variants return the same values, or set different keys.
    ///
    /// ## Why
    /// Equal payloads are an A/A run by accident; a key that one variant leaves out is left to whatever the code falls back to.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = "form" }
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = "one-tap", colour = "green" }
    /// ```
    /// ```toml,good
    /// [variants.one-tap]
    /// payload = { layout = "one-tap" }
    /// ```
    static RULE = {
        code: "AUD014", name: "same-payload", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(named) = cx.spec.variants.value().filter(|named| !named.broken) else { return };
    if named.iter().any(|(_, variant)| matches!(variant.payload, Field::Broken(_))) || cx.document.is_damaged() {
        return;
    }
    if cx.plan.status.value.is_over() {
        return;
    }
    let payloads: Vec<_> = cx
        .plan
        .variants
        .iter()
        .filter_map(|variant| {
            let payload = variant.payload.as_ref()?;
            Some((variant, payload, payload.span().unwrap_or(variant.span)))
        })
        .collect();
    // Control first, so that the treatment is the one to edit.
    let mut seen: Vec<usize> = Vec::new();
    let order = (0..payloads.len()).filter(|&i| payloads[i].0.control).chain((0..payloads.len()).filter(|&i| !payloads[i].0.control));
    for index in order {
        let (variant, payload, span) = payloads[index];
        let twin = seen.iter().map(|&other| payloads[other]).find(|(_, other, _)| super::same(&other.value, &payload.value, span));
        if let Some((other, _, place)) = twin {
            out.push(
                RULE.at(span, format!("variants {} and {} return the same values", quoted(&other.name), quoted(&variant.name)))
                    .label("equal")
                    .also(place, format!("what {} returns", quoted(&other.name)))
                    .help("give the variants different values, or take one of them out"),
            );
        }
        seen.push(index);
    }
    missing_keys(cx, out);
}

/// Keys that some variants set and others do not; misspelt ones are told as such.
fn missing_keys(cx: &PlanCx<'_>, out: &mut Sink) {
    let default = cx.plan.off.as_ref().and_then(|off| super::table(&off.value));
    let odd = super::orphan_flag::odd_keys(cx.plan, default);
    let misspelt: Vec<&str> = odd.iter().flat_map(|(_, entry, near)| [Some(entry.key.as_str()), *near]).flatten().collect();
    let tables: Vec<_> = cx
        .plan
        .variants
        .iter()
        .map(|variant| (variant, variant.payload.as_ref().and_then(|payload| super::table(&payload.value))))
        .collect();
    if tables.iter().all(|(_, table)| table.is_none()) {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    for (setter, table) in &tables {
        for entry in table.iter().flat_map(|table| &table.entries) {
            let key = entry.key.as_str();
            if told.contains(&key) || misspelt.contains(&key) {
                continue;
            }
            let lacks = |table: &Option<&crate::syntax::Table>| table.is_none_or(|table| table.get(key).is_none());
            let Some((lacking, _)) = tables.iter().find(|(_, table)| lacks(table)) else { continue };
            told.push(key);
            let span = lacking.payload.as_ref().and_then(|payload| payload.span()).unwrap_or(lacking.span);
            let value = cx.written(entry.node.span);
            let mut found = RULE
                .at(span, format!("variant {} leaves {} to chance", quoted(&lacking.name), quoted(key)))
                .label(format!("no {}", quoted(key)))
                .also(entry.key_span, format!("{} sets it", quoted(&setter.name)));
            found = match default.and_then(|default| default.get(key)) {
                Some(node) => found.help(format!("add `{key} = {}`, the flag's default", cx.written(node.span))),
                None if value.len() <= 40 && !value.contains('\n') => {
                    found.help(format!("add it with the value it has today, as in `{key} = {value}`"))
                }
                None => found.help("add it with the value it has today"),
            };
            out.push(found);
        }
    }
}
