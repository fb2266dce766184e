//! What past experiments teach, what is due, and what goes to the archive: `expc history`, `status` and `archive`.

#[path = "support/base.rs"]
mod base;

#[allow(dead_code, reason = "shared with tests that use the rest")]
#[path = "support/workspace.rs"]
mod workspace;

use std::path::Path;

use base::SPEC;
use expc::portfolio::{Entry, Portfolio, Tally, Workspace};
use expc::spec::Status;
use expc::stats::Direction;
use expc::stats::pooled::{Measured, Pool};
use expc::world::Memory;
use serde_json::Value as Json;
use workspace::{Answer, Folder};

/// What the program prints about the example shop.
fn shop(arguments: &[&str]) -> String {
    let mut command = Folder::new().command(arguments);
    let output = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop")).output();
    let answer = Answer::of(&output.expect("the program starts"));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{arguments:?}: {answer:?}");
    answer.out
}

/// A finished experiment beside the base's, with these effects of `order_conversion`.
fn finished(folder: &Folder, id: &str, effects: &[&str]) {
    let effects = effects.iter().map(|effect| format!("  {{ metric = \"order_conversion\", {effect} }},\n"));
    let results = format!(
        "\n[results]\nended = 2027-02-07\ndecision = \"iterate\"\ndecided = 2027-02-15\nlearned = \"little\"\neffects = [\n{}]\n",
        effects.collect::<String>()
    );
    let spec = folder.read(SPEC).replace("checkout-one-tap", id).replace("\"ready\"", "\"decided\"") + &results;
    folder.write(&format!("experiments/{id}.toml"), spec);
}

fn json(answer: &Answer) -> Json {
    assert_eq!(answer.code, 0, "{answer:?}");
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn the_shop_shows_its_past() {
    let pages = [
        &["history"][..],
        &["history", "--metric", "checkout_completion"],
        &["history", "--metric", "cart_recovery"],
        &["history", "--like", "checkout-one-tap"],
        &["history", "--format", "csv", "--owner", "payments"],
    ];
    let text: String = pages.iter().map(|page| format!("$ expc {}\n{}\n", page.join(" "), shop(page))).collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("shop", text) });
}

