//! The clean workspace in `tests/rules/base`, shared by the tests that lay something over it.

use std::collections::BTreeMap;

pub const SPEC: &str = "experiments/checkout-one-tap.toml";
pub const TODAY: &str = "2026-11-22";

/// Its files, text by path.
pub fn files() -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/base");
    let files = ["expc.toml", "catalog/base.toml", "templates/conversion-ab.toml", SPEC];
    files.iter().map(|path| ((*path).to_owned(), std::fs::read_to_string(root.join(path)).expect(path))).collect()
}
