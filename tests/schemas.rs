//! The published JSON Schemas: current, complete, and of one mind with the compiler.
//!
//! An editor that trusts the schema and a pipeline that trusts the compiler must not tell an author two stories. So
//! every fixture, every example of a rule, a file that holds every key of the language, and some tens of thousands of
//! mutations of them are put before both. `EXPC_BLESS=1` rewrites `schema/*.json`.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

#[path = "support/python.rs"]
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use expc::catalog::CatalogFile;
use expc::cli::schema::{SCHEMAS, text};
use expc::policy::WorkspaceFile;
use expc::portfolio::Lock;
use expc::spec::{Spec, Template};
use expc::syntax::{self, Fault, FaultKind, Node};
use expc::text::FileId;
use serde_json::{Map, Value as Json, json};

/// The sorts of files that people write.
const SORTS: [&str; 4] = ["experiment", "template", "catalog", "workspace"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema(sort: &str) -> Json {
    SCHEMAS.iter().find(|(name, _)| *name == sort).map(|(_, make)| make()).expect("the sort has a schema")
}

#[test]
fn the_committed_schemas_are_current() {
    for (name, make) in SCHEMAS {
        let path = root().join(format!("schema/{name}.schema.json"));
        let wanted = text(&make());
        if std::env::var_os("EXPC_BLESS").is_some() {
            std::fs::write(&path, &wanted).expect("schema/ is writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == wanted,
            "schema/{name}.schema.json is stale; run `EXPC_BLESS=1 cargo test --test schemas`"
        );
    }
}

#[test]
fn every_key_is_described_shown_and_says_its_default() {
    let mut wrong = String::new();
    let mut seen = 0;
    for sort in SORTS {
        let schema = schema(sort);
        for (key, property) in expc::spec::schema::keys(&schema) {
            seen += 1;
            let description = property.get("description").and_then(Json::as_str).unwrap_or("");
            if description.trim_end_matches("No default.").trim().is_empty() {
                wrong += &format!("{sort} {key}: no description\n");
            }
            if property.contains_key("default") == description.ends_with("No default.") {
                wrong += &format!("{sort} {key}: either a default or the words `No default.`\n");
            }
            let examples = property.get("examples").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            if examples.is_empty() {
                wrong += &format!("{sort} {key}: no example\n");
            }
            let mut own = Json::Object(property.clone());
            own["$defs"] = schema.get("$defs").cloned().unwrap_or_default();
            let validator = validator(&own);
            for value in examples.iter().chain(property.get("default")) {
                if !validator.is_valid(value) {
                    wrong += &format!("{sort} {key}: its own schema refuses `{value}`\n");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(300 < seen, "only {seen} keys were found");
}

fn validator(schema: &Json) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("our schemas are schemas")
}

/// The sealed plans of the examples.
fn locks() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["examples/shop/registry", "examples/faulty/registry"] {
        let entries = std::fs::read_dir(root().join(folder)).expect(folder);
        found.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    found.sort();
    found
}

/// What is written fits the schema; what lacks a part, or has one that a seal does not keep, fits neither the schema
/// nor the program.
#[test]
fn the_schema_of_locks_and_the_program_agree() {
    let judge = validator(&schema("lock"));
    assert!(3 < locks().len());
    for path in locks() {
        let text = std::fs::read_to_string(&path).expect("a lock is text");
        let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".lock.json"));
        let id = id.expect("the name of a lock");
        let reads = |text: &str| Lock::read("x.lock.json", FileId(0), id, text).is_ok();
        let lock: Json = serde_json::from_str(&text).expect("JSON");
        assert!(judge.is_valid(&lock) && reads(&text), "{id}: {:?}", judge.iter_errors(&lock).next());
        let refused = |what: &str, changed: Json| {
            assert!(!judge.is_valid(&changed), "{id}: {what}");
            assert!(!reads(&serde_json::to_string_pretty(&changed).expect("JSON prints")), "{id}: {what}");
        };
        for key in lock.as_object().expect("a table").keys().filter(|key| *key != "commit") {
            let mut without = lock.clone();
            without.as_object_mut().expect("a table").remove(key);
            refused(&format!("without {key}"), without);
            let mut other = lock.clone();
            other[key] = json!(true);
            refused(&format!("{key} is true"), other);
        }
        let mut later = lock.clone();
        later["format"] = json!("expc.lock/2");
        refused("a later version", later);
        for (sort, words) in [("metrics", "about"), ("units", "aa_passed"), ("layers", "owner")] {
            if let Some(of_sort) = lock["catalog"][sort].as_object()
                && let Some(name) = of_sort.keys().next()
            {
                let mut more = lock.clone();
                more["catalog"][sort][name][words] = json!("a word that no seal keeps");
                refused(words, more);
            }
        }
    }
}

/// Both judges of one sort of file.
struct Court {
    sort: &'static str,
    schema: jsonschema::Validator,
}

/// Disagreements that a schema cannot avoid, each with its reason.
const ALLOWED: [(&str, fn(&[Fault]) -> bool); 1] =
    [("JSON has no dates: to a schema an unquoted day where a word is wanted is text like any other", |faults| {
        faults.iter().all(|fault| matches!(&fault.kind, FaultKind::WrongType { found, .. } if found == "a date"))
    })];

impl Court {
    fn all() -> BTreeMap<&'static str, Court> {
        SORTS.map(|sort| (sort, Court { sort, schema: validator(&schema(sort)) })).into()
    }

    /// What the compiler has against the structure of a tree.
    fn faults(&self, tree: &Node) -> Vec<Fault> {
        match self.sort {
            "experiment" => syntax::read::<Spec>(tree).1,
            "template" => syntax::read::<Template>(tree).1,
            "catalog" => syntax::read::<CatalogFile>(tree).1,
            _ => syntax::read::<WorkspaceFile>(tree).1,
        }
    }

    /// True when both accept, false when both refuse; the disagreement in words otherwise. `None` when it is no TOML.
    fn agree(&self, text: &str) -> Option<Result<bool, String>> {
        let (tree, syntax) = syntax::parse(FileId(0), text);
        if !syntax.is_empty() {
            return None;
        }
        let faults = self.faults(&tree);
        let json = tree.to_json();
        let compiler = faults.is_empty() && json.get("schema").is_some();
        let schema = self.schema.is_valid(&json);
        Some(match (compiler, schema) {
            (true, false) => {
                let errors: Vec<_> =
                    self.schema.iter_errors(&json).map(|error| format!("{} {error}", error.instance_path())).collect();
                Err(format!("the compiler accepts, the schema says {errors:?}"))
            }
            (false, true) if ALLOWED.iter().any(|(_, allowed)| allowed(&faults)) => Ok(false),
            (false, true) => Err(format!("the schema accepts, the compiler says {faults:?}")),
            (verdict, _) => Ok(verdict),
        })
    }
}

/// What a file of a workspace is for, by its place.
fn sort_of(path: &str) -> &'static str {
    match path {
        _ if path.ends_with("expc.toml") => "workspace",
        _ if path.contains("catalog/") => "catalog",
        _ if path.contains("templates/") => "template",
        _ => "experiment",
    }
}

/// Every TOML file of the examples and of the rules' base and pages, each once: name, sort, text.
fn fixtures() -> Vec<(String, &'static str, String)> {
    let mut found = Vec::new();
    for folder in ["examples", "tests/rules/base"] {
        let mut stack = vec![root().join(folder)];
        while let Some(at) = stack.pop() {
            for entry in std::fs::read_dir(at).expect("fixtures are readable") {
                let path = entry.expect("fixtures are readable").path();
                if path.is_dir() {
                    stack.push(path);
                } else if path.extension().is_some_and(|extension| extension == "toml") {
                    let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                    let text =
                        String::from_utf8_lossy(&std::fs::read(&path).expect("fixtures are readable")).into_owned();
                    found.push((name.clone(), sort_of(&name), text));
                }
            }
        }
    }
    assert!(50 < found.len(), "only {} files were found", found.len());
    let clean = base::files();
    for rule in expc::rules::all() {
        for example in rule.examples("bad").into_iter().chain(rule.examples("good")) {
            for (path, text) in examples::workspace_of(&example).0 {
                // Bytes that are no text have no structure.
                let Ok(text) = String::from_utf8(text) else { continue };
                if clean.get(&path) != Some(&text) {
                    found.push((format!("{} {path}", rule.code), sort_of(&path), text));
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn schema_and_compiler_agree_on_every_fixture() {
    let courts = Court::all();
    let mut wrong = String::new();
    let (mut accepted, mut refused) = (0, 0);
    for (name, sort, text) in fixtures() {
        match courts[sort].agree(&text) {
            None => {}
            Some(Ok(true)) => accepted += 1,
            Some(Ok(false)) => refused += 1,
            Some(Err(why)) => wrong += &format!("{name}: {why}\n"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(50 < accepted && 3 < refused, "{accepted} accepted, {refused} refused");
}

/// A value that holds every key below a schema, from the examples of the schema itself.
fn whole(schema: &Json, defs: &Json) -> Json {
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        return whole(&defs[name.trim_start_matches("#/$defs/")], defs);
    }
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        return Json::Object(properties.iter().map(|(key, value)| (key.clone(), whole_key(value, defs))).collect());
    }
    if schema.get("type") == Some(&json!("array")) && schema["items"].get("$ref").is_some() {
        return json!([whole(&schema["items"], defs)]);
    }
    match schema.get("additionalProperties") {
        Some(values @ Json::Object(map)) if !map.is_empty() => json!({ "a name": whole_key(values, defs) }),
        _ => Json::Null,
    }
}

fn whole_key(property: &Json, defs: &Json) -> Json {
    let nested = whole(property, defs);
    if nested.is_null() {
        let plain = || property.get("enum").or(property.get("examples")).and_then(|values| values.get(0)).cloned();
        return property.pointer("/examples/0").cloned().or_else(plain).unwrap_or(json!("x"));
    }
    nested
}

/// A step into a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// The way to every value below `at`.
fn ways(at: &Json, way: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let mut below = |step: Step, value: &Json| {
        way.push(step);
        found.push(way.clone());
        ways(value, way, found);
        way.pop();
    };
    match at {
        Json::Object(map) => map.iter().for_each(|(key, value)| below(Step::Key(key.clone()), value)),
        Json::Array(items) => items.iter().enumerate().for_each(|(index, value)| below(Step::Index(index), value)),
        _ => {}
    }
}

/// The value alone at the end of its way: neighbours would only cost time.
fn alone(way: &[Step], value: toml::Value) -> toml::Value {
    way.iter().rev().fold(value, |inner, step| match step {
        Step::Key(key) => toml::Value::Table(toml::Table::from_iter([(key.clone(), inner)])),
        Step::Index(_) => toml::Value::Array(vec![inner]),
    })
}

/// A file whose only content is one value, and the version of the language.
fn file_with(way: &[Step], value: toml::Value) -> String {
    let mut table = match alone(way, value) {
        toml::Value::Table(table) => table,
        _ => unreachable!("ways start with a key"),
    };
    table.entry("schema").or_insert(toml::Value::Integer(1));
    toml::to_string(&table).expect("a table prints")
}

/// Values that are wrong somewhere, and right somewhere else.
fn odd_values() -> Vec<toml::Value> {
    let mut values: Vec<toml::Value> = Vec::new();
    for number in
        [0, 1, 2, -1, 7, 100, 1_000_000_000, 1_000_000_001, 1_000_000_000_000, 1_000_000_000_001, i64::MAX, i64::MIN]
    {
        values.push(number.into());
    }
    for number in
        [0.0, -0.0, 1.0, 0.5, -0.5, 0.05, 1.0000001, -1.0, -1.0000001, 2.5, 12.0, 1e9, 1e12, 1.1e12, 1e-300, 1e300]
    {
        values.push(number.into());
    }
    for text in [
        "",
        " ",
        "x",
        "5",
        "0%",
        "0.0%",
        "00%",
        "5%",
        "05%",
        "5 %",
        " 5%",
        "5% ",
        "5\t%",
        "5\u{a0}%",
        "100%",
        "100.0%",
        "100.1%",
        "101%",
        "-5%",
        "+5%",
        "1.%",
        ".5%",
        "1e1%",
        "٥%",
        "0.0000000000000001%",
        "0.5pp",
        "14 days",
        "14days",
        "0 days",
        "1 day",
        "9999 days",
        "10000 days",
        "99999999999 days",
        "1.5 days",
        "-1 days",
        "14 Days",
        "14 fortnights",
        "5 min",
        "20 ms",
        "$5",
        "$ 5",
        "$-5",
        "-$5",
        "$5 ms",
        "5 USD",
        "5 usd",
        "€5",
        "5€",
        "25",
        "5-day",
        "5 a b",
        "5 _a",
        "--5%",
        "1.2.3%",
        ">=5.2.0",
        ">= 5.2.0",
        " >=5.2.0 ",
        "5.2.0",
        "=>5.2.0",
        ">=05.2.0",
        ">=5.2",
        ">=5.2.0.1",
        "^5.2.0",
        ">=5.2.123456789012345678",
        ">=5.2.1234567890123456789",
        "2026-12-07",
        "2026-02-30",
        "2026-1-7",
        "0000-01-01",
        "1999-12-31",
        "9999-12-31",
        "2026-12-07T10:00:00",
        "draft",
        "Draft",
        "none",
        "true",
        "\u{1b}[31m",
        "a\nb",
    ] {
        values.push(text.into());
    }
    for date in ["2026-12-07", "2026-12-07T10:00:00", "2026-12-07T10:00:00Z", "10:00:00", "0001-01-01"] {
        values.push(toml::Value::Datetime(date.parse().expect("a TOML date")));
    }
    let list = |items: Vec<toml::Value>| toml::Value::Array(items);
    let table = |key: &str, value: toml::Value| toml::Value::Table(toml::Table::from_iter([(key.to_owned(), value)]));
    values.extend([true.into(), false.into(), list(vec![]), list(vec![1.into()]), list(vec!["x".into()])]);
    values.extend([
        list(vec![list(vec![])]),
        list(vec![table("x", 1.into())]),
        list(vec!["5%".into(), 1.into(), true.into()]),
    ]);
    values.extend([
        toml::Value::Table(toml::Table::new()),
        table("x", 1.into()),
        table("x", "5%".into()),
        table("x", table("y", true.into())),
    ]);
    values
}

/// Pieces that quantities are made of, in every wrong order.
const PIECES: [&str; 44] = [
    "0",
    "1",
    "5",
    "14",
    "99",
    "100",
    "05",
    "0.",
    "00",
    "9.5",
    "12345678901234567890",
    ".",
    "-",
    "+",
    "%",
    "pp",
    " ",
    "  ",
    "\t",
    "\n",
    "\u{a0}",
    "\u{feff}",
    "ms",
    "USD",
    "usd",
    "$",
    "€",
    "¥",
    "day",
    "days",
    "h",
    "weeks",
    "min",
    ">=",
    "<",
    "=",
    "1.2.3",
    "2026-12-07",
    "e3",
    "٣",
    "_",
    "/",
    "é",
    "A",
];

/// The same numbers on every machine (Marsaglia 2003, xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).expect("below a usize")
    }
}

#[test]
fn schema_and_compiler_agree_on_every_mutation_of_every_key() {
    let odd = odd_values();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut wrong: Vec<String> = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for (sort, court) in Court::all() {
        let schema = schema(sort);
        let full = whole(&schema, &schema["$defs"]);
        let mut judge = |what: &str, text: &str| match court.agree(text) {
            Some(Ok(true)) => accepted += 1,
            Some(Ok(false)) => refused += 1,
            Some(Err(why)) => wrong.push(format!("{sort}, {what}: {why}")),
            None => {}
        };
        let print = |json: &Json| toml::to_string(json).expect("a full file prints");
        judge("every key", &print(&full));
        let mut found = Vec::new();
        ways(&full, &mut Vec::new(), &mut found);
        for way in &found {
            let name = format!("{way:?}");
            for value in &odd {
                judge(&format!("{name} = {value}"), &file_with(way, value.clone()));
            }
            for _ in 0..40 {
                let text: String = (0..1 + dice.roll(4)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
                judge(&format!("{name} = {text:?}"), &file_with(way, text.as_str().into()));
            }
            // The key gone, misspelt, in capitals, or one table too deep, with everything else in place.
            let Some(Step::Key(key)) = way.last() else { continue };
            for misspelt in [None, Some(format!("{key}x")), Some(key.to_uppercase()), Some(key[1..].to_owned())] {
                let mut text = full.clone();
                let table = way[..way.len() - 1].iter().fold(&mut text, |at, step| match step {
                    Step::Key(key) => &mut at[key.as_str()],
                    Step::Index(index) => &mut at[*index],
                });
                let table: &mut Map<String, Json> = table.as_object_mut().expect("keys are in tables");
                let value = table.remove(key).expect("the key is there");
                if let Some(misspelt) = &misspelt {
                    table.insert(misspelt.clone(), value);
                }
                judge(&format!("{name} as {misspelt:?}"), &print(&text));
            }
        }
    }
    wrong.dedup();
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} disagreements, the first of them:\n{}", wrong[..count.min(40)].join("\n"));
    assert!(10_000 < accepted && 30_000 < refused, "{accepted} accepted, {refused} refused");
}

/// Keys of real files that are put elsewhere in the same file, and values that change places.
#[test]
fn schema_and_compiler_agree_on_shuffled_fixtures() {
    let courts = Court::all();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut wrong = Vec::new();
    let mut judged = 0;
    let trees: Vec<_> = fixtures()
        .into_iter()
        .filter_map(|(name, sort, text)| Some((name, sort, text.parse::<toml::Table>().ok()?)))
        .collect();
    for round in 0..4_000 {
        let (name, sort, table) = &trees[round % trees.len()];
        let mut json = serde_json::to_value(table).expect("a table is JSON");
        undate(&mut json);
        let mut found = Vec::new();
        ways(&json, &mut Vec::new(), &mut found);
        let pick = |dice: &mut Dice| found[dice.roll(found.len())].clone();
        let (from, to) = (pick(&mut dice), pick(&mut dice));
        let value = follow(&mut json, &from).expect("the way leads there").clone();
        if let Some(place) = follow(&mut json, &to) {
            *place = value;
        }
        let Ok(text) = toml::to_string(&json) else { continue };
        match courts[sort].agree(&text) {
            Some(Err(why)) => wrong.push(format!("{name}: {from:?} put to {to:?}: {why}")),
            _ => judged += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(3_500 < judged, "only {judged}");
}

fn follow<'a>(json: &'a mut Json, way: &[Step]) -> Option<&'a mut Json> {
    way.iter().try_fold(json, |at, step| match step {
        Step::Key(key) => at.get_mut(key.as_str()),
        Step::Index(index) => at.get_mut(*index),
    })
}

/// Dates of the `toml` crate in JSON as their text.
fn undate(json: &mut Json) {
    if let Some(text) = json.get("$__toml_private_datetime") {
        *json = text.clone();
        return;
    }
    match json {
        Json::Object(map) => map.values_mut().for_each(undate),
        Json::Array(items) => items.iter_mut().for_each(undate),
        _ => {}
    }
}

/// A judge that shares no code with us: Python's `jsonschema` behind `check-jsonschema`.
fn peer(arguments: &[&str], files: &[PathBuf]) -> (bool, String) {
    let output = Command::new(python::judge("check-jsonschema"))
        .args(arguments)
        .args(files)
        .current_dir(root())
        .output()
        .expect("the judge starts");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_peer_accepts_the_schemas_and_the_shop() {
    let files: Vec<PathBuf> =
        SCHEMAS.iter().map(|(name, _)| root().join(format!("schema/{name}.schema.json"))).collect();
    let (fine, said) = peer(&["--check-metaschema"], &files);
    assert!(fine, "{said}");
    let (fine, said) = peer(&["--schemafile", "schema/lock.schema.json"], &locks());
    assert!(fine, "{said}");
    for sort in SORTS {
        let files: Vec<PathBuf> = fixtures()
            .into_iter()
            .filter(|(name, of, _)| *of == sort && name.starts_with("examples/shop"))
            .map(|(name, ..)| root().join(name))
            .collect();
        assert!(!files.is_empty());
        let (fine, said) = peer(&["--schemafile", &format!("schema/{sort}.schema.json")], &files);
        assert!(fine, "{sort}: {said}");
    }
}

/// The peer reads our patterns with another engine and TOML with another parser: verdicts on odd values must be ours.
#[test]
fn a_peer_judges_odd_values_as_we_do() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder takes folders");
    let odd = odd_values();
    for (sort, court) in Court::all() {
        let schema = schema(sort);
        let mut found = Vec::new();
        ways(&whole(&schema, &schema["$defs"]), &mut Vec::new(), &mut found);
        let mut dice = Dice(0xda94_2042_e4dd_58b5);
        let mut ours: BTreeMap<PathBuf, bool> = BTreeMap::new();
        for number in 0..250 {
            let way = &found[dice.roll(found.len())];
            let text = file_with(way, odd[dice.roll(odd.len())].clone());
            let (tree, syntax) = syntax::parse(FileId(0), &text);
            assert!(syntax.is_empty(), "{text}");
            let path = folder.join(format!("{sort}-{number}.json"));
            let json = tree.to_json();
            std::fs::write(&path, json.to_string()).expect("the target folder takes files");
            ours.insert(path, court.schema.is_valid(&json));
        }
        let files: Vec<PathBuf> = ours.keys().cloned().collect();
        let (_, said) =
            peer(&["--output-format", "json", "--schemafile", &format!("schema/{sort}.schema.json")], &files);
        let said: Json = serde_json::from_str(&said).expect("the judge speaks JSON");
        let refused: Vec<&str> =
            said["errors"].as_array().expect("a list").iter().filter_map(|e| e["filename"].as_str()).collect();
        let mut wrong = String::new();
        for (path, fine) in &ours {
            let peer = !refused.contains(&path.to_str().expect("plain names"));
            if peer != *fine {
                let text = std::fs::read_to_string(path).expect("just written");
                wrong += &format!("{sort}: ours {fine}, the peer {peer}: {text}\n");
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
        assert!(ours.values().any(|fine| *fine) && ours.values().any(|fine| !fine));
    }
}
