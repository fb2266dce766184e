//! SYN014 placeholder-left.

use crate::rules::prelude::*;
use crate::syntax::{Node, Value};

rule! {
    /// A text still says TODO, still has its gap, or is the template's own sentence.
    ///
    /// ## Why
    /// A form that is filled in to pass a check is not a plan.
    ///
    /// ## Source
    /// Checks of Mozilla Experimenter.
    ///
    /// ```toml,bad
    /// [hypothesis]
    /// because = "TODO: what do we know of the address form?"
    /// ```
    /// ```toml,bad
    /// [hypothesis]
    /// change = "replace <the old thing> by one button"
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// because = "the todo list of the address form has eleven open points"
    /// ```
    static RULE = {
        code: "SYN014", name: "placeholder-left", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let mut found = Vec::new();
    collect(&cx.document.tree, &mut Vec::new(), &mut found);
    match found.as_slice() {
        [] => {}
        [(span, path, word)] => out.push(
            RULE.at(*span, format!("{} still has the placeholder {}", quoted(path), quoted(word)))
                .label("to be written")
                .help("write what is meant, or remove the key"),
        ),
        [(span, path, _), rest @ ..] => {
            let others = format!("{} other text{}", rest.len(), if rest.len() == 1 { "" } else { "s" });
            let headline = format!("{} and {others} still have placeholders", quoted(path));
            let mut finding = RULE.at(*span, headline).label("to be written");
            for (span, ..) in rest.iter().take(5) {
                finding = finding.also(*span, "to be written");
            }
            out.push(finding.help("write what is meant, or remove the keys"));
        }
    }
    inherited(cx, out);
}

/// Sentences that only the author of the experiment can write, but that came from the template.
fn inherited(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(template) = cx.compiled.template.as_ref().and_then(|name| cx.workspace.templates.get(name)) else {
        return;
    };
    for path in ["experiment.title", "hypothesis.because", "hypothesis.change"] {
        let Some(old) = template.tree.at_path(path) else { continue };
        let Some(text) = old.as_str() else { continue };
        let Some(node) = cx.tree.at_path(path).filter(|node| node.as_str() == Some(text)) else { continue };
        let (table, _) = path.split_once('.').unwrap_or((path, ""));
        let place = if node.span.file == cx.document.file { node.span } else { cx.home(table) };
        // A placeholder that was copied is told above.
        if node.span.file == cx.document.file && placeholder(text).is_some() {
            continue;
        }
        out.push(
            RULE.at(place, format!("`{path}` is the template's own sentence"))
                .also(old.span, "written here for every experiment")
                .help(format!("write `{path}` for this experiment")),
        );
    }
}

/// Every text with a placeholder: its place, its path and the placeholder.
fn collect<'a>(node: &'a Node, keys: &mut Vec<&'a str>, found: &mut Vec<(Span, String, &'a str)>) {
    match &node.value {
        Value::String(text) => {
            if let Some(word) = placeholder(text) {
                found.push((node.span, keys.join("."), word));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys, found)),
        Value::Table(table) => {
            for entry in &table.entries {
                // What a flag returns, whom it targets and how it is salted is not prose.
                if !matches!(entry.key.as_str(), "payload" | "where" | "exclude" | "force" | "salt") {
                    keys.push(&entry.key);
                    collect(&entry.node, keys, found);
                    keys.pop();
                }
            }
        }
        _ => {}
    }
}

/// The part of a text that was to be replaced.
fn placeholder(text: &str) -> Option<&str> {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        matches!(*word, "TODO" | "XXX" | "FIXME") || word.eq_ignore_ascii_case("tbd") || word.eq_ignore_ascii_case("fixme")
    });
    if word.is_some() {
        return word;
    }
    let trimmed = text.trim();
    let lead = trimmed.get(..11).filter(|lead| lead.eq_ignore_ascii_case("lorem ipsum"));
    if lead.is_some() || matches!(trimmed, "…" | "..." | "?" | "???") {
        return lead.or(Some(trimmed));
    }
    gap(text)
}

/// A gap such as `<the metric>`; a tag such as `<button>` within a sentence is not one.
fn gap(text: &str) -> Option<&str> {
    let start = text.find('<')?;
    let end = start + text[start..].find('>')?;
    let inner = &text[start + 1..end];
    let named = inner.starts_with(|c: char| c.is_alphabetic()) && !inner.contains(['=', '/', '<', '"']);
    let whole = text.trim().len() == end + 1 - start;
    let spoken = inner.contains([' ', '_']) || inner.starts_with("your");
    (named && (whole || spoken)).then(|| &text[start..=end])
}
