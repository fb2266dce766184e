//! The organisation's own rules, run over one plan.
//!
//! Every run is bounded by steps and bytes, never by a clock, so that the answer is the same on every machine. What
//! a requirement read is shown under it in `expc.toml`; an expression that cannot be judged is a finding of POL003.

use serde_json::Value as Json;

use crate::cel::{Expr, Fault, Fuel, Kind, Macro, Scope, Value, run};
use crate::diag::{Context, Diagnostic};
use crate::plan;
use crate::portfolio::{CustomRule, Expression, Part};
use crate::rules::policy::custom_rule_failed;
use crate::rules::{Known, PlanCx, Sink};
use crate::syntax::FaultKind;
use crate::text::{Span, printable};

/// Steps of one rule over one spec; a loop over all metrics within one over all stages takes a few hundred.
const STEPS: usize = 50_000;

/// Steps of all rules over one spec.
const STEPS_TOGETHER: usize = 400_000;

/// What values a rule may build.
const BYTES: usize = 1 << 20;

/// Places that are shown of a requirement that does not hold.
const MOST_REASONS: usize = 3;

/// What every rule finds; a rule that cannot be judged stands as POL003.
pub(super) fn judge<'w>(cx: &PlanCx<'w>) -> Vec<(Known<'w>, Sink)> {
    let custom = &cx.workspace.custom;
    let Some(shapes) = &custom.shapes else { return Vec::new() };
    // What could not be read is told already, and "nobody has set it" would be wrong.
    let unread = |kind: &FaultKind| !matches!(kind, FaultKind::UnknownKey { .. });
    if cx.is_incomplete() || cx.document.faults.iter().any(|fault| unread(&fault.kind)) {
        return Vec::new();
    }
    let spec = cx.tree.to_json();
    let facts = plan::facts(cx.plan, &cx.workspace.sources, shapes, &spec, &|part| custom.ask(part));
    let today = cx.today.map(|day| Json::String(day.to_string())).unwrap_or(Json::Null);
    let world = World { spec: &spec, plan: &facts, catalog: &custom.catalog, today: &today };
    let mut left = STEPS_TOGETHER;
    let mut judged = Vec::new();
    for rule in &custom.rules {
        let mut sink = Sink::of(&custom_rule_failed::RULE, cx.plan);
        if rule.uses_today && cx.today.is_none() {
            sink.skip(Context::Clock, "no date, which the rule asks for");
            sink.skipped.iter_mut().for_each(|skipped| skipped.code = rule.code.clone().into());
            judged.push((Known::custom(rule), sink));
            continue;
        }
        let mut fuel = Fuel::new(STEPS.min(left), BYTES);
        let given = fuel.steps();
        let verdict = world.verdict(rule, &mut fuel);
        left -= given - fuel.steps();
        match verdict {
            Ok(None) => {}
            Ok(Some(reasons)) => {
                sink.push(finding(cx, rule, &world, reasons));
                judged.push((Known::custom(rule), sink));
            }
            Err((expression, fault)) => {
                sink.push(failure(rule, expression, fault));
                judged.push((Known::of(&custom_rule_failed::RULE), sink));
            }
        }
    }
    judged
}

/// What expressions see.
struct World<'a> {
    spec: &'a Json,
    plan: &'a Json,
    catalog: &'a Json,
    today: &'a Json,
}

/// A part of a requirement that does not hold, and what it read.
struct Reason {
    span: Span,
    text: String,
}

impl<'a> World<'a> {
    fn scope(&self) -> Scope<'a> {
        Scope::default()
            .with("spec", Value::of(self.spec))
            .with("plan", Value::of(self.plan))
            .with("catalog", Value::of(self.catalog))
            .with("today", Value::of(self.today))
    }

    /// `None` when the rule holds, else why not; an error when it cannot be told.
    fn verdict<'r: 'a>(
        &self,
        rule: &'r CustomRule,
        fuel: &mut Fuel,
    ) -> Result<Option<Vec<Reason>>, (&'r Expression, Fault)> {
        if let Some(when) = &rule.when
            && !self.holds(when, fuel).map_err(|fault| (when, fault))?
        {
            return Ok(None);
        }
        if self.holds(&rule.require, fuel).map_err(|fault| (&rule.require, fault))? {
            return Ok(None);
        }
        let mut reasons = Vec::new();
        // The reasons are a help: they have their own allowance, and what they cannot tell is left out.
        let mut scope = self.scope();
        why(&rule.require.expr, &mut scope, &mut Fuel::new(STEPS, BYTES), &mut reasons);
        reasons.truncate(MOST_REASONS);
        let told = |(range, text)| Reason { span: rule.require.inside.span(range), text };
        Ok(Some(reasons.into_iter().map(told).collect()))
    }

    fn holds<'r: 'a>(&self, expression: &'r Expression, fuel: &mut Fuel) -> Result<bool, Fault> {
        let expr = &expression.expr;
        match run(expr, &mut self.scope(), fuel)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(Fault {
                range: expr.range.clone(),
                headline: "a custom rule asks for true or false".to_owned(),
                label: format!("this is {}: {}", other.kind(), other.shown()),
                help: "compare it with what it must be".to_owned(),
                meant: None,
            }),
        }
    }

    fn said<'r: 'a>(&self, rule: &'r CustomRule) -> String {
        let mut fuel = Fuel::new(STEPS, BYTES);
        let mut text = String::new();
        for part in &rule.message {
            match part {
                Part::Text(plain) => text.push_str(&printable(plain)),
                Part::Value(expression) => match run(&expression.expr, &mut self.scope(), &mut fuel) {
                    Ok(value) => text.push_str(&value.said()),
                    Err(_) => text.push('?'),
                },
            }
        }
        text
    }
}

