//! MDEs and margins: relative and absolute, in the metric's own unit.

use crate::spec::{Effect, Unit};
use crate::syntax::{At, Field};
use crate::text::Span;

use super::types::in_unit;

/// An effect as written and as computed. Sizes keep the sign that was written.
#[derive(Debug, Clone)]
pub struct PlannedEffect {
    /// The place of the quantity; of the table when it holds none.
    pub span: Span,
    /// As written: "2%", "20 ms".
    pub text: String,
    /// True when it was written relative to the baseline.
    pub is_relative: bool,
    /// Relative to the baseline, as a fraction.
    pub relative: Option<f64>,
    /// In the metric's unit.
    pub absolute: Option<f64>,
    pub fault: Option<EffectFault>,
}

impl PlannedEffect {
    /// Without the fault of another unit when nobody knows the right one.
    pub(super) fn of_known(mut self, is_known: bool) -> Self {
        if !is_known && matches!(self.fault, Some(EffectFault::OtherUnit { .. })) {
            self.fault = None;
        }
        self
    }
}

/// Why a written effect means nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectFault {
    /// Neither `relative` nor `absolute`.
    Empty,
    /// Both.
    Both(Span),
    /// The unit of an absolute effect is not the metric's.
    OtherUnit { wanted: String },
    /// A relative effect that is not a percentage.
    NotPercent,
    /// A relative effect of more than 100 %: a fraction and a percentage were mixed up.
    Implausible,
}

/// Computes an effect; `None` when the spec has none or it could not be read.
pub(super) fn planned(
    field: &Field<Effect>,
    baseline: Option<f64>,
    unit: Option<&str>,
    binary: bool,
) -> Option<PlannedEffect> {
    let At { value: effect, span } = field.get()?;
    let empty = |span: Span, fault: Option<EffectFault>| PlannedEffect {
        span,
        text: String::new(),
        is_relative: false,
        relative: None,
        absolute: None,
        fault,
    };
    match (effect.relative.get(), effect.absolute.get()) {
        (Some(relative), Some(absolute)) => Some(empty(relative.span, Some(EffectFault::Both(absolute.span)))),
        (Some(relative), None) => {
            let mut planned =
                PlannedEffect { text: relative.to_string(), is_relative: true, ..empty(relative.span, None) };
            if relative.unit != Unit::Percent {
                planned.fault = Some(EffectFault::NotPercent);
                return Some(planned);
            }
            let fraction = relative.number / 100.0;
            if 1.0 < fraction.abs() {
                planned.fault = Some(EffectFault::Implausible);
                return Some(planned);
            }
            planned.relative = Some(fraction);
            planned.absolute = baseline.map(|baseline| fraction * baseline.abs());
            Some(planned)
        }
        (None, Some(absolute)) => {
            let mut planned = PlannedEffect { text: absolute.to_string(), ..empty(absolute.span, None) };
            // A plain per cent of a rate is ambiguous: points are wanted.
            let ambiguous = binary && absolute.unit == Unit::Percent;
            match in_unit(absolute, unit, binary).filter(|_| !ambiguous) {
                Some(size) => {
                    planned.absolute = Some(size);
                    planned.relative =
                        baseline.filter(|baseline| *baseline != 0.0).map(|baseline| size / baseline.abs());
                }
                None => {
                    let wanted = if binary { "pp".to_owned() } else { unit.unwrap_or("its unit").to_owned() };
                    planned.fault = Some(EffectFault::OtherUnit { wanted });
                }
            }
            Some(planned)
        }
        (None, None) => {
            let broken = effect.relative.span().is_some() || effect.absolute.span().is_some();
            (!broken).then(|| empty(*span, Some(EffectFault::Empty)))
        }
    }
}
