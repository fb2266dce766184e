//! SYN008 required-missing.

use crate::catalog::Entries;
use crate::portfolio::DocumentKind;
use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A key is absent without which the experiment, or a definition of the catalogue, means nothing.
    ///
    /// ## Why
    /// Half-filled plans reach launch; what is missing is found then by the person on call.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019; checks of GrowthBook.
    ///
    /// ```toml,bad
    /// #: without experiment.title
    /// ```
    /// ```toml,bad
    /// #: without rollout.start
    /// ```
    /// ```toml,fixed
    /// #: leaves STA033 the freeze of this calendar falls into the run: `--suggested` then moves the start
    /// rollout.start = 2026-11-30
    /// ```
    /// ```toml,bad
    /// #: file catalog/more.toml
    /// #: alone
    /// schema = 1
    /// [attributes.plan]
    /// about = "What the account pays for"
    /// ```
    /// ```toml,good
    /// [experiment]
    /// title = "One-tap checkout"
    /// ```
    static RULE = {
        code: "SYN008", name: "required-missing", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [],
        check: Plan(check_spec), File(check_catalogue),
    }
}

fn check_spec(cx: &PlanCx<'_>, out: &mut Sink) {
    let spec = cx.spec;
    if cx.is_incomplete() {
        return;
    }
    if cx.document.tree.as_table().is_some_and(|table| table.entries.is_empty()) {
        out.push(RULE.at(cx.plan.span, "the spec is empty").help("start from a template or from another spec"));
        return;
    }
    let stem = quoted(&cx.compiled.stem);
    match &spec.experiment {
        Field::Absent => out.push(
            RULE.at(cx.plan.span, "the spec has no `[experiment]`")
                .help(format!("add `[experiment]` with `id = {}`, `title`, `status` and `owner`", stem.replace('`', "\""))),
        ),
        Field::Broken(_) => {}
        Field::Set(experiment) => {
            if experiment.id.is_absent() {
                let line = format!("id = \"{}\"", cx.compiled.stem);
                let found = lacks(cx, "experiment", "id");
                let found = found.help(format!("add `{}`, as the file is called", shown(&line)));
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                out.push(match cx.compiled.stem.chars().all(plain) {
                    true => place::insert(cx, found, Applicability::Suggested, "experiment", &line),
                    false => found,
                });
            }
            if experiment.title.is_absent() {
                out.push(lacks(cx, "experiment", "title").help("add `title`: one line for people"));
            }
        }
    }
    match &spec.variants {
        Field::Absent => out.push(
            RULE.at(cx.plan.span, "the spec has no variants")
                .help("add `[variants.control]` and one table for each change, with its `payload`"),
        ),
        Field::Set(variants) if variants.is_empty() && !variants.broken => out.push(
            RULE.at(cx.home("variants"), "`variants` is empty")
                .help("add `[variants.control]` and one table for each change, with its `payload`"),
        ),
        _ => {}
    }
    let audience = spec.audience.value();
    if !cx.unreadable(&spec.audience) && audience.is_none_or(|audience| audience.unit.is_absent()) {
        let units = cx.catalog.units.names();
        let found = lacks(cx, "audience", "unit").label("what is randomised?");
        out.push(match cx.catalog.units.is_empty() {
            true => found.help("define a unit under `[units.…]` of the catalogue and name it here"),
            false => found.help(format!("add `unit`: {}", one_of(units, 5))),
        });
    }
    let rollout = spec.rollout.value();
    if !cx.unreadable(&spec.rollout) && rollout.is_none_or(|rollout| rollout.start.is_absent()) {
        let found = lacks(cx, "rollout", "start").label("when does it start?");
        out.push(match cx.today.and_then(next_monday) {
            Some(day) => {
                let found = found.help(format!("add `start = {day}`, the second Monday from today, or another day"));
                place::insert(cx, found, Applicability::Suggested, "rollout", &format!("start = {day}"))
            }
            None => found.help("add `start`, like `start = 2026-12-07`"),
        });
    }
    if let Some(rollout) = rollout
        && rollout.stages.is_absent()
        && rollout.end.is_absent()
        && !rollout.start.is_absent()
    {
        out.push(
            RULE.at(cx.home("rollout"), "`rollout` has neither `stages` nor `end`")
                .label("how long does it run?")
                .help("add `stages`, each with `share` and `hold`, or add `end`"),
        );
    }
}

fn lacks(cx: &PlanCx<'_>, table: &str, key: &str) -> Diagnostic {
    RULE.at(cx.home(table), format!("`{table}` has no `{key}`"))
}

fn shown(text: &str) -> String {
    crate::text::printable(text).chars().take(80).collect()
}

/// The Monday after the coming Sunday: time for a review.
fn next_monday(today: crate::spec::Day) -> Option<crate::spec::Day> {
    let monday = today.0.nth_weekday(2, jiff::civil::Weekday::Monday).ok()?;
    Some(crate::spec::Day(monday))
}

fn check_catalogue(cx: &FileCx<'_>, out: &mut Sink) {
    if cx.document.kind != DocumentKind::Catalogue || cx.document.is_damaged() {
        return;
    }
    let catalog = &cx.workspace.catalog;
    let mut sort = Definitions { cx, out };
    sort.check(&catalog.metrics, "metric", "kind", |metric| metric.kind.is_absent(), "proportion, mean, count, ratio …");
    sort.check(&catalog.attributes, "attribute", "type", |attribute| attribute.r#type.is_absent(), "string, number …");
    // A unit without its key is told by the rule on what targets know of it.
    sort.check(&catalog.holdouts, "holdout", "share", |holdout| holdout.share.is_absent(), "like \"5%\"");
}

struct Definitions<'a, 'b> {
    cx: &'a FileCx<'a>,
    out: &'b mut Sink,
}

impl Definitions<'_, '_> {
    fn check<T>(&mut self, entries: &Entries<T>, sort: &str, key: &str, absent: fn(&T) -> bool, what: &str) {
        for (name, span, entry) in entries.iter() {
            if span.file == self.cx.document.file && absent(entry) {
                let found = RULE.at(span, format!("{sort} {} has no `{key}`", quoted(name)));
                self.out.push(found.help(format!("add `{key}`: {what}")));
            }
        }
    }
}
