//! The level in force for a rule: built in, or set by code, name or group, here or in an override.

use super::file::LevelSetting;
use crate::diag::Level;
use crate::spec::{Day, Named};
use crate::text::Span;

/// What set a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelSource {
    BuiltIn,
    /// The key of `[rules]` or of an override.
    Written(Span),
}

/// The level in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForceLevel {
    pub level: Level,
    pub source: LevelSource,
    /// The day from which it is an error, while that has not come.
    pub error_from: Option<Day>,
}

/// An entry that names a rule, in a table that holds for a path.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The key as written: a code, a name or a group.
    pub key: &'a str,
    pub span: Span,
    pub setting: LevelSetting,
    /// True in an override, false in `[rules]`.
    pub overrides: bool,
}

/// The levels that hold for one file.
#[derive(Debug, Clone, Default)]
pub struct Levels<'a> {
    /// `[rules]`, when there is such a table.
    base: Option<&'a Named<LevelSetting>>,
    /// Of the overrides that match, in the order of the file.
    overrides: Vec<&'a Named<LevelSetting>>,
    today: Option<Day>,
}

impl<'a> Levels<'a> {
    /// `[rules]`, then the overrides that match; later tables win.
    pub(super) fn new(base: Option<&'a Named<LevelSetting>>, overrides: Vec<&'a Named<LevelSetting>>) -> Self {
        Self { base, overrides, today: None }
    }

    /// The same on a day. Without one an error that waits for its day is a warning.
    #[must_use]
    pub fn on(self, today: Option<Day>) -> Self {
        Self { today, ..self }
    }

    pub fn today(&self) -> Option<Day> {
        self.today
    }

    /// What each table says of a rule, from the weakest to the one that counts.
    ///
    /// Within a table a code or name beats a group; a later table beats an earlier one.
    pub fn entries(&self, code: &str, name: &str, group: &str) -> Vec<Entry<'a>> {
        self.tables().filter_map(|(table, overrides)| said(table, overrides, code, name, group)).collect()
    }

    fn tables(&self) -> impl DoubleEndedIterator<Item = (&'a Named<LevelSetting>, bool)> {
        self.base.into_iter().map(|table| (table, false)).chain(self.overrides.iter().map(|table| (*table, true)))
    }

    /// The level of a rule.
    pub fn level(&self, code: &str, name: &str, group: &str, built_in: Level) -> InForceLevel {
        let last = self.tables().rev().find_map(|(table, overrides)| said(table, overrides, code, name, group));
        let Some(entry) = last else {
            return InForceLevel { level: built_in, source: LevelSource::BuiltIn, error_from: None };
        };
        let (level, error_from) = self.by_day(entry.setting);
        InForceLevel { level, source: LevelSource::Written(entry.span), error_from }
    }

    /// What a setting counts on the day of the run, and the day that is still to come.
    pub fn by_day(&self, setting: LevelSetting) -> (Level, Option<Day>) {
        match setting.error_from {
            Some(day) if self.today.is_some_and(|today| day <= today) => (Level::Error, None),
            waiting => (Level::from(setting.word), waiting),
        }
    }
}

fn said<'a>(table: &'a Named<LevelSetting>, overrides: bool, code: &str, name: &str, group: &str) -> Option<Entry<'a>> {
    let exact = table.iter().filter(|(key, _)| key.value == code || key.value == name).last();
    let (key, setting) = exact.or_else(|| table.iter().find(|(key, _)| key.value == group))?;
    Some(Entry { key: &key.value, span: key.span, setting: setting.value, overrides })
}