/// The smallest parts of a requirement that does not hold, with the values that they read.
fn why<'a>(expr: &'a Expr, scope: &mut Scope<'a>, fuel: &mut Fuel, found: &mut Vec<(std::ops::Range<usize>, String)>) {
    if MOST_REASONS <= found.len() || fuel.is_spent() {
        return;
    }
    match &expr.kind {
        Kind::And(parts) => {
            for part in parts {
                if matches!(run(part, scope, fuel), Ok(Value::Bool(false))) {
                    why(part, scope, fuel, found);
                }
            }
        }
        Kind::Or(parts) => parts.iter().for_each(|part| why(part, scope, fuel, found)),
        Kind::Each { each: Macro::All, of, name, body, .. } => {
            // The first element that does not hold stands for all.
            let items: Vec<Value<'a>> = match run(of, scope, fuel) {
                Ok(Value::List(list)) => list.iter().collect(),
                Ok(Value::Map(map)) => map.keys(),
                _ => return,
            };
            for (index, item) in items.into_iter().enumerate() {
                scope.push(name, item);
                let fails = matches!(run(body, scope, fuel), Ok(Value::Bool(false)));
                if fails {
                    let before = found.len();
                    why(body, scope, fuel, found);
                    if let Some((_, text)) = found.get_mut(before) {
                        *text = format!("not for element {index}: {text}");
                    }
                }
                scope.pop();
                if fails {
                    return;
                }
            }
        }
        _ => {
            let mut read = Vec::new();
            operands(expr, &mut Vec::new(), scope, fuel, &mut read);
            read.dedup();
            let text = if read.is_empty() { "does not hold".to_owned() } else { read.join(", ") };
            found.push((expr.range.clone(), text));
        }
    }
}

/// The longest paths in an expression with their values; names that a macro binds inside it have none.
fn operands<'a>(
    expr: &'a Expr,
    bound: &mut Vec<&'a str>,
    scope: &mut Scope<'a>,
    fuel: &mut Fuel,
    read: &mut Vec<String>,
) {
    if let Some(path) = path(expr, bound) {
        if let Ok(value) = run(expr, scope, fuel) {
            read.push(format!("{path} is {}", value.shown()));
        }
        return;
    }
    match &expr.kind {
        Kind::List(parts) | Kind::And(parts) | Kind::Or(parts) | Kind::Call { arguments: parts, .. } => {
            parts.iter().for_each(|part| operands(part, bound, scope, fuel, read));
        }
        Kind::Not(of) | Kind::Minus(of) | Kind::Matches { text: of, .. } | Kind::Select { of, .. } => {
            operands(of, bound, scope, fuel, read);
        }
        Kind::Index { of: left, index: right } | Kind::Binary { left, right, .. } => {
            operands(left, bound, scope, fuel, read);
            operands(right, bound, scope, fuel, read);
        }
        Kind::If { condition, yes, no } => {
            [condition, yes, no].into_iter().for_each(|part| operands(part, bound, scope, fuel, read));
        }
        Kind::Each { of, name, guard, body, .. } => {
            operands(of, bound, scope, fuel, read);
            bound.push(name);
            guard.iter().chain([body]).for_each(|part| operands(part, bound, scope, fuel, read));
            bound.pop();
        }
        _ => {}
    }
}

/// `plan.metrics[0].name`, when an expression is no more than that.
fn path(expr: &Expr, bound: &[&str]) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) if !bound.contains(&name.as_str()) => Some(name.clone()),
        Kind::Select { of, field, .. } => Some(format!("{}.{field}", path(of, bound)?)),
        Kind::Index { of, index } => {
            let of = path(of, bound)?;
            match &index.kind {
                Kind::Int(at) => Some(format!("{of}[{at}]")),
                Kind::Text(key) => Some(format!("{of}['{}']", printable(key))),
                _ => None,
            }
        }
        _ => None,
    }
}

fn finding<'w>(cx: &PlanCx<'w>, rule: &'w CustomRule, world: &World<'w>, reasons: Vec<Reason>) -> Diagnostic {
    let (span, inherited) = rule.at.as_deref().map_or((cx.plan.span, None), |at| place(cx, at));
    let mut found = Diagnostic::new("", "", rule.level, span, world.said(rule));
    found.code = rule.code.clone().into();
    found.name = rule.name.clone().into();
    if let Some(inherited) = inherited {
        found = found.also(inherited, "inherited from here");
    }
    for reason in reasons {
        found = found.also(reason.span, reason.text);
    }
    match &rule.help {
        Some(help) => found.help(help.clone()),
        None => found,
    }
}

/// Where a key of the spec stands, or the nearest table that would hold it; and where it is inherited from.
fn place(cx: &PlanCx<'_>, at: &str) -> (Span, Option<Span>) {
    let node = cx.tree.at_path(at).filter(|node| {
        node.as_table().is_none()
            && node.as_array().is_none_or(|items| items.iter().all(|item| item.as_table().is_none()))
    });
    match node {
        Some(node) if node.span.file == cx.document.file => (node.span, None),
        Some(node) => (cx.home(at), Some(node.span)),
        None => (cx.home(at), None),
    }
}

/// A rule that could not be judged, at the part of its expression that failed.
fn failure(rule: &CustomRule, expression: &Expression, fault: Fault) -> Diagnostic {
    let found = custom_rule_failed::RULE
        .at(
            expression.inside.span(fault.range),
            format!("custom rule `{}` cannot be judged: {}", rule.name, fault.headline),
        )
        .label(fault.label);
    if fault.help.is_empty() { found } else { found.help(fault.help) }
}
