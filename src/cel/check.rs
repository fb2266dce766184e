//! Faults that are plain before the first run: unknown names, and values of the wrong sort.

use std::sync::Arc;

use super::Fault;
use super::parse::{Expr, Kind, Macro, Op};
use super::shape::Shape;
use crate::text::{nearest, printable};

/// Every fault of an expression whose names have these shapes, and the shape of its value.
pub fn check(expr: &Expr, names: &[(&str, Shape)]) -> (Shape, Vec<Fault>) {
    let names = names.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect();
    let mut checker = Checker { names, faults: Vec::new() };
    let shape = checker.shape(expr);
    (shape, checker.faults)
}

struct Checker {
    names: Vec<(String, Shape)>,
    faults: Vec<Fault>,
}

impl Checker {
    fn shape(&mut self, expr: &Expr) -> Shape {
        match &expr.kind {
            Kind::Null => Shape::Null,
            Kind::Bool(_) => Shape::Bool,
            Kind::Int(_) | Kind::Double(_) => Shape::Number,
            Kind::Text(_) => Shape::Text,
            Kind::Name(name) => self.name(expr, name),
            Kind::List(items) => {
                let shapes: Vec<Shape> = items.iter().map(|item| self.shape(item)).collect();
                let same = shapes.windows(2).all(|pair| pair[0] == pair[1]);
                Shape::List(Arc::new(shapes.into_iter().next().filter(|_| same).unwrap_or(Shape::Any)))
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.shape(key);
                    self.shape(value);
                }
                Shape::Named(Arc::new(Shape::Any))
            }
            Kind::Select { of, field, at } => {
                let whole = self.shape(of);
                self.field(of, &whole, field, at.clone())
            }
            Kind::Has { of, field, at } => {
                let whole = self.shape(of);
                self.field(of, &whole, field, at.clone());
                Shape::Bool
            }
            Kind::Index { of, index } => {
                let whole = self.shape(of);
                let at = self.shape(index);
                match (&whole, &index.kind) {
                    (Shape::Table(_), Kind::Text(field)) => self.field(of, &whole, field, index.range.clone()),
                    (Shape::Table(_) | Shape::Any, _) => Shape::Any,
                    (Shape::Named(item), _) => (**item).clone(),
                    (Shape::List(item), _) => {
                        self.need(index, &at, &Shape::Number, "a place in a list is a whole number");
                        (**item).clone()
                    }
                    _ => {
                        self.wrong(of, &whole, "`[…]` looks into lists and maps only");
                        Shape::Any
                    }
                }
            }
            Kind::Not(of) => {
                let shape = self.shape(of);
                self.need(of, &shape, &Shape::Bool, "`!` negates booleans only");
                Shape::Bool
            }
            Kind::Minus(of) => {
                let shape = self.shape(of);
                self.need(of, &shape, &Shape::Number, "`-` takes numbers only");
                Shape::Number
            }
            Kind::And(parts) | Kind::Or(parts) => {
                let sign = if matches!(expr.kind, Kind::And(_)) { "&&" } else { "||" };
                for part in parts {
                    let shape = self.shape(part);
                    self.need(part, &shape, &Shape::Bool, &format!("`{sign}` joins booleans only"));
                }
                Shape::Bool
            }
            Kind::Binary { op, left, right } => self.binary(expr, *op, left, right),
            Kind::If { condition, yes, no } => {
                let shape = self.shape(condition);
                self.need(condition, &shape, &Shape::Bool, "`?` chooses by a boolean");
                let (yes, no) = (self.shape(yes), self.shape(no));
                if yes == no { yes } else { Shape::Any }
            }
            Kind::Call { function, arguments } => self.call(function, arguments),
            Kind::Matches { text, .. } => {
                let shape = self.shape(text);
                self.need(text, &shape, &Shape::Text, "`matches` reads texts only");
                Shape::Bool
            }
            Kind::Each { each, of, name, guard, body } => {
                let whole = self.shape(of);
                let item = match &whole {
                    Shape::List(item) => (**item).clone(),
                    Shape::Table(_) | Shape::Named(_) => Shape::Text,
                    Shape::Any => Shape::Any,
                    _ => {
                        self.wrong(of, &whole, "only lists and maps have elements");
                        Shape::Any
                    }
                };
                self.names.push((name.clone(), item.clone()));
                if let Some(guard) = guard {
                    let shape = self.shape(guard);
                    self.need(guard, &shape, &Shape::Bool, "a condition is a boolean");
                }
                let shape = self.shape(body);
                if *each != Macro::Map {
                    self.need(body, &shape, &Shape::Bool, "each element is judged by a boolean");
                }
                self.names.pop();
                match each {
                    Macro::Map => Shape::List(Arc::new(shape)),
                    Macro::Filter => Shape::List(Arc::new(item)),
                    _ => Shape::Bool,
                }
            }
        }
    }

    fn name(&mut self, expr: &Expr, name: &str) -> Shape {
        if let Some((_, shape)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return shape.clone();
        }
        let known: Vec<String> = self.names.iter().map(|(name, _)| name.clone()).collect();
        let fault = Fault::new(expr.range.clone(), format!("nothing is called `{}` in an expression", printable(name)));
        self.faults.push(named(fault, name, &known));
        Shape::Any
    }

    fn field(&mut self, of: &Expr, whole: &Shape, field: &str, at: std::ops::Range<usize>) -> Shape {
        match whole {
            Shape::Any => Shape::Any,
            Shape::Named(item) => (**item).clone(),
            Shape::Table(fields) => match fields.get(field) {
                Some(shape) => shape.clone(),
                None => {
                    let known: Vec<String> = fields.keys().cloned().collect();
                    let fault = Fault::new(at, format!("there is no field `{}` here", printable(field)));
                    self.faults.push(named(fault, field, &known));
                    Shape::Any
                }
            },
            other => {
                let help = match other {
                    Shape::List(_) => "judge each element: ….all(m, m.… )",
                    _ => "",
                };
                let fault = Fault::new(of.range.clone(), format!("`.{}` looks into maps only", printable(field)));
                self.faults.push(fault.label(format!("this is {}", other.kind())).help(help));
                Shape::Any
            }
        }
    }

    fn wrong(&mut self, expr: &Expr, found: &Shape, headline: &str) {
        self.faults.push(Fault::new(expr.range.clone(), headline).label(format!("this is {}", found.kind())));
    }

    fn need(&mut self, expr: &Expr, found: &Shape, wanted: &Shape, headline: &str) {
        if *found != Shape::Any && found != wanted {
            self.wrong(expr, found, headline);
        }
    }

    fn binary(&mut self, expr: &Expr, op: Op, left: &Expr, right: &Expr) -> Shape {
        let (a, b) = (self.shape(left), self.shape(right));
        let plain = |shape: &Shape| matches!(shape, Shape::Bool | Shape::Number | Shape::Text);
        let unlike = plain(&a) && plain(&b) && a != b;
        let sign = op.sign();
        match op {
            Op::Equal | Op::Unequal => {
                let held = |shape: &Shape| matches!(shape, Shape::List(_) | Shape::Table(_) | Shape::Named(_));
                if unlike || (plain(&a) && held(&b)) || (held(&a) && plain(&b)) {
                    self.faults.push(
                        Fault::new(expr.range.clone(), format!("{} is never equal to {}", a.kind(), b.kind()))
                            .label(format!("{} {sign} {}", a.kind(), b.kind()))
                            .help(shares(&a, &b, left, right)),
                    );
                }
                Shape::Bool
            }
            Op::In => {
                match &b {
                    Shape::List(item) if plain(item) && plain(&a) && a != **item => self.faults.push(
                        Fault::new(
                            expr.range.clone(),
                            format!("{} is never in a list of {}s", a.kind(), &item.kind()[2..]),
                        )
                        .label(format!("{} in {}", a.kind(), b.kind())),
                    ),
                    Shape::List(_) | Shape::Table(_) | Shape::Named(_) | Shape::Any => {}
                    _ => self.wrong(right, &b, "`in` looks into lists and maps only"),
                }
                Shape::Bool
            }
            Op::Less | Op::LessOrEqual | Op::More | Op::MoreOrEqual => {
                if unlike {
                    self.faults.push(
                        Fault::new(
                            expr.range.clone(),
                            format!("`{sign}` does not compare {} with {}", a.kind(), b.kind()),
                        )
                        .label(format!("{} {sign} {}", a.kind(), b.kind()))
                        .help(shares(&a, &b, left, right)),
                    );
                }
                for (part, shape) in [(left, &a), (right, &b)] {
                    if !plain(shape) && *shape != Shape::Any {
                        self.wrong(part, shape, &format!("`{sign}` compares numbers, texts and booleans only"));
                    }
                }
                Shape::Bool
            }
            Op::Plus if matches!((&a, &b), (Shape::List(_), Shape::List(_))) => {
                if a == b {
                    a
                } else {
                    Shape::List(Arc::new(Shape::Any))
                }
            }
            Op::Plus if a == Shape::Text && b == Shape::Text => Shape::Text,
            _ => {
                let fits = |shape: &Shape| {
                    matches!(shape, Shape::Any | Shape::Number)
                        || (op == Op::Plus && matches!(shape, Shape::Text | Shape::List(_)))
                };
                if !fits(&a) || !fits(&b) || unlike {
                    self.faults.push(
                        Fault::new(expr.range.clone(), format!("`{sign}` does not join {} and {}", a.kind(), b.kind()))
                            .label(format!("{} {sign} {}", a.kind(), b.kind())),
                    );
                }
                if a == b { a } else { Shape::Any }
            }
        }
    }

    fn call(&mut self, function: &str, arguments: &[Expr]) -> Shape {
        let shapes: Vec<Shape> = arguments.iter().map(|argument| self.shape(argument)).collect();
        for (argument, shape) in arguments.iter().zip(&shapes) {
            match function {
                "size" if matches!(shape, Shape::Bool | Shape::Number) => {
                    self.wrong(argument, shape, "`size` counts lists, maps and texts only");
                }
                "contains" | "startsWith" | "endsWith" => {
                    let headline = format!("`{function}` reads texts only");
                    self.need(argument, shape, &Shape::Text, &headline);
                }
                _ => {}
            }
        }
        match function {
            "size" | "int" | "double" => Shape::Number,
            "string" => Shape::Text,
            _ => Shape::Bool,
        }
    }
}

/// A share is written with a sign in a spec, and is a fraction in a plan.
fn shares(a: &Shape, b: &Shape, left: &Expr, right: &Expr) -> String {
    let text = match (a, b, &left.kind, &right.kind) {
        (Shape::Number, Shape::Text, _, Kind::Text(text)) | (Shape::Text, Shape::Number, Kind::Text(text), _) => text,
        _ => return String::new(),
    };
    match text.strip_suffix('%').and_then(|digits| digits.trim().parse::<f64>().ok()) {
        Some(percent) => format!("write {:?}", percent / 100.0),
        None if text.trim().parse::<f64>().is_ok() => "write the number without quotes".to_owned(),
        None => String::new(),
    }
}

/// The nearest known name, or all of them.
fn named(fault: Fault, name: &str, known: &[String]) -> Fault {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => Fault { meant: Some(near.to_owned()), ..fault.label(format!("did you mean `{near}`?")) },
        None => {
            let shown: Vec<String> = known.iter().take(16).map(|name| format!("`{name}`")).collect();
            let more = if 16 < known.len() { format!(" and {} more", known.len() - 16) } else { String::new() };
            fault.label("unknown").help(format!("one of {}{more}", shown.join(", ")))
        }
    }
}
