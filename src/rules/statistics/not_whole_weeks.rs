//! STA015 not-whole-weeks.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// The run does not cover each weekday alike.
    ///
    /// Counted are the shares of the analysed days by weekday: a short, thin ramp before whole weeks does no harm.
    ///
    /// ## Why
    /// People of a Sunday differ from those of a Monday: a run of ten days counts three weekdays double.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020; counts in public experiment-config
    /// repositories.
    ///
    /// ```toml,bad
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "24 days" },
    /// ]
    /// ```
    /// ```toml,fixed
    /// decision.by = 2027-02-19
    /// rollout.stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "28 days" },
    /// ]
    /// ```
    /// ```toml,good
    /// [rollout]
    /// stages = [
    ///   { name = "canary", share = "2%", hold = "3 days", gate = "guardrails" },
    ///   { name = "small", share = "10%", hold = "4 days", gate = "guardrails" },
    ///   { name = "main", share = "50%", hold = "3 weeks" },
    /// ]
    /// ```
    static RULE = {
        code: "STA015", name: "not-whole-weeks", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [],
        check: Plan(check),
    }
}

/// A ramp of a week at a tenth of the main share moves a run of three weeks by less than this.
const UNEVEN: f64 = 1.1;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let calendar = &cx.plan.calendar;
    // A run that is too short is another fault, and its way out is whole weeks: STA016.
    if !place::length_is_known(cx) || calendar.days < cx.policy.min_run.value.whole_days() {
        return;
    }
    let Some(main) = calendar.main_stage().filter(|stage| 0 < stage.days) else { return };
    let ratio = unevenness(cx.plan, main.days);
    if ratio <= UNEVEN {
        return;
    }
    let longer = (main.days + 1..main.days + 14).find(|&days| unevenness(cx.plan, days) <= UNEVEN);
    let analysed = if calendar.analyse_ramp { calendar.days } else { main.days };
    let span = super::length(cx);
    let headline = format!("the run covers some weekdays {ratio:.2} times as much as others");
    let label = match main.days % 7 {
        0 => format!("{analysed} days with the ramp are no whole weeks"),
        rest => format!("{} weeks and {}", main.days / 7, days(rest)),
    };
    let mut found =
        place::at_value(cx, &RULE, span, "rollout", headline).label(label).fact("weekday_ratio", ratio);
    if let Some(longer) = longer {
        let added = longer - main.days;
        if main.implied {
            let end = calendar.end.as_ref().map(|end| end.value.plus(added));
            if let Some(end) = end {
                let (with_fix, decide) = place::lengthen(cx, found, span, &end.to_string(), added);
                found = with_fix.help(format!("end on {end}, {} longer{decide}", days(added)));
            }
        } else {
            let (with_fix, decide) = place::lengthen(cx, found, span, &format!("\"{longer} days\""), added);
            found = with_fix.help(format!("hold stage {} for {longer} days{decide}", quoted(&main.name)));
        }
        let shorter = (1..main.days).rev().find(|&days| unevenness(cx.plan, days) <= UNEVEN);
        if let Some(shorter) = shorter {
            found = found.help(format!("or for {}, if the sample allows", days(shorter)));
        }
    }
    out.push(found);
}

/// The weekday with the most exposure over the one with the least, were the last stage so long.
fn unevenness(plan: &Plan, last: u32) -> f64 {
    let mut weekdays = [0.0_f64; 7];
    let mut day = 0_usize;
    let stages = &plan.calendar.stages;
    for (index, stage) in stages.iter().enumerate() {
        let is_last = index + 1 == stages.len();
        let held = if is_last { last } else { stage.days };
        let counted = is_last || plan.calendar.analyse_ramp;
        for _ in 0..held.min(MOST_DAYS) {
            if counted {
                weekdays[day % 7] += stage.share.value;
            }
            day += 1;
        }
    }
    let most = weekdays.iter().copied().fold(0.0, f64::max);
    let least = weekdays.iter().copied().fold(f64::INFINITY, f64::min);
    // Nothing at all is another fault.
    if least <= 0.0 { if 0.0 < most { 7.0 } else { 1.0 } } else { most / least }
}

/// A stage of many years is another fault; its weekdays are even.
const MOST_DAYS: u32 = 3660;
