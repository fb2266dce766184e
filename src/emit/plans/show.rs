//! Numbers and places as people read them: the same in the document, the page and the picture.

use crate::plan::PlannedMetric;
use crate::spec::quantity::plain;
use crate::text::{Sources, Span};

/// `62,690`.
pub(super) fn count(number: f64) -> String {
    if !number.is_finite() {
        return "unknown".to_owned();
    }
    let digits = format!("{:.0}", number.abs());
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number <= -0.5 { format!("-{out}") } else { out }
}

/// At least three significant digits, without zeros at the end; whole numbers in full.
pub(super) fn short(number: f64) -> String {
    if !number.is_finite() {
        return "unknown".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(number.abs()));
    let decimals = (2.0 - magnitude).clamp(0.0, 9.0) as usize;
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A probability: `80 %`, `93.3 %`.
pub(super) fn percent(fraction: f64) -> String {
    let number = fraction * 100.0;
    if 0.0 < number && number < 0.05 {
        return format!("{} %", short(number));
    }
    format!("{} %", plain((number * 10.0).round() / 10.0))
}

/// A power: as a probability, but never rounded up to certainty.
pub(super) fn power(power: f64) -> String {
    if 0.9995 <= power { "over 99.9 %".to_owned() } else { percent(power) }
}

/// A computed share, to three digits: `33.3 %`, `0.25 %`.
pub(super) fn share(fraction: f64) -> String {
    format!("{} %", short(fraction * 100.0))
}

/// A share that was written by hand, in full.
pub(super) fn exact_percent(fraction: f64) -> String {
    format!("{} %", plain(fraction * 100.0))
}

/// A quantity as it was written, spaced as the computed ones are: `1.5 %`, `0.4 pp`.
pub(super) fn spaced(written: &str) -> String {
    let unit = ["%", "pp"].into_iter().find(|unit| written.ends_with(unit));
    match unit.map(|unit| (&written[..written.len() - unit.len()], unit)) {
        Some((number, unit)) if number.ends_with(|last: char| last.is_ascii_digit()) => format!("{number} {unit}"),
        _ => written.to_owned(),
    }
}

/// True when the metric's numbers are rates, kept as fractions.
pub(super) fn is_rate(metric: Option<&PlannedMetric>) -> bool {
    let Some(metric) = metric else { return false };
    metric.kind.as_ref().is_some_and(|kind| kind.value.is_binary())
        || metric.unit.as_ref().is_some_and(|unit| unit.value == "%")
}

/// A level of a metric with its unit: `11 %`, `420 ms`, `4.2 USD`.
pub(super) fn level(metric: Option<&PlannedMetric>, value: f64) -> String {
    if is_rate(metric) {
        return format!("{} %", short(value * 100.0));
    }
    with_unit(metric, value)
}

/// A difference of a metric with its unit: `0.33 pp`, `10 ms`.
pub(super) fn difference(metric: Option<&PlannedMetric>, value: f64) -> String {
    if is_rate(metric) {
        return format!("{} pp", short(value * 100.0));
    }
    with_unit(metric, value)
}

fn with_unit(metric: Option<&PlannedMetric>, value: f64) -> String {
    match metric.and_then(|metric| metric.unit.as_ref()) {
        Some(unit) => format!("{} {}", short(value), unit.value),
        None => short(value),
    }
}

/// A length of time: `3 days`, `36 hours`.
pub(super) fn length(us: i64) -> String {
    let minutes = us / 60_000_000;
    let (number, unit) = match minutes {
        m if m % (24 * 60) == 0 => (m / (24 * 60), "day"),
        m if m % 60 == 0 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// `catalog/base.toml:10`.
pub(super) fn place(sources: &Sources, span: Span) -> String {
    match sources.find(span.file) {
        Some(source) => format!("{}:{}", source.path, source.position(span.start as usize).line),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_every_size() {
        assert_eq!(count(0.0), "0");
        assert_eq!(count(999.4), "999");
        assert_eq!(count(62_690.0), "62,690");
        assert_eq!(count(-1_234_567.0), "-1,234,567");
        assert_eq!(count(f64::NAN), "unknown");
        assert_eq!(short(0.003_301), "0.0033");
        assert_eq!(short(420.0), "420");
        assert_eq!(short(12_345.6), "12346");
        assert_eq!(percent(0.8), "80 %");
        assert_eq!(power(0.999_99), "over 99.9 %");
        assert_eq!(share(0.0025), "0.25 %");
        assert_eq!(share(1.0 / 3.0), "33.3 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.000_01), "0.001 %");
    }
}
