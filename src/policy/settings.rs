//! The thresholds in force for one spec, each with its origin.

use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::file::{LevelSetting, Override, PolicyTable, PresetName, WorkspaceFile};
use super::levels::Levels;
use crate::spec::governance::DataClass;
use crate::spec::{At, Duration, Field, Named, Probability, Share};
use crate::text::{FileId, Span};

/// Where a threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingOrigin {
    Preset(PresetName),
    Written(Span),
}

/// A threshold with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: SettingOrigin,
}

impl<T> Setting<T> {
    /// Where it is written, when it is.
    pub fn span(&self) -> Option<Span> {
        match self.origin {
            SettingOrigin::Written(span) => Some(span),
            SettingOrigin::Preset(_) => None,
        }
    }
}

/// Names with the place where each is demanded.
pub type NameList = Vec<At<String>>;

macro_rules! policy {
    ($($field:ident: $type:ty;)*) => {
        /// What the organisation demands of one spec.
        #[derive(Debug, Clone)]
        pub struct Policy {
            pub preset: Setting<PresetName>,
            $(pub $field: Setting<$type>,)*
            /// Guardrails by surface; `any` stands for all.
            pub required_guardrails: Vec<(At<String>, NameList)>,
            pub protected_attributes: NameList,
            /// Roles by declared risk.
            pub required_sign_offs: Vec<(At<String>, NameList)>,
            pub excluded_attributes: NameList,
            pub basis_regions: NameList,
            /// Rules by code, name or group.
            pub never_ignore: NameList,
            pub allowed_regions: NameList,
            /// No limit when absent.
            pub max_payload_bytes: Option<At<i64>>,
        }

        impl Policy {
            /// A preset alone.
            pub fn preset(name: PresetName) -> Self {
                let (tree, _) = crate::syntax::parse(FileId(u32::MAX), name.text());
                let (table, _) = crate::syntax::read::<PolicyTable>(&tree);
                Self {
                    preset: Setting { value: name, origin: SettingOrigin::Preset(name) },
                    $($field: Setting {
                        value: table.$field.value().cloned().expect("the built-in presets hold every threshold"),
                        origin: SettingOrigin::Preset(name),
                    },)*
                    required_guardrails: named_lists(&table.required_guardrails),
                    protected_attributes: names(&table.protected_attributes),
                    required_sign_offs: named_lists(&table.required_sign_offs),
                    excluded_attributes: names(&table.excluded_attributes),
                    basis_regions: names(&table.basis_regions),
                    never_ignore: names(&table.never_ignore),
                    allowed_regions: names(&table.allowed_regions),
                    max_payload_bytes: table.max_payload_bytes.get().map(|at| At { value: at.value, span: at.span }),
                }
            }

            fn lay_over(&mut self, table: &PolicyTable) {
                $(
                    if let Some(at) = table.$field.get() {
                        self.$field = Setting { value: at.value.clone(), origin: SettingOrigin::Written(at.span) };
                    }
                )*
                if let Some(at) = table.max_payload_bytes.get() {
                    self.max_payload_bytes = Some(At { value: at.value, span: at.span });
                }
                if table.required_guardrails.get().is_some() {
                    self.required_guardrails = named_lists(&table.required_guardrails);
                }
                if table.protected_attributes.get().is_some() {
                    self.protected_attributes = names(&table.protected_attributes);
                }
                if table.required_sign_offs.get().is_some() {
                    self.required_sign_offs = named_lists(&table.required_sign_offs);
                }
                if table.excluded_attributes.get().is_some() {
                    self.excluded_attributes = names(&table.excluded_attributes);
                }
                if table.basis_regions.get().is_some() {
                    self.basis_regions = names(&table.basis_regions);
                }
                if table.never_ignore.get().is_some() {
                    self.never_ignore = names(&table.never_ignore);
                }
                if table.allowed_regions.get().is_some() {
                    self.allowed_regions = names(&table.allowed_regions);
                }
            }
        }
    };
}

policy! {
    max_alpha: Probability;
    min_power: Probability;
    min_run: Duration;
    max_run: Duration;
    max_first_stage: Share;
    max_step: f64;
    max_primaries: i64;
    max_metrics: i64;
    max_segments: i64;
    max_srm_alpha: Probability;
    max_margin: Share;
    max_baseline_age: Duration;
    max_retention: Duration;
    max_horizon: Duration;
    max_data_class: DataClass;
    min_hypothesis_words: i64;
    max_parallel: i64;
    washout: Duration;
    allow_false_discovery_rate: bool;
    max_review_age: Duration;
    max_event_loss: Share;
    min_cell: i64;
    max_surveys: f64;
    max_experiments: f64;
    contact_period: Duration;
}

