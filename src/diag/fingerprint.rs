//! A name for each finding that survives edits elsewhere, so that an old finding is told from a new one.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::Diagnostic;
use crate::text::{Place, Sources};

/// Enough of the text under a span to tell it from its neighbours.
const TELLING: usize = 4_096;

/// One name a finding, in the order of the findings.
///
/// It is taken over code, path, experiment, the text of the primary place, and the headline without its digits. Lines may
/// move and numbers in the message may change; the name stays. Equal findings are counted, so that each name is used once.
pub fn fingerprints<'a>(sources: &Sources, findings: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<String> {
    named(findings.into_iter().map(|finding| {
        let place = Place::of(sources, finding.primary.span);
        Identity {
            code: &finding.code,
            path: place.path,
            experiment: finding.experiment.as_deref().unwrap_or_default(),
            text: place.text,
            headline: &finding.headline,
        }
        .digest()
    }))
}

/// What makes a finding the one it is.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    pub code: &'a str,
    pub path: &'a str,
    /// Empty when it is about none.
    pub experiment: &'a str,
    /// Under the primary place.
    pub text: &'a str,
    pub headline: &'a str,
}

impl Identity<'_> {
    /// The same for findings that cannot be told apart.
    pub fn digest(self) -> [u8; 32] {
        let text = self.text.as_bytes();
        let headline = self.headline.replace(|c: char| c.is_ascii_digit(), "");
        hash([
            self.code.as_bytes(),
            self.path.as_bytes(),
            self.experiment.as_bytes(),
            &text[..text.len().min(TELLING)],
            headline.as_bytes(),
        ])
    }
}

/// Names of digests: each is used once, the second of two equal ones gets another.
pub fn named(digests: impl IntoIterator<Item = [u8; 32]>) -> Vec<String> {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    let name = |same: [u8; 32]| {
        let count = seen.entry(same).or_default();
        *count += 1;
        let name = match *count {
            1 => same,
            again => hash([same.as_slice(), &again.to_be_bytes()]),
        };
        // 128 bits: as good as unique, and short enough to read aloud the first few.
        name[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    digests.into_iter().map(name).collect()
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
