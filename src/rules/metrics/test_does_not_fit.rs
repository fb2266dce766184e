//! MET020 test-does-not-fit.

use crate::catalog::Kind;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Test;

rule! {
    /// The registered test does not fit the kind of a primary metric.
    ///
    /// ## Why
    /// A test of proportions on a mean, or a test of means on a quantile, has another error rate than it claims.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; Eppo's protocol checks.
    ///
    /// ```toml,bad
    /// [design]
    /// test = "t"
    /// ```
    /// ```toml,fixed
    /// design.test = "z-pooled"
    /// ```
    /// ```toml,good
    /// [design]
    /// test = "z-pooled"
    /// ```
    static RULE = {
        code: "MET020", name: "test-does-not-fit", since: "0.1.0",
        level: Error, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(test) = &cx.plan.design.test else { return };
    let misfit = |metric: &&PlannedMetric| metric.kind.as_ref().is_some_and(|kind| !fits(test.value, kind.value));
    let Some(metric) = cx.plan.metrics_of(Role::Primary).find(misfit) else { return };
    let Some(kind) = &metric.kind else { return };
    let headline = format!("test `{}` does not fit {}, a {}", test.value, quoted(&metric.name), kind.value);
    let mut found = place::at_value(cx, &RULE, test.span(), "design", headline)
        .label(match test.value {
            test if fits(test, Kind::Proportion) => "tests proportions",
            test if fits(test, Kind::Mean) => "tests means",
            test if fits(test, Kind::Count) => "tests counts",
            _ => "tests times to an event",
        })
        .also(metric.span, format!("a {}", kind.value));
    if let Some(span) = kind.span() {
        found = found.also(span, "its kind");
    }
    let fitting = match kind.value {
        Kind::Proportion | Kind::Retention => Some("\"z-pooled\""),
        Kind::Mean | Kind::Count | Kind::Ratio => Some("\"t\""),
        Kind::TimeToEvent => Some("\"schoenfeld\""),
        Kind::Quantile => None,
    };
    let alike = cx.plan.metrics_of(Role::Primary).filter(misfit).count() == cx.plan.metrics_of(Role::Primary).count();
    if let Some(fitting) = fitting.filter(|_| alike) {
        found = place::replace(cx, found, Applicability::Suggested, test.span(), fitting);
    }
    out.push(found.help("remove `test`: the kind of each metric decides"));
}

fn fits(test: Test, kind: Kind) -> bool {
    match kind {
        Kind::Proportion | Kind::Retention => matches!(
            test,
            Test::ZPooled
                | Test::ZUnpooled
                | Test::Arcsine
                | Test::ZContinuity
                | Test::LogOdds
                | Test::FisherExact
                | Test::ExactUnconditional
        ),
        Kind::Mean | Kind::Ratio => matches!(test, Test::Z | Test::T | Test::Welch),
        Kind::Count => matches!(test, Test::Z | Test::T | Test::Welch | Test::Wald | Test::Score),
        Kind::Quantile => test == Test::Z,
        Kind::TimeToEvent => matches!(test, Test::Schoenfeld | Test::Freedman),
    }
}
