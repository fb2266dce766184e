//! Files with some of their texts replaced, as if they had been written.

use std::collections::BTreeMap;

use super::{Files, ReadFault};

/// Texts over the files below them.
#[derive(Clone)]
pub struct Overlay<'a> {
    below: &'a dyn Files,
    texts: BTreeMap<String, String>,
}

impl<'a> Overlay<'a> {
    pub fn over(below: &'a dyn Files) -> Self {
        Self { below, texts: BTreeMap::new() }
    }

    /// Replaces the text of a file that is there.
    pub fn lay(&mut self, path: &str, text: String) {
        self.texts.insert(path.to_owned(), text);
    }
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        self.texts.get(path).map_or_else(|| self.below.read(path), |text| Ok(text.clone()))
    }

    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>) {
        self.below.find(folder, ending)
    }
}
