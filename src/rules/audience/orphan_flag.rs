//! AUD012 orphan-flag.

use crate::rules::prelude::*;

rule! {
    /// The flag, or a key that a variant sets in it, is known nowhere else.
    ///
    /// ## Why
    /// In a public repository a control variant switched off a flag whose name was wrong by one letter: the control ran the
    /// treatment.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories.
    ///
    /// ```toml,bad
    /// [experiment]
    /// flag = "checkout-one-tab"
    /// ```
    /// ```toml,fixed
    /// experiment.flag = "checkout-one-tap"
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layot = "one-tap" }
    /// #: without variants.one-tap.payload
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// payload = { layout = "one-tap", colour = "green" }
    /// [variants.control]
    /// payload = { layout = "form", colour = "grey" }
    /// ```
    /// ```toml,good
    /// [experiment]
    /// flag = "checkout-one-tap"
    /// ```
    static RULE = {
        code: "AUD012", name: "orphan-flag", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let flags = &cx.catalog.flags;
    if flags.broken {
        return out.skip(Context::Catalog, "no complete list of flags: a catalogue file could not be read");
    }
    if flags.is_empty() {
        return out.skip(Context::Catalog, "no flags in the catalogue");
    }
    if cx.plan.status.value.is_over() {
        return;
    }
    let flag = &cx.plan.flag;
    if flags.get(&flag.value).is_none() {
        out.push(unknown_flag(cx));
    }
    let default = cx.plan.off.as_ref().and_then(|off| super::table(&off.value));
    for (variant, entry, near) in odd_keys(cx.plan, default) {
        let key = quoted(&entry.key);
        let found = match near {
            Some(near) => RULE
                .at(entry.key_span, format!("variant {} sets {key}, which nothing else knows", quoted(variant)))
                .label(format!("did you mean `{near}`?"))
                .fix(
                    Applicability::Suggested,
                    format!("rename it to `{near}`"),
                    vec![Edit { span: entry.key_span, replacement: near.to_owned() }],
                ),
            None => RULE
                .at(entry.key_span, format!("the default of flag {} has no {key}", quoted(&flag.value)))
                .label("units outside the experiment get no value")
                .help(format!("add {key} to `default` in `[flags.{}]`", crate::text::printable(&flag.value))),
        };
        out.push(match flags.get(&flag.value).and_then(|known| known.default.span()) {
            Some(span) => found.also(span, "the flag's default"),
            None => found,
        });
    }
}

/// Keys that are misspelt (no other variant and no default knows them, and one they know is near), and keys that
/// all variants set but the flag's default lacks, once each.
pub(super) fn odd_keys<'a>(
    plan: &'a Plan,
    default: Option<&'a crate::syntax::Table>,
) -> Vec<(&'a str, &'a crate::syntax::Entry, Option<&'a str>)> {
    let tables: Vec<_> = plan
        .variants
        .iter()
        .filter_map(|variant| Some((variant.name.as_str(), super::table(&variant.payload.as_ref()?.value)?)))
        .collect();
    let mut odd = Vec::new();
    for (index, (variant, table)) in tables.iter().enumerate() {
        for entry in &table.entries {
            if default.is_some_and(|default| default.get(&entry.key).is_some()) {
                continue;
            }
            let others = || tables.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, (_, table))| *table);
            if !others().any(|other| other.get(&entry.key).is_some()) {
                let known = others().chain(default).flat_map(|table| table.entries.iter().map(|entry| entry.key.as_str()));
                let missing = known.filter(|key| table.get(key).is_none());
                if let Some(near) = nearest(&entry.key, missing) {
                    odd.push((*variant, entry, Some(near)));
                }
            } else if index == 0 && default.is_some() && others().all(|other| other.get(&entry.key).is_some()) {
                odd.push((*variant, entry, None));
            }
        }
    }
    odd
}

fn unknown_flag(cx: &PlanCx<'_>) -> Diagnostic {
    let flag = &cx.plan.flag;
    let span = flag.span().unwrap_or(cx.plan.span);
    let found = RULE.at(span, format!("unknown flag {}", quoted(&flag.value)));
    let written = cx.spec.experiment.value().and_then(|experiment| experiment.flag.get());
    let name = crate::text::printable(&flag.value);
    let define = format!("define `[flags.{name}]` in the catalogue, with the `default` that people have today");
    match (written, nearest(&flag.value, cx.catalog.flags.names())) {
        (Some(at), Some(near)) => found.label(format!("did you mean `{near}`?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span: at.span, replacement: format!("\"{near}\"") }],
        ),
        (Some(_), None) => found.label("not in the catalogue").help(define),
        // The id itself is the flag's key.
        (None, near) => {
            let found = found.label("the id is the flag, and the catalogue has none of that name").help(define);
            match near {
                Some(near) => found.help(format!("or add `flag = \"{near}\"`")),
                None => found.help("or add `flag = \"…\"`, the key that the product reads"),
            }
        }
    }
}
