//! Workspaces of any size, the same on every machine.
//!
//! A catalogue of 60 metrics, 20 audiences and 12 layers; four templates; and specs of about 84 lines as a company has
//! them: most are over, a tenth are drafts, some run, the rest are planned one after the other in the slots of their
//! layer. One in five is group-sequential, one in twenty has three variants; two in a hundred have a fault.

use std::fmt::Write as _;

/// The day on which the workspace is judged.
pub const TODAY: &str = "2026-11-22";

/// Areas of the product: a layer each, five metrics each.
const AREAS: [&str; 12] = [
    "checkout", "search", "home", "product", "cart", "account", "returns", "reviews", "wishlist", "delivery", "gifts",
    "support",
];

/// Slots of 5 % in each layer, and the runs of four weeks that follow one another in each slot.
const SLOTS: usize = 18;
const RUNS: usize = 12;

const THINGS: [&str; 16] = [
    "address form",
    "price line",
    "photo strip",
    "size table",
    "stock notice",
    "voucher field",
    "progress bar",
    "delivery promise",
    "filter panel",
    "sort order",
    "trust mark",
    "gift option",
    "summary box",
    "sticky button",
    "empty state",
    "help link",
];

const CHANGES: [&str; 12] = [
    "shorten",
    "move above the fold",
    "show earlier",
    "replace by one button",
    "explain in one line",
    "fold away",
    "load at once",
    "order by relevance",
    "say in numbers",
    "show on demand",
    "remember",
    "group by day",
];

const REASONS: [&str; 12] = [
    "visitors leave",
    "people scroll past it",
    "support hears of it daily",
    "interviews name it first",
    "it loads last",
    "half of the sessions never see it",
    "returns quote it",
    "it is read twice",
    "nobody finds it on phones",
    "the old test was flat for new buyers",
    "competitors dropped it",
    "it breaks on tablets",
];

/// The files of a workspace with `specs` experiments: path and text.
pub fn workspace(specs: usize) -> Vec<(String, String)> {
    let mut files = vec![
        ("expc.toml".to_owned(), EXPC.to_owned()),
        ("catalog/metrics.toml".to_owned(), metrics()),
        ("catalog/people.toml".to_owned(), people()),
        ("catalog/flags.toml".to_owned(), flags(specs)),
    ];
    for (number, name) in TEMPLATES.iter().enumerate() {
        files.push((format!("templates/{name}.toml"), template_text(number)));
    }
    files.extend((0..specs).map(|number| {
        let id = id(number);
        (format!("experiments/{}/{id}.toml", AREAS[number % AREAS.len()]), spec(number))
    }));
    files
}

const TEMPLATES: [&str; 4] = ["conversion-ab", "revenue-ab", "sequential-ab", "three-ways"];

const EXPC: &str = r#"schema = 1

[workspace]
name = "bench"

[build]
targets = ["flagd"]

[targets.flagd]
generation = "B"

[policy]
preset = "recommended"
max_parallel = 100000
max_horizon = "2000 days"
max_baseline_age = "2000 days"
excluded_attributes = ["is_staff"]
required_guardrails = { any = ["page_latency"] }
protected_attributes = ["gender"]
required_sign_offs = { legal = ["legal"] }
"#;

fn metrics() -> String {
    let mut text = "schema = 1\n".to_owned();
    text += &metric("page_latency", "mean", "decrease", "ms", "page_shown", "latency_ms", "420 ms", "310 ms");
    text += &metric("refund_rate", "proportion", "decrease", "%", "order_refunded", "", "4.2%", "");
    for (number, area) in AREAS.iter().enumerate() {
        let rate = format!("{}%", 9 + number);
        let (paid, shown, failed) = (format!("{area}_paid"), format!("{area}_shown"), format!("{area}_failed"));
        text += &metric(&format!("{area}_conversion"), "proportion", "increase", "%", &paid, "", &rate, "");
        text += &metric(&format!("{area}_success"), "proportion", "increase", "%", &shown, "", "31%", "");
        text += &metric(&format!("{area}_revenue"), "mean", "increase", "USD", &paid, "revenue_usd", "$4.20", "$19");
        text += &metric(&format!("{area}_errors"), "proportion", "decrease", "%", &failed, "", "5.2%", "");
        text += &metric(&format!("{area}_time"), "mean", "decrease", "s", &shown, "stay_s", "31 s", "24 s");
    }
    text
}

