//! JSON to the same located tree as TOML.
//!
//! Strict (RFC 8259), because what expc reads in JSON it also wrote: the first fault ends the reading, with its
//! place. A key that stands twice is a fault, since readers differ in which of the two they take. `null` is told
//! apart from nothing by being left out: a key whose value is `null` is not in the tree.

use super::node::{Entry, Node, Table, Value};
use crate::text::{FileId, Span};

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFault {
    pub span: Span,
    /// A fragment: "a closing brace is missing".
    pub text: String,
    /// The first of two places that do not go together.
    pub first: Option<Span>,
}

/// Deeper nesting is not read: no file of expc has it, and a stack ends somewhere.
const DEEPEST: usize = 64;

/// The tree of a JSON text.
pub fn parse_json(file: FileId, text: &str) -> Result<Node, JsonFault> {
    let mut reader = Reader { file, text, at: 0, depth: 0 };
    reader.space();
    if reader.rest().is_empty() {
        return Err(reader.fault(reader.at, "the file is empty"));
    }
    let root = reader.value()?;
    reader.space();
    match reader.rest().is_empty() {
        true => Ok(root.unwrap_or(Node { value: Value::Table(Table::default()), span: reader.span(0) })),
        false => Err(reader.fault(reader.at, "text follows after the end")),
    }
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.at)
    }

    /// A fault at one character.
    fn fault(&self, at: usize, text: impl Into<String>) -> JsonFault {
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        JsonFault { span: Span::new(self.file, at, end), text: text.into(), first: None }
    }

    /// The end of the text, or a sign that does not belong here.
    fn unexpected(&self, wanted: &str) -> JsonFault {
        match self.rest().chars().next() {
            None => self.fault(self.at, format!("the file ends where {wanted} is missing")),
            Some(_) if self.conflict() => self.fault(self.at, "a merge conflict is not resolved"),
            Some(c) => self.fault(self.at, format!("`{c}` stands where {wanted} belongs")),
        }
    }

    /// True at the marks that git leaves between the two sides of a conflict.
    fn conflict(&self) -> bool {
        let marks = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
        let starts_line = self.text[..self.at].ends_with('\n') || self.at == 0;
        starts_line && marks.iter().any(|mark| self.rest().starts_with(mark))
    }

    /// A value; `None` is `null`.
    fn value(&mut self) -> Result<Option<Node>, JsonFault> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::table)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => match [("true", Some(true)), ("false", Some(false)), ("null", None)]
                .into_iter()
                .find(|(word, _)| self.rest().starts_with(word))
            {
                Some((word, meaning)) => {
                    self.at += word.len();
                    match meaning {
                        Some(flag) => Value::Boolean(flag),
                        None => return Ok(None),
                    }
                }
                None => return Err(self.unexpected("a value")),
            },
        };
        Ok(Some(Node { value, span: self.span(start) }))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, JsonFault>) -> Result<Value, JsonFault> {
        if DEEPEST <= self.depth {
            return Err(self.fault(self.at, format!("nested deeper than {DEEPEST} levels")));
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn table(&mut self) -> Result<Value, JsonFault> {
        let mut table = Table::default();
        let mut nulls: Vec<(String, Span)> = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Table(table));
        }
        loop {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            let key_span = self.span(start);
            let known = nulls.iter().find(|(name, _)| *name == key).map(|(_, span)| *span);
            if let Some(first) = table.entry(&key).map(|entry| entry.key_span).or(known) {
                let text = format!("the key `{key}` stands twice");
                return Err(JsonFault { span: key_span, text, first: Some(first) });
            }
            self.space();
            if !self.take(b':') {
                return Err(self.unexpected("a colon"));
            }
            self.space();
            match self.value()? {
                Some(node) => table.entries.push(Entry { key, key_span, node }),
                None => nulls.push((key, key_span)),
            }
            self.space();
            if self.take(b'}') {
                return Ok(Value::Table(table));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or a closing brace"));
            }
            self.space();
        }
    }

    fn list(&mut self) -> Result<Value, JsonFault> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.extend(self.value()?);
            self.space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or a closing bracket"));
            }
            self.space();
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn number(&mut self) -> Result<Value, JsonFault> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            let from = reader.at;
            while matches!(reader.peek(), Some(b'0'..=b'9')) {
                reader.at += 1;
            }
            reader.at - from
        };
        self.take(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let whole = digits(self);
        if whole == 0 || (leading_zero && 1 < whole) {
            return Err(self.fault(start, "this is not a number"));
        }
        let mut decimal = false;
        if self.take(b'.') {
            decimal = true;
            if digits(self) == 0 {
                return Err(self.fault(start, "this is not a number"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            decimal = true;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if digits(self) == 0 {
                return Err(self.fault(start, "this is not a number"));
            }
        }
        let text = &self.text[start..self.at];
        if let (false, Ok(number)) = (decimal, text.parse::<i64>()) {
            return Ok(Value::Integer(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(self.fault(start, "this number is too large")),
        }
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        let opening = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let plain = self.rest().find(|c: char| matches!(c, '"' | '\\') || c < ' ').unwrap_or(self.rest().len());
            out.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.fault(opening, "this text has no closing quote on its line")),
                None => return Err(self.fault(opening, "this text has no closing quote")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        self.at += 1;
        let sign = self.peek();
        self.at += usize::from(sign.is_some_and(|byte| byte.is_ascii()));
        Ok(match sign {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four_digits(start)?;
                let code = match first {
                    0xd800..=0xdbff => {
                        if !self.rest().starts_with("\\u") {
                            return Err(self.fault(start, "half of a pair of escapes is missing"));
                        }
                        self.at += 2;
                        let second = self.four_digits(start)?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(self.fault(start, "half of a pair of escapes is missing"));
                        }
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                char::from_u32(code).ok_or_else(|| self.fault(start, "this escape is no character"))?
            }
            _ => return Err(self.fault(start, "this escape is not one of JSON")),
        })
    }

    fn four_digits(&mut self, start: usize) -> Result<u32, JsonFault> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += if code.is_some() { 4 } else { 0 };
        code.ok_or_else(|| self.fault(start, "an escape has four hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Node, JsonFault> {
        parse_json(FileId(0), text)
    }

    #[test]
    fn values_know_their_places() {
        let text = "{ \"a\": [1, 2.5, \"x\\u00e9\\ud83d\\ude00\"], \"b\": { \"c\": true }, \"d\": null }";
        let root = read(text).unwrap();
        let c = root.at_path("b.c").unwrap();
        assert_eq!(&text[c.span.range()], "true");
        let items = root.at_path("a").unwrap().as_array().unwrap();
        assert_eq!(items[2].as_str(), Some("xé😀"));
        assert_eq!(&text[items[1].span.range()], "2.5");
        assert!(root.at_path("d").is_none());
    }

    #[test]
    fn faults_have_a_place_and_a_cause() {
        let fault = |text: &str| read(text).unwrap_err();
        assert_eq!(fault("{\n<<<<<<< HEAD\n\"a\": 1}").text, "a merge conflict is not resolved");
        let twice = fault("{ \"a\": 1, \"a\": 2 }");
        assert_eq!((twice.text.as_str(), twice.first.map(|span| span.start)), ("the key `a` stands twice", Some(2)));
        assert!(read("{ \"a\": null, \"a\": 2 }").is_err());
        assert_eq!(fault("{ \"a\": 1").text, "the file ends where a comma or a closing brace is missing");
        assert_eq!(fault("{ \"a\": \"b").text, "this text has no closing quote");
        assert_eq!(fault("").text, "the file is empty");
        assert_eq!(fault(&"[".repeat(100)).text, "nested deeper than 64 levels");
        for text in [
            "01",
            "1.",
            "1e",
            "-",
            "1e999",
            "{\"a\":1,}",
            "[1,]",
            "\"\\ud800\"",
            "\"\\é\"",
            "\"\\u00g0\"",
            "nul",
            "1 2",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// Against serde's reader: what one refuses the other does not take, and values are the same.
        #[test]
        fn it_reads_what_serde_reads(text in r#"[\{\}\[\]":,a0-9.eE\\untrl \-+]{0,24}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match read(&text) {
                Ok(node) => {
                    let theirs = theirs.expect("serde reads it as well");
                    if !text.contains("nul") {
                        let number = |json: &serde_json::Value| json.as_f64().map(|number| number.to_string());
                        match number(&theirs) {
                            Some(number) => prop_assert_eq!(node.to_json().as_f64().map(|n| n.to_string()), Some(number)),
                            None => prop_assert_eq!(node.to_json().to_string(), theirs.to_string()),
                        }
                    }
                }
                // Two keys of one name are a fault here alone.
                Err(fault) => prop_assert!(theirs.is_err() || fault.first.is_some(), "{text}: {fault:?}"),
            }
        }
    }
}
