//! POL001 policy-without-effect.

use crate::catalog::Entries;
use crate::plan::targets::Capabilities;
use crate::policy::{LevelSetting, Override, Pattern, Policy, PolicyTable, PresetName};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::portfolio::{CUSTOM_GROUP, CUSTOM_PREFIX, CustomFault};
use crate::rules::{self, GROUPS};
use crate::spec::{List, Named};

rule! {
    /// An entry of `expc.toml` changes nothing: it names what does not exist, or says what holds anyway.
    ///
    /// ## Why
    /// A demand that is never checked looks like one that is met.
    ///
    /// ## Source
    /// Counts in public experiment-config repositories: 55 of 487 merged configs held keys without effect.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [rules]
    /// underpowred = "warn"
    /// ```
    /// ```toml,fixed
    /// #: file expc.toml
    /// #: without rules.underpowred
    /// rules.underpowered = "warn"
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [[overrides]]
    /// paths = ["experiments/legacy/**"]
    /// rules = { no-prior-link = "allow" }
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy.required_guardrails]
    /// chekout = ["refund_rate"]
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// max_primaries = 2
    /// ```
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// never_ignore = ["governence"]
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [rules]
    /// no-prior-link = "warn"
    /// [policy]
    /// max_primaries = 1
    /// ```
    static RULE = {
        code: "POL001", name: "policy-without-effect", since: "0.1.0",
        level: Warn, fix: Safe, needs: [Policy, Catalog],
        check: Workspace(check),
    }
}

/// The risks that a spec declares, and what its audience may hold; sign-offs for others are never asked.
const RISKS: [&str; 7] = ["brand", "revenue", "legal", "safety", "model", "ethics", "minors"];

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let file = &cx.workspace.file;
    let strict = file.policy.value().and_then(|table| table.preset.copied()) == Some(PresetName::Strict);
    if let Some(rules) = file.rules.value() {
        levels(cx, rules, &[], strict, out);
    }
    let preset = if strict { PresetName::Strict } else { PresetName::Recommended };
    if let Some(table) = file.policy.value() {
        names(cx, table, out);
        thresholds(cx, table, &Policy::preset(preset), out);
    }
    let read: Vec<&str> = cx.workspace.targets.iter().map(|known| known.name).collect();
    for (name, settings) in file.targets.value().into_iter().flat_map(|named| named.iter()) {
        // A generation is read where a platform has them, a region of every platform.
        let reads = |known: &&Capabilities| {
            known.name == name.value && (known.has_generations || !settings.value.region.is_absent())
        };
        if !cx.workspace.targets.is_empty() && !cx.workspace.targets.iter().any(reads) {
            let found = RULE.at(name.span, format!("settings of target {} are never read", quoted(name)));
            let near = nearest(name, read.iter().copied());
            let label = near.map_or_else(|| "a target without settings".to_owned(), |near| format!("did you mean `{near}`?"));
            let known = listed(read.iter().copied(), read.len());
            out.push(found.label(label).help(format!("settings are read for {known}")));
        }
    }
    for entry in file.overrides.value().into_iter().flat_map(|list| list.iter()) {
        overriding(cx, entry, strict, out);
    }
}

