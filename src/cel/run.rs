//! Running an expression, step by counted step.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Fault;
use super::parse::{Expr, Kind, Macro, Op};
use super::value::{List, Map, Text, Value};

/// What a run may still spend.
#[derive(Debug, Clone)]
pub struct Fuel {
    steps: usize,
    bytes: usize,
    spent: bool,
}

impl Fuel {
    pub fn new(steps: usize, bytes: usize) -> Self {
        Self { steps, bytes, spent: false }
    }

    pub fn steps(&self) -> usize {
        self.steps
    }

    /// True when a run ended because it had nothing left.
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    fn take(&mut self, steps: usize, bytes: usize) -> bool {
        if self.steps < steps || self.bytes < bytes || self.spent {
            self.spent = true;
            self.steps = 0;
            return false;
        }
        self.steps -= steps;
        self.bytes -= bytes;
        true
    }
}

/// The names that an expression may use, innermost last.
#[derive(Debug, Clone, Default)]
pub struct Scope<'a> {
    names: Vec<(String, Value<'a>)>,
}

impl<'a> Scope<'a> {
    #[must_use]
    pub fn with(mut self, name: &str, value: Value<'a>) -> Self {
        self.names.push((name.to_owned(), value));
        self
    }

    pub fn push(&mut self, name: &str, value: Value<'a>) {
        self.names.push((name.to_owned(), value));
    }

    pub fn pop(&mut self) {
        self.names.pop();
    }

    fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// The value of an expression.
pub fn run<'a>(expr: &'a Expr, scope: &mut Scope<'a>, fuel: &mut Fuel) -> Result<Value<'a>, Fault> {
    let value = Run { scope, fuel }.value(expr);
    if fuel.is_spent() {
        return Err(Fault::new(expr.range.clone(), "an expression takes too many steps")
            .label("stopped")
            .help("loop over fewer lists inside each other, or split the rule"));
    }
    value
}

type Answer<'a> = Result<Value<'a>, Fault>;

struct Run<'r, 'a> {
    scope: &'r mut Scope<'a>,
    fuel: &'r mut Fuel,
}

impl<'a> Run<'_, 'a> {
    fn spend(&mut self, expr: &Expr, steps: usize, bytes: usize) -> Result<(), Fault> {
        if self.fuel.take(steps, bytes) {
            Ok(())
        } else {
            Err(Fault::new(expr.range.clone(), "an expression takes too many steps"))
        }
    }

