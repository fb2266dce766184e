//! Numbers as the doors print them.

/// So many significant digits, without zeros at the end; whole numbers in full.
pub fn digits(number: f64, significant: i32) -> String {
    if number == 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    let decimals = (significant - 1 - libm::floor(libm::log10(number.abs())) as i32).clamp(0, 12) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A power with four decimals, never rounded up to its goal or to certainty.
pub fn exact_power(power: f64) -> String {
    // A solved power may miss its goal by rounding alone.
    match (power * 1e4 + 1e-7).floor() / 1e4 {
        sure if 0.9999 <= sure => ">0.9999".to_owned(),
        shown => format!("{shown:.4}"),
    }
}
