//! Real repositories, built with the git program: what a revision of a workspace is, and what is said when there is none.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

#[path = "support/repository.rs"]
mod repository;

#[path = "git/against.rs"]
mod against;

use base::SPEC;
use expc::world::{Files, GitFault, Repository};
use repository::Repo;

fn around(repo: &Repo) -> Repository {
    Repository::around(repo.path()).expect("a repository")
}

/// The text of the spec at the base that a name leads to.
fn spec_at(repo: &Repo, reference: &str) -> Result<String, GitFault> {
    let repository = Repository::around(repo.path())?;
    let tree = repository.tree(&repository.base(reference)?, &[])?;
    Ok(tree.read(SPEC).expect("the spec is there"))
}

fn fault(repo: &Repo, reference: &str) -> GitFault {
    let fault = spec_at(repo, reference).expect_err("no base");
    assert!(fault.to_string().chars().count() < 120 && !fault.help().is_empty(), "{fault}");
    fault
}

#[test]
fn the_base_of_a_branch_is_where_it_left() {
    let repo = Repo::of_base();
    let first = repo.read(SPEC);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write(SPEC, first.replace("One-tap", "Two-tap"));
    repo.commit("topic");
    repo.git(&["checkout", "-q", "main"]);
    repo.write(SPEC, first.replace("One-tap", "Three-tap"));
    repo.commit("meanwhile");
    repo.git(&["checkout", "-q", "topic"]);
    assert_eq!(spec_at(&repo, "main"), Ok(first.clone()));
    // Once the other branch is merged in, its last commit is the base.
    repo.git(&["merge", "-q", "-s", "ours", "--no-edit", "main"]);
    assert_eq!(spec_at(&repo, "main"), Ok(first.replace("One-tap", "Three-tap")));
    assert_eq!(spec_at(&repo, "HEAD"), Ok(first.replace("One-tap", "Two-tap")));
}

#[test]
fn contents_are_known_by_their_names() {
    let repo = Repo::of_base();
    let repository = around(&repo);
    let tree = repository.tree(&repository.base("HEAD").expect("a base"), &[]).expect("a tree");
    let text = repo.read(SPEC);
    assert!(tree.holds(SPEC, &text) && tree.holds(SPEC, &text.replace('\n', "\r\n")));
    assert!(!tree.holds(SPEC, &(text.clone() + "\n")) && !tree.holds("experiments/other.toml", &text));
    assert_eq!(tree.list("experiments"), (vec![SPEC.to_owned()], Vec::new()));
    assert_eq!(tree.list("nowhere").1.len(), 1);
    assert_eq!(tree.fault(), None);
}

#[test]
fn a_repository_with_other_names_of_contents_works_alike() {
    let repo = Repo::initialised(&["--object-format=sha256"]);
    repo.write_base("");
    repo.commit("base");
    let repository = around(&repo);
    let tree = repository.tree(&repository.base("main").expect("a base"), &[]).expect("a tree");
    assert!(tree.holds(SPEC, &repo.read(SPEC)));
}

