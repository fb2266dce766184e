//! OWN005 link-missing.

use crate::rules::prelude::*;

rule! {
    /// The spec links to no ticket and no design, or a link is not the address of a page.
    ///
    /// ## Why
    /// The discussion behind the numbers is lost for whoever reads them next year.
    ///
    /// ## Source
    /// Checks of Statsig.
    ///
    /// ```toml,bad
    /// #: without experiment.links.ticket
    /// #: without experiment.links.design
    /// ```
    /// ```toml,bad
    /// [experiment.links]
    /// ticket = "GRO-812"
    /// ```
    /// ```toml,good
    /// [experiment.links]
    /// ticket = "https://tickets.example/GRO-812"
    /// ```
    static RULE = {
        code: "OWN005", name: "link-missing", since: "0.1.0",
        level: Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(experiment) = cx.spec.experiment.value().filter(|_| !cx.is_incomplete()) else { return };
    if matches!(experiment.links, Field::Broken(_)) {
        return;
    }
    let Some(links) = experiment.links.value().filter(|links| !(links.ticket.is_absent() && links.design.is_absent()))
    else {
        out.push(
            RULE.at(cx.home("experiment.links"), "no ticket and no design is linked")
                .help("add `links.ticket` or `links.design`: the address of the page"),
        );
        return;
    };
    for (key, field) in [("ticket", &links.ticket), ("design", &links.design)] {
        if let Some(link) = field.get().filter(|link| !is_address(link)) {
            out.push(not_an_address(&format!("links.{key}"), link));
        }
    }
    // Evidence may be a citation; only what looks like an address is held to be one.
    for link in links.evidence.value().into_iter().flat_map(|list| list.iter()) {
        if (link.contains("://") || link.contains("javascript:")) && !is_address(link) {
            out.push(not_an_address("links.evidence", link));
        }
    }
}

fn not_an_address(key: &str, link: &At<String>) -> Diagnostic {
    RULE.at(link.span, format!("`{key}` is no address: {}", quoted(link)))
        .label("cannot be opened")
        .help("write the whole address, from `https://` on")
}

/// `https://host…` or `http://host…`, in one piece.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty()) && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
