//! The looks at the data while it is collected.

use super::sizes::both;
use super::{dated, or_not_set};
use crate::emit::plans::markdown::{Table, code};
use crate::emit::plans::show::{self, percent, short};
use crate::emit::plans::{Request, dated_looks};
use crate::spec::quantity::plain;
use crate::spec::{Correction, Method, Role, Sides, Spending};

pub(super) fn looks(request: &Request<'_>) -> String {
    let design = &request.plan.design;
    if !matches!(design.method.value, Method::GroupSequential | Method::AlwaysValid) {
        return String::new();
    }
    let mut out = "## Looks at the data\n\n".to_owned();
    let always = design.method.value == Method::AlwaysValid;
    if always {
        out += "The bounds hold on any day; the days below show how they narrow.\n\n";
    } else {
        out += &match design.spending.as_ref().map(|spending| spending.value) {
            Some(spending) => {
                let name = match spending {
                    Spending::ObrienFleming => "O'Brien-Fleming",
                    Spending::Pocock => "Pocock",
                    Spending::HwangShihDecani => "Hwang-Shih-DeCani",
                    Spending::KimDemets => "Kim-DeMets",
                };
                let parameter =
                    design.spending_parameter.as_ref().map(|known| format!(", parameter {}", plain(known.value)));
                format!("Alpha is spent by the {name} function{}.\n", parameter.unwrap_or_default())
            }
            None => "How alpha is spent is not set.\n".to_owned(),
        };
        if let Some(futility) = &design.futility
            && let Some(spending) = &futility.spending
        {
            let binds = match futility.binding.value {
                true => "must be obeyed, or alpha is lost",
                false => "may be ignored without loss of alpha",
            };
            out += &format!(
                "A hopeless run stops by {} spending of the chance to miss; that bound {binds}.\n",
                spending.value
            );
        }
        out += "If a look comes with another sample than planned, its bound follows from the same function.\n\n";
    }
    let looks = dated_looks(&request.inputs);
    if looks.is_empty() {
        return out + "No look is planned yet.\n\n";
    }
    let has_futility = looks.iter().any(|look| look.futility.is_some());
    let mut head = vec![">Look", "On", ">Information", ">Stops at z of", ">Alpha spent"];
    if has_futility {
        head.push(">Hopeless below z of");
    }
    let mut table = Table::new(&head);
    // The bound for futility takes the place of the lower one.
    let sign = if design.sides.value == Sides::Two && !has_futility { "±" } else { "" };
    let wanted = |k: usize| !always || looks.len() <= 12 || k.is_multiple_of(7) || k == 1 || k == looks.len();
    for look in looks.iter().filter(|look| wanted(look.k)) {
        let mut row = vec![
            look.k.to_string(),
            or_not_set(look.date.map(dated)),
            percent(look.information),
            if look.z.is_finite() { format!("{sign}{:.4}", look.z) } else { "cannot stop".to_owned() },
            if look.alpha_spent.is_finite() { short(look.alpha_spent) } else { String::new() },
        ];
        if has_futility {
            row.push(look.futility.map(|z| format!("{z:.4}")).unwrap_or_default());
        }
        table.row(row);
    }
    out += &table.print();
    let claims = request.plan.sizes.iter().filter(|sized| sized.role == Role::Primary);
    let mut costs =
        Table::new(&["Metric", "Variant", "True effect", ">Units on average", ">Days", ">Stops for success"]);
    for sized in claims {
        let Ok(sizing) = &sized.result else { continue };
        for expected in sizing.expectations(request.plan) {
            let truth = match expected.truth {
                0.0 => "none",
                1.0 => "as planned",
                _ => "half of the planned",
            };
            costs.row(vec![
                code(&sized.metric),
                code(&sized.treatment),
                truth.to_owned(),
                both(expected.control.round(), expected.treatment.round()),
                expected.days.map(|days| format!("{days:.1}")).unwrap_or_default(),
                show::power(expected.success),
            ]);
        }
    }
    if !costs.is_empty() {
        out += "What the looks take on average, with the units available:\n\n";
        out += &costs.print();
    }
    if design.claims > 1 && design.correction.value != Correction::None {
        out += &format!("Bounds are those of one claim, at alpha {}.\n\n", short(design.alpha_per_claim));
    }
    out
}
