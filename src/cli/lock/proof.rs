//! The proof that a seal existed at a time: the response of a time stamping authority (RFC 3161) beside the lock.
//!
//! What the authority is asked for is the hash that the lock carries. Nothing here asks it: `openssl ts -query` makes the
//! request, and its answer is attached.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::place::Opened;
use super::super::{Exit, Failure};
use crate::portfolio::registry::ENDING;
use crate::portfolio::{Lock, Moment, SpecFile};
use crate::text::printable;
use crate::world::{Stamp, StampFault, read_bytes, read_text, write_all};

/// How the name of a response ends; before it stands the id.
const PROOF: &str = ".tsr";

/// Puts a response beside the lock that it covers.
pub fn attach(opened: &Opened, spec: &SpecFile, file: &Path) -> Result<Exit, Failure> {
    let id = &spec.stem;
    let shown = printable(id);
    let lock = match opened.workspace.lock(id) {
        Some(Ok(lock)) => lock,
        Some(Err(_)) => return Ok(refuse(&format!("the lock of {shown} is broken; `expc check` says how\n"))),
        None => return Ok(refuse(&format!("{shown} is not sealed: `expc lock {shown}` first\n"))),
    };
    let bytes = read(file)?;
    let name = printable(&file.display().to_string());
    let covering = match Stamp::read(&bytes).and_then(|stamp| covered(&stamp, lock)) {
        Ok(covering) => covering,
        Err(StampFault::Io(cause)) => return Err(Failure::Io { action: "judge", path: file.to_owned(), cause }),
        Err(StampFault::NoOpenssl) => return Err(no_openssl()),
        Err(fault) => return Ok(refuse(&format!("`{name}` {}\n{}", because(&fault), way_out(&fault, lock)))),
    };
    let path = proof_path(opened, id);
    // A proof of the same seal is not given up for another one.
    if let Ok(present) = read_bytes(&path)
        && present != bytes
        && let Ok(older) = Stamp::read(&present).and_then(|stamp| covered(&stamp, lock))
    {
        let path = printable(&path.display().to_string());
        return Ok(refuse(&format!(
            "`{path}` has the seal at {older} already; to attach another response, delete it first\n"
        )));
    }
    let file_name = format!("{id}{PROOF}");
    let folder = path.parent().unwrap_or(Path::new("."));
    write_all(folder, &BTreeMap::from([(file_name, bytes)]), &[]).map_err(|fault| Failure::Io {
        action: fault.action,
        path: fault.path,
        cause: fault.cause,
    })?;
    let path = printable(&path.display().to_string());
    super::super::print(&format!(
        "`{path}` says that the seal of {shown} existed at {covering}; not judged yet: `expc lock --check {shown} --ca \
         CERT.pem`\ncommit it with the lock\n"
    ));
    Ok(Exit::Clean)
}

/// Certificates that can be trusted to begin a chain.
pub struct Authority<'a>(&'a Path);

impl<'a> Authority<'a> {
    pub fn of(file: &'a Path) -> Result<Self, Failure> {
        let text = read_text(file);
        let text = text.map_err(|cause| Failure::Io { action: "read", path: file.to_owned(), cause })?;
        if text.is_some_and(|text| text.contains("-----BEGIN CERTIFICATE-----")) {
            return Ok(Self(file));
        }
        let shown = file.display();
        Err(Failure::Usage {
            text: format!("`{shown}` has no certificate in PEM"),
            help: format!("of a binary one: `openssl x509 -inform der -in '{shown}' -out ca.pem`"),
        })
    }

