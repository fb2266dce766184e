//! The experiments that every platform is asked to serve, each with one feature in focus, so that a platform which
//! cannot do one thing still proves the others.

use super::conditions::CONDITIONS;
use super::contexts::{FORCED, HOSTILE};

/// One row of the table: the experiments that show a feature.
pub struct Case {
    /// The id of its experiment; several are `<name>-a`, `<name>-b` …
    pub name: &'static str,
    /// The row's heading.
    pub group: &'static str,
    /// What it shows, for the table.
    pub shows: String,
    pub specs: Vec<Spec>,
    /// The stages that are built beside `main`, in their order.
    pub ramp: &'static [&'static str],
    pub kind: Kind,
    /// True when it is in a second document: what is in it would burden the others.
    pub apart: bool,
    /// True when its kill file is served too.
    pub kill: bool,
}

/// What several experiments, or several moments, must show together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// No unit is in two of them.
    Layer,
    /// The same units are held out of each.
    Holdout,
    /// The winner is served.
    Shipped,
}

/// An experiment as TOML.
pub struct Spec {
    pub id: String,
    pub text: String,
}

pub const CATALOGUE: &str = r#"
schema = 1
[units.user]
key = "user_id"
[units.guest]
key = "guest_id"
ascii = false
[layers.three]
unit = "user"
[layers.thirds]
unit = "user"
[layers.ramped]
unit = "user"
[holdouts.global]
share = "5%"
unit = "user"
[holdouts.odd]
share = "3.3%"
unit = "user"
[flags.default-of-catalogue]
default = { layout = "from the catalogue" }
[flags.large-payload]
default = { blob = "" }
[attributes]
user_id = { type = "string" }
guest_id = { type = "string" }
country = { type = "string" }
channel = { type = "string" }
signed_in = { type = "boolean" }
plan = { type = "string" }
app_version = { type = "version" }
age = { type = "number" }
orders = { type = "number" }
locale = { type = "string" }
device = { type = "string" }
is_staff = { type = "boolean" }
risk = { type = "string" }
tier = { type = "number" }
word = { type = "string" }
size = { type = "string" }
"#;

pub const RAMP: &[&str] = &["at-1", "at-5", "at-20", "at-50"];

const THREE: [(&str, &str); 3] = [("control", "50"), ("treatment-a", "25"), ("treatment-b", "25")];
const TWO: [(&str, &str); 2] = [("control", "1"), ("treatment-a", "1")];

/// A spec of variants with their weights; `audience`, `stages` and `more` are TOML.
fn spec(id: &str, variants: &[(&str, &str)], audience: &str, stages: &str, more: &str) -> Spec {
    let variants: String = variants
        .iter()
        .map(|(name, weight)| {
            format!(
                "[variants.{name}]\nweight = {weight}\npayload = {{ cta = \"{name}\", n = 0.1, list = [1, true] }}\n"
            )
        })
        .collect();
    let unit = if audience.contains("unit =") { "" } else { "unit = \"user\"\n" };
    let status = if more.contains("[results]") { "shipped" } else { "running" };
    let text = format!(
        "schema = 1\n[experiment]\nid = \"{id}\"\nstatus = \"{status}\"\n{variants}[audience]\n{unit}{audience}\n\
         [rollout]\nstart = 2027-01-11\nkill_switch = true\nstages = [{stages}]\n{more}\n"
    );
    Spec { id: id.to_owned(), text }
}

fn stage(name: &str, share: &str) -> String {
    format!("{{ name = \"{name}\", share = \"{share}\", hold = \"7 days\" }},")
}

fn main_at(share: &str) -> String {
    stage("main", share)
}

fn ramp(shares: &[&str], last: &str) -> String {
    let steps: String = RAMP.iter().zip(shares).map(|(name, share)| stage(name, share)).collect();
    steps + &main_at(last)
}

