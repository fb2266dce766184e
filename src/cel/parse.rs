//! Text to tree: one pass, linear time, bounded depth.

use std::ops::Range;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::Fault;
use crate::text::{nearest, printable};

/// The longest source in bytes.
pub const LONGEST: usize = 4_000;

/// Brackets inside each other.
const MOST_BRACKETS: usize = 32;

/// Nodes below each other; a chain of `+` is one as well.
const DEEPEST: usize = 200;

/// The size of a compiled pattern, in bytes: a pattern of a few hundred characters.
const LARGEST_PATTERN: usize = 256 * 1024;

/// The functions there are, with how they are called.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("size", "size(list, map or text)"),
    ("contains", "text.contains(part)"),
    ("startsWith", "text.startsWith(part)"),
    ("endsWith", "text.endsWith(part)"),
    ("matches", "text.matches('pattern')"),
    ("int", "int(number or text)"),
    ("double", "double(number or text)"),
    ("string", "string(number, text or boolean)"),
];

const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// An expression and its place in the source.
#[derive(Debug, Clone)]
pub struct Expr {
    pub range: Range<usize>,
    pub kind: Kind,
    depth: usize,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Arc<str>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Name(String),
    /// `of.field`, and where the field is named.
    Select {
        of: Box<Expr>,
        field: String,
        at: Range<usize>,
    },
    /// `has(of.field)`.
    Has {
        of: Box<Expr>,
        field: String,
        at: Range<usize>,
    },
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    Not(Box<Expr>),
    Minus(Box<Expr>),
    /// `a && b && c`.
    And(Vec<Expr>),
    /// `a || b || c`.
    Or(Vec<Expr>),
    Binary {
        op: Op,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        condition: Box<Expr>,
        yes: Box<Expr>,
        no: Box<Expr>,
    },
    /// The receiver of a method is its first argument.
    Call {
        function: &'static str,
        arguments: Vec<Expr>,
    },
    Matches {
        text: Box<Expr>,
        pattern: Arc<Regex>,
    },
    /// `of.all(name, body)`, and `of.map(name, guard, body)`.
    Each {
        each: Macro,
        of: Box<Expr>,
        name: String,
        guard: Option<Box<Expr>>,
        body: Box<Expr>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
}

impl Op {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Op::Equal => "==",
            Op::Unequal => "!=",
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            Op::More => ">",
            Op::MoreOrEqual => ">=",
            Op::In => "in",
            Op::Plus => "+",
            Op::Minus => "-",
            Op::Times => "*",
            Op::Divide => "/",
            Op::Remainder => "%",
        }
    }

    /// Relations bind weakest, products strongest.
    fn binding(self) -> usize {
        match self {
            Op::Plus | Op::Minus => 1,
            Op::Times | Op::Divide | Op::Remainder => 2,
            _ => 0,
        }
    }
}

