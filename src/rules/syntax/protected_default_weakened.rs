//! SYN012 protected-default-weakened.

use crate::rules::prelude::*;
use crate::spec::design::SrmAction;
use crate::spec::governance::DataClass;
use crate::spec::quantity::plain;
use crate::spec::{Amount, Duration, Gate, MERGED_LISTS, Unit};
use crate::syntax::{Node, Value};

rule! {
    /// A spec loosens a value that its template protects.
    ///
    /// ## Why
    /// Templates exist to hold the floor; a floor that every spec may lower is no floor. Tightening is welcome.
    ///
    /// ## Source
    /// Checks of Eppo and Statsig.
    ///
    /// ```toml,bad
    /// [design]
    /// alpha = 0.1
    /// #: file expc.toml
    /// [policy]
    /// max_alpha = 0.2
    /// ```
    /// ```toml,fixed
    /// design.alpha = 0.05
    /// ```
    /// ```toml,good
    /// [design]
    /// alpha = 0.01
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "4%" }
    /// ```
    static RULE = {
        code: "SYN012", name: "protected-default-weakened", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Portfolio],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(name) = &cx.compiled.template else { return };
    let Some(template) = cx.workspace.templates.get(name) else { return };
    let mut seen: Vec<&str> = Vec::new();
    for path in &template.protected {
        // A parent protects the same path.
        if seen.contains(&path.value.as_str()) {
            continue;
        }
        seen.push(&path.value);
        let Some(own) = cx.document.tree.at_path(path) else { continue };
        let inherited = template.tree.at_path(path);
        let mut walk = Walk { cx, protected: path, template: name, out };
        match inherited {
            Some(old) => walk.compare(path, old, own),
            // Nothing to compare with but the language's own defaults.
            None => walk.added(path, own),
        }
    }
}

struct Walk<'a, 'b> {
    cx: &'a PlanCx<'a>,
    /// Where the template protects the path.
    protected: &'a At<String>,
    template: &'a str,
    out: &'b mut Sink,
}

/// How a value compares with the protected one.
enum Change {
    Same,
    Tighter,
    /// What the protected value is, in words: "at most 0.05".
    Weaker(String),
    /// No order is known: any change counts.
    Other,
}

impl Walk<'_, '_> {
    fn compare(&mut self, path: &str, old: &Node, own: &Node) {
        // What could not be read is told by the rules on types.
        if old.same_value(own) || self.cx.document.faults.iter().any(|fault| fault.span == own.span) {
            return;
        }
        match (&old.value, &own.value) {
            (Value::Table(_), Value::Table(_)) if is_effect(old) && is_effect(own) => self.effect(path, old, own),
            (Value::Table(before), Value::Table(after)) => {
                for entry in &after.entries {
                    let path = format!("{path}.{}", entry.key);
                    match before.get(&entry.key) {
                        Some(old) => self.compare(&path, old, &entry.node),
                        None => self.added(&path, &entry.node),
                    }
                }
            }
            (Value::Array(before), Value::Array(after)) => match MERGED_LISTS.iter().find(|(list, _)| *list == path) {
                Some((_, key)) => self.members(key, before, after),
                None if path.ends_with(".stages") => self.stages(path, old, before, own, after),
                None => self.push(path, old, own, None),
            },
            _ => match scalar(last_key(path), old, own) {
                Change::Same | Change::Tighter => {}
                Change::Weaker(floor) => self.push(path, old, own, Some(floor)),
                Change::Other => self.push(path, old, own, None),
            },
        }
    }

    /// A key that the template leaves to the language's default, below a table that it protects.
    fn added(&mut self, path: &str, own: &Node) {
        let weaker = match (last_key(path), &own.value) {
            ("check" | "kill_switch", Value::Boolean(false)) => "true",
            ("action", Value::String(word)) if word == "warn" => "void or stop",
            _ => return,
        };
        let found = RULE
            .at(own.span, format!("{} is {}; the default is safer", quoted(path), quoted(self.cx.written(own.span))))
            .label(format!("{weaker} by default"))
            .also(self.protected.span, "protected here")
            .help("remove the key");
        self.out.push(found);
    }

    /// Lists that add up: what is not named stays, so only members with the same name can weaken one.
    fn members(&mut self, key: &str, before: &[Node], after: &[Node]) {
        let name = |node: &Node| node.as_table().and_then(|table| table.get(key)?.as_str().map(str::to_owned));
        for own in after {
            let Some(metric) = name(own) else { continue };
            if let Some(old) = before.iter().find(|old| name(old).as_ref() == Some(&metric)) {
                self.compare(&metric, old, own);
            }
        }
    }

