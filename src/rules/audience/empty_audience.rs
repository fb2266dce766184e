//! AUD001 empty-audience.

use crate::plan::clash;
use crate::rules::prelude::*;

rule! {
    /// The conditions can never all hold, or let in exactly whom the exclusions keep out.
    ///
    /// ## Why
    /// Nobody is enrolled, and an empty experiment looks like a slow one for weeks.
    ///
    /// ## Source
    /// Checks of brave-variations and Mozilla Nimbus.
    ///
    /// ```toml,bad
    /// [audience]
    /// where = [
    ///   { attribute = "country", in = ["US", "CA"] },
    ///   { attribute = "country", in = ["FR"] },
    /// ]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [{ attribute = "is_staff", is = true }]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// where = [
    ///   { attribute = "app_version", semver = ">=5.2.0" },
    ///   { attribute = "app_version", semver = "<5.0.0" },
    /// ]
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [
    ///   { attribute = "app_version", semver = ">=5.2.0" },
    ///   { attribute = "app_version", semver = "<6.0.0" },
    /// ]
    /// ```
    static RULE = {
        code: "AUD001", name: "empty-audience", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let audience = &cx.plan.audience;
    let Some(clash) = clash(&audience.conditions, &audience.exclusions) else { return };
    // The place in the spec is the one to edit.
    let (here, there) = match clash.second.0.file == cx.document.file {
        true => (clash.second, clash.first),
        false => (clash.first, clash.second),
    };
    // A contradiction inside a named audience belongs to the catalogue.
    if here.0.file != cx.document.file && audience.base.is_some() {
        let base = audience.base.as_ref().and_then(|base| base.span()).unwrap_or(cx.plan.span);
        out.push(
            RULE.at(base, format!("nobody can be in this audience: two conditions on {} clash", quoted(&clash.attribute)))
                .label("the named audience is empty")
                .also(here.0, short(&here.1))
                .also(there.0, short(&there.1))
                .help("mend the audience in the catalogue"),
        );
        return;
    }
    let name = quoted(&clash.attribute);
    let headline = if clash.excluded {
        format!("everybody whom {name} lets in is kept out")
    } else {
        format!("no unit can meet both conditions on {name}")
    };
    out.push(
        RULE.at(here.0, headline)
            .label(short(&here.1))
            .also(there.0, short(&there.1))
            .help("take one of the two out"),
    );
}

/// A comparison in words, short enough for a label.
fn short(text: &str) -> String {
    let text = crate::text::printable(text);
    match text.char_indices().nth(48) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
