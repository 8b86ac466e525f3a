//! Seeds as people type them.

use std::str::FromStr;

use thiserror::Error;

/// One seed, or a range with both ends in it: `42`, `42..51`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Vec<u64>);

/// What is no range of seeds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a seed or a range with both ends in it, at most 10000 of them: 42 or 42..51")]
pub(super) struct SeedsError;

const MOST: u64 = 10_000;

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let number = |text: &str| text.parse::<u64>().map_err(|_| SeedsError);
        let (first, last) = (number(first)?, number(last)?);
        if first <= last && last - first < MOST {
            Ok(Self((first..=last).collect()))
        } else {
            Err(SeedsError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_ends() {
        assert_eq!("42..44".parse(), Ok(Seeds(vec![42, 43, 44])));
        assert_eq!("7".parse(), Ok(Seeds(vec![7])));
        for wrong in ["", "a", "5..", "..5", "5..4", "0..10000", "1,2"] {
            assert_eq!(wrong.parse::<Seeds>(), Err(SeedsError), "{wrong:?}");
        }
    }
}
