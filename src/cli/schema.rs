//! `expc schema`.

use super::{Exit, Failure, print};
use crate::catalog::CatalogFile;
use crate::policy::WorkspaceFile;
use crate::spec::schema::schema_of;
use crate::spec::{Spec, Template};

/// Makes a schema from its types.
type Make = fn() -> serde_json::Value;

/// Every schema that is published, by name.
pub static SCHEMAS: &[(&str, Make)] = &[
    ("experiment", || schema_of::<Spec>("experiment")),
    ("template", || schema_of::<Template>("template")),
    ("catalog", || schema_of::<CatalogFile>("catalog")),
    ("workspace", || schema_of::<WorkspaceFile>("workspace")),
    ("findings", crate::report::json_schema),
    ("lock", crate::portfolio::registry::json_schema),
    ("plan", crate::emit::plans::json_schema),
];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which schema; all names are listed when absent
    name: Option<String>,
}

/// The text of a schema file.
pub fn text(schema: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let names = || SCHEMAS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let Some(name) = &arguments.name else {
        print(&SCHEMAS.iter().map(|(name, _)| format!("{name}\n")).collect::<String>());
        return Ok(Exit::Clean);
    };
    let Some((_, make)) = SCHEMAS.iter().find(|(known, _)| known == name) else {
        return Err(Failure::Usage { text: format!("unknown schema `{name}`"), help: format!("one of {}", names()) });
    };
    print(&text(&make()));
    Ok(Exit::Clean)
}
