//! ROL006 split-changes-on-ramp.

use crate::rules::prelude::*;

rule! {
    /// A stage splits the units otherwise than the variants' weights, and the analysis pools the stages.
    ///
    /// ## Why
    /// Pooling days with different splits compares different days: Simpson's paradox can turn a gain on every day
    /// into a loss over all of them.
    ///
    /// ## Source
    /// Crook et al., Seven Pitfalls to Avoid, KDD 2009; Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails", weights = { control = 9, one-tap = 1 } },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// rollout.stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails", weights = { control = 1, one-tap = 1 } },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// analyse_ramp = false
    /// stages = [
    ///   { name = "canary", share = "5%", hold = "7 days", gate = "guardrails", weights = { control = 9, one-tap = 1 } },
    ///   { name = "main", share = "50%", hold = "28 days" },
    /// ]
    /// [decision]
    /// by = 2027-03-01
    /// ```
    static RULE = {
        code: "ROL006", name: "split-changes-on-ramp", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

/// Fractions are compared with this slack; a split that differs by less cannot bias anything.
const SLACK: f64 = 1e-6;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if !cx.plan.calendar.analyse_ramp || cx.unreadable(&cx.spec.variants) {
        return;
    }
    let stages = super::written_stages(cx);
    if stages.len() < 2 {
        return;
    }
    for stage in stages.iter().filter(|stage| !stage.weights.is_empty()) {
        let variants = &cx.plan.variants;
        // A variant that the stage does not name gets nobody in it.
        let weight = |name: &str| {
            stage.weights.iter().find(|(known, _)| known.value == name).map_or(0.0, |(_, weight)| weight.value)
        };
        let here: Vec<f64> = variants.iter().map(|variant| weight(&variant.name)).collect();
        let total: f64 = here.iter().sum();
        if total <= 0.0 {
            continue;
        }
        let differs = |(variant, weight): (&crate::plan::PlannedVariant, &f64)| {
            SLACK < (weight / total - variant.fraction).abs()
        };
        if !variants.iter().zip(&here).any(differs) {
            continue;
        }
        let split = |fractions: &mut dyn Iterator<Item = f64>| fractions.map(percent).collect::<Vec<_>>().join(" / ");
        let staged = split(&mut here.iter().map(|weight| weight / total));
        let planned = split(&mut variants.iter().map(|variant| variant.fraction));
        // All weights where they stand on one line, else the one that moves furthest from its plan.
        let moved = |name: &str| {
            let planned = variants.iter().find(|variant| variant.name == name).map_or(0.0, |variant| variant.fraction);
            (weight(name) / total - planned).abs()
        };
        let furthest = stage.weights.iter().max_by(|(a, _), (b, _)| moved(a).total_cmp(&moved(b)));
        let (Some((first, _)), Some((_, last)), Some((_, far))) = (stage.weights.first(), stage.weights.last(), furthest)
        else {
            continue;
        };
        let all = Span { end: last.span.end, ..first.span };
        let place = if cx.written(all).contains('\n') { far.span } else { all };
        let mut found = RULE
            .at(
                place,
                format!("stage {} splits {staged}, the experiment {planned}", quoted(&stage.name)),
            )
            .label("pooled with stages of another split");
        for variant in variants.iter().take(4) {
            if let Some(span) = variant.weight.span() {
                found = found.also(span, format!("{} of all", percent(variant.fraction)));
            }
        }
        let edits: Vec<Edit> = stage
            .weights
            .iter()
            .filter_map(|(name, weight)| {
                let own = variants.iter().find(|variant| variant.name == name.value)?;
                Some(Edit { span: weight.span, replacement: crate::spec::quantity::plain(own.weight.value) })
            })
            .collect();
        out.push(
            found
                .help("take `weights` out of the stage: to expose fewer people, lower its `share`")
                .help("or set `rollout.analyse_ramp = false`, so that only the last stage is analysed")
                .fix(Applicability::Suggested, "use the weights of the variants", edits),
        );
    }
}
