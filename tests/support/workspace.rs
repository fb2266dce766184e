//! A workspace on disk, and the built program run over it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that goes away with the test.
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("the system has a place for temporary files") }
    }

    /// The clean workspace of the rules' examples.
    pub fn base() -> Self {
        let folder = Self::new();
        for (path, text) in crate::base::files() {
            folder.write(&path, text);
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().expect("files lie in folders")).expect("a folder can be made");
        std::fs::write(&full, bytes).expect("a file can be written");
        full
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).expect(path)
    }

    /// Runs the program in this folder.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(arguments).output().expect("the program starts"))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_expc"));
        command.args(arguments).current_dir(self.path()).env_remove("COLUMNS").env("NO_COLOR", "1");
        command
    }

    /// `expc check` on a fixed day.
    pub fn check(&self, more: &[&str]) -> Answer {
        self.run(&[&["check", "--today", crate::base::TODAY], more].concat())
    }
}

/// What the program said, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program speaks UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The codes of the findings of `--format json`, sorted.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn codes(&self) -> Vec<String> {
        let report: serde_json::Value =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let findings = report["findings"].as_array().expect("a list of findings");
        let mut codes: Vec<String> = findings.iter().map(|f| f["code"].as_str().expect("a code").to_owned()).collect();
        codes.sort();
        codes
    }
}