    fn value(&mut self, expr: &'a Expr) -> Answer<'a> {
        self.spend(expr, 1, 0)?;
        match &expr.kind {
            Kind::Null => Ok(Value::Null),
            Kind::Bool(flag) => Ok(Value::Bool(*flag)),
            Kind::Int(number) => Ok(Value::Int(*number)),
            Kind::Double(number) => Ok(Value::Double(*number)),
            Kind::Text(text) => Ok(Value::Text(Text::Given(text))),
            Kind::Name(name) => {
                self.scope.get(name).cloned().ok_or_else(|| {
                    Fault::new(expr.range.clone(), format!("nothing is called `{name}`")).label("unknown")
                })
            }
            Kind::List(items) => {
                self.spend(expr, 0, items.len() * size_of::<Value<'_>>())?;
                let items = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::List(List::Made(Rc::new(items))))
            }
            Kind::Map(entries) => self.map(expr, entries),
            Kind::Select { of, field, at } => {
                let whole = self.value(of)?;
                let Value::Map(map) = &whole else { return Err(no_fields(of, &whole, field)) };
                self.spend(expr, map.len() / 64, 0)?;
                map.text_key(field).ok_or_else(|| {
                    Fault::new(at.clone(), format!("there is no `{field}` here"))
                        .label(format!("in {}", whole.shown()))
                        .help(format!("ask for it first: has(….{field})"))
                })
            }
            Kind::Has { of, field, .. } => {
                let whole = self.value(of)?;
                let Value::Map(map) = &whole else { return Err(no_fields(of, &whole, field)) };
                self.spend(expr, map.len() / 64, 0)?;
                Ok(Value::Bool(map.text_key(field).is_some()))
            }
            Kind::Index { of, index } => self.index(expr, of, index),
            Kind::Not(of) => match self.value(of)? {
                Value::Bool(flag) => Ok(Value::Bool(!flag)),
                other => Err(wrong(of, "`!` negates booleans only", &other)),
            },
            Kind::Minus(of) => match self.value(of)? {
                Value::Int(number) => number
                    .checked_neg()
                    .map(Value::Int)
                    .ok_or_else(|| Fault::new(expr.range.clone(), "a number leaves 64 bits")),
                Value::Double(number) => Ok(Value::Double(-number)),
                other => Err(wrong(of, "`-` takes numbers only", &other)),
            },
            Kind::And(parts) => self.logic(parts, false),
            Kind::Or(parts) => self.logic(parts, true),
            Kind::Binary { op, left, right } => self.binary(expr, *op, left, right),
            Kind::If { condition, yes, no } => match self.value(condition)? {
                Value::Bool(true) => self.value(yes),
                Value::Bool(false) => self.value(no),
                other => Err(wrong(condition, "`?` chooses by a boolean", &other)),
            },
            Kind::Call { function, arguments } => self.call(expr, function, arguments),
            Kind::Matches { text, pattern } => match self.value(text)? {
                Value::Text(found) => {
                    // A pattern is a few hundred states, and each byte visits each at most once.
                    self.spend(expr, found.len() / 4, 0)?;
                    Ok(Value::Bool(pattern.is_match(&found)))
                }
                other => Err(wrong(text, "`matches` reads texts only", &other)),
            },
            Kind::Each { each, of, name, guard, body } => self.each(expr, *each, of, name, guard.as_deref(), body),
        }
    }

    fn map(&mut self, expr: &Expr, entries: &'a [(Expr, Expr)]) -> Answer<'a> {
        self.spend(expr, entries.len(), 2 * entries.len() * size_of::<Value<'_>>())?;
        let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let found = self.value(key)?;
            if !matches!(found, Value::Text(_) | Value::Int(_) | Value::Bool(_)) {
                return Err(wrong(key, "the key of a map is a text, a whole number or a boolean", &found));
            }
            for (known, _) in &made {
                if self.equal(expr, known, &found)? {
                    return Err(Fault::new(key.range.clone(), "a map has a key twice").label("again"));
                }
            }
            let value = self.value(value)?;
            made.push((found, value));
        }
        Ok(Value::Map(Map::Made(Rc::new(made))))
    }

    fn index(&mut self, expr: &Expr, of: &'a Expr, index: &'a Expr) -> Answer<'a> {
        let whole = self.value(of)?;
        let wanted = self.value(index)?;
        match (&whole, &wanted) {
            (Value::Map(map), Value::Text(key)) => {
                self.spend(expr, map.len() / 64, 0)?;
                map.text_key(key).ok_or_else(|| {
                    Fault::new(index.range.clone(), format!("there is no {} here", wanted.shown()))
                        .label(format!("in {}", whole.shown()))
                        .help(format!("ask for it first: {} in …", wanted.shown()))
                })
            }
            (Value::Map(Map::Made(entries)), Value::Int(_) | Value::Bool(_)) => {
                for (key, value) in entries.iter() {
                    if self.equal(expr, key, &wanted)? {
                        return Ok(value.clone());
                    }
                }
                Err(Fault::new(index.range.clone(), format!("there is no {} here", wanted.shown())))
            }
            (Value::Map(_), Value::Int(_) | Value::Bool(_)) => {
                Err(Fault::new(index.range.clone(), format!("there is no {} here", wanted.shown()))
                    .label("keys are texts"))
            }
            (Value::List(list), Value::Int(number)) => {
                let item = usize::try_from(*number).ok().and_then(|at| list.get(at));
                item.ok_or_else(|| {
                    Fault::new(index.range.clone(), format!("a list of {} has no element {number}", list.len()))
                        .label("counted from 0")
                        .help("ask for its size first")
                })
            }
            (Value::Map(_) | Value::List(_), other) => {
                Err(wrong(index, "a place in a list is a whole number, a key a text", other))
            }
            _ => Err(wrong(of, "`[…]` looks into lists and maps only", &whole)),
        }
    }

    /// `&&` and `||`: the one answer that settles it wins over an error beside it.
    fn logic(&mut self, parts: &'a [Expr], settles: bool) -> Answer<'a> {
        let mut failed = None;
        for part in parts {
            match self.value(part) {
                Ok(Value::Bool(flag)) if flag == settles => return Ok(Value::Bool(settles)),
                Ok(Value::Bool(_)) => {}
                Ok(other) => {
                    let sign = if settles { "||" } else { "&&" };
                    failed = failed.or(Some(wrong(part, &format!("`{sign}` joins booleans only"), &other)));
                }
                Err(fault) => failed = failed.or(Some(fault)),
            }
            if self.fuel.is_spent() {
                break;
            }
        }
        failed.map_or(Ok(Value::Bool(!settles)), Err)
    }

    fn binary(&mut self, expr: &Expr, op: Op, left: &'a Expr, right: &'a Expr) -> Answer<'a> {
        let a = self.value(left)?;
        let b = self.value(right)?;
        let sign = op.sign();
        let mixed = || {
            let fault = Fault::new(expr.range.clone(), format!("`{sign}` does not join {} and {}", a.kind(), b.kind()))
                .label(format!("{} {sign} {}", a.shown(), b.shown()));
            match (&a, &b) {
                (Value::Int(_), Value::Double(_)) | (Value::Double(_), Value::Int(_)) => {
                    fault.help("make both decimal with double(…) or `.0`")
                }
                (Value::Null, _) | (_, Value::Null) => fault.help("ask whether it is null first: … != null && …"),
                _ => fault,
            }
        };
        let overflow = || {
            Fault::new(expr.range.clone(), "a number leaves 64 bits").label(format!(
                "{} {sign} {}",
                a.shown(),
                b.shown()
            ))
        };
        let by_zero = || {
            Fault::new(expr.range.clone(), "a whole number is divided by zero").label(format!("{} {sign} 0", a.shown()))
        };
        Ok(match (op, &a, &b) {
            (Op::Equal, a, b) => Value::Bool(self.equal(expr, a, b)?),
            (Op::Unequal, a, b) => Value::Bool(!self.equal(expr, a, b)?),
            (Op::In, a, Value::List(list)) => {
                for item in list.iter() {
                    if self.equal(expr, a, &item)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            (Op::In, a, Value::Map(Map::Given(map))) => {
                Value::Bool(matches!(a, Value::Text(key) if map.contains_key(&**key)))
            }
            (Op::In, a, Value::Map(map)) => {
                for key in map.keys() {
                    if self.equal(expr, a, &key)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            (Op::Less, ..) => Value::Bool(order(&a, &b).ok_or_else(mixed)? == Some(Ordering::Less)),
            (Op::More, ..) => Value::Bool(order(&a, &b).ok_or_else(mixed)? == Some(Ordering::Greater)),
            (Op::LessOrEqual, ..) => {
                Value::Bool(matches!(order(&a, &b).ok_or_else(mixed)?, Some(Ordering::Less | Ordering::Equal)))
            }
            (Op::MoreOrEqual, ..) => {
                Value::Bool(matches!(order(&a, &b).ok_or_else(mixed)?, Some(Ordering::Greater | Ordering::Equal)))
            }
            (Op::Plus, Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b).ok_or_else(overflow)?),
            (Op::Minus, Value::Int(a), Value::Int(b)) => Value::Int(a.checked_sub(*b).ok_or_else(overflow)?),
            (Op::Times, Value::Int(a), Value::Int(b)) => Value::Int(a.checked_mul(*b).ok_or_else(overflow)?),
            (Op::Divide | Op::Remainder, Value::Int(_), Value::Int(0)) => return Err(by_zero()),
            (Op::Divide, Value::Int(a), Value::Int(b)) => Value::Int(a.checked_div(*b).ok_or_else(overflow)?),
            (Op::Remainder, Value::Int(a), Value::Int(b)) => Value::Int(a.checked_rem(*b).ok_or_else(overflow)?),
            (Op::Plus, Value::Double(a), Value::Double(b)) => Value::Double(a + b),
            (Op::Minus, Value::Double(a), Value::Double(b)) => Value::Double(a - b),
            (Op::Times, Value::Double(a), Value::Double(b)) => Value::Double(a * b),
            (Op::Divide, Value::Double(a), Value::Double(b)) => Value::Double(a / b),
            (Op::Plus, Value::Text(a), Value::Text(b)) => {
                let length = a.len() + b.len();
                self.spend(expr, length / 64, length)?;
                Value::Text(Text::Made(format!("{}{}", &**a, &**b).into()))
            }
            (Op::Plus, Value::List(a), Value::List(b)) => {
                let length = a.len() + b.len();
                self.spend(expr, length, length * size_of::<Value<'_>>())?;
                Value::List(List::Made(Rc::new(a.iter().chain(b.iter()).collect())))
            }
            _ => return Err(mixed()),
        })
    }

    /// Values of different kinds are not equal; whole and decimal numbers are compared as numbers.
    fn equal(&mut self, expr: &Expr, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Fault> {
        self.spend(expr, 1, 0)?;
        Ok(match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => {
                self.spend(expr, a.len().min(b.len()) / 64, 0)?;
                **a == **b
            }
            (Value::Int(_) | Value::Double(_), Value::Int(_) | Value::Double(_)) => {
                order(a, b).flatten() == Some(Ordering::Equal)
            }
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !self.equal(expr, &a, &b)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(a), Value::Map(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for key in a.keys() {
                    let Value::Text(name) = &key else { return self.same_entries(expr, a, b) };
                    self.spend(expr, 1 + (a.len() + b.len()) / 64, 0)?;
                    match (a.text_key(name), b.text_key(name)) {
                        (Some(a), Some(b)) if self.equal(expr, &a, &b)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// Maps whose keys are not all texts.
    fn same_entries(&mut self, expr: &Expr, a: &Map<'a>, b: &Map<'a>) -> Result<bool, Fault> {
        let (Map::Made(a), Map::Made(b)) = (a, b) else { return Ok(false) };
        for (key, value) in a.iter() {
            let mut found = false;
            for (other, beside) in b.iter() {
                if self.equal(expr, key, other)? && self.equal(expr, value, beside)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn call(&mut self, expr: &Expr, function: &str, arguments: &'a [Expr]) -> Answer<'a> {
        let values = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        let refused = |what: &str| {
            let shown: Vec<String> = values.iter().map(Value::shown).collect();
            Fault::new(expr.range.clone(), format!("`{function}` {what}")).label(shown.join(", "))
        };
        let text = |text: String| Ok(Value::Text(Text::Made(text.into())));
        match (function, values.as_slice()) {
            ("size", [Value::Text(text)]) => {
                self.spend(expr, text.len() / 64, 0)?;
                Ok(Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)))
            }
            ("size", [Value::List(list)]) => Ok(Value::Int(i64::try_from(list.len()).unwrap_or(i64::MAX))),
            ("size", [Value::Map(map)]) => Ok(Value::Int(i64::try_from(map.len()).unwrap_or(i64::MAX))),
            ("contains" | "startsWith" | "endsWith", [Value::Text(whole), Value::Text(part)]) => {
                self.spend(expr, (whole.len() + part.len()) / 16, 0)?;
                Ok(Value::Bool(match function {
                    "contains" => whole.contains(&**part),
                    "startsWith" => whole.starts_with(&**part),
                    _ => whole.ends_with(&**part),
                }))
            }
            ("int", [Value::Int(number)]) => Ok(Value::Int(*number)),
            // 2^63 is the first double beyond the whole numbers.
            ("int", [Value::Double(number)]) if number.abs() < 9_223_372_036_854_775_808.0 => {
                Ok(Value::Int(*number as i64))
            }
            ("int", [Value::Text(text)]) => {
                text.parse().map(Value::Int).map_err(|_| refused("cannot read this as a whole number"))
            }
            ("double", [Value::Int(number)]) => Ok(Value::Double(*number as f64)),
            ("double", [Value::Double(number)]) => Ok(Value::Double(*number)),
            ("double", [Value::Text(text)]) => {
                text.parse().map(Value::Double).map_err(|_| refused("cannot read this as a number"))
            }
            ("string", [Value::Text(_)]) => Ok(values[0].clone()),
            ("string", [Value::Int(number)]) => text(number.to_string()),
            ("string", [Value::Double(number)]) => text(number.to_string()),
            ("string", [Value::Bool(flag)]) => text(flag.to_string()),
            _ => Err(refused("does not take this").help(match values.first() {
                Some(Value::Null) => "ask whether it is null first: … != null && …",
                _ => "",
            })),
        }
    }

    fn each(
        &mut self,
        expr: &Expr,
        each: Macro,
        of: &'a Expr,
        name: &str,
        guard: Option<&'a Expr>,
        body: &'a Expr,
    ) -> Answer<'a> {
        let whole = self.value(of)?;
        let items: Vec<Value<'a>> = match &whole {
            Value::List(list) => {
                self.spend(expr, list.len(), list.len() * size_of::<Value<'_>>())?;
                list.iter().collect()
            }
            Value::Map(map) => {
                self.spend(expr, map.len(), map.len() * size_of::<Value<'_>>())?;
                map.keys()
            }
            other => return Err(wrong(of, "only lists and maps have elements", other)),
        };
        let mut failed = None;
        let mut kept = Vec::new();
        let mut count = 0;
        for item in items {
            self.scope.push(name, item.clone());
            let taken = guard.map_or(Ok(Value::Bool(true)), |guard| self.value(guard));
            let answer = match taken {
                Ok(Value::Bool(true)) => self.value(body),
                Ok(Value::Bool(false)) => {
                    self.scope.pop();
                    continue;
                }
                Ok(other) => Err(wrong(guard.unwrap_or(body), "a condition is a boolean", &other)),
                Err(fault) => Err(fault),
            };
            self.scope.pop();
            if self.fuel.is_spent() {
                return answer;
            }
            match (each, answer) {
                (Macro::Map, Ok(value)) => {
                    self.spend(expr, 1, size_of::<Value<'_>>())?;
                    kept.push(value);
                }
                (Macro::All, Ok(Value::Bool(false))) => return Ok(Value::Bool(false)),
                (Macro::Exists, Ok(Value::Bool(true))) => return Ok(Value::Bool(true)),
                (Macro::ExistsOne, Ok(Value::Bool(true))) => count += 1,
                (Macro::Filter, Ok(Value::Bool(true))) => kept.push(item),
                (_, Ok(Value::Bool(_))) => {}
                (Macro::All | Macro::Exists, Ok(other)) => {
                    failed = failed.or(Some(wrong(body, "each element is judged by a boolean", &other)));
                }
                (Macro::All | Macro::Exists, Err(fault)) => failed = failed.or(Some(fault)),
                (_, Ok(other)) => return Err(wrong(body, "each element is judged by a boolean", &other)),
                (_, Err(fault)) => return Err(fault),
            }
        }
        if let Some(fault) = failed {
            return Err(fault);
        }
        Ok(match each {
            Macro::All => Value::Bool(true),
            Macro::Exists => Value::Bool(false),
            Macro::ExistsOne => Value::Bool(count == 1),
            Macro::Map | Macro::Filter => Value::List(List::Made(Rc::new(kept))),
        })
    }
}

fn wrong(expr: &Expr, headline: &str, found: &Value<'_>) -> Fault {
    let fault = Fault::new(expr.range.clone(), headline).label(format!("this is {}: {}", found.kind(), found.shown()));
    match found {
        Value::Null => Fault::new(expr.range.clone(), headline)
            .label("this is null: nobody has set it")
            .help("ask whether it is null first: … != null && …"),
        _ => fault,
    }
}

fn no_fields(of: &Expr, found: &Value<'_>, field: &str) -> Fault {
    wrong(of, &format!("`.{field}` looks into maps only"), found)
}

/// The order of two values of one kind; whole and decimal numbers have one. The inner answer is empty beside NaN.
fn order(a: &Value<'_>, b: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Double(b)) => mixed(*a, *b),
        (Value::Double(a), Value::Int(b)) => mixed(*b, *a).map(Ordering::reverse),
        (Value::Text(a), Value::Text(b)) => Some((**a).cmp(&**b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => return None,
    })
}

/// Exact also where a double no longer holds every whole number.
fn mixed(a: i64, b: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if BEYOND <= b {
        return Some(Ordering::Less);
    }
    if b < -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| 0.0.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal)))
}
