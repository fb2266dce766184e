//! Who sees what: the variants and the audience.

use super::{bullets, counted};
use crate::emit::plans::Request;
use crate::emit::plans::document::payload_text;
use crate::emit::plans::markdown::{Table, code, fragment, text};
use crate::emit::plans::show::{self, count, exact_percent, percent};
use crate::spec::Population;

pub(super) fn variants(request: &Request<'_>) -> String {
    let plan = request.plan;
    let mut out = "## Variants\n\n".to_owned();
    if plan.variants.is_empty() {
        return out + "No variant is registered yet.\n\n";
    }
    let mut table = Table::new(&["Variant", "Role", ">Split", "What it is", "Flag returns"]);
    for variant in &plan.variants {
        table.row(vec![
            code(&variant.name),
            if variant.control { "control" } else { "treatment" }.to_owned(),
            show::share(variant.fraction),
            variant.about.as_ref().map(|about| text(&about.value)).unwrap_or_default(),
            variant.payload.as_ref().map(|payload| code(&payload_text(&payload.value))).unwrap_or_default(),
        ]);
    }
    out += &table.print();
    out += &format!("The flag is {}.\n", code(&plan.flag.value));
    if let Some(off) = &plan.off {
        out += &format!("Units outside the experiment get {}.\n", code(&payload_text(&off.value)));
    }
    let forced: usize = plan.variants.iter().map(|variant| variant.force.len()).sum();
    if 0 < forced {
        let units = counted(forced as u64, "unit");
        out += &format!("For testing, {units} always get one variant and are not analysed.\n");
    }
    let reason = request.spec.design.value().and_then(|design| design.weights_reason.value());
    if let Some(reason) = reason {
        out += &format!("Weights are unequal because {}.\n", fragment(reason));
    }
    out.push('\n');
    out
}

pub(super) fn audience(request: &Request<'_>) -> String {
    let plan = request.plan;
    let audience = &plan.audience;
    let mut lines = Vec::new();
    lines.push(match &audience.unit {
        Some(unit) => match &audience.key {
            Some(key) => format!("Randomised by {}, hashed from {}.", code(&unit.value), code(&key.value)),
            None => format!("Randomised by {}.", code(&unit.value)),
        },
        None => "The unit of randomisation is not set.".to_owned(),
    });
    if let Some(base) = &audience.base {
        lines.push(format!("Base audience: {}.", code(&base.value)));
    }
    for condition in &audience.conditions {
        lines.push(format!("Must hold: {}.", code(&condition.to_string())));
    }
    for condition in &audience.exclusions {
        lines.push(format!("Keeps out: {}.", code(&condition.to_string())));
    }
    if audience.conditions.is_empty() && audience.exclusions.is_empty() {
        lines.push("No condition: everybody is eligible.".to_owned());
    }
    let daily = audience.daily_units.as_ref();
    let daily = daily.map(|daily| format!(" of about {} eligible units a day", count(daily.value)));
    lines.push(format!(
        "Share: {}{} at the end of the ramp.",
        exact_percent(audience.share.value.fraction()),
        daily.unwrap_or_else(|| " of eligible units, whose number is not known,".to_owned())
    ));
    if let Some(layer) = &audience.layer {
        let slot = match &layer.slot {
            Some(slot) => {
                let (from, to) = slot.value;
                format!(", from {} to {}", exact_percent(from), exact_percent(to))
            }
            None => ", its slot given when the portfolio is built".to_owned(),
        };
        lines.push(format!("Layer {}{slot}: no unit is in two experiments of the layer.", code(&layer.name.value)));
    }
    if let Some(holdout) = &audience.holdout {
        let share = exact_percent(holdout.share.value);
        lines.push(format!("Holdout {}: {share} of units see no experiment.", code(&holdout.name.value)));
    }
    let rate = plan.exposure.rate.value;
    lines.push(match (plan.exposure.population.value, &plan.exposure.event) {
        (Population::Assigned, _) => "All assigned units are analysed, whether they meet the change or not.".to_owned(),
        (Population::Exposed, Some(event)) => {
            format!("A unit counts once it logs {}, which {} of assigned units do.", code(&event.value), percent(rate))
        }
        (Population::Exposed, None) => "Exposed units are analysed; the event that exposes is not set.".to_owned(),
    });
    format!("## Who takes part\n\n{}", bullets(lines))
}
