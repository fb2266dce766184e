//! Plans, from the text of a spec to the files a reviewer and a tool read.
//!
//! Start with the snapshots `tests/snapshots/plans__page_*`: they are what this room is for.

#[path = "support/cases.rs"]
mod cases;

use std::process::{Command, Stdio};

use expc::emit::Artifact;
use expc::emit::plans::{self, Inputs, curve::curve, document, emit_all, hash, json_schema, verify};
use expc::portfolio::Workspace;
use expc::world::Memory;
use proptest::prelude::*;
use serde_json::Value;

const SPEC: &str = "experiments/checkout-one-tap.toml";

/// The clean workspace of the rule tests, with files replaced or added.
fn memory(changed: &[(&str, &str)]) -> Memory {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/base");
    let files = ["expc.toml", "catalog/base.toml", "templates/conversion-ab.toml", SPEC];
    let base = files.iter().fold(Memory::default(), |memory, path| {
        memory.with(*path, std::fs::read_to_string(root.join(path)).expect(path))
    });
    changed.iter().fold(base, |memory, (path, text)| memory.with(*path, *text))
}

fn base_text() -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/base");
    std::fs::read_to_string(root.join(SPEC)).expect(SPEC)
}

struct Built {
    document: Value,
    files: Vec<Artifact>,
}

impl Built {
    fn file(&self, target: &str) -> &str {
        let found = self.files.iter().find(|file| file.target == target).unwrap_or_else(|| panic!("no {target}"));
        std::str::from_utf8(&found.bytes).expect("text")
    }
}

/// Builds the spec of a workspace.
fn build_in(memory: &Memory, path: &str) -> Built {
    let workspace = Workspace::open(memory);
    let spec = workspace.specs.iter().find(|spec| spec.path == path).expect("the spec is there");
    let compiled = workspace.compile(spec);
    let inputs = Inputs::of(&workspace, &compiled, None);
    Built { document: document(&inputs), files: emit_all(&inputs) }
}

/// Builds a text in the place of the base's spec.
fn build(text: &str) -> Built {
    build_in(&memory(&[(SPEC, text)]), SPEC)
}

fn base() -> Built {
    build(&base_text())
}

const SEQUENTIAL: &str = include_str!("plans/sequential.toml");
const DRAFT: &str = include_str!("plans/draft.toml");
const HOSTILE: &str = include_str!("plans/hostile.toml");

/// Every text that the tests below hold their promises on.
fn all() -> Vec<(&'static str, Built)> {
    vec![
        ("base", base()),
        ("sequential", build(SEQUENTIAL)),
        ("draft", build(DRAFT)),
        ("hostile", build(HOSTILE)),
        ("empty", build("")),
        ("no control", build("[variants.a]\n[variants.b]\nweight = 0\n")),
        ("no weight", build("[variants.control]\nweight = 0\n[variants.b]\nweight = 0\n")),
        ("broken", build(&base_text().replace("weight = 1", "weight = \"one\"").replace('{', "["))),
        ("always valid", build(&(base_text() + "\n").replace("[design]\n", "[design]\nmethod = \"always-valid\"\n"))),
        (
            "bayesian",
            build(&base_text().replace(
                "[design]\n",
                "[design]\nmethod = \"bayesian\"\nbayes = { prior_sd = \"5%\", win_probability = 0.95 }\n",
            )),
        ),
        (
            "short",
            build(
                &base_text()
                    .replace("64000", "20000")
                    .replace("[[metrics.guardrail]]", "[[metrics.monitor]]")
                    .replace("\"21 days\"", "\"14 days\""),
            ),
        ),
        ("no catalogue", build_in(&memory(&[("catalog/base.toml", "")]), SPEC)),
    ]
}

#[test]
fn pages_read_well() {
    for (name, built) in [
        ("base", base()),
        ("sequential", build(SEQUENTIAL)),
        ("draft", build(DRAFT)),
        ("hostile", build(HOSTILE)),
        ("empty", build("")),
    ] {
        insta::assert_snapshot!(format!("page_{name}"), built.file("plan.md"));
    }
}

