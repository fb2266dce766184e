//! EMI009 two-writers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::portfolio::Entry;
use crate::rules::prelude::*;

rule! {
    /// Two live experiments set one flag on a platform whose flags hold one experiment at a time, or flags with one name there.
    ///
    /// ## Why
    /// The build refuses such a flag, because its last writer would win, even for experiments that follow each other or
    /// have slots of their own.
    ///
    /// ## Source
    /// Checks of brave-variations; the flag files that expc builds.
    ///
    /// ```toml,bad
    /// #: twin checkout-form
    /// [experiment]
    /// flag = "checkout-one-tap"
    /// ```
    /// ```toml,bad
    /// #: twin checkout-form
    /// [experiment]
    /// flag = "checkout_one_tap"
    /// #: file catalog/base.toml
    /// [flags.checkout_one_tap]
    /// about = "The same, as another team called it"
    /// owner = "growth"
    /// default = { layout = "form" }
    /// #: file templates/conversion-ab.toml
    /// [emit]
    /// targets = ["firebase"]
    /// ```
    /// ```toml,good
    /// #: twin checkout-form
    /// ```
    static RULE = {
        code: "EMI009", name: "two-writers", since: "0.1.0",
        level: Error, needs: [Portfolio],
        check: Portfolio(check),
    }
}

fn check(cx: &PortfolioCx<'_>, out: &mut Sink) {
    let mut writers: BTreeMap<(&str, Cow<'_, str>), Vec<&Entry>> = BTreeMap::new();
    for entry in cx.portfolio.entries.iter().filter(|entry| entry.is_live()) {
        for name in entry.targets.iter() {
            let Some(target) = cx.workspace.target(name).filter(|target| target.one_experiment_a_flag) else { continue };
            writers.entry((name, (target.flag_there)(&entry.flag))).or_default().push(entry);
        }
    }
    for ((target, flag), mut group) in writers.into_iter().filter(|(_, group)| 1 < group.len()) {
        group.sort_by(|a, b| (a.start.is_none(), a.start, &a.id).cmp(&(b.start.is_none(), b.start, &b.id)));
        let first = group[0];
        for entry in &group[1..] {
            // Experiments that people can be in at once collide whatever the platform; equal ids are told as such.
            if entry.flag != first.flag {
                let mut found = RULE
                    .at(entry.flag_span, format!("{target} takes {} for another flag", quoted(&entry.flag)))
                    .label(format!("{} there", quoted(&flag)))
                    .also(first.flag_span, format!("as is {}", quoted(&first.flag)))
                    .help("rename one of them");
                found.experiment = Some(Arc::clone(&entry.id));
                out.push(found);
                continue;
            }
            let told = crate::rules::portfolio::collide(first, entry) || first.id == entry.id;
            if told {
                continue;
            }
            let mut found = RULE
                .at(entry.flag_span, format!("{target} holds one experiment in flag {}", quoted(&flag)))
                .label(format!("also set by {}", quoted(&first.id)))
                .also(first.flag_span, first.end.map_or_else(|| "set here".to_owned(), |end| format!("set here until {end}")))
                .help("give one of them a flag of its own")
                .help(format!("or keep it a draft until {} is decided", quoted(&first.id)));
            found.experiment = Some(Arc::clone(&entry.id));
            out.push(found);
        }
    }
}
