//! One experiment from its template to the archive, as commands in a real repository. What is said, typed and printed
//! is the page `docs/story.md`; `EXPC_BLESS=1` writes it.
//!
//! Of an output of more than [`MOST`] lines the page shows the first [`HEAD`] and the last [`TAIL`], and how many lie
//! between. The lines on skipped rules are shown once.

#[allow(dead_code, reason = "this story has a workspace of its own")]
#[path = "support/base.rs"]
mod base;
#[allow(dead_code, reason = "not every test asks for all of it")]
#[path = "support/repository.rs"]
mod repository;
#[allow(dead_code, reason = "not every test asks for all of it")]
#[path = "support/workspace.rs"]
mod workspace;

use std::path::{Path, PathBuf};

use repository::{Repo, isolated};
use workspace::Answer;

/// Lines of an output that is shown whole.
const MOST: usize = 32;
/// Lines of a longer one that are shown at its head and at its end.
const HEAD: usize = 22;
const TAIL: usize = 6;

const SPEC: &str = "experiments/checkout-one-tap.toml";
const CATALOG: &str = "catalog/shop.toml";
const TEMPLATE: &str = "templates/conversion-ab.toml";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A repository and the page that is written while something is done in it.
struct Story {
    repo: Repo,
    page: String,
    /// The day on which things happen.
    today: String,
    steps: usize,
    commands: usize,
    has_told_skips: bool,
}

impl Story {
    fn begin() -> Self {
        let repo = Repo::initialised(&[]);
        repo.git(&["config", "user.name", "Priya Raman"]);
        repo.git(&["config", "user.email", "priya.raman@example.org"]);
        for path in ["expc.toml", CATALOG, TEMPLATE] {
            repo.write(path, std::fs::read(here("tests/story").join(path)).expect(path));
        }
        repo.write("experiments/.gitkeep", "");
        repo.write(".gitignore", "/dist\n");
        Self { repo, page: String::new(), today: String::new(), steps: 0, commands: 0, has_told_skips: false }
    }

    /// A step begins, on a day.
    fn step(&mut self, day: &str, heading: &str) {
        day.clone_into(&mut self.today);
        self.steps += 1;
        self.page += &format!("\n## {}. {heading}\n\n*{day}*\n", self.steps);
    }

    /// A paragraph: a sentence a line.
    fn tell(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        self.page += &format!("\n{}\n", lines.join("\n"));
    }

    /// Runs a line as it is typed, and shows it with what it prints.
    fn run(&mut self, line: &str, code: i32) -> String {
        let mut words = words(line);
        let program = words.remove(0);
        let mut command = match program.as_str() {
            "expc" => self.repo.folder.command(&words.iter().map(String::as_str).collect::<Vec<_>>()),
            program => {
                let mut command = std::process::Command::new(program);
                command.args(words).current_dir(self.repo.path());
                command
            }
        };
        // Each command has a second of its own, so that commits of one day keep their order.
        self.commands += 1;
        let time = format!("{}T12:{:02}:{:02}Z", self.today, self.commands / 60, self.commands % 60);
        isolated(&mut command).env("GIT_AUTHOR_DATE", &time).env("GIT_COMMITTER_DATE", &time);
        let answer = Answer::of(&command.output().expect("the program starts"));
        assert_eq!(answer.code, code, "{line}\n{}{}", answer.out, answer.err);
        let printed = format!("{}{}", answer.out, answer.err);
        let shown = self.shown(&printed);
        let exit = if code == 0 { String::new() } else { format!("[exit code {code}]\n") };
        // Commands that follow each other share a block.
        match self.page.strip_suffix("```\n").filter(|page| page.contains("```console\n$ ") && self.in_console()) {
            Some(open) => self.page = format!("{open}$ {line}\n{shown}{exit}```\n"),
            None => self.page += &format!("\n```console\n$ {line}\n{shown}{exit}```\n"),
        }
        printed
    }

    /// True when the last block of the page holds commands.
    fn in_console(&self) -> bool {
        let closed = self.page.trim_end_matches("```\n");
        closed.rsplit("\n```").next().is_some_and(|block| block.starts_with("console\n"))
    }

    /// Lines as the rule above shows them.
    fn shown(&mut self, printed: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        for line in printed.lines() {
            if self.has_told_skips && line.starts_with("skipped ") {
                continue;
            }
            lines.push(line.trim_end().to_owned());
        }
        self.has_told_skips |= lines.iter().any(|line| line.starts_with("skipped "));
        head_and_tail(&lines.join("\n"))
    }

