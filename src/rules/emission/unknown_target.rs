//! EMI001 unknown-target.

use crate::portfolio::DocumentKind;
use crate::rules::prelude::*;
use crate::syntax::Node;

rule! {
    /// A target is named for which there is no emitter.
    ///
    /// ## Why
    /// Nothing would be built for it.
    ///
    /// ## Source
    /// The platforms that expc can build for.
    ///
    /// ```toml,bad
    /// [emit]
    /// targets = ["flagdd"]
    /// ```
    /// ```toml,fixed
    /// emit.targets = ["flagd"]
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [build]
    /// targets = ["flagd", "launchpad"]
    /// ```
    /// ```toml,good
    /// [emit]
    /// targets = ["flagd"]
    /// ```
    static RULE = {
        code: "EMI001", name: "unknown-target", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: File(check),
    }
}

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let path = match cx.document.kind {
        DocumentKind::Workspace => "build.targets",
        DocumentKind::Experiment | DocumentKind::Template => "emit.targets",
        DocumentKind::Catalogue => return,
    };
    if cx.workspace.targets.is_empty() {
        return out.skip(Context::Targets, "no known platforms");
    }
    let targets = cx.document.tree.at_path(path).and_then(Node::as_array).unwrap_or_default();
    for target in targets {
        let Some(name) = target.as_str() else { continue };
        if cx.workspace.target(name).is_some() {
            continue;
        }
        let found = RULE.at(target.span, format!("unknown target {}", quoted(name)));
        let names = || cx.workspace.targets.iter().map(|known| known.name);
        out.push(match nearest(name, names()) {
            Some(near) => found.label(format!("did you mean `{near}`?")).fix(
                Applicability::Suggested,
                format!("write \"{near}\""),
                vec![Edit { span: target.span, replacement: format!("\"{near}\"") }],
            ),
            None => found.label("nothing is built for it").help(format!("choose {}", one_of(names(), 12))),
        });
    }
}
