//! Files of the user written again, in place: each whole or not at all.
//!
//! All of them are looked at before the first is touched: one that cannot be written, or that is no longer the text
//! that was judged, and none is. The new text goes to a neighbour, which takes the owner and the permissions of the
//! file and then its name; a run that is broken off leaves the old file or the new one. A link stays a link, what it
//! leads to is written. Another hard link to the file keeps the old text.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::OutputFault;

/// A text in the place of another.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite<'a> {
    /// Relative to the workspace, with `/`.
    pub path: &'a str,
    pub before: &'a str,
    pub after: &'a str,
}

/// Why files were not written.
#[derive(Debug)]
pub struct RewriteFault {
    pub fault: OutputFault,
    /// The files that had their new name already; empty unless a rename failed after others went well.
    pub written: Vec<String>,
}

/// Writes every text, or none when one of them cannot be.
pub fn rewrite(root: &Path, files: &[Rewrite<'_>]) -> Result<(), RewriteFault> {
    let early = |fault| RewriteFault { fault, written: Vec::new() };
    let mut pending: Vec<(tempfile::NamedTempFile, PathBuf, &Rewrite<'_>)> = Vec::new();
    for file in files {
        let target = target(root, file).map_err(early)?;
        match pending.iter().find(|(_, other, _)| *other == target) {
            Some((_, _, other)) if other.after == file.after => {}
            Some((_, _, other)) => {
                let text = format!("`{}` is the same file, and would get another text", other.path);
                return Err(early(fault(root, file, std::io::Error::other(text))));
            }
            None => {
                let beside = beside(&target, file.after).map_err(|cause| early(fault(root, file, cause)))?;
                pending.push((beside, target, file));
            }
        }
    }
    let mut written = Vec::new();
    // From here on only renames: they need no space.
    for (beside, target, file) in pending {
        let renamed = unchanged(&target, file).and_then(|()| beside.persist(&target).map_err(|error| error.error));
        if let Err(cause) = renamed {
            return Err(RewriteFault { fault: fault(root, file, cause), written });
        }
        written.push(file.path.to_owned());
    }
    Ok(())
}

fn fault(root: &Path, file: &Rewrite<'_>, cause: std::io::Error) -> OutputFault {
    OutputFault { path: root.join(file.path), action: "fix", cause }
}

/// The file that a path leads to, fit to be written.
fn target(root: &Path, file: &Rewrite<'_>) -> Result<PathBuf, OutputFault> {
    let fault = |cause| fault(root, file, cause);
    let target = root.join(file.path).canonicalize().map_err(fault)?;
    let meta = target.metadata().map_err(fault)?;
    // A rename would not ask: whoever took the right to write away meant it.
    if meta.permissions().readonly() {
        return Err(fault(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is read-only")));
    }
    unchanged(&target, file).map_err(fault)?;
    Ok(target)
}

fn unchanged(target: &Path, file: &Rewrite<'_>) -> std::io::Result<()> {
    if std::fs::read(target)? == file.before.as_bytes() {
        return Ok(());
    }
    Err(std::io::Error::other("it was changed while it was checked"))
}

/// The new text under a name of its own, ready to take the place of the old.
fn beside(target: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".expc-").tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    let meta = target.metadata()?;
    like(beside.as_file(), &meta);
    beside.as_file().set_permissions(meta.permissions())?;
    beside.as_file().sync_all()?;
    Ok(beside)
}

/// Gives a file to the owner of another, as far as that is allowed.
#[cfg(unix)]
fn like(file: &std::fs::File, meta: &std::fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    // Only root may give files away; for everybody else they are the owner's already.
    let _ = fchown(file, Some(meta.uid()), Some(meta.gid()));
}

#[cfg(not(unix))]
fn like(_: &std::fs::File, _: &std::fs::Metadata) {}
