//! The organisation's own rules, compiled once for a run: expressions read, names checked, messages cut into parts.
//!
//! What is wrong with them is kept beside them for the rules on the policy to tell; a faulty rule does not run.
//! Running them is a matter of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::catalog::CatalogFile;
use crate::cel::{self, Expr, Kind, Shape};
use crate::diag::Level;
use crate::plan::Shapes;
use crate::policy::{self, LevelWord, WorkspaceFile};
use crate::spec::schema::schema_of;
use crate::spec::{At, Field};
use crate::syntax::Inside;
use crate::text::{Sources, Span};

use super::document::{Document, DocumentKind};

/// What the codes of custom rules start with, and no code of ours.
pub const PREFIX: &str = "ORG/";

/// The group of custom rules in tables of levels.
pub const GROUP: &str = "custom";

/// More rules are not read.
const MOST_RULES: usize = 100;

/// A headline is read in a list; longer ones are refused.
const LONGEST_MESSAGE: usize = 160;

/// The custom rules of a workspace.
#[derive(Debug, Default)]
pub struct CustomRules {
    pub rules: Vec<CustomRule>,
    pub faults: Vec<CustomFault>,
    /// What their expressions may ask; none when there are no rules.
    pub shapes: Option<Shapes>,
    /// The catalogue in JSON, when a rule asks it.
    pub catalog: Json,
    uses: Uses,
}

/// One of them, ready to run.
#[derive(Debug)]
pub struct CustomRule {
    pub name: String,
    /// `ORG/eu-needs-consent`.
    pub code: String,
    pub key: Span,
    pub about: String,
    pub level: Level,
    pub when: Option<Expression>,
    pub require: Expression,
    pub message: Vec<Part>,
    pub at: Option<String>,
    pub help: Option<String>,
    pub over: Option<At<String>>,
    pub bad: Option<At<String>>,
    pub good: Option<At<String>>,
    pub uses_today: bool,
}

/// An expression and where it was written.
#[derive(Debug)]
pub struct Expression {
    pub expr: Expr,
    pub inside: Inside,
}

/// A part of a message.
#[derive(Debug)]
pub enum Part {
    Text(String),
    Value(Expression),
}

/// What is wrong with a rule.
#[derive(Debug, Clone)]
pub struct CustomFault {
    pub rule: String,
    pub span: Span,
    pub headline: String,
    pub label: String,
    pub help: String,
    /// The name that was surely meant at the span.
    pub meant: Option<String>,
}

/// What the rules together ask for.
#[derive(Debug, Default)]
struct Uses {
    /// Parts of the plan; all of them when an expression takes it whole.
    plan: BTreeSet<String>,
    whole_plan: bool,
    catalog: bool,
}

impl CustomRules {
    /// Without custom rules nothing is computed.
    pub fn compile(file: &WorkspaceFile, sources: &Sources, documents: &[Arc<Document>]) -> Self {
        let Some(named) = file.custom.value().filter(|named| !named.is_empty()) else { return Self::default() };
        let shapes = Shapes::new();
        let catalog = Shape::of_schema(&schema_of::<CatalogFile>("catalog"));
        let mut rules = Self { shapes: Some(shapes.clone()), ..Self::default() };
        let names = [
            ("plan", shapes.plan),
            ("spec", shapes.spec.clone()),
            ("catalog", catalog.clone()),
            ("today", Shape::Text),
        ];
        for (index, (key, rule)) in named.iter().enumerate() {
            let mut reader =
                Reader { sources, names: &names, spec: &shapes.spec, rule: &key.value, faults: Vec::new() };
            if index == MOST_RULES {
                reader.fault(
                    key.span,
                    format!("only {MOST_RULES} custom rules are read"),
                    "left out, with all after it",
                    "merge rules",
                );
            }
            if MOST_RULES <= index {
                rules.faults.extend(reader.faults);
                break;
            }
            let read = reader.rule(key, rule);
            match read {
                Some(rule) if reader.faults.is_empty() => {
                    rules.uses.add(&rule);
                    rules.rules.push(rule);
                }
                _ => rules.faults.extend(reader.faults),
            }
        }
        if rules.uses.catalog {
            rules.catalog = catalog.fill(Some(&whole_catalog(documents)));
        }
        rules
    }

    /// The rule of that code or name.
    pub fn find(&self, code_or_name: &str) -> Option<&CustomRule> {
        self.rules.iter().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
    }

    /// True when an expression asks this part of the plan.
    pub fn ask(&self, part: &str) -> bool {
        self.uses.whole_plan || self.uses.plan.contains(part)
    }
}

/// Every definition of the catalogue, in JSON.
fn whole_catalog(documents: &[Arc<Document>]) -> Json {
    let mut whole: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
    for document in documents.iter().filter(|document| document.kind == DocumentKind::Catalogue) {
        let Json::Object(tables) = document.tree.to_json() else { continue };
        for (name, table) in tables {
            if let Json::Object(entries) = table {
                let known = whole.entry(name).or_default();
                for (key, entry) in entries {
                    // The first of two equal names stays.
                    known.entry(key).or_insert(entry);
                }
            }
        }
    }
    Json::Object(whole.into_iter().map(|(name, entries)| (name, Json::Object(entries))).collect())
}

