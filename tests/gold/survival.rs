//! Time to an event: events and units.

use crate::row::{Judged, Kinds, Row};
use expc::stats::Sides;
use expc::stats::comparison::{Claim, Comparison, Endpoint, Scale};
use expc::stats::count::Measure;
use expc::stats::survival::{EventFormula, Events, FollowUp, HazardTest, Hazards, hazard};

pub const KINDS: Kinds = &[
    ("survival.lachin_foulkes_rd", units),
    ("survival.lachin_foulkes_rr", units),
    ("survival.logrank_freedman", logrank),
    ("survival.logrank_hsiehfreedman", logrank),
    ("survival.logrank_lachinfoulkes", units),
    ("survival.logrank_schoenfeld", logrank),
];

fn sides(row: &Row) -> Sides {
    if row.given("sided") == 2.0 { Sides::Two } else { Sides::One }
}

fn formula(row: &Row) -> EventFormula {
    match row.kind.as_str() {
        "survival.logrank_freedman" => EventFormula::Freedman,
        "survival.logrank_hsiehfreedman" => EventFormula::HsiehFreedman,
        _ => EventFormula::Schoenfeld,
    }
}

/// Events alone, and units where the row says how long they are watched.
fn logrank(row: &Row, judged: &mut Judged) {
    let plan = Events {
        hazard_ratio: row.given("hazard_ratio"),
        null_ratio: row.given_or("null_hazard_ratio", 1.0),
        formula: formula(row),
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: row.given_or("allocation_treatment_over_control", 1.0),
    };
    if row.has("events") {
        judged.check(row, "power", plan.power(row.given("events")).unwrap());
        return;
    }
    let needed = plan.required(row.given("power")).unwrap();
    judged.check(row, "events", needed.events);
    judged.check(row, "events_unrounded", needed.events);
    judged.check(row, "events_ceiled", needed.whole as f64);
    if row.has("event_probability") {
        let even = needed.whole.next_multiple_of(2) as f64;
        judged.holds("the events are rounded up to an even number", row.flag("round_events_up_to_even"));
        judged.check(row, "n_total", even / row.given("event_probability"));
    } else if row.has("accrual_time") {
        units(row, judged);
    }
}

fn units(row: &Row, judged: &mut Judged) {
    let control = if row.has("control_hazard") {
        row.given("control_hazard")
    } else if row.has("control_median") {
        hazard(0.5, row.given("control_median")).unwrap()
    } else {
        hazard(row.given("control_event_prob"), row.given("control_event_prob_at")).unwrap()
    };
    let ratio =
        if row.has("hazard_ratio") { row.given("hazard_ratio") } else { row.given("treatment_hazard") / control };
    let accrual = row.given("accrual_time");
    let lost = row.given_or("dropout_rate", 0.0);
    let hazards = Hazards {
        control,
        test: match row.kind.as_str() {
            "survival.lachin_foulkes_rd" => HazardTest::LachinFoulkes(Measure::Difference),
            "survival.lachin_foulkes_rr" | "survival.logrank_lachinfoulkes" => {
                HazardTest::LachinFoulkes(Measure::Ratio)
            }
            _ => HazardTest::Logrank(formula(row)),
        },
        watched: FollowUp {
            accrual,
            follow_up: if row.has("study_time") {
                row.given("study_time") - accrual
            } else {
                row.given("follow_up_time")
            },
            dropout_hazard: if 0.0 < lost {
                hazard(lost, row.given("dropout_time")).unwrap()
            } else {
                row.given_or("dropout_hazard", 0.0)
            },
        },
    };
    let comparison = Comparison {
        endpoint: Endpoint::TimeToEvent(hazards),
        claim: Claim::Superiority { effect: ratio - 1.0 },
        scale: Scale::Lift,
        alpha: row.given("alpha"),
        sides: sides(row),
        allocation: row.given_or("allocation_treatment_over_control", 1.0),
        size_factor: 1.0,
    };
    let size = comparison.required(row.given("power")).unwrap();
    judged.check(row, "n_total", size.control + size.treatment);
    judged.check(row, "events", hazards.events(ratio, size.control, size.treatment).unwrap());
}
