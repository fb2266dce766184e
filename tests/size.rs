//! `expc size` from outside: what is answered, how it reads, what is refused and how.

use expc::stats::bayes::{Belief, Decision, Measure, Prior, Rule};
use expc::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
use expc::stats::{Direction, Sides};
use serde_json::Value as Json;

/// What the program said, and how it ended.
#[derive(Debug)]
struct Answer {
    code: i32,
    out: String,
    err: String,
}

fn size(line: &str) -> Answer {
    // Words in single quotes are one argument, as in a shell.
    let mut words = vec!["size".to_owned()];
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_expc"));
    let output = command.args(words).env_remove("COLUMNS").env("NO_COLOR", "1").output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    Answer { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Lines as they are typed, each with what is printed.
fn transcript(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let answer = size(line);
        assert!(answer.code == 0 && answer.err.is_empty() || answer.code == 2 && answer.out.is_empty(), "{answer:?}");
        text += &format!("$ expc size {line}\n{}{}\n", answer.out, answer.err);
    }
    text
}

fn json(line: &str) -> Json {
    let answer = size(&format!("{line} --format json"));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{line}");
    serde_json::from_str(&answer.out).expect("JSON")
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($name, $text) });
    };
}

#[test]
fn a_question_is_answered_first_and_explained_below() {
    snapshot!(
        "answers",
        transcript(&[
            "proportion --baseline 4.2% --mde 2%rel --power 80%",
            "proportion --baseline 4.2% --units 100000",
            "proportion --baseline 4.2% --mde 0.3pp --units-per-day 12000 --weeks 3 --looks 4",
            "retention --baseline 31% --mde -1pp --guardrails 3 --ratio 1:2",
            "proportion --baseline 1.5% --margin 0.2pp --direction decrease --units-per-day 10000",
            "proportion --baseline 4.2% --mde 3%rel --looks 50%,100% --spending pocock --variants 3 --correction holm \
             --units-per-day 12000 --share 40%",
            "proportion --baseline 0.02% --mde 100%rel --method always-valid --sides one",
            "mean --baseline '$12.30' --sd '$31' --mde '$0.40' --margin '$0.10'",
            "mean --baseline '420 ms' --sd '310 ms' --claim non-inferiority --direction decrease --units 40000",
            "mean --sd 31 --sd-treatment 40 --mde 2 --icc 0.02 --cluster-size 200 --cluster-cv 0.5 --cuped 0.6",
            "mean --sd 31 --mde 2 --icc 0.02 --cluster-size 12",
            "proportion --baseline 10% --units 2000 --mde 5pp --icc 0.01 --cluster-size 100",
            "proportion --baseline 11% --mde 0.5pp --method bayesian --prior-sd 1pp --win-probability 95% --max-loss 0.02pp",
            "mean --sd 31 --units 40000 --method bayesian --win-probability 97.5%",
            "ratio --numerator 1.8 --numerator-sd 2.9 --denominator 24 --denominator-sd 30 --correlation 0.7 --mde 2%rel",
            "proportion --baseline 4.2% --mde 2%rel --scale lift --test z-unpooled",
            "proportion --baseline 4.2% --mde 10%rel --looks 3 --futility hsd:-2 --sides one --alpha 2.5% --power 90%",
            "proportion --baseline 8% --mde 6pp --test fisher-exact",
            "proportion --baseline 8% --mde 1pp --units 2000",
            "quantile --p 95% --baseline '420 ms' --interval 410..430 --interval-units 20000 --mde '-10 ms'",
            "quantile --p 99% --baseline '31 min' --density 0.02 --units 3000",
            "count --baseline 1.8 --dispersion 0.6 --mde 5%rel --test score",
            "count --baseline '0.064 orders' --exposure 28 --margin 3%rel --units 40000",
            "time-to-event --baseline 30% --window '14 days' --accrual '28 days' --dropout 5% --mde 10%rel",
            "time-to-event --baseline 30% --window '14 days' --units 20000 --direction decrease --test lachin-foulkes",
            "proportion --baseline 4.2% --equivalence 0.2pp --true-effect +0.05pp",
            "mean --baseline 10 --sd 31 --claim equivalence --units 40000 --test welch",
        ])
    );
}