#[allow(clippy::too_many_arguments, reason = "a row of a table")]
fn metric(
    name: &str,
    kind: &str,
    direction: &str,
    unit: &str,
    event: &str,
    value: &str,
    level: &str,
    sd: &str,
) -> String {
    let window = if name == "page_latency" { "1 day" } else { "3 days" };
    let mut text = format!(
        "\n[metrics.{name}]\nabout = \"What {name} says of a unit\"\nkind = \"{kind}\"\ndirection = \"{direction}\"\n\
         unit = \"{unit}\"\nevent = \"{event}\"\nwindow = \"{window}\"\nbaseline = \"{level}\"\nmeasured = 2026-10-01\nlag = \"1 day\"\nstanding = \"certified\"\nowner = \"growth\"\n\
         data_class = \"pseudonymous\"\n"
    );
    if kind == "mean" {
        let cap = if unit == "USD" { "$300".to_owned() } else { format!("20000 {unit}") };
        write!(text, "value = \"{value}\"\nsd = \"{sd}\"\ncap = \"{cap}\"\npre_correlation = 0.5\n")
            .expect("a string takes text");
    }
    if name == "page_latency" {
        text += "health = true\n";
    }
    text
}

fn people() -> String {
    let mut text = PEOPLE.to_owned();
    for number in 1..=20 {
        write!(
            text,
            "\n[audiences.everybody-{number}]\nabout = \"Visitors of the shop, cut {number}\"\n\
             where = [{{ attribute = \"platform\", in = [\"ios\", \"android\", \"web\"] }}]\n\
             exclude = [{{ attribute = \"is_staff\", is = true }}]\ndaily_units = {}\nmeasured = 2026-10-01\nunit = \"user\"\n",
            2_000_000 + 50_000 * number
        )
        .expect("a string takes text");
    }
    for area in AREAS {
        write!(
            text,
            "\n[layers.{area}]\nabout = \"Everything on {area}\"\nunit = \"user\"\nowner = \"growth\"\n\
             \n[surfaces.{area}]\nabout = \"The pages of {area}\"\nowner = \"growth\"\n\
             \n[objectives.\"better-{area}\"]\nabout = \"Better {area}\"\nmetric = \"{area}_conversion\"\nowner = \"growth\"\nby = 2031-12-31\n\
             \n[events.{area}_paid]\nabout = \"An order was paid after {area}\"\nsource = \"warehouse\"\nowner = \"growth\"\n\
             properties = {{ revenue_usd = \"number\" }}\n\
             \n[events.{area}_shown]\nabout = \"A page of {area} was shown\"\nsource = \"warehouse\"\nowner = \"growth\"\n\
             rate = \"60%\"\nproperties = {{ stay_s = \"number\" }}\n\
             \n[events.{area}_failed]\nabout = \"A page of {area} was not shown\"\nsource = \"warehouse\"\nowner = \"growth\"\n"
        )
        .expect("a string takes text");
    }
    text
}

const PEOPLE: &str = r#"schema = 1

[events.order_refunded]
about = "An order was paid back"
source = "warehouse"
owner = "growth"

[events.page_shown]
about = "A page was shown"
source = "warehouse"
owner = "growth"
rate = "60%"
properties = { latency_ms = "number" }

[sources.warehouse]
about = "The event stream"
table = "analytics.events"
lag = "1 hour"
owner = "growth"

[attributes.country]
about = "Country of the account"
type = "string"
values = ["US", "CA", "FR", "DE", "JP"]

[attributes.app_version]
about = "Version of the app"
type = "version"

[attributes.is_staff]
about = "True for staff"
type = "boolean"

[attributes.platform]
about = "Operating system"
type = "string"
values = ["ios", "android", "web"]

[attributes.user_id]
about = "Pseudonymous id"
type = "string"
data_class = "pseudonymous"

[units.user]
about = "A signed-in account"
key = "user_id"
lifetime = "365 days"

[owners.growth]
product = "Priya Raman"
deputy = "Jonas Weber"
design = "Mina Sato"
engineering = "Luis Ortega"
analyst = "Ada Lind"
channel = "slack:#growth-exp"
"#;

