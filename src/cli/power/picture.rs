//! `--plot`: power by week as a file, written whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::emit::plans::power_picture;
use crate::plan::Plan;
use crate::world::write_all;

/// A picture that is ready to be written.
pub(super) struct Drawn {
    path: PathBuf,
    name: String,
    bytes: Vec<u8>,
}

/// Draws the picture in the format that the name of the file asks for.
pub(super) fn draw(plan: &Plan, path: &Path) -> Result<Drawn, Failure> {
    let usage = |text: String, help: &str| Failure::Usage { text, help: help.to_owned() };
    let shown = path.to_string_lossy();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_png = match ending.as_str() {
        "svg" => false,
        "png" => true,
        _ => {
            return Err(usage(
                format!("`{shown}` is neither .svg nor .png"),
                "name the file like power.svg or power.png",
            ));
        }
    };
    let picture = power_picture(plan).ok_or_else(|| {
        usage(
            format!("nothing to draw in `{shown}`: no metric could be sized"),
            "run without --plot: the text says what each metric lacks",
        )
    })?;
    let bytes = match is_png {
        false => picture.svg().into_bytes(),
        true => picture.png().map_err(|why| usage(format!("cannot draw `{shown}`: {why}"), "ask for an .svg"))?,
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Drawn { path: path.to_path_buf(), name, bytes })
}

impl Drawn {
    /// Where it was written.
    pub fn write(self) -> Result<PathBuf, Failure> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        write_all(folder, &BTreeMap::from([(self.name, self.bytes)]), &[]).map_err(|fault| Failure::Io {
            action: fault.action,
            path: fault.path,
            cause: fault.cause,
        })?;
        Ok(self.path)
    }
}
