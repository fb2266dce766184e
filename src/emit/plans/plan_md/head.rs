//! The top of the page: what it is, what is still missing, what was changed in sight of the results, and why it is run.

use super::measures::effect_text;
use super::{bullets, counted, dated, items, joined, or_not_set, window_of};
use crate::change::deviations;
use crate::emit::plans::Request;
use crate::emit::plans::markdown::{Table, code, fragment, text};
use crate::plan::Unsized;
use crate::spec::{Day, Direction, Method, Population, Role};

pub(super) fn head(request: &Request<'_>) -> String {
    let plan = request.plan;
    let title = plan.title.as_ref().map_or(&*plan.id, |title| &title.value);
    let experiment = request.spec.experiment.value();
    let decider = request.spec.decision.value().and_then(|decision| decision.decider.value());
    let day = |known: &Option<crate::plan::Known<Day>>| known.as_ref().map(|known| dated(known.value));
    let mut table = Table::new(&["Experiment", "Status", "Owner", "Objective", "Enrolment", "Decision", "Decider"]);
    let enrolment = match (day(&plan.calendar.start), day(&plan.calendar.end)) {
        (Some(start), Some(end)) => Some(format!("{start} to {end}")),
        (Some(start), None) => Some(format!("from {start}")),
        (None, _) => None,
    };
    table.row(vec![
        code(&plan.id),
        plan.status.value.to_string(),
        or_not_set(plan.owner.as_ref().map(|owner| text(&owner.value))),
        or_not_set(plan.objective.as_ref().map(|objective| text(&objective.value))),
        or_not_set(enrolment),
        or_not_set(day(&plan.calendar.decide)),
        or_not_set(decider.map(|decider| text(decider))),
    ]);
    let shown = text(title);
    let mut out = format!("# {}\n\n{}", if shown.is_empty() { "Untitled experiment" } else { &shown }, table.print());
    let links = experiment.and_then(|experiment| experiment.links.value());
    let mut lines = Vec::new();
    if let Some(links) = links {
        lines.extend(links.ticket.value().map(|link| format!("Ticket: {}", code(link))));
        lines.extend(links.design.value().map(|link| format!("Design: {}", code(link))));
        for link in items(Some(&links.evidence)) {
            lines.push(format!("Evidence: {}", code(&link.value)));
        }
        for previous in items(Some(&links.previous)) {
            lines.push(format!("Builds on: {}", code(&previous.value)));
        }
    }
    if !lines.is_empty() {
        out += &bullets(lines);
    }
    out
}

