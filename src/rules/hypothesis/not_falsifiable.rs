//! HYP002 not-falsifiable.

use crate::rules::prelude::*;
use crate::spec::Direction;

rule! {
    /// The hypothesis does not say which metric should move, and which way.
    ///
    /// ## Why
    /// A claim that no result can refute is not tested.
    ///
    /// ## Source
    /// AsPredicted; OSF Prereg form.
    ///
    /// ```toml,bad
    /// #: without hypothesis.expect
    /// ```
    /// ```toml,bad
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion" }]
    /// ```
    /// ```toml,good
    /// [hypothesis]
    /// expect = [{ metric = "order_conversion", direction = "increase" }]
    /// ```
    static RULE = {
        code: "HYP002", name: "not-falsifiable", since: "0.1.0",
        level: Error in drafts Warn, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    // A spec without any hypothesis has a rule of its own.
    let Some(hypothesis) = cx.spec.hypothesis.value().filter(|_| !cx.is_incomplete()) else { return };
    let example = cx.plan.metrics_of(Role::Primary).next();
    let list = match &hypothesis.expect {
        Field::Set(list) if !list.is_empty() || list.broken => list,
        Field::Broken(_) => return,
        field => {
            let place = field.span().unwrap_or_else(|| cx.home("hypothesis"));
            let found = RULE.at(place, "the hypothesis expects nothing that data could refute");
            let line = example.map(|metric| {
                let direction = if metric.higher_is_better() == Some(false) { "decrease" } else { "increase" };
                format!("expect = [{{ metric = \"{}\", direction = \"{direction}\" }}]", metric.name)
            });
            let shown = line.map(|line| crate::text::printable(&line)).filter(|line| line.len() < 160);
            out.push(match shown {
                Some(line) => found.help(format!("add `{line}`")),
                None => found.help("add `expect`: the metric that should move, and its `direction`"),
            });
            return;
        }
    };
    for entry in list.iter() {
        if entry.metric.is_absent() {
            let found = RULE.at(entry.span, "an expectation names no metric").label("what should move?");
            let primaries = cx.plan.metrics_of(Role::Primary).map(|metric| metric.name.as_str());
            out.push(found.help(match example {
                Some(_) => format!("add `metric`: {}", one_of(primaries, 4)),
                None => "add `metric`, a primary metric of this spec".to_owned(),
            }));
        } else if let Some(name) = entry.metric.get().filter(|_| entry.direction.is_absent()) {
            let good = cx.plan.metric(name).and_then(|metric| metric.good.as_ref());
            let found = RULE
                .at(name.span, format!("no direction is expected of {}", quoted(name)))
                .label("which way should it move?");
            out.push(match good {
                Some(good) => {
                    let found = found.help(format!("add `direction = \"{}\"`, or say what you expect", good.value));
                    match good.span() {
                        Some(span) => found.also(span, good_way(good.value)),
                        None => found,
                    }
                }
                None => found.help("add `direction = \"increase\"` or `\"decrease\"`"),
            });
        }
    }
}

fn good_way(direction: Direction) -> &'static str {
    match direction {
        Direction::Increase => "more of it is good",
        Direction::Decrease => "less of it is good",
    }
}
