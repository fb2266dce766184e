//! EMI002 not-expressible.

use crate::plan::targets::{Capabilities, FEATURES, gaps};
use crate::portfolio::DocumentKind;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::syntax::Node;

rule! {
    /// A spec demands what a target cannot express, or what no target knows.
    ///
    /// ## Why
    /// A word in `emit.strict` asks for a refusal instead of a loss of meaning; better before the merge than on the day
    /// of the build. A word that nothing reads guards nothing.
    /// What depends on how a build is asked for is left to the build: a gate is kept when one stage is built at a time.
    ///
    /// ## Source
    /// Docs of flagd: weights are whole numbers, and no assignment is stored. Runs of the platforms' own SDKs: what each
    /// can hold is what `expc targets` shows.
    ///
    /// ```toml,bad
    /// [emit]
    /// strict = ["holdouts"]
    /// ```
    /// ```toml,fixed
    /// emit.strict = ["holdout"]
    /// ```
    /// ```toml,bad
    /// #: file templates/conversion-ab.toml
    /// [emit]
    /// strict = ["multivariate"]
    /// ```
    /// ```toml,bad
    /// [variants.control]
    /// weight = 0.3333333333
    /// [variants.one-tap]
    /// weight = 0.3333333333
    /// [emit]
    /// strict = ["weights"]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [units.user]
    /// ascii = false
    /// #: file experiments/checkout-one-tap.toml
    /// [emit]
    /// strict = ["ids"]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [holdouts.global-2026]
    /// share = "3.33333%"
    /// #: file templates/conversion-ab.toml
    /// [emit]
    /// strict = ["holdout"]
    /// ```
    /// ```toml,bad
    /// [emit]
    /// strict = ["sticky"]
    /// [rollout]
    /// analyse_ramp = false
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails", weights = { control = 3, one-tap = 1 } },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "28 days" },
    /// ]
    /// [decision]
    /// by = 2027-02-22
    /// ```
    /// ```toml,bad
    /// [emit]
    /// targets = ["growthbook"]
    /// strict = ["schedule"]
    /// ```
    /// ```toml,bad
    /// [emit]
    /// targets = ["goff"]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country", starts_with = "U" }]
    /// [emit]
    /// targets = ["optimizely"]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// salt = "checkout-one-tap-2"
    /// [emit]
    /// targets = ["launchdarkly"]
    /// ```
    /// ```toml,bad
    /// [emit]
    /// targets = ["unleash"]
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2.4%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "28 days" },
    /// ]
    /// [decision]
    /// by = 2027-02-22
    /// ```
    /// ```toml,good
    /// [emit]
    /// targets = ["eppo"]
    /// ```
    /// ```toml,good
    /// [emit]
    /// strict = ["layer", "holdout", "share", "sticky", "weights", "ids", "schedule", "gate"]
    /// ```
    static RULE = {
        code: "EMI002", name: "not-expressible", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check_words), Plan(check_targets),
    }
}

fn check_words(cx: &FileCx<'_>, out: &mut Sink) {
    if !matches!(cx.document.kind, DocumentKind::Experiment | DocumentKind::Template) {
        return;
    }
    for word in cx.document.tree.at_path("emit.strict").and_then(Node::as_array).unwrap_or_default() {
        let Some(name) = word.as_str() else { continue };
        let known = || FEATURES.iter().map(|(known, _)| *known);
        if known().any(|known| known == name) {
            continue;
        }
        let found = RULE.at(word.span, format!("unknown word {} in `emit.strict`", quoted(name)));
        out.push(match nearest(name, known()) {
            Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                Applicability::Suggested,
                format!("write \"{near}\""),
                vec![Edit { span: word.span, replacement: format!("\"{near}\"") }],
            ),
            None => found.label("guards nothing").help(format!("choose {}", one_of(known(), 12))),
        });
    }
}

/// Why a target cannot express something, where that is written, and what to do.
struct Obstacle {
    reason: String,
    place: Option<Span>,
    help: &'static str,
}

fn check_targets(cx: &PlanCx<'_>, out: &mut Sink) {
    for target in super::served(cx) {
        for gap in gaps(cx.plan, target) {
            let headline = format!("{} cannot express {}", target.title, gap.what);
            out.push(place::at_value(cx, &RULE, gap.place, "audience", headline).label(gap.reason).help(gap.help));
        }
    }
    let Some(strict) = cx.spec.emit.value().and_then(|emit| emit.strict.value()) else { return };
    for target in super::targets(cx) {
        for word in strict.iter() {
            let Some(obstacle) = obstacle(cx.plan, target, &word.value) else { continue };
            let headline = format!("{} cannot express {}", target.name, quoted(&word.value));
            let found = place::at_value(cx, &RULE, Some(word.span), "emit", headline).label("the build is refused");
            let found = match obstacle.place {
                Some(span) => found.also(span, obstacle.reason),
                None => found.label(obstacle.reason),
            };
            out.push(found.help(obstacle.help).help(format!(
                "or take `{}` out of `emit.strict`: the build then says what it did instead",
                crate::text::printable(&word.value)
            )));
        }
    }
}

