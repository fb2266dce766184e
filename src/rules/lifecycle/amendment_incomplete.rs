//! LIF003 amendment-incomplete.

use crate::rules::prelude::*;
use crate::spec::Amendment;
use crate::spec::record::DataAccess;

rule! {
    /// A change to a sealed plan does not say when, by whom, why, or what was known of the data.
    ///
    /// ## Why
    /// The state of knowledge decides what a change is worth; afterwards nobody can tell it.
    ///
    /// ## Source
    /// OSF Prereg form; freeze-and-log pre-registration tools (`prereg`, `preregister`).
    ///
    /// ```toml,bad
    /// [[amendments]]
    /// at = 2027-01-18
    /// by = "Priya Raman"
    /// fields = ["audience.where"]
    /// ```
    /// ```toml,bad
    /// [[amendments]]
    /// at = 2027-01-18
    /// by = "Priya Raman"
    /// reason = "the tracking of refunds was broken on Android until 5.2.1"
    /// data_access = "nothing-run"
    /// fields = ["audience.where"]
    /// ```
    /// ```toml,good
    /// [[amendments]]
    /// at = 2027-01-18
    /// by = "Priya Raman"
    /// reason = "the tracking of refunds was broken on Android until 5.2.1"
    /// data_access = "not-opened"
    /// fields = ["audience.where"]
    /// ```
    static RULE = {
        code: "LIF003", name: "amendment-incomplete", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    for (index, amendment) in cx.spec.amendments.value().into_iter().flat_map(|list| list.iter()).enumerate() {
        let empty = |field: &Field<String>| field.value().is_some_and(|text| text.trim().is_empty());
        let missing: Vec<&str> = [
            ("at", amendment.at.is_absent()),
            ("by", amendment.by.is_absent() || empty(&amendment.by)),
            ("reason", amendment.reason.is_absent() || empty(&amendment.reason)),
            ("data_access", amendment.data_access.is_absent()),
            ("fields", amendment.fields.is_absent() || amendment.fields.value().is_some_and(|l| l.is_empty() && !l.broken)),
        ]
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(key, _)| key)
        .collect();
        if cx.document.is_damaged() {
            continue;
        }
        if missing.is_empty() {
            untrue(cx, amendment, index + 1).into_iter().for_each(|found| out.push(found));
            too_many(amendment, index + 1).into_iter().for_each(|found| out.push(found));
            continue;
        }
        let mut found = RULE
            .at(amendment.span, format!("amendment {} does not say {}", index + 1, listed(missing.iter().copied(), 5)))
            .label("changes a sealed plan");
        found = found.help(format!("add {}", listed(missing.iter().copied(), 5)));
        if missing.contains(&"data_access") {
            found = found.help("`data_access` is `nothing-run`, `not-opened`, `opened` or `seen`, as it was on that day");
        }
        if missing.contains(&"fields") {
            found = found.help("`fields` names the keys that changed, like [\"audience.where\"]");
        }
        out.push(found);
    }
}

/// More values than fields: nobody can tell which belong together.
fn too_many(amendment: &At<Amendment>, number: usize) -> Option<Diagnostic> {
    let (fields, values) = (amendment.fields.get()?, amendment.values.get()?);
    let (named, kept) = (fields.value.items.len(), values.value.items.len());
    (named < kept && !fields.value.broken && !values.value.broken).then(|| {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        RULE.at(
            values.span,
            format!("amendment {number} has {kept} value{} for {named} field{}", plural(kept), plural(named)),
        )
        .label("one mark for each field, in their order")
        .also(fields.span, "the fields")
        .help("take `values` out: `expc check --fix --suggested` writes it again")
    })
}

/// An amendment that says that nothing had run, on a day on which the run had begun.
fn untrue(cx: &PlanCx<'_>, amendment: &At<Amendment>, number: usize) -> Option<Diagnostic> {
    let access = amendment.data_access.get().filter(|access| access.value == DataAccess::NothingRun)?;
    let (at, start) = (amendment.at.get()?, cx.plan.calendar.start.as_ref()?);
    let late = u32::try_from(start.value.until(at.value)).ok().filter(|late| 0 < *late)?;
    let mut found = RULE
        .at(access.span, format!("amendment {number} says nothing had run, {} after the start", days(late)))
        .label("not so on that day")
        .also(at.span, "the day of the amendment");
    if let Some(span) = start.span() {
        found = found.also(span, "the start");
    }
    Some(found.help("`data_access` is `not-opened`, `opened` or `seen`, as it was on that day"))
}
