//! What is built appears whole or not at all, in its folder and nowhere else.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expc::world::{Written, write_all};
use workspace::Folder;

type Files = BTreeMap<String, Vec<u8>>;

fn files(of: &[(&str, &str)]) -> Files {
    of.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// Everything below a folder: path and bytes, links as the path they name.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![folder.to_path_buf()];
    while let Some(at) = stack.pop() {
        for entry in std::fs::read_dir(&at).expect("own folders are readable") {
            let path = entry.expect("own folders are readable").path();
            let meta = std::fs::symlink_metadata(&path).expect("it is there");
            let name = path.strip_prefix(folder).expect("below").to_path_buf();
            if meta.is_dir() {
                stack.push(path);
            } else if meta.is_symlink() {
                let to = std::fs::read_link(&path).expect("a link");
                found.insert(name, format!("-> {}", to.display()).into_bytes());
            } else {
                found.insert(name, std::fs::read(&path).expect("own files are readable"));
            }
        }
    }
    found
}

#[test]
fn a_second_build_writes_nothing_and_a_third_only_what_changed() {
    let folder = Folder::new();
    let out = folder.path().join("dist");
    let first = files(&[("a.json", "1"), ("deep/b.json", "2")]);
    let wrote = write_all(&out, &first, &[]).expect("an empty place takes files");
    assert_eq!(wrote, Written { written: 2, unchanged: 0, removed: 0 });
    let wrote = write_all(&out, &first, &[]).expect("again");
    assert_eq!(wrote, Written { written: 0, unchanged: 2, removed: 0 });
    let second = files(&[("a.json", "3")]);
    let wrote = write_all(&out, &second, &["deep/b.json".to_owned(), "a.json".to_owned()]).expect("and again");
    assert_eq!(wrote, Written { written: 1, unchanged: 0, removed: 1 });
    assert_eq!(snapshot(&out), BTreeMap::from([(PathBuf::from("a.json"), b"3".to_vec())]));
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let folder = Folder::new();
    let out = folder.path().join("dist");
    for path in ["../escape", "/etc/expc", "a/../../escape", "", ".", "..", "a\\..\\b", "a\0b", "./a", "a/./../../b"] {
        let fault = write_all(&out, &files(&[("fine", "x"), (path, "x")]), &[]).expect_err(path);
        assert!(!fault.to_string().is_empty());
        // Stale names come from a manifest that anybody may have edited.
        let neighbour = folder.write("escape", "mine");
        write_all(&out, &files(&[("fine", "x")]), &[path.to_owned()]).expect("a bad stale name is passed over");
        assert!(neighbour.is_file(), "{path}");
        std::fs::remove_file(neighbour).expect("it is there");
        std::fs::remove_dir_all(&out).expect("it is there");
    }
    assert!(snapshot(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn links_in_the_folder_are_replaced_or_refused_never_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let out = folder.path().join("dist");
    let outside = folder.write("outside/secret", "mine");
    std::fs::create_dir(&out).expect("a folder");

    // A link in the place of a file is replaced; what it led to stays.
    symlink(&outside, out.join("a.json")).expect("a link");
    write_all(&out, &files(&[("a.json", "mine")]), &[]).expect("a link is replaced, also when the bytes are equal");
    assert!(!std::fs::symlink_metadata(out.join("a.json")).expect("a file").is_symlink());
    assert_eq!(folder.read("outside/secret"), "mine");

    // A link in the place of a folder is refused before anything is made behind it.
    symlink(folder.path().join("outside"), out.join("flags")).expect("a link");
    let before = snapshot(folder.path());
    let fault = write_all(&out, &files(&[("a.json", "new"), ("flags/deep/b.json", "x")]), &[]).expect_err("a link");
    assert!(fault.to_string().contains("flags"), "{fault}");
    assert_eq!(snapshot(folder.path()), before);
    assert!(!folder.path().join("outside/deep").exists());
    let wrote = write_all(&out, &files(&[("a.json", "new")]), &["flags/secret".to_owned()]).expect("stale is left");
    assert_eq!((wrote.removed, folder.read("outside/secret").as_str()), (0, "mine"));
}

#[cfg(unix)]
#[test]
fn pipes_and_folders_in_the_way_neither_hang_nor_leave_half_a_build() {
    let folder = Folder::new();
    let out = folder.path().join("dist");
    write_all(&out, &files(&[("a.json", "old"), ("b.json", "old")]), &[]).expect("an empty place takes files");
    std::fs::create_dir(out.join("c.json")).expect("a folder");
    let before = snapshot(&out);
    let fault =
        write_all(&out, &files(&[("a.json", "new"), ("b.json", "new"), ("c.json", "new")]), &[]).expect_err("folder");
    assert!(fault.to_string().contains("c.json"), "{fault}");
    assert_eq!(snapshot(&out), before);

    std::fs::remove_dir(out.join("c.json")).expect("the folder");
    let made = std::process::Command::new("mkfifo").arg(out.join("c.json")).status().expect("mkfifo is part of POSIX");
    assert!(made.success());
    write_all(&out, &files(&[("c.json", "new")]), &[]).expect("a pipe is replaced");
    assert_eq!(std::fs::read(out.join("c.json")).expect("a file"), b"new");
}

/// A place with room for 64 kB: a small file system of its own, or this process' limit on the size of a file.
#[cfg(unix)]
struct Small {
    folder: Folder,
    mounted: bool,
}

#[cfg(unix)]
impl Small {
    fn new() -> Self {
        let folder = Folder::new();
        let mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
        let mounted = std::process::Command::new("mount").args(mount).arg(folder.path()).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        Self { folder, mounted }
    }
}

#[cfg(unix)]
impl Drop for Small {
    fn drop(&mut self) {
        if self.mounted {
            let _ = std::process::Command::new("umount").arg(self.folder.path()).output();
        }
    }
}

/// The body of the next test, run by itself so that a limit on file sizes harms nobody else.
#[cfg(unix)]
const FULL: &str = "EXPC_TEST_FULL_DISK";

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_earlier_build_as_it_was() {
    if let Some(out) = std::env::var_os(FULL) {
        let out = PathBuf::from(out);
        let first = files(&[("a.json", "old"), ("b.json", "old")]);
        write_all(&out, &first, &[]).expect("three letters fit");
        let before = snapshot(&out);
        let large = "x".repeat(50_000);
        let larger = "y".repeat(200_000);
        let fault = write_all(&out, &files(&[("a.json", &large), ("b.json", &larger), ("c/d.json", "z")]), &[]);
        let fault = fault.expect_err("250 kB do not fit");
        assert!(fault.to_string().contains("b.json"), "{fault}");
        assert_eq!(snapshot(&out), before, "the earlier build is untouched and nothing is left behind");
        write_all(&out, &files(&[("a.json", "new"), ("b.json", "new")]), &[]).expect("the disk is as free as before");
        return;
    }
    let small = Small::new();
    let out = small.folder.path().join("dist");
    let this = std::env::current_exe().expect("the test knows itself");
    // Without the right to mount, the limit on file sizes stands in: writing beyond it fails in the same place. The
    // signal that comes with it is ignored, so that the write returns its error.
    let limit = if small.mounted { "" } else { "trap '' XFSZ; ulimit -f 128; " };
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{limit}exec \"$0\" --exact a_full_disk_leaves_the_earlier_build_as_it_was"))
        .arg(this)
        .env(FULL, &out)
        .output()
        .expect("sh is part of POSIX");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let fault = write_all(Path::new("/proc/expc-cannot-be-here"), &files(&[("a", "x")]), &[]).expect_err("/proc");
    assert!(fault.to_string().contains("/proc/expc-cannot-be-here"), "{fault}");
    let folder = Folder::new();
    let file = folder.write("dist", "a file");
    let fault = write_all(&file, &files(&[("a", "x")]), &[]).expect_err("a file is no folder");
    assert!(fault.to_string().contains("dist"), "{fault}");
    assert_eq!(folder.read("dist"), "a file");
}
