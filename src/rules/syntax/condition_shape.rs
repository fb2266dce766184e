//! SYN020 condition-shape.

use crate::portfolio::DocumentKind;
use crate::rules::prelude::*;
use crate::spec::{Condition, List};
use crate::syntax::{Fault, FaultKind};

rule! {
    /// A condition names no attribute, compares with nothing, or makes several comparisons at once.
    ///
    /// ## Why
    /// A condition is one comparison of one attribute; platforms read anything else differently, or as always true.
    ///
    /// ## Source
    /// Checks of GrowthBook and Featurevisor.
    ///
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "country" }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "app_version", semver = ">=5.2.0", is_not = "5.3.0" }]
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [audiences.buyers]
    /// where = [{ in = ["ios", "android", "web"] }]
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    static RULE = {
        code: "SYN020", name: "condition-shape", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check_spec), File(check_shared),
    }
}

type Conditions = Field<List<Condition>>;

fn check_spec(cx: &PlanCx<'_>, out: &mut Sink) {
    let faults = &cx.document.faults;
    let audience = cx.spec.audience.value();
    for (list, how) in audience.into_iter().flat_map(|a| [(&a.r#where, ALL), (&a.exclude, ANY)]) {
        judge(list, cx.document.file, faults, how, out);
    }
    let switchback = cx.spec.design.value().and_then(|design| design.switchback.value());
    if let Some(switchback) = switchback {
        judge(&switchback.places, cx.document.file, faults, ALL, out);
    }
}

fn check_shared(cx: &FileCx<'_>, out: &mut Sink) {
    let (file, faults) = (cx.document.file, &cx.document.faults);
    match cx.document.kind {
        DocumentKind::Catalogue => {
            for (_, _, audience) in cx.workspace.catalog.audiences.iter() {
                judge(&audience.r#where, file, faults, ALL, out);
                judge(&audience.exclude, file, faults, ANY, out);
            }
            for (_, _, metric) in cx.workspace.catalog.metrics.iter() {
                judge(&metric.filter, file, faults, ALL, out);
            }
        }
        DocumentKind::Template => {
            let own = cx.workspace.templates.values().find(|template| template.file == file);
            let audience = own.and_then(|template| template.typed.audience.value());
            for (list, how) in audience.into_iter().flat_map(|a| [(&a.r#where, ALL), (&a.exclude, ANY)]) {
                judge(list, file, faults, how, out);
            }
        }
        DocumentKind::Workspace | DocumentKind::Experiment => {}
    }
}

const ALL: &str = "write one condition for each: all of them hold";
const ANY: &str = "write one condition for each; one that holds keeps a unit out";

/// Judges the conditions that stand in one file.
fn judge(list: &Conditions, file: crate::text::FileId, faults: &[Fault], how: &str, out: &mut Sink) {
    for condition in list.value().into_iter().flat_map(|list| list.iter()) {
        if condition.span.file != file {
            continue;
        }
        // A misspelt comparison is an unknown key; that says it all.
        let torn = |fault: &Fault| {
            matches!(fault.kind, FaultKind::UnknownKey { .. }) && condition.span.contains(fault.span)
        };
        if condition.is_broken() || faults.iter().any(torn) {
            continue;
        }
        let comparisons = condition.comparisons();
        let name = match &condition.attribute {
            Field::Set(attribute) => quoted(attribute),
            Field::Broken(_) => continue,
            Field::Absent => {
                out.push(
                    RULE.at(condition.span, "a condition names no attribute")
                        .label("compares what?")
                        .help("add `attribute`, a name of the catalogue"),
                );
                continue;
            }
        };
        match comparisons.as_slice() {
            [_] => {}
            [] => out.push(
                RULE.at(condition.span, format!("the condition on {name} compares with nothing"))
                    .label("no comparison")
                    .help("add one of `is`, `is_not`, `in`, `not_in`, `at_least`, `at_most`, `semver`"),
            ),
            [first, rest @ ..] => {
                let headline = format!("the condition on {name} makes {} comparisons", comparisons.len());
                let mut found = RULE.at(first.span, headline).label("the first");
                for other in rest {
                    found = found.also(other.span, "another");
                }
                out.push(found.help(how));
            }
        }
    }
}
