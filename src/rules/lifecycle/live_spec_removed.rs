//! LIF014 live-spec-removed.

use crate::rules::prelude::*;

rule! {
    /// A running experiment is deleted, or gets another id.
    ///
    /// ## Why
    /// The flag goes on serving people, and nobody decides about them any more; under another id the data of the first
    /// half belongs to nobody.
    ///
    /// ```toml,bad
    /// #: remove experiments/checkout-one-tap.toml
    /// #: file expc.toml
    /// [build]
    /// targets = ["flagd"]
    /// #: base clean
    /// [experiment]
    /// status = "running"
    /// ```
    /// ```toml,good
    /// #: remove experiments/checkout-one-tap.toml
    /// #: file expc.toml
    /// [build]
    /// targets = ["flagd"]
    /// #: base clean
    /// [experiment]
    /// status = "draft"
    /// ```
    static RULE = {
        code: "LIF014", name: "live-spec-removed", since: "0.1.0",
        level: Error, needs: [Base],
        check: Portfolio(deleted), Plan(renamed),
    }
}

fn deleted(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let Some(base) = cx.base else { return };
    for gone in base.gone().filter(|gone| gone.plan.status.value == Status::Running) {
        let id = &gone.plan.id;
        let headline = format!("{} was running and its file is deleted", quoted(id));
        // The file is no more; its flag, or the workspace, is where something is left of it.
        let flag = cx.catalog.flags.key(&gone.plan.flag.value);
        let place = flag.or_else(|| cx.workspace.documents.first().map(|document| document.start()));
        let Some(place) = place else { continue };
        let found = RULE.at(place, headline).label(match flag {
            Some(_) => "its flag still serves people",
            None => "the workspace without it",
        });
        let path = crate::text::printable(&gone.document.path);
        let from = if base.change.commit.is_empty() { "BASE" } else { &base.change.commit };
        let mut found = found
            .help(format!("bring it back: `git checkout {from} -- '{path}'`"))
            .help("to end it, write `status = \"stopped\"` with `[results]`, and keep the file");
        found.experiment = Some(std::sync::Arc::clone(id));
        out.push(found);
    }
}

fn renamed(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(before) = cx.base.and_then(|base| base.before_own_edit(cx.compiled)) else { return };
    let (old, new) = (&before.plan.id, &cx.plan.id);
    if old == new || before.plan.status.value != Status::Running || cx.is_incomplete() {
        return;
    }
    let found = RULE.at(cx.plan.span, format!("{} was running and is {} now", quoted(old), quoted(new)));
    out.push(
        found
            .label(format!("was {}", quoted(old)))
            .help(format!("write `id = \"{}\"` again: the id is in the data", crate::text::printable(old)))
            .help("a new experiment is a new file; the old one is stopped and stays"),
    );
}
