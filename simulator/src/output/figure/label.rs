//! Room for words: how wide they are, and how they keep off each other.

/// The size of a figure's text.
pub(super) const TEXT_PX: f64 = 13.0;
/// From one line of text to the next.
pub(super) const LINE_PX: f64 = 17.0;

/// About how wide a text is. Nobody knows the reader's font: what a wide one takes.
pub(super) fn width_px(text: &str) -> f64 {
    text.chars().count() as f64 * TEXT_PX * 0.6
}

/// The widest of the texts.
pub(super) fn widest_px<'a>(texts: impl Iterator<Item = &'a str>) -> f64 {
    texts.map(width_px).fold(0.0, f64::max)
}

/// The words in lines that are not wider than this, unless a word is.
pub(super) fn lines(text: &str, most_px: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_px(line) + width_px(" ") + width_px(word) <= most_px => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Places for labels that want to be at `wanted` (in order), at least `gap` from each other and between `first` and
/// `last`, where there is room: with the least squared distance from where they want to be (pool adjacent violators;
/// Barlow et al., Statistical Inference under Order Restrictions, 1972).
pub(in crate::output) fn apart(wanted: &[f64], gap: f64, first: f64, last: f64) -> Vec<f64> {
    // Less the gaps before it, each label may not stand before its predecessor.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (number, place) in wanted.iter().enumerate() {
        let mut pool = (place - number as f64 * gap, 1_usize);
        while let Some((mean, count)) = pools.pop_if(|(mean, _)| *mean >= pool.0) {
            let all = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / all as f64, all);
        }
        pools.push(pool);
    }
    let most = (last - gap * wanted.len().saturating_sub(1) as f64).max(first);
    let places = pools.into_iter().flat_map(|(mean, count)| vec![mean.clamp(first, most); count]);
    places.enumerate().map(|(number, place)| place + number as f64 * gap).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_have_room_stay_and_others_share_the_way() {
        assert_eq!(apart(&[10.0, 50.0], 15.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(
            apart(&[50.0, 50.0, 52.0], 15.0, 0.0, 100.0),
            [152.0 / 3.0 - 15.0, 152.0 / 3.0, 152.0 / 3.0 + 15.0]
        );
        assert_eq!(apart(&[98.0, 99.0], 15.0, 0.0, 100.0), [85.0, 100.0]);
        assert_eq!(apart(&[], 15.0, 0.0, 100.0), [0.0; 0]);
    }

    #[test]
    fn words_are_wrapped() {
        assert_eq!(lines("too few free GPUs", 90.0), ["too few", "free GPUs"]);
        assert_eq!(lines("insufficient", 10.0), ["insufficient"]);
    }

    proptest! {
        #[test]
        fn labels_keep_apart_and_inside(mut wanted in prop::collection::vec(0.0..240.0_f64, 0..12)) {
            wanted.sort_by(f64::total_cmp);
            let places = apart(&wanted, 15.0, 0.0, 240.0);
            prop_assert!(places.iter().all(|place| (-1e-6..=240.0 + 1e-6).contains(place)));
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 15.0 - 1e-6));
        }
    }
}
