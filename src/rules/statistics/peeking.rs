//! STA010 peeking.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Method;
use crate::stats::Sides;
use crate::stats::sequential::{Monitoring, Spending};

rule! {
    /// A fixed-horizon design lists interim looks.
    ///
    /// ## Why
    /// Every look at 5 % is another chance of a false win: five looks give 14 %, twenty 25 %.
    ///
    /// ## Source
    /// Johari et al., Peeking at A/B Tests, KDD 2017; Kohavi, Deng, Vermeer, KDD 2022. The rate is computed for the
    /// looks of the spec.
    ///
    /// ```toml,bad
    /// [design]
    /// looks = ["33%", "66%", "100%"]
    /// ```
    /// ```toml,good
    /// [design]
    /// method = "group-sequential"
    /// spending = "obrien-fleming"
    /// looks = ["33%", "66%", "100%"]
    /// ```
    static RULE = {
        code: "STA010", name: "peeking", since: "0.1.0",
        level: Error, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

/// Beyond so many looks the exact rate is not worth its time, and no longer the point.
const MOST_LOOKS: usize = 40;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let design = &cx.plan.design;
    let interim = design.looks.iter().filter(|look| look.value < 1.0).count();
    let written = cx.spec.design.value().and_then(|design| design.looks.get());
    let (Some(list), true) = (written, design.method.value == Method::Fixed && 0 < interim) else { return };
    let mut fractions: Vec<f64> = design.looks.iter().map(|look| look.value).filter(|look| *look < 1.0).collect();
    fractions.sort_by(f64::total_cmp);
    fractions.dedup();
    fractions.truncate(MOST_LOOKS);
    fractions.push(1.0);
    let (alpha, sides) = (design.alpha.value, Sides::from(design.sides.value));
    let rate = Monitoring::unadjusted(&fractions, alpha, sides).map(|plan| plan.type_one_error());
    let headline = match rate {
        Ok(rate) => format!("{interim} interim looks make alpha {alpha} a false-win rate of {}", percent(rate)),
        Err(_) => format!("{interim} interim looks inflate the alpha of a fixed design"),
    };
    let mut found = place::at_value(cx, &RULE, Some(list.span), "design", headline).label("no bounds guard these looks");
    if let Some(span) = design.method.span() {
        found = found.also(span, "looks once, at the end");
    }
    if let Ok(rate) = rate {
        found = found.fact("false_win_rate", rate);
    }
    let price = Monitoring::spending(&fractions, alpha, sides, Spending::ObrienFleming)
        .and_then(|plan| plan.inflation(design.power.value))
        .map_or(String::new(), |factor| format!(": {} more units", percent(factor - 1.0)));
    let own = design.method.span().filter(|span| span.file == cx.document.file);
    found = match own {
        Some(span) => found.fix(
            Applicability::Suggested,
            "make the design group-sequential",
            vec![Edit { span, replacement: "\"group-sequential\"\nspending = \"obrien-fleming\"".to_owned() }],
        ),
        None => place::insert(
            cx,
            found,
            Applicability::Suggested,
            "design",
            "method = \"group-sequential\"\nspending = \"obrien-fleming\"",
        ),
    };
    out.push(
        found
            .help(format!("set `method = \"group-sequential\"` and `spending = \"obrien-fleming\"`{price}"))
            .help("or remove `looks`, and look once at the end"),
    );
}
