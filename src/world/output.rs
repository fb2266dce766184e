//! Writing what is built: whole or not at all, and nowhere else.
//!
//! Every file goes to a temporary neighbour first; only when all of them are written are they renamed into
//! place. A full disk or a refused folder leaves the earlier build as it was.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

/// Why nothing was written.
#[derive(Debug)]
pub struct OutputFault {
    pub path: PathBuf,
    pub action: &'static str,
    pub cause: std::io::Error,
}

impl std::fmt::Display for OutputFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {} `{}`", self.action, self.path.display())
    }
}

impl std::error::Error for OutputFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// What a write did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    /// Already there with the same bytes.
    pub unchanged: usize,
    pub removed: usize,
}

/// Writes `files` (relative path to bytes) below `folder` and removes those of `stale` that are no longer there.
///
/// Refuses any path that is not plainly below the folder, and any folder that is reached through a link.
pub fn write_all(folder: &Path, files: &BTreeMap<String, Vec<u8>>, stale: &[String]) -> Result<Written, OutputFault> {
    let fault = |path: &Path, action: &'static str| {
        let path = path.to_path_buf();
        move |cause: std::io::Error| OutputFault { path, action, cause }
    };
    // Nothing is begun that is known to fail at the end.
    for relative in files.keys() {
        let target = inside(folder, relative)?;
        no_links(folder, target.parent().unwrap_or(folder))?;
        if std::fs::symlink_metadata(&target).is_ok_and(|meta| meta.is_dir()) {
            let cause = std::io::Error::new(std::io::ErrorKind::IsADirectory, "a folder is in its place");
            return Err(OutputFault { path: target, action: "write", cause });
        }
    }
    std::fs::create_dir_all(folder).map_err(fault(folder, "create the folder"))?;
    let mut report = Written::default();
    let mut pending: Vec<(tempfile::NamedTempFile, PathBuf)> = Vec::new();
    for (relative, bytes) in files {
        let target = inside(folder, relative)?;
        if holds(&target, bytes) {
            report.unchanged += 1;
            continue;
        }
        let parent = target.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(fault(parent, "create the folder"))?;
        let mut temporary = tempfile::Builder::new()
            .prefix(".expc-")
            .permissions_like_new_files()
            .tempfile_in(parent)
            .map_err(fault(&target, "write"))?;
        temporary.write_all(bytes).and_then(|()| temporary.as_file().sync_all()).map_err(fault(&target, "write"))?;
        pending.push((temporary, target));
    }
    // From here on only renames: they need no space.
    for (temporary, target) in pending {
        temporary.persist(&target).map_err(|error| OutputFault {
            path: target,
            action: "write",
            cause: error.error,
        })?;
        report.written += 1;
    }
    for relative in stale {
        let Ok(target) = inside(folder, relative) else { continue };
        if !files.contains_key(relative)
            && no_links(folder, target.parent().unwrap_or(folder)).is_ok()
            && std::fs::remove_file(&target).is_ok()
        {
            report.removed += 1;
            remove_empty_folders(folder, &target);
        }
    }
    Ok(report)
}

/// True when the target is a plain file with these bytes. A link is replaced, and a pipe would never end.
fn holds(target: &Path, bytes: &[u8]) -> bool {
    let plain = |meta: std::fs::Metadata| meta.is_file() && meta.len() == bytes.len() as u64;
    std::fs::symlink_metadata(target).is_ok_and(plain) && std::fs::read(target).is_ok_and(|present| present == *bytes)
}

/// `folder` joined with a relative path of plain names only.
fn inside(folder: &Path, relative: &str) -> Result<PathBuf, OutputFault> {
    let path = Path::new(relative);
    let plain = !relative.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !relative.contains('\\') && !relative.contains('\0') {
        return Ok(folder.join(path));
    }
    let cause = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it would lie outside the output folder");
    Err(OutputFault { path: folder.join("…"), action: "write", cause })
}

/// Refuses folders below the output folder that are links: they could lead anywhere.
fn no_links(folder: &Path, parent: &Path) -> Result<(), OutputFault> {
    let mut at = parent;
    while at != folder {
        if std::fs::symlink_metadata(at).is_ok_and(|meta| meta.file_type().is_symlink()) {
            let cause =
                std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is a link, which could lead anywhere");
            return Err(OutputFault { path: at.to_path_buf(), action: "write through", cause });
        }
        let Some(up) = at.parent() else { break };
        at = up;
    }
    Ok(())
}

fn remove_empty_folders(folder: &Path, removed: &Path) {
    for parent in removed.ancestors().skip(1).take_while(|parent| *parent != folder) {
        if std::fs::remove_dir(parent).is_err() {
            break;
        }
    }
}

/// Files are built for others to read: temporary files are private by default.
trait OpenToOthers {
    fn permissions_like_new_files(&mut self) -> &mut Self;
}

impl OpenToOthers for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        self.permissions(std::fs::Permissions::from_mode(0o644))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        self
    }
}
