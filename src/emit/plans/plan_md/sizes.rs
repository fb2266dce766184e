//! How large it is, what a win is worth, and the power by week.

use super::{bullets, counted, dated, joined};
use crate::emit::plans::Request;
use crate::emit::plans::document::{origins, sized_for};
use crate::emit::plans::markdown::{Table, code, text};
use crate::emit::plans::power::{horizon, weakest};
use crate::emit::plans::show::{self, count, difference, percent, short};
use crate::plan::{Plan, Sized, Sizing, USUAL_CORRELATION, Unsized, Way};
use crate::spec::quantity::plain;
use crate::spec::{Correction, Role};
use crate::stats::comparison::Claim;

pub(super) fn sizes(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## How large it is\n\n".to_owned();
    let sized: Vec<(&Sized, &Sizing)> =
        plan.sizes.iter().filter_map(|sized| Some((sized, sized.result.as_ref().ok()?))).collect();
    let mut unsupported: Vec<String> = Vec::new();
    for sized in &plan.sizes {
        if let Err(Unsized::Unsupported(why)) = &sized.result {
            let line = format!("No size for {}: {}.\n\n", code(&sized.metric), text(why));
            if !unsupported.contains(&line) {
                unsupported.push(line);
            }
        }
    }
    out += &unsupported.concat();
    if sized.is_empty() {
        if unsupported.is_empty() {
            out += "No tested metric could be sized: see what is missing.\n\n";
        }
    } else {
        let mut table = Table::new(&[
            "Metric",
            "Variant",
            "Claim",
            ">Sized for",
            ">Needed",
            ">Available",
            ">Power",
            ">Goal",
            ">Detectable",
            "Verdict",
        ]);
        for (sized, sizing) in &sized {
            table.row(size_row(request, sized, sizing));
        }
        out += &table.print();
        out += "Units are units of analysis in control and in the treatment.\n";
        out += "Detectable is the smallest effect or margin that reaches the goal with the units available.\n";
        out += &factor_line(&sized);
        out.push('\n');
        out += &worth(&sized);
        out += &ships(plan);
    }
    let mut table = Table::new(&["Number", ">Value", "From"]);
    for line in origins(&request.inputs) {
        let from = match &line.at {
            Some(at) => code(at),
            None => text(&line.from),
        };
        table.row(vec![code(&line.number), text(&line.value), from]);
    }
    if !table.is_empty() {
        out += "### Where the numbers come from\n\n";
        out += &table.print();
    }
    out
}

pub(super) fn both(control: f64, treatment: f64) -> String {
    if count(control) == count(treatment) {
        format!("2 × {}", count(control))
    } else {
        format!("{} + {}", count(control), count(treatment))
    }
}

fn claim_word(claim: Claim) -> &'static str {
    match claim {
        Claim::Superiority { .. } => "superiority",
        Claim::SuperiorityByMargin { .. } => "superiority by a margin",
        Claim::NonInferiority { .. } => "non-inferiority",
        Claim::Equivalence { .. } => "equivalence",
    }
}

fn size_row(request: &Request<'_>, sized: &Sized, sizing: &Sizing) -> Vec<String> {
    let metric = request.plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role);
    vec![
        code(&sized.metric),
        code(&sized.treatment),
        claim_word(sizing.comparison.claim).to_owned(),
        text(&difference(metric, sized_for(sizing.comparison.claim) * sizing.unit)),
        both(sizing.need.control_units as f64, sizing.need.treatment_units as f64),
        both(sizing.control.floor(), sizing.treatment.floor()),
        show::power(sizing.power),
        percent(sizing.power_goal),
        sizing.detectable().map(|detectable| text(&difference(metric, detectable.abs()))).unwrap_or_default(),
        if sizing.is_short() { "**too few**" } else { "enough" }.to_owned(),
    ]
}

