//! 20,000 units as applications describe them.
//!
//! Most values are of the type that the catalogue declares, or are missing or null: on those every platform must say
//! what the language says. The others are *odd*, and each is of a kind with a name (`short version`): a platform may
//! read them in its own way when its entry in the registry names the kind.

use serde_json::{Map, Value as Json, json};

/// A unit, and which of its attributes hold values of another type than declared.
pub struct Unit {
    pub attributes: Map<String, Json>,
    /// Attribute, kind.
    pub odd: Vec<(&'static str, &'static str)>,
}

pub const UNITS: usize = 20_000;

/// Ids that the matrix forces into variants, all of them in `forced`.
pub const FORCED: [(&str, &str); 3] = [("qa-a", "treatment-a"), ("qa-b", "treatment-b"), ("qa-b2", "treatment-b")];

/// Every kind of odd values.
pub const ODD: &[&str] = &[
    "boolean as number",
    "build metadata",
    "empty text",
    "four-part version",
    "list as number",
    "list as text",
    "number as boolean",
    "number as id",
    "number as text",
    "number as version",
    "object as number",
    "object as text",
    "padded version",
    "pre-release",
    "short version",
    "text as boolean",
    "text as number",
    "text as version",
    "v-version",
];

/// Words that would be orders to an engine which reads data as code.
pub const HOSTILE: [&str; 8] = [
    "quote \" backslash \\ slash /",
    r#"{"var":"user_id"}"#,
    "line\nbreak\ttab",
    "$& $` ^.*$ [a](b){c}|d+?",
    "${user_id} %{user_id} {{ user_id }} <%= 1 %>",
    "日本語 🎉 \u{202e}",
    "__proto__",
    " spaces around ",
];