impl Uses {
    fn add(&mut self, rule: &CustomRule) {
        self.look(&rule.require.expr);
        rule.when.iter().for_each(|when| self.look(&when.expr));
        for part in &rule.message {
            if let Part::Value(value) = part {
                self.look(&value.expr);
            }
        }
    }

    fn look(&mut self, expr: &Expr) {
        each_name(expr, &mut |name, field| match (name, field) {
            ("plan", Some(field)) => {
                self.plan.insert(field.to_owned());
            }
            ("plan", None) => self.whole_plan = true,
            ("catalog", _) => self.catalog = true,
            _ => {}
        });
    }
}

/// Calls for every name in an expression, with the field that is taken of it.
fn each_name<'e>(expr: &'e Expr, seen: &mut dyn FnMut(&'e str, Option<&'e str>)) {
    match &expr.kind {
        Kind::Name(name) => seen(name, None),
        Kind::Select { of, field, .. } | Kind::Has { of, field, .. } => match &of.kind {
            Kind::Name(name) => seen(name, Some(field)),
            _ => each_name(of, seen),
        },
        Kind::List(parts) | Kind::And(parts) | Kind::Or(parts) | Kind::Call { arguments: parts, .. } => {
            parts.iter().for_each(|part| each_name(part, seen));
        }
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            each_name(key, seen);
            each_name(value, seen);
        }),
        Kind::Index { of, index } => {
            each_name(of, seen);
            each_name(index, seen);
        }
        Kind::Not(of) | Kind::Minus(of) | Kind::Matches { text: of, .. } => each_name(of, seen),
        Kind::Binary { left, right, .. } => {
            each_name(left, seen);
            each_name(right, seen);
        }
        Kind::If { condition, yes, no } => [condition, yes, no].into_iter().for_each(|part| each_name(part, seen)),
        Kind::Each { of, guard, body, .. } => {
            each_name(of, seen);
            guard.iter().for_each(|guard| each_name(guard, seen));
            each_name(body, seen);
        }
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Double(_) | Kind::Text(_) => {}
    }
}

/// Reads one rule and notes what is wrong with it.
struct Reader<'a> {
    sources: &'a Sources,
    names: &'a [(&'static str, Shape)],
    spec: &'a Shape,
    rule: &'a str,
    faults: Vec<CustomFault>,
}

