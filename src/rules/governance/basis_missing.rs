//! GOV005 basis-missing.

use crate::rules::prelude::*;

rule! {
    /// People of a region whose law asks for a legal basis take part, and none is stated.
    ///
    /// ## Why
    /// Without a basis the processing is unlawful from the first unit on.
    ///
    /// ## Source
    /// Regulation (EU) 2016/679, article 6.
    ///
    /// ```toml,bad
    /// #: without privacy.basis
    /// [privacy]
    /// regions = ["EU", "US"]
    /// ```
    /// ```toml,bad
    /// #: without privacy.basis
    /// [privacy]
    /// regions = ["FR"]
    /// ```
    /// ```toml,good
    /// [privacy]
    /// regions = ["EU", "US"]
    /// basis = "consent"
    /// ```
    static RULE = {
        code: "GOV005", name: "basis-missing", since: "0.1.0",
        level: Error in drafts Warn, needs: [Policy],
        check: Plan(check),
    }
}

/// Members of the European Union; with the last three, of the European Economic Area.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO",
];

/// How many of [`EEA`] are in the Union.
const EU: usize = 27;

fn check(cx: &PlanCx<'_>, out: &mut Sink) {
    let Some(privacy) = cx.spec.privacy.value() else { return };
    if !privacy.basis.is_absent() || cx.document.is_damaged() || cx.plan.status.value.is_over() {
        return;
    }
    for region in privacy.regions.value().into_iter().flat_map(|list| list.iter()) {
        let Some(asked) = cx.policy.basis_regions.iter().find(|asked| covers(asked, region)) else { continue };
        let mut found = RULE
            .at(region.span, format!("people in {} take part, and no legal basis is stated", quoted(region)))
            .label("asks for a basis");
        // The preset has no place that a reader could open.
        if cx.workspace.sources.find(asked.span.file).is_some() {
            found = found.also(asked.span, "the policy");
        }
        out.push(found.help("add `basis` to `[privacy]`: consent, legitimate-interest, contract or not-personal"));
        return;
    }
}

/// True when the demand for a region holds for another: the EU for France.
pub(super) fn covers(asked: &str, region: &str) -> bool {
    let is = |list: &[&str]| list.iter().any(|code| code.eq_ignore_ascii_case(region));
    match asked {
        _ if asked.eq_ignore_ascii_case(region) => true,
        "EU" => is(&EEA[..EU]),
        "EEA" => is(&EEA) || region.eq_ignore_ascii_case("EU"),
        "UK" => region.eq_ignore_ascii_case("GB"),
        "GB" => region.eq_ignore_ascii_case("UK"),
        _ => false,
    }
}
