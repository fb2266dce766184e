//! PRT015 contact-fatigue.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::clash;
use crate::policy::Setting;
use crate::portfolio::Entry;
use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::{Condition, Day, Duration};

rule! {
    /// One person may expect more surveys, or more experiments, within a period than the policy allows.
    ///
    /// Counted is a person whom all audiences let in that can meet: the shares of the experiments, holdouts taken off,
    /// added up over every window of the period. An expectation needs no independence: the members of a layer share
    /// people out, and the sum is the same. A survey is asked at an even rate over its run. What was stopped or archived
    /// counts on its first day.
    ///
    /// ## Why
    /// People who are asked too often answer at random or not at all, and a product that never stands still teaches nobody.
    ///
    /// ## Source
    /// Porter, Whitcomb, Weitzer, Multiple surveys of students and survey fatigue, New Directions for Institutional
    /// Research 121, 2004: each earlier survey lowers the response to the next.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// max_experiments = 0.5
    /// #: twin checkout-form
    /// ```
    /// ```toml,bad
    /// [feedback]
    /// survey = { share = "60%", event = "order_placed", ask = "How easy was checkout?" }
    /// #: file expc.toml
    /// [policy]
    /// max_surveys = 0.5
    /// #: twin checkout-form
    /// [feedback]
    /// survey = { share = "60%", event = "order_placed", ask = "Was anything unclear?" }
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [policy]
    /// max_experiments = 1.5
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "PRT015", name: "contact-fatigue", since: "0.1.0",
        level: Warn, needs: [Policy, Portfolio],
        check: Portfolio(check),
    }
}

/// Audiences that are added up for one person, largest first, and persons that are tried: beyond these a crowd says the same.
const MOST_AUDIENCES: usize = 64;
const MOST_PERSONS: usize = 8;

/// Sums of shares are compared with this slack: ten times 0.1 is one.
const SLACK: f64 = 1e-9;

/// What reaches a person from one experiment.
struct Contact<'a> {
    entry: &'a Entry,
    start: Day,
    end: Day,
    /// The probability that a person of its audience is reached.
    part: f64,
    /// Where the part is asked for.
    span: Span,
}

/// A window of days and what a person may expect in it.
struct Window {
    last: Day,
    expected: f64,
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    // A person belongs to no path, so the limits are those of `[policy]` alone.
    let policy = cx.workspace.in_force.policy("");
    let period = i64::from(policy.contact_period.value.whole_days().max(1));
    let both = [("surveys", &policy.max_surveys), ("experiments", &policy.max_experiments)];
    for (what, limit) in both {
        let surveys = what == "surveys";
        let mut by_unit: BTreeMap<&str, Vec<Contact<'_>>> = BTreeMap::new();
        for entry in &cx.portfolio.entries {
            if let (Some(unit), Some(contact)) = (entry.unit.as_deref(), contact(entry, surveys)) {
                by_unit.entry(unit).or_default().push(contact);
            }
        }
        for contacts in by_unit.into_values() {
            // When not even everything together is too much, no audience needs to be looked at.
            let all: Vec<&Contact<'_>> = contacts.iter().collect();
            if worst(&all, period, surveys).is_none_or(|window| window.expected <= limit.value + SLACK) {
                continue;
            }
            let persons = persons(&contacts);
            let judged = persons.into_iter().filter_map(|met| Some((worst(&met, period, surveys)?, met)));
            let most = judged.max_by(|a, b| a.0.expected.total_cmp(&b.0.expected));
            if let Some((window, met)) = most.filter(|(window, _)| limit.value + SLACK < window.expected) {
                told(what, &window, &met, policy.contact_period.value, limit).into_iter().for_each(|found| out.push(found));
            }
        }
    }
}

/// When and with which probability an experiment reaches a person of its audience.
fn contact(entry: &Entry, survey: bool) -> Option<Contact<'_>> {
    let (start, end) = (entry.start?, entry.end?);
    if entry.status == Status::Draft {
        return None;
    }
    let enrolled = entry.share * (1.0 - entry.held_out);
    let cut_short = matches!(entry.status, Status::Stopped | Status::Archived);
    let (part, span) = match survey {
        true => entry.survey.map(|(share, span)| (enrolled * share, span))?,
        false => (enrolled, super::asked(entry)),
    };
    // Nobody says how far it came: its first day is certain.
    let end = if cut_short { start } else { end.max(start) };
    Some(Contact { entry, start, end, part, span })
}

