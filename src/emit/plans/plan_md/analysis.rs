//! How it is analysed.

use super::{bullets, counted, items, joined};
use crate::emit::plans::Request;
use crate::emit::plans::document::{Statistic, statistic};
use crate::emit::plans::markdown::{code, fragment, text};
use crate::emit::plans::show::{self, percent, short};
use crate::plan::Plan;
use crate::spec::design::Reduction;
use crate::spec::quantity::plain;
use crate::spec::{Correction, Field, HypothesisKind, Method, Role, SecondaryCorrection, SecondaryGate, Sides};

fn test_words(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::ZPooled => "z test of two proportions, variance pooled under the null",
        Statistic::ZUnpooled => "z test of two proportions, each with its own variance",
        Statistic::Arcsine => "z test of two proportions on the arcsine scale",
        Statistic::ZContinuity => "z test of two proportions, pooled, corrected for continuity",
        Statistic::LogOdds => "z test of the log odds ratio",
        Statistic::FisherExact => "Fisher's exact test",
        Statistic::ExactUnconditional => "unconditional exact test of two proportions",
        Statistic::RateWald => "z test of the log ratio of two rates of events, each with its own variance",
        Statistic::RateScore => "z test of the log ratio of two rates of events, variance at the pooled rate",
        Statistic::Z => "z test of two means",
        Statistic::WelchT => "Welch's t test of two means",
        Statistic::ZDelta => "z test of two ratios, variance by the delta method",
        Statistic::Quantile => "comparison of two quantiles by order statistics",
        Statistic::LogRank => "log-rank test",
    }
}

