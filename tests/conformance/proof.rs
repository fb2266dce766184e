//! What was proven of a platform, kept in `proven/<platform>.json`, and the page that is made of all of them.
//!
//! With `EXPC_BLESS=1` a run writes both; otherwise it compares. A part for each platform lets one be judged alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::matrix::Case;
use crate::platforms::{PLATFORMS, Platform};
use crate::refusal::Answer;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub platform: String,
    /// The SDKs that judged, with their versions.
    pub sdks: Vec<String>,
    pub differences: Vec<String>,
    pub unjudged: Vec<String>,
    /// By case.
    pub cells: BTreeMap<String, Cell>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Every SDK serves what the plan says.
    Proven,
    /// It is built with a loss that these codes tell of, and every SDK serves what the loss says.
    Lossy(Vec<String>),
    /// It is not built; these codes say why.
    Refused(Vec<String>),
}

impl Cell {
    pub fn of(answer: &Answer) -> Self {
        let list = |codes: &std::collections::BTreeSet<String>| codes.iter().cloned().collect::<Vec<_>>();
        match (answer.refused.is_empty(), answer.lost.is_empty()) {
            (false, _) => Self::Refused(list(&answer.refused)),
            (true, false) => Self::Lossy(list(&answer.lost)),
            (true, true) => Self::Proven,
        }
    }
}

impl Proof {
    pub fn of(platform: &Platform, cells: BTreeMap<String, Cell>) -> Self {
        let difference = |one: &crate::platforms::Difference| match one.by {
            [] => format!("{}: {}", one.kind, one.says),
            by => format!("{}: {} ({})", one.kind, one.says, by.join(", ")),
        };
        Self {
            platform: platform.name.to_owned(),
            sdks: platform.evaluators.iter().map(crate::sdk::Evaluator::name).collect(),
            differences: platform.differences.iter().map(difference).collect(),
            unjudged: platform.unjudged.iter().map(|one| (*one).to_owned()).collect(),
            cells,
        }
    }

    fn path(name: &str) -> PathBuf {
        root().join("tests/conformance/proven").join(format!("{name}.json"))
    }

    /// Compares with what was proven before, or keeps it.
    pub fn settle(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).expect("a proof is plain data") + "\n";
        settle(&Self::path(&self.platform), &text)
    }

    /// `None` where nothing is proven yet, which the run of that platform says.
    fn read(name: &str) -> Result<Option<Self>, String> {
        let path = Self::path(name);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn blesses() -> bool {
    std::env::var_os("EXPC_BLESS").is_some_and(|value| value == "1")
}

fn settle(path: &Path, text: &str) -> Result<(), String> {
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    if blesses() {
        return std::fs::write(path, text).map_err(|error| format!("{shown}: {error}"));
    }
    let now = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if now == text {
        return Ok(());
    }
    let first = now.lines().zip(text.lines()).find(|(a, b)| a != b);
    let first = first.map_or_else(String::new, |(old, new)| format!(":\n  is    {old}\n  comes {new}"));
    Err(format!("{shown} is not what this run shows; `EXPC_BLESS=1 cargo test --test conformance` writes it{first}"))
}

/// Compares `docs/platforms.md` with what all platforms have proven, or writes it.
pub fn settle_page(cases: &[&Case]) -> Result<(), String> {
    let mut proofs = Vec::new();
    for platform in PLATFORMS {
        proofs.extend(Proof::read(platform.name)?);
    }
    settle(&root().join("docs/platforms.md"), &page(cases, &proofs))
}

fn page(cases: &[&Case], proofs: &[Proof]) -> String {
    let mut page = String::from(
        "# What is proven of each flag platform\n\n\
         Written by `EXPC_BLESS=1 cargo test --test conformance`; every run compares it.\n\
         Each experiment below is built for each platform and evaluated by the platform's own SDKs for 20,000 units.\n\
         Who takes part, in which variant's payload, in which parts, and what a ramp, a layer, a holdout and a kill switch do is compared with the plan.\n\n\
         - ✓ and a number: so many SDKs serve what the plan says.\n\
         - ≈ and a code: it is built with a loss, which that finding tells of (with the word in `emit.strict` where it is EMI002); so many SDKs serve the rounded value.\n\
         - ✗ and a code: it is not built, and that finding says so before.\n",
    );
    let mut group = "";
    for case in cases {
        if case.group != group {
            group = case.group;
            let names: Vec<&str> = proofs.iter().map(|proof| proof.platform.as_str()).collect();
            let _ =
                write!(page, "\n## {group}\n\n| | {} |\n| --- |{}\n", names.join(" | "), " --- |".repeat(names.len()));
        }
        let cells: Vec<String> = proofs
            .iter()
            .map(|proof| match proof.cells.get(case.name) {
                Some(Cell::Proven) => format!("✓ {}", proof.sdks.len()),
                Some(Cell::Lossy(codes)) => format!("≈ {} {}", proof.sdks.len(), codes.join(" ")),
                Some(Cell::Refused(codes)) => format!("✗ {}", codes.join(" ")),
                None => String::new(),
            })
            .collect();
        let _ = writeln!(page, "| {} | {} |", case.shows.replace('|', "\\|"), cells.join(" | "));
    }
    page.push_str("\n## The judges\n");
    for proof in proofs {
        let _ = write!(page, "\n### {}\n\n", proof.platform);
        for sdk in &proof.sdks {
            let _ = writeln!(page, "- {sdk}");
        }
        if !proof.differences.is_empty() {
            page.push_str("\nWhere values are not of the declared type, or payloads are beyond what the SDK holds, it differs from the language:\n\n");
            for difference in &proof.differences {
                let _ = writeln!(page, "- {difference}");
            }
        }
        if !proof.unjudged.is_empty() {
            page.push_str("\nWhat no SDK here can judge:\n\n");
            for one in &proof.unjudged {
                let _ = writeln!(page, "- {one}");
            }
        }
    }
    page
}
