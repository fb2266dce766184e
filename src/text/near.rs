//! Near names for misspelt ones.

/// The nearest of the known names, when one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names from strangers may be megabytes; no known name is that long.
    if 64 < name.chars().count() {
        return None;
    }
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by(|a, b| a.cmp(b))
        .map(|(_, candidate)| candidate)
}