#[test]
fn groups_are_counted_by_their_own_test() {
    let clustering =
        Clustering { size: 40.0, size_variation: 0.5, intraclass_correlation: 0.02, weighting: Weighting::Units };
    let test = ClusterTest {
        outcome: Outcome::Mean { sd: 31.0, clustering },
        effect: 8.0,
        alpha: 0.05,
        sides: Sides::Two,
        allocation: 1.0,
        reference: Reference::Student,
    };
    let groups = "--icc 0.02 --cluster-size 40 --cluster-cv 0.5";
    let wanted = test.required(0.8).expect("a size");
    let found = json(&format!("mean --sd 31 --mde 8 {groups}"));
    assert_eq!(found["answer"]["groups"]["control"].as_u64(), Some(wanted.control_units));
    assert_eq!(found["answer"]["control"].as_u64(), Some(40 * wanted.control_units));
    assert_eq!(found["answer"]["power"].as_f64(), Some(wanted.power));
    let found = json(&format!("mean --sd 31 --mde 8 --units 480 {groups}"));
    assert_eq!(found["answer"]["power"].as_f64(), test.power(6.0).ok());
    let found = json(&format!("mean --sd 31 --units 480 {groups}"));
    assert_eq!(found["answer"]["effect"].as_f64(), test.detectable(6.0, 0.8, Direction::Up).ok());
}

#[test]
fn a_rule_on_the_posterior_is_sized_by_how_often_it_ships() {
    let prior = Belief::new(0.0, 0.01).expect("a prior");
    let decision = Decision {
        measure: Measure::Proportion { baseline: 0.11 },
        prior: Prior::Normal(prior),
        rule: Rule { win: Some(0.95), loss: Some(0.0002), ..Rule::none(Direction::Up) },
        effect: 0.005,
        allocation: 1.0,
        size_factor: 1.0,
    };
    let wanted = decision.required(0.8).expect("a size");
    let rule = "--method bayesian --prior-sd 1pp --win-probability 95% --max-loss 0.02pp";
    let found = json(&format!("proportion --baseline 11% --mde 0.5pp {rule}"));
    assert_eq!(found["answer"]["control"].as_u64(), Some(wanted.control_units));
    let near = |found: &Json, wanted: f64| (found.as_f64().expect("a number") - wanted).abs() < 1e-9;
    let control = wanted.control_units as f64;
    assert!(near(&found["answer"]["type_one_error"], decision.type_one_error(control).expect("an error")));
    let assurance = decision.assurance(control, prior).expect("an assurance");
    assert!(near(&found["answer"]["assurance"]["success"], assurance.success));
    for (line, says) in [
        ("--mde 1pp --method bayesian", "needs its rule"),
        ("--mde 1pp --win-probability 95%", "belong to a Bayesian design"),
        ("--margin 1pp --method bayesian --win-probability 95%", "shows an effect"),
        ("--mde 1pp --method bayesian --win-probability 95% --looks 4", "is read once"),
    ] {
        let refused = size(&format!("proportion --baseline 11% {line}"));
        assert!(refused.err.contains(says), "{line}: {}", refused.err);
    }
}

#[test]
fn other_formats_carry_the_same_answer() {
    let line = "proportion --baseline 4.2% --mde 3%rel --looks 2 --variants 3 --units-per-day 12000";
    let json = json(line);
    let csv = size(&format!("{line} --format csv")).out;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 2, "{csv}");
    let cell = |head: &str| {
        let at = rows[0].iter().position(|found| *found == head).expect(head);
        rows[1][at].parse::<f64>().expect(head)
    };
    for head in ["control", "treatment", "total", "power", "effect", "days", "weeks"] {
        assert_eq!(json["answer"][head].as_f64(), Some(cell(head)), "{head}");
    }
    snapshot!("json", serde_json::to_string_pretty(&json).expect("JSON"));
}