/// What a reviewer has to ask for.
pub(super) fn missing(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut lines: Vec<String> = Vec::new();
    let mut need = |absent: bool, what: &str| {
        if absent {
            lines.push(what.to_owned());
        }
    };
    need(plan.title.is_none(), "a title");
    need(plan.owner.is_none(), "an owner");
    need(plan.because.is_none(), "the observation behind the hypothesis (`because`)");
    need(plan.change.is_none(), "the change that is tried (`change`)");
    need(plan.expectations.is_empty(), "the movement that is expected (`expect`)");
    need(plan.variants.len() < 2, "two variants or more");
    need(!plan.variants.is_empty() && plan.control().is_none(), "a control variant");
    need(
        !plan.variants.is_empty() && plan.variants.iter().all(|variant| variant.fraction <= 0.0),
        "a variant with a weight above 0",
    );
    need(plan.audience.unit.is_none(), "the unit of randomisation");
    let exposed = plan.exposure.population.value == Population::Exposed;
    need(exposed && plan.exposure.event.is_none(), "the event that counts as exposure");
    need(plan.metrics_of(Role::Primary).next().is_none(), "a primary metric");
    need(plan.metrics_of(Role::Guardrail).next().is_none(), "a guardrail");
    need(plan.calendar.start.is_none(), "the first day of enrolment");
    need(plan.calendar.days == 0, "how long it runs");
    need(plan.calendar.decide.is_none(), "the day of the decision");
    need(plan.decision.as_ref().is_none_or(|table| table.rows.is_empty()), "rules for the decision");
    need(plan.audience.daily_units.is_none(), "the number of eligible units per day");
    let sequential = plan.design.method.value == Method::GroupSequential;
    need(sequential && plan.design.spending.is_none(), "how alpha is spent over the looks");
    need(sequential && plan.design.looks.is_empty(), "the looks");
    let mut without_effect: Vec<&str> = Vec::new();
    for metric in &plan.metrics {
        let (effect, noun) = match metric.role {
            Role::Primary => (&metric.mde, "an MDE"),
            Role::Guardrail => (&metric.margin, "a margin"),
            Role::Secondary | Role::Monitor => continue,
        };
        if effect.as_ref().is_none_or(|effect| effect.fault.is_some()) {
            let usable = if effect.is_some() { " that can be used" } else { "" };
            lines.push(format!("{noun} for {}{usable}", code(&metric.name)));
            without_effect.push(&metric.name);
        }
    }
    for metric in &plan.metrics {
        if metric.defined.is_none() {
            lines.push(format!("a definition of {} in the catalogue", code(&metric.name)));
        } else if metric.role != Role::Monitor && metric.window.is_none() {
            lines.push(format!("a window for {}", code(&metric.name)));
        } else if metric.role != Role::Monitor && window_of(request, metric).is_none() {
            lines.push(format!("a window for {} that ends after it starts", code(&metric.name)));
        }
    }
    for sized in &plan.sizes {
        if let Err(reason) = &sized.result {
            let known = plan.metric(&sized.metric).is_some_and(|metric| metric.defined.is_some());
            let line = format!("a size for {}: {}", code(&sized.metric), text(&reason.to_string()));
            // What this version cannot size is no fault of the author; the section on sizes says it.
            if matches!(reason, Unsized::Unsupported(_)) {
                continue;
            }
            let told = without_effect.contains(&&*sized.metric)
                || matches!(reason, Unsized::Missing(what) if plan.audience.daily_units.is_none() && what.contains("per day"));
            if known && !told && !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let much = counted(lines.len() as u64, "part");
    let verb = if lines.len() == 1 { "is" } else { "are" };
    format!("## Still missing\n\nThis plan is not complete: {much} {verb} missing or unusable.\n\n{}", bullets(lines))
}

pub(super) fn hypothesis(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## Hypothesis\n\n".to_owned();
    let movements: Vec<String> = plan
        .expectations
        .iter()
        .map(|expectation| {
            let by = expectation.by.as_ref().filter(|by| !by.text.is_empty());
            let by = by.map(|by| format!(" by {}", effect_text(by))).unwrap_or_default();
            let verb = match expectation.direction.as_ref().map(|direction| direction.value) {
                Some(Direction::Increase) => "increase",
                Some(Direction::Decrease) => "decrease",
                None => "move (the direction is not said)",
            };
            format!("{} will {verb}{by}", code(&expectation.metric.value))
        })
        .collect();
    let because = match &plan.because {
        Some(because) => format!("Because {},", fragment(&because.value)),
        None => "Because *(not said yet)*,".to_owned(),
    };
    let change = match &plan.change {
        Some(change) => format!("we believe that if we {},", fragment(&change.value)),
        None => "we believe that if we make *(a change not said yet)*,".to_owned(),
    };
    let moves = if movements.is_empty() { "*(no movement is registered yet)*".to_owned() } else { joined(&movements) };
    out += &format!("{because}\n{change}\nthen {moves}.\n\n");
    let harm = request.spec.hypothesis.value().and_then(|hypothesis| hypothesis.harm_test.copied()) == Some(true);
    if harm {
        out += "This experiment measures a harm on purpose: the expected direction is the bad one.\n\n";
    }
    out
}

/// What was changed in sight of the results: it stands before everything it touches.
pub(super) fn deviated(request: &Request<'_>) -> String {
    let mut table = Table::new(&["On", "By", "Changed", "Why"]);
    let mut none = true;
    for amendment in items(Some(&request.spec.amendments)) {
        let fields: Vec<String> = deviations(amendment).iter().map(|field| code(&field.value)).collect();
        if !fields.is_empty() {
            none = false;
            table.row(vec![
                or_not_set(amendment.at.copied().map(dated)),
                or_not_set(amendment.by.value().map(|by| text(by))),
                fields.join(", "),
                or_not_set(amendment.reason.value().map(|reason| text(reason))),
            ]);
        }
    }
    if none {
        return String::new();
    }
    format!(
        "## Deviations from the sealed plan\n\nThese parts were changed after results by variant had been seen. What they show is exploratory: the decision \
         follows the plan as it was sealed.\n\n{}",
        table.print()
    )
}
