//! EMI005 hash-differs.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// An experiment is built for platforms that assign the same unit differently.
    ///
    /// ## Why
    /// A person who meets the experiment through both gets two variants, and counts for both.
    ///
    /// ## Source
    /// Runs of the platforms' SDKs: flagd hashes by murmur3, GrowthBook by FNV-1a.
    ///
    /// ```toml,bad
    /// [emit]
    /// targets = ["flagd", "growthbook"]
    /// ```
    /// ```toml,good
    /// [emit]
    /// targets = ["growthbook"]
    /// ```
    static RULE = {
        code: "EMI005", name: "hash-differs", since: "0.1.0",
        level: Error, needs: [Targets],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let mut known =
        cx.plan.targets.iter().filter_map(|target| Some((target.span, cx.workspace.target(target)?)));
    let Some((first_span, first)) = known.next() else { return };
    for (span, other) in known.filter(|(_, other)| other.hash != first.hash) {
        let headline = format!("`{}` and `{}` give one unit different variants", first.name, other.name);
        out.push(
            place::at_value(cx, &RULE, Some(span), "emit", headline)
                .label(format!("{} assigns by {}", other.name, other.hash))
                .also(first_span, format!("{} by {}", first.name, first.hash))
                .help(format!("keep one: `targets = [\"{}\"]` under `[emit]`", first.name))
                .help("or write an experiment for each, with audiences that never meet"),
        );
    }
}
