//! Comments, which the tree does not hold.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::text::{FileId, Span};

/// One comment with its place; the text starts behind the `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'a> {
    pub text: &'a str,
    pub span: Span,
}

/// Every comment of a text, never a `#` inside a string.
pub fn comments(file: FileId, text: &str) -> impl Iterator<Item = Comment<'_>> {
    Source::new(text).lex().filter(|token| token.kind() == TokenKind::Comment).map(move |token| {
        let span = token.span();
        Comment {
            text: text[span.start()..span.end()].trim_start_matches('#'),
            span: Span::new(file, span.start(), span.end()),
        }
    })
}
