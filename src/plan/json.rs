//! The plan as `expc resolve` prints it: every value with its origin.

use serde_json::{Map, Value as Json, json};

use crate::spec::Condition;
use crate::stats::comparison::Claim;
use crate::syntax::{At, Value};
use crate::text::Sources;

use super::origin::{Known, Origin};
use super::size::{Looks, Sized, Unsized, Way};
use super::types::*;
use super::whole::USUAL_CORRELATION;

/// The version of this document.
const FORMAT: &str = "expc.resolved/1";

/// The parts of a plan, in the order in which they are printed.
const SECTIONS: [&str; 14] = [
    "experiment",
    "hypothesis",
    "variants",
    "off",
    "audience",
    "exposure",
    "metrics",
    "design",
    "calendar",
    "sizes",
    "ships",
    "smallest_leak",
    "kill_switch",
    "targets",
];

/// One part of the plan with its values alone, without their origins; null when there is no such part.
pub(super) fn values(plan: &Plan, sources: &Sources, section: &str) -> Json {
    let mut json = Printer { sources }.section(plan, section);
    without_origins(&mut json);
    json
}

/// The names of the parts.
pub(super) fn sections() -> &'static [&'static str] {
    &SECTIONS
}

/// Puts the value of `{ "value": …, "origin": … }` in its place.
fn without_origins(json: &mut Json) {
    match json {
        Json::Object(map) => {
            if map.len() == 2
                && map.contains_key("origin")
                && let Some(value) = map.get_mut("value")
            {
                *json = value.take();
                return;
            }
            map.values_mut().for_each(without_origins);
            map.remove("origin");
        }
        Json::Array(items) => items.iter_mut().for_each(without_origins),
        _ => {}
    }
}

/// The whole plan in JSON.
pub fn to_json(plan: &Plan, sources: &Sources) -> Json {
    let printer = Printer { sources };
    printer.plan(plan)
}

struct Printer<'a> {
    sources: &'a Sources,
}

