//! MET024 neglected-event.

use std::collections::HashMap;

use crate::catalog::Metric;
use crate::policy::{Policy, PresetName, SettingOrigin};
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Day;

rule! {
    /// An event that experiments rest on has no owner, a summed property without a type, or was not reviewed of late.
    ///
    /// A first review is asked for where the policy writes `max_review_age`, or is strict. Told once, in the catalogue.
    ///
    /// ## Why
    /// Logging changes with every release; an event that nobody looks after drifts from what its name says.
    ///
    /// ## Source
    /// Fabijan et al., Three Key Checklists, ICSE-SEIP 2019: telemetry that is verified before an experiment starts.
    ///
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without events.order_refunded.owner
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// reviewed = 2025-06-01
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// #: without events.page_shown.properties
    /// ```
    /// ```toml,good
    /// #: file catalog/base.toml
    /// [events.order_refunded]
    /// reviewed = 2026-09-01
    /// ```
    static RULE = {
        code: "MET024", name: "neglected-event", since: "0.1.0",
        level: Warn, needs: [Catalog, Policy],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut summed: HashMap<&str, &str> = HashMap::new();
    for (_, _, metric) in cx.catalog.metrics.iter() {
        let metric: &Metric = metric;
        for (event, value) in [(&metric.event, &metric.value), (&metric.denominator, &metric.denominator_value)] {
            if let (Some(event), Some(value)) = (event.value(), value.value()) {
                summed.entry(event).or_insert(value);
            }
        }
    }
    let events = cx.catalog.events.iter().map(|(name, span, event)| {
        let mut neglect = Neglect::of("event", name, span, &event.owner, &event.reviewed, cx);
        // What a declared list lacks is another fault: MET017.
        neglect.untyped = summed.get(name).copied().filter(|_| event.properties.is_absent());
        neglect
    });
    tell(&RULE, cx, events.collect(), out);
}

/// What a definition of the tracking plan lacks.
pub(in crate::rules) struct Neglect<'a> {
    sort: &'static str,
    name: &'a str,
    span: Span,
    /// Keys.
    pub lacks: Vec<&'static str>,
    /// The last review, its age in days, and the age that is allowed.
    old: Option<(Span, i64, u32)>,
    /// A property that is summed and has no type.
    untyped: Option<&'a str>,
}

impl<'a> Neglect<'a> {
    pub(in crate::rules) fn of(
        sort: &'static str,
        name: &'a str,
        span: Span,
        owner: &Field<String>,
        reviewed: &Field<Day>,
        cx: &PortfolioCx<'_>,
    ) -> Self {
        let policy = cx.workspace.in_force.policy(cx.workspace.sources.path(span));
        let mut lacks = Vec::new();
        if owner.is_absent() {
            lacks.push("owner");
        }
        if reviewed.is_absent() && asks_for_review(&policy) {
            lacks.push("reviewed");
        }
        let old = reviewed.get().zip(cx.today).and_then(|(reviewed, today)| {
            let (age, most) = (reviewed.value.until(today), policy.max_review_age.value.whole_days());
            (i64::from(most) < age).then_some((reviewed.span, age, most))
        });
        Self { sort, name, span, lacks, old, untyped: None }
    }

    fn told(&self, rule: &Rule) -> Diagnostic {
        let (sort, shown) = (self.sort, quoted(self.name));
        let keys = self.lacks.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        let headline = match (&self.lacks[..], self.untyped, self.old) {
            ([], None, Some((_, age, _))) => format!("{sort} {shown} was last reviewed {age} days ago"),
            ([], Some(property), _) => format!("event {shown} lacks the type of {}, which is summed", quoted(property)),
            (["owner"], ..) => format!("{sort} {shown} has no owner"),
            _ => format!("{sort} {shown} lacks {keys}"),
        };
        let mut found = match self.old {
            Some((reviewed, _, most)) if self.lacks.is_empty() && self.untyped.is_none() => {
                rule.at(reviewed, headline).label(format!("the policy allows {}", days(most)))
            }
            Some((reviewed, age, most)) => rule
                .at(self.span, headline)
                .label("experiments use it")
                .also(reviewed, format!("reviewed {age} days ago; the policy allows {}", days(most))),
            None => rule.at(self.span, headline).label("experiments use it"),
        };
        let table = format!("{sort}s.{}", crate::text::printable(self.name));
        if !self.lacks.is_empty() {
            found = found.help(format!("add {keys} to `[{table}]`"));
        }
        if let Some(property) = self.untyped.map(crate::text::printable) {
            found = found.help(format!("add `properties = {{ {property} = \"number\" }}` to `[{table}]`"));
        }
        match self.old {
            Some(_) => found.help("look at what arrives, and set `reviewed` to that day"),
            None => found,
        }
    }
}

/// True when the policy itself, or the strict preset, demands that everything was reviewed once.
fn asks_for_review(policy: &Policy) -> bool {
    policy.max_review_age.origin != SettingOrigin::Preset(PresetName::Recommended)
}

/// Tells of the neglected definitions that an experiment uses which is not over.
pub(in crate::rules) fn tell(rule: &Rule, cx: &PortfolioCx<'_>, all: Vec<Neglect<'_>>, out: &mut Sink) {
    let lacking = |one: &&Neglect<'_>| !one.lacks.is_empty() || one.old.is_some() || one.untyped.is_some();
    let neglected: Vec<&Neglect<'_>> = all.iter().filter(lacking).collect();
    // Ten thousand experiments are asked only when there is something to tell.
    let Some(first) = neglected.first() else { return };
    let used = place::used(cx, first.sort);
    neglected.iter().filter(|one| used.contains(one.name)).for_each(|one| out.push(one.told(rule)));
}
