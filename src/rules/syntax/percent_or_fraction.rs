//! SYN007 percent-or-fraction.

use crate::catalog::Metric;
use crate::plan::{EffectFault, PlannedEffect};
use crate::portfolio::DocumentKind;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;
use crate::syntax::{Fault, FaultKind};

rule! {
    /// A quantity lacks its unit, has another unit than its key takes, or lies outside the range of its unit.
    ///
    /// ## Why
    /// 0.4 may be 40 % or 0.4 %, and an MDE of 5 that is read as 500 % passes every power check.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020.
    ///
    /// ```toml,bad
    /// [audience]
    /// share = 0.5
    /// ```
    /// ```toml,fixed
    /// audience.share = "50%"
    /// ```
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "300%" }
    /// ```
    /// ```toml,bad
    /// [design]
    /// alpha = 5
    /// ```
    /// ```toml,good
    /// [audience]
    /// share = "50%"
    /// ```
    static RULE = {
        code: "SYN007", name: "percent-or-fraction", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check_quantities), Plan(check_effects),
    }
}

/// What a key that was refused wants.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Share,
    Amount,
    Duration,
    Probability,
    Weight,
    /// `{ relative = … }` or `{ absolute = … }`.
    Effect,
}

/// What a fault is about, when it is about a quantity.
fn wanted(fault: &Fault) -> Option<Wanted> {
    match &fault.kind {
        FaultKind::WrongType { found, expected } => {
            let number = matches!(found.as_str(), "an integer" | "a decimal number");
            let text = found == "a string";
            match expected.as_str() {
                "a table" if number || text => is_effect(last_key(&fault.path)).then_some(Wanted::Effect),
                expected if number && expected.starts_with("a percentage") => Some(Wanted::Share),
                expected if number && expected.starts_with("a number with its unit") => Some(Wanted::Amount),
                expected if number && expected.starts_with("a length of time") => Some(Wanted::Duration),
                expected if text && expected.starts_with("a number between 0 and 1") => Some(Wanted::Probability),
                expected if text && expected.starts_with("a relative weight") => Some(Wanted::Weight),
                _ => None,
            }
        }
        FaultKind::BadValue { text } => [
            ("is not a percentage", Wanted::Share),
            ("is outside 0% to 100%", Wanted::Share),
            ("is not between 0 and 1", Wanted::Probability),
            ("is outside 0 to 1000000000", Wanted::Weight),
            ("is not a length of time", Wanted::Duration),
            ("is longer than ten years", Wanted::Duration),
            ("is not a number with a unit", Wanted::Amount),
            ("has no unit", Wanted::Amount),
        ]
        .into_iter()
        .find(|(part, _)| text.contains(part))
        .map(|(_, wanted)| wanted),
        _ => None,
    }
}

/// True when this rule reports the fault, so that the rule on types does not.
pub(super) fn owns(fault: &Fault) -> bool {
    wanted(fault).is_some()
}

fn is_effect(key: &str) -> bool {
    matches!(key, "mde" | "margin" | "by" | "true_effect" | "mixing")
}

fn last_key(path: &str) -> &str {
    let key = path.rsplit('.').next().unwrap_or(path);
    key.split('[').next().unwrap_or(key)
}

fn check_quantities(cx: &FileCx<'_>, out: &mut Sink) {
    for fault in &cx.document.faults {
        if let Some(wanted) = wanted(fault) {
            out.push(quantity(cx, fault, wanted));
        }
    }
    if cx.document.kind == DocumentKind::Experiment {
        out.findings.extend(mixed_weights(cx));
    }
}

fn quantity(cx: &FileCx<'_>, fault: &Fault, wanted: Wanted) -> Diagnostic {
    let path = quoted(&fault.path);
    let written = cx.workspace.sources.slice(fault.span).trim();
    let bare = written.trim_matches(['"', '\'']).trim();
    let number = bare.replace('_', "").trim_end_matches(['%', ' ']).parse::<f64>().ok().filter(|n| n.is_finite());
    let has_percent = bare.ends_with('%');
    let options = number.map(|number| options(cx, fault, wanted, number, has_percent)).unwrap_or_default();
    let shown = quoted(bare);
    let (headline, label) = match (wanted, &fault.kind, options.as_slice()) {
        (Wanted::Effect, ..) => (format!("{path} is {shown}, of what?"), "relative to the baseline, or in its unit?"),
        (_, FaultKind::WrongType { .. }, _) if matches!(wanted, Wanted::Probability | Wanted::Weight) => {
            (format!("{path} is text, {shown}"), "a plain number is written here")
        }
        (Wanted::Share, _, [_, _, ..]) => (format!("{path} is {shown}: a percentage or a fraction?"), "lacks its unit"),
        (_, FaultKind::WrongType { .. }, _) => (format!("{path} is {shown}, without a unit"), "lacks its unit"),
        (_, FaultKind::BadValue { text }, _) => {
            let (fact, advice) = text.split_once("; ").unwrap_or((text, ""));
            let fact = if fact.chars().count() < 60 { fact } else { "the value is not what its key takes" };
            let found = RULE.at(fault.span, format!("{path}: {}", crate::text::printable(fact)));
            let found = if options.is_empty() && !advice.is_empty() { found.help(advice) } else { found };
            return with_options(found.label(label_of(wanted)), fault.span, &options);
        }
        _ => (format!("{path} is {shown}"), label_of(wanted)),
    };
    let found = RULE.at(fault.span, headline).label(label);
    let found = if options.is_empty() { found.help(format!("write {}", label_of(wanted))) } else { found };
    with_options(found, fault.span, &options)
}

