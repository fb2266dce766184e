//! Revisions of a workspace, by the `git` program.
//!
//! A [`Repository`] is the one around a workspace; [`Repository::base`] finds the commit that a change starts from, and
//! [`Repository::tree`] gives the workspace as it was there, as [`Files`](super::Files) that any reader of a workspace
//! takes. Nothing is fetched or written, and nothing that the repository names is run: see `call.rs`. Each thing
//! that can be odd about a repository is a [`GitFault`] with a way out.

mod call;
mod fault;
mod history;
mod tree;

use std::path::Path;

use call::Git;
pub use fault::GitFault;
pub use history::Commit;
pub use tree::GitTree;

use crate::text::nearest;

/// The repository around a workspace.
#[derive(Debug, Clone)]
pub struct Repository {
    git: Git,
    /// From the top of the repository to the workspace: empty, or with a slash at its end.
    prefix: String,
    hash: HashKind,
    shallow: bool,
}

/// How contents are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HashKind {
    Sha1,
    Sha256,
}

/// A commit, and what the user called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// As it was asked for: `origin/main`.
    pub reference: String,
    /// All digits of its name.
    pub commit: String,
}

impl Revision {
    /// The first digits of its name.
    pub fn short(&self) -> &str {
        fault::short(&self.commit)
    }
}

/// The name that commits made in a folder would carry.
pub fn user_name(folder: &Path) -> Option<String> {
    Git::new(folder).line(&["config", "user.name"]).ok().filter(|name| !name.is_empty())
}

impl Repository {
    /// The repository that the folder of a workspace lies in.
    pub fn around(workspace: &Path) -> Result<Self, GitFault> {
        let git = Git::new(workspace);
        let facts = git.output(&[
            "rev-parse",
            "--is-inside-work-tree",
            "--is-shallow-repository",
            "--show-object-format",
            "--show-prefix",
        ])?;
        let facts = String::from_utf8_lossy(&facts);
        // The prefix comes last: its folders may hold line ends.
        let mut facts = facts.splitn(4, '\n');
        let mut next = || facts.next().unwrap_or_default();
        let (inside, shallow, hash, prefix) = (next(), next(), next(), next());
        if inside != "true" {
            return Err(GitFault::NoWorkTree { workspace: workspace.display().to_string() });
        }
        Ok(Self {
            prefix: prefix.strip_suffix('\n').unwrap_or(prefix).to_owned(),
            // An old git knows one kind and repeats the question.
            hash: if hash == "sha256" { HashKind::Sha256 } else { HashKind::Sha1 },
            shallow: shallow == "true",
            git,
        })
    }

    /// The commit of a name.
    pub fn revision(&self, reference: &str) -> Result<Revision, GitFault> {
        let reference = reference.trim();
        if reference.is_empty() || reference.starts_with('-') || reference.contains(['\0', '\n']) {
            return Err(GitFault::NotAName { reference: reference.to_owned() });
        }
        match self.resolve(&format!("{reference}^{{commit}}"))? {
            Some(commit) => Ok(Revision { reference: reference.to_owned(), commit }),
            None if self.resolve("HEAD^{commit}")?.is_none() => Err(GitFault::NoCommit),
            None if self.resolve(reference)?.is_some() => Err(GitFault::NotACommit { reference: reference.to_owned() }),
            None => Err(self.unknown(reference)?),
        }
    }

    /// The commit that a change starts from: the last one that HEAD and the named revision share.
    ///
    /// What happened on the named branch since then is not a part of the change.
    pub fn base(&self, reference: &str) -> Result<Revision, GitFault> {
        let named = self.revision(reference)?;
        let head = self.resolve("HEAD^{commit}")?.ok_or(GitFault::NoCommit)?;
        if named.commit == head {
            return Ok(named);
        }
        let shared = self.git.answer(&["merge-base", &named.commit, &head])?;
        let shared =
            shared.map(|line| String::from_utf8_lossy(&line).trim().to_owned()).filter(|line| !line.is_empty());
        match shared {
            Some(commit) => Ok(Revision { reference: named.reference, commit }),
            None if self.shallow => Err(GitFault::Shallow { reference: named.reference }),
            None => Err(GitFault::Unrelated { reference: named.reference }),
        }
    }

    /// The name of the branch that changes are merged into: what the remote `origin` calls its own, else `main` or
    /// `master` there, else here.
    pub fn main_branch(&self) -> Result<String, GitFault> {
        if self.resolve("HEAD^{commit}")?.is_none() {
            return Err(GitFault::NoCommit);
        }
        let head = self.git.answer(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
        let named = head.ok().flatten().map(|line| String::from_utf8_lossy(&line).trim().to_owned());
        let usual = ["origin/main", "origin/master", "main", "master"].map(str::to_owned);
        for name in named.filter(|name| !name.is_empty()).into_iter().chain(usual) {
            if self.resolve(&format!("{name}^{{commit}}"))?.is_some() {
                return Ok(name);
            }
        }
        Err(GitFault::NoMainBranch)
    }

    /// The commit that is checked out; `None` before the first one.
    pub fn head(&self) -> Result<Option<String>, GitFault> {
        self.resolve("HEAD^{commit}")
    }

    fn resolve(&self, name: &str) -> Result<Option<String>, GitFault> {
        let line = self.git.answer(&["rev-parse", "--verify", "--quiet", "--end-of-options", name]);
        match line {
            Ok(line) => Ok(line.map(|line| String::from_utf8_lossy(&line).trim().to_owned())),
            // Some wrong names are answered with words: `main~x`, a log that does not reach back, half a commit.
            Err(GitFault::Failed { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn unknown(&self, reference: &str) -> Result<GitFault, GitFault> {
        let names = self.git.line(&[
            "for-each-ref",
            "--format=%(refname:lstrip=2)",
            "refs/heads",
            "refs/remotes",
            "refs/tags",
        ])?;
        let remotes = self.git.line(&["remote"])?;
        let names: Vec<&str> = names.lines().collect();
        let tail = format!("/{reference}");
        // `main` where there is only `origin/main`.
        let remote_branch = names.iter().copied().find(|name| name.ends_with(&tail));
        let near = remote_branch.or_else(|| nearest(reference, names.iter().copied()));
        let of_reference = |remote: &&str| reference.strip_prefix(remote).is_some_and(|rest| rest.starts_with('/'));
        let remote = remotes.lines().find(of_reference).or_else(|| remotes.lines().next());
        Ok(GitFault::UnknownRevision {
            reference: reference.to_owned(),
            near: near.map(str::to_owned),
            remote: remote.map(str::to_owned),
            shallow: self.shallow,
        })
    }
}
