//! STA034 few-groups.

use super::cluster_ignored::{groups, home};
use crate::rules::prelude::*;
use crate::stats::cluster::LEAST_CLUSTERS;

/// From here on the tests of groups are as good as their names.
const ENOUGH: f64 = 15.0;

rule! {
    /// Fewer than fifteen groups a variant are compared.
    ///
    /// Told from four groups a variant; below that `STA019` refuses the design.
    ///
    /// ## Why
    /// The deviation between so few groups is itself uncertain: the test leans on groups that are alike in size and kind,
    /// and one odd group decides.
    ///
    /// ## Source
    /// CONSORT extension for cluster trials; Hayes, Moulton, Cluster Randomised Trials, 2017, chapter 7.
    ///
    /// ```toml,bad
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "90%" }
    /// [design.cluster]
    /// unit = "user"
    /// icc = 0.02
    /// mean_size = 12.0
    /// total = 40
    /// #: file expc.toml
    /// [rules]
    /// STA002 = "allow"
    /// GRD005 = "allow"
    /// ROL005 = "allow"
    /// STA032 = "allow"
    /// ```
    /// ```toml,good
    /// [[metrics.primary]]
    /// metric = "order_conversion"
    /// mde = { relative = "4%" }
    /// [[metrics.guardrail]]
    /// metric = "refund_rate"
    /// margin = { absolute = "0.2pp" }
    /// [design.cluster]
    /// unit = "user"
    /// icc = 0.02
    /// mean_size = 3.0
    /// ```
    static RULE = {
        code: "STA034", name: "few-groups", since: "0.1.0",
        level: Info, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    if cx.plan.status.value.is_over() {
        return;
    }
    let Some(groups) = groups(cx.plan).filter(|groups| (LEAST_CLUSTERS..ENOUGH).contains(groups)) else { return };
    out.push(
        RULE.at(home(cx), format!("only {} groups a variant are compared", count(groups)))
            .label("one odd group decides")
            .help("match groups in pairs before they are assigned, or assign smaller ones")
            .help("or report an exact test of the group means beside the planned one")
            .fact("groups", groups.floor()),
    );
}
