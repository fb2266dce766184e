//! SYN010 extends-broken.

use crate::portfolio::{BrokenChain, DocumentKind};
use crate::rules::prelude::*;

rule! {
    /// The template that a file starts from is not there, or the chain of templates has no end.
    ///
    /// ## Why
    /// Every default and every protected value of the template is gone, without a sign in the file itself.
    ///
    /// ## Source
    /// Common practice of configuration languages with inheritance.
    ///
    /// ```toml,bad
    /// #: file templates/two-metrics.toml
    /// schema = 1
    /// extends = "conversion-abb"
    /// ```
    /// ```toml,fixed
    /// #: file templates/two-metrics.toml
    /// extends = "conversion-ab"
    /// ```
    /// ```toml,bad
    /// #: file templates/conversion-ab.toml
    /// extends = "conversion-ab"
    /// ```
    /// ```toml,good
    /// #: file templates/two-metrics.toml
    /// schema = 1
    /// extends = "conversion-ab"
    /// ```
    static RULE = {
        code: "SYN010", name: "extends-broken", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Portfolio],
        check: Plan(check_spec), File(check_template),
    }
}

fn check_spec(cx: &PlanCx<'_>, out: &mut Sink) {
    if let Some(broken) = &cx.compiled.broken {
        out.push(message(cx.workspace.templates.keys(), "", broken));
    }
}

fn check_template(cx: &FileCx<'_>, out: &mut Sink) {
    if cx.document.kind != DocumentKind::Template {
        return;
    }
    let own = cx.workspace.templates.iter().find(|(_, template)| template.file == cx.document.file);
    let Some((name, template)) = own else { return };
    let Some(broken) = &template.broken else { return };
    let here = match broken {
        // What is wrong in a parent is said there.
        BrokenChain::Unknown(at) => at.span.file == cx.document.file,
        // A circle has no parent: the first of its names speaks for all.
        BrokenChain::Cycle(_, names) => names.iter().min() == Some(name),
        BrokenChain::TooDeep(_) => true,
    };
    if here {
        out.push(message(cx.workspace.templates.keys(), name, broken));
    }
}

fn message<'a>(templates: impl Iterator<Item = &'a String>, own: &str, broken: &BrokenChain) -> Diagnostic {
    match broken {
        BrokenChain::Unknown(at) => {
            let names: Vec<&str> = templates.map(String::as_str).filter(|name| *name != own).collect();
            let found = RULE.at(at.span, format!("template {} does not exist", quoted(&at.value)));
            match (nearest(&at.value, names.iter().copied()), names.is_empty()) {
                (Some(name), _) => found.label(format!("did you mean `{name}`?")).fix(
                    Applicability::Suggested,
                    format!("extend `{name}`"),
                    vec![Edit { span: at.span, replacement: format!("\"{name}\"") }],
                ),
                (None, true) => found.label("there are no templates").help("remove `extends`, or write the template"),
                (None, false) => found
                    .label("no file of that name among the templates")
                    .help(format!("choose {}, or remove `extends`", one_of(names.iter().copied(), 6))),
            }
        }
        BrokenChain::Cycle(at, names) => {
            let chain = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(" extends ");
            RULE.at(at.span, "the templates extend each other in a circle")
                .label(crate::text::printable(&chain))
                .help("remove `extends` from one of them")
        }
        BrokenChain::TooDeep(at) => RULE
            .at(at.span, "the chain of templates is too long")
            .label("not read any more")
            .help("extend a template that is nearer to the root: eight in a chain are read"),
    }
}