/// The factors that differ from 1, which is what makes a size surprising.
fn factor_line(sized: &[(&Sized, &Sizing)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (sized, sizing) in sized {
        let factors = &sizing.factors;
        let parts: Vec<String> = [
            ("variance reduction", factors.reduction),
            ("looks", factors.inflation),
            ("groups", factors.design_effect),
        ]
        .into_iter()
        .filter(|(_, factor)| 1e-9 < (factor - 1.0).abs())
        .map(|(name, factor)| format!("{} for {name}", short(factor)))
        .collect();
        if !parts.is_empty() {
            let line = format!("The size of {} holds a factor of {}.\n", code(&sized.metric), joined(&parts));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.concat()
}

/// A win that overstates by less than this is as good as true.
const NOTICED: f64 = 1.005;

/// What a win will be worth, how likely it is before the effect is known, and where a formula is stretched.
fn worth(sized: &[(&Sized, &Sizing)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (sized, sizing) in sized {
        let of = format!("{} in {}", code(&sized.metric), code(&sized.treatment));
        if sized.role == Role::Primary
            && let Some(worth) = sizing.exaggeration().filter(|worth| NOTICED <= worth.magnitude)
        {
            lines.push(format!(
                "A win of {of} overstates the planned effect {} times on average{}, and points the wrong way in {} of wins.",
                short(worth.magnitude),
                if matches!(sizing.way, Way::Looks(_)) { " at the last look and more at an earlier one" } else { "" },
                rare(worth.wrong_sign)
            ));
        }
        if let Some(assurance) = sizing.assurance() {
            lines.push(format!(
                "Before the effect is known, {of} meets the rule with a probability of {} (assurance); with ever more units, {}.",
                show::power(assurance.success),
                show::power(assurance.limit)
            ));
        }
        for caution in sizing.cautions() {
            lines.push(format!("Mind {of}: {}.", text(&caution.to_string())));
        }
    }
    if lines.is_empty() { String::new() } else { bullets(lines) }
}

/// A probability that is often too small to be read.
fn rare(probability: f64) -> String {
    if probability < 1e-4 { "less than 0.01 %".to_owned() } else { percent(probability) }
}

/// How likely each treatment is to ship.
fn ships(plan: &Plan) -> String {
    let ships = plan.ships();
    if ships.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["Variant", ">Ships, metrics independent", ">Ships, metrics correlated"]);
    for ship in &ships {
        table.row(vec![code(&ship.treatment), show::power(ship.independent), show::power(ship.correlated)]);
    }
    format!(
        "### How likely it is to ship\n\n{}{} and every guardrail passes, with effects as planned, guardrails that do not move, and sound data.\nCorrelated: {} between every two estimates.\n\n",
        table.print(),
        match plan.design.correction.value {
            Correction::FixedSequence => "Ships: every claim up to the first one of the variant succeeds",
            _ => "Ships: a primary metric succeeds",
        },
        plain(USUAL_CORRELATION)
    )
}

pub(super) fn power_by_week(request: &Request<'_>) -> String {
    let plan = request.plan;
    let weakest = weakest(plan);
    if weakest.is_empty() {
        return String::new();
    }
    let mut out = "### Power by week\n\n![power](power.svg)\n\n".to_owned();
    let weeks = horizon(plan);
    let rows: Vec<Vec<crate::plan::Week>> = weakest.iter().map(|(_, sizing)| sizing.weeks(plan, weeks)).collect();
    let start = plan.calendar.start.as_ref().map(|start| start.value);
    let mut head = vec![">Week".to_owned()];
    if start.is_some() {
        head.push("Enrolled until".to_owned());
    }
    head.push(">Control units".to_owned());
    for (sized, _) in &weakest {
        head.push(format!(">{}", code(&sized.metric)));
    }
    let mut table = Table::new(&head);
    // A long run is shown in steps, its last week always.
    let step = weeks.div_ceil(16);
    for week in (1..=weeks).filter(|week| week.is_multiple_of(step) || *week == weeks) {
        let index = week as usize - 1;
        let mut row = vec![week.to_string()];
        row.extend(start.map(|start| dated(start.plus(week * 7 - 1))));
        row.push(
            rows.first().and_then(|rows| rows.get(index)).map(|week| count(week.control.floor())).unwrap_or_default(),
        );
        for ((sized, sizing), weeks) in weakest.iter().zip(&rows) {
            let metric = plan.metrics.iter().find(|metric| metric.name == sized.metric && metric.role == sized.role);
            let Some(week) = weeks.get(index) else { continue };
            let reached = sizing.power_goal <= week.power + 5e-4;
            let power = if reached { format!("**{}**", show::power(week.power)) } else { show::power(week.power) };
            let detectable = week.detectable.map(|detectable| text(&difference(metric, detectable.abs())));
            row.push(detectable.map_or(power.clone(), |detectable| format!("{power}, detects {detectable}")));
        }
        table.row(row);
    }
    out += &table.print();
    out += "Bold: the goal is reached.\n";
    if 1 < plan.treatments().count() {
        out += "Of several treatments, the one with the least power is shown.\n";
    }
    out += &format!("The plan enrols for {}.\n\n", counted(u64::from(plan.calendar.days), "day"));
    out
}