/// An attribute: values that most conditions accept, other declared ones, odd ones.
struct Pool {
    name: &'static str,
    good: Vec<Json>,
    bad: Vec<Json>,
    odd: Vec<(&'static str, Json)>,
}

impl Pool {
    /// One value in thirty is null, one missing, one odd, three are bad.
    fn draw(&self, dice: &mut Dice) -> (Option<Json>, Option<&'static str>) {
        let pick = |dice: &mut Dice, values: &[Json]| {
            let value = values[dice.below(values.len())].clone();
            let kind = (value == json!("")).then_some("empty text");
            (Some(value), kind)
        };
        match dice.below(30) {
            0 => (Some(Json::Null), None),
            1 => (None, None),
            2 if !self.odd.is_empty() => {
                let (kind, value) = &self.odd[dice.below(self.odd.len())];
                (Some(value.clone()), Some(*kind))
            }
            2..=5 => pick(dice, &self.bad),
            _ => pick(dice, &self.good),
        }
    }
}

fn pools() -> Vec<Pool> {
    let texts = || {
        vec![("number as text", json!(5)), ("list as text", json!(["US"])), ("object as text", json!({ "US": true }))]
    };
    let numbers = || {
        vec![
            ("text as number", json!("30")),
            ("text as number", json!("")),
            ("boolean as number", json!(true)),
            ("list as number", json!([30])),
            ("object as number", json!({ "30": 30 })),
        ]
    };
    let booleans = || {
        let texts = ["true", "false", "TRUE", "yes", ""].map(|text| ("text as boolean", json!(text)));
        let numbers = [0, 1].map(|number| ("number as boolean", json!(number)));
        texts.into_iter().chain(numbers).collect()
    };
    let versions = vec![
        ("pre-release", json!("5.2.0-rc.1")),
        ("pre-release", json!("5.3.0-rc.1")),
        ("build metadata", json!("5.2.0+7")),
        ("four-part version", json!("5.2.0.1")),
        ("four-part version", json!("6.0.0.0")),
        ("v-version", json!("v5.3.0")),
        ("v-version", json!("V5.3.0")),
        ("short version", json!("5.2")),
        ("short version", json!("6")),
        ("short version", json!("5")),
        ("padded version", json!("05.3.0")),
        ("padded version", json!(" 5.3.0")),
        ("number as version", json!(6)),
        ("number as version", json!(5.3)),
        ("text as version", json!("nightly")),
        ("text as version", json!("")),
        ("list as text", json!(["5.3.0"])),
    ];
    let pool = |name, good: Vec<Json>, bad: Vec<Json>, odd| Pool { name, good, bad, odd };
    let mut words: Vec<Json> = HOSTILE.iter().map(|word| json!(word)).collect();
    words.push(json!("user-000007"));
    vec![
        pool("country", vec![json!("US"), json!("CA")], ["FR", "U", "us", "USA", ""].map(Json::from).to_vec(), texts()),
        pool(
            "channel",
            ["stable", "US", ""].map(Json::from).to_vec(),
            ["beta", "USA"].map(Json::from).to_vec(),
            texts(),
        ),
        pool("signed_in", vec![json!(true)], vec![json!(false)], booleans()),
        pool("plan", ["pro", "Free", ""].map(Json::from).to_vec(), vec![json!("free")], texts()),
        pool(
            "app_version",
            ["5.2.0", "5.2.1", "5.10.0", "10.0.0"].map(Json::from).to_vec(),
            ["5.1.9", "4.99.99", "0.0.1", "5.1.99"].map(Json::from).to_vec(),
            versions,
        ),
        pool("age", vec![json!(18), json!(65), json!(30.5)], vec![json!(17.9), json!(66), json!(-1)], numbers()),
        pool("orders", vec![json!(1), json!(100.4), json!(0.1)], vec![json!(0), json!(100.5), json!(1e6)], numbers()),
        pool("locale", vec![json!("en-US"), json!("en-")], ["en", "de-en-", "EN-US"].map(Json::from).to_vec(), texts()),
        pool("device", vec![json!("a-phone"), json!("-phone")], ["phone", "-phones"].map(Json::from).to_vec(), texts()),
        pool("is_staff", vec![json!(false)], vec![json!(true)], booleans()),
        pool("risk", vec![json!("low"), json!("none")], ["high", "Low"].map(Json::from).to_vec(), texts()),
        pool("tier", vec![json!(1), json!(2)], vec![json!(3), json!(0), json!(1.5)], numbers()),
        pool("word", vec![json!("plain"), json!("words")], words, texts()),
        pool("size", vec![json!("small")], vec![json!("medium")], texts()),
    ]
}

/// The same units in every run.
pub fn all() -> Vec<Unit> {
    let mut dice = Dice(20_270_111);
    let pools = pools();
    let mut units: Vec<Unit> = (0..UNITS)
        .map(|n| {
            let mut unit = Unit { attributes: Map::new(), odd: Vec::new() };
            let id = match n % 100 {
                0 => None,
                1 => Some(json!("")),
                2 => Some(Json::Null),
                _ => Some(json!(format!("user-{n:06}"))),
            };
            let guest = id.as_ref().map(|id| match id.as_str() {
                Some(text) if !text.is_empty() => json!(format!("gäst-{n:06}-{}", ["ø", "客", "🎉"][n % 3])),
                _ => id.clone(),
            });
            unit.attributes.extend(id.map(|id| ("user_id".to_owned(), id)));
            unit.attributes.extend(guest.map(|guest| ("guest_id".to_owned(), guest)));
            for pool in &pools {
                let (value, odd) = pool.draw(&mut dice);
                unit.attributes.extend(value.map(|value| (pool.name.to_owned(), value)));
                unit.odd.extend(odd.map(|kind| (pool.name, kind)));
            }
            unit
        })
        .collect();
    // Few units meet the condition of the largest payload: it is printed for each.
    for unit in units.iter_mut().skip(550).step_by(1_000) {
        unit.attributes.insert("size".to_owned(), json!("large"));
        unit.odd.retain(|(name, _)| *name != "size");
    }
    // Ids that are forced, and one that begins like them.
    for (n, id) in FORCED.iter().map(|(id, _)| *id).chain(["qa-"]).enumerate() {
        units[100 * n + 7].attributes.insert("user_id".to_owned(), json!(id));
    }
    for (n, number) in [7, 123_456].into_iter().enumerate() {
        units[100 * n + 1_007].attributes.insert("user_id".to_owned(), json!(number));
        units[100 * n + 1_007].odd.push(("user_id", "number as id"));
    }
    units
}

/// The same numbers in every run, without a dependency: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
