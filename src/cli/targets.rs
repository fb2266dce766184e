//! `expc targets`: what each flag platform can hold, from the same table that rules and builds read.

use serde_json::{Value as Json, json};

use super::{Exit, Failure};
use crate::emit::flags::{TARGETS, Target};
use crate::plan::targets::{COMPARISONS, Capabilities};
use crate::report::shown::wrapped;
use crate::spec::quantity::plain;
use crate::text::{markdown, nearest};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// One platform, in full
    name: Option<String>,
    /// How it is printed: text, json or markdown
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let one = arguments.name.as_deref().map(find).transpose()?;
    let text = match (arguments.format.as_str(), one) {
        ("text", None) => table(),
        ("text", Some(target)) => full(target),
        ("json", one) => {
            let all: Vec<Json> =
                TARGETS.iter().filter(|target| is(**target, one)).map(|target| object(*target)).collect();
            format!("{:#}\n", json!({ "format": "expc.targets/1", "targets": all }))
        }
        ("markdown", None) => page(),
        ("markdown", Some(target)) => section(target),
        (other, _) => {
            return Err(Failure::Usage {
                text: format!("unknown format `{other}`"),
                help: "one of text, json, markdown".to_owned(),
            });
        }
    };
    super::print(&text);
    Ok(Exit::Clean)
}

fn is(target: &dyn Target, wanted: Option<&dyn Target>) -> bool {
    wanted.is_none_or(|wanted| wanted.name() == target.name())
}

fn find(name: &str) -> Result<&'static dyn Target, Failure> {
    crate::emit::flags::target(name).ok_or_else(|| {
        let names = || TARGETS.iter().map(|target| target.name());
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names().collect::<Vec<_>>().join(", ")),
        };
        Failure::Usage { text: format!("unknown target `{name}`"), help }
    })
}

/// A step in per cent.
fn step(parts: f64) -> String {
    format!("{} %", plain(100.0 / parts))
}

fn shares(able: &Capabilities) -> String {
    step(able.arm_parts.map_or(able.share_parts, f64::from))
}

fn weights(able: &Capabilities) -> String {
    match (able.arm_parts, able.weight_parts, able.most_weight) {
        // The enrolled part of each variant is what has steps.
        (Some(_), ..) => "as shares".to_owned(),
        (None, Some(parts), _) => step(f64::from(parts)),
        (None, None, Some(_)) => "whole".to_owned(),
        (None, None, None) => "any".to_owned(),
    }
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "–" }.to_owned()
}

fn operators(able: &Capabilities) -> String {
    match able.comparisons.len() {
        all if all == COMPARISONS.len() => "all".to_owned(),
        some => format!("{some} of {}", COMPARISONS.len()),
    }
}

const HEAD: [&str; 12] = [
    "target",
    "shares",
    "weights",
    "salts",
    "layers",
    "held",
    "forced",
    "days",
    "operators",
    "variants",
    "upload",
    "import",
];

fn row(target: &dyn Target) -> [String; 12] {
    let able = target.capabilities();
    // The unit stands in the line below.
    let bare = |step: String| step.trim_end_matches(" %").to_owned();
    [
        able.name.to_owned(),
        bare(shares(able)),
        bare(weights(able)),
        able.salts.word().to_owned(),
        yes(able.layers),
        yes(able.holdouts),
        yes(able.forces),
        yes(able.holds_schedule),
        operators(able),
        able.most_variants.map_or("any".to_owned(), |most| most.to_string()),
        yes(!able.upload.is_empty()),
        yes(target.reads_exports()),
    ]
}

/// One line a platform.
fn table() -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(TARGETS.iter().map(|target| row(*target)));
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line += cell;
            line.extend(std::iter::repeat_n(' ', width + 1 - cell.chars().count()));
        }
        text += line.trim_end();
        text.push('\n');
    }
    text + "\nshares, weights: the steps in %; held: holdouts; days: a whole schedule in one file\n\
            `expc targets NAME` shows one in full, with its limits\n"
}