/// Reads an expression.
pub fn parse(source: &str) -> Result<Expr, Fault> {
    if LONGEST < source.len() {
        let headline = format!("an expression of {} bytes is too long", source.len());
        return Err(Fault::new(0..source.len(), headline)
            .label(format!("at most {LONGEST} bytes"))
            .help("split it into several rules"));
    }
    let mut parser = Parser { source, tokens: lex(source)?, next: 0, brackets: 0 };
    if parser.peek().is_none() {
        return Err(Fault::new(0..source.len(), "an expression is empty")
            .label("nothing to judge")
            .help("write what must hold, like \"plan.design.alpha <= 0.05\""));
    }
    let expr = parser.expression()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.unexpected(token.clone(), "an operator or the end")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Sort {
    Name(String),
    Int(String),
    Double(f64),
    Text(String),
    Sign(&'static str),
}

#[derive(Debug, Clone)]
struct Token {
    sort: Sort,
    range: Range<usize>,
}

/// Longer signs first.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}", "=",
];

fn lex(source: &str) -> Result<Vec<Token>, Fault> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let run = |from: usize, good: fn(&u8) -> bool| from + bytes[from..].iter().take_while(|byte| good(byte)).count();
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let rest = &source[at..];
        if byte.is_ascii_whitespace() || byte == 0x0b {
            at += 1;
            continue;
        }
        if rest.starts_with("//") {
            at = run(at, |byte| *byte != b'\n');
            continue;
        }
        let quote = rest.trim_start_matches(['r', 'R']);
        if rest.len() - quote.len() <= 1 && quote.starts_with(['"', '\'']) {
            let (text, length) = string(rest, start)?;
            at += length;
            tokens.push(Token { sort: Sort::Text(text), range: start..at });
            continue;
        }
        let sort = if byte.is_ascii_alphabetic() || byte == b'_' {
            at = run(at, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if matches!(bytes.get(at), Some(b'"' | b'\'')) {
                return Err(Fault::new(start..at + 1, format!("a string cannot start with `{}`", &source[start..=at]))
                    .label("only `r`, for a string without escapes")
                    .help("remove the letters before the quote"));
            }
            Sort::Name(source[start..at].to_owned())
        } else if byte.is_ascii_digit() || (byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            let (sort, end) = number(source, start)?;
            at = end;
            sort
        } else {
            match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(&"=") => {
                    return Err(Fault::new(start..start + 1, "`=` compares nothing")
                        .label("write `==`")
                        .help("`==` compares, and an expression sets no value"));
                }
                Some(sign) => {
                    at += sign.len();
                    Sort::Sign(sign)
                }
                None => {
                    let c = rest.chars().next().unwrap_or(' ');
                    let end = start + c.len_utf8();
                    let fault =
                        Fault::new(start..end, format!("`{}` is no sign of an expression", printable(&c.to_string())));
                    return Err(match c {
                        '&' | '|' => fault.label(format!("write `{c}{c}`")),
                        _ => fault.label("not known here").help("text stands in quotes: 'like this'"),
                    });
                }
            }
        };
        tokens.push(Token { sort, range: start..at });
    }
    Ok(tokens)
}

fn number(source: &str, start: usize) -> Result<(Sort, usize), Fault> {
    let bytes = source.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if source[start..].starts_with("0x") || source[start..].starts_with("0X") {
        let end = start + 2 + bytes[start + 2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        return Ok((Sort::Int(source[start..end].to_owned()), end));
    }
    let mut end = digits(start);
    let mut whole = true;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        whole = false;
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            whole = false;
            end = digits(end + 1 + sign);
        }
    }
    let text = &source[start..end];
    match bytes.get(end) {
        Some(b'%')
            if matches!(bytes.get(end + 1), None | Some(b' ' | b')' | b'&' | b'|'))
                && !source[end + 1..]
                    .trim_start()
                    .starts_with(|c: char| c.is_alphanumeric() || c == '(' || c == '-') =>
        {
            let share = text.parse::<f64>().unwrap_or(0.0) / 100.0;
            return Err(Fault::new(start..end + 1, format!("`{text}%` is no number of an expression"))
                .label("a share is a fraction here")
                .help(format!("write {share:?}")));
        }
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            let last = end + bytes[end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            return Err(Fault::new(start..last, format!("`{}` is no number", &source[start..last]))
                .label("a number has no letters")
                .help(format!("write {text}")));
        }
        _ => {}
    }
    if whole {
        return Ok((Sort::Int(text.to_owned()), end));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((Sort::Double(number), end)),
        _ => Err(Fault::new(start..end, "a number is too large").label("beyond 1.8e308")),
    }
}