/// The level of each rule that a table of levels names.
fn levels(
    cx: &PortfolioCx<'_>,
    table: &Named<LevelSetting>,
    earlier: &[&Named<LevelSetting>],
    strict: bool,
    out: &mut Sink,
) {
    let entries: Vec<_> = table.iter().collect();
    for (index, (key, word)) in entries.iter().enumerate() {
        let name = key.value.as_str();
        // A faulty custom rule is told by its own rule.
        let is_faulty = |fault: &CustomFault| fault.rule == name.strip_prefix(CUSTOM_PREFIX).unwrap_or(name);
        let is_group = |name: &str| {
            GROUPS.iter().any(|(_, group)| *group == name)
                || (name == CUSTOM_GROUP && !cx.workspace.file.custom.is_absent())
        };
        let Some(rule) = rules::known(cx.workspace).find(|rule| rule.code == name || rule.name == name) else {
            if !is_group(name) && !cx.workspace.custom.faults.iter().any(is_faulty) {
                let known = rules::known(cx.workspace).flat_map(|rule| [rule.code, rule.name]);
                let known = known.chain(GROUPS.iter().map(|(_, group)| *group));
                let known = known.filter(|name| table.get(name).is_none());
                let found = RULE.at(key.span, format!("no rule and no group is called {}", quoted(name)));
                out.push(with_near(cx, found.label("sets no level"), key, known, "see `expc rules`; groups are"));
            }
            continue;
        };
        let is_it = |key: &At<String>| key.value == rule.code || key.value == rule.name;
        // The last of code and name wins.
        if let Some((later, _)) = entries[index + 1..].iter().find(|(key, _)| is_it(key)) {
            let found = RULE
                .at(key.span, format!("{} is set again as {}", quoted(name), quoted(&later.value)))
                .label("without effect")
                .also(later.span, "this one counts")
                .help("keep one of the two");
            out.push(place::remove_shared(cx.workspace, found, Applicability::Safe, key.span));
            continue;
        }
        // An error that waits for its day is never what holds anyway.
        let level = word.error_from.is_none().then(|| Level::from(word.word));
        let group = rule.group;
        if let Some(of_group) = table.get(group) {
            if of_group.value == word.value {
                let group = quoted(group);
                let found = RULE
                    .at(key.span, format!("{} has the level of its group already", quoted(name)))
                    .label("without effect")
                    .also(of_group.span, format!("the level of {group}"))
                    .help("remove it");
                out.push(place::remove_shared(cx.workspace, found, Applicability::Safe, key.span));
            }
            continue;
        }
        // An earlier table may have set another level.
        let set_before = earlier.iter().any(|table| table.iter().any(|(key, _)| is_it(key) || key.value == group));
        let raised = strict && rule.level == Level::Warn;
        if !set_before && !raised && level == Some(rule.level) && level == Some(rule.draft) {
            let word = word.word;
            let found = RULE
                .at(key.span, format!("{} is \"{word}\" without this entry", quoted(name)))
                .label("the built-in level")
                .help("remove it");
            out.push(place::remove_shared(cx.workspace, found, Applicability::Safe, key.span));
        }
    }
}

/// Names that the catalogue does not know.
fn names(cx: &PortfolioCx<'_>, table: &PolicyTable, out: &mut Sink) {
    let catalog = cx.catalog;
    for (surface, guardrails) in table.required_guardrails.value().into_iter().flat_map(|named| named.iter()) {
        if surface.value != "any" {
            let taken: Vec<&str> = table.required_guardrails.value().into_iter().flat_map(|named| named.names()).collect();
            unknown(cx, surface, "surface", &catalog.surfaces, &taken, out);
        }
        for metric in guardrails.value.iter() {
            unknown(cx, metric, "metric", &catalog.metrics, &[], out);
        }
    }
    let list = |field: &'_ Field<List<String>>| field.value().map(|list| list.items.clone()).unwrap_or_default();
    for attribute in list(&table.excluded_attributes) {
        unknown(cx, &attribute, "attribute", &catalog.attributes, &[], out);
    }
    // A protected attribute that nobody has defined stays protected from whoever defines it; only a slip is told.
    for attribute in list(&table.protected_attributes) {
        if nearest(&attribute, catalog.attributes.names()).is_some() {
            unknown(cx, &attribute, "attribute", &catalog.attributes, &[], out);
        }
    }
    for name in list(&table.never_ignore) {
        let is_rule = rules::known(cx.workspace).any(|rule| [rule.code, rule.name, rule.group].contains(&name.value.as_str()));
        if !is_rule && !GROUPS.iter().any(|(_, group)| *group == name.value) {
            let known = rules::known(cx.workspace).flat_map(|rule| [rule.code, rule.name]);
            let known = known.chain(GROUPS.iter().map(|(_, group)| *group));
            let found = RULE.at(name.span, format!("no rule and no group is called {}", quoted(&name)));
            out.push(with_near(cx, found.label("protects nothing"), &name, known, "see `expc rules`; groups are"));
        }
    }
    let sign_offs = table.required_sign_offs.value();
    for (risk, _) in sign_offs.into_iter().flat_map(|named| named.iter()) {
        if !RISKS.contains(&risk.value.as_str()) {
            let risks = RISKS.into_iter().filter(|known| sign_offs.is_none_or(|named| named.get(known).is_none()));
            let found = RULE.at(risk.span, format!("no spec can declare the risk {}", quoted(risk)));
            out.push(with_near(cx, found.label("never asked for"), risk, risks, "risks are"));
        }
    }
}

