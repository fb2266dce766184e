//! Expressions of the Common Expression Language (CEL) over JSON: what custom rules are written in.
//!
//! The part of CEL that a rule about a plan needs: literals of null, booleans, numbers, strings, lists and maps;
//! operators; `has`; the macros `all`, `exists`, `exists_one`, `map` and `filter`; and the functions of [`FUNCTIONS`].
//! Unsigned numbers, bytes, times and protocol buffers are left out. What is accepted means what it means in CEL; a
//! test holds every answer against the `cel` crate.
//!
//! Expressions come from a file that a stranger may have written, so that everything is bounded: the length and the
//! depth of a source, the size of a pattern, and by [`Fuel`], which counts steps and bytes and no clock, every run.
//! Start at [`parse`], then [`check`], then [`run`].

mod check;
mod parse;
mod run;
mod shape;
mod value;

pub use check::check;
pub use parse::{Expr, FUNCTIONS, Kind, LONGEST, Macro, Op, parse};
pub use run::{Fuel, Scope, run};
pub use shape::Shape;
pub use value::Value;

/// What is wrong with an expression, and where in its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Bytes of the source.
    pub range: std::ops::Range<usize>,
    /// A fragment, as a headline needs it.
    pub headline: String,
    /// What stands there.
    pub label: String,
    /// A way out; may be empty.
    pub help: String,
    /// The name that was surely meant, to stand at the range.
    pub meant: Option<String>,
}

impl Fault {
    fn new(range: std::ops::Range<usize>, headline: impl Into<String>) -> Self {
        Self { range, headline: headline.into(), label: String::new(), help: String::new(), meant: None }
    }

    fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