/// The flags of all that is not cleaned up.
fn flags(specs: usize) -> String {
    let mut text = "schema = 1\n".to_owned();
    for number in (0..specs).filter(|number| !matches!(life(*number), Life::Over { .. })) {
        let id = id(number);
        write!(
            text,
            "\n[flags.{id}]\nabout = \"What {id} shows\"\nowner = \"growth\"\ndefault = {{ layout = \"old\" }}\n"
        )
        .expect("a string takes text");
    }
    text
}

fn template_text(number: usize) -> String {
    let design = match number {
        2 => "method = \"group-sequential\"\nspending = \"obrien-fleming\"\nlooks = [\"50%\", \"75%\", \"100%\"]\n",
        3 => "method = \"fixed\"\ncorrection = \"holm\"\n",
        _ => "method = \"fixed\"\n",
    };
    format!(
        "schema = 1\n\n[template]\nabout = \"What an experiment of this sort starts from.\"\nowner = \"growth\"\n\
         protected = [\"design.alpha\", \"design.srm\", \"metrics.guardrail\", \"rollout.kill_switch\"]\n\
         \n[design]\n{design}alpha = 0.05\npower = 0.8\nsides = \"two\"\nsrm = {{ alpha = 0.001, action = \"stop\" }}\n\
         \n[[metrics.guardrail]]\nmetric = \"page_latency\"\nmargin = {{ absolute = \"10 ms\" }}\n\
         \n[rollout]\nkill_switch = true\n"
    )
}

fn id(number: usize) -> String {
    let (area, thing) = (AREAS[number % AREAS.len()], THINGS[number / AREAS.len() % THINGS.len()]);
    format!("{area}-{}-{number}", thing.replace(' ', "-"))
}

/// Where an experiment stands, and on which day it begins.
enum Life {
    Draft { week: usize },
    Live { run: usize },
    Over { run: usize },
}

fn life(number: usize) -> Life {
    // Four of ten take the next free run of their layer, until all of a year's are taken.
    let rank = number / AREAS.len();
    match rank % 10 {
        0 => Life::Draft { week: rank / 10 },
        place @ 1..=4 if rank / 10 * 4 + place - 1 < SLOTS * RUNS => {
            Life::Live { run: (rank / 10 * 4 + place - 1) / SLOTS }
        }
        _ => Life::Over { run: rank % 24 },
    }
}

/// A day so many days after 2 November 2026.
fn day(days: i64) -> String {
    let start = jiff::civil::date(2026, 11, 2);
    start.saturating_add(jiff::Span::new().days(days)).to_string()
}