fn toml(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Every case, in the order of the table.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |group: &'static str, name: &'static str, shows: &str, specs: Vec<Spec>| {
        cases.push(Case {
            name,
            group,
            shows: shows.to_owned(),
            specs,
            ramp: &[],
            kind: Kind::Plain,
            apart: false,
            kill: false,
        });
    };
    let everybody = || main_at("100%");

    for (name, shows, variants) in [
        ("two-variants", "two, 1 : 1", &TWO[..]),
        ("three-variants", "three, 50 : 25 : 25", &THREE),
        ("thirds", "three, 1 : 1 : 1", &[("control", "1"), ("treatment-a", "1"), ("treatment-b", "1")]),
        ("four-variants", "four, 10 : 20 : 30 : 40", &[("control", "10"), ("b", "20"), ("c", "30"), ("d", "40")]),
        (
            "five-variants",
            "five, 1 : 1 : 1 : 1 : 1",
            &[("control", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")],
        ),
        ("uneven", "two, 90 : 10", &[("control", "90"), ("treatment-a", "10")]),
        ("per-mille", "three, 33.3 : 33.3 : 33.4", &[("control", "33.3"), ("b", "33.3"), ("c", "33.4")]),
        ("hundredths", "two, 66.67 : 33.33", &[("control", "66.67"), ("b", "33.33")]),
        ("odd-weights", "two, 1 : 0.123456789", &[("control", "1"), ("treatment-a", "0.123456789")]),
    ] {
        add("Weights", name, shows, vec![spec(name, variants, "", &everybody(), "")]);
    }

    for (name, share) in [
        ("share-0-1", "0.1%"),
        ("share-1", "1%"),
        ("share-12-34", "12.34%"),
        ("share-25", "25%"),
        ("share-33-333", "33.3333%"),
        ("share-50", "50%"),
    ] {
        add("Shares", name, share, vec![spec(name, &THREE, "", &main_at(share), "")]);
    }

    for (name, condition) in [
        ("in-text", r#"country = in ["US", "CA"]"#),
        ("in-one", r#"country = in ["US"]"#),
        ("in-numbers", "tier = in [1, 2]"),
        ("in-mixed", r#"tier = in ["US", 1, true]"#),
        ("not-in-text", r#"channel = not_in ["beta", "USA"]"#),
        ("not-in-numbers", "tier = not_in [3, 0]"),
        ("is-text", r#"plan = is "free""#),
        ("is-number", "tier = is 1"),
        ("is-zero", "tier = is 0"),
        ("is-fraction", "tier = is 1.5"),
        ("is-true", "signed_in = is true"),
        ("is-false", "is_staff = is false"),
        ("is-not-text", r#"plan = is_not "free""#),
        ("is-not-number", "tier = is_not 1"),
        ("is-not-true", "is_staff = is_not true"),
        ("semver-at-least", r#"app_version = semver ">=5.2.0""#),
        ("semver-above", r#"app_version = semver ">5.2.0""#),
        ("semver-at-most", r#"app_version = semver "<=5.2.0""#),
        ("semver-below", r#"app_version = semver "<5.2.0""#),
        ("semver-is", r#"app_version = semver "=5.2.0""#),
        ("semver-is-not", r#"app_version = semver "!=5.2.0""#),
        ("at-least", "age = at_least 18"),
        ("at-most", "age = at_most 30.5"),
        ("above", "orders = above 0"),
        ("below", "orders = below 100.5"),
        ("below-zero", "age = below 0"),
        ("starts-with", r#"locale = starts_with "en-""#),
        ("ends-with", r#"device = ends_with "-phone""#),
    ] {
        let (attribute, comparison) = condition.split_once(" = ").expect("an attribute");
        let (operator, value) = comparison.split_once(' ').expect("an operator");
        let audience = format!("where = [{{ attribute = \"{attribute}\", {operator} = {value} }}]");
        let shows = format!("`{attribute}` {} `{value}`", operator.replace('_', " "));
        add("Conditions", name, &shows, vec![spec(name, &TWO, &audience, &everybody(), "")]);
    }
    let staff = "exclude = [{ attribute = \"is_staff\", is = true }]";
    add("Audiences", "exclusion", "one exclusion", vec![spec("exclusion", &TWO, staff, &everybody(), "")]);
    let negated = "exclude = [{ attribute = \"risk\", not_in = [\"low\", \"none\"] }]";
    add(
        "Audiences",
        "exclusion-not-in",
        "an exclusion with `not in`",
        vec![spec("exclusion-not-in", &TWO, negated, &everybody(), "")],
    );
    let same = "where = [{ attribute = \"age\", at_least = 18 }, { attribute = \"age\", at_most = 65 }]";
    add(
        "Audiences",
        "two-conditions",
        "two on one attribute",
        vec![spec("two-conditions", &TWO, same, &everybody(), "")],
    );
    add(
        "Audiences",
        "all-conditions",
        "eleven conditions and two exclusions",
        vec![spec("all-conditions", &THREE, CONDITIONS, &everybody(), "")],
    );
    let words: Vec<String> = HOSTILE.iter().map(|word| toml(word)).collect();
    let hostile = format!("where = [{{ attribute = \"word\", in = [{}] }}]", words.join(", "));
    add(
        "Audiences",
        "hostile-values",
        "values that would be orders",
        vec![spec("hostile-values", &TWO, &hostile, &everybody(), "")],
    );
    let all_country = "where = [{ attribute = \"country\", in = [\"US\", \"CA\"] }]";
    add(
        "Audiences",
        "condition-and-share",
        "a condition and 20 %",
        vec![spec("condition-and-share", &THREE, all_country, &main_at("20%"), "")],
    );
    add(
        "Ids",
        "beyond-ascii",
        "ids beyond ASCII",
        vec![spec("beyond-ascii", &THREE, "unit = \"guest\"", &everybody(), "")],
    );
    add(
        "Ids",
        "own-salt",
        "a salt of its own",
        vec![spec("own-salt", &THREE, "salt = \"a $& 'salt' \\\"of\\\" its own\"", &main_at("50%"), "")],
    );

    let force = |list: &[(&str, &str)]| {
        let of = |variant: &str| {
            let ids: Vec<String> = list.iter().filter(|one| one.1 == variant).map(|one| toml(one.0)).collect();
            format!("{variant} = [{}]", ids.join(", "))
        };
        format!("force = {{ {}, {} }}", of("treatment-a"), of("treatment-b"))
    };
    let forced = format!("where = [{{ attribute = \"plan\", is = \"free\" }}]\n{}", force(&FORCED));
    add(
        "Forced units",
        "forced",
        "whatever the audience says",
        vec![spec("forced", &THREE, &forced, &everybody(), "")],
    );
    let outside = format!("{}\nholdout = \"global\"", force(&FORCED));
    add(
        "Forced units",
        "forced-at-0-1",
        "at 0.1 %, with a holdout",
        vec![spec("forced-at-0-1", &THREE, &outside, &main_at("0.1%"), "")],
    );

    let slot = |id: &str, layer: &str, share: &str| {
        spec(id, &TWO, &format!("layer = \"{layer}\"\nshare = \"{share}\""), &main_at(share), "")
    };
    add(
        "Layers",
        "layer",
        "three members: 40, 30 and 30 %",
        vec![slot("layer-a", "three", "40%"), slot("layer-b", "three", "30%"), slot("layer-c", "three", "30%")],
    );
    add(
        "Layers",
        "layer-odd",
        "three members: 33.33, 33.33 and 0.5 %",
        vec![
            slot("layer-odd-a", "thirds", "33.33%"),
            slot("layer-odd-b", "thirds", "33.33%"),
            slot("layer-odd-c", "thirds", "0.5%"),
        ],
    );
    add(
        "Holdouts",
        "holdout",
        "5 %, of two experiments",
        vec![
            spec("holdout-a", &TWO, "holdout = \"global\"", &everybody(), ""),
            spec("holdout-b", &THREE, "holdout = \"global\"", &main_at("50%"), ""),
        ],
    );
    add("Holdouts", "holdout-odd", "3.3 %", vec![spec("holdout-odd", &TWO, "holdout = \"odd\"", &everybody(), "")]);

    let steps = ["1%", "5%", "20%", "50%"];
    add("Ramps", "ramp", "1, 5, 20, 50 and 100 %", vec![spec("ramp", &THREE, "", &ramp(&steps, "100%"), "")]);
    let uneven = [("control", "80"), ("treatment-a", "20")];
    add(
        "Ramps",
        "ramp-uneven",
        "the same of 80 : 20, two thirds of the units",
        vec![spec(
            "ramp-uneven",
            &uneven,
            "where = [{ attribute = \"country\", is_not = \"CA\" }]",
            &ramp(&steps, "100%"),
            "",
        )],
    );
    let in_slot = "layer = \"ramped\"\nshare = \"50%\"\nholdout = \"global\"";
    add(
        "Ramps",
        "ramp-in-slot",
        "1, 5, 20 and 50 % in a slot of 50 %, with a holdout",
        vec![spec("ramp-in-slot", &TWO, in_slot, &ramp(&["1%", "5%", "20%", "40%"], "50%"), "")],
    );
    let weights =
        "{ name = \"at-1\", share = \"10%\", hold = \"7 days\", weights = { control = 9, treatment-a = 1 } },";
    add(
        "Ramps",
        "other-weights",
        "a stage with weights of its own",
        vec![spec("other-weights", &TWO, "", &(weights.to_owned() + &everybody()), "")],
    );

    let winner = "[results]\nvariant = \"treatment-a\"";
    add("Shipped", "shipped", "the winner to everybody", vec![spec("shipped", &TWO, "", &everybody(), winner)]);
    add(
        "Shipped",
        "shipped-held",
        "the winner to all but the holdout",
        vec![spec("shipped-held", &TWO, "holdout = \"global\"", &everybody(), winner)],
    );
    let audience = format!("where = [{{ attribute = \"country\", in = [\"US\"] }}]\n{}", force(&FORCED));
    add(
        "Kill switch",
        "killed",
        "`off` to everybody, forced units too",
        vec![spec("killed", &THREE, &audience, &everybody(), "")],
    );

    let with = |id: &str, payload: &str, audience: &str| {
        let Spec { text, .. } = spec(id, &TWO, audience, &everybody(), "");
        let own = "payload = { cta = \"treatment-a\", n = 0.1, list = [1, true] }";
        assert!(text.contains(own));
        Spec { id: id.to_owned(), text: text.replace(own, &format!("payload = {{ {payload} }}")) }
    };
    add(
        "Payloads",
        "default-of-catalogue",
        "`off` has a payload of its own",
        vec![spec("default-of-catalogue", &TWO, "", &main_at("50%"), "")],
    );
    let texts: Vec<String> = HOSTILE.iter().map(|word| toml(word)).collect();
    let odd_keys = "\"a \\\"quoted\\\" key\" = 1, \"${x}\" = 2, \"{{x}}\" = 3, \"日本\" = 4, \"\" = 5, \"a.b\" = 6";
    add(
        "Payloads",
        "hostile-payload",
        "quotes, line breaks, `${}`, `%{}`, `{{ }}`, `__proto__`",
        vec![with(
            "hostile-payload",
            &format!("words = [{}], {odd_keys}, \"__proto__\" = {{ polluted = true }}", texts.join(", ")),
            "",
        )],
    );
    add(
        "Payloads",
        "types",
        "every type, empty ones too",
        vec![with(
            "types",
            "t = true, f = false, i = -7, d = 0.1, e = \"\", l = [], o = {}, day = 2027-01-11, tiny = 1e-7, huge = 1e21",
            "",
        )],
    );
    add("Payloads", "largest-integer", "2^53", vec![with("largest-integer", "n = 9007199254740992", "")]);
    add("Payloads", "larger-integer", "2^53 + 1", vec![with("larger-integer", "n = 9007199254740993", "")]);
    add("Payloads", "minus-zero", "-0.0", vec![with("minus-zero", "n = -0.0", "")]);
    let deep = |levels: usize| format!("v = {}1{}", "[".repeat(levels), "]".repeat(levels));
    add("Payloads", "deep-payload", "60 lists in one another", vec![with("deep-payload", &deep(60), "")]);
    let large = format!("blob = \"{}\"", "0123456789abcdef".repeat(65_536));
    add(
        "Payloads",
        "large-payload",
        "a text of 1 MB",
        vec![with("large-payload", &large, "where = [{ attribute = \"size\", is = \"large\" }]")],
    );
    let key = "a \\\"flag\\\" of ${x} {{ y }} 日本";
    let Spec { id, text } = spec("hostile-key", &TWO, "", &everybody(), "");
    let text = text.replace("id = \"hostile-key\"", &format!("id = \"hostile-key\"\nflag = \"{key}\""));
    add("Keys", "hostile-key", "quotes, blanks, `${}`, `{{ }}` and letters beyond ASCII", vec![Spec { id, text }]);
    let odd = [("control", "1"), ("\"a variant: ${x} 日本\"", "1")];
    let Spec { id, text } = spec("hostile-variant", &odd, "", &everybody(), "");
    let text = text.replace("cta = \"\"a variant: ${x} 日本\"\"", "cta = \"odd\"");
    add("Keys", "hostile-variant", "the same in a variant's name", vec![Spec { id, text }]);

    for case in &mut cases {
        case.ramp = match case.name {
            "ramp" | "ramp-uneven" | "ramp-in-slot" => RAMP,
            "other-weights" => &RAMP[..1],
            _ => &[],
        };
        case.kind = match case.name {
            "layer" | "layer-odd" => Kind::Layer,
            "holdout" => Kind::Holdout,
            "shipped" | "shipped-held" => Kind::Shipped,
            _ => Kind::Plain,
        };
        case.apart = matches!(case.group, "Payloads" | "Keys");
        case.kill = matches!(case.name, "killed" | "layer" | "holdout" | "ramp-in-slot");
    }
    cases
}
