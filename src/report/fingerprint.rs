//! A name for each finding that survives edits elsewhere, so that a code host knows an old finding from a new one.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::place::Place;
use crate::diag::Diagnostic;
use crate::text::Sources;

/// Enough of the text under a span to tell it from its neighbours.
const TELLING: usize = 4_096;

/// One name a finding, in the order in which they come.
///
/// It is taken over code, path, experiment, the text of the primary place, and the headline without its digits. Lines may
/// move and numbers in the message may change; the name stays. Equal findings are counted, so that each name is used once.
pub(super) fn fingerprints<'a>(sources: &Sources, findings: impl Iterator<Item = &'a Diagnostic>) -> Vec<String> {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    findings
        .map(|finding| {
            let place = Place::of(sources, finding.primary.span);
            let text = place.text.as_bytes();
            let experiment = finding.experiment.as_deref().unwrap_or_default();
            let headline = finding.headline.replace(|c: char| c.is_ascii_digit(), "");
            let same = hash([
                finding.code.as_bytes(),
                place.path.as_bytes(),
                experiment.as_bytes(),
                &text[..text.len().min(TELLING)],
                headline.as_bytes(),
            ]);
            let count = seen.entry(same).or_default();
            *count += 1;
            let name = match *count {
                1 => same,
                again => hash([same.as_slice(), &again.to_be_bytes()]),
            };
            // 128 bits: as good as unique, and short enough to read aloud the first few.
            name[..16].iter().map(|byte| format!("{byte:02x}")).collect()
        })
        .collect()
}

/// Each part goes in behind its length, so that moving a border between parts gives another hash.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