fn label_of(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Share => "a percentage above 0% and up to 100%, like \"40%\"",
        Wanted::Amount => "a number with its unit, like \"2%\", \"0.5pp\" or \"20 ms\"",
        Wanted::Duration => "a length of time up to ten years, like \"14 days\"",
        Wanted::Probability => "a number between 0 and 1, like 0.05",
        Wanted::Weight => "a number of 0 or more, like 1",
        Wanted::Effect => "a table, like { relative = \"2%\" }",
    }
}

/// The texts that the author may have meant, the likeliest first; as a fix each replaces the value.
fn with_options(found: Diagnostic, span: Span, options: &[String]) -> Diagnostic {
    let Some((first, rest)) = options.split_first() else { return found };
    let help = match rest.first() {
        Some(other) => format!("write {first}, or {other} if that is meant"),
        None => format!("write {first}"),
    };
    found.help(help).fix(
        Applicability::Suggested,
        format!("write {first}"),
        vec![Edit { span, replacement: first.clone() }],
    )
}

/// What a bare number may mean where a quantity is wanted.
fn options(cx: &FileCx<'_>, fault: &Fault, wanted: Wanted, number: f64, has_percent: bool) -> Vec<String> {
    let percent = |number: f64| format!("\"{}%\"", plain(number));
    // A fraction first: few people mean 0.4 %.
    let share = |number: f64| match number {
        n if 0.0 < n && n < 1.0 => vec![percent(n * 100.0), percent(n)],
        1.0 => vec![percent(100.0), percent(1.0)],
        n if 1.0 < n && n <= 100.0 => vec![percent(n)],
        _ => Vec::new(),
    };
    match wanted {
        Wanted::Share if has_percent => Vec::new(),
        Wanted::Share => share(number),
        Wanted::Amount if last_key(&fault.path) == "relative" => share(number.abs()),
        Wanted::Amount => match metric_of(cx, &fault.path) {
            Some(metric) => in_unit_of(metric, &fault.path, number),
            None => Vec::new(),
        },
        Wanted::Duration if number.fract() == 0.0 && 0.0 < number && number < 3654.0 => {
            vec![format!("\"{} day{}\"", plain(number), if number == 1.0 { "" } else { "s" })]
        }
        Wanted::Probability => match if has_percent { number / 100.0 } else { number } {
            n if 0.0 < n && n < 1.0 => vec![plain(n)],
            n if 1.0 < n && n < 100.0 => vec![plain(n / 100.0)],
            _ => Vec::new(),
        },
        Wanted::Weight if (0.0..=1e9).contains(&number) => vec![plain(number)],
        Wanted::Effect => {
            let relative = if has_percent { vec![percent(number)] } else { share(number.abs()) };
            let absolute = metric_of(cx, &fault.path).filter(|_| !has_percent);
            let absolute = absolute.map_or_else(Vec::new, |metric| in_unit_of(metric, &fault.path, number));
            let relative = relative.into_iter().take(1).map(|text| format!("{{ relative = {text} }}"));
            relative.chain(absolute.into_iter().map(|text| format!("{{ absolute = {text} }}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// A number with the unit of its metric.
fn in_unit_of(metric: &Metric, path: &str, number: f64) -> Vec<String> {
    let binary = metric.kind.copied().is_some_and(|kind| kind.is_binary());
    let level = matches!(last_key(path), "baseline" | "cap" | "sd");
    let unit = match metric.unit.value().map(String::as_str) {
        _ if binary && level => "%",
        _ if binary => "pp",
        Some(unit) => unit,
        None => return Vec::new(),
    };
    // A rate between 0 and 1 was meant as a fraction.
    let number = if binary && number.abs() < 1.0 { number * 100.0 } else { number };
    let gap = if binary || unit == "%" { "" } else { " " };
    vec![format!("\"{}{gap}{unit}\"", plain(number))]
}

/// The metric that a quantity belongs to: by its entry in a spec, or by its name in a catalogue.
fn metric_of<'a>(cx: &FileCx<'a>, path: &str) -> Option<&'a Metric> {
    let name = match cx.document.kind {
        DocumentKind::Catalogue => path.strip_prefix("metrics.")?.rsplit_once('.')?.0.to_owned(),
        _ => {
            let entry = path.split_once(']')?.0.to_owned() + "]";
            super::node_at(cx, &entry)?.as_table()?.get("metric")?.as_str()?.to_owned()
        }
    };
    cx.workspace.catalog.metrics.get(&name).map(|at| &at.value)
}

/// Weights of which some are fractions and some percentages: together they make 100 only when read so.
fn mixed_weights(cx: &FileCx<'_>) -> Option<Diagnostic> {
    let variants = cx.document.tree.at_path("variants")?.as_table()?;
    let weights: Vec<(f64, Span)> = variants
        .entries
        .iter()
        .filter_map(|entry| {
            let node = entry.node.as_table()?.get("weight")?;
            let number = match node.value {
                crate::syntax::Value::Integer(number) => number as f64,
                crate::syntax::Value::Float(number) => number,
                _ => return None,
            };
            Some((number, node.span))
        })
        .collect();
    let is_fraction = |weight: f64| 0.0 < weight && weight < 1.0;
    let &(small, span) = weights.iter().find(|(weight, _)| is_fraction(*weight))?;
    let &(large, other) = weights.iter().find(|(weight, _)| 10.0 <= *weight)?;
    let sum: f64 = weights.iter().map(|(weight, _)| if is_fraction(*weight) { weight * 100.0 } else { *weight }).sum();
    // Rounded weights such as 0.33 may miss the whole by one.
    ((sum - 100.0).abs() < 1.5).then(|| {
        let better = plain(small * 100.0);
        RULE.at(span, format!("weights {} and {} mix fractions and percentages", plain(small), plain(large)))
            .label(format!("{} of every {} units as written", plain(small), plain(small + large)))
            .also(other, "a percentage")
            .help(format!("write {better}: weights are relative to each other"))
            .fix(Applicability::Suggested, format!("write {better}"), vec![Edit { span, replacement: better }])
    })
}

fn check_effects(cx: &PlanCx<'_>, out: &mut Sink) {
    for metric in &cx.plan.metrics {
        for (effect, what) in [(&metric.mde, "mde"), (&metric.margin, "margin")] {
            if let Some(effect) = effect
                && let Some(fault) = &effect.fault
            {
                out.push(effect_fault(cx, &metric.name, what, effect, fault));
            }
        }
    }
    for expectation in &cx.plan.expectations {
        if let Some(effect) = &expectation.by
            && let Some(fault) = &effect.fault
        {
            out.push(effect_fault(cx, &expectation.metric, "expected effect", effect, fault));
        }
    }
}

fn effect_fault(cx: &PlanCx<'_>, metric: &str, what: &str, effect: &PlannedEffect, fault: &EffectFault) -> Diagnostic {
    let name = quoted(metric);
    let text = quoted(&effect.text);
    // A template's own value is shown there, and answered for here.
    let here = effect.span.file == cx.document.file;
    let at = |headline: String, label: String| match here {
        true => RULE.at(effect.span, headline).label(label),
        false => RULE.at(cx.home("metrics"), headline).also(effect.span, label),
    };
    let amount = effect.text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let replaced = |found: Diagnostic, better: String| match here {
        true => found.help(format!("write \"{better}\"")).fix(
            Applicability::Suggested,
            format!("write \"{better}\""),
            vec![Edit { span: effect.span, replacement: format!("\"{better}\"") }],
        ),
        false => found.help(format!("write \"{better}\"")),
    };
    match fault {
        EffectFault::Both(other) => {
            let inherited = if other.file == effect.span.file { "the same, absolute" } else { "absolute, elsewhere" };
            at(format!("the {what} of {name} is given twice"), "relative".to_owned())
                .also(*other, inherited)
                .help("keep `relative` or `absolute`: they drift apart as the baseline moves")
        }
        EffectFault::Empty => at(format!("the {what} of {name} says no size"), "neither relative nor absolute".to_owned())
            .help("write { relative = \"2%\" }, or { absolute = … } in the unit of the metric"),
        EffectFault::NotPercent => at(
            format!("the relative {what} of {name} is {text}, not a percentage"),
            "relative to the baseline means per cent".to_owned(),
        )
        .help(format!("write absolute = \"{}\", or a percentage", effect.text)),
        EffectFault::Implausible => {
            let found = at(format!("the {what} of {name} is {text} of its baseline"), "more than all of it".to_owned());
            match amount.parse::<f64>() {
                Ok(number) if 0.0 < number => replaced(found, format!("{}%", plain(number / 100.0))),
                _ => found.help("write the change relative to the baseline, like \"2%\""),
            }
        }
        EffectFault::OtherUnit { wanted } => {
            let found = at(format!("the {what} of {name} is {text}, not in {wanted}"), format!("not in {wanted}"));
            match wanted.as_str() {
                "pp" if effect.text.ends_with('%') => replaced(found, format!("{amount}pp"))
                    .help(format!("or write relative = \"{}\"", effect.text)),
                "its unit" => found.help("give the metric a `unit` in the catalogue, or write a relative effect"),
                wanted => found.help(format!("write it in {wanted}, or write a relative effect")),
            }
        }
    }
}