    /// Writes a file, and shows it.
    fn write(&mut self, path: &str, text: &str) {
        self.repo.write(path, text);
        self.page += &format!("\n`{path}`:\n\n```toml\n{text}```\n");
    }

    /// Changes a file, and shows what goes and what comes.
    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let text = self.repo.read(path);
        assert_eq!(text.matches(from).count(), 1, "{path}: {from}");
        self.repo.write(path, text.replacen(from, to, 1));
        let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
        let same = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        let lines = |sign: char, lines: &[&str]| -> String {
            lines.iter().map(|line| format!("{sign}{line}").trim_end().to_owned() + "\n").collect()
        };
        let hunk = lines(' ', &from[..same]) + &lines('-', &from[same..]) + &lines('+', &to[same..]);
        // Changes of one file that follow each other share a block.
        let open = format!("\n`{path}`:\n\n```diff\n");
        let last = self.page.rfind(&open).filter(|at| !self.page[at + open.len()..].contains("\n\n"));
        match self.page.strip_suffix("```\n").filter(|_| last.is_some()) {
            Some(page) => self.page = format!("{page}@@\n{hunk}```\n"),
            None => self.page += &format!("{open}{hunk}```\n"),
        }
    }

    /// Adds a stage of a week behind the last.
    fn append_stage(&mut self, last: &str, share: &str, hold: &str, name: &str, to: &str) {
        let line = |name: &str, share: &str, hold: &str| {
            format!("  {{ name = \"{name}\", share = \"{share}\", hold = \"{hold}\" }},\n")
        };
        let last = line(last, share, hold);
        self.edit(SPEC, &last, &format!("{last}{}", line(name, to, "7 days")));
    }

    /// Commits everything.
    fn commit(&mut self, message: &str) {
        self.repo.git(&["add", "--all"]);
        self.run(&format!("git commit -qm '{message}'"), 0);
    }

    /// Shows a section of a page that was built.
    fn section(&mut self, path: &str, heading: &str) -> String {
        let text = self.repo.read(path);
        let mut parts = text.split("\n## ").filter(|part| part.lines().next() == Some(heading));
        let part = parts.next().unwrap_or_else(|| panic!("{path} has no section `{heading}`:\n{text}"));
        self.page += &format!("\nFrom `{path}`:\n\n```markdown\n## {}\n```\n", part.trim_end());
        part.to_owned()
    }
}

