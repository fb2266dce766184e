//! Which kinds of `tests/gold/rows` are compared here, and which nothing computes; the others are for the gold test.

use crate::count;
use crate::fixed::{MEAN_KINDS, PROPORTION_KINDS};
use crate::gold;
use crate::sequential::ENDPOINT_KINDS;
use std::collections::BTreeMap;
use std::path::Path;

/// Kinds compared in the other files, besides those that are listed there.
const COMPARED: [&str; 19] = [
    "ratio.delta_variance",
    "cuped.coverage",
    "cuped.n",
    "gs.bounds",
    "gs.bounds_one_side_at_a_time",
    "gs.bounds_single_look",
    "gs.classical_constant",
    "gs.inflation_factor",
    "gs.power",
    "peeking.type_i_error",
    "peeking.power",
    "srm.chi2",
    "srm.chi2_power",
    "trigger.dilution",
    "anytime.rho",
    "anytime.asymptotic_cs",
    "anytime.asymptotic_cs_first_passage",
    "anytime.msprt_first_passage",
    "anytime.asymptotic_cs_sample_size",
];

/// Kinds that nothing here computes. Rows left out of a compared kind are counted where it is compared:
/// Anderson-Clark spending in `sequential`, the other p-value corrections in `multiple`.
const NOT_COMPARED: [(&str, &str); 44] = [
    ("count.negbin_ratio_score_variance", "the null variance of one tool"),
    ("count.poisson_ratio_score_variance", "the null variance of one tool"),
    ("count.poisson_difference", "rates are compared by their ratio"),
    ("count.poisson_difference_score_variance", "rates are compared by their ratio"),
    ("cuped.adjusted_variance", "analysis, not planning"),
    ("quantile.variance_from_order_statistics", "no quantile metrics"),
    ("quantile.clustered_variance", "no quantile metrics"),
    ("quantile.power", "no quantile metrics"),
    ("analysis.welch_t", "analysis, not planning"),
    ("ratio.delta_power", "simulation of the delta method itself"),
    ("mean.welch_exact", "exact Welch power is not offered"),
    ("mean.welch_approx", "unequal variances are planned by the normal test"),
    ("mean.t_paired", "no paired designs"),
    ("mean.t_one.sample", "no one-sample designs"),
    ("mann_whitney.noether", "no rank tests"),
    ("anova.oneway", "arms are compared with control, not all at once"),
    ("chisq.gof", "effect-size form of the mismatch test"),
    ("prop.arcsine", "not offered: pooled and unpooled are"),
    ("prop.z_pooled_continuity_corrected", "not offered"),
    ("prop.z_log_odds_ratio", "effects are differences"),
    ("prop.margin_ratio_farrington_manning", "margins are differences"),
    ("prop.fisher_exact", "no exact tests"),
    ("prop.exact_unconditional_score", "no exact tests"),
    ("gs.n_negbin", "no looks at counts"),
    ("gs.n_survival", "no survival"),
    ("gs.crossing_probabilities", "its lower bounds are for futility"),
    ("gs.conditional_power", "analysis, not planning"),
    ("gs.predictive_power", "analysis, not planning"),
    ("gs.assurance_normal_prior", "no priors"),
    ("gs.repeated_ci", "analysis, not planning"),
    ("gs.cuped_power", "simulation of what the size factor assumes"),
    ("srm.sequential_multinomial", "analysis, not planning"),
    ("traffic.unique_users", "no model of returning users"),
    ("traffic.unique_users_ramp", "no model of returning users"),
    ("anytime.msprt_log_lr", "analysis, not planning"),
    ("anytime.regression_t_e_value", "analysis, not planning"),
    ("anytime.normal_mixture_bound", "boundary not offered"),
    ("anytime.normal_log_mixture", "boundary not offered"),
    ("anytime.gamma_exponential_bound", "boundary not offered"),
    ("anytime.gamma_poisson_bound", "boundary not offered"),
    ("anytime.beta_binomial_bound", "boundary not offered"),
    ("anytime.poly_stitching_bound", "boundary not offered"),
    ("anytime.bernoulli_cs", "boundary not offered"),
    ("anytime.quantile_double_stitching", "boundary not offered"),
];

#[test]
fn every_row_is_accounted_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gold/rows");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".jsonl") {
            for row in gold::file(&name) {
                *seen.entry(row.kind).or_default() += 1;
            }
        }
    }
    let compared = |kind: &str| {
        COMPARED.contains(&kind)
            || count::KINDS.contains(&kind)
            || MEAN_KINDS.contains(&kind)
            || PROPORTION_KINDS.contains(&kind)
            || ENDPOINT_KINDS.contains(&kind)
    };
    let (mut done, mut left, mut elsewhere) = (0, 0, 0);
    for (kind, count) in &seen {
        let reason = NOT_COMPARED.iter().find(|(name, _)| name == kind);
        match (compared(kind), reason) {
            (true, None) => done += count,
            (false, Some((_, reason))) => {
                println!("not compared: {count} {kind}: {reason}");
                left += count;
            }
            (true, Some(_)) => panic!("{kind} is both compared and not"),
            // The gold test compares these, and fails when it does not.
            (false, None) => elsewhere += count,
        }
    }
    for (kind, _) in NOT_COMPARED {
        assert!(seen.contains_key(kind), "no row of {kind} is left");
    }
    println!("{done} rows of compared kinds, {left} of others, {elsewhere} for the gold test");
}
