//! Files from memory: for tests, and for hosts without a disk.

use std::collections::BTreeMap;

use super::{Files, ReadFault, ReadFaultKind, decode};

/// Files by path.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), bytes.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        let missing = || ReadFault { path: path.to_owned(), kind: ReadFaultKind::NotFound };
        decode(path, self.files.get(path).cloned().ok_or_else(missing)?)
    }

    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>) {
        let below = |path: &&String| {
            path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) && path.ends_with(ending)
        };
        (self.files.keys().filter(below).cloned().collect(), Vec::new())
    }
}