pub(super) fn analysis(request: &Request<'_>) -> String {
    let plan = request.plan;
    let design = &plan.design;
    let mut lines = Vec::new();
    lines.push(match design.method.value {
        Method::Fixed => "Fixed design: the result is read once, at the end.".to_owned(),
        Method::GroupSequential => "Group-sequential design: the result is read at the planned looks only.".to_owned(),
        Method::AlwaysValid => "Always-valid design: the result may be read on any day, with wider bounds.".to_owned(),
        Method::Bayesian => bayes_line(request),
    });
    let sides = match design.sides.value {
        Sides::Two => "two-sided",
        Sides::One => "one-sided",
    };
    let alpha = plain(design.alpha.value);
    let claims = design.claims as u64;
    let per_claim = if design.correction.value == Correction::None {
        "alpha is not shared between them".to_owned()
    } else {
        format!("{} gives each at least {}", capital(design.correction.value.word()), short(design.alpha_per_claim))
    };
    lines.push(match claims {
        1 => format!("The claim of success is tested {sides} at alpha {alpha}."),
        _ => format!(
            "{} of success are tested {sides} at alpha {alpha}; {per_claim}.",
            capital(&counted(claims, "claim"))
        ),
    });
    let reason = request.spec.design.value().and_then(|design| design.sides_reason.value());
    if let Some(reason) = reason {
        lines.push(format!("One side is enough because {}.", fragment(reason)));
    }
    if plan.metrics_of(Role::Secondary).next().is_some() {
        let secondary = &design.secondary;
        let shared = match secondary.correction.value {
            SecondaryCorrection::None => format!("at alpha {alpha} without correction"),
            SecondaryCorrection::BenjaminiHochberg => format!("at a false discovery rate of {alpha}"),
            correction => format!("as one family at alpha {alpha}, corrected by {}", capital(correction.word())),
        };
        let after = match secondary.gate.value {
            SecondaryGate::None => "",
            SecondaryGate::Primary => ", once every primary claim has succeeded",
        };
        lines.push(format!("Secondary metrics are reported {shared}{after}: they explain and never decide alone."));
    }
    if plan.metrics_of(Role::Guardrail).next().is_some() {
        lines.push(format!("{} at alpha {alpha} each; all must pass, so alpha is not divided.", guardrails(plan)));
    }
    let mut tests: Vec<(Statistic, Vec<String>)> = Vec::new();
    for metric in plan.metrics.iter().filter(|metric| metric.role != Role::Monitor) {
        let Some(kind) = &metric.kind else { continue };
        let statistic =
            statistic(kind.value, design.test.as_ref(), metric.hypothesis.value != HypothesisKind::Superiority);
        match tests.iter_mut().find(|(known, _)| *known == statistic) {
            Some((_, names)) => {
                let name = code(&metric.name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            None => tests.push((statistic, vec![code(&metric.name)])),
        }
    }
    for (statistic, names) in tests {
        lines.push(format!("{}: {}.", capital(test_words(statistic)), joined(&names)));
    }
    if let Some(reduction) = design.reduction.as_ref().filter(|reduction| reduction.method.value != Reduction::None) {
        let name = match reduction.method.value {
            Reduction::Cuped => "CUPED",
            _ => "regression on a covariate",
        };
        let window = match &reduction.window {
            Some(window) => format!("the {} before the first exposure", window.value),
            None => "a time before the first exposure that is not said".to_owned(),
        };
        lines.push(format!("Variance reduction: {name}, with {window}."));
    }
    if let Some(factor) = &design.design_effect {
        lines.push(format!("Units are assigned by group: sizes grow by a factor of {}.", short(factor.value)));
    }
    let written = request.spec.design.value();
    for exclusion in items(written.map(|design| &design.exclusions)) {
        lines.push(format!("Left out: {}.", fragment(&exclusion.value)));
    }
    if let Some(missing) = written.and_then(|design| design.missing.value()) {
        lines.push(format!("Missing outcomes: {}.", fragment(missing)));
    }
    if !plan.calendar.analyse_ramp {
        lines.push("Units that enrolled before the last stage are left out.".to_owned());
    }
    let segments: Vec<String> = design.segments.iter().map(|segment| code(&segment.value)).collect();
    if !segments.is_empty() {
        lines.push(format!(
            "Effects are also reported by {}, as the unit was at exposure; every other group is exploratory.",
            joined(&segments)
        ));
    }
    let events = request.document["estimands"][0]["intercurrent_events"].as_array();
    let mut out = format!("## How it is analysed\n\n{}", bullets(lines));
    if let Some(events) = events {
        out += "What may happen after assignment:\n\n";
        out += &bullets(events.iter().map(|event| {
            let word = |key: &str| event[key].as_str().unwrap_or_default();
            let strategy = match word("strategy") {
                "exclude" => "the unit is excluded and counted",
                _ => "the unit counts as assigned",
            };
            format!("{}: {strategy}.", capital(word("event")))
        }));
    }
    out
}

/// What the guardrails are tested for.
fn guardrails(plan: &Plan) -> String {
    let kinds = [
        (HypothesisKind::NonInferiority, "one-sided for non-inferiority"),
        (HypothesisKind::Equivalence, "by two one-sided tests for equivalence"),
        (HypothesisKind::Superiority, "for superiority"),
        (HypothesisKind::SuperiorityByMargin, "one-sided for superiority by a margin"),
    ];
    let with = |kind| plan.metrics_of(Role::Guardrail).filter(move |metric| metric.hypothesis.value == kind);
    let used: Vec<_> = kinds.into_iter().filter(|(kind, _)| with(*kind).next().is_some()).collect();
    if let [(_, how)] = used.as_slice() {
        return format!("Guardrails are tested {how}");
    }
    let each = used.into_iter().map(|(kind, how)| {
        let names: Vec<String> = with(kind).map(|metric| code(&metric.name)).collect();
        format!("{} {how}", joined(&names))
    });
    format!("Guardrails are tested: {}", each.collect::<Vec<_>>().join("; "))
}

fn bayes_line(request: &Request<'_>) -> String {
    let bayes = request.spec.design.value().and_then(|design| design.bayes.value());
    let Some(bayes) = bayes else { return "Bayesian design, without a registered prior or threshold.".to_owned() };
    let amount =
        |field: &Field<crate::spec::Amount>| field.value().map(|amount| text(&show::spaced(&amount.to_string())));
    let prior = match amount(&bayes.prior_sd) {
        Some(sd) => {
            let mean = amount(&bayes.prior_mean).unwrap_or_else(|| "0 %".to_owned());
            format!("prior of the relative effect normal with mean {mean} and standard deviation {sd}")
        }
        None => "no prior is registered".to_owned(),
    };
    let win = bayes.win_probability.copied().map(|p| format!("; a win from probability {}", percent(p.get())));
    let loss = amount(&bayes.max_expected_loss).map(|loss| format!("; shipping up to an expected loss of {loss}"));
    format!("Bayesian design: {prior}{}{}.", win.unwrap_or_default(), loss.unwrap_or_default())
}

/// The text with a capital at its start.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
