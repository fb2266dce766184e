//! Experiments through time: slots, conflicts and room against a search that looks at every day, and the commands that
//! show them.

#[path = "support/base.rs"]
mod base;

#[allow(dead_code, reason = "shared with tests that use the rest")]
#[path = "support/workspace.rs"]
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use expc::portfolio::{Conflict, ConflictKind, Days, Entry, Portfolio, Slot, Workspace};
use expc::spec::{At, Day, Status};
use expc::world::Memory;
use proptest::prelude::*;

/// The first day of every random portfolio.
const FIRST: &str = "2027-01-04";
/// Days that a portfolio lasts, at most.
const DAYS: usize = 40;
/// Shares and slots are whole cells of 5 %.
const CELLS: usize = 20;

/// The base's experiment as the portfolio sees it.
fn entry() -> &'static Entry {
    static ENTRY: OnceLock<Entry> = OnceLock::new();
    ENTRY.get_or_init(|| {
        let files = base::files().into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text));
        let workspace = Workspace::open(&files);
        let spec = &workspace.specs[0];
        let compiled = workspace.compile(spec);
        Entry::new(&compiled.plan, &compiled.spec, &spec.path, spec.file)
    })
}

fn day(number: usize) -> Day {
    FIRST.parse::<Day>().expect("a day").plus(u32::try_from(number).expect("few days"))
}

/// What differs between the experiments of a random portfolio.
#[derive(Debug, Clone)]
struct Sketch {
    status: Status,
    layer: Option<u8>,
    flag: u8,
    surface: u8,
    cells: usize,
    slot: Option<usize>,
    start: Option<usize>,
    length: Option<usize>,
    ramp: usize,
    excludes: Option<usize>,
    requires: Option<usize>,
    daily: Option<u32>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let who = (
        prop_oneof![4 => Just(Status::Ready), 2 => Just(Status::Running), 2 => Just(Status::Draft), 1 => Just(Status::Archived)],
        prop::option::weighted(0.7, 0..2u8),
        0..4u8,
        0..2u8,
        prop::option::weighted(0.2, 0..8usize),
        prop::option::weighted(0.2, 0..8usize),
    );
    let when = (
        1..=CELLS,
        prop::option::weighted(0.2, 0..CELLS),
        prop::option::weighted(0.9, 0..30usize),
        prop::option::weighted(0.9, 1..10usize),
        0..4usize,
        prop::option::weighted(0.9, 1..50_000u32),
    );
    (who, when).prop_map(
        |((status, layer, flag, surface, excludes, requires), (cells, slot, start, length, ramp, daily))| Sketch {
            status,
            layer,
            flag,
            surface,
            cells,
            slot,
            start,
            length,
            ramp,
            excludes,
            requires,
            daily,
        },
    )
}

fn portfolio(sketches: &[Sketch]) -> Portfolio {
    let part = |cells: usize| cells as f64 / CELLS as f64;
    let base = entry();
    let at = |name: String| At { value: name, span: base.span };
    let entries = sketches.iter().enumerate().map(|(number, sketch)| {
        let end = sketch.start.zip(sketch.length).map(|(start, length)| day(start + length - 1));
        Entry {
            id: Arc::from(format!("x{number}")),
            status: sketch.status,
            layer: sketch.layer.map(|layer| (format!("layer{layer}"), base.span)),
            flag: format!("flag{}", sketch.flag),
            surface: Some((format!("surface{}", sketch.surface), base.span)),
            share: part(sketch.cells),
            wanted_slot: sketch.slot.map(part),
            start: sketch.start.map(day),
            end,
            stages: match sketch.ramp {
                0 => Box::new([(part(sketch.cells), 1)]),
                days => Box::new([(part(sketch.cells) / 10.0, days as u32), (part(sketch.cells), 1)]),
            },
            daily_units: sketch.daily.map(f64::from),
            excludes: sketch.excludes.map(|other| at(format!("x{other}"))).into_iter().collect(),
            requires: sketch.requires.map(|other| at(format!("x{other}"))).into_iter().collect(),
            ..base.clone()
        }
    });
    Portfolio::new(entries.collect())
}

/// True when it takes traffic on a day; without a start it may have begun, without an end it may go on.
fn is_there(entry: &Entry, on: usize) -> bool {
    entry.start.is_none_or(|start| start <= day(on)) && entry.end.is_none_or(|end| day(on) <= end)
}

