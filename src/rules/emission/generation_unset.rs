//! EMI017 generation-unset.

use crate::rules::prelude::*;

rule! {
    /// A platform is built whose evaluators assign units by generation, and the workspace does not name one.
    ///
    /// ## Why
    /// Of 20,000 units, 5,238 got another variant from flagd's generation A than from B out of one file, and 6,773 another
    /// from B than from C: two services on different SDKs show one person two variants.
    ///
    /// ## Source
    /// Runs of flagd's SDKs; open-feature/flagd#1872.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// #: without targets.flagd
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [targets.flagd]
    /// generation = "C"
    /// ```
    static RULE = {
        code: "EMI017", name: "generation-unset", since: "0.1.0",
        level: Error, needs: [],
        check: Workspace(check),
    }
}

const KNOWN: [&str; 3] = ["A", "B", "C"];

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let file = &cx.workspace.file;
    if matches!(file.targets, Field::Broken(_)) || file.targets.value().is_some_and(|targets| targets.broken) {
        return;
    }
    let listed = file.build.value().and_then(|build| build.targets.value());
    for target in listed.into_iter().flat_map(|targets| targets.iter()) {
        if !cx.workspace.target(target).is_some_and(|known| known.has_generations) {
            continue;
        }
        let settings = file.targets.value().and_then(|targets| targets.get(target));
        let sdks = "generation A is npm flagd-core 1, pip provider 0.3; B is npm flagd-core 4, pip provider 0.5; C is pip provider 0.6, \
                    crate flagd-evaluation-engine 0.1";
        match settings.map(|settings| &settings.generation) {
            None | Some(Field::Absent) => out.push(
                RULE.at(target.span, format!("nobody says which generation of {} evaluators is in use", target.value))
                    .label(format!("no `generation` in `[targets.{}]`", target.value))
                    .help(format!("add `[targets.{}]` with `generation = \"B\"`, or the one you run", target.value))
                    .help(sdks),
            ),
            Some(Field::Set(generation)) if !KNOWN.contains(&generation.as_str()) => out.push(
                RULE.at(generation.span, format!("{} has no generation {}", target.value, quoted(generation)))
                    .label("not A, B or C")
                    .help(sdks),
            ),
            Some(_) => {}
        }
    }
}