/// `taken` are names that stand in the same table already.
fn unknown<T>(cx: &PortfolioCx<'_>, name: &At<String>, sort: &str, known: &Entries<T>, taken: &[&str], out: &mut Sink) {
    if known.broken || known.get(name).is_some() {
        return;
    }
    let found = RULE.at(name.span, format!("the catalogue has no {sort} {}", quoted(name)));
    out.push(with_near(cx, found.label("demanded of nobody"), name, known.names().filter(|name| !taken.contains(name)), "known:"));
}

/// The nearest known name as a fix, or else a list of them.
fn with_near<'a>(
    cx: &PortfolioCx<'_>,
    found: Diagnostic,
    name: &At<String>,
    known: impl IntoIterator<Item = &'a str>,
    intro: &str,
) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => {
            let found = found.label(format!("did you mean `{near}`?"));
            // A key may stand without quotes.
            let bare = !cx.workspace.sources.slice(name.span).starts_with(['"', '\'']);
            let plain = near.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            match plain {
                true => found.fix(
                    Applicability::Suggested,
                    format!("write `{near}`"),
                    vec![Edit { span: name.span, replacement: if bare { near.to_owned() } else { format!("\"{near}\"") } }],
                ),
                false => found,
            }
        }
        None if known.is_empty() => found.help("define it in the catalogue, or remove the entry"),
        None if 20 < known.len() => {
            found.help(format!("{intro} {}", listed(GROUPS.iter().map(|(_, group)| *group), GROUPS.len())))
        }
        None => found.help(format!("{intro} {}", listed(known.iter().copied(), 8))),
    }
}

/// Thresholds that say what holds without them.
fn thresholds(cx: &PortfolioCx<'_>, table: &PolicyTable, below: &Policy, out: &mut Sink) {
    macro_rules! compare {
        ($($field:ident),* $(,)?) => {$(
            if let Some(at) = table.$field.get().filter(|at| at.value == below.$field.value) {
                let key = stringify!($field);
                let found = RULE
                    .at(at.span, format!("`{key}` is {} without this entry", at.value))
                    .label(format!("the preset `{}` has it", below.preset.value))
                    .help("remove it");
                out.push(place::remove_shared(cx.workspace, found, Applicability::Safe, at.span));
            }
        )*};
    }
    compare!(
        max_alpha,
        min_power,
        min_run,
        max_run,
        max_first_stage,
        max_step,
        max_primaries,
        max_metrics,
        max_segments,
        max_srm_alpha,
        max_margin,
        max_baseline_age,
        max_retention,
        max_horizon,
        max_data_class,
        min_hypothesis_words,
        max_parallel,
        allow_false_discovery_rate,
        max_event_loss,
        min_cell,
        max_surveys,
        max_experiments,
        contact_period,
    );
}

fn overriding(cx: &PortfolioCx<'_>, entry: &At<Override>, strict: bool, out: &mut Sink) {
    let file = &cx.workspace.file;
    match &entry.paths {
        Field::Broken(_) => {}
        Field::Set(paths) if !paths.is_empty() || paths.broken => {
            for pattern in paths.iter() {
                let matches = Pattern::new(pattern)
                    .is_some_and(|pattern| cx.workspace.sources.iter().any(|(_, source)| pattern.matches(&source.path)));
                if !matches {
                    out.push(
                        RULE.at(pattern.span, format!("{} matches no file", quoted(pattern)))
                            .label("overrides nothing")
                            .help("write a pattern from the root of the workspace, like \"experiments/legacy/**\""),
                    );
                }
            }
        }
        _ => out.push(
            RULE.at(entry.span, "an override names no paths")
                .label("overrides nothing")
                .help("add `paths`, like [\"experiments/legacy/**\"]"),
        ),
    }
    if entry.policy.is_absent() && entry.rules.is_absent() {
        out.push(
            RULE.at(entry.span, "an override sets neither `policy` nor `rules`")
                .label("overrides nothing")
                .help("add what is to be different, or remove the override"),
        );
    }
    if let Some(rules) = entry.rules.value() {
        // What other overrides set may matter; only `[rules]` and the built-in levels are certain.
        let mut earlier: Vec<&Named<LevelSetting>> = file.rules.value().into_iter().collect();
        let others = file.overrides.value().into_iter().flat_map(|list| list.iter());
        earlier.extend(others.filter(|other| other.span != entry.span).filter_map(|other| other.value.rules.value()));
        levels(cx, rules, &earlier, strict, out);
    }
    if let Some(table) = entry.policy.value() {
        names(cx, table, out);
    }
}
