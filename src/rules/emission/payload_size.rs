//! EMI008 payload-size.

use crate::rules::place;
use crate::rules::prelude::*;

rule! {
    /// What a variant returns is larger than a target, or the organisation, allows.
    ///
    /// ## Why
    /// Every client loads the payloads of all variants before it can start; above a platform's limit the write fails.
    ///
    /// ## How
    /// `max_payload_bytes` under `[policy]` sets the limit, counted in compact JSON. `expc targets` shows
    /// which platforms have a limit of their own.
    ///
    /// ## Source
    /// Checks of Mozilla's Experimenter.
    ///
    /// ```toml,bad
    /// #: file expc.toml
    /// [policy]
    /// max_payload_bytes = 64
    /// #: file experiments/checkout-one-tap.toml
    /// [variants.one-tap]
    /// payload = { layout = "one button with the address and the card that were used the last time" }
    /// ```
    /// ```toml,good
    /// #: file expc.toml
    /// [policy]
    /// max_payload_bytes = 64
    /// ```
    static RULE = {
        code: "EMI008", name: "payload-size", since: "0.1.0",
        level: Warn, needs: [Policy],
        check: Plan(check),
    }
}

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let targets = super::targets(cx);
    if targets.is_empty() {
        return;
    }
    let policy = cx.policy.max_payload_bytes.as_ref();
    let of_policy = policy.map(|at| (usize::try_from(at.value).unwrap_or(usize::MAX), "the policy"));
    let of_targets = targets.iter().filter_map(|target| Some((target.most_payload_bytes?, target.name)));
    let Some((most, whose)) = of_targets.chain(of_policy).min() else { return };
    let variants = cx.plan.variants.iter().filter_map(|variant| {
        let payload = variant.payload.as_ref()?;
        Some((format!("the payload of {}", quoted(&variant.name)), payload, "variants"))
    });
    let off = cx.plan.off.iter().map(|off| ("the default of the flag".to_owned(), off, "experiment"));
    for (what, payload, table) in variants.chain(off) {
        let bytes = crate::syntax::Node { value: payload.value.clone(), span: cx.plan.span }.to_json().to_string().len();
        if bytes <= most {
            continue;
        }
        let headline = format!("{what} has {} bytes", count(bytes as f64));
        let found = place::at_value(cx, &RULE, payload.span(), table, headline)
            .label(format!("{whose} allows {}", count(most as f64)))
            .help("return a name, and keep what it stands for where the flag is read");
        let written = policy.filter(|_| whose == "the policy");
        out.push(match written {
            Some(at) => found.also(at.span, "the limit"),
            None => found,
        });
    }
}
