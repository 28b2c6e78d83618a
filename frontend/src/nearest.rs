//! What a misspelt name may have meant.

/// Likeness from which a name counts as what may have been meant.
const LIKE: f64 = 0.75;
/// The same where letters changed places.
const SWAPPED: f64 = 0.6;

/// The valid name that `wrong` is most like, if it is like one.
pub(crate) fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    // Letters that changed places tell the first measure nothing in short names.
    let likeness = |name: &str| {
        let swapped = strsim::normalized_damerau_levenshtein(name, &wrong);
        strsim::jaro_winkler(name, &wrong).max(if swapped >= SWAPPED { LIKE + swapped / 8.0 } else { 0.0 })
    };
    let scored = valid.into_iter().map(|name| (likeness(name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= LIKE).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_where_it_is_near() {
        assert_eq!(nearest("wait_scren", ["wait_screen", "wait_serial"]), Some("wait_screen"));
        assert_eq!(nearest("fad", ["fda", "fdb", "hda", "append"]), Some("fda"));
        assert_eq!(nearest("zzz", ["wait_screen"]), None);
    }
}
