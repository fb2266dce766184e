//! `expc import`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Exit, Failure, place};
use crate::emit::flags::draft::{Draft, Export, Remark};
use crate::emit::flags::{self, Target};
use crate::text::{Source, nearest, printable, printable_lines};
use crate::world::{MOST_BYTES, find_root, read_text, write_all};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The export, as JSON
    file: PathBuf,
    /// The platform that it is from
    #[arg(long, value_name = "PLATFORM")]
    from: String,
    /// Only this flag; may be given several times
    #[arg(long, value_name = "KEY")]
    flag: Vec<String>,
    /// Write one file for each experiment into this folder, and never over one that is there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The workspace whose catalogue names units, layers and holdouts; without one the draft has the words of the export
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let platform = platform(&arguments.from)?;
    let path = arguments.file.display().to_string();
    let text = read(&arguments.file)?;
    let export = Export::read(&text).map_err(|fault| {
        let at = Source::new(path.as_str(), text.trim_start_matches('\u{feff}')).position(fault.span.start as usize);
        Failure::Usage {
            text: format!("`{path}` is no JSON: at {}:{}, {}", at.line, at.column, fault.text),
            help: format!("export what {} serves as JSON, whole", platform.capabilities().title),
        }
    })?;
    let drafts = drafts(platform, &export, &path)?;
    let wanted = wanted(drafts, &arguments.flag, &path)?;
    if wanted.is_empty() {
        super::complain(&format!("{}: no flag of it runs an experiment\n", printable(&path)));
        return Ok(Exit::Nothing);
    }
    let catalog = match find_root(&arguments.workspace) {
        Some(_) => place::open(&arguments.workspace)?.workspace.catalog,
        None => std::sync::Arc::default(),
    };
    let source = Source::new(path.as_str(), export.text);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut notes = String::new();
    for draft in &wanted {
        let id = free(&draft.slug(), &files);
        let (toml, lacks) = draft.spec(&id, platform.name(), &catalog);
        files.insert(format!("{id}.toml"), toml.into_bytes());
        notes += &told(&id, draft, &lacks, &export, &source);
    }
    match &arguments.out {
        Some(out) => written(out, &files)?,
        None => {
            let many = 1 < files.len();
            for (at, (name, bytes)) in files.iter().enumerate() {
                let gap = if 0 < at { "\n" } else { "" };
                let head = if many { format!("{gap}# {name}\n") } else { String::new() };
                super::print(&printable_lines(&format!("{head}{}", String::from_utf8_lossy(bytes))));
            }
        }
    }
    let count = wanted.len();
    notes += &format!(
        "{count} draft{}: what no export has, `expc check` lists once they are in a workspace\n",
        if count == 1 { "" } else { "s" }
    );
    super::complain(&printable_lines(&notes));
    Ok(Exit::Clean)
}

fn platform(name: &str) -> Result<&'static dyn Target, Failure> {
    let able = || flags::TARGETS.iter().copied().filter(|target| target.reads_exports());
    able().find(|target| target.name() == name).ok_or_else(|| {
        let names: Vec<&str> = able().map(|target| target.name()).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names.join(", ")),
        };
        let text = match flags::target(name) {
            Some(target) => format!("exports of {} cannot be read", target.capabilities().title),
            None => format!("unknown platform `{name}` in `--from`"),
        };
        Failure::Usage { text, help }
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = read_text(path).map_err(|cause| Failure::Io { action: "read", path: path.to_path_buf(), cause })?;
    text.ok_or_else(|| Failure::Usage {
        text: format!("`{}` is no text, or larger than {} MiB", path.display(), MOST_BYTES / 1024 / 1024),
        help: "export the flags alone, as JSON in UTF-8".to_owned(),
    })
}

fn drafts(platform: &dyn Target, export: &Export<'_>, path: &str) -> Result<Vec<Draft>, Failure> {
    let fault = match platform.import(export) {
        Some(Ok(drafts)) => return Ok(drafts),
        Some(Err(fault)) => fault,
        None => return Ok(Vec::new()),
    };
    let others = flags::TARGETS.iter().filter(|other| other.name() != platform.name());
    let likely = others.filter(|other| matches!(other.import(export), Some(Ok(drafts)) if !drafts.is_empty()));
    let names: Vec<String> = likely.map(|other| format!("`--from {}`", other.name())).collect();
    let title = platform.capabilities().title;
    let help = match names.as_slice() {
        [] => format!("export what {title} serves as JSON, whole"),
        names => format!("it looks like an export for {}", names.join(" or ")),
    };
    Err(Failure::Usage { text: format!("`{path}` is no export of {title}: it {fault}"), help })
}

fn wanted(drafts: Vec<Draft>, keys: &[String], path: &str) -> Result<Vec<Draft>, Failure> {
    let known: BTreeSet<&str> = drafts.iter().map(|draft| draft.flag.as_str()).collect();
    if let Some(key) = keys.iter().find(|key| !known.contains(key.as_str())) {
        let help = match (nearest(key, known.iter().copied()), known.len()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, 0) => "no flag of it runs an experiment".to_owned(),
            (None, many) => format!("{many} flags of it run an experiment; without `--flag` all of them are drafted"),
        };
        return Err(Failure::Usage { text: format!("`{path}` has no experiment on a flag `{key}`"), help });
    }
    Ok(drafts.into_iter().filter(|draft| keys.is_empty() || keys.contains(&draft.flag)).collect())
}

/// The id, or the next number after it.
fn free(id: &str, files: &BTreeMap<String, Vec<u8>>) -> String {
    let numbered = (2..).map(|number| format!("{id}-{number}"));
    let mut names = std::iter::once(id.to_owned()).chain(numbered);
    names.find(|name| !files.contains_key(&format!("{name}.toml"))).expect("numbers do not end")
}

/// What was lost and what is missing, with places in the export.
fn told(id: &str, draft: &Draft, lacks: &[Remark], export: &Export<'_>, source: &Source) -> String {
    let kinds = [("lost", draft.lost.iter()), ("missing", draft.missing.iter()), ("missing", lacks.iter())];
    let mut text = String::new();
    for (word, remarks) in kinds {
        for remark in remarks {
            text += &match remark.place {
                Some(place) => {
                    let at = source.position(place.start as usize);
                    let path = export.path(place);
                    format!("{word}: {id}: {}:{}:{}: {path}: {}\n", source.path, at.line, at.column, remark.text)
                }
                None => format!("{word}: {id}: {}\n", remark.text),
            };
        }
    }
    text
}

fn written(out: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    if let Some(name) = files.keys().find(|name| out.join(name).symlink_metadata().is_ok()) {
        return Err(Failure::Usage {
            text: format!("`{}` is there already; nothing was written", out.join(name).display()),
            help: "name another folder, move the file away, or draft other flags with `--flag`".to_owned(),
        });
    }
    write_all(out, files, &[]).map_err(|fault| Failure::Io {
        action: fault.action,
        path: fault.path,
        cause: fault.cause,
    })?;
    let lines: Vec<String> = files.keys().map(|name| format!("wrote {}\n", out.join(name).display())).collect();
    super::print(&printable_lines(&lines.concat()));
    Ok(())
}
