//! What is unusual about a plan in its simulations, a sentence each.

use super::model::{Model, Trigger};
use super::report::{Expected, Figure, Quantity, ScenarioReport};
use super::scenario::ScenarioKind;
use crate::spec::rollout::Harm;

/// Harmless runs that a trigger may end before somebody should hear of it.
const MANY_ROLLED_BACK: f64 = 0.05;
const MANY_HELD: f64 = 0.1;
const FEW_PASSES: f64 = 0.8;
/// A run that ships less often than this part of its tests' power is stopped by something else.
const FEW_SHIPPED: f64 = 0.75;
const MUCH_EXAGGERATED: f64 = 1.25;
/// Figures that differ are named up to this many.
const MOST_NAMED: usize = 5;

/// The remarks, the gravest first.
pub fn remarks(model: &Model, reports: &[ScenarioReport]) -> Vec<String> {
    let mut out = Vec::new();
    differing(reports, &mut out);
    let scenario = |kind: &ScenarioKind| reports.iter().find(|report| report.scenario.kind == *kind);
    if let Some(still) = scenario(&ScenarioKind::NoEffect) {
        harmless(model, still, &mut out);
    }
    if let Some(moved) = scenario(&ScenarioKind::AtMde) {
        at_the_mde(model, moved, &mut out);
    }
    out
}

fn differing(reports: &[ScenarioReport], out: &mut Vec<String>) {
    let all: Vec<(&ScenarioReport, &Figure)> = reports
        .iter()
        .flat_map(|report| report.figures.iter().map(move |figure| (report, figure)))
        .filter(|(_, figure)| figure.differs)
        .collect();
    for (report, figure) in all.iter().take(MOST_NAMED) {
        let Some(expected) = figure.expected else { continue };
        let (relation, plan) = match expected {
            Expected::Value(plan) => ("", plan),
            Expected::AtMost(plan) => ("at most ", plan),
            Expected::AtLeast(plan) => ("at least ", plan),
        };
        let of = if figure.of.is_empty() { String::new() } else { format!(" of {}", figure.of) };
        let scale = if figure.quantity.is_share() { 100.0 } else { 1.0 };
        let unit = if figure.quantity.is_share() { " %" } else { "" };
        out.push(format!(
            "{}: `{}`{of} is {:.2}{unit} and the plan computes {relation}{:.2}{unit}, more than four standard errors apart.",
            report.scenario.kind.title(),
            figure.quantity.key(),
            scale * figure.value,
            scale * plan
        ));
    }
    if MOST_NAMED < all.len() {
        out.push(format!("{} more figures lie as far from the plan; JSON and CSV mark them.", all.len() - MOST_NAMED));
    }
}

fn harmless(model: &Model, still: &ScenarioReport, out: &mut Vec<String>) {
    let rolled_back = still.figures.iter().filter(|figure| figure.quantity == Quantity::RolledBack);
    for (trigger, figure) in model.triggers.iter().zip(rolled_back) {
        if figure.value < MANY_ROLLED_BACK {
            continue;
        }
        let share = percent(figure.value);
        let cure = match enough_units(model, trigger) {
            Some(units) if most_units(model) < units => {
                format!(
                    "even the {} units of a whole run do not tell its threshold from chance",
                    whole(most_units(model))
                )
            }
            Some(units) if trigger.least_units < units => {
                format!("raise its min_units from {} to {}", whole(trigger.least_units), whole(units))
            }
            _ => "its threshold lies too near the baseline".to_owned(),
        };
        out.push(format!("{share} of harmless runs are rolled back by {}: {cure}.", figure.of));
    }
    if let Some(held) = still.share(Quantity::Decision, "held at a gate").filter(|share| MANY_HELD <= *share) {
        out.push(format!(
            "{} of harmless runs are held at a gate: each gate tests every guardrail at the whole alpha.",
            percent(held)
        ));
    }
    for figure in &still.figures {
        if figure.quantity == Quantity::GuardrailPasses && figure.value < FEW_PASSES {
            out.push(format!(
                "{} passes in {} of harmless runs only: its margin asks for more units.",
                figure.of,
                percent(figure.value)
            ));
        }
    }
}

fn at_the_mde(model: &Model, moved: &ScenarioReport, out: &mut Vec<String>) {
    let shipped = moved.share(Quantity::Decision, "ship");
    let of_tests = moved.figures.iter().filter(|figure| figure.quantity == Quantity::BetterByTests);
    let power = of_tests.map(|figure| figure.value).reduce(f64::max);
    if let (Some(shipped), Some(power), true) = (shipped, power, model.table.is_some())
        && shipped < FEW_SHIPPED * power
    {
        let ends =
            [("rolled back", "rolled back"), ("held at a gate", "held at a gate"), ("iterate", "sent to iterate")];
        let main = ends.iter().map(|(of, words)| (moved.share(Quantity::Decision, of).unwrap_or(0.0), *words));
        let (most, words) = main.fold((0.0, ""), |best, own| if best.0 < own.0 { own } else { best });
        let why = if most < 0.05 { String::new() } else { format!("; {} are {words}", percent(most)) };
        out.push(format!(
            "A real effect ships in {} of runs, though its test alone finds it in {}{why}.",
            percent(shipped),
            percent(power)
        ));
    }
    for figure in &moved.figures {
        if figure.quantity == Quantity::Exaggeration && MUCH_EXAGGERATED <= figure.value {
            out.push(format!(
                "What is claimed of {} is {:.2} times the true effect on average.",
                figure.of, figure.value
            ));
        }
    }
}

/// Units of each variant at which chance alone takes an observed value past a trigger once in thirty thousand days:
/// four standard errors.
fn enough_units(model: &Model, trigger: &Trigger) -> Option<f64> {
    let law = model.law(trigger.measure, 0, 0.0)?;
    let measure = model.measures.get(trigger.measure)?;
    let (room, arms) = match trigger.harm {
        Harm::Margin | Harm::Difference => (trigger.threshold, 2.0),
        Harm::Level => (measure.good * (measure.baseline - trigger.threshold), 1.0),
    };
    let drawn = 16.0 * arms * law.variance / (room * room);
    let units = drawn * measure.units_of_draw;
    // To two digits, so that a person can type it.
    let step = libm::pow(10.0, (libm::log10(units) - 1.0).floor());
    (0.0 < room && units.is_finite()).then(|| (units / step).ceil() * step)
}

/// Units of the smaller variant by the end.
fn most_units(model: &Model) -> f64 {
    let of = |arm: usize| model.arrivals.iter().map(|segment| segment[arm]).sum::<f64>() * model.members;
    (0..model.arms.len()).map(of).reduce(f64::min).unwrap_or(0.0)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn whole(units: f64) -> String {
    format!("{units:.0}")
}