/// Sets of contacts that one person can have, each grown from one of the largest audiences.
fn persons<'c, 'a>(contacts: &'c [Contact<'a>]) -> Vec<Vec<&'c Contact<'a>>> {
    let mut audiences: BTreeMap<(usize, usize), (f64, Vec<&Contact<'_>>)> = BTreeMap::new();
    for contact in contacts {
        // Conditions that read the same are held in common.
        let place = |list: &Arc<[At<Condition>]>| if list.is_empty() { 0 } else { Arc::as_ptr(list).cast::<u8>() as usize };
        let key = (place(&contact.entry.conditions), place(&contact.entry.exclusions));
        let audience = audiences.entry(key).or_default();
        audience.0 += contact.part;
        audience.1.push(contact);
    }
    let mut audiences: Vec<_> = audiences.into_values().collect();
    audiences.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1[0].entry.id.cmp(&b.1[0].entry.id)));
    audiences.truncate(MOST_AUDIENCES);
    let persons = audiences.iter().take(MOST_PERSONS).map(|first| {
        let mut together = vec![first];
        for next in &audiences {
            let all = || together.iter().copied().chain([next]).map(|(_, members)| members[0].entry);
            let conditions = all().flat_map(|entry| entry.conditions.iter());
            let exclusions = all().flat_map(|entry| entry.exclusions.iter());
            if !std::ptr::eq(first, next) && clash(conditions, exclusions).is_none() {
                together.push(next);
            }
        }
        together.iter().flat_map(|(_, members)| members.iter().copied()).collect()
    });
    persons.collect()
}

