//! Which workspace and which experiments a command is about.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::portfolio::{Export, SpecFile, Workspace};
use crate::spec::Day;
use crate::text::nearest;
use crate::world::{Disk, Files, find_root};

/// A workspace that was opened from a path, and how its paths look from where the user stands.
pub struct Opened {
    pub workspace: Workspace,
    /// Where `expc.toml` lies.
    pub root: PathBuf,
    /// What turns a path of the workspace into one that the user can open: `examples/shop/`, or nothing.
    pub prefix: String,
    /// The part of the workspace that was named, relative to its root; empty for all of it.
    pub part: String,
    /// What platforms serve, for a check.
    pub exports: Vec<Export>,
}

/// Opens the workspace at or above `path`.
pub fn open(path: &Path) -> Result<Opened, Failure> {
    let start = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if !start.exists() {
        let cause = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::Io { action: "open", path: start.to_path_buf(), cause });
    }
    let root = find_root(start).ok_or_else(|| Failure::NoWorkspace { start: start.to_path_buf() })?;
    let here = std::env::current_dir().unwrap_or_default();
    let asked = clean(&std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf()));
    let part = asked.strip_prefix(clean(&root)).map(slashed).unwrap_or_default();
    let prefix = from_here(&here, &clean(&root));
    let workspace = workspace(&Disk::new(&root));
    Ok(Opened { workspace, root, prefix, part, exports: Vec::new() })
}

/// The workspace in some files, with all that can be built from it.
pub fn workspace(files: &dyn Files) -> Workspace {
    Workspace::open(files).with_targets(crate::emit::flags::capabilities())
}

/// Without `.` and `..` where that is plain text work.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The way from `here` to `root`, with a slash at its end; nothing when they are the same.
fn from_here(here: &Path, root: &Path) -> String {
    let common = here.components().zip(root.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().count() - common;
    let down: PathBuf = root.components().skip(common).collect();
    let mut text = "../".repeat(up);
    text.push_str(&slashed(&down));
    if !text.is_empty() && !text.ends_with('/') {
        text.push('/');
    }
    text
}

impl Opened {
    /// The same workspace for a check: beside what was built from it, and what platforms serve.
    pub fn beside(self, exports: Vec<Export>) -> Self {
        let files = Disk::new(&self.root);
        let workspace = self.workspace.with_output(&files).with_live(&exports, crate::emit::flags::print);
        Self { workspace, exports, ..self }
    }

    /// The workspace in other files, or in the same after a change, judged by the same.
    pub fn again(&self, files: &dyn Files) -> Workspace {
        workspace(files).with_output(files).with_live(&self.exports, crate::emit::flags::print)
    }

    /// A path as findings name it: from the root of the workspace.
    pub fn relative(&self, path: &Path) -> String {
        let full = clean(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
        from_here(&clean(&self.root), &full).trim_end_matches('/').to_owned()
    }

    /// True when a path of the workspace lies in the part that was named.
    pub fn covers(&self, path: &str) -> bool {
        self.part.is_empty()
            || path == self.part
            || path.strip_prefix(&self.part).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The spec of an id.
    pub fn spec_by_id(&self, id: &str) -> Result<&SpecFile, Failure> {
        self.workspace.specs.iter().find(|spec| spec.stem == id).ok_or_else(|| self.unknown(id))
    }

    /// The one spec that was named by its path or its id.
    pub fn spec(&self, name: &str) -> Result<&SpecFile, Failure> {
        let specs = &self.workspace.specs;
        if let Some(spec) = specs.iter().find(|spec| !self.part.is_empty() && spec.path == self.part) {
            return Ok(spec);
        }
        if let Some(spec) = specs.iter().find(|spec| spec.stem == name || spec.path == name) {
            return Ok(spec);
        }
        Err(self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Failure {
        let near = nearest(name, self.workspace.specs.iter().map(|spec| spec.stem.as_str()));
        Failure::Usage {
            text: format!("no experiment `{name}` in `{}`", self.workspace.name()),
            help: match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a spec by its file or by its id".to_owned(),
            },
        }
    }
}

/// Opens the workspace of a spec that is named by its path, or by its id below `workspace`.
pub fn open_spec(spec: &str, workspace: &Path) -> Result<Opened, Failure> {
    let path = Path::new(spec);
    if path.is_file() {
        return open(path);
    }
    open_named(workspace)
}

/// Opens the workspace that `--workspace` names.
pub fn open_named(workspace: &Path) -> Result<Opened, Failure> {
    open(workspace).map_err(|failure| match &failure {
        Failure::NoWorkspace { .. } => Failure::Usage {
            text: failure.to_string(),
            help: "run it where the workspace is, or name its folder: `--workspace DIR`".to_owned(),
        },
        _ => failure,
    })
}

/// Today, when no day is given.
pub fn day(given: Option<Day>) -> Option<Day> {
    given.or_else(|| crate::world::today().parse().ok())
}
