//! The rule reference: every rule's page as Markdown, from the rules themselves.

use super::rules::{in_order, readable};
use crate::diag::Applicability;
use crate::rules::{GROUPS, Rule};

/// The page of some rules: a table by group, then each rule.
pub fn markdown(rules: &[&Rule]) -> String {
    let mut text = String::from(
        "# Rules\n\n\
         `expc check` runs every rule over every experiment.\n\
         `expc explain CODE` shows the same page at the terminal.\n\
         A level with an arrow is softer in drafts: what an author cannot know yet is a warning until the spec says \
         `ready`.\n\
         `expc.toml` sets the level of a rule, of its group, or of either for some paths.\n\n",
    );
    text += &format!("There are {} rules.\n", rules.len());
    for (_, group) in GROUPS {
        let listed: Vec<&&Rule> = rules.iter().filter(|rule| rule.group() == group).collect();
        if listed.is_empty() {
            continue;
        }
        text += &format!("\n## {}\n\n| rule | level | fix | finds |\n| --- | --- | --- | --- |\n", titled(group));
        for rule in &listed {
            let (code, name, fix) = (rule.code, rule.name, rule.fix.map_or("", fix_name));
            let anchor = format!("{}-{name}", code.to_lowercase());
            text += &format!("| [{code} {name}](#{anchor}) | {} | {fix} | {} |\n", level(rule), cell(&rule.summary()));
        }
        for rule in listed {
            text += &page(rule);
        }
    }
    text
}

fn page(rule: &Rule) -> String {
    let mut text = format!("\n### {} {}\n\n{}\n\n", rule.code, rule.name, rule.summary());
    let needs: Vec<&str> = rule.needs.iter().map(|need| need.name()).collect();
    let needs = if needs.is_empty() { "the spec alone".to_owned() } else { needs.join(", ") };
    let fix = rule.fix.map_or_else(|| "none".to_owned(), |fix| fix_name(fix).to_owned());
    text += &format!("Level: {}. Needs: {needs}. Fix: {fix}. Since: {}.\n\n", level(rule), rule.since);
    text += &format!("**Why.** {}\n", rule.why());
    for (title, example) in in_order(rule) {
        text += &format!("\n{title}:\n\n```toml\n{}\n```\n", readable(&example).trim_end());
    }
    if !rule.source().is_empty() {
        text += &format!("\n**Source.** {}\n", rule.source());
    }
    text
}

fn level(rule: &Rule) -> String {
    if rule.level == rule.draft {
        rule.level.name().to_owned()
    } else {
        format!("{} → {}", rule.draft.name(), rule.level.name())
    }
}

fn fix_name(fix: Applicability) -> &'static str {
    match fix {
        Applicability::Safe => "safe",
        Applicability::Suggested => "suggested",
    }
}

/// A sentence that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn titled(group: &str) -> String {
    let mut letters = group.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
