//! Numbers at the edge of what they can be: each gives a finding with its reason and place, or the right answer; never a
//! panic, a hang or a wrong number.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

use std::time::{Duration, Instant};

use expc::check::{Options, Outcome, check};
use expc::portfolio::Workspace;
use expc::world::Memory;

/// Generous: without optimisation, on a busy machine.
const QUICK: Duration = Duration::from_secs(30);

fn judged(fragment: &str) -> (Workspace, Outcome) {
    let (files, today) = examples::workspace_of(fragment);
    let memory = files.into_iter().fold(Memory::default(), |memory, (path, bytes)| memory.with(path, bytes));
    let workspace = Workspace::open(&memory).with_targets(expc::emit::flags::capabilities());
    let outcome = check(&workspace, Options { today: today.parse().ok(), ..Options::default() });
    (workspace, outcome)
}

/// Place, code, headline and reason of every finding.
fn told(fragment: &str) -> String {
    let start = Instant::now();
    let (workspace, outcome) = judged(fragment);
    assert!(start.elapsed() < QUICK, "{:?} for:\n{fragment}", start.elapsed());
    assert!(!outcome.crashed, "expc failed on:\n{fragment}");
    let mut text = String::new();
    for finding in &outcome.findings {
        let at = workspace.sources.start(finding.primary.span);
        let path = workspace.sources.path(finding.primary.span);
        let reason = &finding.primary.text;
        text += &format!("  {path}:{} {} {}: {reason}\n", at.line, finding.code, finding.headline);
    }
    for known in outcome.findings.iter().flat_map(|finding| &finding.facts) {
        if let expc::diag::Fact::Number(number) = known.1 {
            assert!(number.is_finite(), "{known:?} for:\n{fragment}");
        }
    }
    if text.is_empty() { "  nothing\n".to_owned() } else { text }
}

fn primary(keys: &str) -> String {
    format!("[[metrics.primary]]\nmetric = \"order_conversion\"\n{keys}\n")
}

fn catalogue(metric: &str, keys: &str) -> String {
    format!("#: file catalog/base.toml\n[metrics.{metric}]\n{keys}\n")
}

fn design(keys: &str) -> String {
    format!("[design]\n{keys}\n")
}

fn looks(number: usize) -> String {
    let list: Vec<String> = (1..=number).map(|look| format!("\"{}%\"", look as f64 * 100.0 / number as f64)).collect();
    format!("looks = [{}]", list.join(", "))
}

