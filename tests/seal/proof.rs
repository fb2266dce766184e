//! Proofs of time: real responses, made and judged by `openssl`. Without that program these tests fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::SPEC;
use crate::workspace::{Answer, Folder};
use crate::{ID, LOCK};

const CONFIGURATION: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = A root
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ts]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
tsa_name = yes
ess_cert_id_alg = sha256
";

/// A time stamping authority in a folder of its own.
struct Tsa {
    folder: tempfile::TempDir,
}

impl Tsa {
    /// Its certificate and that of its root are valid for so many days from now on.
    fn new() -> Self {
        let tsa = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(tsa.path("cnf"), CONFIGURATION).expect("a file");
        std::fs::write(tsa.path("serial"), "01\n").expect("a file");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config cnf";
        tsa.openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -extensions root"));
        tsa.openssl(&format!("req {key} -keyout tsa.key -out tsa.csr -subj /CN=Clock"));
        tsa.openssl("x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 30 -extfile cnf -extensions tsa");
        tsa
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn root(&self) -> String {
        self.path("ca.pem").display().to_string()
    }

    fn openssl(&self, arguments: &str) {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(self.folder.path()).output();
        let done = done.expect("these tests need the program `openssl`");
        assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The response for a hash.
    fn stamp(&self, digest: &str) -> PathBuf {
        self.openssl(&format!("ts -query -digest {digest} -sha256 -cert -out q.tsq"));
        self.openssl("ts -reply -queryfile q.tsq -signer tsa.pem -inkey tsa.key -config cnf -section ts -out r.tsr");
        self.path("r.tsr")
    }
}

/// The clean workspace, sealed for a run that lies ahead, whatever day it is: the authority has no clock but that of
/// whoever runs this.
fn sealed() -> Folder {
    moved("2998", "2999", "-14", "-18")
}

/// The clean workspace with its dates in other years, sealed.
fn moved(year: &str, next: &str, monday: &str, decision: &str) -> Folder {
    let folder = Folder::base();
    let spec = folder.read(SPEC);
    let spec = spec.replace("2027-01-11", &format!("{next}-01{monday}"));
    folder.write(SPEC, spec.replace("2027-02-15", &format!("{next}-02{decision}")));
    folder.write("catalog/base.toml", folder.read("catalog/base.toml").replace("= 2026-", &format!("= {year}-")));
    seal(&folder, &format!("{year}-11-20T09:00:00Z"));
    folder
}

fn seal(folder: &Folder, at: &str) {
    let answer = folder.run(&["lock", ID, "--at", at, "--by", "Priya Raman"]);
    assert_eq!(answer.code, 0, "{answer:?}");
}

fn digest(folder: &Folder) -> String {
    let lock: serde_json::Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    lock["hash"].as_str().expect("a text").strip_prefix("sha256:").expect("a hash").to_owned()
}

fn attach(folder: &Folder, response: &Path) -> Answer {
    folder.run(&["lock", ID, "--timestamp", &response.display().to_string()])
}

fn judged(folder: &Folder, root: &str) -> Answer {
    folder.run(&["lock", "--check", "--ca", root])
}

const PROOF: &str = "registry/checkout-one-tap.tsr";

#[test]
fn a_seal_is_proven_by_an_authority() {
    let (folder, tsa) = (sealed(), Tsa::new());
    let bare = judged(&folder, &tsa.root());
    assert_eq!(bare.code, 1, "{bare:?}");
    assert!(bare.out.contains(&format!("there is no `{PROOF}`, so no proof of time\n")), "{bare:?}");
    assert!(bare.out.contains(&format!("`openssl ts -query -sha256 -digest {} -cert", digest(&folder))), "{bare:?}");
    let attached = attach(&folder, &tsa.stamp(&digest(&folder)));
    assert_eq!((attached.code, attached.err.as_str()), (0, ""), "{attached:?}");
    let proven = judged(&folder, &tsa.root());
    assert_eq!((proven.code, proven.err.as_str()), (0, ""), "{proven:?}");
    assert!(proven.out.contains("checkout-one-tap: proven to have existed at 20"), "{proven:?}");
    assert!(proven.out.ends_with("Z by `/CN=Clock`\n"), "{proven:?}");
    // The time is that of the authority's clock, to a minute.
    let time = proven.out.split("existed at ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a time");
    let time: jiff::Timestamp = time.parse().expect("a time");
    let apart = jiff::Timestamp::now().duration_since(time).as_secs();
    assert!((-60..600).contains(&apart), "{apart} seconds apart");
    // A checkout with other line ends is the same lock; and the plain check does not ask for certificates.
    folder.write(LOCK, folder.read(LOCK).replace('\n', "\r\n"));
    assert_eq!(judged(&folder, &tsa.root()).code, 0);
    assert_eq!(folder.run(&["lock", "--check"]).code, 0);
}

#[test]
fn what_does_not_prove_says_why() {
    let (folder, tsa, other) = (sealed(), Tsa::new(), Tsa::new());
    let response = tsa.stamp(&digest(&folder));
    let good = std::fs::read(&response).expect("a response");
    assert_eq!(attach(&folder, &response).code, 0);
    let lock = folder.read(LOCK);
    let expect = |root: &str, says: &str| {
        let answer = judged(&folder, root);
        assert_eq!(answer.code, 1, "{answer:?}");
        assert!(answer.out.contains(says) && !answer.out.contains("proven to have"), "{says}: {answer:?}");
    };
    expect(
        &other.root(),
        "does not prove the seal: unable to get local issuer certificate\nhelp: `--ca` names the root",
    );
    // Every byte of a response counts, or is none of what it says.
    let mut refused = 0;
    for at in (0..good.len()).step_by(37).chain([good.len() - 3]) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        folder.write(PROOF, &bytes);
        let answer = judged(&folder, &tsa.root());
        refused += usize::from(answer.code == 1);
        assert_ne!(answer.code, 101, "byte {at}: {answer:?}");
        if answer.code == 0 {
            assert!(answer.out.contains("by `/CN=Clock`"), "byte {at}: {answer:?}");
        }
    }
    assert!(15 < refused, "only {refused} of the changed responses were refused");
    let mut signature = good.clone();
    *signature.last_mut().expect("a response has bytes") ^= 1;
    folder.write(PROOF, &signature);
    expect(&tsa.root(), "does not prove the seal: ");
    for nothing in [&b""[..], b"no response", &good[..good.len() / 2]] {
        folder.write(PROOF, nothing);
        expect(&tsa.root(), "is no response of a time stamping authority (RFC 3161)\n");
    }
    folder.write(PROOF, vec![0; 5 * 1024 * 1024]);
    let large = judged(&folder, &tsa.root());
    assert!(large.code == 2 && large.err.contains("cause: it is too large"), "{large:?}");
    folder.write(PROOF, &good);
    // The lock itself.
    folder.write(LOCK, lock.replacen("0.8", "0.9", 1));
    expect(&tsa.root(), "the lock is broken");
    folder.write(LOCK, &lock);
    // Another seal of the same experiment, whole in itself.
    std::fs::remove_file(folder.path().join(LOCK)).expect("there is a lock");
    seal(&folder, "2998-11-20T09:00:01Z");
    expect(&tsa.root(), "does not prove the seal: it covers sha256 ");
    folder.write(LOCK, &lock);
    assert_eq!(judged(&folder, &tsa.root()).code, 0);
}

#[test]
fn only_a_response_that_covers_the_seal_is_attached() {
    let (folder, tsa) = (sealed(), Tsa::new());
    let refused = |path: &Path, says: &str| {
        let answer = attach(&folder, path);
        assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{answer:?}");
        assert!(answer.err.contains(says) && answer.err.ends_with("nothing was attached\n"), "{says}: {answer:?}");
        assert!(!folder.path().join(PROOF).exists());
    };
    refused(
        &tsa.stamp(&"0".repeat(64)),
        "does not prove the seal: it covers sha256 000000000000…, the seal is sha256 ",
    );
    refused(&tsa.path("tsa.pem"), "is no response of a time stamping authority");
    // The authority says no: the digest is one it does not take.
    tsa.openssl(&format!("ts -query -digest {} -sha1 -out q.tsq", "0".repeat(40)));
    tsa.openssl("ts -reply -queryfile q.tsq -signer tsa.pem -inkey tsa.key -config cnf -section ts -out no.tsr");
    refused(&tsa.path("no.tsr"), "is no proof: the authority did not grant it (");
    let missing = attach(&folder, Path::new("nowhere.tsr"));
    assert!(missing.code == 2 && missing.err.starts_with("error: cannot read `nowhere.tsr`"), "{missing:?}");
    // The first proof of a seal stays.
    assert_eq!(attach(&folder, &tsa.stamp(&digest(&folder))).code, 0);
    let first = std::fs::read(folder.path().join(PROOF)).expect("a proof");
    let later = attach(&folder, &tsa.stamp(&digest(&folder)));
    assert!(later.code == 1 && later.err.contains("to attach another response, delete it first"), "{later:?}");
    assert_eq!(std::fs::read(folder.path().join(PROOF)).expect("a proof"), first);
    let unsealed = Folder::base();
    let answer = attach(&unsealed, &tsa.path("r.tsr"));
    assert!(answer.code == 1 && answer.err.contains("is not sealed: `expc lock checkout-one-tap` first"), "{answer:?}");
}

#[test]
fn a_proof_from_after_the_start_is_none() {
    // The start lies behind the clock of whoever runs this.
    let (folder, tsa) = (moved("2019", "2020", "-13", "-17"), Tsa::new());
    assert_eq!(attach(&folder, &tsa.stamp(&digest(&folder))).code, 0);
    let late = judged(&folder, &tsa.root());
    assert!(late.code == 1 && late.out.ends_with("on, which is after the start\n"), "{late:?}");
}

#[test]
fn what_is_missing_is_named() {
    let (folder, tsa) = (sealed(), Tsa::new());
    assert_eq!(attach(&folder, &tsa.stamp(&digest(&folder))).code, 0);
    let empty = tempfile::tempdir().expect("a folder");
    let root = tsa.root();
    let mut command = folder.command(&["lock", "--check", "--ca", &root]);
    let answer = Answer::of(&command.env("PATH", empty.path()).output().expect("the program starts"));
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.starts_with("error: cannot find the program `openssl`\nhelp: install OpenSSL"), "{answer:?}");
    let key = tsa.path("ca.key").display().to_string();
    let answer = judged(&folder, &key);
    assert!(answer.code == 2 && answer.err.contains("has no certificate in PEM"), "{answer:?}");
    let answer = judged(&folder, "nowhere.pem");
    assert!(answer.code == 2 && answer.err.starts_with("error: cannot read `nowhere.pem`"), "{answer:?}");
    let answer = folder.run(&["lock", ID, "--ca", &root]);
    assert!(answer.code == 2 && answer.err.contains("--check"), "{answer:?}");
}
