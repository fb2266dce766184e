//! Calls of the `git` program that a hostile repository cannot bend.
//!
//! A repository's own configuration may name programs: hooks, file watchers, filters, pagers, helpers for
//! transport and signatures. None of the commands used here needs one, and each that could start one is told not to.
//! The work tree is never compared by git, which would run filters; `tree.rs` compares names of contents instead.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fault::GitFault;

/// Settings for every call: nothing is started, nothing is fetched, nothing is written.
const SETTINGS: [&str; 11] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.askPass=true",
    "credential.helper=",
    "protocol.allow=never",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Variables of git that a person or a pipeline sets to say where its configuration is. All others, such as
/// `GIT_DIR` inside a hook, speak of another place than the workspace.
const KEPT: [&str; 5] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// The program, standing in a folder.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
}

impl Git {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A call that waits to be started.
    pub(super) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            // `GIT_CONFIG_COUNT` with its keys and values: how containers say `safe.directory`.
            let kept = KEPT.contains(&&*text)
                || text == "GIT_CONFIG_COUNT"
                || text.starts_with("GIT_CONFIG_KEY_")
                || text.starts_with("GIT_CONFIG_VALUE_");
            if (text.starts_with("GIT_") && !kept) || text == "LANGUAGE" {
                command.env_remove(&name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .arg("--no-pager");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments);
        command
    }

    /// What it prints, or why it failed.
    pub(super) fn output<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitFault> {
        self.answer(arguments)?.ok_or_else(|| self.failed(arguments, ""))
    }

    /// What it prints; `None` when it says no by a code of 1 and without a word.
    pub(super) fn answer<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Option<Vec<u8>>, GitFault> {
        let done = self.command(arguments).output().map_err(|error| self.not_started(&error))?;
        if done.status.success() {
            return Ok(Some(done.stdout));
        }
        let says = String::from_utf8_lossy(&done.stderr);
        if done.status.code() == Some(1) && says.trim().is_empty() {
            return Ok(None);
        }
        Err(self.failed(arguments, &says))
    }

    /// The same as one line of text.
    pub(super) fn line<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, GitFault> {
        Ok(String::from_utf8_lossy(&self.output(arguments)?).trim().to_owned())
    }

    pub(super) fn not_started(&self, error: &io::Error) -> GitFault {
        match error.kind() {
            io::ErrorKind::NotFound if self.folder.is_dir() => GitFault::NoGit,
            // A byte that no argument can hold, most likely in the name of a revision.
            _ => GitFault::Failed { asked: "…".to_owned(), says: error.to_string() },
        }
    }

    fn failed<S: AsRef<OsStr>>(&self, arguments: &[S], says: &str) -> GitFault {
        let workspace = || self.folder.display().to_string();
        if says.contains("dubious ownership") {
            return GitFault::NotTrusted { workspace: workspace() };
        }
        if says.contains("not a git repository") {
            return GitFault::NoRepository { workspace: workspace() };
        }
        if says.contains("must be run in a work tree") {
            return GitFault::NoWorkTree { workspace: workspace() };
        }
        let line = says.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
        let asked = arguments.first().map(|word| word.as_ref().to_string_lossy().into_owned()).unwrap_or_default();
        GitFault::Failed { asked, says: line.trim_start_matches("fatal: ").trim().to_owned() }
    }
}
