//! What somebody may have meant.

/// The known name closest to what was written, where it is close: at most two edits, and not half of the word.
#[must_use]
pub(super) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let distance = |name: &&str| strsim::damerau_levenshtein(&folded, &name.to_lowercase());
    let close = known.iter().copied().min_by_key(distance)?;
    let edits = distance(&close);
    (edits <= 2 && edits * 2 < close.len()).then_some(close)
}
