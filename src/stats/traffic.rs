//! What exposure does to a sample: triggers that only some units reach.

use super::{Refusal, finite, positive};

/// A share in (0, 1].
fn share(what: &'static str, value: f64) -> Result<f64, Refusal> {
    if 0.0 < value && value <= 1.0 { Ok(value) } else { Err(Refusal::Outside { what, value, range: "(0, 1]" }) }
}

/// Units to expose so that `triggered` of them reach the trigger.
pub fn exposed(triggered: f64, trigger_rate: f64) -> Result<f64, Refusal> {
    Ok(positive("number of triggered units", triggered)? / share("trigger rate", trigger_rate)?)
}

/// A metric of all units, when only some of them can be touched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diluted {
    pub effect: f64,
    pub variance: f64,
}

/// Effect and variance over all units of a metric that moves by `effect` in triggered units.
///
/// The variances are those of triggered and of other units; `gap` is the difference of their means,
/// and adds `g (1 - g) gap^2`, the variance between the two groups.
pub fn dilute(
    trigger_rate: f64,
    effect: f64,
    variance_triggered: f64,
    variance_other: f64,
    gap: f64,
) -> Result<Diluted, Refusal> {
    let g = share("trigger rate", trigger_rate)?;
    finite("effect", effect)?;
    finite("gap between triggered and other units", gap)?;
    positive("variance of triggered units", variance_triggered)?;
    positive("variance of other units", variance_other)?;
    Ok(Diluted {
        effect: g * effect,
        variance: g * variance_triggered + (1.0 - g) * variance_other + g * (1.0 - g) * gap * gap,
    })
}
