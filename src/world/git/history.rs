//! Who changed what between two commits, and when a commit was made.

use std::collections::BTreeSet;

use super::fault::GitFault;
use super::{Repository, Revision};
use crate::world::disk::in_utc;

/// One commit of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Names and addresses of its author and of those it names beside him.
    pub authors: Vec<String>,
    /// What it touches, relative to the workspace.
    pub paths: Vec<String>,
}

impl Repository {
    /// The commits from a revision to HEAD that touch the workspace; merges count by what they bring in.
    pub fn commits_since(&self, base: &Revision) -> Result<Vec<Commit>, GitFault> {
        let text = self.git.output(&[
            "log",
            "-z",
            "--name-only",
            "--no-renames",
            "--relative",
            "--no-show-signature",
            "--format=%x01%an%x02%ae%x02%(trailers:key=Co-authored-by,valueonly,separator=%x02)%x03",
            &format!("{}..HEAD", base.commit),
            "--",
            ".",
        ])?;
        let text = String::from_utf8_lossy(&text);
        let commits = text.split('\u{1}').skip(1).map(|commit| {
            let (authors, paths) = commit.split_once('\u{3}').unwrap_or((commit, ""));
            // `Ada Lind <ada@example.org>` names her twice.
            let authors = authors.split(['\u{2}', '<', '>']).map(str::trim).filter(|name| !name.is_empty());
            let paths = paths.split('\0').map(|path| path.trim_matches('\n')).filter(|path| !path.is_empty());
            Commit { authors: authors.map(str::to_owned).collect(), paths: paths.map(str::to_owned).collect() }
        });
        Ok(commits.collect())
    }

    /// Files that were moved between a revision and HEAD: the old path and the new one.
    pub fn moved_since(&self, base: &Revision) -> Result<Vec<(String, String)>, GitFault> {
        let text = self.git.output(&[
            "diff-tree",
            "-r",
            "-z",
            "-M",
            "-l2000",
            "--relative",
            "--name-status",
            "--diff-filter=R",
            &base.commit,
            "HEAD",
        ])?;
        let text = String::from_utf8_lossy(&text);
        let mut words = text.split('\0');
        let mut moved = Vec::new();
        while let (Some(_), Some(from), Some(to)) = (words.next(), words.next(), words.next()) {
            moved.push((from.to_owned(), to.to_owned()));
        }
        Ok(moved)
    }

    /// When commits were made, in UTC as `YYYY-MM-DDTHH:MM:SSZ`, by their full names. What is no full name, or is not
    /// in the repository, is left out.
    pub fn committed(&self, names: &BTreeSet<String>) -> Result<Vec<(String, String)>, GitFault> {
        let is_full = |name: &&str| matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let names: Vec<&str> = names.iter().map(String::as_str).filter(is_full).collect();
        let mut found = Vec::new();
        // A command line has a length.
        for some in names.chunks(500) {
            let question = ["log", "--no-walk=unsorted", "--ignore-missing", "--no-show-signature", "--format=%H %ct"];
            let text = self.git.output(&[&question[..], some, &["--"]].concat())?;
            let text = String::from_utf8_lossy(&text);
            found.extend(text.lines().filter_map(|line| {
                let (name, seconds) = line.split_once(' ')?;
                Some((name.to_owned(), in_utc(seconds.parse().ok()?)?))
            }));
        }
        Ok(found)
    }
}
