//! What past experiments teach: the rules that read their results, and `expc history`.

#[path = "support/base.rs"]
mod base;

#[path = "support/examples.rs"]
mod examples;

#[path = "support/workspace.rs"]
mod workspace;

use workspace::Folder;

/// The frames of a rule's first bad example, as printed, without the closing lines.
fn frames(code: &str) -> String {
    let rule = expc::rules::find(code).expect(code);
    let (files, today) = examples::workspace_of(&rule.examples("bad")[0]);
    let folder = Folder::new();
    for (path, bytes) in files {
        folder.write(&path, bytes);
    }
    folder.run(&["check", "--today", &today, "--verbose"]).out
}

#[test]
fn rules_on_past_results_show_what_they_rest_on() {
    let printed: String = ["HYP009", "MET011", "AUD010", "PRT011"].map(frames).concat();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("rules", printed) });
}
