//! Rules of the organisation: what their expressions mean, what is said of them, and that none of them can hang.
//!
//! Meaning is held against the `cel` crate, an interpreter that shares no code with ours.

#[path = "support/base.rs"]
mod base;

#[path = "support/workspace.rs"]
mod workspace;

use std::time::{Duration, Instant};

use base::{SPEC, TODAY};
use expc::cel::{self, Fuel, Scope, Shape, Value};
use serde_json::{Value as Json, json};
use workspace::{Answer, Folder};

/// Generous: what is tested is that nothing takes minutes, on a slow machine, without optimisation.
const QUICK: Duration = Duration::from_secs(20);

/// What expressions see in these tests.
fn facts() -> Json {
    json!({
        "n": 7, "z": 0, "d": 2.5, "big": 9_007_199_254_740_993_i64, "t": "Grüße", "e": "", "yes": true, "no": false,
        "nil": null, "list": [1, 2, 3], "words": ["a", "b"], "none": [], "mixed": [1, "a", null, 2.0],
        "map": { "a": 1, "b": { "c": [true, false] } }, "rows": [{ "k": "x", "v": 1 }, { "k": "y", "v": 2.5 }, { "k": "z" }],
    })
}

/// Our answer as JSON; `None` for any error.
fn ours(source: &str, facts: &Json) -> Option<Json> {
    let expr = cel::parse(source).ok()?;
    let mut scope = Scope::default();
    for (name, value) in facts.as_object().expect("facts are a table") {
        scope.push(name, Value::of(value));
    }
    let value = cel::run(&expr, &mut scope, &mut Fuel::new(100_000, 1 << 20)).ok()?;
    Some(to_json(&value))
}

fn to_json(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Text(text) => json!(**text),
        Value::List(list) => list.iter().map(|item| to_json(&item)).collect(),
        Value::Map(map) => {
            let entry = |key: &Value<'_>| match key {
                Value::Text(name) => (name.to_string(), map.text_key(name).map_or(Json::Null, |value| to_json(&value))),
                other => (other.shown(), Json::Null),
            };
            Json::Object(map.keys().iter().map(entry).collect())
        }
    }
}

/// The answer of the other interpreter.
fn theirs(source: &str, facts: &Json) -> Option<Json> {
    let program = ::cel::Program::compile(source).ok()?;
    let mut context = ::cel::Context::default();
    for (name, value) in facts.as_object().expect("facts are a table") {
        // Unsigned numbers are not ours: JSON's whole numbers are signed.
        context.add_variable_from_value(name.as_str(), signed(value));
    }
    program.execute(&context).ok()?.json().ok()
}

fn signed(value: &Json) -> ::cel::Value {
    match value {
        Json::Number(number) if number.is_i64() || number.is_u64() => {
            ::cel::Value::Int(number.as_i64().expect("it fits"))
        }
        Json::Array(items) => ::cel::Value::List(items.iter().map(signed).collect::<Vec<_>>().into()),
        Json::Object(map) => {
            let map: std::collections::HashMap<String, ::cel::Value> =
                map.iter().map(|(key, value)| (key.clone(), signed(value))).collect();
            map.into()
        }
        other => ::cel::to_value(other).expect("JSON is a value"),
    }
}