fn obstacle(plan: &Plan, target: &Capabilities, feature: &str) -> Option<Obstacle> {
    match feature {
        "ids" => {
            let ascii = plan.audience.unit_ascii.as_ref().filter(|ascii| !ascii.value && !target.hashes_any_id)?;
            let reason = "such ids hash differently by language".to_owned();
            Some(Obstacle { reason, place: ascii.span(), help: "randomise by a unit whose ids are ASCII" })
        }
        "weights" => {
            let odd = weights(plan).find(|(_, weights)| !target.holds_weights(weights))?;
            let (reason, help) = match target.weight_parts {
                Some(_) => ("does not fit in the steps of its weights", "write weights in the steps that the target holds"),
                None => ("does not fit in whole numbers", "write whole weights: only ratios count"),
            };
            Some(Obstacle { reason: reason.to_owned(), place: Some(odd.0), help })
        }
        "sticky" => {
            let mut all = weights(plan);
            let (_, first) = all.next()?;
            all.find(|(_, next)| !proportional(&first, next)).filter(|_| !target.keeps_assignments)?;
            // The stage with weights of its own is the one to mend.
            let place = plan.calendar.stages.iter().find_map(|stage| Some(stage.weights.first()?.1.span))?;
            let reason = "another split moves enrolled units".to_owned();
            Some(Obstacle { reason, place: Some(place), help: "keep one split: to expose fewer people, lower `share`" })
        }
        "schedule" => {
            let first = plan.calendar.stages.first().filter(|_| !target.holds_schedule)?;
            let reason = "its file holds one stage, not their days".to_owned();
            let help = "build anew for each stage, with `--stage` or `--date`";
            Some(Obstacle { reason, place: Some(first.span), help })
        }
        "share" if target.arm_parts.is_some() => {
            let mut stages = plan.calendar.stages.iter();
            let odd = stages.find(|stage| target.rounds_arms(plan, stage).is_some())?;
            Some(finer(target, odd.share.span()))
        }
        "share" => {
            let slot = plan.audience.layer.as_ref().map_or(1.0, |_| plan.audience.share.value.fraction());
            let mut shares = plan.calendar.stages.iter().map(|stage| &stage.share);
            let odd = shares.find(|share| !target.holds_share_in(share.value, slot))?;
            Some(finer(target, odd.span()))
        }
        "holdout" => {
            let holdout = plan.audience.holdout.as_ref().filter(|holdout| !target.holds_share(holdout.share.value))?;
            Some(finer(target, holdout.share.span()))
        }
        "layer" => {
            let layer = plan.audience.layer.as_ref()?;
            let share = &plan.audience.share;
            if !target.holds_share(share.value.fraction()) {
                return Some(finer(target, share.span()));
            }
            let wanted = layer.wanted.as_ref().filter(|wanted| !target.holds_share(wanted.value))?;
            Some(finer(target, wanted.span()))
        }
        _ => None,
    }
}

fn finer(target: &Capabilities, place: Option<Span>) -> Obstacle {
    Obstacle {
        reason: "finer than the parts that the target holds".to_owned(),
        place,
        help: match target.share_decimals() {
            _ if target.arm_parts.is_some() => "choose a share of which each variant gets whole parts",
            ..=0 => "round it to whole per cents",
            1 => "round it to one decimal of a per cent",
            2 => "round it to two decimals of a per cent; in a layer, to such a part of the slot",
            _ => "round it to four decimals of a per cent",
        },
    }
}

/// The weights that are in force in each stage, with the place of their first.
fn weights(plan: &Plan) -> impl Iterator<Item = (Span, Vec<f64>)> {
    plan.calendar.stages.iter().filter_map(|stage| {
        let first = plan.variants.first()?;
        let place = stage.weights.first().map(|(_, weight)| weight.span).or(first.weight.span());
        Some((place.unwrap_or(first.span), plan.weights_in(stage)))
    })
}

fn proportional(a: &[f64], b: &[f64]) -> bool {
    let (sum_a, sum_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    // Weights are written by hand; a ten-thousandth of a per cent is a slip of the decimals.
    a.iter().zip(b).all(|(a, b)| (a * sum_b - b * sum_a).abs() <= 1e-6 * sum_a * sum_b)
}
