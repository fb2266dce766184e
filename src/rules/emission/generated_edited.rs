//! EMI011 generated-edited.

use crate::portfolio::FileFate;
use crate::rules::prelude::*;

rule! {
    /// A file that a build wrote was changed by hand, or is gone.
    ///
    /// ## Why
    /// The next build takes the change back, and until then what is served is not what was reviewed.
    ///
    /// ## How
    /// `[build] out` names the output folder, `dist` when it is absent. The manifest in it holds the hash of each file;
    /// without a manifest there is nothing to compare.
    ///
    /// ## Source
    /// Design of expc: the spec is the source, the rest is printed.
    ///
    /// ```toml,bad
    /// #: built flags/flagd/flags.json
    /// {"flags":{}}
    /// #: edited flags/flagd/flags.json
    /// {"flags":{"checkout-one-tap":{"state":"DISABLED"}}}
    /// ```
    /// ```toml,bad
    /// #: built flags/flagd/flags.json
    /// {"flags":{}}
    /// #: deleted flags/flagd/flags.json
    /// ```
    /// ```toml,good
    /// #: built flags/flagd/flags.json
    /// {"flags":{}}
    /// ```
    static RULE = {
        code: "EMI011", name: "generated-edited", since: "0.1.0",
        level: Error, needs: [Targets],
        check: Workspace(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let output = &cx.workspace.output;
    for fault in &output.unread {
        out.skip(Context::Targets, format!("no way to read {}", quoted(&fault.path)));
    }
    for file in &output.changed {
        let name = quoted(file.path.rsplit('/').next().unwrap_or(&file.path));
        let found = match file.fate {
            FileFate::Edited => RULE
                .at(file.span, format!("{name} is not as the build wrote it"))
                .label("changed since")
                .also(file.listed, "listed here with its hash"),
            FileFate::Missing => {
                RULE.at(file.span, format!("{name} was built, and is gone")).label("listed here")
            }
            FileFate::Broken => RULE
                .at(file.span, "the manifest of the last build is no JSON")
                .label("the reading ends here"),
        };
        out.push(
            found
                .help("say it in the spec or the catalogue, then run `expc build`")
                .help("or run `expc build` to have the file as it was"),
        );
    }
}
