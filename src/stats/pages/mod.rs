//! A page for each design: the question, the formula and its source, the assumptions, an example that a test runs.
//!
//! `expc explain NAME` prints a page; here each is the documentation of a module. A page is one file and one line
//! of [`PAGES`]. In the lines for a spec `#: file PATH` names the file of the workspace that the next ones belong to,
//! and `#: without KEY` a key that they replace; `…` in an example stands for lines that are left out.

/// What is to be known of one design.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// In the words of the command line: `group-sequential`.
    pub name: &'static str,
    /// Markdown: a title, then sections. Blocks of the sort `console`, `toml` and `rust` are run by tests.
    pub text: &'static str,
}

impl Page {
    /// The first heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }
}

macro_rules! pages {
    ($($module:ident: $name:literal),* $(,)?) => {
        $(
            #[doc = include_str!(concat!($name, ".md"))]
            pub mod $module {}
        )*

        /// Every page, in the order in which one would read them.
        pub const PAGES: &[Page] = &[$(Page { name: $name, text: include_str!(concat!($name, ".md")) }),*];
    };
}

pages! {
    proportions: "proportions",
    exact: "exact",
    means: "means",
    ratio: "ratio",
    lift: "lift",
    counts: "counts",
    quantiles: "quantiles",
    time_to_event: "time-to-event",
    margins: "margins",
    equivalence: "equivalence",
    several_variants: "several-variants",
    several_metrics: "several-metrics",
    group_sequential: "group-sequential",
    futility: "futility",
    always_valid: "always-valid",
    bayesian: "bayesian",
    variance_reduction: "variance-reduction",
    clusters: "clusters",
    switchback: "switchback",
    triggered: "triggered",
    traffic: "traffic",
    sample_ratio: "sample-ratio",
    exaggeration: "exaggeration",
    simulation: "simulation",
    numerics: "numerics",
}

/// The page of a design.
#[must_use]
pub fn find(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}
