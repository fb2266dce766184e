//! SYN011 redundant-override.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::MERGED_LISTS;
use crate::syntax::{Entry, Node, Value};

rule! {
    /// A spec repeats a value that its template sets already.
    ///
    /// ## Why
    /// What is truly different drowns among what is not, and the copy stays behind when the template moves.
    /// A protected value may be repeated: there the copy is a statement.
    ///
    /// ## Source
    /// Common practice of configuration languages with inheritance.
    ///
    /// ```toml,bad
    /// [design]
    /// sides = "two"
    /// ```
    /// ```toml,fixed
    /// #: without design.sides
    /// ```
    /// ```toml,good
    /// [design]
    /// alpha = 0.05
    /// ```
    static RULE = {
        code: "SYN011", name: "redundant-override", since: "0.1.0",
        level: Info, fix: Safe, needs: [Portfolio],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(name) = &cx.compiled.template else { return };
    let Some(template) = cx.workspace.templates.get(name) else { return };
    let protected: Vec<&str> = template.protected.iter().map(|path| path.value.as_str()).collect();
    let mut walk = Walk { cx, template: name, protected, out };
    walk.table(&cx.document.tree, &template.tree, "");
}

struct Walk<'a, 'b> {
    cx: &'a PlanCx<'a>,
    template: &'a str,
    protected: Vec<&'a str>,
    out: &'b mut Sink,
}

impl Walk<'_, '_> {
    fn table(&mut self, own: &Node, inherited: &Node, path: &str) {
        let (Value::Table(own), Value::Table(inherited)) = (&own.value, &inherited.value) else { return };
        for entry in &own.entries {
            let Some(old) = inherited.entry(&entry.key) else { continue };
            let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            // A decision reads whole: its last line may be repeated beside new rules.
            let whole = path == "decision.otherwise" && own.get("rules").is_some();
            if whole || self.is_left_alone(&path) {
                continue;
            }
            match &entry.node.value {
                Value::Table(_) if !self.is_inline(&entry.node) => self.table(&entry.node, &old.node, &path),
                Value::Array(items) if MERGED_LISTS.iter().any(|(list, _)| *list == path) => {
                    self.members(items, &old.node, &path);
                }
                Value::Table(_) if !entry.node.same_value(&old.node) => self.table(&entry.node, &old.node, &path),
                _ if entry.node.same_value(&old.node) => self.restated(entry, old, &path),
                _ => {}
            }
        }
    }

    /// Lists that add up: a member is compared with the template's member of the same metric.
    fn members(&mut self, own: &[Node], inherited: &Node, path: &str) {
        let name = |node: &Node| node.as_table().and_then(|table| table.get("metric")?.as_str().map(str::to_owned));
        for item in own {
            let Some(metric) = name(item) else { continue };
            let old = inherited.as_array().and_then(|items| items.iter().find(|old| name(old).as_ref() == Some(&metric)));
            let Some(old) = old.filter(|old| old.same_value(item)) else { continue };
            let found = RULE
                .at(item.span, format!("{} {} repeats the template", quoted(path), quoted(&metric)))
                .label("no difference")
                .also(old.span, "inherited from here")
                .help("remove it");
            self.out.push(place::remove_element(self.cx, found, Applicability::Safe, item.span));
        }
    }

    /// Protected values, and texts that should be written anew: they have a rule of their own.
    fn is_left_alone(&self, path: &str) -> bool {
        let below = |parent: &str| path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        path == "experiment.title" || below("hypothesis") || self.protected.iter().any(|protected| below(protected))
    }

    fn is_inline(&self, node: &Node) -> bool {
        self.cx.written(node.span).starts_with('{')
    }

    fn restated(&mut self, entry: &Entry, old: &Entry, path: &str) {
        let found = RULE
            .at(entry.node.span, format!("{} repeats the template {}", quoted(path), quoted(self.template)))
            .label("no difference")
            .also(old.node.span, "inherited from here")
            .help("remove it");
        self.out.push(place::remove(self.cx, found, Applicability::Safe, entry.key_span));
    }
}
