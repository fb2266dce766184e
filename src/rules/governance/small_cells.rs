//! GOV007 small-cells.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition, Scalar, Share};

rule! {
    /// A value of a segment is expected for fewer units of a variant than a result may be reported for.
    ///
    /// Expected are the planned units of the smallest variant times the value's part of the units in the catalogue,
    /// among those that the audience lets in.
    ///
    /// ## Why
    /// A result on a handful of people tells who they are, and nothing about the change.
    ///
    /// ## Source
    /// Centers for Medicare & Medicaid Services, cell size suppression policy: no cell of 10 or fewer is shown.
    ///
    /// ```toml,bad
    /// [design]
    /// segments = ["country"]
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// shares = { US = "99.99%", CA = "0.001%" }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// shares = { US = "90%", CA = "20%" }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// shares = { US = "90%", UK = "5%" }
    /// ```
    /// ```toml,good
    /// [design]
    /// segments = ["country"]
    /// #: file catalog/base.toml
    /// [attributes.country]
    /// shares = { US = "92%", CA = "4%", FR = "0.0001%" }
    /// ```
    static RULE = {
        code: "GOV007", name: "small-cells", since: "0.1.0",
        level: Warn, needs: [Catalog, Policy, Traffic],
        check: Plan(check), Workspace(shares),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    for segment in &cx.plan.design.segments {
        // An unknown attribute is told as such.
        let Some(attribute) = cx.catalog.attributes.get(segment) else { continue };
        let Some(shares) = attribute.shares.get().filter(|shares| !shares.broken) else {
            if attribute.shares.is_absent() {
                out.skip(Context::Traffic, format!("no `shares` of attribute {}", quoted(segment)));
            }
            continue;
        };
        let Some(units) = smallest_variant(cx.plan) else {
            return out.skip(Context::Traffic, "no planned units of a primary metric");
        };
        // What the audience lets in is the whole; parts that are not listed can only make it larger.
        let conditions = conditions_on(cx, segment);
        let listed: Vec<(&At<String>, &At<Share>)> =
            shares.iter().filter(|(value, _)| conditions.iter().all(|test| test.may_hold(value))).collect();
        let whole = if conditions.is_empty() { 1.0 } else { listed.iter().map(|(_, share)| share.fraction()).sum() };
        let least = cx.policy.min_cell.value as f64;
        // A variant that is too small for any split is told by its power.
        let values = attribute.values.value().map_or(listed.len(), |values| values.len()).max(2);
        if units < least * values as f64 {
            continue;
        }
        let mut small: Vec<(&At<String>, &At<Share>, f64)> = listed
            .iter()
            .map(|(value, share)| (*value, *share, units * share.fraction() / whole))
            .filter(|(_, _, cell)| *cell < least)
            .collect();
        small.sort_by(|a, b| a.2.total_cmp(&b.2));
        let Some((value, share, cell)) = small.first() else { continue };
        let headline = match small.len() {
            1 => format!("value {} of segment {} is expected for {}", quoted(value), quoted(segment), units_text(*cell)),
            number => format!("{number} values of segment {} are expected for few units", quoted(segment)),
        };
        let mut found = place::at_value(cx, &RULE, Some(segment.span), "design", headline)
            .label(format!("fewer than {}, in a variant of {}", count(least), units_text(units)))
            .also(share.span, format!("{}: {}", share.value, units_text(*cell)))
            .fact("units", *cell)
            .fact("least", least);
        for (value, share, cell) in small.iter().skip(1).take(4) {
            found = found.also(share.span, format!("{}: {}", quoted(value), units_text(*cell)));
        }
        if let Some(span) = cx.policy.min_cell.span() {
            found = found.also(span, "the limit");
        }
        out.push(
            found
                .help("segment by an attribute with fewer values, which joins the small ones")
                .help(format!("or take {} out of `segments`", quoted(segment))),
        );
    }
}

fn units_text(units: f64) -> String {
    let number = count(units);
    if number == "1" { "1 unit".to_owned() } else { format!("{number} units") }
}

/// Planned units of the smallest variant, by the primary metric that has fewest of them.
fn smallest_variant(plan: &Plan) -> Option<f64> {
    let primaries = plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
    primaries.filter_map(|sized| sized.result.as_ref().ok()).map(|sizing| sizing.control.min(sizing.treatment)).reduce(f64::min)
}

/// A condition that lets in, on one attribute.
struct Test<'a>(&'a Condition);

impl Test<'_> {
    /// False only when the value certainly fails the condition.
    fn may_hold(&self, value: &str) -> bool {
        let is = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => text == value,
            other => other.to_string() == value,
        };
        self.0.comparisons().iter().all(|comparison| match &comparison.value {
            Comparison::In(list) => list.broken || list.iter().any(|item| is(item)),
            Comparison::NotIn(list) => !list.iter().any(|item| is(item)),
            Comparison::Is(scalar) => is(scalar),
            Comparison::IsNot(scalar) => !is(scalar),
            _ => true,
        })
    }
}

fn conditions_on<'a>(cx: &PlanCx<'a>, attribute: &str) -> Vec<Test<'a>> {
    let conditions = cx.plan.audience.conditions.iter();
    let own = conditions.filter(|condition| condition.attribute.value().is_some_and(|name| name == attribute));
    own.map(|condition| Test(&condition.value)).collect()
}

/// Shares that cannot be: of unknown values, or more than all units.
fn shares(cx: &PortfolioCx<'_>, out: &mut Sink) {
    /// Shares are decimals in binary: ten times 10 % is all units.
    const SLACK: f64 = 1e-9;
    for (name, _, attribute) in cx.catalog.attributes.iter() {
        let Some(shares) = attribute.shares.get().filter(|shares| !shares.broken) else { continue };
        let sum: f64 = shares.iter().map(|(_, share)| share.fraction()).sum();
        if 1.0 + SLACK < sum {
            out.push(
                RULE.at(shares.span, format!("the shares of {} add up to {}", quoted(name), percent(sum)))
                    .label("more than all units")
                    .help("measure them again over the same days; what is not listed needs no share"),
            );
        }
        let Some(known) = attribute.values.get().filter(|values| !values.broken && !values.is_empty()) else { continue };
        let text = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => text.clone(),
            other => other.to_string(),
        };
        let names: Vec<String> = known.iter().map(|value| text(value)).collect();
        for (value, _) in shares.iter().filter(|(value, _)| !names.contains(&value.value)) {
            out.push(
                RULE.at(value.span, format!("{} has a share for {}, which is not among its values", quoted(name), quoted(value)))
                    .label("nobody has it")
                    .also(known.span, "its values")
                    .help(format!("one of {}; or add it to `values`", listed(names.iter().map(String::as_str), 8))),
            );
        }
    }
}
