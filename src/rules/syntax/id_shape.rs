//! SYN005 id-shape.

use crate::rules::prelude::*;

rule! {
    /// An id or variant name holds other characters than platforms agree on, is too long, or is not the file's name.
    ///
    /// ## Why
    /// Ids become flag keys, file names and telemetry labels, each with its own limits: a name that is cut or folded
    /// on the way joins the wrong rows.
    ///
    /// ## Source
    /// Checks of Mozilla Nimbus and of brave-variations.
    ///
    /// ```toml,bad
    /// [experiment]
    /// id = "Checkout One Tap"
    /// flag = "checkout-one-tap"
    /// ```
    /// ```toml,fixed
    /// experiment.id = "checkout-one-tap"
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// id = "checkout-two-taps"
    /// flag = "checkout-one-tap"
    /// ```
    /// ```toml,good
    /// [experiment]
    /// id = "checkout-one-tap"
    /// ```
    static RULE = {
        code: "SYN005", name: "id-shape", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

/// Short enough for every platform's flag key and every warehouse's column.
const MOST: usize = 64;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if let Some(id) = cx.spec.id() {
        match fault_of(id, false) {
            Some(fault) => out.push(misshapen(id, "id", fault, false)),
            None if id.value != cx.compiled.stem && !is_copied(cx, id) => out.push(misnamed(cx, id)),
            None => {}
        }
    }
    let variants = cx.spec.variants.value();
    // Names that one target folds into one have a rule of their own.
    let folds = |name: &str| {
        let mut names = variants.into_iter().flat_map(|named| named.names());
        names.any(|other| other != name && other.eq_ignore_ascii_case(name))
    };
    for (name, _) in variants.into_iter().flat_map(|named| named.iter()) {
        // A template's variants are the template's.
        if name.span.file == cx.document.file
            && !folds(name)
            && let Some(fault) = fault_of(name, true)
        {
            out.push(misshapen(name, "variant", fault, true));
        }
    }
}

/// What keeps a name from travelling, in words.
fn fault_of(name: &str, underscores: bool) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (underscores && c == '_');
    if name.is_empty() {
        return Some("empty".to_owned());
    }
    if let Some(odd) = name.chars().find(|&c| !allowed(c)) {
        return Some(match odd {
            ' ' => "holds a space".to_owned(),
            odd if odd.is_uppercase() => format!("holds the capital letter {}", quoted(&odd.to_string())),
            odd => format!("holds {}", quoted(&odd.to_string())),
        });
    }
    if name.starts_with(['-', '_']) || name.ends_with(['-', '_']) {
        return Some("begins or ends with a dash".to_owned());
    }
    (MOST < name.len()).then(|| format!("has {} characters", name.len()))
}

fn misshapen(name: &At<String>, what: &str, fault: String, underscores: bool) -> Diagnostic {
    let also = if underscores { "dashes and underscores" } else { "and dashes" };
    let found = RULE.at(name.span, format!("{what} {} {fault}", quoted(name))).help(format!(
        "use lower-case letters, digits {also}, at most {MOST}, beginning and ending with a letter or digit"
    ));
    let better = kebab(name);
    if fault_of(&better, false).is_some() {
        return found.label("not a portable name");
    }
    found.label(format!("`{better}` would do")).fix(
        Applicability::Suggested,
        format!("rename it to `{better}`"),
        vec![Edit { span: name.span, replacement: if underscores { better } else { format!("\"{better}\"") } }],
    )
}

/// The name in lower case with single dashes for everything else.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(4 * MOST) {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}

fn misnamed(cx: &PlanCx<'_>, id: &At<String>) -> Diagnostic {
    let stem = &cx.compiled.stem;
    let found = RULE
        .at(id.span, format!("id {} is not the name of its file", quoted(id)))
        .label(format!("the file is called {}", quoted(&format!("{stem}.toml"))));
    if fault_of(stem, false).is_some() || id.span.file != cx.document.file {
        return found.help(format!("rename the file to `{}.toml`", id.value));
    }
    found
        .help(format!("write `id = \"{stem}\"`, or rename the file to `{}.toml`", id.value))
        .help("once it runs, rename the file and not the id: the id is in the data")
        .fix(
            Applicability::Suggested,
            format!("use the file's name, `{stem}`"),
            vec![Edit { span: id.span, replacement: format!("\"{stem}\"") }],
        )
}

/// True when the file that has this name also has this id: then the id is a duplicate, which has a rule of its own.
fn is_copied(cx: &PlanCx<'_>, id: &At<String>) -> bool {
    let other = cx.workspace.specs.iter().find(|spec| spec.stem == id.value && spec.file != cx.document.file);
    other.is_some_and(|spec| cx.workspace.sources.get(spec.file).text.contains(&format!("\"{}\"", id.value)))
}
