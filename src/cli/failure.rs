//! How a run can end, and what is said when it cannot start.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::world::GitFault;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at error level.
    Clean = 0,
    /// Findings at error level, or warnings with `--deny-warnings`.
    Findings = 1,
    /// The command line or the workspace cannot be used.
    Usage = 2,
    /// There is no experiment to check.
    Nothing = 3,
    /// expc itself failed.
    Bug = 101,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a run cannot start or finish. Findings about experiments are not failures.
#[derive(Debug)]
pub enum Failure {
    NoWorkspace {
        start: PathBuf,
    },
    Io {
        action: &'static str,
        path: PathBuf,
        cause: std::io::Error,
    },
    Usage {
        text: String,
        help: String,
    },
    /// There is no base to compare with.
    Git(GitFault),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::NoWorkspace { start } => {
                write!(f, "no `expc.toml` in `{}` or any folder above it", start.display())
            }
            Failure::Io { action, path, .. } => write!(f, "cannot {action} `{}`", path.display()),
            Failure::Usage { text, .. } => f.write_str(text),
            Failure::Git(fault) => fault.fmt(f),
        }
    }
}

impl Failure {
    fn cause(&self) -> Option<String> {
        match self {
            Failure::Io { cause, .. } => Some(cause.to_string()),
            Failure::Git(fault) => fault.cause().map(str::to_owned),
            _ => None,
        }
    }

    fn help(&self) -> String {
        match self {
            Failure::NoWorkspace { .. } => {
                "name the folder of a workspace, or create one with an `expc.toml` that says `schema = 1`".to_owned()
            }
            Failure::Io { .. } => "check the path and its permissions".to_owned(),
            Failure::Usage { help, .. } => help.clone(),
            Failure::Git(fault) => fault.help(),
        }
    }

    pub fn print(&self) {
        use crate::text::printable;
        let mut text = format!("error: {}\n", printable(&self.to_string()));
        if let Some(cause) = self.cause() {
            text += &format!("cause: {}\n", printable(&cause));
        }
        text += &format!("help: {}\n", printable(&self.help()));
        use std::io::Write;
        // A closed pipe is not an error.
        let _ = anstream::stderr().write_all(text.as_bytes());
    }
}