/// The window of the period in which a person may expect most, among those with something that is not over.
fn worst(contacts: &[&Contact<'_>], period: i64, even: bool) -> Option<Window> {
    let origin = contacts.iter().map(|contact| contact.start).min()?;
    // Days from the first start; windows are named by their first day.
    let day = |day: Day| origin.until(day);
    // What begins or ends to count, and how fast it grows, as the window moves on by a day.
    let mut steps: Vec<(i64, f64, f64, i32)> = Vec::with_capacity(4 * contacts.len());
    for contact in contacts {
        let (start, end) = (day(contact.start), day(contact.end));
        let live = i32::from(contact.entry.is_live());
        if even {
            // The common days of window and run grow, stay, and shrink again by one a day.
            let run = end - start + 1;
            let rate = contact.part / run as f64;
            let common = run.min(period);
            for (at, slope) in [
                (start - period, rate),
                (start - period + common, -rate),
                (end + 1 - common, -rate),
                (end + 1, rate),
            ] {
                steps.push((at, 0.0, slope, 0));
            }
        } else {
            steps.push((start - period + 1, contact.part, 0.0, 0));
            steps.push((end + 1, -contact.part, 0.0, 0));
        }
        steps.push((start - period + 1, 0.0, 0.0, live));
        steps.push((end + 1, 0.0, 0.0, -live));
    }
    steps.sort_by_key(|step| step.0);
    let (mut sum, mut slope, mut live, mut last) = (0.0, 0.0, 0, i64::MIN);
    let mut worst: Option<(i64, f64)> = None;
    for group in steps.chunk_by(|a, b| a.0 == b.0) {
        let at = group[0].0;
        if last != i64::MIN {
            sum += slope * (at - last) as f64;
        }
        last = at;
        // Between two steps the sum only grows or only shrinks, so that it is largest at one of them.
        for step in group {
            sum += step.1;
            slope += step.2;
            live += step.3;
        }
        if 0 < live && worst.is_none_or(|(_, most)| most + SLACK < sum) {
            worst = Some((at, sum));
        }
    }
    let (at, expected) = worst?;
    let last = origin.plus(u32::try_from(at + period - 1).unwrap_or(0));
    Some(Window { last, expected })
}

/// The finding, at the experiment of the window that starts last.
fn told(
    what: &str,
    window: &Window,
    met: &[&Contact<'_>],
    period: Duration,
    limit: &Setting<f64>,
) -> Option<Diagnostic> {
    let long = i64::from(period.whole_days().max(1));
    let reaches = |contact: &&&Contact<'_>| contact.start <= window.last && contact.end.until(window.last) < long;
    let mut there: Vec<&Contact<'_>> = met.iter().filter(reaches).copied().collect();
    there.sort_by(|a, b| b.part.total_cmp(&a.part).then_with(|| a.entry.id.cmp(&b.entry.id)));
    let live = there.iter().filter(|contact| contact.entry.is_live());
    let newest = *live.max_by(|a, b| (a.start, &a.entry.id).cmp(&(b.start, &b.entry.id)))?;
    let (most, expected) = (place::significant(limit.value), place::significant(window.expected));
    let period_text = place::span_text(period);
    let headline = format!("one person may expect {expected} {what} in {period_text}, more than {most}");
    let contact = |contact: &Contact<'_>| {
        format!("{} from {} to {}", place::significant(contact.part), contact.start, contact.end)
    };
    let mut found = RULE
        .at(newest.span, headline)
        .label(format!("{}; {} in the {period_text} until {}", contact(newest), there.len(), window.last))
        .fact("expected", window.expected)
        .fact("most", limit.value);
    let others: Vec<&Contact<'_>> =
        there.iter().filter(|other| !std::ptr::eq(other.entry, newest.entry)).copied().collect();
    for other in others.iter().take(4) {
        found = found.also(other.span, format!("{}: {}", quoted(&other.entry.id), contact(other)));
    }
    if let Some(span) = limit.span() {
        found = found.also(span, "the limit");
    }
    let left = newest.part - (window.expected - limit.value);
    let written = match (what, newest.entry.survey) {
        ("surveys", Some((share, _))) => share,
        _ => newest.entry.share,
    };
    if 0.0 < left {
        // Rounded down, so that the share that is offered keeps the limit.
        let fits = (left / newest.part * written * 1000.0).floor() / 1000.0;
        if 0.0 < fits {
            found = found.help(format!("lower this `share` to {}", percent(fits)));
        }
    }
    if let Some(first) = others.iter().min_by_key(|other| (other.end, &other.entry.id)) {
        let day = first.end.plus(period.whole_days().max(1));
        found = found.help(format!("or start on {day}, when {} lies {period_text} back", quoted(&first.entry.id)));
    }
    found = found.help(format!("or raise `max_{what}` in `[policy]`, with those who answer for it"));
    Some(super::about(found, newest.entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portfolio::Workspace;
    use crate::world::Memory;

    /// An experiment with a status; the rest of a contact is given by each test.
    fn entry(status: &str) -> Entry {
        let spec = format!("schema = 1\n[experiment]\nid = \"a\"\nstatus = \"{status}\"\n");
        let workspace = Workspace::open(&Memory::default().with("experiments/a.toml", spec));
        let file = &workspace.specs[0];
        let compiled = workspace.compile(file);
        Entry::new(&compiled.plan, &compiled.spec, &file.path, file.file)
    }

    fn day(number: i64) -> Day {
        let first: Day = "2026-01-01".parse().expect("a day");
        first.plus(u32::try_from(number).expect("from 0"))
    }

    fn contact(entry: &Entry, (start, days, part): (i64, i64, f64)) -> Contact<'_> {
        Contact { entry, start: day(start), end: day(start + days - 1), part, span: entry.span }
    }

    /// The largest sum over every window, one by one.
    fn counted(contacts: &[Contact<'_>], period: i64, even: bool) -> f64 {
        let first = day(0);
        let windows = (-period..600).filter_map(|from| {
            let common = |contact: &Contact<'_>| {
                let (start, end) = (first.until(contact.start), first.until(contact.end));
                (end.min(from + period - 1) - start.max(from) + 1).max(0)
            };
            let live = contacts.iter().any(|contact| contact.entry.is_live() && 0 < common(contact));
            let part = |contact: &Contact<'_>| {
                let run = contact.start.until(contact.end) + 1;
                let days = common(contact);
                contact.part * if even { days as f64 / run as f64 } else { f64::from(u8::from(0 < days)) }
            };
            live.then(|| contacts.iter().map(part).sum::<f64>())
        });
        windows.fold(0.0, f64::max)
    }

    #[test]
    fn the_sweep_finds_what_counting_every_window_finds() {
        let (live, over) = (entry("ready"), entry("shipped"));
        // Numerical Recipes' linear congruential generator: the same numbers on every machine.
        let mut state = 7_u32;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i64::from((state >> 8) % below)
        };
        for round in 0..60 {
            let period = 1 + draw(120);
            let drawn: Vec<Contact<'_>> = (0..1 + draw(12))
                .map(|index| {
                    let of = if index == 0 || draw(3) != 0 { &live } else { &over };
                    contact(of, (draw(300), 1 + draw(150), (1 + draw(100)) as f64 / 100.0))
                })
                .collect();
            let all: Vec<&Contact<'_>> = drawn.iter().collect();
            for even in [false, true] {
                let swept = worst(&all, period, even).expect("one is live").expected;
                let counted = counted(&drawn, period, even);
                // Some dozens of additions of parts below 1.
                assert!((swept - counted).abs() < 1e-9, "round {round}, even {even}: {swept} is not {counted}");
            }
        }
    }

    #[test]
    fn what_is_over_counts_only_beside_what_is_not() {
        let (live, over) = (entry("running"), entry("shipped"));
        let past = contact(&over, (0, 30, 1.0));
        assert!(worst(&[&past], 90, false).is_none());
        let now = contact(&live, (100, 30, 0.5));
        assert_eq!(worst(&[&past, &now], 90, false).expect("a window").expected, 1.5);
        let later = contact(&live, (119, 30, 0.5));
        assert_eq!(worst(&[&past, &later], 90, false).expect("a window").expected, 0.5);
    }

    #[test]
    fn a_run_longer_than_the_period_asks_a_part_of_its_people_in_it() {
        let live = entry("running");
        let long = contact(&live, (0, 180, 0.8));
        let expected = worst(&[&long], 90, true).expect("a window").expected;
        assert!((expected - 0.4).abs() < 1e-12, "{expected}");
    }
}
