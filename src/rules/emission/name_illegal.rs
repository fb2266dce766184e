//! EMI004 name-illegal.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// A flag or a variant has a name that a target cannot hold, or two names differ by letter case alone.
    ///
    /// ## Why
    /// The flag file would hold one of the two, and every join of exposures with results afterwards is wrong.
    ///
    /// ## Source
    /// Checks of brave-variations; the flag files that expc builds; GrowthBook's rule for ids of features.
    ///
    /// ```toml,bad
    /// #: without variants.one-tap
    /// [variants.off]
    /// weight = 1
    /// payload = { layout = "one-tap" }
    /// ```
    /// ```toml,bad
    /// #: file catalog/base.toml
    /// [flags."checkout/one-tap"]
    /// about = "The form or the button"
    /// owner = "growth"
    /// default = { layout = "form" }
    /// #: file experiments/checkout-one-tap.toml
    /// [experiment]
    /// flag = "checkout/one-tap"
    /// [emit]
    /// targets = ["growthbook"]
    /// ```
    /// ```toml,good
    /// [variants.control]
    /// weight = 1
    /// ```
    static RULE = {
        code: "EMI004", name: "name-illegal", since: "0.1.0",
        level: Error, needs: [],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let variants = &cx.plan.variants;
    for target in super::targets(cx) {
        let flag = &cx.plan.flag;
        if !target.allows_flag(&flag.value) {
            let headline = format!("{} refuses the flag name {}", target.name, quoted(&flag.value));
            out.push(
                place::at_value(cx, &RULE, flag.span(), "experiment", headline)
                    .label("no name there")
                    .help(target.flag_names()),
            );
        }
        for variant in variants.iter().filter(|variant| target.reserved.contains(&variant.name.as_str())) {
            let what = if variant.name == "off" { "units that take no part" } else { "its own rules" };
            out.push(
                RULE.at(variant.span, format!("variant {} has a name that {} needs", quoted(&variant.name), target.name))
                    .label(format!("stands for {what}"))
                    .help("name it after what people see"),
            );
        }
    }
    if cx.plan.status.value.is_over() {
        return;
    }
    for (index, variant) in variants.iter().enumerate() {
        let twin = variants[..index].iter().find(|other| other.name.eq_ignore_ascii_case(&variant.name));
        if let Some(twin) = twin {
            out.push(
                RULE.at(variant.span, format!("{} and {} differ by letter case alone", quoted(&twin.name), quoted(&variant.name)))
                    .label("one name to most tools")
                    .also(twin.span, "the other")
                    .help("give one of them another name"),
            );
        }
    }
}
