//! OWN004 wrong-folder.

use crate::rules::prelude::*;

rule! {
    /// A spec lies outside the folders of its owner.
    ///
    /// ## Why
    /// Code owners go by folder: the review is asked of another team.
    ///
    /// ## Source
    /// Checks of the Guardian's ab-testing repository.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [owners.growth]
    /// paths = ["experiments/growth/"]
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [owners.growth]
    /// paths = ["experiments/"]
    /// ```
    static RULE = {
        code: "OWN004", name: "wrong-folder", since: "0.1.0",
        level: Warn, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(owner) = &cx.plan.owner else { return };
    let Some(paths) = cx.catalog.owners.get(&owner.value).and_then(|entry| entry.paths.get()) else { return };
    let path = cx.document.path.as_str();
    if paths.is_empty() || paths.broken || paths.iter().any(|folder| is_below(path, folder)) {
        return;
    }
    let owner_of_folder = cx.catalog.owners.iter().find(|(name, _, other)| {
        *name != owner.value && other.paths.value().is_some_and(|list| list.iter().any(|folder| is_below(path, folder)))
    });
    let place = owner.span().filter(|span| span.file == cx.document.file).unwrap_or_else(|| cx.home("experiment"));
    let mut found = RULE
        .at(place, format!("{} does not own the folder of this spec", quoted(&owner.value)))
        .label(format!("the spec is {}", quoted(path)))
        .also(paths.span, "its folders");
    let name = path.rsplit('/').next().unwrap_or(path);
    let target = format!("{}/{name}", paths[0].trim_end_matches('/'));
    found = found.help(format!("move it to {}", quoted(&target)));
    if let Some((other, ..)) = owner_of_folder {
        found = found.help(format!("or write `owner = \"{}\"`, who owns this folder", crate::text::printable(other)));
    }
    out.push(found);
}

/// True when a path lies below a folder.
fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
