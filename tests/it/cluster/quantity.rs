//! Kubernetes' quantities: the grammar of apimachinery's `ParseQuantity`, and exact arithmetic.

use gpulse::cluster::Quantity;
use proptest::prelude::*;

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn units(text: &str) -> i64 {
    quantity(text).units()
}

fn millis(text: &str) -> i64 {
    quantity(text).millis()
}

/// Every suffix and what it multiplies by: numerator and denominator.
const SUFFIXES: [(&str, i128, i128); 24] = [
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1000),
    ("", 1, 1),
    ("k", 1000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("T", 1_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000, 1),
    ("E", 1_000_000_000_000_000_000, 1),
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("Ti", 1 << 40, 1),
    ("Pi", 1 << 50, 1),
    ("Ei", 1 << 60, 1),
    ("e0", 1, 1),
    ("e3", 1000, 1),
    ("E3", 1000, 1),
    ("e+3", 1000, 1),
    ("E+03", 1000, 1),
    ("e-3", 1, 1000),
    ("E-9", 1, 1_000_000_000),
    ("e-0", 1, 1),
];

#[test]
fn every_suffix_multiplies_by_what_it_means() {
    for (suffix, numerator, denominator) in SUFFIXES {
        let expected = numerator * 3 / denominator + i128::from(denominator > 1);
        assert_eq!(i128::from(units(&format!("3{suffix}"))), expected, "3{suffix}");
    }
}

#[test]
fn forms_that_apimachinery_accepts() {
    for (text, expected) in [
        ("0", 0),
        ("-0", 0),
        ("+5", 5),
        ("007", 7),
        ("1.", 1),
        (".5k", 500),
        ("0.50", 1),
        ("-.5", -1),
        ("1.5Gi", 1_610_612_736),
        ("1.G", 1_000_000_000),
        ("100E-2", 1),
        ("1E", 1_000_000_000_000_000_000),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775807", -i64::MAX),
    ] {
        assert_eq!(units(text), expected, "{text}");
    }
}

/// The first nine are apimachinery's own list of invalid quantities. Of the others Go's parser lets `.`, `-` and `+`
/// pass as zero, against its own grammar.
#[test]
fn forms_that_the_grammar_refuses() {
    let invalid = [
        "1.1.M",
        "1+1.0M",
        "0.1mi",
        "0.1am",
        "aoeu",
        ".5i",
        "1i",
        "-3.01i",
        "-3.01e-",
        "",
        " 1",
        "1 ",
        "1e",
        ".",
        "-",
        "+",
        "--1",
        "+-1",
        "1-",
        "e3",
        "Ki",
        ".Ki",
        "1KiB",
        "1ki",
        "1K",
        "1 Gi",
        "1e3.5",
        "1e3k",
        "0x10",
        "1_000",
        "1,5",
        "NaN",
        "inf",
        "१",
        "1é",
        "1e99999999999999999999",
    ];
    for text in invalid {
        let error = text.parse::<Quantity>().expect_err(text).to_string();
        assert!(error.contains(&format!("{text:?}")) && error.contains("500m"), "{error}");
    }
}

#[test]
fn fractions_are_rounded_away_from_zero() {
    assert_eq!((units("1.1"), units("-1.1"), units("0.1"), units("-0.1")), (2, -2, 1, -1));
    assert_eq!((millis("1.0001"), millis("-1.0001"), millis("100n")), (1001, -1001, 1));
    assert_eq!(quantity("0.1n"), quantity("1n"), "finer than a billionth: one billionth");
    assert_eq!(quantity("-0.1n"), quantity("-1n"));
    assert_eq!(quantity("1e-30"), quantity("1n"));
    assert_eq!(quantity("0e-30"), quantity("0"));
}

#[test]
fn what_is_too_large_is_as_large_as_possible() {
    for text in
        ["9223372036854775808", "8Ei", "1e1000", "100000000000000000000000000000000000000000000000000"]
    {
        assert_eq!((units(text), millis(text)), (i64::MAX, i64::MAX), "{text}");
        assert_eq!(units(&format!("-{text}")), -i64::MAX, "-{text}");
        assert_eq!(quantity(text), quantity("9223372036854775807"), "{text}");
    }
    assert_eq!(millis("9223372036854775"), 9_223_372_036_854_775_000);
    assert_eq!(millis("9223372036854776"), i64::MAX);
}

