//! What is built appears whole or not at all, in its folder and nowhere else.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::{SPEC, TODAY};
use expc::world::{Written, write_all};
use workspace::{Answer, Folder};

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
        let mount = ["-t", "tmpfs", "-o", "size=96k", "tmpfs"];
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

fn build(folder: &Folder, more: &[&str]) -> Answer {
    folder.run(&[&["build", "--today", TODAY], more].concat())
}

#[test]
fn the_same_input_gives_the_same_bytes_wherever_it_lies() {
    let (one, two) = (Folder::base(), Folder::base());
    let built = build(&one, &[]);
    assert_eq!((built.code, built.err.as_str()), (0, ""), "{built:?}");
    build(&two, &[]);
    let first = snapshot(&one.path().join("dist"));
    assert!(first.len() > 2, "{first:?}");
    assert_eq!(first, snapshot(&two.path().join("dist")));
    let again = build(&one, &[]);
    assert!(again.out.contains("0 written") && again.out.contains("0 removed"), "{}", again.out);
    assert_eq!(first, snapshot(&one.path().join("dist")));
}

#[test]
fn errors_are_told_before_anything_is_written() {
    let folder = Folder::base();
    build(&folder, &[]);
    let before = snapshot(&folder.path().join("dist"));
    folder.write(SPEC, folder.read(SPEC).replace("kill", "kil").replace("[exposure]", "[exposre]"));
    let answer = build(&folder, &[]);
    assert!(folder.check(&["--format", "json"]).codes().contains(&"SYN001".to_owned()));
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("exposre") && answer.err.contains("nothing was built"), "{answer:?}");
    assert_eq!(snapshot(&folder.path().join("dist")), before);
}

