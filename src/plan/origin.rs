//! Where a value comes from.

use crate::policy::{PresetName, SettingOrigin};
use crate::text::{FileId, Span};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Written in the spec itself.
    Written(Span),
    /// Inherited from a template.
    Template(Span),
    /// From a definition of the catalogue.
    Catalogue(Span),
    /// From `expc.toml`.
    Policy(Span),
    /// From a preset of the policy.
    Preset(PresetName),
    /// The language's own default.
    BuiltIn,
    /// Computed from other values.
    Computed,
}

impl Origin {
    /// The place, when the value is written somewhere.
    pub fn span(self) -> Option<Span> {
        match self {
            Origin::Written(span) | Origin::Template(span) | Origin::Catalogue(span) | Origin::Policy(span) => {
                Some(span)
            }
            Origin::Preset(_) | Origin::BuiltIn | Origin::Computed => None,
        }
    }

    /// A value of the merged spec: written in it when the place is in `file`, inherited otherwise.
    pub fn in_spec(span: Span, file: FileId) -> Self {
        if span.file == file { Origin::Written(span) } else { Origin::Template(span) }
    }

    pub fn word(self) -> &'static str {
        match self {
            Origin::Written(_) => "spec",
            Origin::Template(_) => "template",
            Origin::Catalogue(_) => "catalogue",
            Origin::Policy(_) => "policy",
            Origin::Preset(_) => "preset",
            Origin::BuiltIn => "built-in",
            Origin::Computed => "computed",
        }
    }
}

impl From<SettingOrigin> for Origin {
    fn from(origin: SettingOrigin) -> Self {
        match origin {
            SettingOrigin::Preset(preset) => Origin::Preset(preset),
            SettingOrigin::Written(span) => Origin::Policy(span),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Known<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Known<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub fn built_in(value: T) -> Self {
        Self { value, origin: Origin::BuiltIn }
    }

    pub fn span(&self) -> Option<Span> {
        self.origin.span()
    }
}
