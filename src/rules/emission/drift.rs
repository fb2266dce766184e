//! EMI010 drift.

use std::sync::Arc;

use super::live::Compared;
use crate::portfolio::Difference;
use crate::rules::prelude::*;
use crate::spec::quantity::plain;
use crate::syntax::{Node, Value};

rule! {
    /// What a platform serves differs from what the spec of a running experiment builds.
    ///
    /// ## Why
    /// Somebody edited the flag by hand: the plan is no longer what runs, and the next build takes the edit back.
    ///
    /// ## How
    /// `expc check --live flagd=FILE` reads an export of the platform, once for each platform. The values are compared,
    /// not the text: order, layout and metadata do not count. Any stage that has begun may be served, or the whole
    /// schedule.
    ///
    /// ## Source
    /// LaunchDarkly's and PostHog's history of changes by hand.
    ///
    /// ```toml,bad
    /// #: today 2027-01-15
    /// [experiment]
    /// status = "running"
    /// #: live flagd small
    /// /targeting/if/1/fractional/2/1 = 3
    /// ```
    /// ```toml,good
    /// #: today 2027-01-15
    /// [experiment]
    /// status = "running"
    /// #: live flagd small
    /// ```
    static RULE = {
        code: "EMI010", name: "drift", since: "0.1.0",
        level: Error, needs: [Live],
        check: Portfolio(check),
    }
}

/// Differences that are drawn; the rest is counted.
const SHOWN: usize = 3;

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    for compared in super::live::compared(cx, out) {
        let Compared { entry, live, flag, differences, stage, .. } = compared;
        if compared.caught.is_some() {
            continue;
        }
        let target = live.target.name;
        let mut found = match (flag, differences.as_slice()) {
            (Some(_), []) => continue,
            (None, _) => RULE
                .at(entry.flag_span, format!("flag {} is not among what {target} serves", quoted(&entry.flag)))
                .label("its experiment is running")
                .also(live.target.flags(&live.tree).map_or(Span::file_start(live.file), head), "exported here")
                .help("deploy what `expc build` writes, or record how the experiment ended"),
            (Some(_), differences) => {
                let headline = match differences.len() {
                    1 => format!("{target} serves {} with one other value", quoted(&entry.flag)),
                    many => format!("{target} serves {} with {many} other values", quoted(&entry.flag)),
                };
                let mut found = RULE.at(entry.flag_span, headline).label(match stage {
                    Some(stage) => format!("compared with stage {}", quoted(&stage)),
                    None => "compared with the whole schedule".to_owned(),
                });
                for difference in differences.iter().take(SHOWN) {
                    found = found.also(difference.place, told(difference));
                }
                if SHOWN < differences.len() {
                    let more: Vec<&str> = differences[SHOWN..].iter().map(|one| one.path.as_str()).collect();
                    found = found.help(format!("others: {}", listed(more, 3)));
                }
                found
                    .help("deploy what `expc build` writes to take the edit back")
                    .help("or write the edit into the spec, as an amendment")
            }
        };
        found.experiment = Some(Arc::clone(&entry.id));
        out.push(found);
    }
}

fn told(difference: &Difference) -> String {
    let Difference { path, live, built, .. } = difference;
    let path = quoted(path);
    match (live, built) {
        (Some(live), Some(built)) => format!("{path}: live {}, built {}", shown(live), shown(built)),
        (Some(live), None) => format!("{path}: live {}, not built", shown(live)),
        (None, built) => format!("{path}: built {}, not here", built.as_ref().map_or("something".to_owned(), shown)),
    }
}

/// A value on one short line.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => plain(*number),
        Value::Boolean(flag) => flag.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Table(table) => match table.entries.as_slice() {
            [] => "an empty table".to_owned(),
            entries => format!("a table with {}", listed(entries.iter().map(|entry| entry.key.as_str()), 2)),
        },
        Value::Datetime(date) => date.to_string(),
    }
}

/// Where a table begins.
fn head(node: &Node) -> Span {
    Span::new(node.span.file, node.span.start as usize, node.span.start as usize + 1)
}
