//! The vendors' own evaluators: installed once, then run as a process.
//!
//! `tests/sdk/<platform>` holds the locks and one driver a language. Packages go to
//! `<target>/sdk/<platform>/<language>-<hash of the lock>`, whole or not at all, so that a changed lock installs anew
//! and plain `cargo test` works on a fresh machine with Node.js, Python and cargo. Drivers speak one protocol, which
//! `tests/sdk/protocol.mjs` tells.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// What a driver is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Node,
    Python,
    Rust,
}

/// An SDK that judges a platform.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator {
    /// The package that the lock pins: `unleash-client`.
    pub package: &'static str,
    pub language: Language,
    /// The folder below `tests/sdk`; for Rust the feature of `tests/sdk/rust` and the name of its program.
    pub folder: &'static str,
    /// The driver in that folder.
    pub script: &'static str,
    /// False when it reads the clock of the machine, which a test cannot set: it is asked nothing of schedules.
    pub clock: bool,
    /// SDKs give a unit the same variant as all others of their generation; "" where there is only one.
    pub generation: &'static str,
}

/// A document, what is evaluated in it, and when.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    pub document: &'a str,
    /// Key, and the attribute that names the unit.
    pub flags: Vec<(String, String)>,
    pub at: Option<i64>,
}

impl Evaluator {
    pub const fn node(package: &'static str, folder: &'static str) -> Self {
        Self { package, language: Language::Node, folder, script: "evaluate.mjs", clock: true, generation: "" }
    }

    pub const fn python(package: &'static str, folder: &'static str) -> Self {
        Self { package, language: Language::Python, folder, script: "evaluate.py", clock: true, generation: "" }
    }

    pub const fn rust(package: &'static str, folder: &'static str) -> Self {
        Self { package, language: Language::Rust, folder, script: "", clock: true, generation: "" }
    }

    pub const fn without_clock(self) -> Self {
        Self { clock: false, ..self }
    }

    pub const fn of_generation(self, generation: &'static str) -> Self {
        Self { generation, ..self }
    }

    /// `npm unleash-client 6.12.1`.
    pub fn name(&self) -> String {
        format!("{} {} {}", self.registry(), self.package, self.version())
    }