#[test]
fn every_edge_has_an_answer() {
    let bayes = |keys: &str| design(&format!("method = \"bayesian\"\nbayes = {{ {keys} }}"));
    let grouped = |keys: &str| design(&format!("method = \"group-sequential\"\n{keys}"));
    let cluster = |keys: &str| format!("[design.cluster]\nunit = \"user\"\n{keys}\n");
    let cases: Vec<(&str, String)> = vec![
        ("baseline 0", catalogue("order_conversion", "baseline = \"0%\"")),
        ("baseline 1", catalogue("order_conversion", "baseline = \"100%\"")),
        ("baseline below 0", catalogue("order_conversion", "baseline = \"-5%\"")),
        ("baseline nan", catalogue("order_conversion", "baseline = \"nan%\"")),
        ("baseline 1e400", catalogue("order_conversion", "baseline = \"1e400%\"")),
        ("guardrail at baseline 0", catalogue("refund_rate", "baseline = \"0%\"")),
        ("no variance", catalogue("page_latency", "sd = \"0 ms\"")),
        ("negative deviation", catalogue("page_latency", "sd = \"-3 ms\"")),
        ("variance beyond numbers", catalogue("page_latency", "sd = \"1e300 ms\"")),
        ("mde 0", primary("mde = { relative = \"0%\" }")),
        ("mde 0pp", primary("mde = { absolute = \"0pp\" }")),
        ("mde nan", primary("mde = { relative = \"nan%\" }")),
        ("mde inf", primary("mde = { relative = \"inf%\" }")),
        ("mde 1e400", primary("mde = { absolute = \"1e400pp\" }")),
        ("mde beyond the range", primary("mde = { absolute = \"95pp\" }")),
        ("n beyond 2^63", primary("mde = { absolute = \"0.00000001pp\" }")),
        ("n beyond numbers", primary("mde = { absolute = \"1e-200pp\" }")),
        ("margin beyond 2^63", "[[metrics.guardrail]]\nmetric = \"refund_rate\"\nmargin = { absolute = \"0.00000001pp\" }\n".to_owned()),
        ("alpha 0", design("alpha = 0.0")),
        ("alpha 1", design("alpha = 1.0")),
        ("alpha nan", design("alpha = nan")),
        ("alpha 1e-12", design("alpha = 1e-12")),
        ("alpha 1e-300", design("alpha = 1e-300")),
        ("power 1", design("power = 1.0")),
        ("power almost 1", design("power = 0.999999999999")),
        ("power below alpha", design("power = 0.01")),
        ("weights 1 to 1e9", "[variants.control]\nweight = 1000000000\n".to_owned()),
        ("weight inf", "[variants.control]\nweight = inf\n".to_owned()),
        ("100 looks", grouped(&format!("spending = \"obrien-fleming\"\n{}", looks(100)))),
        ("100 looks by pocock at alpha 1e-12", grouped(&format!("alpha = 1e-12\nspending = \"pocock\"\n{}", looks(100)))),
        ("100 looks of a fixed design", design(&looks(100))),
        ("400 looks", grouped(&format!("spending = \"obrien-fleming\"\n{}", looks(400)))),
        ("looks at one place", grouped("spending = \"pocock\"\nlooks = [\"50%\", \"50.000001%\", \"100%\"]")),
        ("rho 0", grouped("spending = \"kim-demets\"\nspending_parameter = 0.0\nlooks = [\"50%\", \"100%\"]")),
        ("gamma nan", grouped("spending = \"hwang-shih-decani\"\nspending_parameter = nan\nlooks = [\"50%\", \"100%\"]")),
        (
            "futility meets success",
            grouped("spending = \"pocock\"\nlooks = [\"90%\", \"100%\"]\nfutility = { spending = \"pocock\", binding = true }\npower = 0.2"),
        ),
        ("always-valid tuned for 0", design("method = \"always-valid\"\nalways_valid = { tuned_for = \"0%\" }")),
        ("always-valid mixing 0", design("method = \"always-valid\"\nalways_valid = { boundary = \"mixture\", mixing = { relative = \"0%\" } }")),
        ("prior without width", bayes("prior_sd = \"0%\", win_probability = 0.95")),
        ("prior of everything", bayes("prior_sd = \"1e300%\", win_probability = 0.95")),
        ("prior that decides", bayes("prior_mean = \"50%\", prior_sd = \"5%\", win_probability = 0.95")),
        ("win probability 1", bayes("prior_sd = \"5%\", win_probability = 1.0")),
        ("win probability at its end", bayes("prior_sd = \"5%\", win_probability = 0.9999999999999999")),
        ("loss 0", bayes("prior_sd = \"5%\", max_expected_loss = \"0%\"")),
        ("icc 1", cluster("icc = 1.0\nmean_size = 20.0")),
        ("groups of 1e12", cluster("icc = 0.02\nmean_size = 1e12")),
        ("groups of nobody", cluster("icc = 0.02\nmean_size = 0.0")),
        ("one group", cluster("icc = 0.02\nmean_size = 20.0\ntotal = 1")),
        ("sizes without bound", cluster("icc = 0.02\nmean_size = 20.0\nsize_cv = 1e12")),
        ("fisher at any size", design("test = \"fisher-exact\"")),
        ("cuped at 1", design("variance_reduction = { method = \"cuped\", window = \"7 days\", correlation = 1.0 }")),
        ("1e12 units a day", "[audience]\ndaily_units = 1000000000000\n".to_owned()),
        (
            "units that never return",
            "[audience]\nunique_units = [{ after = \"1 day\", units = 5 }, { after = \"1 day\", units = 9 }]\n".to_owned(),
        ),
        ("a trigger at nothing", "[rollout]\nrollback = [{ metric = \"refund_rate\", harm = \"difference\", threshold = \"0pp\", min_units = 1 }]\n".to_owned()),
        ("a trigger at nan", "[rollout]\nrollback = [{ metric = \"refund_rate\", harm = \"difference\", threshold = \"nanpp\", min_units = 1 }]\n".to_owned()),
        ("nobody exposed", "[exposure]\nrate = \"0%\"\n".to_owned()),
        ("hardly anybody exposed", "[exposure]\nrate = \"0.000001%\"\n".to_owned()),
    ];
    let mut text = String::new();
    for (name, fragment) in &cases {
        text += &format!("{name}\n{}", told(fragment));
    }
    insta::assert_snapshot!("edges", text);
}

/// A design with too few units for what it asks.
struct Short {
    name: &'static str,
    /// What comes before the effect, in the entry of the metric.
    entry: &'static str,
    bar: &'static str,
    effect: &'static str,
    rest: &'static str,
}

/// What an author may change when the finding says so.
struct Plan {
    share: String,
    hold: String,
    by: String,
    effect: String,
}

impl Short {
    fn plan(&self) -> Plan {
        Plan {
            share: "50%".to_owned(),
            hold: "21 days".to_owned(),
            by: "2027-02-15".to_owned(),
            effect: self.effect.to_owned(),
        }
    }

    fn fragment(&self, plan: &Plan) -> String {
        let Plan { share, hold, by, effect } = plan;
        let Self { entry, bar, rest, .. } = self;
        format!(
            "[[metrics.primary]]\n{entry}\n{bar} = {effect}\n[audience]\nshare = \"{share}\"\n[rollout]\nstages = [\n  \
             {{ name = \"canary\", share = \"2%\", hold = \"3 days\", gate = \"guardrails\" }},\n  \
             {{ name = \"small\", share = \"10%\", hold = \"4 days\", gate = \"guardrails\" }},\n  \
             {{ name = \"main\", share = \"{share}\", hold = \"{hold}\" }},\n]\n[decision]\nby = {by}\n{rest}"
        )
    }
}