#[test]
fn a_workspace_in_a_folder_sees_its_own_files_only() {
    let repo = Repo::initialised(&[]);
    repo.write_base("shop/");
    repo.write("experiments/outside.toml", "schema = 1\n");
    repo.write("shared/metrics.toml", "schema = 1\n");
    repo.commit("base");
    let repository = Repository::around(&repo.path().join("shop")).expect("a repository");
    let base = repository.base("HEAD").expect("a base");
    let tree = repository.tree(&base, &["../shared".to_owned()]).expect("a tree");
    assert_eq!(tree.list("experiments").0, [SPEC]);
    assert_eq!(tree.list("../shared").0, ["../shared/metrics.toml"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_on_disk() {
    let repo = Repo::initialised(&[]);
    repo.write_base("shop/");
    repo.write("elsewhere/deep/far.toml", "schema = 1\n");
    std::os::unix::fs::symlink("../../elsewhere", repo.path().join("shop/experiments/linked")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", repo.path().join("shop/experiments/out.toml")).expect("a link");
    repo.commit("base");
    // The workspace itself is reached by a link from outside.
    let outside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(repo.path().join("shop"), outside.path().join("ws")).expect("a link");
    let repository = Repository::around(&outside.path().join("ws")).expect("a repository");
    let tree = repository.tree(&repository.base("HEAD").expect("a base"), &[]).expect("a tree");
    assert_eq!(tree.list("experiments").0, [SPEC, "experiments/linked/deep/far.toml"]);
    assert!(tree.read("experiments/linked/deep/far.toml").is_ok());
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_text_is_read_as_the_disk_shows_it() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Repo::of_base();
    let name = std::ffi::OsStr::from_bytes(b"experiments/caf\xe9.toml");
    std::fs::write(repo.path().join(name), "schema = 1\n").expect("a file");
    repo.commit("odd");
    let repository = around(&repo);
    let tree = repository.tree(&repository.base("HEAD").expect("a base"), &[]).expect("a tree");
    let (paths, _) = tree.list("experiments");
    assert_eq!(paths, expc::world::Disk::new(repo.path()).list("experiments").0);
    assert_eq!(tree.read("experiments/caf\u{fffd}.toml").as_deref(), Ok("schema = 1\n"));
}

#[test]
fn what_has_no_base_says_why() {
    let nowhere = Repo::uninitialised();
    nowhere.write_base("");
    assert!(matches!(fault(&nowhere, "main"), GitFault::NoRepository { .. }));
    let young = Repo::initialised(&[]);
    young.write_base("");
    assert_eq!(fault(&young, "main"), GitFault::NoCommit);
    assert_eq!(fault(&young, "HEAD"), GitFault::NoCommit);
    let repo = Repo::of_base();
    for name in ["", "-p", "--output=x", "a\nb", "a\0b"] {
        assert!(matches!(fault(&repo, name), GitFault::NotAName { .. }), "{name:?}");
    }
    assert!(matches!(fault(&repo, &format!("HEAD:{SPEC}")), GitFault::NotACommit { .. }));
    assert!(matches!(fault(&repo, "HEAD~7"), GitFault::UnknownRevision { .. }));
    repo.git(&["branch", "release-2026"]);
    assert_eq!(fault(&repo, "relase-2026").help(), "did you mean `release-2026`?");
    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.commit("alone");
    assert!(matches!(fault(&repo, "main"), GitFault::Unrelated { .. }));
    // Inside the folder of git itself, as in a bare repository, there is no work tree.
    assert!(matches!(Repository::around(&repo.path().join(".git")), Err(GitFault::NoWorkTree { .. })));
    let bare = Repo::initialised(&["--bare"]);
    bare.write_base("");
    assert!(matches!(fault(&bare, "main"), GitFault::NoWorkTree { .. }));
}

#[test]
fn a_branch_that_is_only_there_has_its_name_told() {
    let origin = Repo::of_base();
    origin.git(&["branch", "release"]);
    let clone = Repo::cloned(&origin, &[]);
    assert_eq!(fault(&clone, "release").help(), "did you mean `origin/release`?");
    let single = Repo::cloned(&origin, &["--single-branch", "--depth=1"]);
    let missing = fault(&single, "origin/release");
    assert_eq!(
        missing.help(),
        "fetch it: `git fetch --depth=100 origin +refs/heads/release:refs/remotes/origin/release`, then name `origin/release`"
    );
    // The way out is one.
    single.git(&["fetch", "-q", "--depth=100", "origin", "+refs/heads/release:refs/remotes/origin/release"]);
    assert!(spec_at(&single, "origin/release").is_ok());
}

#[test]
fn a_shallow_clone_says_how_to_deepen_it() {
    let origin = Repo::of_base();
    let first = origin.read(SPEC);
    origin.git(&["checkout", "-q", "-b", "topic"]);
    origin.write(SPEC, first.replace("One-tap", "Two-tap"));
    origin.commit("topic");
    origin.git(&["checkout", "-q", "main"]);
    origin.write("README.md", "more\n");
    origin.commit("meanwhile");
    origin.git(&["checkout", "-q", "topic"]);
    let clone = Repo::cloned(&origin, &["--depth=1", "--no-single-branch"]);
    let shallow = fault(&clone, "origin/main");
    assert!(matches!(shallow, GitFault::Shallow { .. }));
    assert_eq!(
        shallow.help(),
        "fetch more: `git fetch --depth=100 origin main`, or `git fetch --unshallow`; in GitHub Actions set `fetch-depth: 0`"
    );
    clone.git(&["fetch", "-q", "--unshallow"]);
    assert_eq!(spec_at(&clone, "origin/main"), Ok(first));
}

#[test]
fn a_detached_head_and_another_work_tree_have_their_bases() {
    let repo = Repo::of_base();
    let first = repo.read(SPEC);
    repo.write(SPEC, first.replace("One-tap", "Two-tap"));
    repo.commit("second");
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(spec_at(&repo, "HEAD~1"), Ok(first.clone()));
    let beside = Repo::uninitialised();
    let place = beside.path().join("tree");
    repo.git(&["worktree", "add", "-q", "-b", "beside", &place.display().to_string(), "main~1"]);
    let repository = Repository::around(&place).expect("a repository");
    let tree = repository.tree(&repository.base("main").expect("a base"), &[]).expect("a tree");
    assert_eq!(tree.read(SPEC).as_deref(), Ok(&*first));
}

#[test]
fn a_submodule_is_a_repository_and_a_part_of_one() {
    let inner = Repo::of_base();
    let outer = Repo::initialised(&[]);
    outer.write_base("");
    let from = inner.path().display().to_string();
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "experiments/mobile"]);
    outer.commit("with a submodule");
    // The workspace in the submodule has the history of the submodule.
    let within = Repository::around(&outer.path().join("experiments/mobile")).expect("a repository");
    assert!(within.base("main").is_ok());
    // The workspace around it sees its files.
    let repository = around(&outer);
    let base = repository.base("main").expect("a base");
    let tree = repository.tree(&base, &[]).expect("a tree");
    let inside = format!("experiments/mobile/{SPEC}");
    assert_eq!(tree.read(&inside).as_deref(), Ok(&*inner.read(SPEC)));
    // Not checked out, it has no files, today or then.
    std::fs::remove_dir_all(outer.path().join("experiments/mobile")).expect("it is there");
    let tree = repository.tree(&base, &[]).expect("a tree");
    assert!(!tree.list("experiments").0.contains(&inside));
}

#[test]
fn a_clone_without_contents_says_so_and_fetches_nothing() {
    let origin = Repo::of_base();
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", origin.path().display());
    let first = origin.read(SPEC);
    origin.write(SPEC, first.replace("One-tap", "Two-tap"));
    origin.commit("second");
    let clone = Repo::cloned_from(&url, &["--filter=blob:none"]);
    let repository = around(&clone);
    let tree = repository.tree(&repository.base("HEAD~1").expect("a base"), &[]).expect("a tree");
    assert!(tree.read(SPEC).is_err());
    assert!(matches!(tree.fault(), Some(GitFault::Partial { .. })), "{:?}", tree.fault());
    // Nothing is asked of git for files that are as they were.
    assert!(tree.holds("expc.toml", &clone.read("expc.toml")));
}

#[cfg(unix)]
#[test]
fn nothing_that_a_repository_names_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let repo = Repo::of_base();
    let first = repo.read(SPEC);
    let trap = repo.write("trap.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\ncat\n");
    std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let trap = trap.display().to_string();
    repo.write(SPEC, first.replace("One-tap", "Two-tap"));
    repo.write(".gitattributes", "*.toml filter=trap diff=trap\n");
    repo.commit("second");
    let hooks = repo.path().join("hooks");
    std::fs::create_dir(&hooks).expect("a folder");
    for hook in ["post-index-change", "reference-transaction", "pre-commit", "post-checkout"] {
        std::fs::copy(repo.path().join("trap.sh"), hooks.join(hook)).expect("a hook");
    }
    let hooks = hooks.display().to_string();
    for (key, value) in [
        ("core.fsmonitor", trap.as_str()),
        ("core.hooksPath", &hooks),
        ("core.pager", &trap),
        ("core.sshCommand", &trap),
        ("core.editor", &trap),
        ("diff.external", &trap),
        ("diff.trap.textconv", &trap),
        ("diff.trap.command", &trap),
        ("filter.trap.clean", &trap),
        ("filter.trap.smudge", &trap),
        ("filter.trap.process", &trap),
        ("gpg.program", &trap),
        ("log.showSignature", "true"),
        ("credential.helper", &trap),
    ] {
        repo.git(&["config", key, value]);
    }
    repo.write(SPEC, first.replace("One-tap", "Three-tap"));
    let repository = around(&repo);
    let base = repository.base("HEAD~1").expect("a base");
    let tree = repository.tree(&base, &[]).expect("a tree");
    assert_eq!(tree.read(SPEC).as_deref(), Ok(&*first));
    assert_eq!(repository.commits_since(&base).expect("commits").len(), 1);
    assert_eq!(repository.moved_since(&base), Ok(Vec::new()));
    assert!(fault(&repo, "nowhere").to_string().contains("nowhere"));
    assert!(!repo.path().join("sprung").exists(), "something was run");
    // The trap is one: git left alone steps into it.
    repo.git(&["diff", "HEAD~1"]);
    assert!(repo.path().join("sprung").exists());
}

#[test]
fn commits_name_their_authors_and_files() {
    let repo = Repo::of_base();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("experiments/second.toml", "schema = 1\n");
    repo.commit_as("Luis Ortega", "second\n\nCo-authored-by: Mina Sato <mina@example.org>\n");
    repo.git(&["mv", SPEC, "experiments/renamed.toml"]);
    repo.commit_as("Ada Lind", "move");
    let repository = around(&repo);
    let base = repository.base("main").expect("a base");
    let commits = repository.commits_since(&base).expect("commits");
    assert_eq!(commits[1].authors, ["Luis Ortega", "luis.ortega@example.org", "Mina Sato", "mina@example.org"]);
    assert_eq!(commits[1].paths, ["experiments/second.toml"]);
    assert_eq!(commits[0].authors[0], "Ada Lind");
    assert_eq!(commits[0].paths, [SPEC, "experiments/renamed.toml"]);
    let moved = repository.moved_since(&base).expect("moves");
    assert_eq!(moved, [(SPEC.to_owned(), "experiments/renamed.toml".to_owned())]);
}
