//! Why git cannot answer, in words and with a way out.

/// Why git cannot answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitFault {
    /// The program is not there.
    NoGit,
    /// The workspace lies in no repository.
    NoRepository {
        workspace: String,
    },
    /// The folder belongs to a repository without files of its own, or to the inside of one.
    NoWorkTree {
        workspace: String,
    },
    /// Git refuses a repository that belongs to somebody else.
    NotTrusted {
        workspace: String,
    },
    /// There is no commit yet.
    NoCommit,
    /// No branch has a name by which changes are usually merged.
    NoMainBranch,
    /// A revision must have a name that could be one.
    NotAName {
        reference: String,
    },
    UnknownRevision {
        reference: String,
        near: Option<String>,
        remote: Option<String>,
        shallow: bool,
    },
    /// It is something, but no commit.
    NotACommit {
        reference: String,
    },
    /// The clone does not reach back to the common commit.
    Shallow {
        reference: String,
    },
    /// The two histories have no common commit.
    Unrelated {
        reference: String,
    },
    /// The contents were left out of the clone.
    Partial {
        path: String,
    },
    /// A submodule is checked out without the commit of the base.
    SubmoduleBehind {
        path: String,
        commit: String,
    },
    /// Anything else, in git's words.
    Failed {
        asked: String,
        says: String,
    },
}

impl std::fmt::Display for GitFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoGit => write!(f, "cannot find the program `git`"),
            Self::NoRepository { workspace } => write!(f, "`{workspace}` is in no git repository"),
            Self::NoWorkTree { workspace } => write!(f, "`{workspace}` is inside a repository, not in its work tree"),
            Self::NotTrusted { workspace } => {
                write!(f, "git does not trust the repository around `{workspace}`: it belongs to another user")
            }
            Self::NoCommit => write!(f, "the repository has no commit to compare with"),
            Self::NoMainBranch => write!(f, "there is no `origin/main`, `main` or `master` to compare with"),
            Self::NotAName { reference } => write!(f, "`{reference}` cannot be the name of a revision"),
            Self::UnknownRevision { reference, .. } => write!(f, "unknown revision `{reference}`"),
            Self::NotACommit { reference } => write!(f, "`{reference}` is no commit"),
            Self::Shallow { reference } => {
                write!(f, "this shallow clone does not reach the commit that HEAD and `{reference}` share")
            }
            Self::Unrelated { reference } => write!(f, "HEAD and `{reference}` share no commit"),
            Self::Partial { path } => write!(f, "this clone lacks the contents of `{path}` at the base"),
            Self::SubmoduleBehind { path, commit } => {
                write!(f, "submodule `{path}` lacks the commit {} of the base", short(commit))
            }
            Self::Failed { asked, .. } => write!(f, "`git {asked}` failed"),
        }
    }
}

impl std::error::Error for GitFault {}

impl GitFault {
    /// What git itself said, when that adds something.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Failed { says, .. } => Some(says),
            _ => None,
        }
    }

    /// What to type.
    pub fn help(&self) -> String {
        match self {
            Self::NoGit => "install git: it knows what the files were".to_owned(),
            Self::NoRepository { .. } => "run it in a clone of the repository: without one there is no base".to_owned(),
            Self::NoWorkTree { .. } => "run it in a clone, or in a folder that `git worktree add` made".to_owned(),
            Self::NotTrusted { workspace } => format!(
                "if you trust it: `git config --global --add safe.directory '{workspace}'` with the folder of the repository"
            ),
            Self::NoCommit => "commit first: until then there is no base".to_owned(),
            Self::NoMainBranch => {
                "name the revision: `expc diff origin/develop`; `git branch --all` lists them".to_owned()
            }
            Self::NotAName { .. } => "name a branch, a tag or a commit, like `origin/main`".to_owned(),
            Self::UnknownRevision { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownRevision { reference, remote: Some(remote), shallow, .. } => {
                let name = reference.strip_prefix(&format!("{remote}/")).unwrap_or(reference);
                let depth = if *shallow { "--depth=100 " } else { "" };
                // The full form also fills the name that was asked for, where a clone follows one branch only.
                format!(
                    "fetch it: `git fetch {depth}{remote} +refs/heads/{name}:refs/remotes/{remote}/{name}`, then name `{remote}/{name}`"
                )
            }
            Self::UnknownRevision { .. } => "`git branch --all` and `git tag` list the names".to_owned(),
            Self::NotACommit { .. } => "name a branch, a tag or a commit, like `origin/main`".to_owned(),
            Self::Shallow { reference } => {
                let fetch = match reference.split_once('/') {
                    Some((remote, name)) => format!("git fetch --depth=100 {remote} {name}"),
                    None => "git fetch --depth=100".to_owned(),
                };
                format!("fetch more: `{fetch}`, or `git fetch --unshallow`; in GitHub Actions set `fetch-depth: 0`")
            }
            Self::Unrelated { .. } => "name a revision from which this branch has grown".to_owned(),
            Self::Partial { .. } => {
                "bring them with `git fetch --refetch --no-filter`, or clone without `--filter`".to_owned()
            }
            Self::SubmoduleBehind { path, .. } => {
                format!("`git -C {path} fetch origin` brings it, or `git submodule update --init {path}`")
            }
            Self::Failed { .. } => "`git status` and `git fsck` may say more".to_owned(),
        }
    }
}

/// The first digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