/// The documented order, then the first place that is free on every day, cell by cell and day by day.
fn slots_by_cell(entries: &[Entry]) -> BTreeMap<usize, usize> {
    let mut taken: BTreeMap<(String, usize, usize), usize> = BTreeMap::new();
    let mut order: Vec<usize> =
        (0..entries.len()).filter(|&at| !entries[at].status.is_over() && entries[at].layer.is_some()).collect();
    order.sort_by_key(|&at| {
        let entry = &entries[at];
        (entry.wanted_slot.is_none(), entry.start.is_none(), entry.start, Arc::clone(&entry.id))
    });
    let mut slots = BTreeMap::new();
    for at in order {
        let entry = &entries[at];
        let layer = &entry.layer.as_ref().expect("filtered").0;
        let width = (entry.share * CELLS as f64).round() as usize;
        let wanted = entry.wanted_slot.map(|from| (from * CELLS as f64).round() as usize);
        let places = wanted.map_or(0..CELLS, |from| from..from + 1);
        let days: Vec<usize> = (0..DAYS).filter(|&on| is_there(entry, on)).collect();
        let free = |from: usize| {
            from + width <= CELLS
                && days
                    .iter()
                    .all(|&on| (from..from + width).all(|cell| !taken.contains_key(&(layer.clone(), on, cell))))
        };
        if let Some(from) = places.into_iter().find(|&from| free(from)) {
            slots.insert(at, from);
            for on in days {
                for cell in from..from + width {
                    taken.insert((layer.clone(), on, cell), at);
                }
            }
        }
    }
    slots
}

/// A conflict without the order in which it was found.
type Found = (ConflictKind, usize, BTreeSet<usize>, String, BTreeSet<Day>, Option<i64>);

fn comparable(conflict: &Conflict) -> Found {
    let days = conflict.days.iter().flat_map(|days| (0..days.count()).map(|number| days.first.plus(number)));
    let units = conflict.units.map(|units| (units * 1e3).round() as i64);
    let with = conflict.with.iter().copied().collect();
    (conflict.kind, conflict.entry, with, conflict.about.clone(), days.collect(), units)
}

