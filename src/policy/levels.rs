//! The level in force for a rule: built in, or set by code, name or group, here or in an override.

use super::file::LevelWord;
use crate::diag::Level;
use crate::spec::Named;
use crate::text::Span;

/// What set a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelSource {
    BuiltIn,
    /// The key of `[rules]` or of an override.
    Written(Span),
}

/// The levels that hold for one spec.
#[derive(Debug, Clone, Default)]
pub struct Levels<'a> {
    tables: Vec<&'a Named<LevelWord>>,
}

impl<'a> Levels<'a> {
    /// `[rules]`, then the overrides that match; later tables win.
    pub(super) fn new(tables: Vec<&'a Named<LevelWord>>) -> Self {
        Self { tables }
    }

    /// The level of a rule. Within a table a code or name beats a group; a later table beats an earlier one.
    pub fn level(&self, code: &str, name: &str, group: &str, built_in: Level) -> (Level, LevelSource) {
        for table in self.tables.iter().rev() {
            let exact = table.iter().filter(|(key, _)| key.value == code || key.value == name).last();
            let found = exact.or_else(|| table.iter().find(|(key, _)| key.value == group));
            if let Some((key, word)) = found {
                return (Level::from(word.value), LevelSource::Written(key.span));
            }
        }
        (built_in, LevelSource::BuiltIn)
    }
}
