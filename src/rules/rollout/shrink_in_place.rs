//! ROL007 shrink-in-place.

use crate::plan::PlannedVariant;
use crate::portfolio::Compiled;
use crate::rules::place::covered_by_new_amendment;
use crate::rules::prelude::*;
use crate::spec::{Comparison, Condition, Scalar, VersionRange};

rule! {
    /// The share, the audience or a variant's part of a running experiment gets smaller.
    ///
    /// ## Why
    /// Those who drop out are not a random part of those who came: who stays has seen the treatment longer, and the
    /// analysis reads the rest as if it were all. A new phase, or a new experiment, starts from fresh units.
    ///
    /// ## Source
    /// GrowthBook, making changes while running; Wikimedia Foundation, test lifecycle.
    ///
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// [audience]
    /// share = "50%"
    /// #: base
    /// [audience]
    /// share = "60%"
    /// ```
    /// ```toml,bad
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// [audience]
    /// where = [{ attribute = "country", in = ["US"] }]
    /// #: base
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    /// ```toml,good
    /// #: today 2027-01-20
    /// [experiment]
    /// status = "running"
    /// [audience]
    /// share = "50%"
    /// #: base
    /// [audience]
    /// share = "40%"
    /// ```
    /// ```toml,good
    /// [audience]
    /// where = [{ attribute = "country", in = ["US"] }]
    /// #: base
    /// [audience]
    /// where = [{ attribute = "country", in = ["US", "CA"] }]
    /// ```
    static RULE = {
        code: "ROL007", name: "shrink-in-place", since: "0.1.0",
        level: Error, needs: [Base],
        check: Plan(check),
    }
}

/// Parts are compared with this slack: a part that differs by less moves nobody.
const SLACK: f64 = 1e-9;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let (Some(base), Status::Running) = (cx.base, cx.plan.status.value) else { return };
    let Some(before) = base.before_edit(&cx.document.path) else { return };
    if before.plan.status.value != Status::Running || cx.is_incomplete() || before.document.is_damaged() {
        return;
    }
    share(cx, before, out);
    conditions(cx, before, out);
    variants(cx, before, out);
}

fn share(cx: &PlanCx<'_>, before: &Compiled, out: &mut Sink) {
    let (old, new) = (&before.plan.audience.share, &cx.plan.audience.share);
    if old.value.fraction() - SLACK <= new.value.fraction() || covered_by_new_amendment(cx, before, "audience.share") {
        return;
    }
    let (was, is) = (percent(old.value.fraction()), percent(new.value.fraction()));
    let found = at(cx, new.span(), format!("the share falls from {was} to {is} while it runs"));
    out.push(ways_out(found.label(format!("was {was}")), &format!("write \"{was}\""), "audience.share"));
}

fn conditions(cx: &PlanCx<'_>, before: &Compiled, out: &mut Sink) {
    if covered_by_new_amendment(cx, before, "audience.where") || covered_by_new_amendment(cx, before, "audience.exclude") {
        return;
    }
    let (old, new) = (&before.plan.audience, &cx.plan.audience);
    // A condition keeps somebody out unless one that was there already did; an exclusion likewise, turned round.
    let narrower = new.conditions.iter().find(|new| !old.conditions.iter().any(|old| implies(old, new)));
    let wider = || new.exclusions.iter().find(|new| !old.exclusions.iter().any(|old| implies(new, old)));
    let Some(condition) = narrower.or_else(wider).filter(|condition| !condition.is_broken()) else { return };
    let found = at(cx, Some(condition.span), format!("the audience is cut while it runs, by {}", quoted(&condition.to_string())));
    out.push(ways_out(found.label("keeps out some who were in"), "take the condition back", "audience.where"));
}

/// True when whoever meets the first condition meets the second.
fn implies(a: &Condition, b: &Condition) -> bool {
    if a.attribute.value() != b.attribute.value() {
        return false;
    }
    let all_in = |a: &crate::spec::List<Scalar>, b: &crate::spec::List<Scalar>| {
        a.iter().all(|one| b.iter().any(|other| one.value == other.value))
    };
    match (a.comparisons().as_slice(), b.comparisons().as_slice()) {
        ([a], [b]) => match (a.value, b.value) {
            (Comparison::In(a), Comparison::In(b)) => all_in(a, b),
            (Comparison::Is(a), Comparison::In(b)) => b.iter().any(|other| *a == other.value),
            (Comparison::NotIn(a), Comparison::NotIn(b)) => all_in(b, a),
            (Comparison::AtLeast(a) | Comparison::Above(a), Comparison::AtLeast(b)) => b <= a,
            (Comparison::Above(a), Comparison::Above(b)) => b <= a,
            (Comparison::AtMost(a) | Comparison::Below(a), Comparison::AtMost(b)) => a <= b,
            (Comparison::Below(a), Comparison::Below(b)) => a <= b,
            (Comparison::StartsWith(a), Comparison::StartsWith(b)) => a.starts_with(b),
            (Comparison::EndsWith(a), Comparison::EndsWith(b)) => a.ends_with(b),
            (Comparison::Version(a), Comparison::Version(b)) => a == b || is_later(a, b),
            (a, b) => a == b,
        },
        _ => a.to_string() == b.to_string(),
    }
}

/// True for `>=5.3.0` and `>=5.2.0`: the first range lies in the second. Other ranges are not compared.
fn is_later(a: &VersionRange, b: &VersionRange) -> bool {
    a.comparison == ">=" && b.comparison == ">=" && b.version <= a.version
}

fn variants(cx: &PlanCx<'_>, before: &Compiled, out: &mut Sink) {
    if covered_by_new_amendment(cx, before, "variants") {
        return;
    }
    let now = |old: &PlannedVariant| cx.plan.variants.iter().find(|variant| variant.name == old.name);
    for old in &before.plan.variants {
        let was = percent(old.fraction);
        let found = match now(old) {
            None => at(cx, Some(cx.home("variants")), format!("variant {} is taken away while it runs", quoted(&old.name)))
                .label(format!("{} had {was} of all", quoted(&old.name))),
            Some(new) if new.fraction < old.fraction - SLACK => {
                let is = percent(new.fraction);
                let place = new.weight.span().or(Some(new.span));
                at(cx, place, format!("variant {} falls from {was} to {is} while it runs", quoted(&new.name)))
                    .label(format!("was {was} of all"))
            }
            Some(_) => continue,
        };
        out.push(ways_out(found, "take the weights back", "variants"));
        // The others take what it loses.
        return;
    }
}

fn at(cx: &PlanCx<'_>, span: Option<Span>, headline: String) -> Diagnostic {
    crate::rules::place::at_value(cx, &RULE, span, "audience", headline)
}

fn ways_out(found: Diagnostic, back: &str, field: &str) -> Diagnostic {
    found
        .help(format!("{back}, or stop it and start a new experiment with `links.previous`"))
        .help(format!("if it has to be, declare it: an amendment with `fields = [\"{field}\"]`"))
}
