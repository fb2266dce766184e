//! `expc check --require`: a context that must be there, so that a rule that lacks it fails the run.

use std::collections::BTreeMap;

use super::Exit;
use crate::diag::{Context, Skipped};
use crate::text::printable;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Fail when a rule is skipped for lack of this; may be given several times
    #[arg(long, value_name = "CONTEXT", value_parser = clap::builder::PossibleValuesParser::new(Context::ALL.map(Context::name)))]
    require: Vec<String>,
}

/// How many lines of what is lacking are printed for one context.
const MOST: usize = 10;

impl Arguments {
    /// The exit of a run, and on standard error what it lacks.
    pub fn apply(&self, skipped: &[Skipped], exit: Exit) -> Exit {
        let lacking = self.lacking(skipped);
        super::complain(&lacking);
        if lacking.is_empty() || exit != Exit::Clean { exit } else { Exit::Findings }
    }

    fn lacking(&self, skipped: &[Skipped]) -> String {
        let mut text = String::new();
        for context in Context::ALL.iter().filter(|context| self.require.iter().any(|name| name == context.name())) {
            // By rule and by what it lacks; ten thousand experiments may lack the same.
            let mut lines: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
            for skip in skipped.iter().filter(|skip| skip.context == *context) {
                lines.entry((&skip.code, &skip.lacks)).or_default().push(&skip.experiment);
            }
            if lines.is_empty() {
                continue;
            }
            text += &format!("error: `--require {}`: some rules could not run\n", context.name());
            for ((code, lacks), experiments) in lines.iter().take(MOST) {
                let whom = match experiments.as_slice() {
                    [""] => String::new(),
                    [one] => format!(" in {}", printable(one)),
                    [one, others @ ..] => format!(" in {} and {} more", printable(one), others.len()),
                    [] => String::new(),
                };
                text += &format!("  {code}{whom}: {}\n", printable(lacks));
            }
            if MOST < lines.len() {
                text += &format!("  and {} more; --verbose lists them\n", lines.len() - MOST);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_fails() {
        let skip = |context, experiment: &str| Skipped {
            code: "ROL007".into(),
            experiment: experiment.into(),
            context,
            lacks: "no revision".to_owned(),
        };
        let skipped = [skip(Context::Base, ""), skip(Context::Traffic, "a"), skip(Context::Traffic, "b")];
        let required = |names: &[&str]| Arguments { require: names.iter().map(|name| (*name).to_owned()).collect() };
        assert_eq!(required(&[]).lacking(&skipped), "");
        assert_eq!(required(&["date"]).lacking(&skipped), "");
        let text = required(&["base", "traffic"]).lacking(&skipped);
        assert!(
            text.contains("  ROL007 in a and 1 more: no revision\n") && text.contains("  ROL007: no revision\n"),
            "{text}"
        );
    }
}
