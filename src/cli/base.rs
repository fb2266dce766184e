//! The base of a change, for the commands that compare with one.

use std::sync::Arc;

use super::{Failure, place};
use crate::policy::Folders;
use crate::portfolio::{Base, Change};
use crate::world::{Disk, GitFault, Repository};

/// The workspace where the change starts that grew from a revision: at the last commit that both share.
pub fn open(opened: &place::Opened, reference: &str) -> Result<Arc<Base>, Failure> {
    read(opened, reference).map_err(Failure::Git)
}

fn read(opened: &place::Opened, reference: &str) -> Result<Arc<Base>, GitFault> {
    let repository = Repository::around(&opened.root)?;
    let revision = repository.base(reference)?;
    let folders = opened.workspace.file.workspace.value();
    let picks: [fn(&Folders) -> &crate::spec::Field<String>; 3] =
        [|folders| &folders.catalog, |folders| &folders.templates, |folders| &folders.experiments];
    let named = picks.iter().filter_map(|pick| folders.and_then(|folders| pick(folders).value().cloned()));
    let named: Vec<String> = named.collect();
    // Three questions to git that do not wait for each other.
    let (tree, (moved, commits)) = rayon::join(
        || repository.tree(&revision, &named),
        || rayon::join(|| repository.moved_since(&revision), || repository.commits_since(&revision)),
    );
    let tree = tree?;
    let change = Change {
        reference: revision.reference.clone(),
        commit: revision.short().to_owned(),
        moved: moved?,
        commits: commits?,
        ..Change::default()
    };
    let mut base = Base::new(&opened.workspace, &Disk::new(&opened.root), &tree, change);
    let named = base.sealed_at(&opened.workspace);
    if !named.is_empty() {
        let times = repository.committed(&named)?.into_iter();
        base.change.committed = times.filter_map(|(name, time)| Some((name, time.parse().ok()?))).collect();
    }
    // Half a base would call old faults new.
    tree.fault().map_or(Ok(Arc::new(base)), Err)
}
