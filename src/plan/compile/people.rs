//! Who takes part and who sees what.

use super::{Inputs, definition};
use crate::plan::origin::{Known, Origin};
use crate::plan::types::{PlannedAudience, PlannedExposure, PlannedHoldout, PlannedLayer, PlannedVariant, UniqueUnits};
use crate::spec::{Day, EffectAmong, Field, Population, Share, Unit};
use crate::syntax::Value;
use crate::text::{FileId, Span};

impl Inputs<'_> {
    pub(super) fn variants(&self) -> Vec<PlannedVariant> {
        let Some(named) = self.spec.variants.value() else { return Vec::new() };
        let weight = |field: &Field<crate::spec::Weight>| {
            self.known(field, |weight| weight.get()).unwrap_or(Known::built_in(1.0))
        };
        let total: f64 = named.iter().map(|(_, variant)| weight(&variant.weight).value).sum();
        let marked = named.iter().any(|(_, variant)| variant.control.copied() == Some(true));
        let force = self.spec.audience.value().and_then(|audience| audience.force.value());
        let mut found_control = false;
        named
            .iter()
            .map(|(name, variant)| {
                let weight = weight(&variant.weight);
                let is_control = if marked { variant.control.copied() == Some(true) } else { name.value == "control" };
                let control = is_control && !found_control;
                found_control |= control;
                PlannedVariant {
                    name: name.value.clone(),
                    span: name.span,
                    fraction: if 0.0 < total { weight.value / total } else { 0.0 },
                    weight,
                    control,
                    about: self.known(&variant.about, |text| text.clone()),
                    payload: self
                        .known(&variant.payload, |value| value.clone())
                        .filter(|known| matches!(known.value, Value::Table(_))),
                    force: force
                        .and_then(|force| force.get(&name.value))
                        .map(|list| list.items.clone())
                        .unwrap_or_default(),
                }
            })
            .collect()
    }

    pub(super) fn audience(&self, name: &str) -> PlannedAudience {
        let audience = self.spec.audience.value();
        let text = |field: fn(&crate::spec::Audience) -> &Field<String>| {
            audience.and_then(|audience| self.known(field(audience), |text| text.clone()))
        };
        let unit = text(|a| &a.unit);
        let key = definition(&self.catalog.units, unit.as_ref())
            .and_then(|unit| self.catalogued(&unit.key, |key| key.clone()));
        let unit_ascii = definition(&self.catalog.units, unit.as_ref())
            .and_then(|unit| self.catalogued(&unit.ascii, |ascii| *ascii));
        let base = text(|a| &a.base);
        let named = definition(&self.catalog.audiences, base.as_ref());
        let list = |field: Option<&Field<crate::spec::List<crate::spec::Condition>>>| {
            field.and_then(|field| field.value()).map(|list| list.items.clone()).unwrap_or_default()
        };
        let mut conditions = list(named.map(|named| &named.r#where));
        conditions.extend(list(audience.map(|audience| &audience.r#where)));
        let mut exclusions = list(named.map(|named| &named.exclude));
        exclusions.extend(list(audience.map(|audience| &audience.exclude)));
        let daily_units = audience
            .and_then(|audience| self.known(&audience.daily_units, |units| *units as f64))
            .or_else(|| named.and_then(|named| self.catalogued(&named.daily_units, |units| *units as f64)));
        let unique_units = audience
            .and_then(|audience| audience.unique_units.value())
            .map(|list| self.unique_units(list, Origin::in_spec))
            .filter(|list| !list.is_empty())
            .or_else(|| {
                let list = named.and_then(|named| named.unique_units.value())?;
                Some(self.unique_units(list, |span, _| Origin::Catalogue(span)))
            })
            .unwrap_or_default();
        let layer = text(|a| &a.layer).map(|layer| {
            let salt = definition(&self.catalog.layers, Some(&layer))
                .and_then(|entry| self.catalogued(&entry.salt, |salt| salt.clone()))
                .unwrap_or_else(|| Known::new(layer.value.clone(), Origin::BuiltIn));
            let wanted = audience.and_then(|audience| audience.slot.get()).and_then(|at| {
                let inside = at.unit == Unit::Percent && (0.0..100.0).contains(&at.number);
                inside.then(|| Known::new(at.number / 100.0, Origin::in_spec(at.span, self.file)))
            });
            PlannedLayer { name: layer, salt, wanted, slot: None }
        });
        let holdout = self.holdout(text(|a| &a.holdout), unit.as_ref());
        PlannedAudience {
            unit,
            key,
            unit_ascii,
            conditions,
            exclusions,
            base,
            daily_units,
            unique_units,
            arrivals_fault: None,
            share: audience
                .and_then(|audience| self.known(&audience.share, |share| *share))
                .unwrap_or(Known::built_in(Share::ALL)),
            layer,
            holdout,
            salt: text(|a| &a.salt).unwrap_or_else(|| Known::built_in(name.to_owned())),
        }
    }

    /// The counts that are whole, in the order of their days; a day that is given twice counts once.
    fn unique_units(
        &self,
        list: &crate::spec::List<crate::spec::UniqueUnits>,
        origin: fn(Span, FileId) -> Origin,
    ) -> Vec<Known<UniqueUnits>> {
        let mut counts: Vec<Known<UniqueUnits>> = list
            .iter()
            .filter_map(|entry| {
                let (after, units) = (entry.after.copied()?, entry.units.copied()?);
                let day = after.whole_days().max(1);
                Some(Known::new(UniqueUnits { day, units: units as f64 }, origin(entry.span, self.file)))
            })
            .collect();
        counts.sort_by_key(|known| known.value.day);
        counts.dedup_by_key(|known| known.value.day);
        counts
    }

    /// The holdout that is named, or else the first global one of the same unit that is in force.
    fn holdout(&self, named: Option<Known<String>>, unit: Option<&Known<String>>) -> Option<PlannedHoldout> {
        let start = self.spec.rollout.value().and_then(|rollout| rollout.start.copied());
        let name = match named {
            Some(name) if name.value == "none" => return None,
            Some(name) => name,
            None => self
                .catalog
                .holdouts
                .iter()
                .find(|(_, _, holdout)| {
                    let held = holdout.unit.value();
                    let same_unit = held.is_none_or(|held| unit.is_none_or(|unit| unit.value == *held));
                    holdout.global.copied() == Some(true) && same_unit && in_force(holdout, start)
                })
                .map(|(name, span, _)| Known::new(name.to_owned(), Origin::Catalogue(span)))?,
        };
        let entry = self.catalog.holdouts.get(&name.value)?;
        let share = self.catalogued(&entry.share, |share| share.fraction())?;
        let salt = self
            .catalogued(&entry.salt, |salt| salt.clone())
            .unwrap_or_else(|| Known::new(name.value.clone(), Origin::BuiltIn));
        Some(PlannedHoldout { name, share, salt })
    }

    pub(super) fn exposure(&self) -> PlannedExposure {
        let exposure = self.spec.exposure.value();
        let event = exposure.and_then(|exposure| self.known(&exposure.event, |event| event.clone()));
        let population = exposure
            .and_then(|exposure| self.known(&exposure.population, |population| *population))
            .unwrap_or(Known::built_in(Population::Exposed));
        let met = || {
            exposure
                .and_then(|exposure| self.known(&exposure.rate, |rate| rate.fraction()))
                .or_else(|| {
                    let entry = definition(&self.catalog.events, event.as_ref())?;
                    self.catalogued(&entry.rate, |rate| rate.fraction())
                })
                .unwrap_or(Known::built_in(1.0))
        };
        let effect_among = exposure
            .and_then(|exposure| self.known(&exposure.effect_among, |among| *among))
            .unwrap_or(Known::built_in(EffectAmong::Analysed));
        let whole = Known::new(1.0, Origin::Computed);
        let (rate, dilution) = match (population.value, effect_among.value) {
            (Population::Exposed, _) => (met(), whole),
            (Population::Assigned, EffectAmong::Analysed) => (whole.clone(), whole),
            (Population::Assigned, EffectAmong::Exposed) => (whole, met()),
        };
        PlannedExposure { event, population, rate, effect_among, dilution }
    }
}

/// True when a holdout holds on a day; without a day it does.
fn in_force(holdout: &crate::catalog::Holdout, day: Option<Day>) -> bool {
    let Some(day) = day else { return true };
    holdout.from.copied().is_none_or(|from| from <= day) && holdout.to.copied().is_none_or(|to| day <= to)
}