const EXPRESSIONS: &[&str] = &[
    "1 + 2 * 3",
    "(1 + 2) * 3",
    "7 / 2",
    "-7 / 2",
    "-7 % 3",
    "7 % 3",
    "1.0 / 4.0",
    "2.0 * d",
    "n - 10",
    "n + d",
    "n * d",
    "n / 0",
    "n % 0",
    "d / 0.0 > 1.0",
    "9223372036854775807 + 1",
    "-9223372036854775808",
    "-(-9223372036854775807) + 1",
    "0x1F + 1",
    "1e3",
    "1.5e-2",
    ".5 + .5",
    "-n",
    "--n",
    "-d",
    "!yes",
    "!!no",
    "!n",
    "-t",
    "'a' + \"b\"",
    "t + e",
    "r'\\d' + '\\n'",
    "'\\u00e9\\x41\\101'",
    "'''a\n'b' c'''",
    "'a' + 1",
    "[1] + [2, 3]",
    "[1] + 'a'",
    "1 == 1.0",
    "1 == 1.5",
    "n == '7'",
    "nil == null",
    "nil == 0",
    "t == 'Grüße'",
    "[1, 2] == [1.0, 2]",
    "[1] == [1, 2]",
    "{'a': 1} == {'a': 1.0}",
    "{'a': 1} != {'b': 1}",
    "map == {'b': {'c': [true, false]}, 'a': 1}",
    "yes == true",
    "yes != no",
    "1 < 2",
    "1 < 1.5",
    "d >= 2",
    "big < 9007199254740992.0",
    "big == 9007199254740992.0",
    "'a' < 'b'",
    "'Z' < 'a'",
    "no < yes",
    "1 < 'a'",
    "nil < 1",
    "[1] < [2]",
    "n <= 7 && n >= 7",
    "1 < 2 == true",
    "2 in list",
    "2.0 in list",
    "5 in list",
    "'a' in words",
    "'a' in map",
    "'z' in map",
    "1 in 5",
    "null in mixed",
    "n in none",
    "'a' in 'abc'",
    "yes && no",
    "yes || no",
    "no && (1 / 0 == 1)",
    "(1 / 0 == 1) && no",
    "yes || (1 / 0 == 1)",
    "(1 / 0 == 1) || yes",
    "(1 / 0 == 1) || no",
    "(1 / 0 == 1) && yes",
    "yes ? 1 : 2",
    "no ? 1 / 0 : 2",
    "n ? 1 : 2",
    "no ? 1 : yes ? 2 : 3",
    "list[0]",
    "list[2]",
    "list[3]",
    "list[-1]",
    "map['a']",
    "map['z']",
    "map.a",
    "map.z",
    "map.b.c[0]",
    "t.a",
    "nil.a",
    "none[0]",
    "{'k': 5}.k",
    "{1: 'a'}[1]",
    "{true: 'a'}[true]",
    "{'a': 1, 'a': 2}",
    "{1.5: 1}",
    "has(map.a)",
    "has(map.z)",
    "has(map.b.c)",
    "has(map.z.y)",
    "has(nil.a)",
    "has(t.a)",
    "has({'a': 1}.a)",
    "list.all(x, x > 0)",
    "list.all(x, x > 1)",
    "list.exists(x, x == 2)",
    "list.exists(x, x == 9)",
    "list.exists_one(x, x == 2)",
    "list.exists_one(x, x > 1)",
    "list.map(x, x * 2)",
    "list.map(x, x > 1, x * 2)",
    "list.filter(x, x > 1)",
    "none.all(x, x.y)",
    "none.exists(x, x.y)",
    "mixed.exists(x, x == 'a')",
    "mixed.all(x, x > 0)",
    "mixed.exists(x, x > 5)",
    "rows.all(r, r.k != '')",
    "rows.map(r, r.k)",
    "rows.map(r, r.v)",
    "rows.filter(r, has(r.v)).map(r, r.v)",
    "rows.exists(r, r.v == 1)",
    "rows.all(r, has(r.v) && r.v > 0)",
    "map.all(k, k in ['a', 'b'])",
    "map.exists(k, k == 'b')",
    "list.all(x, list.exists(y, y > x) || x == 3)",
    "list.map(x, words.map(w, w + string(x)))",
    "list.map(n, n)",
    "[1, 2].map(x, x)[1]",
    "5.all(x, true)",
    "list.all(x, x)",
    "list.filter(x, 1)",
    "size(list)",
    "size(t)",
    "t.size()",
    "list.size()",
    "size(map)",
    "size('')",
    "size(5)",
    "size(nil)",
    "t.contains('rü')",
    "t.startsWith('G')",
    "t.endsWith('ße')",
    "t.contains(1)",
    "n.contains('a')",
    "t.matches('^G.*e$')",
    "t.matches('x')",
    "'2026-12-07'.matches(r'^\\d{4}-\\d{2}-\\d{2}$')",
    "'abc'.matches('(a|b)+c?')",
    "n.matches('7')",
    "t.matches('(')",
    "int('12')",
    "int('x')",
    "int(2.9)",
    "int(-2.9)",
    "int(1e30)",
    "double(7)",
    "double('2.5')",
    "double('x')",
    "string(7)",
    "string(2.5)",
    "string(yes)",
    "string('a')",
    "string(nil)",
    "string(list)",
    "n.size",
    "size",
    "nope",
    "nope == 1",
    "list.nope()",
    "1 +",
    "(1",
    "[1, 2,]",
    "{'a': 1,}",
    "[,]",
    "a b",
    "'open",
    "1 = 1",
    "a.b.",
    "all(list, x, true)",
    "// only a comment",
    "n // seven\n == 7",
    "!yes == no",
    "yes && !no || no && yes",
    "n > 5 ? 'big' : 'small'",
    "[[1, 2], [3]].map(l, size(l))",
    "'' == e",
    "for",
    "map.for",
    "list.exists(x, x > 1 && x < 3)",
    "size(rows.filter(r, r.k == 'x')) == 1",
    "(no || yes) && (yes || no)",
    "1 - 2 - 3",
    "100 / 10 / 2",
    "2 * 3 % 4",
    "-2 * -3",
    "1 < 2 < 3",
    "yes ? no : yes ? no : yes",
    "[1, 'a', null, true, 2.5]",
    "{'a': [1, {'b': null}]}",
];

