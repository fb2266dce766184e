//! Traffic, triggers, and the check of the sample ratio.

use crate::row::{Judged, Kinds, Row, numbers};
use expc::stats::Sides;
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::mean::MeanTest;
use expc::stats::srm::{self, Watch};
use expc::stats::traffic::{self, Arrivals, Ramp, Visitors};

pub const KINDS: Kinds = &[
    ("srm.chi2", mismatch),
    ("srm.chi2_power", mismatch_power),
    ("srm.sequential_multinomial", watch),
    ("traffic.unique_users", unique_users),
    ("traffic.unique_users_ramp", ramp),
    ("trigger.dilution", dilution),
];

fn mismatch(row: &Row, judged: &mut Judged) {
    let (observed, weights) = (row.list("observed"), row.list("weights"));
    let pearson = srm::test(&observed, &weights).unwrap();
    judged.check(row, "chi2", pearson.statistic);
    judged.check(row, "df", pearson.degrees_of_freedom);
    judged.check(row, "p_value", pearson.p_value);
    let ratio = srm::likelihood_ratio(&observed, &weights).unwrap();
    judged.check(row, "g", ratio.statistic);
    judged.check(row, "p_value_g", ratio.p_value);
    if row.expects("p_value_exact_binomial") {
        judged.check(row, "p_value_exact_binomial", srm::exact(&observed, &weights).unwrap());
    }
}

fn mismatch_power(row: &Row, judged: &mut Judged) {
    let (share, planned) = (row.given("true_share"), row.given("expected_share"));
    let (share, planned) = ([share, 1.0 - share], [planned, 1.0 - planned]);
    let units = row.given("n_total");
    judged.check(row, "noncentrality", srm::noncentrality(units, &share, &planned).unwrap());
    judged.check(row, "power", srm::power(units, &share, &planned, row.given("alpha")).unwrap());
}

fn watch(row: &Row, judged: &mut Judged) {
    let mut watch = Watch::new(&row.list("expected_shares"), row.given("dirichlet_concentration")).unwrap();
    let batches = row.design["batches"].as_array().expect("batches are a list");
    let looks: Vec<_> = batches.iter().map(|batch| watch.update(&numbers(batch)).unwrap()).collect();
    let ln_bayes_factors: Vec<f64> = looks.iter().map(|look| look.ln_bayes_factor).collect();
    judged.check_all(row, "log_bayes_factor_per_batch", &ln_bayes_factors);
    let p_values: Vec<f64> = looks.iter().map(|look| look.p_value).collect();
    judged.check_all(row, "p_value_running_min", &p_values);
}

fn visitors(row: &Row) -> Visitors {
    Visitors {
        population: row.given("population"),
        shape: row.given("visit_rate_gamma_shape"),
        rate_days: row.given("visit_rate_gamma_rate_days"),
    }
}

fn unique_users(row: &Row, judged: &mut Judged) {
    let visitors = visitors(row);
    let days = row.list("days");
    let unique: Vec<f64> = days.iter().map(|&day| visitors.unique(day).unwrap()).collect();
    judged.check_all(row, "unique_users", &unique);
    // The model comes back from two of its counts.
    let at = |day: usize| (days[day], unique[day]);
    let fitted = Visitors::fit(visitors.population, at(0), at(2)).unwrap();
    judged.holds("the fit finds the shape", (fitted.shape / visitors.shape - 1.0).abs() < 1e-9);
    judged.holds("the fit finds the rate", (fitted.rate_days / visitors.rate_days - 1.0).abs() < 1e-9);
}

fn ramp(row: &Row, judged: &mut Judged) {
    let shares = row.list("allocation_share_per_day");
    let ramp = Ramp::new(&shares).unwrap();
    let arrivals = Arrivals::Visitors(visitors(row));
    let days = 1..=u32::try_from(shares.len()).expect("a few days");
    let enrolled: Vec<f64> = days.map(|day| ramp.enrolled(&arrivals, day).unwrap().units).collect();
    judged.check_all(row, "enrolled_by_end_of_day", &enrolled);
}

fn dilution(row: &Row, judged: &mut Judged) {
    let (inside, outside) = (row.given("sd_triggered"), row.given("sd_untriggered"));
    let (rate, effect) = (row.given("trigger_rate"), row.given("effect_on_triggered"));
    let size = |sd: f64, effect: f64| {
        Comparison {
            endpoint: Endpoint::Mean { baseline: 0.0, sd, test: MeanTest::Z },
            claim: Claim::Superiority { effect },
            scale: Scale::Difference,
            alpha: row.given("alpha"),
            sides: Sides::Two,
            allocation: 1.0,
            size_factor: 1.0,
        }
        .required(row.given("power"))
        .unwrap()
        .control
    };
    let gap = row.given("mean_gap_triggered_minus_untriggered");
    let all = traffic::dilute(rate, effect, inside * inside, outside * outside, gap).unwrap();
    let triggered = size(inside, effect);
    judged.check(row, "n_triggered_per_group", triggered);
    judged.check(row, "n_exposed_per_group_if_triggered_analysis", traffic::exposed(triggered, rate).unwrap());
    judged.check(row, "n_per_group_if_all_users_analysed", size(all.variance.sqrt(), all.effect));
    judged.check(row, "diluted_effect", all.effect);
    judged.check(row, "variance_all_users", all.variance);
}