/// Everything of one platform, by label.
fn fields(target: &dyn Target) -> Vec<(&'static str, String)> {
    let able = target.capabilities();
    let lacks: Vec<&str> = COMPARISONS.iter().copied().filter(|word| !able.comparisons.contains(word)).collect();
    let share_of = match (able.arm_parts, able.shares_of_slot && able.layers) {
        (Some(_), _) => " of all eligible units, for each variant",
        (None, true) => "; in a layer, of the slot",
        (None, false) => "",
    };
    let file = match able.holds_schedule {
        true => "the document holds the days of all stages",
        false => "one document for each stage",
    };
    let mut fields = vec![
        ("file", format!("flags/{}/{}", able.name, able.file)),
        ("upload", if able.upload.is_empty() { "the file itself".to_owned() } else { able.upload.to_owned() }),
        ("shares", format!("in steps of {}{share_of}", shares(able))),
        (
            "weights",
            match (able.arm_parts, able.weight_parts, able.most_weight) {
                (Some(_), ..) => "held as the shares of variants".to_owned(),
                (None, Some(parts), _) => format!("in steps of {}", step(f64::from(parts))),
                (None, None, Some(most)) => format!("whole numbers that sum to at most {}", plain(most)),
                (None, None, None) => "any numbers".to_owned(),
            },
        ),
        (
            "salts",
            match able.salts {
                crate::plan::targets::Salts::Own => "a written `salt` is used as it stands".to_owned(),
                crate::plan::targets::Salts::Key => "the name of the flag".to_owned(),
                crate::plan::targets::Salts::Server => "made by its server when a flag is made".to_owned(),
            },
        ),
        ("hash", able.hash.to_owned()),
        ("layers", said(able.layers)),
        ("holdouts", said(able.holdouts)),
        ("forced units", said(able.forces)),
        ("schedule", file.to_owned()),
        (
            "operators",
            match lacks.is_empty() {
                true => "all".to_owned(),
                false => format!("all but `{}`", lacks.join("`, `")),
            },
        ),
        ("variants", able.most_variants.map_or("any number".to_owned(), |most| format!("{most} at most"))),
        ("flag names", able.flag_names().trim_start_matches("use ").to_owned()),
        ("payloads", able.most_payload_bytes.map_or("any size".to_owned(), |most| format!("{most} bytes at most"))),
        (
            "other ids",
            match able.hashes_any_id {
                true => "ids beyond ASCII get the same variant in every language".to_owned(),
                false => "ids beyond ASCII may get another variant in another language".to_owned(),
            },
        ),
        (
            "new weights",
            match able.keeps_assignments {
                true => "an enrolled unit keeps its variant".to_owned(),
                false => "an enrolled unit may change its variant".to_owned(),
            },
        ),
        ("import", said(target.reads_exports())),
    ];
    if !able.reserved.is_empty() {
        fields.push(("names taken", format!("`{}`", able.reserved.join("`, `"))));
    }
    if able.has_generations {
        fields.push(("generations", format!("`[targets.{}] generation` names the one in use", able.name)));
    }
    fields
}

fn said(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn full(target: &dyn Target) -> String {
    let able = target.capabilities();
    let mut text = format!("{} ({})\n{}\n\n", able.title, able.name, target.about());
    let mut field = |label: &str, said: &str| {
        for (at, line) in wrapped(said, 84).iter().enumerate() {
            text += &format!("{:<14}{line}\n", if at == 0 { label } else { "" });
        }
    };
    for (label, said) in fields(target) {
        field(label, &said);
    }
    for (at, limit) in able.limits.iter().enumerate() {
        field(if at == 0 { "limits" } else { "" }, &format!("- {limit}"));
    }
    text
}

fn object(target: &dyn Target) -> Json {
    let able = target.capabilities();
    json!({
        "name": able.name,
        "title": able.title,
        "about": target.about(),
        "file": able.file,
        "share_step": 1.0 / able.arm_parts.map_or(able.share_parts, f64::from),
        "weight_step": able.weight_parts.map(|parts| 1.0 / f64::from(parts)),
        "one_hash": able.arm_parts.is_some(),
        "most_weight": able.most_weight,
        "salts": able.salts.word(),
        "hash": able.hash,
        "layers": able.layers,
        "holdouts": able.holdouts,
        "forces": able.forces,
        "schedule": able.holds_schedule,
        "operators": able.comparisons,
        "most_variants": able.most_variants,
        "flag_signs": able.flag_signs,
        "most_name_bytes": able.most_name_bytes,
        "most_payload_bytes": able.most_payload_bytes,
        "reserved": able.reserved,
        "generations": able.has_generations,
        "hashes_any_id": able.hashes_any_id,
        "keeps_assignments": able.keeps_assignments,
        "limits": able.limits,
        "upload": able.upload,
        "import": target.reads_exports(),
    })
}

/// The page of the documentation.
pub fn page() -> String {
    let mut text = String::from(
        "# What each flag platform can hold\n\n\
         Written by `EXPC_BLESS=1 cargo test --test targets`, from the table that rules and builds read.\n\
         `expc targets` shows the same at the terminal.\n\
         What a platform cannot hold is a finding before it is a build; [platforms.md](platforms.md) shows what its own \
         SDKs were seen to do.\n\n\
         Shares and weights are the steps in which they are kept, in per cent; held means holdouts.\n\
         Days means that one file holds the days of all stages; elsewhere each stage has a file.\n\n",
    );
    let mut table = markdown::Table::new(&HEAD);
    for target in TARGETS {
        let mut cells = row(*target).to_vec();
        cells[0] = format!("[{0}](#{0})", target.name());
        table.row(cells);
    }
    text += &table.print();
    for target in TARGETS {
        text += &section(*target);
        text.push('\n');
    }
    format!("{}\n", text.trim_end())
}

fn section(target: &dyn Target) -> String {
    let able = target.capabilities();
    let mut text = format!("## {}\n\n{}: {}.\n\n", able.name, able.title, target.about());
    let mut table = markdown::Table::new(&["what", "how"]);
    for (label, said) in fields(target) {
        table.row(vec![label.to_owned(), said.replace('|', "\\|")]);
    }
    text += &table.print();
    text += &able.limits.iter().map(|limit| format!("- {limit}\n")).collect::<String>();
    text
}