/// The text between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    Some(&text[from..from + text[from..].find(end)?])
}

const RATE: &str = "metric = \"order_conversion\"";

const SHORT: &[Short] = &[
    Short { name: "fixed", entry: RATE, bar: "mde", effect: "{ relative = \"2.2%\" }", rest: "" },
    Short {
        name: "group-sequential",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2.4%\" }",
        rest: "[design]\nmethod = \"group-sequential\"\nspending = \"pocock\"\nlooks = [\"40%\", \"70%\", \"100%\"]\n",
    },
    Short {
        name: "group-sequential with futility",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2.4%\" }",
        rest: "[design]\nmethod = \"group-sequential\"\nspending = \"obrien-fleming\"\nlooks = [\"50%\", \"100%\"]\n\
               futility = { spending = \"obrien-fleming\" }\n",
    },
    Short {
        name: "always-valid",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2.9%\" }",
        rest: "[design]\nmethod = \"always-valid\"\n",
    },
    Short {
        name: "groups",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"1.2%\" }",
        rest: "[design.cluster]\nunit = \"user\"\nicc = 0.02\nmean_size = 3.0\n",
    },
    Short {
        name: "bayesian",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2%\" }",
        rest: "[design]\nmethod = \"bayesian\"\nbayes = { prior_sd = \"5%\", win_probability = 0.95 }\n",
    },
    Short {
        name: "equivalence",
        entry: "metric = \"order_conversion\"\nhypothesis = \"equivalence\"",
        bar: "margin",
        effect: "{ relative = \"2.2%\" }",
        rest: "",
    },
    Short {
        name: "not worse",
        entry: "metric = \"order_conversion\"\nhypothesis = \"non-inferiority\"",
        bar: "margin",
        effect: "{ relative = \"2%\" }",
        rest: "",
    },
    Short {
        name: "beyond a margin",
        entry: "metric = \"order_conversion\"\nhypothesis = \"superiority-by-margin\"\nmargin = { relative = \"1%\" }",
        bar: "mde",
        effect: "{ relative = \"3%\" }",
        rest: "",
    },
    Short {
        name: "time to event",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2.2%\" }",
        rest: "#: file catalog/base.toml\n[metrics.order_conversion]\nkind = \"time-to-event\"\n",
    },
    Short {
        name: "returning units",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"3.4%\" }",
        rest: "#: file catalog/base.toml\n[audiences.buyers]\nunique_units = [{ after = \"1 day\", units = 64000 }, { after = \"7 days\", units = 260000 }, \
               { after = \"28 days\", units = 700000 }]\n",
    },
    Short {
        name: "lift",
        entry: RATE,
        bar: "mde",
        effect: "{ relative = \"2.3%\" }",
        rest: "[design]\nscale = \"lift\"\n",
    },
    Short {
        name: "revenue",
        entry: "metric = \"revenue_per_user\"",
        bar: "mde",
        effect: "{ absolute = \"$0.12\" }",
        rest: "[metrics]\nsecondary = [{ metric = \"order_conversion\" }]\n[hypothesis]\nexpect = [{ metric = \"revenue_per_user\", direction = \"increase\" }]\n",
    },
];

/// The share, the weeks and the effect that STA002 names are each accepted when they are followed.
#[test]
fn ways_out_are_accepted_when_followed() {
    let mut text = String::new();
    for short in SHORT {
        let fragment = short.fragment(&short.plan());
        let (_, outcome) = judged(&fragment);
        let codes: Vec<&str> = outcome.findings.iter().map(|finding| &*finding.code).collect();
        let told: Vec<_> =
            outcome.findings.iter().map(|finding| format!("{} {}", finding.code, finding.headline)).collect();
        assert_eq!(codes, ["STA002"], "{}: {told:#?} {:?}", short.name, outcome.skipped);
        let found = &outcome.findings[0];
        text += &format!("{}\n  {}\n  {}\n", short.name, found.headline, found.primary.text);
        let mut ways = 0;
        for help in &found.help {
            text += &format!("  - {help}\n");
            let mut plan = short.plan();
            if let Some(share) = between(help, "` to ", "%") {
                plan.share = format!("{share}%");
            } else if let Some(hold) = between(help, "hold stage `main` for ", " days") {
                plan.hold = format!("{hold} days");
                if let Some((_, by)) = help.split_once("decide on ") {
                    plan.by = by.to_owned();
                }
            } else if let Some(effect) = between(help, &format!("accept `{} = ", short.bar), "`") {
                plan.effect = effect.to_owned();
            } else {
                continue;
            }
            ways += 1;
            let (_, outcome) = judged(&short.fragment(&plan));
            let left: Vec<_> = outcome.findings.iter().filter(|finding| finding.code == "STA002").collect();
            assert!(left.is_empty(), "{}: {help} is not accepted: {left:#?}", short.name);
        }
        assert!(0 < ways, "{}: no way out: {:?}", short.name, found.help);
    }
    insta::assert_snapshot!("ways_out", text);
}
