//! Clusters and switchbacks.

use crate::row::{Judged, Kinds, Row};
use expc::stats::Sides;
use expc::stats::cluster::{ClusterTest, Clustering, Outcome, Reference, Weighting};
use expc::stats::switchback::Blocks;

pub const KINDS: Kinds = &[
    ("cluster.mean_t", mean),
    ("cluster.mean_t_unweighted", mean),
    ("cluster.prop_t", proportion),
    ("cluster.prop_z", proportion),
    ("switchback.variance_ar1", switchback),
];

fn clustering(row: &Row) -> Clustering {
    Clustering {
        size: row.given("cluster_size_mean"),
        size_variation: row.given("cluster_size_cv"),
        intraclass_correlation: row.given("icc"),
        weighting: match (row.word("size_correction"), row.word("analysis")) {
            ("van_breukelen_taylor", _) => Weighting::Precision,
            (_, "t test on unweighted cluster means") => Weighting::Clusters,
            _ => Weighting::Units,
        },
    }
}

fn test(row: &Row, outcome: Outcome, effect: f64) -> ClusterTest {
    ClusterTest {
        outcome,
        effect,
        alpha: row.given("alpha"),
        sides: if row.given("sided") == 2.0 { Sides::Two } else { Sides::One },
        allocation: 1.0,
        reference: if row.kind.ends_with("_z") { Reference::Normal } else { Reference::Student },
    }
}

fn judge(row: &Row, judged: &mut Judged, test: &ClusterTest) {
    if row.has("clusters_per_arm") {
        judged.check(row, "power", test.power(row.given("clusters_per_arm")).unwrap());
        return;
    }
    let found = test.required(row.given("power")).unwrap();
    judged.check(row, "clusters_per_arm", found.control);
    judged.holds("the whole clusters reach the power", row.given("power") <= found.power);
}

fn mean(row: &Row, judged: &mut Judged) {
    let sd = row.given("total_variance").sqrt();
    let clustering = clustering(row);
    let unequal = test(row, Outcome::Mean { sd, clustering }, row.given("mean_diff"));
    judge(row, judged, &unequal);
    if row.expects("power_equal_sizes_noncentral_t") {
        let equal = Outcome::Mean { sd, clustering: Clustering { size_variation: 0.0, ..clustering } };
        let equal = ClusterTest { outcome: equal, ..unequal };
        let power = equal.power(row.given("clusters_per_arm")).unwrap();
        judged.check(row, "power_equal_sizes_noncentral_t", power);
    }
}

fn proportion(row: &Row, judged: &mut Judged) {
    let baseline = row.given("p_control");
    let outcome = Outcome::Proportion { baseline, pooled: row.flag("pooled_variance"), clustering: clustering(row) };
    judge(row, judged, &test(row, outcome, row.given("p_treatment") - baseline));
}

fn switchback(row: &Row, judged: &mut Judged) {
    let length = row.given("block_length");
    let blocks = Blocks {
        length: length as u32,
        washout: 0,
        autocorrelation: row.given("ar1"),
        sd: row.given("noise_variance").sqrt(),
    };
    let variance = blocks.effect_variance(row.given("periods") / length).unwrap();
    judged.check(row, "variance_of_effect", variance);
    judged.check(row, "design_effect_over_iid", blocks.design_effect().unwrap());
    let error = (variance - row.expected("simulated_variance")) / row.expected("simulated_variance_standard_error");
    judged.holds("the simulated variance lies within four of its errors", error.abs() <= 4.0);
    judged.compared.extend(["simulated_variance", "simulated_variance_standard_error"].map(str::to_owned));
}