/// A text, or of a long one its head and its end.
fn head_and_tail(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if MOST < lines.len() {
        let left = lines.len() - HEAD - TAIL;
        lines.splice(HEAD..lines.len() - TAIL, [format!("… {left} lines …")]);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Words at spaces; single quotes keep them together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What is printed has to hold these.
fn holds(printed: &str, all: &[&str]) {
    for part in all {
        assert!(printed.contains(part), "no `{part}` in:\n{printed}");
    }
}

const DRAFT: &str = r#"schema = 1
extends = "conversion-ab"

[experiment]
id = "checkout-one-tap"
title = "One-tap checkout"
owner = "growth"
objective = "2026-q4/activation"
surface = "checkout"

[hypothesis]
because = "41 % of carts are abandoned on the address form"
change = "replace the three-step form by one button"
expect = [{ metric = "order_conversion", direction = "increase" }]

[variants.control]
payload = { layout = "form" }

[variants.one-tap]
payload = { layout = "one-tap" }

[audience]
unit = "user"
base = "buyers"
layer = "checkout"
share = "50%"

[exposure]
event = "checkout_opened"

[[metrics.primary]]
metric = "order_conversion"

[[metrics.secondary]]
metric = "revenue_per_user"
"#;

/// What the author adds before the review.
const REST: &str = r#"
[rollout]
start = 2027-01-11
max_share = "50%"
analyse_ramp = true
stages = [
  { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
  { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
  { name = "main", share = "30%", hold = "21 days" },
]

[decision]
by = 2027-03-01
decider = "Priya Raman"

[risk]
level = "medium"
brand = false
revenue = false
legal = false
safety = false
model = false
ethics = false
"#;

fn told() -> String {
    let mut s = Story::begin();
    s.page += "# The story of one experiment\n";
    s.tell(
        "Priya wants to replace the address form of the checkout by one button.
        This page follows her experiment through one repository, from the first line to the archive.
        Everything below was typed and printed as it stands: a test of expc runs it (`cargo test --test story`) and compares the page with the output, byte for byte.
        Of long outputs the head and the end are shown; the dates are part of the commands, so that you can repeat them.",
    );

    s.step("2026-11-16", "The ground: a catalogue, a policy, a template");
    s.tell(
        "The team has a repository for its experiments.
        `catalog/shop.toml` says what experiments may refer to: metrics with their baselines, events, audiences with their traffic, owners.
        `expc.toml` says what every experiment owes to the house; `templates/conversion-ab.toml` is an approved way to start.
        What the template protects, a spec may make stricter and not looser.",
    );
    s.commit("The ground: catalogue, policy, template");
    s.run("git ls-files", 0);
    let template = s.repo.read(TEMPLATE);
    s.page += &format!("\n`{TEMPLATE}`:\n\n```toml\n{template}```\n");

    s.step("2026-11-16", "A draft");
    s.tell(
        "A spec starts from the template and says what only its author knows.
        It is a draft until it says otherwise: what is missing is a warning, and nothing stops Priya from committing it.",
    );
    s.run("git checkout -qb one-tap", 0);
    s.write(SPEC, DRAFT);
    let draft = s.run("expc check --today 2026-11-16 --format concise", 0);
    holds(&draft, &["warning[STA001]", "warning[DEC008]"]);
    s.commit("A draft of one-tap checkout");

    s.step("2026-11-17", "Is it possible at all?");
    s.tell(
        "The first question of a draft is how small an effect it could show.
        Priya writes the smallest change that would be worth shipping, the ramp and the day of the decision, and asks for the size.",
    );
    s.edit(
        SPEC,
        "[[metrics.primary]]\nmetric = \"order_conversion\"\n",
        "[[metrics.primary]]\nmetric = \"order_conversion\"\nmde = { relative = \"2%\" }\n",
    );
    s.edit(SPEC, "metric = \"revenue_per_user\"\n", &format!("metric = \"revenue_per_user\"\n{REST}"));
    s.run("expc power checkout-one-tap", 0);
    s.tell("So 2 % is out of reach with this ramp: of seven weeks the plan has four. What would be within it?");
    s.run("expc power checkout-one-tap --mde 2%,3%,4% --share 30%,50%", 0);
    s.tell("A gain of 3 % is still worth the work, and can be seen. Priya takes it.");
    s.edit(SPEC, "mde = { relative = \"2%\" }", "mde = { relative = \"3%\" }");
    s.commit("Sizes and dates");

    s.step("2026-11-18", "The review");
    s.tell("In CI, `expc diff` says what a pull request means, as a comment for people who do not read TOML.");
    s.run("expc diff main --format markdown", 0);
    s.tell(
        "Luis, who answers for the checkout, sees what the check has said all along: nothing rolls back by itself, and the policy of the house asks for a guardrail on refunds.
        Priya adds both, and the links that a reader will look for.",
    );
    s.edit(
        SPEC,
        "surface = \"checkout\"\n",
        "surface = \"checkout\"\nlinks = { ticket = \"https://tickets.example/GRO-812\", evidence = [\"https://research.example/checkout\"] }\n",
    );
    s.edit(
        SPEC,
        "[[metrics.secondary]]\n",
        "[[metrics.guardrail]]\nmetric = \"refund_rate\"\nmargin = { absolute = \"0.2pp\" }\n\n[[metrics.secondary]]\n",
    );
    s.edit(
        SPEC,
        "  { name = \"main\", share = \"30%\", hold = \"21 days\" },\n]\n",
        "  { name = \"main\", share = \"30%\", hold = \"21 days\" },\n]\nrollback = [\n  { metric = \"page_latency\", harm = \"margin\", min_units = 12000 },\n  { metric = \"refund_rate\", harm = \"margin\", min_units = 40000 },\n]\n",
    );
    s.run("expc check --today 2026-11-18 --format concise", 0);
    s.commit("Guardrail on refunds, rollback, links");

    s.step("2026-11-19", "Ready");
    s.tell(
        "`status = \"ready\"` is a promise that the plan is whole: what was a warning in the draft would be an error from here on.
        Nothing is left, so the branch is merged.",
    );
    s.edit(SPEC, "title = \"One-tap checkout\"\n", "title = \"One-tap checkout\"\nstatus = \"ready\"\n");
    s.run("expc check --today 2026-11-19", 0);
    s.commit("One-tap checkout is ready");
    s.run("git checkout -q main", 0);
    s.run("git merge -q --no-ff -m 'One-tap checkout' one-tap", 0);

    s.step("2026-11-20", "The seal");
    s.tell(
        "Before there is data, the plan is sealed: what it promises, with every default written out and the definitions it rests on, and a hash over all of it.
        The lock is committed like any other file.",
    );
    s.run("expc lock checkout-one-tap --at 2026-11-20T09:00:00Z", 0);
    let seal = s.repo.read("registry/checkout-one-tap.lock.json");
    s.page += &format!("\n`registry/checkout-one-tap.lock.json`:\n\n```json\n{}```\n", head_and_tail(&seal));
    s.commit("Seal one-tap checkout");

    s.step("2026-12-01", "An amendment before there is data");
    s.tell(
        "Finance asks for more certainty.
        No data exists, so the plan may change, but not in silence: first Priya only edits the file.",
    );
    s.edit(SPEC, "[risk]\n", "[design]\npower = 0.85\n\n[risk]\n");
    let silent = s.run("expc check --today 2026-12-01", 1);
    holds(&silent, &["error[LIF002]", "sealed as 0.8"]);
    s.tell("`expc amend` drafts what is missing: it knows the fields, and asks for the reason and for what was known of the data.");
    s.run("expc amend checkout-one-tap --at 2026-12-01 --data-access nothing-run --reason 'finance asks for more certainty before the budget is fixed' --write", 0);
    s.run("expc check --today 2026-12-01", 0);
    s.commit("Amend: more power");

    s.step("2027-01-11", "The start");
    s.tell("On the day, `expc status` says what is due.");
    s.run("expc status --date 2027-01-11", 0);
    s.edit(SPEC, "status = \"ready\"", "status = \"running\"");
    s.run("expc check --today 2027-01-11", 0);
    s.run("expc build --date 2027-01-11", 0);
    s.tell("The flag file goes to the platform, and the first 2 % of the buyers meet the button.");
    s.commit("Start one-tap checkout");

    s.step("2027-02-05", "The ramp grows");
    s.tell(
        "The guardrails hold, and the seal leaves room: up to the share of the plan, 50 %, and to the day of the decision, stages may be appended.
        Nobody who is in it changes the variant, so no promise is broken and no amendment is needed.",
    );
    s.append_stage("main", "30%", "21 days", "wide", "40%");
    s.run("expc check --against HEAD --today 2027-02-05", 0);
    s.run("expc diff HEAD", 0);
    s.commit("Ramp: 40 % for a week");

    s.step("2027-02-12", "The ramp grows again");
    s.tell("A week later the rest of the share follows in the same way.");
    s.append_stage("wide", "40%", "7 days", "full", "50%");
    s.run("expc check --against HEAD --today 2027-02-12", 0);
    s.commit("Ramp: 50 % for a week");

    s.step("2027-02-15", "Another metric, in silence");
    s.tell(
        "Orders look flat, revenue looks good.
        Somebody opens a branch in which revenue has been the primary metric all along.
        CI runs `expc check --against main`, and the branch does not get in.",
    );
    s.run("git checkout -qb revenue-first", 0);
    s.edit(
        SPEC,
        "[[metrics.primary]]\nmetric = \"order_conversion\"\n",
        "[[metrics.primary]]\nmetric = \"revenue_per_user\"\n",
    );
    s.edit(
        SPEC,
        "[[metrics.secondary]]\nmetric = \"revenue_per_user\"\n",
        "[[metrics.secondary]]\nmetric = \"order_conversion\"\n",
    );
    s.commit("Small clean-up");
    let stopped = s.run("expc check --against main --today 2027-02-15 --format concise", 1);
    holds(&stopped, &["error[LIF002] `metrics.primary.order_conversion` is in the sealed plan, and here no more"]);
    s.run("git checkout -q main", 0);
    s.run("git branch -qD revenue-first", 0);

    s.step("2027-02-16", "A deviation");
    s.tell(
        "Ada, the analyst, has seen the results by variant.
        She finds that the margin for refunds was drawn too tight, and wants it wider.
        That may even be right, but it is not what was promised: it is a deviation, and stays one.",
    );
    s.edit(SPEC, "margin = { absolute = \"0.2pp\" }", "margin = { absolute = \"0.24pp\" }");
    let amended = s.run(
        "expc amend checkout-one-tap --at 2027-02-16 --by 'Ada Lind' --data-access seen --reason 'a payment provider refunds late since January, in both variants' --write",
        0,
    );
    holds(&amended, &["is a deviation"]);
    let stopped = s.run("expc check --against HEAD --today 2027-02-16", 1);
    holds(&stopped, &["error[LIF004]"]);
    s.tell("The team agrees to read it as exploratory, and says so. From here on everything that reads the plan says so too.");
    s.edit(
        SPEC,
        "fields      = [\"metrics.guardrail.refund_rate.margin\"]\n",
        "fields      = [\"metrics.guardrail.refund_rate.margin\"]\nexploratory = true\n",
    );
    s.run("expc check --against HEAD --today 2027-02-16", 0);
    let comment = s.run("expc diff HEAD --format markdown", 0);
    holds(&comment, &["a deviation"]);
    s.commit("Deviation: a wider margin for refunds");
    let due = s.run("expc status --date 2027-02-16", 0);
    holds(&due, &["with results seen: exploratory"]);
    s.run("expc build --date 2027-02-16", 0);
    let deviations = s.section("dist/plans/checkout-one-tap/plan.md", "Deviations from the sealed plan");
    holds(&deviations, &["Ada Lind", "`metrics.guardrail.refund_rate.margin`"]);

    s.step("2027-03-01", "The decision");
    s.tell("The day has come on which the plan said that it would be decided.");
    s.run("expc status --date 2027-03-01", 0);
    s.tell(
        "Orders went up by 0.6 %, and the interval holds zero: neither better nor worse.
        For that the registered rules give `stop` if a guardrail fails, and `iterate` otherwise.
        The button is liked in the house, so somebody writes `ship`.",
    );
    s.edit(
        SPEC,
        "# design.power was 0.8 and is 0.85\n",
        "[results]\nended = 2027-02-21\ndecision = \"ship\"\nvariant = \"one-tap\"\ndecided = 2027-03-01\nlearned = \"people whose address we know gain most; the others still see a form\"\neffects = [{ metric = \"order_conversion\", relative = \"0.6%\", low = \"-0.9%\", high = \"2.1%\" }]\n\n# design.power was 0.8 and is 0.85\n",
    );
    s.edit(SPEC, "status = \"running\"", "status = \"shipped\"");
    let off_plan = s.run("expc check --against HEAD --today 2027-03-01", 1);
    holds(&off_plan, &["error[LIF012]"]);
    s.tell("A decision may depart from its rules, but not without a reason that is written down beside it.");
    s.edit(
        SPEC,
        "decided = 2027-03-01\n",
        "decided = 2027-03-01\ndeparture = \"the form runs on a service that its vendor ends in April; the button costs us no orders\"\n",
    );
    s.run("expc check --against HEAD --today 2027-03-01", 0);
    s.commit("Ship one-tap checkout, off plan");
    s.run("expc history --metric order_conversion", 0);

    s.step("2027-03-16", "Cleaning up");
    s.tell("Two weeks later the flag is still in the code. `expc status` does not forget, and `expc archive` refuses.");
    s.run("expc status --date 2027-03-16", 0);
    s.run("expc archive checkout-one-tap --today 2027-03-16", 2);
    s.tell("Luis takes the flag and the losing branch out of the code, and its entry out of the catalogue.");
    s.edit(
        CATALOG,
        "[flags.checkout-one-tap]\nabout = \"The form or the button\"\nowner = \"growth\"\ndefault = { layout = \"form\" }\n\n",
        "",
    );
    s.commit("Take the flag checkout-one-tap out");

    s.step("2027-03-17", "The archive");
    s.tell("Now nothing is owed any more.");
    s.run("expc archive checkout-one-tap --today 2027-03-17", 0);
    s.run("expc check --today 2027-03-17", 0);
    s.commit("Archive one-tap checkout");
    s.tell("What is left is the record: every step with its author and its day, and the seal that all of it was held against.");
    s.run("expc lock --check", 0);
    let log = s.run("git log --reverse --format='%as %s'", 0);
    assert!(15 <= log.lines().count(), "{log}");
    s.page
}

#[test]
fn the_story_is_true() {
    let page = told();
    let path = here("docs/story.md");
    if std::env::var_os("EXPC_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/ is writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != page {
        let line = committed.lines().zip(page.lines()).take_while(|(old, new)| old == new).count();
        let of = |page: &str| page.lines().nth(line).unwrap_or("(the end)").to_owned();
        panic!(
            "docs/story.md is stale from line {} on; run `EXPC_BLESS=1 cargo test --test story`\n  page: {}\n  now:  {}",
            line + 1,
            of(&committed),
            of(&page)
        );
    }
}
