//! Student's t distribution, in its closed form for whole degrees of freedom (Abramowitz and Stegun, *Handbook of
//! Mathematical Functions*, 26.7.3 and 26.7.4).
//!
//! Additions, multiplications, divisions and square roots are the same on every machine; an arctangent of libm is not,
//! so that it is a series here.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// How likely a t this far from zero, or further, is by chance; `freedom` is at least one.
#[must_use]
pub fn two_sided_p(t: f64, freedom: usize) -> f64 {
    (1.0 - within(t.abs(), freedom.max(1))).clamp(0.0, 1.0)
}

/// The t that 95 % of all lie within; `freedom` is at least one.
#[must_use]
pub fn critical_95(freedom: usize) -> f64 {
    // 12.7 at one degree of freedom, and less at more.
    let (mut low, mut high) = (0.0, 16.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if within(middle, freedom.max(1)) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// How likely a t no further from zero than this is.
fn within(t: f64, freedom: usize) -> f64 {
    if t.is_infinite() {
        return 1.0;
    }
    let nu = freedom as f64;
    let (sine, cosine_squared) = (t / (nu + t * t).sqrt(), nu / (nu + t * t));
    let is_odd = freedom % 2 == 1;
    // 1 + 1/2 c^2 + 1*3/(2*4) c^4 + .. where it is even, c + 2/3 c^3 + 2*4/(3*5) c^5 + .. where it is odd.
    let first = if is_odd { cosine_squared.sqrt() } else { 1.0 };
    let (mut term, mut sum) = (first, 0.0);
    for step in (if is_odd { 1 } else { 0 }..freedom.saturating_sub(1)).step_by(2) {
        sum += term;
        term *= cosine_squared * (step as f64 + 1.0) / (step as f64 + 2.0);
    }
    if is_odd { FRAC_2_PI * (arctangent(t / nu.sqrt()) + sine * sum) } else { sine * sum }
}

/// Of a number that is not negative.
fn arctangent(x: f64) -> f64 {
    if x > 1.0 {
        return FRAC_PI_2 - arctangent(1.0 / x);
    }
    // Halved twice it is at most 0.199, where fourteen terms are exact.
    let half = |x: f64| x / (1.0 + (1.0 + x * x).sqrt());
    let x = half(half(x));
    let (mut power, mut sum) = (x, 0.0);
    for term in 0..14 {
        sum += power / f64::from(2 * term + 1);
        power *= -x * x;
    }
    4.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_the_published_ones() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
        let published = [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (29, 2.045),
            (30, 2.042),
            (100, 1.984),
        ];
        for (freedom, value) in published {
            assert!((critical_95(freedom) - value).abs() < 0.0006, "{freedom}: {}", critical_95(freedom));
        }
    }

    #[test]
    fn the_arctangent_is_that_of_the_library() {
        for number in 0..2000_u32 {
            let x = f64::from(number) / 37.0;
            assert!((arctangent(x) - x.atan()).abs() < 1e-15 * 4.0, "{x}");
        }
    }

    #[test]
    fn chance_shrinks_with_the_distance_and_with_the_degrees_of_freedom() {
        assert_eq!((two_sided_p(0.0, 4), two_sided_p(f64::INFINITY, 4)), (1.0, 0.0));
        for freedom in 1..60 {
            let p = |t: f64| two_sided_p(t, freedom);
            assert!((1..60).all(|step| p(f64::from(step) / 10.0) < p(f64::from(step - 1) / 10.0)));
            assert!((p(-2.0) - p(2.0)).abs() < 1e-15 && two_sided_p(2.0, freedom + 1) < p(2.0));
            assert!((p(critical_95(freedom)) - 0.05).abs() < 1e-12, "{freedom}");
        }
    }
}