#[test]
fn the_mean_is_corrected_for_luck() {
    let folder = Folder::base();
    for (id, effect) in [
        ("checkout-a", "relative = \"6%\", low = \"1%\", high = \"11%\""),
        ("checkout-b", "relative = \"0.5%\", low = \"-1%\", high = \"2%\""),
        ("checkout-c", "relative = \"-1%\", low = \"-4%\", high = \"2%\""),
        ("checkout-d", "relative = \"1.2%\", low = \"-0.4%\", high = \"2.8%\""),
    ] {
        finished(&folder, id, &[effect]);
    }
    let text = folder.run(&["history", "--metric", "order_conversion"]).out;
    let report = json(&folder.run(&["history", "--metric", "order_conversion", "--format", "json"]));
    let judged = &report["metrics"][0]["judged"];
    assert_eq!(
        (judged["experiments"].as_u64(), judged["better"].as_u64(), judged["worse"].as_u64()),
        (Some(4), Some(1), Some(0))
    );
    let (measured, corrected) = (&judged["wins"]["measured"], &judged["wins"]["corrected"]);
    assert!((measured.as_f64().expect("one win") - 0.06).abs() < 1e-12);
    // Five points of uncertainty beside effects that hardly differ: about half of it was luck.
    assert!(corrected.as_f64().expect("a mean") < 0.033, "{report}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("metric", text) });
}

/// Thirteen trials of a vaccine as log relative risks (Colditz et al. 1994; `dat.bcg` of metafor), by the Paule-Mandel
/// estimator with Hartung and Knapp's interval. Reference: R 4.2.2, the moment equation solved by `uniroot` to 1e-14; metafor
/// prints tau^2 = 0.318 and the mean -0.715 for them.
#[test]
fn a_pool_of_trials_is_that_of_r() {
    let trials = [
        (-0.8893113339202054, 0.5706003548929507),
        (-1.5853886572014306, 0.4411135017182582),
        (-1.348073148299693, 0.644490469571091),
        (-1.4415511900213054, 0.1414568199213017),
        (-0.2175473222112957, 0.2262966463950159),
        (-0.786115585818864, 0.0831000508778951),
        (-1.6208982235983924, 0.4722470196542432),
        (0.0119523335238412, 0.0629410779842364),
        (-0.4694176487381487, 0.2375588568402554),
        (-1.3713448034727846, 0.2702310004663213),
        (-0.3393588283383902, 0.1114101161096232),
        (0.4459134005713783, 0.7297299810204818),
        (-0.0173139482168795, 0.2672165033900157),
    ];
    let trials = trials.map(|(effect, standard_error)| Measured { effect, standard_error });
    let pool = Pool::new(&trials).expect("thirteen trials");
    let near = |have: f64, want: f64| assert!((have - want).abs() < 1e-9, "{have} {want}");
    near(pool.spread * pool.spread, 0.318068452205024);
    near(pool.mean, -0.714968153493444);
    near(pool.standard_error, 0.180892191537624);
    let (low, high) = pool.interval(0.05).expect("alpha is a probability");
    near(low, -1.10909838120224);
    near(high, -0.320837925784648);
    for (trial, (effect, standard_error)) in [
        (0, (-0.8011217903715403, 0.4011126540184492)),
        (7, (0.00300983477896299, 0.0625527327093096)),
        (11, (-0.2808616912817472, 0.4462378041531362)),
    ] {
        let left = pool.shrink(trials[trial]);
        near(left.effect, effect);
        near(left.standard_error, standard_error);
    }
    // One estimate has no mean, and nonsense is refused.
    assert!(Pool::new(&trials[..1]).is_err());
    assert!(Pool::new(&[trials[0], Measured { effect: f64::NAN, standard_error: 1.0 }]).is_err());
    assert!(Pool::new(&[trials[0], Measured { effect: 0.0, standard_error: 0.0 }]).is_err());
}

#[test]
fn nonsense_is_shown_and_counted_in_nothing() {
    let folder = Folder::base();
    finished(
        &folder,
        "checkout-a",
        &[
            "relative = \"2%\", low = \"1%\", high = \"3%\"",
            "relative = \"2%\", low = \"3%\", high = \"1%\"",
            "relative = \"2%\", low = \"2%\", high = \"2%\"",
            "relative = \"9%\", low = \"1%\", high = \"3%\"",
            "relative = \"2%\", low = \"1 ms\", high = \"3 ms\"",
            "relative = \"2%\"",
            "relative = \"2 ms\", low = \"1 ms\", high = \"3 ms\"",
            "relative = \"999999999999999%\", low = \"-999999999999999%\", high = \"999999999999999%\"",
            "relative = \"0%\", low = \"-0.000000000000000000000000000001%\", high = \"0%\"",
            "relative = \"two\"",
        ],
    );
    let report = json(&folder.run(&["history", "--metric", "order_conversion", "--format", "json"]));
    let effects = report["metrics"][0]["effects"].as_array().expect("a list").clone();
    let faults: Vec<&str> = effects.iter().filter_map(|effect| effect["interval_fault"].as_str()).collect();
    let expected = [
        "is written from high to low",
        "has no width",
        "does not hold the estimate",
        "is not in per cent",
        "is not written",
    ];
    assert_eq!(faults, expected);
    assert_eq!((effects.len(), report["metrics"][0]["judged"]["experiments"].as_u64()), (8, Some(1)));
    for format in ["text", "csv"] {
        let answer = folder.run(&["history", "--metric", "order_conversion", "--format", format]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
        assert!(!answer.out.contains("NaN") && !answer.out.contains("inf"), "{}", answer.out);
    }
    // The rules live with it as well.
    let answer = folder.check(&["--format", "json"]);
    assert_ne!(answer.code, 101, "{answer:?}");
}

#[test]
fn an_empty_history_says_what_fills_it() {
    let folder = Folder::base();
    let answer = folder.run(&["history"]);
    assert_eq!(answer.code, 0);
    assert!(answer.out.contains("no past effects are recorded") && answer.out.contains("[results]"), "{}", answer.out);
    for (arguments, help) in [
        (&["history", "--metric", "order_conversoin"][..], "did you mean `order_conversion`?"),
        (&["history", "--owner", "grwth"], "did you mean `growth`?"),
        (&["history", "--like", "checkout-one-tpa"], "did you mean `checkout-one-tap`?"),
        (&["history", "--format", "xml"], "one of text, json, csv"),
    ] {
        let answer = folder.run(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains(help), "{}", answer.err);
    }
}

/// Ten thousand finished experiments, each with an effect of its own.
#[test]
fn ten_thousand_past_experiments_are_one_history() {
    let files = base::files().into_iter().fold(Memory::default(), |memory, (path, text)| {
        let results = "\n[results]\nended = 2027-02-07\neffects = [{ metric = \"order_conversion\", relative = \"1%\", low = \"0.5%\", high = \"1.5%\" }]\n";
        let is_spec = path == SPEC;
        let text = if is_spec { text.replace("\"ready\"", "\"decided\"") + results } else { text };
        memory.with(path, text)
    });
    let workspace = Workspace::open(&files);
    let spec = &workspace.specs[0];
    let compiled = workspace.compile(spec);
    let one = Entry::new(&compiled.plan, &compiled.spec, &spec.path, spec.file);
    assert_eq!((one.status, one.effects.len()), (Status::Decided, 1));
    let entries = (0..10_000).map(|number| {
        let mut entry = Entry { id: format!("x{number}").into(), ..one.clone() };
        // From -3 % to 3 %, each half a point either way.
        let estimate = f64::from(number % 61 - 30) / 1000.0;
        entry.effects[0].estimate = estimate;
        entry.effects[0].interval = Ok((estimate - 0.005, estimate + 0.005));
        entry
    });
    let portfolio = Portfolio::new(entries.collect());
    let started = std::time::Instant::now();
    let past: Vec<_> = portfolio.past("order_conversion").collect();
    let tally = Tally::new(&past, Some(Direction::Up));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert_eq!(tally.experiments, 10_000);
    let pool = tally.pool.expect("ten thousand estimates");
    // The true effects spread as the estimates do, less the error of one: sqrt(0.0176^2 - 0.00255^2).
    assert!(pool.mean.abs() < 1e-4 && (pool.spread - 0.0174).abs() < 2e-4, "{pool:?}");
}

#[test]
fn the_shop_shows_what_is_due() {
    let pages = [
        &["status", "--date", "2026-11-22"][..],
        &["status", "--date", "2026-12-20", "--within", "30"],
        &["status", "--date", "2026-10-01", "--within", "0", "--owner", "search"],
    ];
    let text: String = pages.iter().map(|page| format!("$ expc {}\n{}\n", page.join(" "), shop(page))).collect();
    let slack = shop(&["status", "--date", "2026-12-20", "--format", "slack"]);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("status", text + &slack) });
    let report: Json =
        serde_json::from_str(&shop(&["status", "--date", "2026-12-20", "--format", "json"])).expect("JSON");
    let overdue = report["overdue"].as_array().expect("a list");
    assert!(overdue.iter().all(|due| due["days"].as_i64().is_some_and(|days| days < 0)), "{report}");
    assert!(overdue.is_sorted_by_key(|due| due["day"].as_str().map(str::to_owned)), "{report}");
}

