//! What platforms serve, as somebody exported it, and how rules ask for what would be built instead.

use super::workspace::{Compiled, Workspace};
use crate::plan::targets::Capabilities;
use crate::syntax::{JsonFault, Node, parse_json};
use crate::text::{FileId, Source, Sources};

/// An export as it was given.
#[derive(Debug, Clone)]
pub struct Export {
    /// The platform.
    pub target: &'static Capabilities,
    /// As findings shall name it.
    pub path: String,
    pub text: String,
}

/// An export in its place.
#[derive(Debug)]
pub struct Live {
    pub target: &'static Capabilities,
    pub file: FileId,
    /// The whole document.
    pub tree: Node,
}

/// The evaluator file of a platform for some experiments: of one stage, or of the whole schedule.
///
/// Rules are below the emitters and get this from the doors. An error is a sentence for people.
pub type Print = fn(&Workspace, &'static Capabilities, &[Compiled], Option<&str>) -> Result<String, String>;

/// Why an export cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportFault {
    Json(JsonFault),
    /// It has no table of that name.
    NoFlags(&'static str),
}

impl Export {
    /// The document with its places.
    pub fn read(&self, file: FileId) -> Result<Node, ExportFault> {
        let tree = parse_json(file, &self.text).map_err(ExportFault::Json)?;
        match self.target.flags(&tree).filter(|flags| flags.as_table().is_some() || flags.as_array().is_some()) {
            Some(_) => Ok(tree),
            None => Err(ExportFault::NoFlags(self.target.flags_key)),
        }
    }

    /// The export among the sources; nothing when it cannot be compared, which the door has said.
    pub(super) fn located(&self, sources: &mut Sources) -> Option<Live> {
        let file = sources.add(Source::new(self.path.clone(), self.text.as_str()));
        let tree = self.read(file).ok()?;
        Some(Live { target: self.target, file, tree })
    }
}