    /// Where the package is from.
    pub fn registry(&self) -> &'static str {
        match self.language {
            Language::Node => "npm",
            Language::Python => "pip",
            Language::Rust => "crate",
        }
    }

    /// The version that the lock pins.
    pub fn version(&self) -> String {
        let lock = fs::read_to_string(self.lock()).unwrap_or_else(|error| panic!("{}: {error}", self.lock().display()));
        let found = match self.language {
            Language::Node => {
                let lock: Json = serde_json::from_str(&lock).expect("npm writes JSON");
                let at = format!("node_modules/{}", self.package);
                lock["packages"][at]["version"].as_str().map(str::to_owned)
            }
            Language::Python => lock.lines().find_map(|line| {
                let (name, rest) = line.split_once("==")?;
                (name == self.package).then(|| rest.trim_end_matches(['\\', ' ']).to_owned())
            }),
            Language::Rust => {
                let lock: toml::Table = lock.parse().expect("cargo writes TOML");
                let packages = lock["package"].as_array().expect("a list of packages");
                let ours = packages.iter().find(|package| package["name"].as_str() == Some(self.package));
                ours.and_then(|package| package["version"].as_str()).map(str::to_owned)
            }
        };
        found.unwrap_or_else(|| panic!("{} does not pin `{}`", self.lock().display(), self.package))
    }

    /// Every job over all contexts.
    pub fn run(&self, contexts: &[Json], jobs: &[Job<'_>]) -> Result<Json, String> {
        let jobs: Vec<Json> = jobs
            .iter()
            .map(|job| {
                let flags: Vec<Json> =
                    job.flags.iter().map(|(key, unit)| json!({ "key": key, "unit": unit })).collect();
                json!({ "document": job.document, "flags": flags, "at": job.at })
            })
            .collect();
        let input = json!({ "contexts": contexts, "jobs": jobs }).to_string();
        let mut child = self
            .command()?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.missing(&error))?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // Drivers read all of their input before they write.
        let fed = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if !output.status.success() || fed.is_err() {
            return Err(format!("{} failed:\n{}", self.name(), ends_of(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{}: {error}\n{}", self.name(), ends_of(&output.stderr)))
    }

    fn command(&self) -> Result<Command, String> {
        let home = self.installed()?;
        let driver = source(self.folder).join(self.script);
        Ok(match self.language {
            Language::Node => {
                let mut command = Command::new("node");
                command.arg(driver).arg(home);
                command
            }
            Language::Python => {
                let mut command = Command::new(home.join(python_in_venv()));
                // Modules beside the driver, and no files among the sources.
                command.arg("-B").arg(driver).env("PYTHONPATH", source("")).env("PYTHONIOENCODING", "utf-8");
                command
            }
            Language::Rust => Command::new(home.join(self.folder).with_extension(std::env::consts::EXE_EXTENSION)),
        })
    }

    fn lock(&self) -> PathBuf {
        match self.language {
            Language::Node => source(self.folder).join("package-lock.json"),
            Language::Python => source(self.folder).join("requirements.txt"),
            Language::Rust => source("rust").join("Cargo.lock"),
        }
    }

    fn missing(&self, error: &std::io::Error) -> String {
        let needs = match self.language {
            Language::Node => "Node.js 20 or later with npm",
            Language::Python => "Python 3.10 or later with venv",
            Language::Rust => "cargo",
        };
        format!("{} cannot be started ({error}): this test needs {needs} on the PATH", self.name())
    }

    /// The folder with the packages, or with the program.
    fn installed(&self) -> Result<PathBuf, String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("sdk");
        fs::create_dir_all(&target).map_err(|error| error.to_string())?;
        if self.language == Language::Rust {
            return self.build(&target.join("rust"));
        }
        let lock = fs::read(self.lock()).map_err(|error| format!("{}: {error}", self.lock().display()))?;
        let hash: String = Sha256::digest(&lock).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let language = if self.language == Language::Node { "node" } else { "python" };
        let home = target.join(self.folder).join(format!("{language}-{hash}"));
        if home.is_dir() {
            return Ok(home);
        }
        // Test programs and threads may ask at once: one installs, the others wait for it.
        let gate = fs::File::create(target.join(format!("{}-{language}.lock", self.folder)));
        gate.and_then(|gate| gate.lock().map(|()| gate))
            .and_then(|_gate| match home.is_dir() {
                true => Ok(Ok(())),
                false => self.install(&home),
            })
            .map_err(|error| self.missing(&error))??;
        Ok(home)
    }

    /// Installs beside the place and moves it there when it is whole.
    fn install(&self, home: &Path) -> std::io::Result<Result<(), String>> {
        let beside = home.with_file_name(format!(".installing-{}-{:?}", std::process::id(), self.language));
        let _ = fs::remove_dir_all(&beside);
        fs::create_dir_all(&beside)?;
        let source = source(self.folder);
        let output = match self.language {
            Language::Node => {
                for file in ["package.json", "package-lock.json", ".npmrc"] {
                    if source.join(file).exists() {
                        fs::copy(source.join(file), beside.join(file))?;
                    }
                }
                Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .current_dir(&beside)
                    .output()?
            }
            Language::Python => {
                let python = if cfg!(windows) { "python" } else { "python3" };
                let made = Command::new(python).args(["-m", "venv"]).arg(&beside).output()?;
                if !made.status.success() {
                    return Ok(Err(format!("`{python} -m venv` failed:\n{}", ends_of(&made.stderr))));
                }
                // Packages that come as sources would run code of theirs and need compilers.
                let options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"];
                Command::new(beside.join(python_in_venv()))
                    .args(["-m", "pip", "install"])
                    .args(options)
                    .arg("-r")
                    .arg(source.join("requirements.txt"))
                    .output()?
            }
            Language::Rust => unreachable!("programs are built, not installed"),
        };
        if !output.status.success() {
            let what = format!("the packages of tests/sdk/{} could not be installed", self.folder);
            return Ok(Err(format!("{what}; that needs a package registry:\n{}", ends_of(&output.stderr))));
        }
        fs::rename(&beside, home)?;
        Ok(Ok(()))
    }

    /// Builds the program of an SDK in Rust. Cargo itself knows what has changed, and waits for other builds.
    fn build(&self, target: &Path) -> Result<PathBuf, String> {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--bin", self.folder, "--features", self.folder, "--manifest-path"])
            .arg(source("rust").join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", target)
            // What the outer build is told is not meant for this one.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .map_err(|error| self.missing(&error))?;
        match output.status.success() {
            true => Ok(target.join("debug")),
            false => Err(format!("tests/sdk/rust does not build:\n{}", ends_of(&output.stderr))),
        }
    }
}

fn source(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(folder)
}

fn python_in_venv() -> &'static str {
    if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }
}

/// What a program complained, without the middle of a long complaint.
fn ends_of(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let shown = |line: &&str| line.chars().take(400).collect::<String>();
    match lines.len() {
        0..=24 => lines.iter().map(shown).collect::<Vec<_>>().join("\n"),
        many => {
            let first = lines[..8].iter().map(shown);
            let last = lines[many - 16..].iter().map(shown);
            first.chain(["…".to_owned()]).chain(last).collect::<Vec<_>>().join("\n")
        }
    }
}
