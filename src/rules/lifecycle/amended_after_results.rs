//! LIF004 amended-after-results.

use crate::change::deviations;
use crate::rules::prelude::*;
use crate::spec::record::DataAccess;

rule! {
    /// What decides the experiment was changed after results by variant had been seen.
    ///
    /// ## Why
    /// That is no amendment but a deviation: a metric that was chosen because it looks good has already had its
    /// false alarm. It is kept, reported, and read as exploratory: once that is agreed, the amendment says
    /// `exploratory = true`, and plans, `expc diff` and `expc status` go on saying it.
    ///
    /// ## Source
    /// Simmons, Nelson, Simonsohn, False-Positive Psychology, 2011; freeze-and-log pre-registration tools.
    ///
    /// ```toml,bad
    /// [[amendments]]
    /// at = 2027-02-08
    /// by = "Priya Raman"
    /// reason = "orders are flat, revenue looks very good"
    /// data_access = "seen"
    /// fields = ["metrics.primary"]
    /// ```
    /// ```toml,good
    /// [[amendments]]
    /// at = 2027-02-08
    /// by = "Priya Raman"
    /// reason = "orders are flat, revenue looks very good"
    /// data_access = "seen"
    /// fields = ["metrics.primary"]
    /// exploratory = true
    /// ```
    /// ```toml,good
    /// [[amendments]]
    /// at = 2027-02-08
    /// by = "Priya Raman"
    /// reason = "the channel was renamed"
    /// data_access = "seen"
    /// fields = ["feedback.notify"]
    /// ```
    static RULE = {
        code: "LIF004", name: "amended-after-results", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // A departure that is told with the results is reported as it should be.
    let told = cx.spec.results.value().is_some_and(|results| !results.departure.is_absent());
    if told {
        return;
    }
    for amendment in cx.spec.amendments.value().into_iter().flat_map(|list| list.iter()) {
        let Some(access) = amendment.data_access.get().filter(|access| access.value == DataAccess::Seen) else {
            continue;
        };
        if amendment.exploratory.copied() == Some(true) {
            continue;
        }
        if let [first, others @ ..] = deviations(amendment).as_slice() {
            out.push(deviation(first, others, access));
        }
    }
}

fn deviation(first: &At<String>, others: &[&At<String>], access: &At<DataAccess>) -> Diagnostic {
    let headline = match others.len() {
        0 => format!("{} was changed after the results were seen", quoted(first)),
        more => format!("{} and {more} more were changed with results seen", quoted(first)),
    };
    let mut found = RULE
        .at(first.span, headline)
        .label("part of what decides")
        .also(access.span, "results by variant were known");
    for other in others.iter().take(4) {
        found = found.also(other.span, "so is this");
    }
    found
        .help("decide by the sealed plan, and report the new reading as exploratory")
        .help("once that is agreed, say so in the amendment: `exploratory = true`")
}