/// Cells of a table line: pipes that no backslash takes away.
fn cells(line: &str) -> usize {
    let mut escaped = false;
    let mut pipes = 0;
    for c in line.chars() {
        pipes += usize::from(c == '|' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    pipes
}

/// Structure comes from us alone: the headings, tables and tags of a hostile page are those of any page.
#[test]
fn nothing_from_a_spec_shapes_a_page() {
    for (name, built) in all() {
        let page = built.file("plan.md");
        let mut width = None;
        for line in page.lines() {
            width = match (line.starts_with('|'), width) {
                (true, None) => Some(cells(line)),
                (true, Some(width)) => {
                    assert_eq!(cells(line), width, "{name}: {line}");
                    Some(width)
                }
                (false, _) => None,
            };
            let plain = line.replace("\\\\", "").replace("\\`", "");
            assert!(plain.matches('`').count().is_multiple_of(2), "{name}: {line}");
            let outside_code: String = plain.split('`').step_by(2).collect();
            let marks = ["\\:", "\\.", "\\<", "\\[", "\\]", "<span>@</span>", "![power](power.svg)"];
            let left = marks.iter().fold(outside_code, |text, mark| text.replace(mark, ""));
            assert!(!left.contains(['<', '[', ']']), "{name}: {line}");
            assert!(!left.contains("://") && !left.to_lowercase().contains("www."), "{name}: {line}");
        }
        let rank = |line: &&str| line.starts_with('#');
        assert!(page.lines().filter(rank).skip(1).all(|line| line.starts_with("## ") || line.starts_with("### ")));
        assert!(!page.chars().any(|c| c != '\n' && expc::text::acts(c)), "{name}");
    }
}

#[test]
fn pictures_are_stable() {
    insta::assert_snapshot!("power_svg", base().file("power.svg"));
    let hostile = build(&base_text().replace("One-tap checkout", "</title><script>x</script>&\\u202e"));
    let svg = hostile.file("power.svg");
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;") && !svg.contains('\u{202e}'));
}

#[test]
fn curves_are_drawn_in_the_terminal() {
    let workspace = Workspace::open(&memory(&[]));
    let compiled = workspace.compile(&workspace.specs[0]);
    let curves = plans::curves(&compiled.plan);
    insta::assert_snapshot!("terminal_curve", curve(&curves[0].points, curves[0].goal, 72, 16));
    assert_eq!(curve(&[], 0.8, 72, 16), "");
    assert_eq!(curve(&[(1.0, 0.5)], 0.8, 72, 16), "");
    assert_eq!(curve(&[(1e17, 0.5), (1e17 + 16.0, 0.5)], 0.8, 72, 16).lines().count(), 16);
    assert_eq!(curve(&[(0.0, f64::NAN), (f64::INFINITY, 1.0)], 0.8, 72, 16), "");
}

#[test]
fn the_plan_schema_is_closed_and_explains_itself() {
    let root = json_schema();
    let definitions = root["$defs"].as_object().expect("definitions");
    let tables = definitions.iter().map(|(name, table)| (name.as_str(), table)).chain([("plan", &root)]);
    for (table, schema) in tables {
        assert!(schema.get("description").is_some(), "{table} has no description");
        assert_eq!(schema["additionalProperties"], false, "{table} is open");
        for (name, property) in schema["properties"].as_object().expect("every definition is a table") {
            assert!(property.get("description").is_some(), "{table}.{name} has no description");
            let mut alone = property.clone();
            alone["$defs"] = root["$defs"].clone();
            let validator = jsonschema::validator_for(&alone).expect("a property is a schema");
            let examples = property["examples"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(!examples.is_empty(), "{table}.{name} has no example");
            for example in examples {
                assert!(validator.is_valid(example), "{table}.{name}: {example} is not one");
            }
        }
    }
}

#[test]
fn documents_keep_their_contract() {
    let validator = jsonschema::validator_for(&json_schema()).expect("the schema is a schema");
    for (name, built) in all() {
        let faults: Vec<_> = validator.iter_errors(&built.document).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        let written: Value = serde_json::from_str(built.file("plan.json")).expect("plan.json is JSON");
        assert_eq!(written, built.document, "{name}");
        let typed: document::Document = serde_json::from_value(written).expect("the contract reads its own documents");
        assert_eq!(serde_json::to_value(typed).expect("and writes them"), built.document, "{name}");
    }
}

#[test]
fn every_hypothesis_is_in_one_family_and_has_its_estimand() {
    for (name, built) in all() {
        let document = &built.document;
        let list = |key: &str| document[key].as_array().expect(key).clone();
        let members: Vec<Value> = list("multiplicity")
            .iter()
            .flat_map(|family| family["members"].as_array().expect("members").clone())
            .collect();
        let estimands: Vec<Value> = list("estimands").iter().map(|estimand| estimand["id"].clone()).collect();
        let metrics: Vec<Value> = list("metrics").iter().map(|metric| metric["id"].clone()).collect();
        for hypothesis in list("hypotheses") {
            assert_eq!(members.iter().filter(|member| **member == hypothesis["id"]).count(), 1, "{name}: {hypothesis}");
            assert_eq!(estimands.iter().filter(|id| **id == hypothesis["estimand"]).count(), 1, "{name}: {hypothesis}");
        }
        for estimand in list("estimands") {
            assert_eq!(metrics.iter().filter(|id| **id == estimand["variable"]).count(), 1, "{name}: {estimand}");
        }
        assert_eq!(members.len(), list("hypotheses").len(), "{name}");
        if let Some(table) = document["decision"]["table"].as_array() {
            let states = |part: &str| document["decision"]["states"][part].as_array().expect(part).len();
            let all = states("quality") * states("guardrails") * states("primary");
            assert_eq!(table.len(), all * 3_usize.pow(states("named") as u32), "{name}");
            let holes = table.iter().filter(|row| row["then"].is_null()).count();
            assert_eq!(document["decision"]["holes"], holes, "{name}");
        }
    }
}

/// RFC 8785 in another language: keys sorted, numbers as ECMAScript prints them.
const TWIN: &str = r#"
import hashlib, json, sys
from decimal import Decimal
def number(x):
    if isinstance(x, int) and abs(x) < 2**53: return str(x)
    x = float(x)
    if x == 0: return '0'
    sign, digits, exponent = Decimal(repr(x)).normalize().as_tuple()
    digits, n = ''.join(map(str, digits)), len(digits) + exponent
    k = len(digits)
    if k <= n <= 21: text = digits + '0' * (n - k)
    elif 0 < n <= 21: text = digits[:n] + '.' + digits[n:]
    elif -6 < n <= 0: text = '0.' + '0' * -n + digits
    else: text = digits[0] + ('.' + digits[1:] if k > 1 else '') + 'e' + ('+' if n > 0 else '-') + str(abs(n - 1))
    return '-' * sign + text
def canonical(x):
    if isinstance(x, dict): return '{' + ','.join(canonical(k) + ':' + canonical(x[k]) for k in sorted(x, key=lambda k: k.encode('utf-16-be'))) + '}'
    if isinstance(x, list): return '[' + ','.join(map(canonical, x)) + ']'
    if isinstance(x, (int, float)) and not isinstance(x, bool): return number(x)
    return json.dumps(x, ensure_ascii=False)
plan = json.load(sys.stdin)
plan.pop('hash', None); plan.pop('provenance', None)
print('sha256:' + hashlib.sha256(canonical(plan).encode()).hexdigest(), end='')
"#;

fn twin_hash(json: &str) -> String {
    use std::io::Write;
    let mut python = Command::new("python3")
        .args(["-c", TWIN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    python.stdin.take().expect("a pipe").write_all(json.as_bytes()).expect("python3 reads");
    let output = python.wait_with_output().expect("python3 ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("a hash is text")
}

#[test]
fn another_canonicaliser_computes_the_same_hash() {
    for (name, built) in all() {
        assert_eq!(twin_hash(built.file("plan.json")), built.document["hash"], "{name}");
    }
    let odd = serde_json::json!({ "é\u{1f600}": [1e21, 1e-7, 1e20, 123e-9, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 100, -2.5e25], "\u{e000}": "\u{1}\u{7f}\"\\/", "a": null });
    assert_eq!(twin_hash(&odd.to_string()), hash(&odd));
}

#[test]
fn the_hash_moves_with_the_meaning_alone() {
    let built = base();
    assert_eq!(verify(&built.document), Ok(()));
    let same = [
        build(&("# A comment moves every line.\n\n".to_owned() + &base_text())),
        build(&base_text().replace("status = \"ready\"", "status = \"running\"")),
    ];
    for other in same {
        assert_eq!(other.document["hash"], built.document["hash"]);
        assert_ne!(other.document["provenance"], built.document["provenance"]);
    }
    let changed =
        [("share = \"50%\"", "share = \"40%\""), ("\"3%\"", "\"4%\""), ("layout = \"one-tap\"", "layout = \"tap\"")];
    for (from, to) in changed {
        assert_ne!(build(&base_text().replace(from, to)).document["hash"], built.document["hash"], "{to}");
    }
    let mut forged = built.document.clone();
    forged["design"]["alpha"] = serde_json::json!(0.1);
    assert!(verify(&forged).expect_err("it was changed").contains("changed after it was built"));
    assert!(verify(&serde_json::json!({})).is_err());
}

#[test]
fn looks_have_dates_and_infinite_bounds_are_null() {
    let document = build(SEQUENTIAL).document;
    let looks = document["sequential"]["looks"].as_array().expect("looks").clone();
    assert_eq!(looks.len(), 3);
    assert!(looks.iter().all(|look| look["date"].is_string() && look["can_stop"] == true));
    // The last look waits for the windows of the last units, and comes before the decision.
    assert_eq!(looks[2]["date"], "2027-02-26");
    let early = SEQUENTIAL.replace("\"33%\", \"66%\"", "\"0.5%\", \"1%\"");
    let looks = build(&early).document["sequential"]["looks"].as_array().expect("looks").clone();
    assert!(looks[0]["z"].is_null() && looks[0]["can_stop"] == false, "{looks:?}");
}

#[test]
fn files_stay_in_the_output_folder() {
    for (name, built) in all() {
        for file in &built.files {
            let parts: Vec<&str> = file.path.split('/').collect();
            assert_eq!((parts.len(), parts[0]), (3, "plans"), "{name}: {}", file.path);
            assert!(parts.iter().all(|part| !part.is_empty() && !part.starts_with('.')), "{name}: {}", file.path);
        }
    }
}

proptest! {
    #![proptest_config(cases::cases(64))]

    /// A spec cut anywhere, with a line doubled or dropped, still gives files, a valid document and a right hash.
    #[test]
    fn damaged_specs_never_panic(which in 0..3_usize, cut in 0.0..1.0_f64, line in 0..120_usize, double in any::<bool>()) {
        let text = [base_text(), SEQUENTIAL.to_owned(), HOSTILE.to_owned()][which].clone();
        let mut lines: Vec<&str> = text.lines().collect();
        let at = line % lines.len();
        if double { lines.insert(at, lines[at]); } else { lines.remove(at); }
        let joined = lines.join("\n");
        let mut end = (joined.len() as f64 * (1.0 - cut * cut)) as usize;
        while !joined.is_char_boundary(end) { end -= 1; }
        let built = build(&joined[..end]);
        prop_assert_eq!(verify(&built.document), Ok(()));
        let validator = jsonschema::validator_for(&json_schema()).expect("the schema is a schema");
        prop_assert!(validator.is_valid(&built.document));
    }

    #[test]
    fn any_curve_is_drawn(points in proptest::collection::vec((-1e9..1e9_f64, -2.0..2.0_f64), 0..40), goal in -1.0..2.0_f64, width in 0..300_usize, height in 0..80_usize) {
        let mut points = points;
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let _ = curve(&points, goal, width, height);
    }
}