#[test]
fn what_is_stale_goes_by_the_manifest_and_what_others_wrote_stays() {
    let folder = Folder::base();
    folder.write("dist/notes.txt", "mine");
    folder.write("dist/plans/checkout-one-tap/comments.md", "mine");
    let answer = build(&folder, &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    // The experiment gets another name: its old files go, those of others stay.
    let spec = folder
        .read(SPEC)
        .replace("id = \"checkout-one-tap\"", "id = \"checkout-two-taps\"\nflag = \"checkout-one-tap\"");
    std::fs::remove_file(folder.path().join(SPEC)).expect("the spec");
    folder.write("experiments/checkout-two-taps.toml", spec);
    let answer = build(&folder, &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let names: Vec<String> =
        snapshot(&folder.path().join("dist")).keys().map(|path| path.display().to_string()).collect();
    let old: Vec<&String> = names.iter().filter(|name| name.starts_with("plans/checkout-one-tap/")).collect();
    assert_eq!(old, ["plans/checkout-one-tap/comments.md"], "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("plans/checkout-two-taps/")), "{names:?}");
    assert_eq!(folder.read("dist/notes.txt"), "mine");
}

#[test]
fn a_manifest_that_somebody_edited_harms_nobody() {
    let folder = Folder::base();
    build(&folder, &[]);
    let mine = folder.write("mine.txt", "mine");
    let manifest = folder.read("dist/build.json");
    let listed = snapshot(&folder.path().join("dist")).into_keys().find(|path| path.ends_with("flags.json"));
    let listed = listed.expect("flags are built").display().to_string();
    for path in ["../mine.txt", "../experiments/checkout-one-tap.toml", "/etc/passwd", "..", ""] {
        folder.write("dist/build.json", manifest.replace(&listed, path));
        let answer = build(&folder, &[]);
        assert_eq!(answer.code, 0, "{path}: {answer:?}");
        assert!(mine.is_file() && folder.path().join(SPEC).is_file(), "{path}");
    }
    for text in ["", "null", "[]", "{\"files\": 3}", "\u{0}", "{\"files\": [{\"path\": 1}]}"] {
        folder.write("dist/build.json", text);
        let answer = build(&folder, &[]);
        assert_eq!((answer.code, folder.read("dist/build.json") == manifest), (0, true), "{text:?}: {answer:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_build_that_is_killed_leaves_whole_files_and_the_next_one_mends_the_rest() {
    let folder = Folder::base();
    build(&folder, &[]);
    let whole = snapshot(&folder.path().join("dist"));
    for step in 0..25 {
        std::fs::remove_dir_all(folder.path().join("dist")).expect("the folder");
        let mut child = folder
            .command(&["build", "--today", TODAY])
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(std::time::Duration::from_millis(4 * step));
        child.kill().expect("own children can be killed");
        child.wait().expect("it ends");
        let dist = folder.path().join("dist");
        if dist.exists() {
            for (path, bytes) in snapshot(&dist) {
                let temporary = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".expc-"));
                assert!(temporary || whole.get(&path) == Some(&bytes), "{} is half a file", path.display());
            }
        }
        let answer = build(&folder, &[]);
        assert_eq!(answer.code, 0, "{answer:?}");
        let mended = snapshot(&dist);
        assert!(whole.iter().all(|(path, bytes)| mended.get(path) == Some(bytes)), "step {step}");
    }
}

#[cfg(unix)]
#[test]
fn an_output_folder_that_cannot_be_used_is_a_failure_with_a_way_out() {
    let folder = Folder::base();
    folder.write("taken", "a file");
    for out in ["taken", "taken/below", "/proc/nowhere", "/dev/null"] {
        let answer = build(&folder, &["--out", out]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{out}: {answer:?}");
        assert!(answer.err.contains(out) && answer.err.contains("help:"), "{out}: {}", answer.err);
    }
    assert_eq!(folder.read("taken"), "a file");
    std::fs::create_dir_all(folder.path().join("dist/build.json")).expect("a folder");
    let answer = build(&folder, &[]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert_eq!(snapshot(&folder.path().join("dist")).len(), 0);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_during_a_build_keeps_the_earlier_one() {
    let small = Small::new();
    let folder = Folder::base();
    let dist = small.folder.path().join("dist");
    let out = dist.to_str().expect("a plain name").to_owned();
    let build = |folder: &Folder| {
        let mut command = folder.command(&["build", "--today", TODAY, "--out", &out]);
        if small.mounted {
            return Answer::of(&command.output().expect("the program starts"));
        }
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", script]).arg(command.get_program()).args(command.get_args()).current_dir(folder.path());
        Answer::of(&limited.output().expect("sh is part of POSIX"))
    };
    let answer = build(&folder);
    assert_eq!(answer.code, 0, "{answer:?}");
    let before = snapshot(&dist);
    // A payload that no small disk holds.
    let large = folder.read(SPEC).replace(
        "payload = { layout = \"one-tap\" }",
        &format!("payload = {{ layout = \"{}\" }}", "x".repeat(150_000)),
    );
    folder.write(SPEC, large);
    let answer = build(&folder);
    assert_eq!(answer.code, 2, "{:.2000} {:.2000}", answer.out, answer.err);
    assert!(answer.err.contains("cannot write") && answer.err.contains("cause:"), "{}", answer.err);
    assert_eq!(snapshot(&dist), before, "the earlier build is whole and nothing is left beside it");
}

#[test]
fn ids_that_want_out_are_refused_before_the_build() {
    for id in ["../../escape", "/tmp/escape", "..", "a/b", "a\\b", ".git"] {
        let folder = Folder::base();
        folder.write(SPEC, folder.read(SPEC).replace("id = \"checkout-one-tap\"", &format!("id = {id:?}")));
        let before = snapshot(folder.path());
        let answer = build(&folder, &[]);
        assert_eq!(answer.code, 1, "{id}: {answer:?}");
        assert_eq!(snapshot(folder.path()), before, "{id}");
        // Nor when the organisation looks away.
        folder.write("expc.toml", folder.read("expc.toml").replace("[rules]", "[rules]\nsyntax = \"allow\"\n"));
        let before = snapshot(folder.path());
        let answer = build(&folder, &[]);
        let after = snapshot(folder.path());
        let escaped: Vec<_> =
            after.keys().filter(|path| !before.contains_key(*path) && !path.starts_with("dist")).collect();
        assert!(escaped.is_empty(), "{id}: {escaped:?} {answer:?}");
        assert!(!folder.path().parent().expect("a parent").join("escape").exists(), "{id}");
    }
}