fn spec(number: usize) -> String {
    let id = id(number);
    let area = AREAS[number % AREAS.len()];
    let (thing, change) = (THINGS[number / AREAS.len() % THINGS.len()], CHANGES[number / 7 % CHANGES.len()]);
    let reason = REASONS[number / 3 % REASONS.len()];
    let sequential = number % 5 == 3;
    let three = number % 20 == 7;
    let template = if sequential {
        TEMPLATES[2]
    } else if three {
        TEMPLATES[3]
    } else {
        TEMPLATES[number % 2]
    };
    // Runs of 28 days, a new one each five weeks, always on a Monday.
    let (status, start) = match life(number) {
        Life::Draft { week } => ("draft", 455 + 7 * week as i64),
        Life::Live { run: 0 } => ("running", 0),
        Life::Live { run } => ("ready", 35 * run as i64),
        Life::Over { run } => ("archived", -63 - 35 * run as i64),
    };
    let mut text = format!(
        "schema = 1\nextends = \"{template}\"\n\n[experiment]\nid = \"{id}\"\ntitle = \"{change} the {thing} on {area}\"\n\
         status = \"{status}\"\nowner = \"growth\"\nobjective = \"better-{area}\"\nsurface = \"{area}\"\nflag = \"{id}\"\n\
         links = {{ ticket = \"https://tickets.example/G-{number}\", design = \"https://designs.example/{number}\", \
         evidence = [\"https://research.example/{number}\"] }}\n\
         \n[hypothesis]\nbecause = \"On {area} {reason}: number {number} of the {thing} list\"\n\
         change = \"{change} the {thing} of {area} page {number}\"\n\
         expect = [{{ metric = \"{area}_conversion\", direction = \"increase\" }}]\n\
         \n[variants.control]\nweight = 1\npayload = {{ layout = \"old\" }}\n\
         \n[variants.new]\nweight = 1\npayload = {{ layout = \"new-{number}\" }}\n"
    );
    if three {
        write!(text, "\n[variants.newer]\nweight = 1\npayload = {{ layout = \"newer-{number}\" }}\n").expect("text");
    }
    let mde = if number % 100 == 57 { "0.2%" } else { "4%" };
    write!(
        text,
        "\n[audience]\nunit = \"user\"\nbase = \"everybody-{}\"\nwhere = [{{ attribute = \"country\", in = [\"US\", \"CA\"] }}]\n\
         daily_units = {}\nlayer = \"{area}\"\nshare = \"5%\"\n\
         \n[exposure]\nevent = \"{area}_shown\"\npopulation = \"exposed\"\n\
         \n[metrics]\nprimary = [{{ metric = \"{area}_conversion\", mde = {{ relative = \"{mde}\" }} }}]\n\
         guardrail = [{{ metric = \"refund_rate\", margin = {{ absolute = \"0.4pp\" }} }}]\n\
         secondary = [{{ metric = \"{area}_revenue\" }}]\n\
         monitor = [{{ metric = \"{area}_errors\" }}, {{ metric = \"{area}_success\" }}, {{ metric = \"{area}_time\" }}]\n\
         \n[design]\nsegments = [\"platform\"]\nexclusions = [\"units seen in two variants\"]\nmissing = \"no event counts as zero\"\n",
        1 + number % 20,
        1_900_000 + 1_000 * (number % 13),
    )
    .expect("a string takes text");
    if number % 100 == 7 {
        text += "powr = 0.9\n";
    }
    write!(
        text,
        "\n[rollout]\nstart = {}\nburn_in = \"0 days\"\nanalyse_ramp = false\nstages = [\n  \
         {{ name = \"canary\", share = \"0.5%\", hold = \"3 days\", gate = \"guardrails\" }},\n  \
         {{ name = \"small\", share = \"2%\", hold = \"4 days\", gate = \"guardrails\" }},\n  \
         {{ name = \"main\", share = \"5%\", hold = \"21 days\" }},\n]\n\
         rollback = [\n  {{ metric = \"page_latency\", harm = \"margin\", min_units = 12000 }},\n  \
         {{ metric = \"refund_rate\", harm = \"margin\", min_units = 40000 }},\n]\n\
         \n[decision]\nby = {}\ndecider = \"Priya Raman\"\nrules = [\n  {{ quality = \"fail\", then = \"iterate\" }},\n  \
         {{ guardrails = \"fail\", then = \"stop\" }},\n  {{ primary = \"worse\", then = \"stop\" }},\n  \
         {{ primary = \"better\", guardrails = \"pass\", then = \"ship\" }},\n]\notherwise = \"iterate\"\n\
         \n[feedback]\nnotify = {{ channel = \"slack:#growth-exp\", on = [\"sample-reached\", \"look-due\", \"srm\", \"guardrail\"] }}\n\
         \n[privacy]\ndata_class = \"pseudonymous\"\nbasis = \"legitimate-interest\"\nretention = \"180 days\"\nregions = [\"US\", \"CA\"]\n\
         \n[risk]\nlevel = \"low\"\nbrand = false\nrevenue = false\nlegal = false\nsafety = false\nmodel = false\nethics = false\n",
        day(start),
        day(start + 36),
    )
    .expect("a string takes text");
    if let Life::Over { .. } = life(number) {
        let (decision, variant) = match number / 5 % 3 {
            0 => ("ship", "variant = \"new\"\n"),
            1 => ("stop", ""),
            _ => ("iterate", ""),
        };
        write!(
            text,
            "\n[results]\nended = {}\ndecision = \"{decision}\"\n{variant}decided = {}\n\
             learned = \"The {thing} of {area} matters less than the words beside it.\"\n\
             effects = [{{ metric = \"{area}_conversion\", relative = \"1.{}%\", low = \"0.1%\", high = \"3.1%\" }}]\n",
            day(start + 27),
            day(start + 34),
            number % 10,
        )
        .expect("a string takes text");
    }
    text
}
