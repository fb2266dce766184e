//! Files from memory: for tests, and for hosts without a disk.

use std::collections::BTreeMap;

use super::{Files, ReadFault, ReadFaultKind};

/// Texts by path.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, String>,
}

impl Memory {
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        let missing = || ReadFault { path: path.to_owned(), kind: ReadFaultKind::NotFound };
        self.files.get(path).cloned().ok_or_else(missing)
    }

    fn list(&self, folder: &str) -> (Vec<String>, Vec<ReadFault>) {
        let below = |path: &&String| {
            path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) && path.ends_with(".toml")
        };
        (self.files.keys().filter(below).cloned().collect(), Vec::new())
    }
}
