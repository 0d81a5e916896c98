//! "Did you mean": the nearest of the words that would have been right.

/// The candidate a misspelt word was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// The help for a word that is none of the candidates: the nearest one, and all of them.
pub(crate) fn help<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let list: Vec<String> = candidates.iter().map(|candidate| format!("`{candidate}`")).collect();
    let list = if list.is_empty() { format!("{what}: none") } else { format!("{what}: {}", list.join(", ")) };
    match nearest(word, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`? {list}"),
        None => list,
    }
}

/// Case and separators are what people get wrong first, and they carry no meaning.
fn fold(word: &str) -> String {
    word.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("jailbrake", ["toxicity", "jailbreak"]), Some("jailbreak"));
        assert_eq!(nearest("on_unknown", ["onUnknown", "when"]), Some("onUnknown"));
        assert_eq!(nearest("ethcal", ["ethical", "technical"]), Some("ethical"));
        assert_eq!(nearest("banana", ["ethical", "technical"]), None);
    }
}
