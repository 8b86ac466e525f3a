//! GPU models as people name them.

use gpulse::cluster::ModelPattern;

fn matches(pattern: &str, product: &str) -> bool {
    ModelPattern::new(pattern).unwrap().matches(product)
}

#[test]
fn a_pattern_is_a_run_of_the_products_words() {
    for (pattern, product) in [
        ("H100", "NVIDIA-H100-80GB-HBM3"),
        ("h100", "NVIDIA H100 PCIe"),
        ("A100-SXM4-80GB", "NVIDIA-A100-SXM4-80GB"),
        ("A100 SXM4", "NVIDIA-A100-SXM4-40GB"),
        ("Tesla_T4", "nvidia-tesla-t4"),
        (" L40S ", "NVIDIA-L40S"),
        ("NVIDIA-A10", "NVIDIA-A10"),
        ("MI300X", "AMD_Instinct_MI300X_OAM"),
    ] {
        assert!(matches(pattern, product), "{pattern} in {product}");
    }
    for (pattern, product) in [
        ("A10", "NVIDIA-A100-PCIE-40GB"),
        ("L4", "NVIDIA-L40S"),
        ("L40", "NVIDIA-L40S"),
        ("H100-HBM3", "NVIDIA-H100-80GB-HBM3"),
        ("80GB-A100", "NVIDIA-A100-80GB-PCIe"),
        ("NVIDIA-A10-24GB", "NVIDIA-A10"),
        ("A10", ""),
    ] {
        assert!(!matches(pattern, product), "{pattern} not in {product}");
    }
}

#[test]
fn a_pattern_without_a_letter_or_digit_is_none() {
    for text in ["", " ", "-", "*", "--"] {
        assert_eq!(ModelPattern::new(text), None, "{text:?}");
        assert!(
            serde_json::from_value::<ModelPattern>(text.into()).is_err(),
            "not by the back door either: {text:?}"
        );
    }
    let pattern: ModelPattern = serde_json::from_value("H100".into()).unwrap();
    assert_eq!(serde_json::to_value(&pattern).unwrap(), "H100");
}
