//! Many comparisons at once.

/// The probabilities, each corrected for that there are so many (Holm, *A simple sequentially rejective multiple test
/// procedure*, Scandinavian Journal of Statistics 6, 1979): where those below 0.05 are called real, the chance that any
/// of them is not is at most 0.05.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|one, other| p[*one].total_cmp(&p[*other]));
    let mut corrected = vec![0.0; p.len()];
    let mut least: f64 = 0.0;
    for (rank, place) in order.into_iter().enumerate() {
        least = least.max(p[place] * (p.len() - rank) as f64).min(1.0);
        corrected[place] = least;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_counts_for_all_and_the_next_for_all_but_one() {
        // R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
        assert_eq!(holm(&[0.6, 0.7]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn corrections_only_raise_keep_the_order_and_are_no_harsher_than_bonferronis(
            p in prop::collection::vec(0.0..=1.0, 1..30),
        ) {
            let corrected = holm(&p);
            for (one, first) in p.iter().zip(&corrected) {
                prop_assert!(first >= one && *first <= (one * p.len() as f64).min(1.0).max(*one) + 1e-12);
                for (other, second) in p.iter().zip(&corrected) {
                    prop_assert!(one > other || first <= second);
                }
            }
        }
    }
}