/// `expc.toml` made ready: presets laid under, patterns compiled, so that ten thousand specs can ask.
#[derive(Debug, Default)]
pub struct InForce {
    base: Option<Arc<Policy>>,
    overrides: Vec<(Gitignore, At<Override>)>,
    rules: Option<Named<LevelSetting>>,
}

impl InForce {
    pub fn new(file: &WorkspaceFile) -> Self {
        let table = file.policy.value();
        let preset = table.and_then(|table| table.preset.get());
        let mut policy = Policy::preset(preset.map_or(PresetName::Recommended, |at| at.value));
        if let Some(at) = preset {
            policy.preset.origin = SettingOrigin::Written(at.span);
        }
        if let Some(table) = table {
            policy.lay_over(table);
        }
        let list = file.overrides.value().map(|list| list.items.clone()).unwrap_or_default();
        let overrides = list.into_iter().map(|entry| (patterns(&entry), entry)).collect();
        Self { base: Some(Arc::new(policy)), overrides, rules: file.rules.value().cloned() }
    }

    /// The overrides that match a path, in the order of the file; later ones win.
    fn matching<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a At<Override>> {
        let matches = move |set: &Gitignore| set.matched_path_or_any_parents(path, false).is_ignore();
        self.overrides.iter().filter(move |(set, _)| matches(set)).map(|(_, entry)| entry)
    }

    /// What is in force for the spec at `path`: the preset, then `[policy]`, then the overrides that match, in order.
    pub fn policy(&self, path: &str) -> Arc<Policy> {
        let base = self.base.clone().unwrap_or_else(|| Arc::new(Policy::preset(PresetName::Recommended)));
        let mut tables = self.matching(path).filter_map(|entry| entry.policy.value()).peekable();
        if tables.peek().is_none() {
            return base;
        }
        let mut policy = (*base).clone();
        tables.for_each(|table| policy.lay_over(table));
        Arc::new(policy)
    }

    /// The levels in force for the file at `path`: `[rules]`, then the overrides that match.
    pub fn levels<'a>(&'a self, path: &'a str) -> Levels<'a> {
        let over = self.matching(path).filter_map(|entry| entry.value.rules.value());
        Levels::new(self.rules.as_ref(), over.collect())
    }
}

/// The patterns of an override as one matcher; patterns that cannot be read match nothing.
fn patterns(entry: &Override) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for pattern in entry.paths.value().into_iter().flat_map(|paths| paths.iter()) {
        // A fault in one pattern leaves the others; a rule reports patterns without effect.
        let _ = builder.add_line(None, pattern);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// A pattern as in `.gitignore`: `*` stays in a folder, `**` crosses them, a folder means all below it.
pub fn pattern_matches(pattern: &str, path: &str) -> bool {
    Pattern::new(pattern).is_some_and(|pattern| pattern.matches(path))
}

/// A pattern as in `.gitignore`, ready for many paths.
pub struct Pattern(Gitignore);

impl Pattern {
    /// `None` when it cannot be read.
    pub fn new(pattern: &str) -> Option<Self> {
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, pattern).ok()?;
        builder.build().ok().map(Self)
    }

    pub fn matches(&self, path: &str) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

fn names(field: &Field<crate::spec::List<String>>) -> NameList {
    field.value().map(|list| list.items.clone()).unwrap_or_default()
}

fn named_lists(field: &Field<crate::spec::Named<crate::spec::List<String>>>) -> Vec<(At<String>, NameList)> {
    let Some(named) = field.value() else { return Vec::new() };
    named.iter().map(|(name, list)| (name.clone(), list.items.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_complete_and_ordered() {
        let recommended = Policy::preset(PresetName::Recommended);
        let strict = Policy::preset(PresetName::Strict);
        assert!(recommended.min_power.value < strict.min_power.value);
        assert!(strict.max_first_stage.value < recommended.max_first_stage.value);
    }

    #[test]
    fn patterns_read_as_in_gitignore() {
        assert!(pattern_matches("experiments/legacy/**", "experiments/legacy/a.toml"));
        assert!(pattern_matches("experiments/legacy/", "experiments/legacy/b/a.toml"));
        assert!(!pattern_matches("experiments/legacy/**", "experiments/new.toml"));
    }
}
