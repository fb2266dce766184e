//! EMI003 weight-rounding.

use crate::plan::targets::{Capabilities, gaps};
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A target must round the weights, or a share, to what it can hold.
    ///
    /// ## Why
    /// Rounded weights look like a sample-ratio mismatch, and a share that rounds to nothing enrols nobody.
    ///
    /// ## Source
    /// Docs of flagd: whole weights, at most 2147483647 in sum. Runs of GrowthBook's SDK: 10,000 numbers.
    ///
    /// ```toml,bad
    /// [variants.control]
    /// weight = 0.3333333333
    /// [variants.one-tap]
    /// weight = 0.3333333333
    /// ```
    /// ```toml,fixed
    /// variants.control.weight = 1
    /// variants.one-tap.weight = 1
    /// ```
    /// ```toml,bad
    /// [emit]
    /// targets = ["growthbook"]
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "1.503%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "21 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [variants.control]
    /// weight = 0.5
    /// [variants.one-tap]
    /// weight = 0.5
    /// ```
    static RULE = {
        code: "EMI003", name: "weight-rounding", since: "0.1.0",
        level: Warn, fix: Safe, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let weights: Vec<f64> = cx.plan.variants.iter().map(|variant| variant.weight.value).collect();
    for target in super::targets(cx) {
        // What rounding would make something else of is refused, which another rule tells.
        if !gaps(cx.plan, target).is_empty() {
            continue;
        }
        if target.arm_parts.is_some() {
            arms(cx, target, out);
            continue;
        }
        if !target.holds_weights(&weights) && !super::is_strict(cx, "weights") {
            let odd = cx.plan.variants.iter().find(|variant| 1e-9 < (variant.weight.value * 1e6).fract());
            let Some(variant) = odd.or(cx.plan.variants.first()) else { continue };
            if let Some(parts) = target.weight_parts {
                let span = variant.weight.span().unwrap_or(variant.span);
                let step = 100.0 / f64::from(parts);
                out.push(
                    RULE.at(span, format!("{} rounds the weights: it holds steps of {step} %", target.name))
                        .label(format!("no whole steps of {step} %"))
                        .help(format!("write {}", nearest_weights(&weights, parts))),
                );
                shares(cx, target, out);
                continue;
            }
            let equal = weights.iter().all(|weight| (weight - weights[0]).abs() < 1e-6 * weights[0]);
            let span = variant.weight.span().unwrap_or(variant.span);
            let found = RULE
                .at(span, format!("{} rounds the weights: it holds whole numbers", target.name))
                .label("does not fit in whole numbers");
            let found = match equal {
                true => found.help("give each variant `weight = 1`: only ratios count"),
                false => found.help("write whole weights, such as 33, 33 and 34: only ratios count"),
            };
            // What is shared by others, or not written at all, is not ours to scale.
            let spans: Option<Vec<Span>> = cx.plan.variants.iter().map(|variant| variant.weight.span()).collect();
            let spans = spans.filter(|spans| spans.iter().all(|span| span.file == cx.document.file));
            let edits = spans.zip(whole(&weights)).map(|(spans, weights)| {
                let edit = |(span, weight): (Span, u32)| Edit { span, replacement: weight.to_string() };
                spans.into_iter().zip(weights).map(edit).collect::<Vec<_>>()
            });
            out.push(place::offer(found, Applicability::Safe, "write whole weights of the same ratio", edits.unwrap_or_default()));
        }
        shares(cx, target, out);
    }
}

fn shares(cx: &PlanCx<'_>, target: &Capabilities, out: &mut Sink) {
    // A share in a layer may be a part of the slot.
    let slot = cx.plan.audience.layer.as_ref().filter(|_| target.shares_of_slot);
    let slot = slot.map_or(1.0, |_| cx.plan.audience.share.value.fraction());
    let written = cx.plan.calendar.stages.iter().filter(|stage| !stage.implied);
    for stage in written.filter(|_| !super::is_strict(cx, "share")) {
        let share = stage.share.value;
        if target.holds_share_in(share, slot) {
            continue;
        }
        let rounded = (share / slot * target.share_parts).round().max(1.0);
        let nearest = crate::spec::quantity::plain((rounded / target.share_parts * slot * 1e8).round() / 1e6);
        let step = 100.0 / target.share_parts;
        let label = match slot < 1.0 {
            true => format!("no whole steps of {step} % of the slot"),
            false => format!("no whole steps of {step} %"),
        };
        let found = RULE
            .at(
                stage.share.span().unwrap_or(stage.span),
                format!("{} rounds the share of stage {}", target.name, quoted(&stage.name)),
            )
            .label(label)
            .help(format!("set the share to {nearest}%"));
        let text = format!("\"{nearest}%\"");
        out.push(place::replace(cx, found, Applicability::Suggested, stage.share.span(), &text));
    }
}

/// Where one hash gives enrolment and variant, each variant's part of everybody is rounded.
fn arms(cx: &PlanCx<'_>, target: &Capabilities, out: &mut Sink) {
    for stage in cx.plan.calendar.stages.iter().filter(|_| !super::is_strict(cx, "share")) {
        let Some(served) = target.rounds_arms(cx.plan, stage) else { continue };
        let percent = |part: f64| crate::spec::quantity::plain((part * 1e8).round() / 1e6);
        let arms: Vec<String> =
            served.weights.iter().map(|(part, _)| format!("{}%", percent(part * served.share))).collect();
        let place = stage.share.span().filter(|_| !stage.implied).or(cx.plan.audience.share.span());
        let headline = format!("{} rounds the variants in stage {}", target.name, quoted(&stage.name));
        out.push(
            place::at_value(cx, &RULE, place, "rollout", headline)
                .label(format!("of everybody, they get {}", arms.join(", ")))
                .help(format!("choose a share of which each variant gets whole steps of {} %", percent(target.share_step(1.0)))),
        );
    }
}

/// The weights in whole steps, in per cent, none of them nothing.
fn nearest_weights(weights: &[f64], parts: u32) -> String {
    let total: f64 = weights.iter().sum();
    let part = |weight: &f64| (weight / total * f64::from(parts)).round().max(f64::from(u8::from(0.0 < *weight)));
    let near = weights.iter().map(|weight| part(weight) * 100.0 / f64::from(parts));
    near.map(crate::spec::quantity::plain).collect::<Vec<_>>().join(", ")
}

/// The smallest whole numbers with the same ratios.
fn whole(weights: &[f64]) -> Option<Vec<u32>> {
    let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
    if !least.is_normal() || least <= 0.0 {
        return None;
    }
    (1..=1000).find_map(|parts| {
        let scaled = weights.iter().map(|weight| weight / least * f64::from(parts));
        let whole = scaled.map(|weight| {
            let near = (weight - weight.round()).abs() <= 1e-6 * weight && weight < 1e6;
            near.then_some(weight.round() as u32)
        });
        whole.collect()
    })
}
