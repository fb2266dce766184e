//! The only room that touches disk, git, clock and environment.
//!
//! Everything above asks a [`Files`] for text, so that tests and a browser give it from memory. Reading has
//! limits: a file is at most [`MOST_BYTES`], links that loop are named, bytes that are not text are refused
//! with their place.

mod disk;
mod git;
mod memory;
mod output;
mod overlay;
mod rewrite;
mod stopwatch;
mod timestamp;

use std::sync::Arc;

pub use disk::{Disk, find_root, now, read_bytes, read_own, read_text, today};
pub use git::{Commit, GitFault, GitTree, Repository, Revision, user_name};
pub use memory::Memory;
pub use output::{OutputFault, Written, write_all};
pub use overlay::Overlay;
pub use rewrite::{Rewrite, RewriteFault, rewrite};
pub use stopwatch::Stopwatch;
pub use timestamp::{Stamp, StampFault};

/// The largest file that is read. A spec of a thousand lines has 40 kB.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFault {
    /// Relative to the workspace.
    pub path: String,
    pub kind: ReadFaultKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFaultKind {
    NotFound,
    /// The text up to the first bad byte, and the offset of that byte.
    NotUtf8 {
        lossy: String,
        offset: usize,
    },
    TooLarge {
        bytes: u64,
    },
    /// What the system says: permission denied, a loop of links.
    Refused(String),
}

/// Where text comes from.
pub trait Files: Sync {
    /// The text of a file, by its path relative to the workspace, with `/`.
    fn read(&self, path: &str) -> Result<String, ReadFault>;

    /// The same, for readers who keep it. Who has the text already gives a share of it instead of a copy.
    fn text(&self, path: &str) -> Result<Arc<str>, ReadFault> {
        self.read(path).map(Arc::from)
    }

    /// Every file below a folder whose name ends so, sorted by path, and what could not be entered.
    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>);

    /// Every `.toml` file below a folder.
    fn list(&self, folder: &str) -> (Vec<String>, Vec<ReadFault>) {
        self.find(folder, ".toml")
    }

    /// True when a file has this text. Line ends may differ where the system's own do.
    fn holds(&self, path: &str, text: &str) -> bool {
        self.read(path).is_ok_and(|present| present == text)
    }
}

/// Text from bytes, or the place of the first byte that is not text.
fn decode(path: &str, bytes: Vec<u8>) -> Result<String, ReadFault> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
        ReadFault { path: path.to_owned(), kind: ReadFaultKind::NotUtf8 { lossy, offset } }
    })
}
