//! The vendors' own evaluators: installed once, then run as a process.
//!
//! `tests/sdk/<name>` holds `package.json`, `package-lock.json` and a script. The packages go to
//! `<target>/sdk/<name>/<hash of the lock>`, whole or not at all, so that a changed lock installs anew and plain
//! `cargo test` works on a fresh machine with node and npm.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

static INSTALLING: Mutex<()> = Mutex::new(());

/// Runs the script of an SDK on JSON and reads JSON back.
pub fn run(name: &str, script: &str, input: &Json) -> Json {
    let home = installed(name);
    let script = source(name).join(script);
    let mut child = Command::new("node")
        .arg(&script)
        .arg(&home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}", missing("node", &error)));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let text = input.to_string();
    // Scripts read all of their input before they write.
    let fed = stdin.write_all(text.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("node answers");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && fed.is_ok(), "{} failed:\n{complaint}", script.display());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}\n{complaint}", script.display()))
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn missing(program: &str, error: &std::io::Error) -> String {
    format!("cannot start `{program}` ({error}): this test needs Node.js 20 or later with npm on the PATH")
}

/// The folder with `node_modules` of an SDK.
fn installed(name: &str) -> PathBuf {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let source = source(name);
    let lock = std::fs::read(source.join("package-lock.json")).expect("a lock file");
    let hash: String = Sha256::digest(&lock).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("sdk").join(name);
    let home = target.join(&hash);
    if home.is_dir() {
        return home;
    }
    let beside = target.join(format!(".{hash}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&beside);
    std::fs::create_dir_all(&beside).expect("the target folder can be written");
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        if source.join(file).exists() {
            std::fs::copy(source.join(file), beside.join(file)).expect(file);
        }
    }
    let output = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&beside)
        .output()
        .unwrap_or_else(|error| panic!("{}", missing("npm", &error)));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`npm ci` for tests/sdk/{name} failed; it needs a package registry:\n{said}");
    // Another test process may have been faster; its packages are the same.
    if std::fs::rename(&beside, &home).is_err() {
        let _ = std::fs::remove_dir_all(&beside);
        assert!(home.is_dir(), "cannot move the packages to {}", home.display());
    }
    home
}
