//! The comparison that a row of a sequential design describes at its last look.

use crate::gold::Row;
use expc::stats::Sides;
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::proportion::ProportionTest;

pub fn sides(row: &Row) -> Sides {
    if row.given("sided") == 2.0 { Sides::Two } else { Sides::One }
}

/// The comparison a row describes; `effect` where the row has a list of them.
pub fn comparison(row: &Row, effect: Option<f64>) -> Comparison {
    let kind = row.kind.as_str();
    let unpooled = kind.ends_with("unpooled");
    let endpoint = if row.has("p_control") {
        Endpoint::Proportion {
            baseline: row.given("p_control"),
            test: if unpooled { ProportionTest::Unpooled } else { ProportionTest::Pooled },
        }
    } else {
        let unequal = row.has("sd_control");
        Endpoint::Mean {
            baseline: 0.0,
            sd: row.given(if unequal { "sd_control" } else { "sd" }),
            test: if unequal {
                MeanTest::UnequalZ { sd_treatment: row.given("sd_treatment") }
            } else if kind.contains(".t") || kind.contains("_t") {
                MeanTest::T
            } else {
                MeanTest::Z
            },
        }
    };
    let effect = effect.unwrap_or_else(|| {
        if row.has("mean_diff") {
            row.given("mean_diff")
        } else if row.has("p_treatment") {
            row.given("p_treatment") - row.given("p_control")
        } else {
            0.01
        }
    });
    let null = row.given_or("null_difference", 0.0);
    let claim = if null == 0.0 {
        Claim::Superiority { effect }
    } else if row.has("note") {
        // The event is adverse: the same margin upwards.
        Claim::NonInferiority { margin: -null, higher_is_better: false, true_effect: -effect }
    } else if null < 0.0 {
        Claim::NonInferiority { margin: -null, higher_is_better: true, true_effect: effect }
    } else {
        Claim::SuperiorityByMargin { effect, margin: null }
    };
    let allocation = if row.has("n_treatment") {
        row.given("n_treatment") / row.given("n_control")
    } else {
        row.given_or("allocation_treatment_over_control", 1.0)
    };
    Comparison {
        endpoint,
        claim,
        scale: Scale::Difference,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation,
        size_factor: 1.0,
    }
}