    /// Stages by position: a later first stage or a larger one meets more people sooner.
    fn stages(&mut self, path: &str, old: &Node, before: &[Node], own: &Node, after: &[Node]) {
        if after.len() < before.len() {
            self.push(path, old, own, Some(format!("at least {} stages are expected", before.len())));
            return;
        }
        for (index, (old, own)) in before.iter().zip(after).enumerate() {
            let (Some(old), Some(own)) = (old.as_table(), own.as_table()) else { continue };
            for key in ["share", "hold", "gate"] {
                if let (Some(old), Some(own)) = (old.get(key), own.get(key)) {
                    self.compare(&format!("{path}[{index}].{key}"), old, own);
                }
            }
        }
    }

    /// An MDE or a margin: wider is weaker.
    fn effect(&mut self, path: &str, old: &Node, own: &Node) {
        for key in ["relative", "absolute"] {
            let pair = old.as_table().zip(own.as_table()).and_then(|(old, own)| Some((old.get(key)?, own.get(key)?)));
            if let Some((old, own)) = pair {
                self.compare(&format!("{path}.{key}"), old, own);
                return;
            }
        }
        // The same margin in another measure cannot be compared without the baseline.
        self.push(path, old, own, None);
    }

    fn push(&mut self, path: &str, old: &Node, own: &Node, floor: Option<String>) {
        let (written, inherited) = (self.cx.written(own.span), self.cx.written(old.span));
        let short = |text: &str| text.len() <= 24 && !text.contains('\n');
        let headline = match (&floor, short(written) && short(inherited)) {
            (Some(_), true) => {
                format!("{} is {}; protected is {}", quoted(path), quoted(written), quoted(inherited))
            }
            (Some(_), false) => format!("{} is weaker than the protected value", quoted(path)),
            (None, _) => format!("{} changes a protected value", quoted(path)),
        };
        let floor = floor.unwrap_or_else(|| "not as the template has it".to_owned());
        let mut found = RULE
            .at(own.span, headline)
            .label(floor)
            .also(old.span, "the protected value")
            .also(self.protected.span, format!("protected by {}", quoted(self.template)));
        if short(inherited) && !matches!(own.value, Value::Table(_) | Value::Array(_)) {
            found = found.fix(
                Applicability::Suggested,
                format!("write {inherited}, as the template does"),
                vec![Edit { span: own.span, replacement: inherited.to_owned() }],
            );
        }
        self.out.push(found.help("remove the key, or ask the owner of the template for another floor"));
    }
}

fn is_effect(node: &Node) -> bool {
    let Some(table) = node.as_table() else { return false };
    !table.entries.is_empty() && table.entries.iter().all(|entry| matches!(entry.key.as_str(), "relative" | "absolute"))
}

fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Integer(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

/// A quantity in one unit, so that two of them compare.
fn quantity(node: &Node) -> Option<(f64, Unit)> {
    if let Some(number) = number(node) {
        return Some((number, Unit::Word(String::new())));
    }
    let text = node.as_str()?;
    match text.parse::<Duration>() {
        Ok(duration) => Some((f64::from(duration.in_minutes()), Unit::Word("minutes".to_owned()))),
        Err(_) => text.parse::<Amount>().ok().map(|amount| (amount.number.abs(), amount.unit)),
    }
}

/// The place of a word in the order of its enumeration, when it is one.
fn rank<T: Copy>(all: &[T], word: fn(T) -> &'static str, node: &Node) -> Option<usize> {
    let text = node.as_str()?;
    all.iter().position(|&item| word(item) == text)
}

fn scalar(key: &str, old: &Node, own: &Node) -> Change {
    if old.same_value(own) {
        return Change::Same;
    }
    let shown = match &old.value {
        Value::String(text) => text.clone(),
        _ => number(old).map_or_else(String::new, plain),
    };
    let order = |weaker: bool, floor: String| if weaker { Change::Weaker(floor) } else { Change::Tighter };
    let ranked = |old: Option<usize>, own: Option<usize>, later_is_weaker: bool| match (old, own) {
        (Some(old), Some(own)) => order((old < own) == later_is_weaker, format!("{shown} or stricter is allowed")),
        _ => Change::Other,
    };
    match key {
        "kill_switch" | "check" => match own.value {
            Value::Boolean(on) => order(!on, "it stays on".to_owned()),
            _ => Change::Other,
        },
        "action" => ranked(rank(SrmAction::ALL, SrmAction::word, old), rank(SrmAction::ALL, SrmAction::word, own), true),
        "gate" => ranked(rank(Gate::ALL, Gate::word, old), rank(Gate::ALL, Gate::word, own), false),
        "data_class" => {
            ranked(rank(DataClass::ALL, DataClass::word, old), rank(DataClass::ALL, DataClass::word, own), true)
        }
        _ => {
            let (Some((before, unit)), Some((after, other))) = (quantity(old), quantity(own)) else {
                return Change::Other;
            };
            if unit != other {
                return Change::Other;
            }
            match key {
                "alpha" | "share" | "max_share" | "retention" | "relative" | "absolute" | "min_units" => {
                    order(before < after, format!("at most {shown} is allowed"))
                }
                "power" | "hold" | "burn_in" => order(after < before, format!("at least {shown} is allowed")),
                _ => Change::Other,
            }
        }
    }
}
