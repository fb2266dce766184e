//! `expc amend`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::lock::who;
use super::place::Opened;
use super::{Exit, Failure, place};
use crate::change::{AS_SEALED, Change, FieldChange, Worth, class_of_path, cover, taken_back, words};
use crate::portfolio::Compiled;
use crate::spec::Day;
use crate::spec::record::DataAccess;
use crate::text::printable;
use crate::world::write_all;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The experiment: its file, or its id
    experiment: String,
    /// What was known of the data: nothing-run, not-opened, opened or seen
    #[arg(long, value_name = "STATE", value_parser = access)]
    data_access: Option<DataAccess>,
    /// Why the plan changes
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who amends; the `user.name` of git when absent
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The day of the amendment; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    at: Option<Day>,
    /// Append it to the spec instead of printing it
    #[arg(long)]
    write: bool,
    /// The workspace, when the experiment is named by its id
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
}

fn access(word: &str) -> Result<DataAccess, String> {
    let mut known = DataAccess::ALL.iter().copied();
    known.find(|access| access.word() == word).ok_or_else(|| {
        let words: Vec<&str> = DataAccess::ALL.iter().map(|access| access.word()).collect();
        format!("one of {}", words.join(", "))
    })
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = place::open_spec(&arguments.experiment, &arguments.workspace)?;
    let spec = opened.spec(&arguments.experiment)?;
    let compiled = opened.workspace.compile(spec);
    let unsaid = unsaid(&opened, &compiled)?;
    if unsaid.fields.is_empty() && unsaid.taken_back.is_empty() {
        super::complain(&format!(
            "{} is as it was sealed and amended: there is nothing to say\n",
            printable(&spec.stem)
        ));
        return Ok(Exit::Clean);
    }
    let root = PathBuf::from(if opened.prefix.is_empty() { "." } else { &opened.prefix });
    let draft = Draft {
        at: place::day(arguments.at),
        by: who(arguments.by.as_deref(), &root)?,
        reason: arguments.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()),
        access: arguments.data_access,
        unsaid: &unsaid,
    };
    let text = draft.text();
    if arguments.write {
        let path = format!("{}{}", opened.prefix, spec.path);
        append(&path, &opened.workspace.sources.get(spec.file).text, &compiled, &text)?;
        super::print(&format!("added to {}:\n\n{}", printable(&path), crate::text::printable_lines(&text)));
    } else {
        super::print(&crate::text::printable_lines(&text));
    }
    super::complain(&draft.notes());
    Ok(Exit::Clean)
}

/// What an amendment has to say of an experiment.
fn unsaid(opened: &Opened, compiled: &Compiled) -> Result<Unsaid, Failure> {
    let id = printable(&compiled.stem);
    match opened.workspace.lock(&compiled.stem) {
        None => Err(Failure::Usage {
            text: format!("`{id}` is not sealed, so there is nothing to amend"),
            help: format!("change the spec, then seal it: `expc lock {id}`"),
        }),
        Some(Err(_)) => Err(Failure::Usage {
            text: format!("the sealed plan of `{id}` cannot be relied on"),
            help: "`expc check` says what is wrong with it".to_owned(),
        }),
        Some(Ok(_)) if compiled.document.is_damaged() || !compiled.document.faults.is_empty() => Err(Failure::Usage {
            text: format!("a part of the spec of `{id}` cannot be read"),
            help: "put right what `expc check` says of it first".to_owned(),
        }),
        Some(Ok(lock)) => {
            let Some(terms) = &compiled.terms else { return Ok(Unsaid::default()) };
            let mut change = Change::between(&lock.terms, terms).held();
            let sealed = lock.at.day();
            let taken_back = taken_back(&change.fields, sealed, &compiled.spec);
            let taken_back = taken_back.into_iter().map(|name| name.value.trim().to_owned()).collect();
            change.fields.retain(|field| !field.foreseen && !cover(field, sealed, &compiled.spec).is_enough());
            Ok(Unsaid { fields: change.fields, taken_back })
        }
    }
}

/// What an amendment has to say.
#[derive(Default)]
struct Unsaid {
    /// What differs from the seal, and no amendment says so.
    fields: Vec<FieldChange>,
    /// Names of fields that were amended, and are what was sealed again.
    taken_back: Vec<String>,
}

