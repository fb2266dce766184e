//! What every rule file uses.

pub(crate) use super::rule::rule;
pub use super::rule::{FileCx, PlanCx, PortfolioCx, Rule, Sink};
pub use crate::diag::{Applicability, Context, Diagnostic, Edit, Level};
pub use crate::plan::{Known, Origin, Plan, PlannedMetric, Sized, Sizing};
pub use crate::spec::{Field, Role, Status};
pub use crate::syntax::At;
pub use crate::text::{Span, nearest};

/// A name from a spec, in backticks, short and without acting characters.
pub fn quoted(name: &str) -> String {
    let shown = crate::text::printable(name);
    match shown.char_indices().nth(40) {
        Some((cut, _)) => format!("`{}…`", &shown[..cut]),
        None => format!("`{shown}`"),
    }
}

/// Names in backticks, at most `most` of them: "`a`, `b` and 3 more".
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        left => format!("{shown} and {left} more"),
    }
}

/// A choice among names: "`a`" when it is the only one, else "one of `a`, `b` and 3 more".
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let mut names = names.into_iter();
    match (names.next(), names.next()) {
        (Some(only), None) => quoted(only),
        (first, second) => format!("one of {}", listed(first.into_iter().chain(second).chain(names), most)),
    }
}

/// A count with separators: `62,690`.
pub fn count(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0).floor());
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A fraction as a percentage with at most three significant decimals: `41.2%`.
pub fn percent(fraction: f64) -> String {
    let value = fraction * 100.0;
    if value != 0.0 && value.abs() < 5e-4 {
        return format!("{}%", super::place::significant(value));
    }
    let text = if value.abs() < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}%")
}

/// A power or probability with two decimals, never rounded up to the goal: `0.57`, `>0.99`.
pub fn probability(value: f64) -> String {
    if 0.995 <= value {
        return ">0.99".to_owned();
    }
    // A solved power may miss its goal by rounding alone.
    format!("{:.2}", (value * 100.0 + 1e-7).floor() / 100.0)
}

/// `1 day`, `3 days`, `3,653 days`.
pub fn days(number: u32) -> String {
    format!("{} day{}", count(f64::from(number)), if number == 1 { "" } else { "s" })
}
