//! STA008 no-multiplicity-plan.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Correction, Method, SecondaryCorrection, SecondaryGate};

rule! {
    /// Several claims could each make a success, and no correction shares the alpha among them.
    ///
    /// Also told: a correction that does not cover the claims, secondary metrics behind a gate that each inherit the whole
    /// alpha, and a rate of false discoveries that the policy does not allow. A Bayesian rule shares no alpha: `STA023`
    /// shows how often it errs.
    ///
    /// ## Why
    /// Each claim brings its own chance of a false win: ten at 5 % together give about 40 %.
    ///
    /// ## Source
    /// Benjamini, Hochberg, 1995; Schultzberg, Ankargren, Frånberg (Spotify), Risk-aware product decisions, 2024.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3%" }
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "6%" }
    /// [metrics]
    /// secondary = []
    /// ```
    /// ```toml,fixed
    /// design.correction = "holm"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3.2%" }
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "6%" }
    /// [metrics]
    /// secondary = []
    /// [design]
    /// correction = "holm"
    /// ```
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "3.2%" }
    /// [[metrics.primary]]
    /// metric = "revenue_per_user"
    /// mde = { relative = "6%" }
    /// [metrics]
    /// secondary = []
    /// [design]
    /// correction = "dunnett"
    /// ```
    /// ```toml,bad
    /// [design]
    /// secondary = { correction = "benjamini-hochberg" }
    /// ```
    /// ```toml,good
    /// [design]
    /// secondary = { correction = "benjamini-hochberg" }
    /// #: file expc.toml
    /// [policy]
    /// allow_false_discovery_rate = true
    /// ```
    static RULE = {
        code: "STA008", name: "no-multiplicity-plan", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    secondary(cx, out);
    if design.method.value == Method::Bayesian {
        return;
    }
    dunnett(cx, out);
    let unread = cx.spec.design.value().is_some_and(|design| matches!(design.correction, Field::Broken(_)));
    if design.claims < 2 || design.correction.value != Correction::None || unread || cx.unreadable(&cx.spec.design)
        || place::list_is_broken(cx, Role::Primary) {
        return;
    }
    let (treatments, primaries) = (cx.plan.treatments().count(), cx.plan.metrics_of(Role::Primary).count());
    // Claims without a primary or a control are other faults.
    if treatments * primaries != design.claims {
        return;
    }
    let alpha = design.alpha.value;
    let inflated = 1.0 - (1.0 - alpha).powi(i32::try_from(design.claims).unwrap_or(i32::MAX));
    let headline = format!("{} claims at alpha {alpha}: {} chance of a false win", design.claims, percent(inflated));
    let many = |number: usize, thing: &str| format!("{number} {thing}{}", if number == 1 { "" } else { "s" });
    let mut found = place::at_value(cx, &RULE, design.correction.span(), "design", headline)
        .label(format!("{} × {}, no correction", many(treatments, "treatment"), many(primaries, "primary metric")))
        .fact("claims", design.claims as f64)
        .fact("inflated_alpha", inflated);
    for metric in cx.plan.metrics_of(Role::Primary).skip(1).take(3) {
        found = found.also(metric.span, "another claim");
    }
    for variant in cx.plan.treatments().skip(1).take(3) {
        found = found.also(variant.span, "another treatment");
    }
    found = match design.correction.span() {
        Some(span) => place::replace(cx, found, Applicability::Suggested, Some(span), "\"holm\""),
        None => place::insert(cx, found, Applicability::Suggested, "design", "correction = \"holm\""),
    };
    out.push(
        found
            .help(format!(
                "add `correction = \"holm\"` to `[design]`: each claim is then sized at alpha {}",
                place::significant(alpha / design.claims as f64)
            ))
            .help("or keep one primary metric and one treatment; list the others as secondary"),
    );
}

/// Dunnett's correlation is that of treatments with one control: it says nothing of several metrics.
fn dunnett(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let primaries = cx.plan.metrics_of(Role::Primary).count();
    if design.correction.value != Correction::Dunnett || primaries < 2 || place::list_is_broken(cx, Role::Primary) {
        return;
    }
    let headline = format!("`dunnett` covers treatments, not {primaries} primary metrics");
    let found = place::at_value(cx, &RULE, design.correction.span(), "design", headline)
        .label("shares alpha among treatments of one metric");
    let found = place::replace(cx, found, Applicability::Suggested, design.correction.span(), "\"holm\"");
    out.push(found.help("set `correction = \"holm\"`: it holds for claims of any kind"));
}

/// The family of the secondary metrics.
fn secondary(cx: &PlanCx<'_>, out: &mut Sink) {
    let family = &cx.plan.design.secondary;
    if family.correction.value == SecondaryCorrection::BenjaminiHochberg && !cx.policy.allow_false_discovery_rate.value {
        let headline = "the policy does not allow to hold a rate of false discoveries".to_owned();
        let mut found = place::at_value(cx, &RULE, family.correction.span(), "design.secondary", headline)
            .label("lets one in twenty of its discoveries be false, not one in twenty families");
        if let Some(span) = cx.policy.allow_false_discovery_rate.span() {
            found = found.also(span, "not allowed here");
        }
        let found = place::replace(cx, found, Applicability::Suggested, family.correction.span(), "\"holm\"");
        out.push(
            found
                .help("set `correction = \"holm\"` in `[design.secondary]`")
                .help("or allow it: `allow_false_discovery_rate = true` in `[policy]`"),
        );
    }
    let gated = family.gate.value == SecondaryGate::Primary && family.correction.value == SecondaryCorrection::None;
    if !gated || family.claims < 2 || place::list_is_broken(cx, Role::Secondary) {
        return;
    }
    let headline = format!("{} secondary claims behind the gate each take the whole alpha", family.claims);
    let found = place::at_value(cx, &RULE, family.gate.span(), "design.secondary", headline)
        .label("one alpha is inherited, and not shared");
    out.push(found.help("add `correction = \"holm\"` or `\"fixed-sequence\"` to `[design.secondary]`"));
}