impl Printer<'_> {
    fn origin(&self, origin: Origin) -> Json {
        let mut map = Map::new();
        map.insert("from".to_owned(), json!(origin.word()));
        if let Origin::Preset(preset) = origin {
            map.insert("preset".to_owned(), json!(preset.word()));
        }
        if let Some(span) = origin.span() {
            let start = self.sources.start(span);
            map.insert("file".to_owned(), json!(self.sources.path(span)));
            map.insert("line".to_owned(), json!(start.line));
            map.insert("column".to_owned(), json!(start.column));
        }
        Json::Object(map)
    }

    fn known<T>(&self, known: &Known<T>, show: impl FnOnce(&T) -> Json) -> Json {
        json!({ "value": show(&known.value), "origin": self.origin(known.origin) })
    }

    fn maybe<T>(&self, known: Option<&Known<T>>, show: impl FnOnce(&T) -> Json) -> Json {
        known.map_or(Json::Null, |known| self.known(known, show))
    }

    fn text(&self, known: Option<&Known<String>>) -> Json {
        self.maybe(known, |text| json!(text))
    }

    fn number(&self, known: Option<&Known<f64>>) -> Json {
        self.maybe(known, |number| json!(number))
    }

    fn payload(&self, known: Option<&Known<Value>>) -> Json {
        self.maybe(known, Value::to_json)
    }

    fn plan(&self, plan: &Plan) -> Json {
        let sections = SECTIONS.iter().map(|name| ((*name).to_owned(), self.section(plan, name)));
        let format = std::iter::once(("format".to_owned(), json!(FORMAT)));
        Json::Object(format.chain(sections).collect())
    }

    /// One of [`SECTIONS`].
    fn section(&self, plan: &Plan, name: &str) -> Json {
        let calendar = &plan.calendar;
        match name {
            "experiment" => json!({
                "id": &*plan.id,
                "title": self.text(plan.title.as_ref()),
                "status": self.known(&plan.status, |status| json!(status)),
                "owner": self.text(plan.owner.as_ref()),
                "objective": self.text(plan.objective.as_ref()),
                "surface": self.text(plan.surface.as_ref()),
                "flag": self.text(Some(&plan.flag)),
            }),
            "hypothesis" => json!({
                "because": self.text(plan.because.as_ref()),
                "change": self.text(plan.change.as_ref()),
                "expect": plan.expectations.iter().map(|expectation| json!({
                    "metric": expectation.metric.value,
                    "direction": self.maybe(expectation.direction.as_ref(), |direction| json!(direction)),
                    "by": expectation.by.as_ref().map(|by| json!({ "written": by.text, "relative": by.relative, "absolute": by.absolute })),
                })).collect::<Vec<_>>(),
            }),
            "variants" => json!(
                plan.variants
                    .iter()
                    .map(|variant| json!({
                        "name": variant.name,
                        "control": variant.control,
                        "weight": self.known(&variant.weight, |weight| json!(weight)),
                        "fraction": variant.fraction,
                        "payload": self.payload(variant.payload.as_ref()),
                        "forced": variant.force.iter().map(|id| id.value.clone()).collect::<Vec<_>>(),
                    }))
                    .collect::<Vec<_>>()
            ),
            "off" => self.payload(plan.off.as_ref()),
            "audience" => self.audience(&plan.audience),
            "exposure" => json!({
                "event": self.text(plan.exposure.event.as_ref()),
                "population": self.known(&plan.exposure.population, |population| json!(population)),
                "rate": self.number(Some(&plan.exposure.rate)),
                "effect_among": self.known(&plan.exposure.effect_among, |among| json!(among)),
                "dilution": self.number(Some(&plan.exposure.dilution)),
            }),
            "metrics" => json!(plan.metrics.iter().map(|metric| self.metric(metric)).collect::<Vec<_>>()),
            "design" => self.design(&plan.design),
            "calendar" => json!({
                "start": self.maybe(calendar.start.as_ref(), |day| json!(day.to_string())),
                "end": self.maybe(calendar.end.as_ref(), |day| json!(day.to_string())),
                "decide": self.maybe(calendar.decide.as_ref(), |day| json!(day.to_string())),
                "days": calendar.days,
                "analyse_ramp": calendar.analyse_ramp,
                "stages": calendar.stages.iter().map(|stage| self.stage(plan, stage)).collect::<Vec<_>>(),
            }),
            "sizes" => json!(plan.sizes.iter().map(|sized| size(plan, sized)).collect::<Vec<_>>()),
            "ships" => json!(
                plan.ships()
                    .iter()
                    .map(|ship| json!({
                        "treatment": ship.treatment, "independent": ship.independent,
                        "correlated": ship.correlated, "correlation": USUAL_CORRELATION,
                    }))
                    .collect::<Vec<_>>()
            ),
            "smallest_leak" => json!(plan.smallest_leak().and_then(Result::ok).map(|leak| json!({
                "variant": leak.variant, "part": leak.part, "units": leak.units.floor(),
            }))),
            "kill_switch" => self.maybe(plan.kill_switch.as_ref(), |on| json!(on)),
            "targets" => json!(plan.targets.iter().map(|target| target.value.clone()).collect::<Vec<_>>()),
            _ => Json::Null,
        }
    }

    fn audience(&self, audience: &PlannedAudience) -> Json {
        json!({
            "unit": self.text(audience.unit.as_ref()),
            "key": self.text(audience.key.as_ref()),
            "base": self.text(audience.base.as_ref()),
            "where": self.conditions(&audience.conditions),
            "exclude": self.conditions(&audience.exclusions),
            "daily_units": self.number(audience.daily_units.as_ref()),
            "unique_units": audience.unique_units.iter().map(|known| {
                self.known(known, |count| json!({ "day": count.day, "units": count.units }))
            }).collect::<Vec<_>>(),
            "share": self.known(&audience.share, |share| json!(share.fraction())),
            "layer": audience.layer.as_ref().map(|layer| json!({
                "name": self.text(Some(&layer.name)),
                "salt": self.text(Some(&layer.salt)),
                "slot": self.maybe(layer.slot.as_ref(), |(from, to)| json!({ "from": from, "to": to })),
            })),
            "holdout": audience.holdout.as_ref().map(|holdout| json!({
                "name": self.text(Some(&holdout.name)),
                "share": self.number(Some(&holdout.share)),
                "salt": self.text(Some(&holdout.salt)),
            })),
            "salt": self.text(Some(&audience.salt)),
        })
    }

    fn conditions(&self, conditions: &[At<Condition>]) -> Vec<Json> {
        conditions
            .iter()
            .map(|condition| {
                json!({
                    "condition": condition.to_string(),
                    "origin": { "file": self.sources.path(condition.span), "line": self.sources.start(condition.span).line },
                })
            })
            .collect()
    }

    fn metric(&self, metric: &PlannedMetric) -> Json {
        let effect = |effect: Option<&super::PlannedEffect>| {
            effect.map(|effect| {
                let start = self.sources.start(effect.span);
                json!({
                    "written": effect.text, "relative": effect.relative, "absolute": effect.absolute,
                    "origin": { "file": self.sources.path(effect.span), "line": start.line, "column": start.column },
                })
            })
        };
        json!({
            "name": metric.name,
            "role": metric.role,
            "defined": metric.defined.map(|span| self.origin(Origin::Catalogue(span))),
            "kind": self.maybe(metric.kind.as_ref(), |kind| json!(kind)),
            "unit": self.text(metric.unit.as_ref()),
            "good": self.maybe(metric.good.as_ref(), |good| json!(good)),
            "baseline": self.number(metric.baseline.as_ref()),
            "sd": self.number(metric.sd.as_ref()),
            "sd_treatment": self.number(metric.sd_treatment.as_ref()),
            "period_sd": self.number(metric.period_sd.as_ref()),
            "baseline_window": self.maybe(metric.baseline_window.as_ref(), |window| json!(window.to_string())),
            "measured": self.measured(&metric.measured),
            "hypothesis": self.known(&metric.hypothesis, |kind| json!(kind)),
            "window": self.maybe(metric.window.as_ref(), |window| json!(window.to_string())),
            "lag": self.maybe(metric.lag.as_ref(), |lag| json!(lag.to_string())),
            "mde": effect(metric.mde.as_ref()),
            "margin": effect(metric.margin.as_ref()),
            "true_effect": effect(metric.true_effect.as_ref()),
        })
    }

    fn measured(&self, measured: &Measured) -> Json {
        json!({
            "dispersion": self.number(measured.dispersion.as_ref()),
            "parts": self.maybe(measured.parts.as_ref(), |parts| json!({
                "numerator_sd": parts.numerator_sd,
                "denominator_mean": parts.denominator_mean,
                "denominator_sd": parts.denominator_sd,
                "correlation": parts.correlation,
            })),
            "quantile": self.number(measured.quantile.as_ref()),
            "density": self.number(measured.density.as_ref()),
            "interval": self.maybe(measured.interval.as_ref(), |interval| json!({
                "low": interval.low, "high": interval.high, "units": interval.units, "confidence": interval.confidence,
            })),
            "dropout": self.number(measured.dropout.as_ref()),
        })
    }

    fn design(&self, design: &PlannedDesign) -> Json {
        json!({
            "method": self.known(&design.method, |method| json!(method)),
            "alpha": self.number(Some(&design.alpha)),
            "power": self.number(Some(&design.power)),
            "sides": self.known(&design.sides, |sides| json!(sides)),
            "test": self.maybe(design.test.as_ref(), |test| json!(test)),
            "scale": self.known(&design.scale, |scale| json!(scale)),
            "correction": self.known(&design.correction, |correction| json!(correction)),
            "power_of": self.known(&design.power_of, |of| json!(of)),
            "secondary": {
                "correction": self.known(&design.secondary.correction, |correction| json!(correction)),
                "gate": self.known(&design.secondary.gate, |gate| json!(gate)),
                "claims": design.secondary.claims,
                "alpha_per_claim": design.secondary.alpha_per_claim,
            },
            "claims": design.claims,
            "alpha_per_claim": design.alpha_per_claim,
            "primary_power": design.primary_power,
            "guardrail_power": design.guardrail_power,
            "spending": self.maybe(design.spending.as_ref(), |spending| json!(spending)),
            "looks": design.looks.iter().map(|look| look.value).collect::<Vec<_>>(),
            "guardrails_at": self.known(&design.guardrails_at, |at| json!(at)),
            "futility": design.futility.as_ref().map(|futility| json!({
                "spending": self.maybe(futility.spending.as_ref(), |spending| json!(spending)),
                "parameter": self.number(futility.parameter.as_ref()),
                "binding": self.known(&futility.binding, |binding| json!(binding)),
            })),
            "always_valid": {
                "boundary": self.known(&design.boundary.boundary, |boundary| json!(boundary)),
                "tuned_for": self.number(Some(&design.boundary.tuned_for)),
            },
            "bayes": design.bayes.as_ref().map(|bayes| json!({
                "prior_mean": self.number(Some(&bayes.prior_mean)),
                "prior_sd": self.number(bayes.prior_sd.as_ref()),
                "win_probability": self.number(bayes.win_probability.as_ref()),
                "max_expected_loss": self.number(bayes.max_expected_loss.as_ref()),
                "rope": self.number(bayes.rope.as_ref()),
            })),
            "switchback": design.switchback.as_ref().map(|switchback| json!({
                "period": self.maybe(switchback.period.as_ref(), |period| json!(period.to_string())),
                "washout": self.maybe(switchback.washout.as_ref(), |washout| json!(washout.to_string())),
                "block": self.number(Some(&switchback.block)),
                "autocorrelation": self.number(Some(&switchback.autocorrelation)),
                "places": self.number(Some(&switchback.places)),
            })),
            "cluster": design.cluster.as_ref().map(|cluster| json!({
                "icc": self.number(cluster.icc.as_ref()),
                "mean_size": self.number(cluster.mean_size.as_ref()),
                "size_cv": self.number(Some(&cluster.size_cv)),
                "total": self.number(cluster.total.as_ref()),
            })),
            "variance_reduction": design.reduction.as_ref().map(|reduction| json!({
                "method": self.known(&reduction.method, |method| json!(method)),
                "window": self.maybe(reduction.window.as_ref(), |window| json!(window.to_string())),
                "correlation": self.number(reduction.correlation.as_ref()),
            })),
            "design_effect": self.number(design.design_effect.as_ref()),
            "srm": {
                "check": self.known(&design.srm.check, |on| json!(on)),
                "alpha": self.number(Some(&design.srm.alpha)),
                "action": self.known(&design.srm.action, |action| json!(action)),
            },
            "segments": design.segments.iter().map(|segment| segment.value.clone()).collect::<Vec<_>>(),
        })
    }

    fn stage(&self, plan: &Plan, stage: &PlannedStage) -> Json {
        let shares: Map<String, Json> =
            stage.variant_shares(plan).map(|(name, share)| (name.to_owned(), json!(share))).collect();
        json!({
            "name": stage.name,
            "share": self.number(Some(&stage.share)),
            "days": stage.days,
            "start": stage.start.map(|day| day.to_string()),
            "end": stage.end.map(|day| day.to_string()),
            "gate": self.known(&stage.gate, |gate| json!(gate)),
            "variants": shares,
        })
    }
}

