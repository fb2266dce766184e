//! STA027 dilution.

use crate::rules::place;
use crate::rules::prelude::*;
use crate::spec::Population;

/// Above this part the dilution costs little.
const MOST: f64 = 0.5;

rule! {
    /// All assigned units are analysed, and few of them meet the change.
    ///
    /// ## Why
    /// Units that never meet the change add noise and no effect: an analysis of those that do answers the same
    /// question with a fraction of the assigned units.
    ///
    /// ## Source
    /// Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020, chapter 20; Deng, Hu, Diluted Treatment Effect
    /// Estimation for Trigger Analysis, WSDM 2015.
    ///
    /// ```toml,bad
    /// [exposure]
    /// event = "checkout_opened"
    /// population = "assigned"
    /// rate = "20%"
    /// [audience]
    /// daily_units = 400000
    /// #: file catalog/base.toml
    /// [audiences.buyers]
    /// daily_units = 500000
    /// ```
    /// ```toml,fixed
    /// exposure.population = "exposed"
    /// ```
    /// ```toml,good
    /// [exposure]
    /// event = "checkout_opened"
    /// population = "assigned"
    /// rate = "80%"
    /// ```
    static RULE = {
        code: "STA027", name: "dilution", since: "0.1.0",
        level: Warn, fix: Suggested, needs: [Catalog],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let exposure = &cx.plan.exposure;
    if exposure.population.value != Population::Assigned || cx.plan.status.value.is_over() {
        return;
    }
    let written = cx.spec.exposure.value().and_then(|exposure| exposure.rate.get());
    let of_event = || cx.catalog.events.get(&exposure.event.as_ref()?.value)?.rate.get();
    let Some(rate) = written.or_else(of_event) else { return };
    let met = rate.value.fraction();
    if !(0.0 < met && met < MOST) {
        return;
    }
    let headline = format!("all assigned units are analysed, and {} of them meet the change", percent(met));
    let at = exposure.population.span().unwrap_or_else(|| cx.home("exposure"));
    let found = RULE
            .at(at, headline)
            .label(format!("asks for {} times the units that an analysis of the exposed asks for", place::significant(1.0 / met)))
            .also(rate.span, "the part that meets it")
            .help("set `population = \"exposed\"`, when all variants log the event alike")
            .fact("rate", met);
    let edit = match exposure.population.span() {
        Some(span) => (span.file == cx.document.file).then(|| Edit { span, replacement: "\"exposed\"".to_owned() }),
        None => place::layout(cx).add("exposure", "population = \"exposed\""),
    };
    out.push(place::offer(found, Applicability::Suggested, "analyse the exposed units", edit));
}