/// A whole number beside a decimal one that cannot hold it is compared exactly here, as CEL says, and rounded there;
/// a list of a comma alone is a slip here.
const OWN_WAY: [&str; 2] = ["big == 9007199254740992.0", "[,]"];

#[test]
fn expressions_mean_what_they_mean_to_another_interpreter() {
    let facts = facts();
    let mut wrong = String::new();
    let mut answered = 0;
    for source in EXPRESSIONS {
        let (ours, theirs) = (ours(source, &facts), theirs(source, &facts));
        answered += usize::from(ours.is_some());
        if OWN_WAY.contains(source) {
            continue;
        }
        if ours != theirs {
            wrong += &format!("{source}: ours {ours:?}, theirs {theirs:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(100 < answered && 40 < EXPRESSIONS.len() - answered, "{answered} of {}", EXPRESSIONS.len());
}

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

/// An expression of any sense.
fn grown(dice: &mut Dice, depth: usize) -> String {
    const LEAVES: [&str; 18] = [
        "n", "z", "d", "t", "e", "yes", "no", "nil", "list", "words", "none", "mixed", "map", "rows", "1", "2.5",
        "'a'", "x",
    ];
    if depth == 0 {
        return LEAVES[dice.roll(LEAVES.len())].to_owned();
    }
    let mut part = || grown(dice, depth - 1);
    let (a, b, c) = (part(), part(), part());
    match dice.roll(16) {
        0..=5 => {
            const SIGNS: [&str; 12] = ["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"];
            format!("({a} {} {b})", SIGNS[dice.roll(SIGNS.len())])
        }
        6 | 7 => format!("({a} && {b})"),
        8 | 9 => format!("({a} || {b})"),
        10 => format!("({a} ? {b} : {c})"),
        11 => format!("!({a})"),
        12 => format!("({a})[{b}]"),
        13 => format!("[{a}, {b}]"),
        14 => format!("size({a})"),
        _ => {
            const MACROS: [&str; 5] = ["all", "exists", "exists_one", "map", "filter"];
            format!("({a}).{}(x, {b})", MACROS[dice.roll(MACROS.len())])
        }
    }
}

#[test]
fn grown_expressions_mean_the_same() {
    let facts = facts();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut wrong = Vec::new();
    let mut answered = 0;
    for round in 0..3_000 {
        let source = grown(&mut dice, 1 + round % 3);
        let (ours, theirs) = (ours(&source, &facts), theirs(&source, &facts));
        answered += usize::from(ours.is_some());
        if ours != theirs {
            wrong.push(format!("{source}: ours {ours:?}, theirs {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    assert!(200 < answered, "{answered}");
}

#[test]
fn broken_sources_have_a_place_inside_them() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for source in EXPRESSIONS {
        for _ in 0..20 {
            let mut text = (*source).to_owned();
            let at = |text: &str, dice: &mut Dice| {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                places[dice.roll(places.len())]
            };
            let (from, to) = (at(&text, &mut dice), at(&text, &mut dice));
            text.replace_range(from.min(to)..from.max(to), ["", "é", "'", "(", "&&", "\\", "}"][dice.roll(7)]);
            if let Err(fault) = cel::parse(&text) {
                let range = fault.range.clone();
                assert!(range.start <= range.end && text.get(range).is_some(), "{text:?}: {fault:?}");
                assert!(fault.headline.chars().count() <= 80, "{fault:?}");
            }
        }
    }
}

/// Sources that want time, memory or stack.
fn hostile() -> Vec<(&'static str, String)> {
    let numbers = format!("[{}]", vec!["1"; 100].join(", "));
    let loops = |depth: usize| {
        let heads: String = (0..depth).map(|at| format!("{numbers}.all(x{at}, ")).collect();
        format!("{heads}x0 == 1{}", ")".repeat(depth))
    };
    let doubling = |depth: usize| {
        let heads: String = (0..depth)
            .map(|at| format!("[{0} + {0}].map(x{at}, ", if at == 0 { "t".to_owned() } else { format!("x{}", at - 1) }))
            .collect();
        format!("size({heads}x{}{})", depth - 1, ")".repeat(depth))
    };
    let lists = |depth: usize| {
        let heads: String = (0..depth)
            .map(|at| {
                let inner = if at == 0 { "list".to_owned() } else { format!("x{}", at - 1) };
                format!("[[{inner}, {inner}, {inner}, {inner}]].map(x{at}, ")
            })
            .collect();
        format!("{heads}x{} == x{}{}", depth - 1, depth - 1, ")".repeat(depth))
    };
    vec![
        ("loops", loops(4)),
        ("doubling", doubling(30)),
        ("doubling deeper", doubling(25)),
        ("lists", lists(28)),
        ("brackets", format!("{}1{}", "(".repeat(1_900), ")".repeat(1_900))),
        ("lists in lists", "[".repeat(3_900)),
        ("not", format!("{}yes", "!".repeat(3_900))),
        ("minus", format!("{}n", "-".repeat(3_900))),
        ("chain", format!("a{}", ".b".repeat(1_900))),
        ("index", format!("list{}", "[0]".repeat(1_300))),
        ("sum", vec!["n"; 1_900].join("+")),
        ("and", vec!["yes"; 700].join("&&")),
        ("choice", "yes?1:".repeat(600) + "2"),
        ("long", "n".repeat(5_000_000)),
        ("pattern", "t.matches('(a{1000}){1000}')".to_owned()),
        ("pattern of classes", format!("t.matches('{}')", r"\\pL{200}".repeat(200))),
        ("catastrophe", format!("('{}' + 'b').matches('^(a+)+$')", "a".repeat(3_000))),
        (
            "matches in loops",
            format!("{numbers}.all(x, {numbers}.all(y, '{}'.matches('(a|aa|aaa)*b') == no))", "a".repeat(2_000)),
        ),
        ("a map of maps", format!("{}n{}", "{'a': ".repeat(500), "}".repeat(500))),
    ]
}

#[test]
fn no_expression_hangs_or_takes_the_stack() {
    let facts = facts();
    for (name, source) in hostile() {
        let begin = Instant::now();
        // A thread of a pool has a small stack.
        let taken = std::thread::Builder::new().stack_size(2 << 20).spawn({
            let (source, facts) = (source.clone(), facts.clone());
            move || ours(&source, &facts)
        });
        taken.expect("a thread").join().unwrap_or_else(|_| panic!("{name} took the thread"));
        assert!(begin.elapsed() < QUICK, "{name} took {:?}", begin.elapsed());
    }
    // An expression of ordinary size is far from its limits.
    assert_eq!(ours("list.all(x, list.all(y, rows.exists(r, r.k == 'x') && x + y > 0))", &facts), Some(json!(true)));
}

/// The base with rules of its own.
fn with(rules: &str) -> Folder {
    let folder = Folder::base();
    folder.write("expc.toml", folder.read("expc.toml") + rules);
    folder
}

fn concise(folder: &Folder) -> String {
    folder.check(&["--format", "concise"]).out
}

#[test]
fn a_hostile_rule_is_told_and_the_others_run() {
    let begin = Instant::now();
    let (_, loops) = &hostile()[0];
    let rules = format!(
        "\n[custom.hostile]\nrequire = \"{}\"\nmessage = \"x\"\nbad = ''\ngood = ''\n[custom.fine]\nrequire = 'plan.design.alpha < 0.01'\nmessage = 'alpha is {{plan.design.alpha}}'\nbad = ''\ngood = ''\n",
        loops.replace("x0 == 1", "x0 == size(plan.variants) - 1")
    );
    let out = concise(&with(&rules));
    assert!(
        out.contains("error[POL003] custom rule `hostile` cannot be judged: an expression takes too many steps"),
        "{out}"
    );
    assert!(out.contains("error[ORG/fine] alpha is 0.05"), "{out}");
    assert!(begin.elapsed() < QUICK);
}

const CONSENT: &str = r#"
[custom.consent-in-the-eu]
about = "People in the EU are asked before they take part."
when = "plan.experiment.status != 'draft'"
require = '''
plan.privacy.basis == "consent"
  || !("US" in plan.privacy.regions)'''
message = "experiments here need consent, not `{plan.privacy.basis}`"
at = "privacy.basis"
help = "set `basis = \"consent\"`"
bad = "privacy = { basis = 'contract', regions = ['US'] }"
good = "privacy = { basis = 'consent', regions = ['US'] }"

[custom.few-variants]
level = "warn"
require = "plan.metrics.all(m, m.role != 'guardrail' || m.margin.absolute < 0.001) && size(plan.variants) < 3"
message = "{size(plan.metrics)} metrics, {{as data}}"
at = "metrics.guardrail"
bad = "variants = { b = { weight = 1 } }"
good = ""

[custom.by-catalogue]
require = "catalog.owners[plan.experiment.owner].analyst != null && today < '2026-11-01'"
message = "nobody analyses, or it is late: {today}"
bad = ""
good = ""
"#;

#[test]
fn findings_show_what_was_read() {
    let folder = with(CONSENT);
    let text = folder.check(&[]).out;
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("findings", text) });
    let sarif = folder.check(&["--format", "sarif"]).out;
    assert!(
        sarif.contains("\"id\": \"ORG/consent-in-the-eu\"") || sarif.contains("\"id\":\"ORG/consent-in-the-eu\""),
        "{sarif}"
    );
}

const FAULTY: &str = r#"
[custom.typo]
require = "plan.privacy.bassis == \"consent\" && plan.metrics.all(m, m.nam == 'é')"
message = "alpha {plan.design.alfa}"
at = "privacy.bassis"
bad = "x"
good = ""
[custom.syntax]
require = '''
plan.design.alpha = 0.05'''
message = "open {plan.design"
bad = ""
good = ""
[custom.sorts]
require = "plan.design.alpha <= '5%' && plan.experiment.title > 3 && !plan.audience.share"
message = "x"
bad = ""
good = ""
[custom.number]
require = "size(plan.metrics)"
message = "x"
bad = ""
good = ""
[custom.function]
require = "plan.experiment.title.startWith('a')"
message = "x"
bad = ""
good = ""
[custom.nothing]
[custom.underpowered]
require = "true"
message = "x"
bad = ""
good = ""
"#;

#[test]
fn faults_of_rules_stand_inside_their_strings() {
    let text = with(FAULTY).check(&[]).out;
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("faults", text) });
}

#[test]
fn levels_reach_custom_rules_by_code_name_and_group() {
    let set = |table: &str| {
        let folder = with(CONSENT);
        let text = folder.read("expc.toml").replace("[rules]\n", &format!("[rules]\n{table}\n"));
        folder.write("expc.toml", text);
        concise(&folder)
    };
    assert!(set("").contains("error[ORG/consent-in-the-eu]"));
    assert!(set("consent-in-the-eu = 'info'").contains("info[ORG/consent-in-the-eu]"));
    assert!(set("'ORG/consent-in-the-eu' = 'warn'").contains("warning[ORG/consent-in-the-eu]"));
    let by_group = set("custom = 'allow'");
    assert!(!by_group.contains("ORG/"), "{by_group}");
    let near = set("consent-in-the-ue = 'info'");
    assert!(near.contains("POL001"), "{near}");
}

#[test]
fn examples_are_tried() {
    let test = |rules: &str| with(rules).run(&["policy", "test", "--today", TODAY]);
    let answer = test(CONSENT);
    assert_eq!(answer.code, 1, "{answer:?}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("policy_test", answer.out) });
    let fine = CONSENT.split("\n[custom.few").next().expect("the first rule");
    let Answer { code, out, .. } = test(fine);
    assert_eq!((code, out.lines().last()), (0, Some("1 custom rule: all hold (as of 2026-11-22)")), "{out}");
    // Over an experiment of the workspace, and over one that is not there.
    let over = |id: &str| test(&fine.replace("bad =", &format!("over = '{id}'\nbad =")));
    assert_eq!(over("checkout-one-tap").code, 0);
    let missing = over("checkout-one-tpa");
    assert!(missing.code == 1 && missing.out.contains("did you mean `checkout-one-tap`?"), "{missing:?}");
    let none = test("");
    assert_eq!((none.code, none.out.as_str()), (0, "no custom rules in expc.toml\n"));
    let json: Json =
        serde_json::from_str(&with(fine).run(&["policy", "test", "--format", "json", "--today", TODAY]).out)
            .expect("JSON");
    assert_eq!(json["rules"], json!([{ "code": "ORG/consent-in-the-eu", "holds": true, "faults": [] }]));
}

#[test]
fn a_spec_that_cannot_be_read_whole_is_not_judged() {
    let folder = with(CONSENT);
    folder.write(SPEC, folder.read(SPEC).replace("basis = \"legitimate-interest\"", "basis = 7"));
    let out = concise(&folder);
    assert!(!out.contains("ORG/"), "{out}");
}

#[test]
fn the_shape_of_a_plan_is_what_plans_have() {
    use expc::plan::{Shapes, facts};
    use expc::portfolio::Workspace;
    let shapes = Shapes::new();
    let mut judged = 0;
    for root in ["examples/shop", "examples/faulty", "tests/rules/base"] {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
        let workspace = Workspace::open(&expc::world::Disk::new(root));
        for spec in &workspace.specs {
            let compiled = workspace.compile(spec);
            if !compiled.document.faults.is_empty() {
                continue;
            }
            let spec = compiled.tree.to_json();
            let facts = facts(&compiled.plan, &workspace.sources, &shapes, &spec, &|_| true);
            assert_eq!(shapes.plan.misfit(&facts, "plan"), None, "{}", compiled.document.path);
            assert_eq!(shapes.spec.misfit(&spec, "spec"), None, "{}", compiled.document.path);
            judged += 1;
        }
    }
    assert!(25 < judged, "{judged}");
    let Shape::Table(parts) = &shapes.plan else { panic!("a plan is a table") };
    for part in ["privacy", "risk", "feedback", "sizes", "calendar", "rollout"] {
        assert!(parts.contains_key(part), "{part}");
    }
}
