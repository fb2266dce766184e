//! EMI013 undecidable-here.

use crate::plan::analysers::{ANALYSERS, Analyser, analyser};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Method;

rule! {
    /// The analysis platform cannot decide what the spec registers.
    ///
    /// ## Why
    /// Found on the day of the decision, it is too late: the numbers are there, and nobody can judge them as planned.
    ///
    /// ## How
    /// `[analysis] target` in expc.toml names the platform that computes the results. Only limits that were seen in its
    /// format or its manual count.
    ///
    /// ## Source
    /// 15 of 47 running public designs had more variants than their analyser can compare; formats and manuals of the
    /// platforms.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [analysis]
    /// target = "growthbok"
    /// ```
    /// ```toml,fixed
    /// #: file expc.toml
    /// analysis.target = "growthbook"
    /// #: leaves EMI013 the margins of the guardrails
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [analysis]
    /// target = "growthbook"
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [analysis]
    /// target = "metricflow"
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [analysis]
    /// target = "spotify-confidence"
    /// ```
    static RULE = {
        code: "EMI013", name: "undecidable-here", since: "0.1.0",
        level: Error in drafts Warn, fix: Suggested, needs: [Targets],
        check: Workspace(check_name), Plan(check),
    }
}

fn target(workspace: &crate::portfolio::Workspace) -> Option<&At<String>> {
    workspace.file.analysis.value()?.target.get()
}

fn check_name(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let Some(name) = target(cx.workspace).filter(|name| analyser(name).is_none()) else { return };
    let names = || ANALYSERS.iter().map(|known| known.name);
    let found = RULE.at(name.span, format!("unknown analysis platform {}", quoted(name)));
    out.push(match nearest(name, names()) {
        Some(near) => found.label(format!("did you mean `{near}`?")).fix(
            Applicability::Suggested,
            format!("write \"{near}\""),
            vec![Edit { span: name.span, replacement: format!("\"{near}\"") }],
        ),
        None => found.label("nothing is known of it").help(format!("choose {}", one_of(names(), 12))),
    });
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(name) = target(cx.workspace) else { return };
    let Some(known) = analyser(name).filter(|_| !cx.plan.status.value.is_over()) else { return };
    if let Some(only) = known.only {
        // One finding for all experiments: it stands in expc.toml.
        out.push(
            RULE.at(name.span, format!("{} decides no experiment", known.called))
                .label(format!("it holds {only}"))
                .help("name the platform that tests the results"),
        );
        return;
    }
    metrics(cx, known, name.span, out);
    let method = &cx.plan.design.method;
    if method.value == Method::GroupSequential && !known.has_looks {
        let headline = format!("{} keeps no schedule of looks", known.called);
        out.push(
            place::at_value(cx, &RULE, method.span(), "design", headline)
                .label("its sequential tests have other bounds")
                .also(name.span, "the analysis platform")
                .help("use `method = \"fixed\"`, or decide by the bounds in the plan"),
        );
    }
}

fn metrics(cx: &PlanCx<'_>, known: &Analyser, platform: Span, out: &mut Sink) {
    let mut beyond = Vec::new();
    for metric in place::deciding(cx.plan) {
        let lacking = metric.kind.as_ref().filter(|kind| known.lacks.contains(&kind.value));
        if let Some(kind) = lacking {
            let headline = format!("{} cannot test {}", known.called, quoted(&metric.name));
            let found = place::at_metric(cx, &RULE, metric, headline)
                .label(format!("it has no {} metrics", kind.value))
                .also(platform, "the analysis platform");
            let found = match kind.span() {
                Some(span) => found.also(span, "the kind"),
                None => found,
            };
            out.push(found.help("decide by a metric of another kind, and keep this one as a monitor"));
        } else if metric.role == Role::Guardrail && metric.margin.is_some() && !known.has_margins {
            beyond.push(metric);
        }
    }
    let Some((first, others)) = beyond.split_first() else { return };
    let headline = format!("{} tests no margin", known.called);
    let mut found = place::at_metric(cx, &RULE, first, headline)
        .label(format!("the margin of {} would not be judged", quoted(&first.name)))
        .also(platform, "the analysis platform");
    for other in others.iter().filter(|other| other.span.file == cx.document.file) {
        found = found.also(other.span, "nor this one");
    }
    out.push(found.help("judge guardrails by the plan, or name a platform that tests margins"));
}