#[test]
fn what_cannot_be_understood_is_refused_with_a_right_example() {
    snapshot!(
        "refusals",
        transcript(&[
            "proportion --baseline 4.2 --mde 2%rel",
            "proportion --baseline '20 ms' --mde 2%rel",
            "proportion --baseline 4.2% --mde 2%",
            "proportion --baseline 4.2% --mde 2",
            "proportion --baseline 4.2% --mde '3 ms'",
            "proportion --baseline 4.2% --mde two",
            "proportion --baseline 4.2% --mde 0pp",
            "proportion --baseline 4.2%",
            "proportion --baseline 4.2% --claim non-inferiority",
            "proportion --baseline 4.2% --claim superiority-by-margin --mde 1pp",
            "proportion --baseline 4.2% --claim superiority --mde 1pp --margin 0.1pp",
            "proportion --baseline 4.2% --claim non-inferiority --mde 1pp --margin 0.1pp",
            "proportion --baseline 4.2% --mde 1pp --true-effect 0.1pp",
            "proportion --baseline 4.2% --equivalence 0.2pp --sides two",
            "proportion --baseline 4.2% --equivalence 0.2pp --true-effect 0.3pp",
            "proportion --baseline 4.2% --margin 0.2pp --test arcsine --scale lift",
            "mean --sd 4 --mde 1 --scale lift",
            "time-to-event --baseline 30% --window '14 days' --mde 1pp",
            "time-to-event --baseline 30% --window 14 --mde 10%rel",
            "count --baseline -1 --mde 5%rel",
            "proportion --baseline 4.2% --mde 10%rel --looks 3 --futility hsd:-2",
            "proportion --baseline 4.2% --mde 2%rel --test fisher-exact",
            "quantile --p 95% --baseline '420 ms' --mde 2%rel",
            "quantile --p 95% --baseline '420 ms' --interval 430..410 --interval-units 9 --mde 2%rel",
            "mean --sd 4 --sd-treatment 5 --mde 1 --test t",
            "proportion --baseline 4.2% --mde 1pp --units 5000 --power 80%",
            "proportion --baseline 42% --mde 60pp",
            "proportion --baseline 4.2% --mde 0.1pp --margin 0.2pp",
            "proportion --baseline 4.2% --mde 1pp --power 1%",
            "proportion --baseline 4.2% --mde 1pp --units 3",
            "proportion --baseline 4.2% --mde 1pp --units 4.5",
            "proportion --baseline 4.2% --mde 1pp --weeks 2",
            "proportion --baseline 4.2% --mde 1pp --looks 3 --method fixed",
            "proportion --baseline 4.2% --mde 1pp --looks 50%,20%,100%",
            "proportion --baseline 4.2% --mde 1pp --looks 4 --spending hsd",
            "proportion --baseline 4.2% --mde 1pp --method group-sequential",
            "proportion --baseline 4.2% --mde 1pp --ratio 1:0",
            "proportion --baseline 4.2% --mde 1pp --cuped 1",
            "mean --sd 31 --mde 2%rel",
            "mean --baseline '4 s' --sd '31 ms' --mde 2%rel",
            "mean --sd '31 ms' --mde 2pp",
            "mean --sd 0 --mde 2",
            "ratio --mde 2%rel",
            "ratio --numerator 2 --mde 2%rel",
            "propotion --baseline 4%",
        ])
    );
}

#[test]
fn size_power_and_effect_agree() {
    for shared in [
        "proportion --baseline 4.2%",
        "proportion --baseline 4.2% --test z-unpooled --ratio 1:3 --variants 4 --correction sidak",
        "proportion --baseline 4.2% --looks 5 --spending pocock",
        "mean --baseline 10 --sd 31 --cuped 0.5",
        "mean --baseline 10 --sd 31 --method always-valid",
        "mean --baseline 10 --sd 31 --sd-treatment 35 --scale lift",
        "proportion --baseline 4.2% --test log-odds",
        "count --baseline 1.8 --dispersion 0.6",
        "quantile --p 50% --baseline 31 --density 0.02",
    ] {
        let found = json(&format!("{shared} --mde 5%rel"));
        let (total, power) = (found["answer"]["total"].as_u64().expect("units"), &found["answer"]["power"]);
        let close = |a: &Json, b: f64, tolerance: f64| {
            assert!((a.as_f64().expect("a number") - b).abs() <= tolerance, "{shared}: {a} is not {b}");
        };
        close(power, 0.8, 5e-4);
        let again = json(&format!("{shared} --mde 5%rel --units {total}"));
        close(&again["answer"]["power"], power.as_f64().expect("a number"), 1e-5);
        let effect = found["answer"]["effect"].as_f64().expect("a number");
        assert!((effect - 0.05 * found["question"]["baseline"].as_f64().expect("a level")).abs() < 1e-12, "{shared}");
        let detectable = json(&format!("{shared} --units {total}"));
        close(&detectable["answer"]["effect"], effect, 1e-3 * effect);
    }
}

#[test]
fn the_help_says_how_to_ask() {
    snapshot!("help", size("proportion --help").out);
}

#[test]
fn the_examples_of_the_help_run() {
    for page in [
        "--help",
        "proportion --help",
        "mean --help",
        "ratio --help",
        "quantile --help",
        "count --help",
        "time-to-event --help",
    ] {
        let help = size(page).out.replace("\\\n", " ");
        let examples: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("expc size ")).collect();
        assert!(!examples.is_empty(), "{help}");
        for example in examples.iter().filter(|example| !example.contains("ENDPOINT")) {
            let answer = size(example);
            assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{example}");
        }
    }
}
