//! HYP008 boilerplate.

use std::collections::HashMap;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// The hypothesis has fewer words than the policy asks, or is that of another open spec, word for word.
    ///
    /// ## Why
    /// Cheap text passes a presence check and tells the next team nothing.
    ///
    /// ## Source
    /// Checks of Statsig.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// because = "better"
    /// change = "new button"
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// because = "41 % of carts are abandoned on the address form"
    /// change = "one button"
    /// ```
    static RULE = {
        code: "HYP008", name: "boilerplate", since: "0.1.0",
        level: Warn, needs: [Policy, Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut seen: HashMap<&str, &Entry> = HashMap::with_capacity(cx.portfolio.entries.len());
    for entry in &cx.portfolio.entries {
        // What is absent has a rule of its own, and what is over is history.
        let Some(span) = entry.statement_span.filter(|_| entry.complete && !entry.status.is_over()) else { continue };
        let words = entry.statement.split(' ').filter(|word| !word.is_empty()).count();
        let wanted = usize::try_from(cx.workspace.in_force.policy(&entry.path).min_hypothesis_words.value).unwrap_or(0);
        if words == 0 {
            continue;
        }
        if words < wanted {
            out.push(short(cx, entry, span, words, wanted));
            continue;
        }
        match seen.get(entry.statement.as_str()) {
            // A copied file is told by its id.
            Some(first) if first.id == entry.id => {}
            Some(first) => out.push(equal(first, entry, span)),
            None => {
                seen.insert(&entry.statement, entry);
            }
        }
    }
}

fn short(cx: &PortfolioCx<'_>, entry: &Entry, span: Span, words: usize, wanted: usize) -> Diagnostic {
    let plural = if words == 1 { "" } else { "s" };
    let mut found = RULE
        .at(span, format!("the hypothesis has {words} word{plural}, the policy asks for {wanted}"))
        .label("`because` and `change` together")
        .help("say what you know, with its number, and what you change")
        .fact("have", words as f64)
        .fact("need", wanted as f64);
    if let Some(place) = cx.workspace.in_force.policy(&entry.path).min_hypothesis_words.span() {
        found = found.also(place, "the policy");
    }
    found.experiment = Some(std::sync::Arc::clone(&entry.id));
    found
}

fn equal(first: &Entry, second: &Entry, span: Span) -> Diagnostic {
    let mut found = RULE
        .at(span, format!("the hypothesis is that of {}, word for word", quoted(&first.id)))
        .label("the same words")
        .help("say what this experiment asks that the other does not");
    if let Some(place) = first.statement_span {
        found = found.also(place, format!("in {}", quoted(&first.id)));
    }
    found.experiment = Some(std::sync::Arc::clone(&second.id));
    found
}
