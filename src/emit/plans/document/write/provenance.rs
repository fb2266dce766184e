//! What it was built from, where each number comes from, and what was changed in sight of the results.

use super::Writer;
use crate::change::deviations;
use crate::emit::plans::document::shape::{Compiler, Deviation, OriginLine, Provenance, SpecFile};
use crate::emit::plans::{Inputs, show};
use crate::plan::{Interval, Origin, Parts};
use crate::text::sha256;

impl<'a> Writer<'_, 'a> {
    pub(super) fn deviations(&self) -> Vec<Deviation> {
        let amendments = self.inputs.spec.amendments.value().into_iter().flat_map(|list| list.iter());
        let of = |amendment: &crate::syntax::At<crate::spec::Amendment>| {
            let fields: Vec<String> = deviations(amendment).iter().map(|field| field.value.clone()).collect();
            (!fields.is_empty()).then(|| Deviation {
                at: amendment.at.copied().map(|day| day.to_string()),
                by: amendment.by.value().cloned(),
                reason: amendment.reason.value().cloned(),
                fields,
            })
        };
        amendments.filter_map(of).collect()
    }

    pub(super) fn provenance(&self) -> Provenance {
        let source = self.inputs.sources.find(self.inputs.file);
        Provenance {
            status: self.plan().status.value,
            spec: SpecFile {
                path: source.map_or_else(String::new, |source| source.path.clone()),
                sha256: sha256(source.map_or("", |source| &source.text).as_bytes()),
            },
            compiler: Compiler { name: "expc".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            commit: self.inputs.commit.map(str::to_owned),
            origins: origins(self.inputs),
        }
    }
}

/// Every number that a size or a bound rests on, with its place.
pub(in crate::emit::plans) fn origins(inputs: &Inputs<'_>) -> Vec<OriginLine> {
    let plan = inputs.plan;
    let mut lines = Vec::new();
    let mut add = |number: String, value: String, origin: Origin| {
        lines.push(OriginLine {
            number,
            value,
            from: origin.word().to_owned(),
            at: origin.span().map(|span| show::place(inputs.sources, span)),
        });
    };
    let plain = crate::spec::quantity::plain;
    let audience = &plan.audience;
    if let Some(daily) = &audience.daily_units {
        add("audience.daily_units".to_owned(), show::count(daily.value), daily.origin);
    }
    for known in &audience.unique_units {
        let number = format!("audience.unique_units.{}", known.value.day);
        add(number, show::count(known.value.units), known.origin);
    }
    add("audience.share".to_owned(), show::exact_percent(audience.share.value.fraction()), audience.share.origin);
    if let Some(holdout) = &audience.holdout {
        add(format!("holdout.{}", holdout.name.value), show::exact_percent(holdout.share.value), holdout.share.origin);
    }
    add("exposure.rate".to_owned(), show::exact_percent(plan.exposure.rate.value), plan.exposure.rate.origin);
    for variant in &plan.variants {
        add(format!("variants.{}.weight", variant.name), plain(variant.weight.value), variant.weight.origin);
    }
    for stage in &plan.calendar.stages {
        let value = format!(
            "{} for {} day{}",
            show::exact_percent(stage.share.value),
            stage.days,
            if stage.days == 1 { "" } else { "s" }
        );
        add(format!("rollout.{}", stage.name), value, stage.share.origin);
    }
    let design = &plan.design;
    add("design.alpha".to_owned(), plain(design.alpha.value), design.alpha.origin);
    add("design.power".to_owned(), plain(design.power.value), design.power.origin);
    add("design.sides".to_owned(), design.sides.value.to_string(), design.sides.origin);
    add("design.correction".to_owned(), design.correction.value.to_string(), design.correction.origin);
    if let Some(effect) = &design.design_effect {
        add("design.design_effect".to_owned(), show::short(effect.value), effect.origin);
    }
    if let Some(size) = &design.cluster_size {
        add("design.cluster.mean_size".to_owned(), plain(size.value), size.origin);
    }
    if let Some(rho) = design.reduction.as_ref().and_then(|reduction| reduction.correlation.as_ref()) {
        add("design.variance_reduction.correlation".to_owned(), plain(rho.value), rho.origin);
    }
    add("design.srm.alpha".to_owned(), plain(design.srm.alpha.value), design.srm.alpha.origin);
    for metric in &plan.metrics {
        let name = |part: &str| format!("metrics.{}.{part}", metric.name);
        if let Some(known) = &metric.baseline {
            add(name("baseline"), show::level(Some(metric), known.value), known.origin);
        }
        if let Some(known) = &metric.sd {
            add(name("sd"), show::level(Some(metric), known.value), known.origin);
        }
        if let Some(known) = &metric.window {
            add(name("window"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.lag {
            add(name("lag"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.pre_correlation
            && design.reduction.is_some()
        {
            add(name("pre_correlation"), plain(known.value), known.origin);
        }
        for (part, known) in [
            ("sd_treatment", &metric.sd_treatment),
            ("period_sd", &metric.period_sd),
            ("dispersion", &metric.measured.dispersion),
            ("density", &metric.measured.density),
            ("dropout", &metric.measured.dropout),
        ] {
            if let Some(known) = known {
                add(name(part), plain(known.value), known.origin);
            }
        }
        if let Some(known) = &metric.baseline_window {
            add(name("baseline_window"), known.value.to_string(), known.origin);
        }
        if let Some(known) = &metric.measured.parts {
            let Parts { numerator_sd, denominator_mean, denominator_sd, correlation } = known.value;
            let numbers = [numerator_sd, denominator_mean, denominator_sd, correlation].map(plain).join(", ");
            add(name("parts"), numbers, known.origin);
        }
        if let Some(known) = &metric.measured.interval {
            let Interval { low, high, units, confidence } = known.value;
            let text =
                format!("{} to {}, {} units, {}", plain(low), plain(high), show::count(units), plain(confidence));
            add(name("interval"), text, known.origin);
        }
        for (part, effect) in [("mde", &metric.mde), ("margin", &metric.margin), ("true_effect", &metric.true_effect)] {
            if let Some(effect) = effect {
                let value = match effect.text.as_str() {
                    "" => "unreadable".to_owned(),
                    text if effect.is_relative => format!("{} relative", show::spaced(text)),
                    text => show::spaced(text),
                };
                add(name(part), value, Origin::in_spec(effect.span, inputs.file));
            }
        }
    }
    lines
}
