//! GOV008 secret-in-spec.

use crate::rules::prelude::*;
use crate::syntax::{Node, Value};

rule! {
    /// A key, a token, a private address, or the mail address of a tester stands in the file.
    ///
    /// ## Why
    /// Specs are read by everybody, and history keeps what was once committed.
    ///
    /// ## Source
    /// Published formats of the tokens; RFC 1918 for private addresses.
    ///
    /// ```toml,bad
    /// [experiment]
    /// tags = ["AKIAIOSFODNN7EXAMPLE"]
    /// ```
    /// ```toml,bad
    /// [audience]
    /// force = { one-tap = ["mina.sato@example.com"] }
    /// ```
    /// ```toml,bad
    /// [experiment]
    /// links = { ticket = "http://10.20.30.40/GRO-812", design = "https://designs.example/one-tap", evidence = ["https://research.example/checkout"] }
    /// ```
    /// ```toml,good
    /// [audience]
    /// force = { one-tap = ["qa-1"] }
    /// ```
    static RULE = {
        code: "GOV008", name: "secret-in-spec", since: "0.1.0",
        level: Error, needs: [],
        check: File(check),
    }
}

/// How a token begins, how many characters follow at least, and what it is.
const TOKENS: [(&str, usize, &str); 15] = [
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("AIza", 35, "a Google API key"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("github_pat_", 30, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("xapp-", 20, "a Slack token"),
    ("sk_live_", 16, "a Stripe key"),
    ("rk_live_", 16, "a Stripe key"),
    ("npm_", 36, "an npm token"),
];

/// More secrets than this in one file are one leak.
const MOST: usize = 5;

fn check(cx: &FileCx<'_>, out: &mut Sink) {
    let text = &cx.workspace.sources.get(cx.document.file).text;
    let mut found = 0;
    let mut tell = |span: Span, what: &str| {
        found += 1;
        if found <= MOST {
            out.push(
                RULE.at(span, format!("{what} stands in the file"))
                    .label("readable by everybody")
                    .help("revoke it where it was made: history keeps what was committed")
                    .help("then take it out, and let the pipeline read it from its own store"),
            );
        }
    };
    // One pass over the words of the text, comments included.
    for (start, word) in words(text) {
        let span = |length: usize| Span::new(cx.document.file, start, start + length);
        if let Some(&(_, _, what)) = TOKENS.iter().find(|(head, least, _)| is_token(word, head, *least)) {
            tell(span(word.len()), what);
        } else if is_web_token(word) {
            tell(span(word.len()), "a signed web token");
        }
    }
    if let Some(start) = text.find("-----BEGIN ")
        && text[start..].lines().next().is_some_and(|line| line.contains("PRIVATE KEY"))
    {
        tell(Span::new(cx.document.file, start, start + 11), "a private key");
    }
    addresses(&cx.document.tree, out);
    testers(cx, out);
}

/// Runs of the characters that tokens are made of, with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !inside(bytes[at]) {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && inside(bytes[at]) {
            at += 1;
        }
        // Token characters are ASCII, so both ends are character borders.
        (start < at).then(|| (start, &text[start..at]))
    })
    .filter(|(_, word)| 16 <= word.len())
}

fn is_token(word: &str, head: &str, least: usize) -> bool {
    let Some(rest) = word.strip_prefix(head) else { return false };
    let upper_only = head.starts_with("AKIA") || head.starts_with("ASIA");
    let fits = |byte: u8| if upper_only { byte.is_ascii_uppercase() || byte.is_ascii_digit() } else { byte != b'.' };
    // A word without a digit is prose.
    least <= rest.len() && rest.bytes().all(fits) && rest.bytes().any(|byte| byte.is_ascii_digit())
}

/// `eyJ….eyJ….…`, as RFC 7519 makes them.
fn is_web_token(word: &str) -> bool {
    let mut parts = word.split('.');
    let mut json = || parts.next().is_some_and(|part| part.starts_with("eyJ") && 10 < part.len());
    json() && json() && parts.next().is_some_and(|part| 10 < part.len())
}

/// Private addresses in string values.
fn addresses(node: &Node, out: &mut Sink) {
    match &node.value {
        Value::String(text) => {
            if let Some(address) = private_address(text) {
                out.push(
                    RULE.at(node.span, format!("the private address {} stands in the file", quoted(address)))
                        .label("tells how the network is built")
                        .help("write a name instead"),
                );
            }
        }
        Value::Array(items) => items.iter().for_each(|item| addresses(item, out)),
        Value::Table(table) => table.entries.iter().for_each(|entry| addresses(&entry.node, out)),
        _ => {}
    }
}

/// An IPv4 address of a private network, with all four numbers.
fn private_address(text: &str) -> Option<&str> {
    if !text.contains("10.") && !text.contains("192.168.") && !text.contains("172.") {
        return None;
    }
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find(|word| {
        word.parse::<core::net::Ipv4Addr>().is_ok_and(|address| address.is_private())
    })
}

/// Mail addresses among the units that are forced into a variant.
fn testers(cx: &FileCx<'_>, out: &mut Sink) {
    let force = cx.document.tree.at_path("audience.force").and_then(Node::as_table);
    for entry in force.into_iter().flat_map(|force| &force.entries) {
        for unit in entry.node.as_array().unwrap_or_default() {
            if unit.as_str().is_some_and(has_mail_address) {
                out.push(
                    RULE.at(unit.span, format!("a mail address is forced into {}", quoted(&entry.key)))
                        .label("goes into the flag file")
                        .help("force the id that the product sends for this person"),
                );
            }
        }
    }
}

/// True when a text holds a mail address: a name, an at sign, a domain with a dot.
pub(super) fn has_mail_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    text.match_indices('@').any(|(at, _)| {
        let name = text[..at].chars().next_back().is_some_and(plain);
        let domain: String = text[at + 1..].chars().take_while(|&c| plain(c)).collect();
        let dotted = domain.trim_end_matches('.').rsplit_once('.');
        let top = |end: &str| 2 <= end.len() && end.bytes().all(|byte| byte.is_ascii_alphabetic());
        name && dotted.is_some_and(|(host, end)| !host.is_empty() && top(end))
    })
}
