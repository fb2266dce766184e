//! ROL015 weights-broken.

use crate::rules::prelude::*;

rule! {
    /// There is nothing to compare: one variant, no control, or a weight of zero.
    ///
    /// ## Why
    /// Of 18 enabled cohort blocks in a public repository 8 had one variant or a zero weight, mostly winners that were
    /// shipped inside the experiment. A winner that everybody gets has the status `shipped`.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories; checks of brave-variations.
    ///
    /// ```toml,bad
    /// [variants.control]
    /// weight = 0
    /// ```
    /// ```toml,fixed
    /// variants.control.weight = 1
    /// ```
    /// ```toml,bad
    /// [variants.one-tap]
    /// control = true
    /// [variants.control]
    /// control = true
    /// ```
    /// ```toml,bad
    /// #: without variants.control
    /// [variants.form]
    /// weight = 1
    /// payload = { layout = "form" }
    /// ```
    /// ```toml,good
    /// #: without variants.control
    /// [variants.form]
    /// weight = 1
    /// control = true
    /// payload = { layout = "form" }
    /// ```
    static RULE = {
        code: "ROL015", name: "weights-broken", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(named) = cx.spec.variants.get() else { return };
    if named.broken || cx.document.is_damaged() || !super::is_open(cx.plan) {
        return;
    }
    let variants = &cx.plan.variants;
    let broken_weight = named.iter().any(|(_, variant)| matches!(variant.weight, Field::Broken(_)));
    let shipped = "a winner that everybody gets: set `experiment.status = \"shipped\"`";
    match variants.as_slice() {
        [] => return out.push(RULE.at(cx.home("variants"), "no variants").help("add `[variants.control]` and one more")),
        [only] => {
            return out.push(
                RULE.at(only.span, format!("{} is the only variant: there is nothing to compare", quoted(&only.name)))
                    .label("everybody gets it")
                    .help("add a second variant")
                    .help(shipped),
            );
        }
        _ => {}
    }
    let marked: Vec<_> = named.iter().filter(|(_, variant)| variant.control.copied() == Some(true)).collect();
    if let [(_, first), (second, again), ..] = marked.as_slice() {
        let span = again.control.span().unwrap_or(second.span);
        let first = first.control.span().unwrap_or(first.span);
        out.push(
            RULE.at(span, format!("{} variants are marked as control", marked.len()))
                .label("also control")
                .also(first, "control")
                .help("keep `control = true` on the variant that people have today"),
        );
    } else if !variants.iter().any(|variant| variant.control) {
        let broken = named.iter().any(|(_, variant)| matches!(variant.control, Field::Broken(_)));
        if !broken {
            out.push(
                RULE.at(cx.home("variants"), "no variant is the control")
                    .label(format!("{} variants, none of them named `control`", variants.len()))
                    .help(format!("add `control = true` to the one people have today, such as {}", quoted(&variants[0].name))),
            );
        }
    }
    if broken_weight {
        return;
    }
    if variants.iter().all(|variant| variant.weight.value == 0.0) {
        let span = variants[0].weight.span().unwrap_or(variants[0].span);
        return out.push(RULE.at(span, "every weight is 0").label("nobody is enrolled").help("give each variant `weight = 1`"));
    }
    let usual = variants.iter().map(|variant| variant.weight.value).find(|&weight| 0.0 < weight).unwrap_or(1.0);
    for variant in variants.iter().filter(|variant| variant.weight.value == 0.0) {
        let span = variant.weight.span().unwrap_or(variant.span);
        let label = if variant.control { "nobody gets the control" } else { "nobody gets it" };
        let usual = crate::spec::quantity::plain(usual);
        out.push(
            RULE.at(span, format!("variant {} has weight 0", quoted(&variant.name)))
                .label(label)
                .help(format!("set the weight to {usual}, or take the variant out"))
                .help(shipped)
                .fix(
                    Applicability::Suggested,
                    format!("set the weight to {usual}"),
                    vec![Edit { span, replacement: usual.clone() }],
                ),
        );
    }
}