/// The value of the string at the start of `rest`, and its length in the source.
fn string(rest: &str, start: usize) -> Result<(String, usize), Fault> {
    let raw = rest.starts_with(['r', 'R']);
    let prefix = usize::from(raw);
    let body = &rest[prefix..];
    let one = &body[..1];
    let triple = body.len() >= 3 && body.starts_with(&one.repeat(3));
    let quote = if triple { one.repeat(3) } else { one.to_owned() };
    let mut at = prefix + quote.len();
    let mut text = String::new();
    loop {
        let Some(c) = rest[at..].chars().next().filter(|c| triple || (*c != '\n' && *c != '\r')) else {
            return Err(Fault::new(start..start + prefix + quote.len(), "a string of an expression is not closed")
                .label("opened here, never closed")
                .help(format!("add `{quote}`")));
        };
        if rest[at..].starts_with(&quote) {
            return Ok((text, at + quote.len()));
        }
        let from = at;
        at += c.len_utf8();
        if c != '\\' || raw {
            text.push(c);
            continue;
        }
        let kind = rest[at..].chars().next().unwrap_or(' ');
        at += kind.len_utf8();
        let mut coded = |from: usize, digits: usize, radix: u32| {
            let number =
                rest.get(from..from + digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            at = from + digits;
            number.and_then(|digits| u32::from_str_radix(digits, radix).ok()).and_then(char::from_u32)
        };
        let decoded = match kind {
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            '\\' | '?' | '"' | '\'' | '`' => Some(kind),
            'x' | 'X' => coded(from + 2, 2, 16),
            'u' => coded(from + 2, 4, 16),
            'U' => coded(from + 2, 8, 16),
            '0'..='3' => coded(from + 1, 3, 8),
            _ => None,
        };
        match decoded {
            Some(c) => text.push(c),
            None => {
                let end = rest[from..].char_indices().nth(2).map_or(rest.len(), |(length, _)| from + length);
                return Err(Fault::new(
                    start + from..start + end,
                    format!("unknown escape `{}`", printable(&rest[from..end])),
                )
                .label("in a string of an expression")
                .help("double the backslash, or start the string with `r`, like r'\\d+'"));
            }
        }
    }
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
    brackets: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token { sort: Sort::Sign(found), .. }) if *found == sign)
    }

    /// Takes a sign when it comes next.
    fn take(&mut self, sign: &str) -> Option<Range<usize>> {
        if !self.is(sign) {
            return None;
        }
        self.next += 1;
        Some(self.tokens[self.next - 1].range.clone())
    }

    fn end(&self) -> usize {
        self.tokens.get(self.next.wrapping_sub(1)).map_or(0, |token| token.range.end)
    }

    fn unexpected(&self, token: Token, wanted: &str) -> Fault {
        let text = printable(&self.source[token.range.clone()]);
        let near = match &token.sort {
            Sort::Name(name) if wanted.starts_with("an operator") => match name.as_str() {
                "and" | "AND" => "write `&&`",
                "or" | "OR" => "write `||`",
                "not" => "write `!` before what is negated",
                _ => "",
            },
            _ => "",
        };
        Fault::new(token.range, format!("`{text}` is not expected in an expression"))
            .label(format!("{wanted} must come here"))
            .help(near)
    }

    fn need(&mut self, sign: &'static str, open: &Range<usize>) -> Result<usize, Fault> {
        if let Some(range) = self.take(sign) {
            return Ok(range.end);
        }
        Err(match self.peek() {
            Some(token) => self.unexpected(token.clone(), &format!("`,` or `{sign}`")),
            None => Fault::new(open.clone(), format!("missing `{sign}` in an expression"))
                .label("opened here, never closed")
                .help(format!("add `{sign}`")),
        })
    }

    fn made(&self, range: Range<usize>, kind: Kind) -> Result<Expr, Fault> {
        let below = |exprs: &[Expr]| exprs.iter().map(|expr| expr.depth).max().unwrap_or(0);
        let depth = 1 + match &kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Double(_) | Kind::Text(_) | Kind::Name(_) => 0,
            Kind::List(items) | Kind::And(items) | Kind::Or(items) | Kind::Call { arguments: items, .. } => {
                below(items)
            }
            Kind::Map(items) => items.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or(0),
            Kind::Select { of, .. } | Kind::Has { of, .. } | Kind::Not(of) | Kind::Minus(of) => of.depth,
            Kind::Matches { text, .. } => text.depth,
            Kind::Index { of, index } => of.depth.max(index.depth),
            Kind::Binary { left, right, .. } => left.depth.max(right.depth),
            Kind::If { condition, yes, no } => condition.depth.max(yes.depth).max(no.depth),
            Kind::Each { of, guard, body, .. } => {
                of.depth.max(body.depth).max(guard.as_ref().map_or(0, |guard| guard.depth))
            }
        };
        if DEEPEST < depth {
            return Err(too_deep(range));
        }
        Ok(Expr { range, kind, depth })
    }

    fn expression(&mut self) -> Result<Expr, Fault> {
        let condition = self.or()?;
        let Some(question) = self.take("?") else { return Ok(condition) };
        self.deeper(&question)?;
        let yes = self.or()?;
        if self.take(":").is_none() {
            return Err(match self.peek() {
                Some(token) => self.unexpected(token.clone(), "`:` and what holds otherwise"),
                None => Fault::new(question, "missing `:` in an expression").label("`?` has no `:`"),
            });
        }
        let no = self.expression()?;
        self.brackets -= 1;
        let range = condition.range.start..no.range.end;
        self.made(range, Kind::If { condition: condition.into(), yes: yes.into(), no: no.into() })
    }

    fn deeper(&mut self, at: &Range<usize>) -> Result<(), Fault> {
        self.brackets += 1;
        if MOST_BRACKETS < self.brackets { Err(too_deep(at.clone())) } else { Ok(()) }
    }

    fn or(&mut self) -> Result<Expr, Fault> {
        self.chain("||", Self::and, Kind::Or)
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        self.chain("&&", |parser| parser.binary(0), Kind::And)
    }

    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Expr, Fault>,
        kind: fn(Vec<Expr>) -> Kind,
    ) -> Result<Expr, Fault> {
        let first = part(self)?;
        if !self.is(sign) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take(sign).is_some() {
            parts.push(part(self)?);
        }
        let range = parts[0].range.start..parts[parts.len() - 1].range.end;
        self.made(range, kind(parts))
    }

    fn operator(&self) -> Option<Op> {
        Some(match &self.peek()?.sort {
            Sort::Name(name) if name == "in" => Op::In,
            Sort::Sign(sign) => match *sign {
                "==" => Op::Equal,
                "!=" => Op::Unequal,
                "<" => Op::Less,
                "<=" => Op::LessOrEqual,
                ">" => Op::More,
                ">=" => Op::MoreOrEqual,
                "+" => Op::Plus,
                "-" => Op::Minus,
                "*" => Op::Times,
                "/" => Op::Divide,
                "%" => Op::Remainder,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Fault> {
        let operand = |parser: &mut Self| if level == 2 { parser.unary() } else { parser.binary(level + 1) };
        let mut left = operand(self)?;
        while let Some(op) = self.operator().filter(|op| op.binding() == level) {
            self.next += 1;
            let right = operand(self)?;
            let range = left.range.start..right.range.end;
            left = self.made(range, Kind::Binary { op, left: left.into(), right: right.into() })?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let mut signs = Vec::new();
        while let Some(range) = self.take("!").or_else(|| self.take("-")) {
            signs.push(range);
        }
        // The least integer has no positive twin.
        let minus = |range: &Range<usize>| &self.source[range.clone()] == "-";
        if let (Some(last), Some(Token { sort: Sort::Int(digits), range })) =
            (signs.last().filter(|last| minus(last)), self.peek())
        {
            let (start, end, digits) = (last.start, range.end, format!("-{digits}"));
            self.next += 1;
            signs.pop();
            let number = self.integer(&digits, start..end)?;
            let expr = self.postfix(number)?;
            return self.signed(signs, expr);
        }
        let atom = self.atom()?;
        let expr = self.postfix(atom)?;
        self.signed(signs, expr)
    }

    fn signed(&self, signs: Vec<Range<usize>>, mut expr: Expr) -> Result<Expr, Fault> {
        for sign in signs.into_iter().rev() {
            let range = sign.start..expr.range.end;
            let not = &self.source[sign] == "!";
            expr = self.made(range, if not { Kind::Not(expr.into()) } else { Kind::Minus(expr.into()) })?;
        }
        Ok(expr)
    }

    fn integer(&self, digits: &str, range: Range<usize>) -> Result<Expr, Fault> {
        let (sign, plain) = digits.strip_prefix('-').map_or(("", digits), |plain| ("-", plain));
        let number = match plain.strip_prefix("0x").or(plain.strip_prefix("0X")) {
            Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
            None => digits.parse(),
        };
        match number {
            Ok(number) => self.made(range, Kind::Int(number)),
            Err(_) => Err(Fault::new(range, format!("`{digits}` is no whole number"))
                .label("not within 64 bits")
                .help("add `.0` for a number of any size")),
        }
    }

    fn atom(&mut self) -> Result<Expr, Fault> {
        let Some(Token { sort, range }) = self.peek().cloned() else {
            let end = self.end();
            return Err(Fault::new(end.saturating_sub(1)..end, "an expression ends too early")
                .label("something must follow")
                .help("write what is compared, or remove the last operator"));
        };
        self.next += 1;
        match sort {
            Sort::Int(digits) => self.integer(&digits, range),
            Sort::Double(number) => self.made(range, Kind::Double(number)),
            Sort::Text(text) => self.made(range, Kind::Text(text.into())),
            Sort::Name(name) => match name.as_str() {
                "null" => self.made(range, Kind::Null),
                "true" => self.made(range, Kind::Bool(true)),
                "false" => self.made(range, Kind::Bool(false)),
                "in" => {
                    self.next -= 1;
                    Err(self.unexpected(Token { sort: Sort::Name(name), range }, "a value"))
                }
                reserved if RESERVED.contains(&reserved) => {
                    Err(Fault::new(range, format!("`{name}` is a word that CEL keeps for itself")).label("no name"))
                }
                _ if self.is("(") => self.call(None, &name, range),
                _ => self.made(range, Kind::Name(name)),
            },
            Sort::Sign("(") => {
                self.deeper(&range)?;
                let inner = self.expression()?;
                let end = self.need(")", &range)?;
                self.brackets -= 1;
                Ok(Expr { range: range.start..end, ..inner })
            }
            Sort::Sign("[") => {
                let (items, end) = self.list("]", &range)?;
                self.made(range.start..end, Kind::List(items))
            }
            Sort::Sign("{") => self.map(range),
            Sort::Sign(_) => {
                self.next -= 1;
                Err(self.unexpected(Token { sort, range }, "a value"))
            }
        }
    }

    /// Expressions up to the closing sign; a comma may follow the last.
    fn list(&mut self, close: &'static str, open: &Range<usize>) -> Result<(Vec<Expr>, usize), Fault> {
        self.deeper(open)?;
        let mut items = Vec::new();
        while !self.is(close) {
            items.push(self.expression()?);
            if self.take(",").is_none() {
                break;
            }
        }
        let end = self.need(close, open)?;
        self.brackets -= 1;
        Ok((items, end))
    }

    fn map(&mut self, open: Range<usize>) -> Result<Expr, Fault> {
        self.deeper(&open)?;
        let mut items = Vec::new();
        while !self.is("}") {
            let key = self.expression()?;
            if self.take(":").is_none() {
                return Err(match self.peek() {
                    Some(token) => self.unexpected(token.clone(), "`:` and a value"),
                    None => Fault::new(open, "missing `}` in an expression").label("opened here, never closed"),
                });
            }
            items.push((key, self.expression()?));
            if self.take(",").is_none() {
                break;
            }
        }
        let end = self.need("}", &open)?;
        self.brackets -= 1;
        self.made(open.start..end, Kind::Map(items))
    }

    fn postfix(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        loop {
            if let Some(dot) = self.take(".") {
                let Some(Token { sort: Sort::Name(field), range }) = self.peek().cloned() else {
                    return Err(match self.peek() {
                        Some(token) => self.unexpected(token.clone(), "a name"),
                        None => Fault::new(dot, "an expression ends too early").label("a name must follow"),
                    });
                };
                self.next += 1;
                expr = match self.is("(") {
                    true => self.call(Some(expr), &field, range)?,
                    false => {
                        let whole = expr.range.start..range.end;
                        self.made(whole, Kind::Select { of: expr.into(), field, at: range })?
                    }
                };
            } else if let Some(open) = self.take("[") {
                self.deeper(&open)?;
                let index = self.expression()?;
                let end = self.need("]", &open)?;
                self.brackets -= 1;
                let whole = expr.range.start..end;
                expr = self.made(whole, Kind::Index { of: expr.into(), index: index.into() })?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn call(&mut self, of: Option<Expr>, name: &str, at: Range<usize>) -> Result<Expr, Fault> {
        let open = self.take("(").unwrap_or(at.clone());
        let (arguments, end) = self.list(")", &open)?;
        let range = of.as_ref().map_or(at.start, |of| of.range.start)..end;
        let count = arguments.len();
        let each = match name {
            "all" => Some(Macro::All),
            "exists" => Some(Macro::Exists),
            "exists_one" | "existsOne" => Some(Macro::ExistsOne),
            "map" => Some(Macro::Map),
            "filter" => Some(Macro::Filter),
            _ => None,
        };
        let of = match (each, of) {
            (Some(each), Some(of)) => return self.each(each, of, name, arguments, at, range),
            (_, of) => of,
        };
        if name == "has" && of.is_none() {
            return match arguments.into_iter().next() {
                Some(Expr { kind: Kind::Select { of, field, at }, .. }) if count == 1 => {
                    self.made(range, Kind::Has { of, field, at })
                }
                _ => Err(Fault::new(range, "`has` asks for one field")
                    .label("not a field")
                    .help("write it like has(spec.privacy.basis)")),
            };
        }
        let Some((function, usage)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known = FUNCTIONS.iter().map(|(known, _)| *known).chain([
                "has",
                "all",
                "exists",
                "exists_one",
                "map",
                "filter",
            ]);
            let known: Vec<&str> = known.collect();
            let near = nearest(name, known.iter().copied());
            let fault = Fault::new(at, format!("no function is called `{}`", printable(name)));
            return Err(match near {
                Some(near) => Fault { meant: Some(near.to_owned()), ..fault.label(format!("did you mean `{near}`?")) },
                None => fault.label("not known here").help(format!("functions are {}", known.join(", "))),
            });
        };
        // Patterns also come as a method's or a function's second argument.
        let is_method = of.is_some();
        let arguments: Vec<Expr> = of.into_iter().chain(arguments).collect();
        let wanted = if matches!(*function, "size" | "int" | "double" | "string") { 1 } else { 2 };
        let called = match *function {
            "size" | "matches" => true,
            "int" | "double" | "string" => !is_method,
            _ => is_method,
        };
        if arguments.len() != wanted || !called {
            return Err(
                Fault::new(range, format!("`{function}` is not called like this")).label(format!("write {usage}"))
            );
        }
        if *function != "matches" {
            return self.made(range, Kind::Call { function, arguments });
        }
        let mut arguments = arguments.into_iter();
        let (Some(text), Some(pattern)) = (arguments.next(), arguments.next()) else {
            return Err(Fault::new(range, "`matches` needs a text and a pattern"));
        };
        let Kind::Text(source) = &pattern.kind else {
            return Err(Fault::new(pattern.range, "the pattern of `matches` is not written out")
                .label("not a string")
                .help("write the pattern in quotes, so that it is compiled once"));
        };
        let built = RegexBuilder::new(source)
            .size_limit(LARGEST_PATTERN)
            .dfa_size_limit(LARGEST_PATTERN)
            .nest_limit(32)
            .build();
        match built {
            Ok(regex) => self.made(range, Kind::Matches { text: text.into(), pattern: Arc::new(regex) }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Fault::new(pattern.range, "the pattern of `matches` is too large")
                    .label("repeats too much")
                    .help("use smaller counts in braces"))
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or("").trim().trim_start_matches("error: ").to_owned();
                Err(Fault::new(pattern.range, "the pattern of `matches` cannot be read")
                    .label(printable(&reason))
                    .help("patterns are regular expressions without look-around and references back"))
            }
        }
    }

    fn each(
        &self,
        each: Macro,
        of: Expr,
        written: &str,
        arguments: Vec<Expr>,
        at: Range<usize>,
        range: Range<usize>,
    ) -> Result<Expr, Fault> {
        let count = arguments.len();
        let mut arguments = arguments.into_iter();
        let name = arguments.next();
        let most = if each == Macro::Map { 3 } else { 2 };
        let Some(Expr { kind: Kind::Name(name), .. }) = name.filter(|_| 2 <= count && count <= most) else {
            return Err(Fault::new(at, format!("`{written}` needs a name and an expression"))
                .label(format!("write it like {written}(m, m.role == 'primary')")));
        };
        let first = arguments.next();
        let second = arguments.next();
        let (guard, body) = if second.is_some() { (first, second) } else { (None, first) };
        let Some(body) = body else { return Err(Fault::new(at, "an expression is missing")) };
        self.made(range, Kind::Each { each, of: of.into(), name, guard: guard.map(Box::new), body: body.into() })
    }
}

fn too_deep(range: Range<usize>) -> Fault {
    Fault::new(range, "an expression is nested too deeply").label("too deep here").help("split it into several rules")
}
