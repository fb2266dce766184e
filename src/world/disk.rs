//! The file system.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Files, MOST_BYTES, ReadFault, ReadFaultKind, decode};

/// The files below a root.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// A file that expc wrote itself: as large as it is.
pub fn read_own(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// A file that somebody names; `None` when it is no text or too large.
pub fn read_text(path: &Path) -> std::io::Result<Option<String>> {
    match read_bytes(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of a small file; a larger one is an error.
pub fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if MOST_BYTES < bytes.len() as u64 {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok(bytes)
}

/// The nearest folder at or above `start` that holds an `expc.toml`.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = if start.as_os_str().is_empty() { Path::new(".") } else { start };
    let start = std::path::absolute(start).ok()?;
    start.ancestors().find(|folder| folder.join("expc.toml").is_file()).map(Path::to_path_buf)
}

/// The day by the system's clock, in UTC, as `YYYY-MM-DD`. The doors ask once and print it.
pub fn today() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let days = i64::try_from(since_epoch.as_secs() / 86_400).unwrap_or(0);
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days));
    day.unwrap_or(jiff::civil::Date::MIN).to_string()
}

/// The time by the system's clock, in UTC to the second, as `YYYY-MM-DDTHH:MM:SSZ`.
pub fn now() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    in_utc(i64::try_from(since_epoch.as_secs()).unwrap_or(0)).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

/// Seconds since 1970 as `YYYY-MM-DDTHH:MM:SSZ`; `None` beyond the calendar.
pub(super) fn in_utc(seconds: i64) -> Option<String> {
    let time =
        jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_secs(seconds)).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn refused(path: &str, error: &std::io::Error) -> ReadFault {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ReadFaultKind::NotFound,
        _ => ReadFaultKind::Refused(error.to_string()),
    };
    ReadFault { path: path.to_owned(), kind }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, ReadFault> {
        let file = std::fs::File::open(self.root.join(path)).map_err(|error| refused(path, &error))?;
        let meta = file.metadata().map_err(|error| refused(path, &error))?;
        let size = meta.len();
        if MOST_BYTES < size {
            return Err(ReadFault { path: path.to_owned(), kind: ReadFaultKind::TooLarge { bytes: size } });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        // A device or a growing file may give more than it promised.
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| refused(path, &error))?;
        if MOST_BYTES < bytes.len() as u64 {
            return Err(ReadFault {
                path: path.to_owned(),
                kind: ReadFaultKind::TooLarge { bytes: bytes.len() as u64 },
            });
        }
        decode(path, bytes)
    }

    fn find(&self, folder: &str, ending: &str) -> (Vec<String>, Vec<ReadFault>) {
        let top = self.root.join(folder);
        let mut paths = Vec::new();
        let mut faults = Vec::new();
        if !top.exists() {
            faults.push(ReadFault { path: folder.to_owned(), kind: ReadFaultKind::NotFound });
            return (paths, faults);
        }
        let relative = |path: &Path| {
            let path = path.strip_prefix(&self.root).unwrap_or(path);
            path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
        };
        for entry in ignore::WalkBuilder::new(&top).follow_links(true).require_git(false).parents(false).build() {
            match entry {
                Ok(entry) => {
                    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                    if is_file && entry.file_name().to_string_lossy().ends_with(ending) {
                        paths.push(relative(entry.path()));
                    }
                }
                Err(error) => faults.push(walk_fault(&error, folder, &relative)),
            }
        }
        paths.sort();
        (paths, faults)
    }
}

fn walk_fault(error: &ignore::Error, folder: &str, relative: &dyn Fn(&Path) -> String) -> ReadFault {
    match error {
        ignore::Error::WithPath { path, err } => match &**err {
            ignore::Error::Loop { ancestor, .. } => {
                let text = format!("a link that leads back to `{}`", relative(ancestor));
                ReadFault { path: relative(path), kind: ReadFaultKind::Refused(text) }
            }
            inner => match inner.io_error() {
                Some(error) => refused(&relative(path), error),
                None => ReadFault { path: relative(path), kind: ReadFaultKind::Refused(inner.to_string()) },
            },
        },
        ignore::Error::WithDepth { err, .. } => walk_fault(err, folder, relative),
        ignore::Error::Loop { ancestor, child } => {
            let text = format!("a link that leads back to `{}`", relative(ancestor));
            ReadFault { path: relative(child), kind: ReadFaultKind::Refused(text) }
        }
        other => ReadFault { path: folder.to_owned(), kind: ReadFaultKind::Refused(other.to_string()) },
    }
}
