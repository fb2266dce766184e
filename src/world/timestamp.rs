//! Proofs of time by RFC 3161, judged by the `openssl` program.
//!
//! A response of a time stamping authority says that a hash existed at a time, and is signed. [`Stamp::read`] reads what
//! one says; [`Stamp::prove`] has its signature and chain judged. Offline: nothing is asked of the authority, so that a
//! certificate that was revoked is not told.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

/// What a response says. Nothing of it is true before it is proven.
#[derive(Debug)]
pub struct Stamp {
    file: NamedTempFile,
    /// The hash that existed, in hexadecimal digits, and its name: `sha256`.
    pub digest: String,
    pub algorithm: String,
    /// When, in UTC as `YYYY-MM-DDTHH:MM:SSZ`.
    pub time: String,
    /// What the authority calls itself.
    pub authority: Option<String>,
}

/// Why a response proves nothing.
#[derive(Debug)]
pub enum StampFault {
    /// The program is not there.
    NoOpenssl,
    /// The bytes are no response, or one that this program does not read.
    NotAResponse,
    /// The authority did not grant the request: what it says.
    NotGranted(String),
    /// Signature, chain or content are not right: what `openssl` says.
    Unproven(String),
    /// The system refuses something on the way.
    Io(io::Error),
}

impl From<io::Error> for StampFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Stamp {
    /// Reads a response.
    pub fn read(bytes: &[u8]) -> Result<Self, StampFault> {
        let mut file = NamedTempFile::new()?;
        file.write_all(bytes)?;
        file.flush()?;
        let mut command = openssl(&["ts", "-reply", "-text", "-in"]);
        let done = command.arg(file.path()).output().map_err(not_started)?;
        let text = String::from_utf8_lossy(&done.stdout);
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match value("Status:") {
            Some(status) if !status.starts_with("Granted") => {
                let why = value("Failure info:").filter(|why| *why != "unspecified");
                return Err(StampFault::NotGranted(why.unwrap_or(status).trim_end_matches('.').to_owned()));
            }
            Some(_) => {}
            None => return Err(StampFault::NotAResponse),
        }
        let read = || {
            Some((dumped(&text)?, value("Hash Algorithm:")?.to_ascii_lowercase(), value("Time stamp:").and_then(utc)?))
        };
        let (digest, algorithm, time) = read().ok_or(StampFault::NotAResponse)?;
        let authority = value("TSA:").filter(|name| *name != "unspecified");
        let authority = authority.map(|name| name.strip_prefix("DirName:").unwrap_or(name).to_owned());
        Ok(Self { file, digest, algorithm, time, authority })
    }

    /// Has `openssl` judge that the response covers a hash and is signed by an authority whose certificate leads to one
    /// of those in a file. Certificates are judged as of the time that the response says, given in seconds since 1970:
    /// a proof outlives them.
    pub fn prove(&self, digest: &str, unix: i64, certificates: &Path) -> Result<(), StampFault> {
        let mut command = openssl(&["ts", "-verify", "-digest", digest, "-attime", &unix.to_string()]);
        let done = command.arg("-CAfile").arg(certificates).arg("-in").arg(self.file.path()).output();
        let done = done.map_err(not_started)?;
        if done.status.success() && String::from_utf8_lossy(&done.stdout).contains("Verification: OK") {
            return Ok(());
        }
        Err(StampFault::Unproven(reason(&String::from_utf8_lossy(&done.stderr))))
    }
}

fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Only the certificates that are named count.
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    command
}

fn not_started(error: io::Error) -> StampFault {
    if error.kind() == io::ErrorKind::NotFound { StampFault::NoOpenssl } else { StampFault::Io(error) }
}

/// The bytes of a dump: `    0000 - 2c f2 4d ba 5f b0 a3 0e-26 e8 …   ,.M._...&.`
fn dumped(text: &str) -> Option<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("Message data:")).skip(1);
    let mut digits = String::new();
    for line in lines {
        let Some((offset, rest)) = line.trim_start().split_once(" - ") else { break };
        if !offset.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            break;
        }
        // Sixteen bytes at most; the characters beside them come after.
        let bytes = rest.get(..rest.len().min(16 * 3))?.split([' ', '-']);
        for byte in bytes.take_while(|byte| !byte.is_empty()) {
            if byte.len() != 2 || !byte.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            digits.push_str(byte);
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// `Nov  2 13:26:20.250 2026 GMT` as `2026-11-02T13:26:20Z`.
fn utc(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let [month, day, time, year, "GMT"] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let day: u8 = day.parse().ok()?;
    let time = time.split('.').next()?;
    Some(format!("{year}-{month:02}-{day:02}T{time}Z"))
}

/// The last cause among the lines of `openssl`: `…:certificate verify error:../crypto/…:188:Verify error:expired`.
fn reason(says: &str) -> String {
    let errors = says.lines().filter_map(|line| line.split_once(":error:"));
    let mut words = errors.filter_map(|(_, error)| {
        let parts: Vec<&str> = error.split(':').collect();
        // Number, library, function, reason, file, line, and more where there is more.
        let more = parts.get(6..).map(|more| more.join(": ")).filter(|more| !more.is_empty());
        Some(match more {
            Some(more) => more.trim_start_matches("Verify error: ").to_owned(),
            None => (*parts.get(3)?).to_owned(),
        })
    });
    words.next_back().unwrap_or_else(|| says.lines().last().unwrap_or("it does not say why").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dumps_of_openssl_are_read() {
        assert_eq!(utc("Nov  2 03:26:20 2026 GMT").as_deref(), Some("2026-11-02T03:26:20Z"));
        assert_eq!(utc("Jan 12 13:26:20.250 2027 GMT").as_deref(), Some("2027-01-12T13:26:20Z"));
        for other in ["", "Nov 2 03:26 2026", "Mai 2 03:26:20 2026 GMT", "Nov x 03:26:20 2026 GMT"] {
            assert_eq!(utc(other), None, "{other}");
        }
        let dump = "Message data:\n    0000 - 2c f2 4d ba 5f b0 a3 0e-26 e8 3b 2a c5 b9 e2 9e   ,.M._...&.;*....\n    \
                    0010 - 1b 16   ..\nSerial number: 0x01\n";
        assert_eq!(dumped(dump).as_deref(), Some("2cf24dba5fb0a30e26e83b2ac5b9e29e1b16"));
        assert_eq!(dumped("Message data:\nSerial number: 1\n"), None);
        assert_eq!(dumped("Message data:\n 0000 - é\n"), None);
    }

    #[test]
    fn the_words_of_openssl_are_cut_to_the_reason() {
        let chain = "Using configuration from x\n40D7:error:17800064:time stamp routines:ts_verify_cert:certificate verify \
                     error:../crypto/ts/ts_rsp_verify.c:188:Verify error:unable to get local issuer certificate\n";
        assert_eq!(reason(chain), "unable to get local issuer certificate");
        let signature = "4047:error:10800069:PKCS7 routines:PKCS7_signatureVerify:signature failure:../pk7_doit.c:1132:\n\
                         4047:error:1780006D:time stamp routines:TS_RESP_verify_signature:signature failure:../ts.c:146:\n";
        assert_eq!(reason(signature), "signature failure");
        assert_eq!(reason("unknown option -attime\n"), "unknown option -attime");
        assert_eq!(reason(""), "it does not say why");
    }
}