fn size(plan: &Plan, sized: &Sized) -> Json {
    let head = json!({ "metric": sized.metric, "role": sized.role, "treatment": sized.treatment });
    let tail = match &sized.result {
        Ok(sizing) => json!({
            "claim": match sizing.comparison.claim {
                Claim::Superiority { .. } => "superiority",
                Claim::SuperiorityByMargin { .. } => "superiority-by-margin",
                Claim::NonInferiority { .. } => "non-inferiority",
                Claim::Equivalence { .. } => "equivalence",
            },
            "alpha": sizing.comparison.alpha,
            "power_goal": sizing.power_goal,
            "needed": { "control": sizing.need.control_units, "treatment": sizing.need.treatment_units },
            "available": { "control": sizing.control.floor(), "treatment": sizing.treatment.floor() },
            "power": sizing.power,
            "reached": sizing.reached,
            "detectable": sizing.detectable(),
            "mature_days": sizing.mature_days,
            "wait_days": sizing.wait_days,
            "factors": {
                "variance_reduction": sizing.factors.reduction,
                "sequential": sizing.factors.inflation,
                "design_effect": sizing.factors.design_effect,
            },
            "unit": sizing.unit,
            "looks": match &sizing.way {
                Way::Looks(looks) => looks.json(),
                Way::Once | Way::Posterior(_) => Json::Array(Vec::new()),
            },
            "expected": sizing.expectations(plan).iter().map(|expected| json!({
                "truth": expected.truth, "control": expected.control, "treatment": expected.treatment,
                "days": expected.days, "success": expected.success,
            })).collect::<Vec<_>>(),
            "exaggeration": sizing.exaggeration().map(|worth| json!({
                "magnitude": worth.magnitude, "wrong_sign": worth.wrong_sign,
            })),
            "assurance": sizing.assurance().map(|assurance| json!({
                "success": assurance.success, "success_and_better": assurance.success_and_better,
                "better": assurance.better, "limit": assurance.limit,
            })),
            "cautions": sizing.cautions().iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Err(reason) => json!({ "not_sized": reason.to_string() }),
    };
    match (head, tail) {
        (Json::Object(mut head), Json::Object(tail)) => {
            head.extend(tail);
            Json::Object(head)
        }
        (head, _) => head,
    }
}

impl Looks {
    /// Each look with its bounds; null where a look cannot stop for that reason.
    fn json(&self) -> Json {
        let some = |bound: f64| bound.is_finite().then_some(bound);
        let rows = self.plan.fractions().iter().zip(self.plan.bounds()).zip(self.plan.lower_bounds());
        rows.map(|((information, &z), &lower)| {
            // The lower side of two mirrors the upper one; any other lower bound is one of futility.
            json!({ "information": information, "z": some(z), "futility_z": some(lower).filter(|lower| *lower != -z) })
        })
        .collect()
    }
}

impl std::fmt::Display for Unsized {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unsized::Missing(what) => write!(f, "it lacks {what}"),
            Unsized::Refused(refusal) => write!(f, "{refusal}"),
            Unsized::Unsupported(why) => f.write_str(why),
        }
    }
}

impl PlannedStage {
    /// The part of eligible units that each variant gets in this stage.
    pub fn variant_shares<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a str, f64)> {
        let own: f64 = self.weights.iter().map(|(_, weight)| weight.value).sum();
        plan.variants.iter().map(move |variant| {
            let written = self.weights.iter().find(|(name, _)| name.value == variant.name);
            let fraction = match written {
                Some((_, weight)) if 0.0 < own => weight.value / own,
                _ if self.weights.is_empty() => variant.fraction,
                _ => 0.0,
            };
            (variant.name.as_str(), self.share.value * fraction)
        })
    }
}
