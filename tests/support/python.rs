//! Judges written in Python, at the versions and hashes of `tests/sdk/python/requirements.txt`.
//!
//! The first test that asks installs them below the target folder; a machine without `python3` fails the test, with
//! the reason, because a judge that did not sit has acquitted nobody.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program of that name among the installed judges.
pub fn judge(program: &str) -> PathBuf {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    let folder = HOME.get_or_init(install).join(if cfg!(windows) { "Scripts" } else { "bin" });
    folder.join(program).with_extension(std::env::consts::EXE_EXTENSION)
}

fn install() -> PathBuf {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/python/requirements.txt");
    let wanted = std::fs::read_to_string(&lock).expect("the lock file is in the repository");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sdk/python");
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return home;
    }
    // Test programs may run at once: one installs, the others wait for it.
    std::fs::create_dir_all(home.join("..")).expect("the target folder takes folders");
    let gate = std::fs::File::create(home.with_file_name("python.lock")).expect("the target folder takes files");
    gate.lock().expect("files can be locked");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return home;
    }
    let python = if cfg!(windows) { "python" } else { "python3" };
    let made = Command::new(python).args(["-m", "venv", "--clear"]).arg(&home).output();
    let made = made.unwrap_or_else(|error| {
        panic!("`{python}` could not be started ({error}): install Python 3.10 or later to run these tests")
    });
    assert!(made.status.success(), "`{python} -m venv` failed: {}", String::from_utf8_lossy(&made.stderr));
    let pip = Command::new(home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"])
        .arg(&lock)
        .output()
        .expect("the new environment has a Python");
    assert!(pip.status.success(), "pip could not install the judges: {}", String::from_utf8_lossy(&pip.stderr));
    std::fs::write(&stamp, wanted).expect("the target folder takes files");
    home
}
