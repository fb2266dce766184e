//! How alike two short texts are, in a way that can be told: which words they share.
//!
//! Words are lower-cased, words without meaning of their own are left out, and a plural counts as its singular
//! (Harman 1991, the S stemmer). Likeness is the Jaccard index: words in both over words in either (Jaccard 1901).
//! [`Crowd`] finds all of many texts that are at least so alike, without comparing each with each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// English words that say how a sentence is built, not what it is about.
const EMPTY: [&str; 48] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "because", "but", "by", "can", "do", "for", "from", "had",
    "has", "have", "if", "in", "into", "is", "it", "its", "not", "of", "on", "or", "so", "such", "that", "the",
    "their", "them", "then", "there", "they", "this", "those", "to", "was", "we", "were", "when", "who", "will",
    "with", "you",
];

/// The words that a text is about.
pub fn words(text: &str) -> BTreeSet<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let lower = parts.map(str::to_lowercase).filter(|word| EMPTY.binary_search(&word.as_str()).is_err());
    lower.map(singular).collect()
}

/// Harman's three rules: `-ies` but not `-eies` or `-aies`, `-es` but not `-aes`, `-ees` or `-oes`, `-s` but not `-us` or
/// `-ss`. The first that fits is the only one.
fn singular(mut word: String) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if ends(&["ies"]) {
        if 3 < word.len() && !ends(&["eies", "aies"]) {
            word.replace_range(word.len() - 3.., "y");
        }
    } else if ends(&["es"]) {
        if !ends(&["aes", "ees", "oes"]) {
            word.pop();
        }
    } else if ends(&["s"]) && !ends(&["us", "ss"]) && 1 < word.len() {
        word.pop();
    }
    word
}

/// The Jaccard index of two sets of words; two empty ones are not alike.
pub fn likeness(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let shared = a.intersection(b).count();
    if shared == 0 { 0.0 } else { shared as f64 / (a.len() + b.len() - shared) as f64 }
}

/// A text that is alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// Which of the crowd.
    pub index: usize,
    pub shared: usize,
    /// Words in either.
    pub either: usize,
}

/// Texts that others are compared with.
///
/// Two sets whose Jaccard index reaches `least` share a word among the rarest few of each: of a set of `n` words, the
/// rarest `n - ceil(least n) + 1` (the prefix filter: Chaudhuri, Ganti and Kaushik 2006). Only those are looked up.
#[derive(Debug)]
pub struct Crowd {
    least: f64,
    /// The place of each word in the order from rare to common.
    ranks: HashMap<String, u32>,
    /// By text, from rare to common.
    sets: Vec<Vec<u32>>,
    /// The texts whose rarest words hold a word.
    by_word: Vec<Vec<u32>>,
}

impl Crowd {
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>, least: f64) -> Self {
        let sets: Vec<BTreeSet<String>> = texts.into_iter().map(words).collect();
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for word in sets.iter().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let mut order: Vec<(u32, &str)> = counts.into_iter().map(|(word, count)| (count, word)).collect();
        order.sort_unstable();
        let ranks: HashMap<String, u32> =
            (0..).zip(&order).map(|(rank, (_, word))| ((*word).to_owned(), rank)).collect();
        let mut by_word = vec![Vec::new(); order.len()];
        let sets: Vec<Vec<u32>> = sets.iter().map(|set| ranked(set, &ranks)).collect();
        for (index, set) in (0..).zip(&sets) {
            for rank in &set[..prefix(set.len(), least).min(set.len())] {
                by_word[*rank as usize].push(index);
            }
        }
        Self { least, ranks, sets, by_word }
    }

    /// All that are alike and `wanted`, the most alike first, then in their order.
    pub fn alike(&self, text: &str, wanted: impl Fn(usize) -> bool) -> Vec<Alike> {
        let own = words(text);
        let known = ranked(&own, &self.ranks);
        // A word that nobody else has is rarer than all others.
        let unknown = own.len() - known.len();
        let looked_up = prefix(own.len(), self.least).saturating_sub(unknown).min(known.len());
        let mut seen: Vec<u32> =
            known[..looked_up].iter().flat_map(|&rank| &self.by_word[rank as usize]).copied().collect();
        seen.sort_unstable();
        seen.dedup();
        let mut found: Vec<Alike> = seen
            .into_iter()
            .map(|index| index as usize)
            .filter(|&index| wanted(index))
            .filter_map(|index| {
                let other = &self.sets[index];
                let (small, large) = (own.len().min(other.len()) as f64, own.len().max(other.len()) as f64);
                if small < self.least * large {
                    return None;
                }
                let shared = common(&known, other);
                let either = own.len() + other.len() - shared;
                (0 < shared && self.least * either as f64 <= shared as f64).then_some(Alike { index, shared, either })
            })
            .collect();
        // Fractions are compared without rounding.
        found.sort_by(|a, b| (b.shared * a.either).cmp(&(a.shared * b.either)).then(a.index.cmp(&b.index)));
        found
    }
}

fn ranked(set: &BTreeSet<String>, ranks: &HashMap<String, u32>) -> Vec<u32> {
    let mut set: Vec<u32> = set.iter().filter_map(|word| ranks.get(word).copied()).collect();
    set.sort_unstable();
    set
}

/// How many of the rarest words must be looked up.
fn prefix(words: usize, least: f64) -> usize {
    // The slack keeps 0.6 of 5 words from becoming 4 for its last bit.
    words + 1 - ((least * words as f64 - 1e-9).ceil().max(0.0) as usize).min(words)
}

/// How many numbers are in both sorted lists.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_what_a_text_is_about() {
        assert!(EMPTY.is_sorted(), "a binary search needs order");
        let said = words("The carts are abandoned on the address forms: 41 % of them, of all categories");
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        assert_eq!(said, ["41", "abandoned", "address", "all", "cart", "category", "form"]);
        for (plural, one) in
            [("boxes", "boxe"), ("focus", "focus"), ("class", "class"), ("s", "s"), ("heroes", "heroes")]
        {
            assert_eq!(singular(plural.to_owned()), one);
        }
        assert_eq!(likeness(&words(""), &words("")), 0.0);
        assert_eq!(likeness(&words("red button"), &words("red buttons, please")), 2.0 / 3.0);
    }

    proptest! {
        #[test]
        fn a_crowd_finds_what_comparing_each_with_each_finds(
            texts in prop::collection::vec("[a-f]( [a-f]){0,7}", 0..30),
            text in "[a-h]( [a-h]){0,7}",
            least in 0.05f64..1.0,
        ) {
            let crowd = Crowd::new(texts.iter().map(String::as_str), least);
            let mut found: Vec<usize> = crowd.alike(&text, |_| true).iter().map(|alike| alike.index).collect();
            found.sort_unstable();
            let own = words(&text);
            let compared = |other: &String| {
                let other = words(other);
                let shared = own.intersection(&other).count();
                0 < shared && least * (own.len() + other.len() - shared) as f64 <= shared as f64
            };
            let expected: Vec<usize> = (0..texts.len()).filter(|&index| compared(&texts[index])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