impl Reader<'_> {
    fn fault(&mut self, span: Span, headline: impl Into<String>, label: &str, help: &str) {
        self.faults.push(CustomFault {
            rule: self.rule.to_owned(),
            span,
            headline: headline.into(),
            label: label.to_owned(),
            help: help.to_owned(),
            meant: None,
        });
    }

    fn rule(&mut self, key: &At<String>, rule: &At<policy::CustomRule>) -> Option<CustomRule> {
        let name = key.value.as_str();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || 60 < name.len() || !name.bytes().all(plain) || name == GROUP {
            self.fault(
                key.span,
                "a custom rule has no plain name",
                "lower case letters, digits and dashes",
                "rename it, like `eu-needs-consent`",
            );
        }
        let when = self.expression(&rule.when, Shape::Bool);
        let require = self.expression(&rule.require, Shape::Bool);
        if rule.require.is_absent() {
            self.fault(
                key.span,
                "a custom rule requires nothing",
                "no `require`",
                "add `require`, an expression that must be true",
            );
        }
        let message = self.message(key.span, &rule.message);
        if let Some(at) = rule.at.get() {
            self.path(at);
        }
        for example in [&rule.bad, &rule.good].into_iter().filter_map(Field::get) {
            self.example(example);
        }
        // A field that could not be read is told already.
        let broken = |field: &Field<String>| matches!(field, Field::Broken(_));
        if broken(&rule.when) || matches!(rule.level, Field::Broken(_)) {
            return None;
        }
        let require = require?;
        let today = |expression: &Expression| {
            let mut uses = false;
            each_name(&expression.expr, &mut |name, _| uses |= name == "today");
            uses
        };
        let uses_today = when.iter().chain([&require]).any(today);
        Some(CustomRule {
            name: name.to_owned(),
            code: format!("{PREFIX}{name}"),
            key: key.span,
            about: rule.about.value().cloned().unwrap_or_default(),
            level: Level::from(rule.level.copied().unwrap_or(LevelWord::Error)),
            uses_today,
            when,
            require,
            message: message?,
            at: rule.at.value().cloned(),
            help: rule.help.value().cloned(),
            over: rule.over.get().cloned(),
            bad: rule.bad.get().cloned(),
            good: rule.good.get().cloned(),
        })
    }

    fn expression(&mut self, field: &Field<String>, wanted: Shape) -> Option<Expression> {
        let at = field.get()?;
        let inside = Inside::of(self.sources.get(at.span.file), at.span, &at.value);
        self.compiled(&at.value, 0, inside, wanted)
    }

    /// Reads a text that starts at a byte of a string of the file.
    fn compiled(&mut self, text: &str, from: usize, inside: Inside, wanted: Shape) -> Option<Expression> {
        let (expr, shape, faults) = match cel::parse(text) {
            Ok(expr) => {
                let (shape, faults) = cel::check(&expr, self.names);
                (Some(expr), shape, faults)
            }
            Err(fault) => (None, Shape::Any, vec![fault]),
        };
        let fine = faults.is_empty();
        for fault in faults {
            self.faults.push(CustomFault {
                rule: self.rule.to_owned(),
                span: inside.span(from + fault.range.start..from + fault.range.end),
                headline: fault.headline,
                label: fault.label,
                help: fault.help,
                meant: fault.meant,
            });
        }
        let expr = expr.filter(|_| fine)?;
        if wanted == Shape::Bool && !matches!(shape, Shape::Bool | Shape::Any) {
            let span = inside.span(from + expr.range.start..from + expr.range.end);
            let label = format!("this is {}", shape.kind());
            self.fault(span, "a custom rule asks for true or false", &label, "compare it with what it must be");
            return None;
        }
        Some(Expression { expr, inside })
    }

    fn message(&mut self, key: Span, field: &Field<String>) -> Option<Vec<Part>> {
        let Some(at) = field.get() else {
            if field.is_absent() {
                self.fault(
                    key,
                    "a custom rule has no message",
                    "no `message`",
                    "add `message`, the headline of its findings",
                );
            }
            return None;
        };
        if at.value.trim().is_empty() || LONGEST_MESSAGE < at.value.chars().count() {
            let headline = format!("a message has {} characters", at.value.chars().count());
            self.fault(
                at.span,
                headline,
                &format!("1 to {LONGEST_MESSAGE} are read"),
                "say the fact in one line; `help` has room for the rest",
            );
            return None;
        }
        let inside = Inside::of(self.sources.get(at.span.file), at.span, &at.value);
        let text = at.value.as_str();
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut from = 0;
        while let Some(c) = text[from..].chars().next() {
            let next = from + c.len_utf8();
            if matches!(c, '{' | '}') && text[next..].starts_with(c) {
                plain.push(c);
                from = next + 1;
            } else if c == '{' {
                let Some(length) = closing(&text[next..]) else {
                    self.fault(
                        inside.span(from..next),
                        "a `{` of a message is not closed",
                        "opened here",
                        "close it with `}`, or write `{{` for the sign itself",
                    );
                    return None;
                };
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Value(self.compiled(&text[next..next + length], next, inside.clone(), Shape::Any)?));
                from = next + length + 1;
            } else {
                plain.push(c);
                from = next;
            }
        }
        parts.push(Part::Text(plain));
        Some(parts)
    }

    /// The path that findings point at must be one that a spec can have.
    fn path(&mut self, at: &At<String>) {
        let mut shape = self.spec.clone();
        let inside = Inside::of(self.sources.get(at.span.file), at.span, &at.value);
        let mut from = 0;
        for key in at.value.split('.') {
            shape = match &shape {
                Shape::Named(item) => (**item).clone(),
                Shape::Any => return,
                Shape::Table(fields) => match fields.get(key) {
                    Some(shape) => shape.clone(),
                    None => {
                        let near = crate::text::nearest(key, fields.keys().map(String::as_str)).map(str::to_owned);
                        let known: Vec<String> = fields.keys().take(16).map(|key| format!("`{key}`")).collect();
                        let help = if near.is_some() { String::new() } else { format!("one of {}", known.join(", ")) };
                        self.faults.push(CustomFault {
                            rule: self.rule.to_owned(),
                            span: inside.span(from..from + key.len()),
                            headline: format!("no spec has a key `{}`", crate::text::printable(&at.value)),
                            label: near.as_ref().map_or("unknown".to_owned(), |near| format!("did you mean `{near}`?")),
                            help,
                            meant: near,
                        });
                        return;
                    }
                },
                _ => {
                    self.fault(
                        inside.span(from..from + key.len()),
                        format!("no spec has a key `{}`", crate::text::printable(&at.value)),
                        "nothing is below the key before",
                        "point at the key before it",
                    );
                    return;
                }
            };
            from += key.len() + 1;
        }
    }

    fn example(&mut self, at: &At<String>) {
        let (_, faults) = crate::syntax::parse(crate::text::FileId(u32::MAX), &at.value);
        if let Some(fault) = faults.into_iter().next() {
            let inside = Inside::of(self.sources.get(at.span.file), at.span, &at.value);
            let label = format!("{}; {}", fault.headline, fault.label);
            self.fault(inside.span(fault.span.range()), "an example of a custom rule is no TOML", &label, &fault.help);
        }
    }
}

/// The length of an expression up to the `}` that closes it; strings and maps may hold others.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => open += 1,
            (None, '}') if open == 0 => return Some(at),
            (None, '}') => open -= 1,
            _ => {}
        }
    }
    None
}