#[test]
fn whole_units_are_known_from_fractions() {
    for (text, expected) in
        [("2", Some(2)), ("2000m", Some(2)), ("2e0", Some(2)), ("1500m", None), ("1n", None)]
    {
        assert_eq!(quantity(text).whole_units(), expected, "{text}");
    }
    assert_eq!(quantity("1.0000000000000000000000000000001").whole_units(), None);
}

#[test]
fn sums_are_exact_and_do_not_overflow() {
    assert_eq!(quantity("100m").plus(quantity("200m")), quantity("300m"));
    let much = quantity("8Ei");
    assert_eq!(much.plus(much).units(), i64::MAX);
    assert!(quantity("-1n").is_negative() && !quantity("-0").is_negative());
}

/// A number with a fraction, of nineteen digits (what is promised to be exact), and the same number in billionths.
fn decimal() -> impl Strategy<Value = (String, i128)> {
    (any::<bool>(), 0..=9_999_999_999_u64, 0..=999_999_999_u32).prop_map(|(negative, whole, billionths)| {
        let sign = if negative { "-" } else { "" };
        let magnitude = i128::from(whole) * 1_000_000_000 + i128::from(billionths);
        (format!("{sign}{whole}.{billionths:09}"), if negative { -magnitude } else { magnitude })
    })
}

fn div_away_from_zero(number: i128, divisor: i128) -> i128 {
    let magnitude = number.unsigned_abs().div_ceil(divisor.unsigned_abs()) as i128;
    if number < 0 { -magnitude } else { magnitude }
}

fn capped(number: i128) -> i64 {
    number.clamp(-i128::from(i64::MAX), i128::from(i64::MAX)) as i64
}

proptest! {
    #[test]
    fn whole_numbers_are_read_back(number in -i64::MAX..=i64::MAX) {
        prop_assert_eq!(units(&number.to_string()), number);
        prop_assert_eq!(quantity(&number.to_string()), Quantity::from_units(number));
        prop_assert_eq!(quantity(&format!("{number}000m")), Quantity::from_units(number));
    }

    #[test]
    fn values_agree_with_exact_arithmetic((text, billionths) in decimal(), suffix in 0..SUFFIXES.len()) {
        let (suffix, numerator, denominator) = SUFFIXES[suffix];
        let text = format!("{text}{suffix}");
        // Billionths are at most 2^64; with `E` and `Ei` they would not fit, but are far beyond the cap.
        let exact = billionths.checked_mul(numerator).unwrap_or(i128::MAX * billionths.signum());
        let unit = 1_000_000_000 * denominator;
        prop_assert_eq!(units(&text), capped(div_away_from_zero(exact, unit)), "{}", &text);
        let exact = exact.checked_mul(1000).unwrap_or(i128::MAX * billionths.signum());
        prop_assert_eq!(millis(&text), capped(div_away_from_zero(exact, unit)), "{}", &text);
    }

    #[test]
    fn order_is_preserved((left, a) in decimal(), (right, b) in decimal()) {
        prop_assert_eq!(quantity(&left).cmp(&quantity(&right)), a.cmp(&b));
        prop_assert_eq!(quantity(&left).is_negative(), a < 0);
    }

    #[test]
    fn long_numbers_are_rounded_up_and_never_down(digits in "[1-9][0-9]{0,17}", tail in "[0-9]{1,60}") {
        let value = units(&format!("{digits}.{tail}"));
        let whole: i64 = digits.parse().unwrap();
        prop_assert_eq!(value, whole + i64::from(tail.bytes().any(|digit| digit != b'0')));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = text.parse::<Quantity>();
    }

    #[test]
    fn no_near_quantity_makes_it_panic(text in "[-+]?[0-9]{0,45}[.]?[0-9]{0,45}(n|u|m|k|Ki|Ei|E|[eE][-+]?[0-9]{1,22})?") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(quantity.is_negative(), quantity.units() < 0);
            prop_assert!(quantity.millis().unsigned_abs() >= quantity.units().unsigned_abs());
        }
    }
}
