//! A real repository in a folder of its own, built with the git program. Names, dates and settings are always the same,
//! whoever runs the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::Folder;

pub struct Repo {
    pub folder: Folder,
}

impl Repo {
    /// A folder in no repository.
    pub fn uninitialised() -> Self {
        Self { folder: Folder::new() }
    }

    /// An empty repository whose first branch is `main`.
    pub fn initialised(options: &[&str]) -> Self {
        let repo = Self::uninitialised();
        repo.git(&[&["init", "-q", "-b", "main"], options, &["."]].concat());
        repo
    }

    /// The clean workspace of the rules' examples in one commit on `main`.
    pub fn of_base() -> Self {
        let repo = Self { folder: Folder::base() };
        repo.git(&["init", "-q", "-b", "main"]);
        repo.commit("base");
        repo
    }

    pub fn cloned(origin: &Repo, options: &[&str]) -> Self {
        Self::cloned_from(&format!("file://{}", origin.path().display()), options)
    }

    pub fn cloned_from(url: &str, options: &[&str]) -> Self {
        let repo = Self::uninitialised();
        repo.git(&[&["clone", "-q"], options, &[url, "."]].concat());
        repo
    }

    /// The files of the clean workspace, below a folder.
    pub fn write_base(&self, below: &str) {
        for (path, text) in crate::base::files() {
            self.write(&format!("{below}{path}"), text);
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.folder.write(path, bytes)
    }

    pub fn read(&self, path: &str) -> String {
        self.folder.read(path)
    }

    /// Replaces a part of a file, which has to be there.
    #[allow(dead_code, reason = "not every test edits")]
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, text.replace(from, to));
    }

    /// Everything in the folder as a commit of Priya Raman.
    pub fn commit(&self, message: &str) {
        self.commit_as("Priya Raman", message);
    }

    pub fn commit_as(&self, author: &str, message: &str) {
        self.git(&["add", "--all"]);
        let address = author.to_lowercase().replace(' ', ".");
        let author = format!("{author} <{address}@example.org>");
        self.git(&["commit", "-q", "--allow-empty", "--no-verify", "-m", message, "--author", &author]);
    }

    /// Runs git here; it has to succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let done = isolated(Command::new("git").args(arguments).current_dir(self.path())).output().expect("git starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(done.status.success(), "git {arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    }
}

/// Without the settings of whoever runs the test, and without their place.
pub fn isolated(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-11-20T12:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-11-20T12:00:00Z")
        .env("GIT_COMMITTER_NAME", "Priya Raman")
        .env("GIT_COMMITTER_EMAIL", "priya.raman@example.org")
        .env("GIT_AUTHOR_NAME", "Priya Raman")
        .env("GIT_AUTHOR_EMAIL", "priya.raman@example.org")
}
