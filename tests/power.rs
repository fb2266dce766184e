//! `expc power` from outside: the shop's experiments, other values, files, and what is refused.

#[allow(dead_code, reason = "shared with tests that use the rest")]
#[path = "support/base.rs"]
mod base;

#[allow(dead_code, reason = "shared with tests that use the rest")]
#[path = "support/workspace.rs"]
mod workspace;

use base::SPEC;
use serde_json::Value as Json;
use workspace::{Answer, Folder};

const ONE_TAP: &str = "examples/shop/experiments/checkout-one-tap.toml";

/// Runs the program at the root of the repository.
fn power(arguments: &[&str]) -> Answer {
    let folder = Folder::new();
    let mut command = folder.command(&[&["power"], arguments].concat());
    Answer::of(&command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the program starts"))
}

fn printed(arguments: &[&str]) -> String {
    let answer = power(arguments);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{arguments:?}");
    answer.out
}

fn json(arguments: &[&str]) -> Json {
    serde_json::from_str(&printed(&[arguments, &["--format", "json"]].concat())).expect("JSON")
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($name, $text) });
    };
}

#[test]
fn every_number_and_its_origin_is_shown() {
    snapshot!("text", printed(&[ONE_TAP]));
    snapshot!("text_all", printed(&["examples/shop/experiments/search-synonyms.toml", "--all", "--through", "3"]));
    snapshot!("json", serde_json::to_string_pretty(&json(&[ONE_TAP, "--through", "2"])).expect("JSON"));
    snapshot!("csv", printed(&[ONE_TAP, "--format", "csv", "--through", "3"]));
}

#[test]
fn the_whole_shop_is_printed_in_every_format() {
    let folder =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop/experiments")).expect("a folder");
    for spec in folder {
        let path = spec.expect("an entry").path();
        let path = path.to_string_lossy();
        for format in ["text", "json", "csv"] {
            assert!(!printed(&[&path, "--format", format]).is_empty(), "{path}");
        }
        let document = json(&[&path]);
        for size in document["sizes"].as_array().expect("a list") {
            // The last look ends every run, so that its probabilities stay below 1.
            let looks = size["looks"].as_array();
            let total: f64 = looks.into_iter().flatten().filter_map(|look| look["stops_under_effect"].as_f64()).sum();
            assert!(total <= 1.0 + 1e-9, "{path}: {total}");
        }
    }
}

#[test]
fn other_values_go_through_the_whole_plan() {
    let lists = ["--mde", "1%,1.5%,1pp", "--share", "20%,50%", "--weeks", "4,5"];
    snapshot!("what_if", printed(&[&[ONE_TAP][..], &lists].concat()));
    let document = json(&[&[ONE_TAP][..], &lists].concat());
    let cells = document["what_if"].as_array().expect("a list");
    assert_eq!(cells.len(), 12);
    let planned: Vec<&Json> = cells.iter().filter(|cell| cell["planned"] == true).collect();
    assert_eq!(planned.len(), 1);
    // The planned combination gives what the plan itself gives.
    assert_eq!(planned[0]["sizes"][0]["power"], document["sizes"][0]["power"]);
    assert_eq!(planned[0]["sizes"][0]["needed"], document["sizes"][0]["needed"]);
    let csv = printed(&[&[ONE_TAP, "--format", "csv"][..], &lists].concat());
    assert_eq!(csv.lines().count(), 13, "{csv}");
    // A value that is not in the plan leaves the plan among the rows.
    let alone = printed(&[ONE_TAP, "--weeks", "8"]);
    assert_eq!(alone.lines().filter(|line| line.contains("← planned")).count(), 1, "{alone}");
}

#[test]
fn what_the_spec_says_and_what_is_asked_agree() {
    let folder = Folder::base();
    let asked = folder.run(&["power", SPEC, "--mde", "4%", "--format", "json"]);
    let document: Json = serde_json::from_str(&asked.out).expect("JSON");
    let cell = document["what_if"].as_array().expect("a list").iter().find(|cell| cell["planned"] == false);
    let mut spec: toml::Table = folder.read(SPEC).parse().expect("TOML");
    let metrics = spec["metrics"]["primary"].as_array_mut().expect("a list");
    metrics[0].as_table_mut().expect("a table").insert("mde".to_owned(), toml::toml!(relative = "4%").into());
    folder.write(SPEC, toml::to_string(&spec).expect("TOML"));
    let written = folder.run(&["power", SPEC, "--format", "json"]);
    let written: Json = serde_json::from_str(&written.out).expect("JSON");
    assert_eq!(cell.expect("a cell")["sizes"][0]["power"], written["sizes"][0]["power"]);
}

#[test]
fn pictures_are_written_whole_and_alike() {
    let folder = Folder::base();
    for name in ["power.svg", "deep/er/power.PNG"] {
        let answer = folder.run(&["power", SPEC, "--plot", name]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{name}");
        assert!(answer.out.ends_with(&format!("power by week drawn in {name}\n")), "{}", answer.out);
    }
    assert!(folder.read("power.svg").starts_with("<svg "));
    let png = std::fs::read(folder.path().join("deep/er/power.PNG")).expect("a picture");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() < 200_000);
    // The width and the height of the SVG, doubled.
    assert_eq!((&png[16..20], &png[20..24]), (&1624_u32.to_be_bytes()[..], &800_u32.to_be_bytes()[..]));
    folder.run(&["power", SPEC, "--plot", "again.png"]);
    assert_eq!(png, std::fs::read(folder.path().join("again.png")).expect("a picture"));
    // No letter of the system's fonts is needed.
    let mut bare = folder.command(&["power", SPEC, "--plot", "bare.png"]);
    bare.env_clear();
    assert!(bare.output().expect("the program starts").status.success());
    assert_eq!(png, std::fs::read(folder.path().join("bare.png")).expect("a picture"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut text = String::new();
    for arguments in [
        "--mde 1%,,2%",
        "--mde 1%,1.0%",
        "--mde -1%",
        "--mde 200%",
        "--mde 2ms",
        "--mde 2",
        "--mde 0%",
        "--share 0%",
        "--share 40",
        "--share 120%",
        "--share ,",
        "--weeks 0",
        "--weeks 1",
        "--weeks 5000",
        "--weeks two",
        "--mde 1%,2%,3%,4%,5%,6%,7%,8%,9%,10% --share 1%,2%,3%,4%,5%,6%,7%,8%,9%,10%,11% --weeks 2,3,4,5,6,7,8,9,10,11",
        "--plot power.jpg",
        "--plot power",
        "--format yaml",
        "--through 0",
    ] {
        let answer = power(&[&[ONE_TAP], &arguments.split(' ').collect::<Vec<_>>()[..]].concat());
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{arguments}");
        text += &format!("$ expc power SPEC {arguments}\n{}\n", answer.err);
    }
    snapshot!("refusals", text);
    // A picture of nothing is none.
    let folder = Folder::base();
    folder.write("experiments/draft.toml", "schema = 1\n");
    let answer = folder.run(&["power", "draft", "--plot", "power.svg"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("no metric could be sized"), "{}", answer.err);
    assert!(!folder.path().join("power.svg").exists());
    // What is not the author's fault is said of the file.
    std::fs::create_dir(folder.path().join("taken.svg")).expect("a folder");
    let answer = folder.run(&["power", SPEC, "--plot", "taken.svg"]);
    assert!(answer.code == 2 && answer.err.contains("a folder is in its place"), "{}", answer.err);
}
