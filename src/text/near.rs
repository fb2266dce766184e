//! Near names for misspelt ones.

/// The nearest of the known names, when one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names from strangers may be megabytes; no known name is that long.
    if 64 < name.chars().count() {
        return None;
    }
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    known
        .into_iter()
        // Names differ by at least their difference in length; most candidates end here.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= 2 + candidate.chars().count() / 4)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by(|a, b| a.cmp(b))
        .map(|(_, candidate)| candidate)
}