#[test]
fn slack_blocks_keep_the_limits_and_never_act() {
    let folder = Folder::base();
    let spec = folder.read(SPEC);
    for number in 0..300 {
        let id = format!("checkout-{number:03}-{}", "x".repeat(60));
        let owner = "<!channel> & <https://evil.example|click>";
        let text = spec
            .replace("\"checkout-one-tap\"", &format!("\"{id}\""))
            .replace("owner = \"growth\"", &format!("owner = \"{owner}\""));
        folder.write(&format!("experiments/{id}.toml"), text);
    }
    let answer = folder.run(&["status", "--date", "2027-02-20", "--format", "slack"]);
    let message = json(&answer);
    let blocks = message["blocks"].as_array().expect("blocks");
    assert!((2..=50).contains(&blocks.len()), "{} blocks", blocks.len());
    for block in blocks {
        let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).expect("text");
        let most = if block["type"] == "header" { 150 } else { 3000 };
        assert!(!text.is_empty() && text.chars().count() <= most, "{} characters", text.chars().count());
        assert!(!text.contains("<!") && !text.contains("<http"), "{text}");
    }
    // What does not fit is counted: nothing goes missing in silence.
    let listed: usize =
        blocks.iter().filter_map(|block| block["text"]["text"].as_str()).map(|text| text.matches("• ").count()).sum();
    let left_out = blocks.last().and_then(|block| block["elements"][0]["text"].as_str()).map_or(0, |text| {
        text.split(' ').next().and_then(|number| number.parse::<usize>().ok()).expect("a number of lines")
    });
    assert_eq!(listed + left_out, 301);
}