/// An amendment that is being written.
struct Draft<'a> {
    at: Option<Day>,
    by: String,
    reason: Option<&'a str>,
    access: Option<DataAccess>,
    unsaid: &'a Unsaid,
}

impl Draft<'_> {
    /// The table in TOML, with what differs as comments above it.
    fn text(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = String::new();
        for field in &self.unsaid.fields {
            let line = format!("{} {}", field.dotted(), field.words());
            text += &format!("# {}\n", printable(&line));
        }
        for name in &self.unsaid.taken_back {
            text += &format!("# {} is what was sealed again\n", printable(name));
        }
        text += "[[amendments]]\n";
        if let Some(at) = self.at {
            text += &format!("at          = {at}\n");
        }
        text += &format!("by          = {}\n", quoted(&self.by));
        text += &format!("reason      = {}\n", quoted(self.reason.unwrap_or("TODO: why the plan changes")));
        text += &match self.access {
            Some(access) => format!("data_access = \"{access}\"\n"),
            None => "# data_access = what was known then: \"nothing-run\", \"not-opened\", \"opened\" or \"seen\"\n"
                .to_owned(),
        };
        let (fields, back) = (&self.unsaid.fields, &self.unsaid.taken_back);
        let names = fields.iter().map(FieldChange::name).chain(back.iter().cloned());
        let marks = fields.iter().map(FieldChange::mark).chain(back.iter().map(|_| AS_SEALED.to_owned()));
        let list =
            |texts: &mut dyn Iterator<Item = String>| texts.map(|text| quoted(&text)).collect::<Vec<_>>().join(", ");
        text += &format!("fields      = [{}]\n", list(&mut names.into_iter()));
        text + &format!("values      = [{}]\n", list(&mut marks.into_iter()))
    }

    /// What the amendment is worth, and what is left to write.
    fn notes(&self) -> String {
        let mut notes = String::new();
        for field in &self.unsaid.fields {
            let worth = self.access.map(|access| field.class.worth(access).name());
            let worth = worth.map_or_else(String::new, |worth| format!(": {worth}"));
            let before = field.before().map_or_else(String::new, |before| format!(", sealed as {}", words(before)));
            notes +=
                &format!("note: {} is of class {}{worth}{before}\n", printable(&field.dotted()), field.class.name());
        }
        for name in &self.unsaid.taken_back {
            let class = class_of_path(name);
            let worth = self.access.map_or_else(String::new, |access| format!(": {}", class.worth(access).name()));
            notes +=
                &format!("note: {} goes back to what was sealed, of class {}{worth}\n", printable(name), class.name());
        }
        let deviates = |access| {
            let classes = self.unsaid.fields.iter().map(|field| field.class);
            let back = self.unsaid.taken_back.iter().map(|name| class_of_path(name));
            classes.chain(back).any(|class| class.worth(access) == Worth::Deviation)
        };
        match self.access {
            Some(access) if deviates(access) => {
                notes += "note: results were seen: what this changes is a deviation, and is read as exploratory\n\
                          to write: `exploratory = true`, once the team has agreed to that\n";
            }
            Some(_) => {}
            None => notes += "to write: `data_access`, the state of knowledge; or pass --data-access\n",
        }
        if self.reason.is_none() {
            notes += "to write: `reason`; or pass --reason\n";
        }
        notes
    }
}

/// Appends the table to the spec; what is there stays as it is, to the byte.
fn append(path: &str, text: &str, compiled: &Compiled, table: &str) -> Result<(), Failure> {
    let inline =
        compiled.document.tree.at_path("amendments").is_some_and(|node| text[node.span.range()].starts_with('['))
            && !text.lines().any(|line| line.trim_start().starts_with("[[amendments]]"));
    if inline {
        return Err(Failure::Usage {
            text: "the spec writes its amendments as one list, to which a table cannot be added".to_owned(),
            help: "leave --write out and copy the entry, or turn the list into `[[amendments]]` tables".to_owned(),
        });
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { end.to_owned() } else { format!("{end}{end}") };
    let added = format!("{text}{gap}{}", table.replace('\n', end));
    let path = Path::new(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_all(folder, &BTreeMap::from([(name, added.into_bytes())]), &[]).map(|_| ()).map_err(|fault| Failure::Io {
        action: fault.action,
        path: fault.path,
        cause: fault.cause,
    })
}
