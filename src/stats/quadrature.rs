//! Gauss-Legendre rules as fixed tables, so that every platform sums the same numbers.

/// Points of the rule of a panel.
pub const POINTS: usize = 16;

/// Positive nodes and weights of the 16-point rule on [-1, 1]; exact to degree 31.
const HALF_16: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_58),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_74),
    (0.755_404_408_355_003, 0.124_628_971_255_533_88),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_79),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_894),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_096),
];

/// Nodes, rising, and weights of the 16-point rule on [-1, 1].
pub const RULE: [(f64, f64); POINTS] = {
    let mut rule = [(0.0, 0.0); POINTS];
    let mut index = 0;
    while index < HALF_16.len() {
        let (x, weight) = HALF_16[index];
        rule[POINTS / 2 - 1 - index] = (-x, weight);
        rule[POINTS / 2 + index] = (x, weight);
        index += 1;
    }
    rule
};

/// Nodes and weights of equal 16-point panels, no wider than `width`, that cover `[low, high]`.
pub fn panels(low: f64, high: f64, width: f64) -> impl Iterator<Item = (f64, f64)> {
    let count = ((high - low) / width).ceil().max(1.0);
    let half = 0.5 * (high - low) / count;
    (0..count as usize).flat_map(move |panel| {
        let middle = low + half * (2.0 * panel as f64 + 1.0);
        RULE.iter().map(move |&(x, weight)| (middle + half * x, half * weight))
    })
}