#[test]
fn an_archived_spec_differs_in_its_status_alone() {
    let folder = Folder::base();
    finished(&folder, "checkout-a", &["relative = \"0.4%\", low = \"-1%\", high = \"1.8%\""]);
    let path = "experiments/checkout-a.toml";
    // A comment behind it, apostrophes and line ends of another system stay.
    let odd =
        folder.read(path).replace("status = \"decided\"", "status   =  'decided' # since Monday").replace('\n', "\r\n");
    folder.write(path, &odd);
    let answer = folder.run(&["archive", "checkout-a", "--today", "2027-02-20", "--dry-run"]);
    assert_eq!((answer.code, folder.read(path)), (0, odd.clone()), "{answer:?}");
    let answer = folder.run(&["archive", "checkout-a", "--today", "2027-02-20"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(folder.read(path), odd.replace("'decided'", "'archived'"));
    let again = folder.run(&["archive", path, "--today", "2027-02-20"]);
    assert_eq!((again.code, again.out.as_str()), (0, "checkout-a is archived already\n"));
}

#[test]
fn what_is_owed_is_not_archived() {
    let folder = Folder::base();
    finished(&folder, "checkout-a", &[]);
    let path = "experiments/checkout-a.toml";
    let whole = folder.read(path);
    let refused = |text: &str, words: &[&str]| {
        folder.write(path, text);
        let answer = folder.run(&["archive", "checkout-a", "--today", "2027-02-20"]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        for word in words {
            assert!(answer.err.contains(word), "no `{word}` in: {}", answer.err);
        }
        assert_eq!(folder.read(path), text, "a refusal writes nothing");
    };
    refused(&whole.replace("\"decided\"", "\"running\""), &["it is running", "`[results]`"]);
    refused(&whole.replace("learned = \"little\"", "learned = \" \""), &["`results` lacks `learned`"]);
    refused(&whole.replace("decision = \"iterate\"\n", ""), &["`results` lacks `decision`"]);
    refused(&whole.replace("[experiment]", "[experiment"), &["cannot archive"]);
    // A flag that is still defined, and that nobody else sets, is not cleaned up.
    let catalog = folder.read("catalog/base.toml");
    folder.write(
        "catalog/base.toml",
        catalog
            + "\n[flags.checkout-a]\nabout = \"The old form\"\nowner = \"growth\"\ndefault = { layout = \"form\" }\n",
    );
    refused(&whole, &["flag `checkout-a` is still defined in catalog/base.toml:", "--keep-flag"]);
    let answer = folder.run(&["archive", "checkout-a", "--today", "2027-02-20", "--keep-flag"]);
    assert_eq!(answer.code, 0, "{answer:?}");
}