/// Every conflict, by looking at every day and every two.
fn conflicts_by_day(entries: &[Entry], slots: &BTreeMap<usize, usize>) -> BTreeSet<Found> {
    let mut found = BTreeSet::new();
    let open: Vec<usize> = (0..entries.len()).filter(|&at| !entries[at].status.is_over()).collect();
    let dated = |at: usize| entries[at].start.is_some() && entries[at].end.is_some();
    let meet = |a: usize, b: usize| (0..DAYS).any(|on| is_there(&entries[a], on) && is_there(&entries[b], on));
    let thousandths = |units: f64| (units * 1e3).round() as i64;
    for &at in &open {
        let entry = &entries[at];
        let Some((layer, _)) = entry.layer.as_ref().filter(|_| !slots.contains_key(&at)) else { continue };
        let members: Vec<usize> = slots
            .keys()
            .copied()
            .filter(|&other| entries[other].layer.as_ref().is_some_and(|(name, _)| name == layer) && meet(at, other))
            .collect();
        let sum =
            |on: usize| members.iter().filter(|&&m| is_there(&entries[m], on)).map(|&m| entries[m].share).sum::<f64>();
        let own: Vec<usize> = (0..DAYS).filter(|&on| is_there(entry, on)).collect();
        let over: Vec<usize> = own.iter().copied().filter(|&on| 1.0 + 1e-9 < sum(on) + entry.share).collect();
        if !dated(at) {
            // Without dates there are no days to compare; the kind is that of the whole time.
            continue;
        }
        let (kind, with, days, units): (_, BTreeSet<usize>, BTreeSet<Day>, _) = if over.is_empty() {
            let from = entry.wanted_slot;
            let touches = |&m: &usize| {
                from.is_none_or(|from| {
                    let slot = slots[&m] as f64 / CELLS as f64;
                    slot + 1e-9 < from + entry.share && from + 1e-9 < slot + entries[m].share
                })
            };
            let with: BTreeSet<usize> = members.iter().copied().filter(touches).collect();
            let both = own.iter().filter(|&&on| with.iter().any(|&m| dated(m) && is_there(&entries[m], on)));
            (ConflictKind::Scattered, with.clone(), both.map(|&on| day(on)).collect(), None)
        } else {
            let with =
                members.iter().copied().filter(|&m| !dated(m) || over.iter().any(|&on| is_there(&entries[m], on)));
            let missing: f64 = over.iter().map(|&on| (sum(on) + entry.share - 1.0).min(entry.share)).sum();
            let units = entry.daily_units.map(|daily| thousandths(missing * daily));
            (ConflictKind::Full, with.collect(), over.iter().map(|&on| day(on)).collect(), units)
        };
        found.insert((kind, at, with, layer.clone(), days, units));
    }
    for &a in &open {
        for &b in &open {
            let order = |at: usize| (entries[at].start.is_none(), entries[at].start, at);
            if order(a) <= order(b) || !meet(a, b) {
                continue;
            }
            let (later, earlier) = (&entries[a], &entries[b]);
            let names = |from: &Entry, to: &Entry| from.excludes.iter().any(|id| id.value == *to.id);
            let layer = |entry: &Entry| entry.layer.as_ref().map(|(name, _)| name.clone());
            if (later.layer.is_some() && layer(later) == layer(earlier))
                || names(later, earlier)
                || names(earlier, later)
            {
                continue;
            }
            let both: Vec<usize> = match dated(a) && dated(b) {
                true => (0..DAYS).filter(|&on| is_there(later, on) && is_there(earlier, on)).collect(),
                false => Vec::new(),
            };
            let daily = later.daily_units.zip(earlier.daily_units).map(|(a, b)| a.min(b));
            let parts: f64 = both.iter().map(|&on| later.share_on(day(on)) * earlier.share_on(day(on))).sum();
            let units = daily.filter(|_| !both.is_empty()).map(|daily| thousandths(parts * daily));
            let days: BTreeSet<Day> = both.iter().map(|&on| day(on)).collect();
            let surface = |entry: &Entry| entry.surface.clone().expect("all have one").0;
            if later.flag == earlier.flag {
                found.insert((ConflictKind::Flag, a, [b].into(), later.flag.clone(), days, units));
            } else if surface(later) == surface(earlier) {
                let about = format!("order_conversion on {}", surface(later));
                found.insert((ConflictKind::Metric, a, [b].into(), about, days, units));
            }
        }
    }
    for &at in open.iter().filter(|&&at| dated(at)) {
        let entry = &entries[at];
        for id in &entry.requires {
            let Some(other) = entries.iter().position(|other| *other.id == *id.value).filter(|&other| other != at)
            else {
                continue;
            };
            let over = entries[other].status.is_over();
            if !over && !dated(other) {
                continue;
            }
            let alone = |on: &usize| is_there(entry, *on) && (over || !is_there(&entries[other], *on));
            let days: Vec<usize> = (0..DAYS).filter(alone).collect();
            if days.is_empty() {
                continue;
            }
            let parts: f64 = days.iter().map(|&on| entry.share_on(day(on))).sum();
            let units = entry.daily_units.map(|daily| thousandths(parts * daily));
            found.insert((
                ConflictKind::Requires,
                at,
                [other].into(),
                id.value.clone(),
                days.iter().map(|&on| day(on)).collect(),
                units,
            ));
        }
    }
    found
}

