//! What is measured, and what is expected of it.

use super::Inputs;
use crate::catalog::Kind;
use crate::plan::effect;
use crate::plan::origin::{Known, Origin};
use crate::plan::types::{Interval, Measured, Parts, Plan, PlannedExpectation, PlannedMetric, in_unit};
use crate::spec::{Field, HypothesisKind, Probability, Role};
use crate::syntax::At;
use crate::text::{FileId, Span};

impl Inputs<'_> {
    pub(super) fn metrics(&self) -> Vec<PlannedMetric> {
        let Some(metrics) = self.spec.metrics.value() else { return Vec::new() };
        metrics.all().filter_map(|(role, entry)| self.metric(role, entry)).collect()
    }

    fn metric(&self, role: Role, entry: &At<crate::spec::MetricUse>) -> Option<PlannedMetric> {
        let name = entry.metric.get()?;
        let defined = self.catalog.metrics.get(&name.value);
        let from = |field: fn(&crate::catalog::Metric) -> &Field<crate::spec::Duration>| {
            defined.and_then(|metric| self.catalogued(field(metric), |span| *span))
        };
        let kind = defined.and_then(|metric| self.catalogued(&metric.kind, |kind| *kind));
        let unit = defined.and_then(|metric| self.catalogued(&metric.unit, |unit| unit.clone()));
        // The baseline of a time to an event is the part of units that have it by the end of the window.
        let binary = kind.as_ref().is_some_and(|kind| kind.value.is_binary() || kind.value == Kind::TimeToEvent);
        let word = unit.as_ref().map(|unit| unit.value.as_str());
        let amount = |field: &Field<crate::spec::Amount>, origin: fn(Span, FileId) -> Origin| {
            let at = field.get()?;
            in_unit(&at.value, word, binary).map(|number| Known::new(number, origin(at.span, self.file)))
        };
        let catalogue = |span: Span, _: FileId| Origin::Catalogue(span);
        let baseline = amount(&entry.baseline, Origin::in_spec)
            .or_else(|| defined.and_then(|metric| amount(&metric.baseline, catalogue)));
        let sd =
            amount(&entry.sd, Origin::in_spec).or_else(|| defined.and_then(|metric| amount(&metric.sd, catalogue)));
        let level = baseline.as_ref().map(|known| known.value);
        // What an unknown metric is counted in nobody can say.
        let size = |field: &Field<crate::spec::Effect>| {
            effect::planned(field, level, word, binary).map(|effect| effect.of_known(defined.is_some()))
        };
        let by_role = match role {
            Role::Guardrail => HypothesisKind::NonInferiority,
            Role::Primary | Role::Secondary | Role::Monitor => HypothesisKind::Superiority,
        };
        Some(PlannedMetric {
            name: name.value.clone(),
            role,
            span: name.span,
            entry: entry.span,
            defined: self.catalog.metrics.key(&name.value),
            good: self
                .known(&entry.direction, |direction| *direction)
                .or_else(|| defined.and_then(|metric| self.catalogued(&metric.direction, |direction| *direction))),
            window: self.known(&entry.window, |window| *window).or_else(|| from(|metric| &metric.window)),
            lag: from(|metric| &metric.lag),
            pre_correlation: defined.and_then(|metric| self.catalogued(&metric.pre_correlation, |rho| *rho)),
            mde: size(&entry.mde),
            margin: size(&entry.margin),
            true_effect: size(&entry.true_effect),
            hypothesis: self.known(&entry.hypothesis, |kind| *kind).unwrap_or(Known::built_in(by_role)),
            sd_treatment: amount(&entry.sd_treatment, Origin::in_spec),
            period_sd: amount(&entry.period_sd, Origin::in_spec),
            baseline_window: from(|metric| &metric.baseline_window),
            measured: defined.map(|metric| self.measured(metric, word, binary)).unwrap_or_default(),
            kind,
            unit,
            baseline,
            sd,
        })
    }

    /// What only one kind of metric has. Tables that are not whole give nothing.
    fn measured(&self, metric: &crate::catalog::Metric, unit: Option<&str>, binary: bool) -> Measured {
        let parts = metric.parts.get().and_then(|at| {
            let (top, mean, spread) =
                (at.numerator_sd.value()?, at.denominator_mean.value()?, at.denominator_sd.value()?);
            // Mean and deviation of one thing are counted in one unit.
            let parts = Parts {
                numerator_sd: top.number,
                denominator_mean: mean.number,
                denominator_sd: spread.number,
                correlation: at.correlation.copied()?,
            };
            (mean.unit == spread.unit).then(|| Known::new(parts, Origin::Catalogue(at.span)))
        });
        let interval = metric.interval.get().and_then(|at| {
            let end = |field: &Field<crate::spec::Amount>| in_unit(field.value()?, unit, binary);
            let interval = Interval {
                low: end(&at.low)?,
                high: end(&at.high)?,
                units: at.units.copied()? as f64,
                confidence: at.confidence.copied().map_or(0.95, Probability::get),
            };
            Some(Known::new(interval, Origin::Catalogue(at.span)))
        });
        Measured {
            dispersion: self.catalogued(&metric.dispersion, |dispersion| *dispersion),
            parts,
            quantile: self.catalogued(&metric.quantile, |quantile| quantile.fraction()),
            density: self.catalogued(&metric.density, |density| *density),
            interval,
            dropout: self.catalogued(&metric.dropout, |dropout| dropout.fraction()),
        }
    }

    pub(super) fn expectations(&self, plan: &Plan) -> Vec<PlannedExpectation> {
        let list = self.spec.hypothesis.value().and_then(|hypothesis| hypothesis.expect.value());
        let mut expectations = Vec::new();
        for entry in list.into_iter().flat_map(|list| list.iter()) {
            let Some(name) = entry.metric.get() else { continue };
            let metric = plan.metric(&name.value);
            let level = metric.and_then(|metric| metric.baseline.as_ref()).map(|known| known.value);
            let unit = metric.and_then(|metric| metric.unit.as_ref()).map(|known| known.value.as_str());
            let binary = metric.and_then(|metric| metric.kind.as_ref()).is_some_and(|kind| kind.value.is_binary());
            expectations.push(PlannedExpectation {
                metric: name.clone(),
                direction: self.known(&entry.direction, |direction| *direction),
                by: effect::planned(&entry.by, level, unit, binary),
            });
        }
        expectations
    }
}
