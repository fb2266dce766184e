//! Checks of the data, privacy and risk.

use super::{NOT_SET, bullets, counted, dated, items, joined, or_not_set};
use crate::emit::plans::Request;
use crate::emit::plans::markdown::{Table, code, fragment, text};
use crate::emit::plans::show::{count, exact_percent, percent};
use crate::spec::design::SrmAction;
use crate::spec::quantity::plain;
use crate::stats::srm;

pub(super) fn quality(request: &Request<'_>) -> String {
    let plan = request.plan;
    let srm = &plan.design.srm;
    let mut lines = Vec::new();
    let variants = plan.variants.iter().filter(|variant| 0.0 < variant.fraction).count();
    let degrees = variants.saturating_sub(1);
    let action = match srm.action.value {
        SrmAction::Stop => "the experiment stops",
        SrmAction::Void => "the result is void until it is explained",
        SrmAction::Warn => "somebody is told",
    };
    lines.push(match (srm.check.value, srm::critical_value(srm.alpha.value, degrees as f64)) {
        (false, _) => "The sample-ratio check is **switched off**.".to_owned(),
        (true, Ok(critical)) => format!(
            "Sample ratio: chi-square against the planned split, {} of freedom, critical value {critical:.3} at alpha {}; if it is exceeded, {action}.",
            counted(degrees as u64, "degree"),
            plain(srm.alpha.value)
        ),
        (true, Err(_)) => "Sample ratio: cannot be checked with fewer than two variants.".to_owned(),
    });
    if let Some(Ok(leak)) = plan.smallest_leak() {
        lines.push(format!(
            "It notices nine times in ten when {} of the units of {} are lost, of {} in all; smaller leaks pass more often.",
            percent(leak.part),
            code(&leak.variant),
            count(leak.units.floor())
        ));
    }
    lines.push("Units seen in two variants are excluded and counted.".to_owned());
    lines.push("Only units whose window is complete at the cut-off are analysed.".to_owned());
    let notify = request.spec.feedback.value().and_then(|feedback| feedback.notify.value());
    if let Some(notify) = notify {
        let on: Vec<String> = items(Some(&notify.on)).iter().map(|notice| notice.value.to_string()).collect();
        let channel = notify.channel.value().map_or_else(|| NOT_SET.to_owned(), |channel| code(channel));
        lines.push(format!("Notices to {channel}: {}.", if on.is_empty() { NOT_SET.to_owned() } else { joined(&on) }));
    }
    let survey = request.spec.feedback.value().and_then(|feedback| feedback.survey.value());
    if let Some(survey) = survey {
        let share = survey.share.value().map_or_else(|| NOT_SET.to_owned(), |share| exact_percent(share.fraction()));
        let ask = survey.ask.value().map_or_else(|| NOT_SET.to_owned(), |ask| format!("“{}”", text(ask)));
        lines.push(format!("Asked of {share} of units: {ask}"));
    }
    format!("## Data quality\n\n{}", bullets(lines))
}

pub(super) fn privacy_and_risk(request: &Request<'_>) -> String {
    let mut lines = Vec::new();
    match request.spec.privacy.value() {
        None => lines.push("Privacy: nothing is registered.".to_owned()),
        Some(privacy) => {
            lines.push(format!(
                "Nearest data: {}; legal ground: {}; unit-level data kept for {}.",
                privacy.data_class.copied().map_or(NOT_SET, |class| class.word()),
                privacy.basis.copied().map_or(NOT_SET, |basis| basis.word()),
                privacy.retention.copied().map_or_else(|| NOT_SET.to_owned(), |span| span.to_string()),
            ));
            let regions: Vec<String> = items(Some(&privacy.regions)).iter().map(|region| text(&region.value)).collect();
            if !regions.is_empty() {
                lines.push(format!("Regions: {}.", joined(&regions)));
            }
        }
    }
    let mut signed = String::new();
    match request.spec.risk.value() {
        None => lines.push("Risk: nothing is registered.".to_owned()),
        Some(risk) => {
            let touched: Vec<String> = [
                (&risk.brand, "the name of the house"),
                (&risk.revenue, "money"),
                (&risk.legal, "the law"),
                (&risk.safety, "safety or well-being"),
                (&risk.model, "a model or prompt that decides what people see"),
                (&risk.ethics, "prices, deception, emotion or vulnerable people"),
            ]
            .into_iter()
            .filter(|(field, _)| field.copied() == Some(true))
            .map(|(_, name)| name.to_owned())
            .collect();
            let touched =
                if touched.is_empty() { String::new() } else { format!("; at stake: {}", touched.join("; ")) };
            lines.push(format!("Risk: {}{touched}.", risk.level.copied().map_or(NOT_SET, |level| level.word())));
            if risk.lasting.copied() == Some(true) {
                let undo = risk.undo.value().map_or_else(|| NOT_SET.to_owned(), |undo| fragment(undo));
                lines
                    .push(format!("The treatment writes state that outlives the experiment; it is undone so: {undo}."));
            }
            let mut table = Table::new(&["Agreed as", "By", "On"]);
            for sign_off in items(Some(&risk.sign_offs)) {
                table.row(vec![
                    or_not_set(sign_off.role.value().map(|role| text(role))),
                    or_not_set(sign_off.by.value().map(|by| text(by))),
                    or_not_set(sign_off.at.copied().map(dated)),
                ]);
            }
            if !table.is_empty() {
                signed = table.print();
            }
        }
    }
    format!("## Privacy and risk\n\n{}{signed}", bullets(lines))
}
