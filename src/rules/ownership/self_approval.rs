//! OWN003 self-approval.

use crate::rules::governance::{questions, sign_offs_broken};
use crate::rules::prelude::*;
use crate::spec::governance::RiskLevel;

rule! {
    /// Everybody who agreed to a risky experiment is an author of the change.
    ///
    /// ## Why
    /// Four eyes see what two have got used to. Who wrote a change is in its commits; who agreed is in `risk.sign_offs`.
    ///
    /// ## Source
    /// GrowthBook, required approvals.
    ///
    /// ```toml,bad
    /// #: author Ada Lind
    /// [risk]
    /// legal = true
    /// sign_offs = [{ role = "legal", by = "Ada Lind", at = 2026-11-20 }]
    /// #: base
    /// [experiment]
    /// title = "One tap"
    /// ```
    /// ```toml,good
    /// #: author Luis Ortega
    /// [risk]
    /// legal = true
    /// sign_offs = [{ role = "legal", by = "Ada Lind", at = 2026-11-20 }]
    /// #: base
    /// [experiment]
    /// title = "One tap"
    /// ```
    static RULE = {
        code: "OWN003", name: "self-approval", since: "0.1.0",
        level: Error, needs: [Base],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let path = cx.document.path.as_str();
    let Some(base) = cx.base.filter(|base| base.is_edited(path)) else { return };
    let Some(risk) = cx.spec.risk.value() else { return };
    if !cx.plan.status.value.is_live() || sign_offs_broken(risk) || cx.is_incomplete() {
        return;
    }
    let declared = questions(risk).iter().any(|(_, answer)| answer.copied() == Some(true));
    if !declared && risk.level.copied() != Some(RiskLevel::High) {
        return;
    }
    let offs = risk.sign_offs.value().map(|list| &list.items[..]).unwrap_or_default();
    // Nobody has agreed: that is told where it is demanded.
    let Some(last) = offs.iter().filter_map(|off| off.by.get()).next_back() else { return };
    let was = base.was(path).map_or(path, |spec| spec.path.as_str());
    let authors = base.authors(&[path, was]);
    if authors.is_empty() {
        out.skip(Context::Base, "no commit of the change touches it, so its author is unknown");
        return;
    }
    let wrote = |name: &str| authors.iter().any(|author| same_person(author, name));
    if !offs.iter().filter_map(|off| off.by.value()).all(|by| wrote(by)) {
        return;
    }
    let headline = format!("{} agreed to the risk, and wrote the change", quoted(last));
    let found = RULE.at(last.span, headline).label(format!("an author of the change since {}", base.name()));
    let day = cx.today.map_or("2026-11-20".to_owned(), |today| today.to_string());
    let owner = cx.plan.owner.as_ref().and_then(|owner| cx.catalog.owners.get(&owner.value));
    let people = owner.into_iter().flat_map(|owner| [&owner.product, &owner.deputy, &owner.engineering]);
    let other = people.filter_map(|name| name.value()).find(|name| !wrote(name));
    let who = other.map_or("…".to_owned(), |name| crate::text::printable(name));
    out.push(found.help(format!(
        "once somebody else agrees, add them to `sign_offs`: `{{ role = \"…\", by = \"{who}\", at = {day} }}`"
    )));
}

/// Names are compared without regard to case and spaces.
fn same_person(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    plain(a) == plain(b)
}
