//! STA018 uneven-variants.

use crate::rules::prelude::*;
use crate::spec::quantity::plain;

rule! {
    /// The variants have unequal weights and no reason is given.
    ///
    /// ## Why
    /// The smaller side sets the precision: 90 to 10 needs 2.8 times the units of an even split. It is often meant
    /// as limited exposure, which `share` gives without that price.
    ///
    /// ## Source
    /// Kohavi, Deng, Vermeer, A/B Testing Intuition Busters, KDD 2022; PostHog's docs.
    ///
    /// ```toml,bad
    /// [variants.control]
    /// weight = 3
    /// [variants.one-tap]
    /// weight = 2
    /// ```
    /// ```toml,fixed
    /// variants.control.weight = 1
    /// variants.one-tap.weight = 1
    /// ```
    /// ```toml,good
    /// [variants.control]
    /// weight = 3
    /// [variants.one-tap]
    /// weight = 2
    /// [design]
    /// weights_reason = "the new vendor is paid by call"
    /// ```
    static RULE = {
        code: "STA018", name: "uneven-variants", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let variants = &cx.plan.variants;
    let reason = cx.spec.design.value().is_some_and(|design| !design.weights_reason.is_absent());
    let Some(control) = cx.plan.control() else { return };
    // A weight of 0 is another fault.
    if reason || variants.len() < 2 || variants.iter().any(|variant| variant.fraction <= 0.0) {
        return;
    }
    let first = variants[0].weight.value;
    let even = |weight: f64| (weight - first).abs() <= 1e-9 * first;
    if variants.iter().all(|variant| even(variant.weight.value)) {
        return;
    }
    let smallest = variants.iter().min_by(|a, b| a.fraction.total_cmp(&b.fraction)).unwrap_or(control);
    // The variance of the worst comparison over that of an even split: (1/c + 1/t) / (2 k).
    let price = |treatment: f64| (1.0 / control.fraction + 1.0 / treatment) / (2.0 * variants.len() as f64);
    let worst = cx.plan.treatments().map(|variant| price(variant.fraction)).fold(0.0, f64::max);
    let split = variants.iter().map(|variant| plain(variant.weight.value)).collect::<Vec<_>>().join(" : ");
    let headline = if 1.0 + 1e-9 < worst {
        format!("weights {split} need {} times the units of an even split", plain((worst * 100.0).round() / 100.0))
    } else {
        format!("weights {split} are uneven, and no reason is given")
    };
    let place = smallest.weight.span().filter(|span| span.file == cx.document.file).unwrap_or(smallest.span);
    let mut found = RULE
        .at(place, headline)
        .label(format!("{} gets {} of the units", quoted(&smallest.name), percent(smallest.fraction)))
        .fact("price", worst);
    for variant in variants.iter().filter(|variant| variant.name != smallest.name).take(3) {
        let span = variant.weight.span().unwrap_or(variant.span);
        found = found.also(span, format!("{} gets {}", quoted(&variant.name), percent(variant.fraction)));
    }
    let sized = cx.plan.sizes.iter().filter(|size| size.role == Role::Primary).filter_map(|size| size.result.as_ref().ok());
    if let Some(sizing) = sized.min_by(|a, b| a.power.total_cmp(&b.power)) {
        let even = sizing.power_if_even(cx.plan);
        let (now, then) = (probability(sizing.power), probability(even));
        found = found
            .fact("power", sizing.power)
            .fact("power_if_even", even)
            .help(format!("write equal weights: power is {now}, and {then} with an even split"));
    } else {
        found = found.help("write equal weights");
    }
    let edits: Vec<Edit> = variants
        .iter()
        .filter_map(|variant| variant.weight.span())
        .map(|span| Edit { span, replacement: "1".to_owned() })
        .collect();
    if edits.len() == variants.len() && edits.iter().all(|edit| edit.span.file == cx.document.file) {
        found = found.fix(Applicability::Suggested, "write equal weights", edits);
    }
    out.push(
        found
            .help("to expose fewer people, lower `share` instead: the split stays even")
            .help("or add `weights_reason = \"…\"` to `[design]`"),
    );
}
