//! `--live TARGET=FILE`: exports of what platforms serve.

use std::path::Path;

use super::{Failure, place};
use crate::emit::flags;
use crate::portfolio::{Export, ExportFault};
use crate::text::{FileId, Source, nearest};
use crate::world::{MOST_BYTES, read_text};

/// Reads every export, and refuses what cannot be compared.
pub fn exports(given: &[String], opened: &place::Opened) -> Result<Vec<Export>, Failure> {
    let mut exports: Vec<Export> = Vec::new();
    for argument in given {
        let (name, path) =
            argument.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(|| Failure::Usage {
                text: format!("`--live {argument}` names no file"),
                help: "write the platform and its export: `--live flagd=flags.json`".to_owned(),
            })?;
        let export = export("--live", name, path, opened)?;
        if exports.iter().any(|other| other.target.name == export.target.name) {
            return Err(Failure::Usage {
                text: format!("`--live` names `{}` twice", export.target.name),
                help: "give one export for each platform".to_owned(),
            });
        }
        exports.push(export);
    }
    Ok(exports)
}

/// Reads one export; `option` is where the platform was named.
pub fn export(option: &str, name: &str, path: &str, opened: &place::Opened) -> Result<Export, Failure> {
    let usage = |text: String, help: String| Failure::Usage { text, help };
    let capabilities = flags::capabilities();
    let names = || capabilities.iter().map(|target| target.name);
    let target = capabilities.iter().copied().find(|target| target.name == name).ok_or_else(|| {
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names().collect::<Vec<_>>().join(", ")),
        };
        usage(format!("unknown target `{name}` in `{option}`"), help)
    })?;
    let text = read_text(Path::new(path)).map_err(|cause| Failure::Io { action: "read", path: path.into(), cause })?;
    let Some(text) = text else {
        let most = MOST_BYTES / 1024 / 1024;
        return Err(usage(
            format!("`{path}` is no text, or larger than {most} MiB"),
            "export the flags alone, as JSON".to_owned(),
        ));
    };
    let export = Export { target, path: opened.relative(Path::new(path)), text };
    match export.read(FileId(0)) {
        Ok(_) => Ok(export),
        Err(ExportFault::Json(fault)) => {
            let at = Source::new(path, export.text.as_str()).position(fault.span.start as usize);
            let text = format!("`{path}` is no JSON: at {}:{}, {}", at.line, at.column, fault.text);
            Err(usage(text, format!("export what {name} serves as JSON")))
        }
        Err(ExportFault::NoFlags(key)) => {
            let other = capabilities.iter().find(|other| {
                other.name != name
                    && !other.flags_key.is_empty()
                    && Export { target: other, ..export.clone() }.read(FileId(0)).is_ok()
            });
            let help = match other {
                Some(other) if option == "--live" => {
                    format!("it looks like an export of {0}: `--live {0}={path}`", other.name)
                }
                Some(other) => format!("it looks like an export of {0}: `{option} {0}`", other.name),
                None => format!("{name} keeps its flags under `{key}`"),
            };
            Err(usage(format!("`{path}` holds no `{key}` of {name}"), help))
        }
    }
}