    /// What the proof of a seal says, once it is judged; what is wrong with it otherwise.
    pub fn judge(
        &self,
        opened: &Opened,
        lock: &Lock,
        start: Option<crate::spec::Day>,
    ) -> Result<Result<String, String>, Failure> {
        let path = proof_path(opened, &lock.id);
        let shown = printable(&path.display().to_string());
        let bytes = match read_bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Err(format!("there is no `{shown}`, so no proof of time\n{}", asking(lock))));
            }
            Err(cause) => return Err(Failure::Io { action: "read", path, cause }),
        };
        let judged = Stamp::read(&bytes).and_then(|stamp| {
            let time = covered(&stamp, lock)?;
            stamp.prove(digest(lock), time.unix(), self.0)?;
            Ok((time, stamp.authority))
        });
        match judged {
            Ok((time, _)) if start.is_some_and(|start| start < time.day()) => {
                Ok(Err(format!("`{shown}` proves the seal from {time} on, which is after the start\n")))
            }
            Ok((time, authority)) => {
                let by = authority.map_or(String::new(), |name| format!(" by `{}`", printable(&name)));
                Ok(Ok(format!("proven to have existed at {time}{by}\n")))
            }
            Err(StampFault::Io(cause)) => Err(Failure::Io { action: "judge", path, cause }),
            Err(StampFault::NoOpenssl) => Err(no_openssl()),
            Err(fault) => Ok(Err(format!("`{shown}` {}\n{}", because(&fault), way_out(&fault, lock)))),
        }
    }
}

fn proof_path(opened: &Opened, id: &str) -> PathBuf {
    let lock = format!("{}{}", opened.prefix, opened.workspace.lock_path(id));
    PathBuf::from(format!("{}{PROOF}", lock.strip_suffix(ENDING).unwrap_or(&lock)))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    read_bytes(file).map_err(|cause| Failure::Io { action: "read", path: file.to_owned(), cause })
}

/// The digits of the hash that a lock carries.
fn digest(lock: &Lock) -> &str {
    lock.hash.value.strip_prefix("sha256:").unwrap_or(&lock.hash.value)
}

/// The time that a response says, when it speaks of this seal.
fn covered(stamp: &Stamp, lock: &Lock) -> Result<Moment, StampFault> {
    let short = |digits: &str| digits.chars().take(12).collect::<String>();
    if stamp.algorithm != "sha256" || stamp.digest != digest(lock) {
        return Err(StampFault::Unproven(format!(
            "it covers {} {}…, the seal is sha256 {}…",
            stamp.algorithm,
            short(&stamp.digest),
            short(digest(lock))
        )));
    }
    stamp.time.parse().map_err(|_| StampFault::NotAResponse)
}

/// The end of a sentence whose subject is the file.
fn because(fault: &StampFault) -> String {
    match fault {
        StampFault::NotAResponse => "is no response of a time stamping authority (RFC 3161)".to_owned(),
        StampFault::NotGranted(says) => format!("is no proof: the authority did not grant it ({})", printable(says)),
        StampFault::Unproven(says) => format!("does not prove the seal: {}", printable(says)),
        StampFault::NoOpenssl => "cannot be judged without `openssl`".to_owned(),
        StampFault::Io(error) => format!("cannot be judged: {}", printable(&error.to_string())),
    }
}

fn way_out(fault: &StampFault, lock: &Lock) -> String {
    match fault {
        StampFault::Unproven(says) if says.contains("issuer") || says.contains("self-signed") => {
            "help: `--ca` names the root certificate of the authority, with those between in the same file\n".to_owned()
        }
        _ => asking(lock),
    }
}

/// How a proof is asked for.
fn asking(lock: &Lock) -> String {
    let id = printable(&lock.id);
    format!(
        "help: `openssl ts -query -sha256 -digest {} -cert -out {id}.tsq` makes the request; `expc lock {id} --timestamp \
         FILE` attaches the response\n",
        digest(lock)
    )
}

fn no_openssl() -> Failure {
    Failure::Usage {
        text: "cannot find the program `openssl`".to_owned(),
        help: "install OpenSSL 1.1.1 or later: it judges timestamps; everything else of expc works without it"
            .to_owned(),
    }
}

fn refuse(text: &str) -> Exit {
    super::super::complain(&format!("{text}nothing was attached\n"));
    Exit::Findings
}
