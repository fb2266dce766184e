//! What it means that a plan is another than it was.
//!
//! [`Change::between`] compares the [`Terms`] of two plans, or of a plan and its seal, and lists the fields that
//! differ, each with its place on both sides. [`Class`] says what a field is for: words, safety, who sees what, or how
//! it is decided. [`Worth`] says what the change is once the state of knowledge is known: an amendment or a deviation.
//! Pure: no file, no clock. A field that no line of the classification names is one that decides: doubt is on the safe
//! side.

mod amended;
mod class;
mod compare;
mod people;
mod record;
mod review;

pub use amended::{AS_SEALED, Cover, cover, taken_back};
pub use class::{Class, Worth, class_of_path, deviates};
pub use people::Movement;
pub use record::{Recorded, Records, Rewriting, rewritings};
pub use review::{Fate, Impact, Outline, Review, Reviewed, TargetChange, TargetFate};

use crate::plan::Terms;
use crate::plan::terms::{Standing, standing};
use crate::spec::{Amendment, Day};
use crate::syntax::{At, Node, Value};
use crate::text::printable;

/// What differs between two plans.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// In the order in which a spec reads; definitions of the catalogue come last.
    pub fields: Vec<FieldChange>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The keys from the root; members of a list go by their name: `metrics`, `primary`, `order_conversion`, `mde`.
    /// Definitions begin with `catalog`.
    pub path: Vec<String>,
    /// The path with the number of each member of a list, as the file has it: `metrics.primary[0].mde`.
    pub numbered: String,
    pub what: What,
    pub class: Class,
    /// True when the earlier plan foresees it: stages that are appended within the sealed share and time.
    pub foreseen: bool,
}

/// The two sides of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Added(Node),
    Removed(Node),
    Changed(Node, Node),
    /// The same members in another order, where order has a meaning.
    Reordered(Node, Node),
}

impl Change {
    /// The difference of two plans. Spelling, order of keys and defaults that are written out are none.
    pub fn between(before: &Terms, after: &Terms) -> Self {
        let mut change = Self::of_plans(&before.plan, &after.plan);
        change.fields.extend(Self::of_catalogs(&before.catalog, &after.catalog).fields);
        change
    }

    /// The difference in what the specs say.
    pub fn of_plans(before: &Node, after: &Node) -> Self {
        Self { fields: compare::plans(before, after) }
    }

    /// The difference in the definitions that both rest on. One that only one side names is no change of a definition.
    pub fn of_catalogs(before: &Node, after: &Node) -> Self {
        Self { fields: compare::catalogs(before, after) }
    }

    /// Only what a seal holds.
    #[must_use]
    pub fn held(mut self) -> Self {
        self.fields.retain(|field| field.standing() == Standing::Held);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The gravest class among the fields.
    pub fn class(&self) -> Class {
        self.fields.iter().map(|field| field.class).max().unwrap_or(Class::None)
    }
}

impl FieldChange {
    /// The path as an amendment names it: `metrics.primary.order_conversion.mde`.
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// The path as an amendment is written: a definition without the word for the whole.
    pub fn name(&self) -> String {
        let dotted = self.dotted();
        dotted.strip_prefix("catalog.").map_or_else(|| dotted.clone(), str::to_owned)
    }

    pub fn standing(&self) -> Standing {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        standing(&path)
    }

    pub fn before(&self) -> Option<&Node> {
        match &self.what {
            What::Added(_) => None,
            What::Removed(node) | What::Changed(node, _) | What::Reordered(node, _) => Some(node),
        }
    }

    pub fn after(&self) -> Option<&Node> {
        match &self.what {
            What::Removed(_) => None,
            What::Added(node) | What::Changed(_, node) | What::Reordered(_, node) => Some(node),
        }
    }

    /// What happened, as the end of a sentence whose subject is the path: `was 0.05 and is 0.1`.
    pub fn words(&self) -> String {
        match &self.what {
            What::Added(node) => format!("is new: {}", words(node)),
            What::Removed(node) => format!("is gone; it was {}", words(node)),
            What::Changed(before, after) => format!("was {} and is {}", words(before), words(after)),
            What::Reordered(..) => "has another order".to_owned(),
        }
    }

