//! What is said when a question cannot be understood, or has no answer.

use crate::cli::Failure;
use crate::stats::Refusal;

/// A question that cannot be understood, and a right way to ask.
pub fn usage(text: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::Usage { text: text.into(), help: help.into() }
}

/// A question that has no answer, with the refusal's own numbers.
pub fn refused(refusal: &Refusal) -> Failure {
    let help = match refusal {
        Refusal::NoRoom { .. } => "a rate stays between 0 and 1: ask for a smaller change, or mind its direction",
        Refusal::PowerTooLow { .. } => "ask for a power above alpha",
        Refusal::WithinMargin { .. } => "the effect must go beyond the margin: raise --mde or lower --margin",
        Refusal::TooFewUnits { .. } | Refusal::OutOfReach { .. } | Refusal::NoLift { .. } => {
            "give more --units, or ask for less power"
        }
        Refusal::TooManyForExact { .. } => "leave out --test",
        Refusal::BoundsMeet => "spend alpha or beta more slowly, or look less often",
        Refusal::NotOffered { .. } => "choose another --test, or another claim",
        Refusal::TooManyUnits { .. } => "ask for a larger effect or margin",
        Refusal::TooManyLooks { .. } | Refusal::Fractions { .. } => "write --looks like 4, or 25%,50%,100%",
        Refusal::Outside { .. } => "write a value in that range",
        _ => "see the examples of `expc size --help`",
    };
    usage(format!("no answer: {refusal}"), help)
}