/// The same but for rounding in the last thousandth of a unit.
fn assert_same(found: &BTreeSet<Found>, expected: &BTreeSet<Found>) -> Result<(), TestCaseError> {
    let bare = |all: &BTreeSet<Found>| -> Vec<Found> {
        all.iter().map(|(k, e, w, a, d, _)| (*k, *e, w.clone(), a.clone(), d.clone(), None)).collect()
    };
    prop_assert_eq!(bare(found), bare(expected));
    for (found, expected) in found.iter().zip(expected) {
        match (found.5, expected.5) {
            (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1, "{:?} {:?}", found, expected),
            (a, b) => prop_assert_eq!(a, b),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_sweep_finds_what_looking_at_every_day_finds(sketches in prop::collection::vec(sketch(), 0..9)) {
        let portfolio = portfolio(&sketches);
        let slots = slots_by_cell(&portfolio.entries);
        for (at, entry) in portfolio.entries.iter().enumerate() {
            let cell = portfolio.slot(&entry.id).map(|slot| (slot.from * CELLS as f64).round() as usize);
            prop_assert_eq!(cell, slots.get(&at).copied(), "the slot of {}", entry.id);
        }
        let is_dated = |conflict: &&Conflict| {
            let entry = &portfolio.entries[conflict.entry];
            let of_layer = matches!(conflict.kind, ConflictKind::Full | ConflictKind::Scattered);
            !of_layer || (entry.start.is_some() && entry.end.is_some())
        };
        let conflicts = portfolio.conflicts();
        let found: BTreeSet<Found> = conflicts.iter().filter(is_dated).map(comparable).collect();
        prop_assert_eq!(found.len(), conflicts.iter().filter(is_dated).count(), "one conflict is told twice");
        assert_same(&found, &conflicts_by_day(&portfolio.entries, &slots))?;
    }

    #[test]
    fn room_is_what_every_day_has(sketches in prop::collection::vec(sketch(), 0..9), from in 0..DAYS, length in 1..DAYS) {
        let portfolio = portfolio(&sketches);
        let during = Days { first: day(from), last: day(from + length - 1) };
        for (layer, parts) in portfolio.room(during) {
            let days: u32 = parts.iter().map(|part| part.days.count()).sum();
            prop_assert_eq!(days, during.count());
            for on in from..from + length {
                let here = |entry: &&Entry| entry.layer.as_ref().is_some_and(|(name, _)| name == layer) && portfolio.slot(&entry.id).is_some() && is_there(entry, on);
                let sum: f64 = portfolio.entries.iter().filter(here).map(|entry| entry.share).sum();
                let part = parts.iter().find(|part| part.days.first <= day(on) && day(on) <= part.days.last).expect("every day has a part");
                prop_assert!((part.share - sum).abs() < 1e-9, "{} on day {on}: {} and {sum}", layer, part.share);
                prop_assert_eq!(part.experiments, portfolio.entries.iter().filter(here).count());
            }
        }
    }
}

#[test]
fn slots_of_one_layer_never_overlap() {
    let wide = |start: usize| Sketch {
        status: Status::Ready,
        layer: Some(0),
        flag: 0,
        surface: 0,
        cells: 7,
        slot: None,
        start: Some(start),
        length: Some(9),
        ramp: 0,
        excludes: None,
        requires: None,
        daily: Some(1000),
    };
    let portfolio = portfolio(&[wide(0), wide(3), wide(6)]);
    let slots: Vec<Option<Slot>> = ["x0", "x1", "x2"].map(|id| portfolio.slot(id)).to_vec();
    assert!(slots[0].is_some() && slots[1].is_some() && slots[2].is_none(), "{slots:?}");
    let conflicts = portfolio.conflicts();
    // Three times 35 % on days 6, 7 and 8: 5 % of a thousand units a day have no place.
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (conflicts[0].kind, conflicts[0].days.as_slice()),
        (ConflictKind::Full, &[Days { first: day(6), last: day(8) }][..])
    );
    assert!((conflicts[0].units.expect("a thousand a day") - 150.0).abs() < 1e-6);
}

/// What the program prints about the example shop.
fn shop(arguments: &[&str]) -> workspace::Answer {
    let mut command = workspace::Folder::new().command(arguments);
    let output = command.current_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop")).output();
    workspace::Answer::of(&output.expect("the program starts"))
}

#[test]
fn the_calendar_is_readable_at_100_columns() {
    let mut text = String::new();
    for more in
        [&[][..], &["--from", "2027-01-04", "--to", "2027-01-31"], &["--from", "2031-01-01", "--to", "2031-01-28"]]
    {
        let arguments = [&["calendar", "--today", "2026-11-22"], more].concat();
        let answer = shop(&arguments);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
        text += &format!("$ expc {}\n{}\n", arguments.join(" "), answer.out);
    }
    let long: Vec<&str> = text.lines().filter(|line| 100 < line.chars().count()).collect();
    assert!(long.is_empty(), "{long:#?}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("shop", text) });
}

#[test]
fn a_free_slot_is_found_and_every_refused_day_says_why() {
    let mut text = String::new();
    for more in [&["product-review-digest"][..], &["product-review-digest", "--from", "2026-11-23"]] {
        let arguments = [&["plan-capacity"], more, &["--today", "2026-11-22"]].concat();
        let answer = shop(&arguments);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
        text += &format!("$ expc {}\n{}\n", arguments.join(" "), answer.out);
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("capacity", text) });
    assert_eq!(shop(&["plan-capacity", "winback-voucher"]).code, 2);
}

/// What is proposed is written into the spec, and nobody is in the way any more.
#[test]
fn what_is_proposed_has_room() {
    let folder = workspace::Folder::base();
    let one = folder.read(base::SPEC);
    // Two halves fill the layer from 11 January to 7 February; a third half has to wait.
    for id in ["checkout-two", "checkout-three"] {
        folder.write(&format!("experiments/{id}.toml"), one.replace("\"checkout-one-tap\"", &format!("\"{id}\"")));
    }
    let calendar = |folder: &workspace::Folder| -> serde_json::Value {
        serde_json::from_str(&folder.run(&["calendar", "--today", "2026-11-22", "--format", "json"]).out).expect("JSON")
    };
    let full = |calendar: &serde_json::Value| {
        let conflicts = calendar["conflicts"].as_array().expect("a list").clone();
        conflicts.into_iter().filter(|conflict| conflict["kind"] == "full").collect::<Vec<_>>()
    };
    let before = full(&calendar(&folder));
    assert_eq!(before.len(), 1, "{before:?}");
    let squeezed = before[0]["experiment"].as_str().expect("a name").to_owned();
    let answer = folder.run(&["plan-capacity", &squeezed, "--today", "2026-11-22", "--format", "json"]);
    let plan: serde_json::Value =
        serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    assert_eq!(plan["found"]["start"], "2027-02-08", "{plan}");
    let path = format!("experiments/{squeezed}.toml");
    let (start, by) =
        (plan["found"]["start"].as_str().expect("a day"), plan["found"]["decide"].as_str().expect("a day"));
    folder.write(&path, folder.read(&path).replace("2027-01-11", start).replace("2027-02-15", by));
    assert!(full(&calendar(&folder)).is_empty());
    let none = folder.run(&["plan-capacity", &squeezed, "--today", "2026-11-22", "--from", "2027-01-11"]);
    assert!(none.out.contains("0% of the layer left"), "{}", none.out);
}

#[test]
fn odd_days_are_refused() {
    for (arguments, word) in [
        (&["calendar", "--from", "2027-02-01", "--to", "2027-01-01"][..], "before the first day"),
        (&["calendar", "--from", "2000-01-01", "--to", "2999-12-31"], "more than a calendar shows"),
        (&["calendar", "--format", "svg"], "one of text, json"),
        (&["plan-capacity", "nowhere"], "no experiment `nowhere`"),
        (&["status", "--within", "99999"], "99999"),
    ] {
        let answer = shop(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains(word), "{}", answer.err);
    }
}

/// A holdout that ends gives its units back: the power is that of the days that are proposed.
#[test]
fn the_power_is_that_of_the_proposed_days() {
    let folder = workspace::Folder::base();
    let catalog = folder.read("catalog/base.toml");
    let lasting = "share = \"5%\"\nunit = \"user\"\nglobal = true\n";
    assert!(catalog.contains(lasting));
    let ending = "share = \"40%\"\nunit = \"user\"\nglobal = true\nfrom = 2026-01-01\nto = 2027-01-20\n";
    folder.write("catalog/base.toml", catalog.replace(lasting, ending));
    let asked = |from: &str, format: &str| {
        let answer = folder.run(&[
            "plan-capacity",
            "checkout-one-tap",
            "--today",
            "2026-11-22",
            "--from",
            from,
            "--format",
            format,
        ]);
        assert_eq!(answer.err, "", "{answer:?}");
        answer.out
    };
    let power = |from: &str| -> f64 {
        let plan: serde_json::Value = serde_json::from_str(&asked(from, "json")).expect("JSON");
        assert_eq!(plan["found"]["start"], from, "{plan}");
        plan["found"]["power"].as_f64().expect("a power")
    };
    let (held, free) = (power("2027-01-11"), power("2027-01-25"));
    assert!(held < free, "{held} {free}");
    // The spec that is written as proposed has that power.
    let moved = folder.read(base::SPEC).replace("2027-01-11", "2027-01-25").replace("2027-02-15", "2027-03-01");
    folder.write(base::SPEC, moved);
    let written: serde_json::Value = serde_json::from_str(&asked("2027-01-25", "json")).expect("JSON");
    assert_eq!(written["power_as_planned"].as_f64(), Some(free));
}
