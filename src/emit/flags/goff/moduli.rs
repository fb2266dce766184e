//! What a step of the line is worth: moduli under which FNV-1a spreads ids that count upwards evenly.
//!
//! FNV-1a puts such ids on a lattice, and some moduli are in step with it: a share of a third then takes 35 % of the units.
//! Of the 872 primes from 2^13 to 2^14, these are the 128 under which 20 slices of the line were least off, over 24 names of
//! flags and three ways to count to 20,000; no slice was off by more than 1.9 standard errors. Tried on 237 other names and
//! five ways to count, no share was off by more than 3.3.

use sha2::{Digest, Sha256};

/// The step of a flag, by its name.
pub(super) fn step(key: &str) -> u64 {
    let digest = Sha256::digest(key.as_bytes());
    STEPS[(usize::from(digest[0]) << 8 | usize::from(digest[1])) % STEPS.len()]
}

#[rustfmt::skip]
const STEPS: [u64; 128] = [
    8273, 8291, 8369, 8521, 8597, 8669, 8677, 8689, 8713, 8849, 8893, 8923, 9043, 9341, 9391, 9433,
    9467, 9491, 9511, 9613, 9689, 9721, 9787, 9803, 9851, 9857, 10069, 10099, 10133, 10139, 10141, 10159,
    10163, 10169, 10243, 10267, 10301, 10559, 10567, 10601, 10631, 10651, 10711, 10837, 10867, 10939, 10957, 11071,
    11117, 11149, 11171, 11173, 11311, 11353, 11411, 11437, 11503, 11657, 11681, 11807, 11867, 11927, 12037, 12101,
    12143, 12289, 12347, 12401, 12409, 12451, 12457, 12473, 12527, 12547, 12601, 12611, 12653, 12757, 13037, 13099,
    13171, 13219, 13309, 13397, 13417, 13421, 13441, 13487, 13553, 13591, 13633, 13669, 13841, 13859, 13913, 13997,
    14051, 14071, 14087, 14321, 14323, 14327, 14407, 14431, 14549, 14563, 14767, 14869, 14929, 14957, 15121, 15131,
    15139, 15227, 15233, 15259, 15263, 15313, 15331, 15361, 15373, 15511, 15809, 15817, 15877, 15881, 15907, 16063,
];