    /// True when a path that an amendment names stands for this field: it is the field's own, above it or below it.
    pub fn is_named_by(&self, named: &str) -> bool {
        let below = |path: &str, parent: &str| {
            path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let named = named.trim();
        let dotted = self.dotted();
        // A definition may be named with or without the word for the whole.
        let short = dotted.strip_prefix("catalog.").unwrap_or(&dotted);
        !named.is_empty() && [&dotted, short, &self.numbered].into_iter().any(|path| below(path, named))
    }
}

/// The fields of an amendment that are changed in sight of the results: what they decide is exploratory from then on.
pub fn deviations(amendment: &Amendment) -> Vec<&At<String>> {
    let Some(access) = amendment.data_access.copied() else { return Vec::new() };
    let fields = amendment.fields.value().into_iter().flat_map(|list| list.iter());
    fields.filter(|field| deviates(field, access)).collect()
}

/// A value in one line, as TOML writes it; long ones are cut.
pub fn words(node: &Node) -> String {
    const MOST: usize = 60;
    let mut text = String::new();
    write(node, &mut text);
    let shown = printable(&text);
    match shown.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown,
    }
}

fn write(node: &Node, out: &mut String) {
    match &node.value {
        // Days are written without quotes.
        Value::String(text) if text.parse::<Day>().is_ok() => out.push_str(text),
        Value::String(text) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&crate::spec::quantity::plain(*number)),
        Value::Boolean(flag) => out.push_str(&flag.to_string()),
        Value::Datetime(date) => out.push_str(&date.to_string()),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Table(table) => {
            out.push_str("{ ");
            for (index, entry) in table.entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(&entry.key);
                out.push_str(" = ");
                write(&entry.node, out);
            }
            out.push_str(if table.entries.is_empty() { "}" } else { " }" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    /// A plan in JSON, as a seal has it.
    fn plan(text: &str) -> Node {
        crate::syntax::parse_json(FileId(0), text).expect("JSON")
    }

    fn told(before: &str, after: &str) -> Vec<String> {
        let change = Change::of_plans(&plan(before), &plan(after));
        change
            .fields
            .iter()
            .map(|field| {
                let foreseen = if field.foreseen { ", foreseen" } else { "" };
                format!("{} {} ({}{foreseen})", field.dotted(), field.words(), field.class.name())
            })
            .collect()
    }

    #[test]
    fn spelling_and_order_of_keys_are_no_change() {
        let before =
            r#"{ "design": { "alpha": 0.05, "looks": ["50%", "100%"] }, "variants": { "a": { "weight": 1 } } }"#;
        let after =
            r#"{ "variants": { "a": { "weight": 1.0 } }, "design": { "looks": ["50.0 %", "100%"], "alpha": 0.050 } }"#;
        assert_eq!(told(before, after), Vec::<String>::new());
        let sets = |list: &str| format!(r#"{{ "design": {{ "segments": {list} }} }}"#);
        assert_eq!(told(&sets(r#"["a", "b"]"#), &sets(r#"["b", "a"]"#)), Vec::<String>::new());
        let payload = |text: &str| format!(r#"{{ "variants": {{ "a": {{ "payload": {{ "price": "{text}" }} }} }} }}"#);
        assert_eq!(
            told(&payload("2%"), &payload("2.0%")),
            [r#"variants.a.payload.price was "2%" and is "2.0%" (assignment)"#]
        );
    }

    #[test]
    fn members_of_a_list_go_by_their_name() {
        let before = r#"{ "metrics": { "guardrail": [{ "metric": "a", "margin": { "absolute": "2 ms" } }, { "metric": "b" }] } }"#;
        let after = r#"{ "metrics": { "guardrail": [{ "metric": "c" }, { "metric": "a", "margin": { "absolute": "3 ms" } }] } }"#;
        assert_eq!(
            told(before, after),
            [
                r#"metrics.guardrail.a.margin was { absolute = "2 ms" } and is { absolute = "3 ms" } (decision)"#,
                r#"metrics.guardrail.b is gone; it was { metric = "b" } (decision)"#,
                r#"metrics.guardrail.c is new: { metric = "c" } (safety)"#,
            ]
        );
        let changed = Change::of_plans(&plan(before), &plan(after));
        let margin = &changed.fields[0];
        assert_eq!(margin.numbered, "metrics.guardrail[1].margin");
        for named in [
            "metrics",
            "metrics.guardrail",
            "metrics.guardrail[1]",
            "metrics.guardrail.a",
            "metrics.guardrail.a.margin",
        ] {
            assert!(margin.is_named_by(named), "{named}");
        }
        for named in ["", "metric", "metrics.guardrail[0]", "metrics.guardrail.b", "metrics.primary", "design"] {
            assert!(!margin.is_named_by(named), "{named}");
        }
    }

    #[test]
    fn the_order_of_variants_and_of_stages_has_a_meaning() {
        assert_eq!(
            told(r#"{ "variants": { "a": {}, "b": {} } }"#, r#"{ "variants": { "b": {}, "a": {} } }"#),
            ["variants has another order (assignment)"]
        );
        let stages = |list: &str| format!(r#"{{ "rollout": {{ "stages": [{list}] }} }}"#);
        let (one, two) = (r#"{ "name": "one" }"#, r#"{ "name": "two" }"#);
        assert_eq!(
            told(&stages(&format!("{one}, {two}")), &stages(&format!("{two}, {one}"))),
            ["rollout.stages has another order (assignment)"]
        );
    }

    #[test]
    fn a_ramp_may_grow_within_its_share_and_its_time() {
        let with = |share: &str, stages: &str| {
            format!(
                r#"{{ "audience": {{ "share": "{share}" }}, "decision": {{ "by": "2027-02-15" }},
                      "rollout": {{ "start": "2027-01-11", "stages": [{stages}] }} }}"#
            )
        };
        let first = r#"{ "name": "canary", "share": "2%", "hold": "3 days" }"#;
        let before = with("50%", first);
        let grown = |stage: &str| told(&before, &with("50%", &format!("{first}, {stage}")));
        let fits = grown(r#"{ "name": "main", "share": "50%", "hold": "28 days" }"#);
        assert!(fits[0].ends_with("(assignment, foreseen)"), "{fits:?}");
        for outside in [
            r#"{ "name": "main", "share": "51%", "hold": "28 days" }"#,
            r#"{ "name": "main", "share": "50%", "hold": "36 days" }"#,
            r#"{ "name": "main", "share": "50%", "hold": "28 days", "weights": { "a": 3, "b": 1 } }"#,
            r#"{ "name": "main", "share": "50%" }"#,
        ] {
            assert!(grown(outside)[0].ends_with("(assignment)"), "{outside}");
        }
        // Before the stages that were sealed is not behind them.
        let earlier =
            told(&before, &with("50%", &format!(r#"{{ "name": "zero", "share": "1%", "hold": "1 day" }}, {first}"#)));
        assert!(earlier[0].ends_with("(assignment)"), "{earlier:?}");
    }

    #[test]
    fn protection_is_told_from_risk() {
        let class = |path: &str, before: &str, after: &str| {
            let nested = |value: &str| {
                path.rsplit('.').fold(value.to_owned(), |inner, key| format!(r#"{{ "{key}": {inner} }}"#))
            };
            Change::of_plans(&plan(&nested(before)), &plan(&nested(after))).class()
        };
        assert_eq!(class("audience.share", "\"50%\"", "\"40%\""), Class::Safety);
        assert_eq!(class("audience.share", "\"50%\"", "\"60%\""), Class::Assignment);
        assert_eq!(class("rollout.kill_switch", "false", "true"), Class::Safety);
        assert_eq!(class("rollout.kill_switch", "true", "false"), Class::Decision);
        let margin = |text: &str| format!(r#"[{{ "metric": "m", "margin": {{ "absolute": "{text}" }} }}]"#);
        assert_eq!(class("metrics.guardrail", &margin("2 ms"), &margin("1 ms")), Class::Safety);
        assert_eq!(class("metrics.guardrail", &margin("2 ms"), &margin("1 s")), Class::Decision);
        let rollback = |units: u32| format!(r#"[{{ "metric": "m", "min_units": {units} }}]"#);
        assert_eq!(class("rollout.rollback", &rollback(500), &rollback(400)), Class::Safety);
        assert_eq!(class("rollout.rollback", &rollback(500), "[]"), Class::Decision);
        assert_eq!(class("design.power", "0.8", "0.9"), Class::Decision);
    }
}
