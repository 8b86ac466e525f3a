//! The two formats, and who gets which.

use gpulse::agent::Format;

use super::driver::{Running, gpu, node};

#[test]
fn who_asks_for_openmetrics_gets_it_and_everybody_else_the_classic_format() {
    // What Prometheus 2.42 and 3 send.
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;\
                      q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let cases = [
        (Some(prometheus), Format::OpenMetrics),
        (Some("application/openmetrics-text"), Format::OpenMetrics),
        (Some("application/openmetrics-text;q=0, text/plain"), Format::Classic),
        (Some("text/plain;version=0.0.4"), Format::Classic),
        (Some("*/*"), Format::Classic),
        (Some(""), Format::Classic),
        (None, Format::Classic),
    ];
    for (accept, format) in cases {
        assert_eq!(Format::accepted(accept), format, "{accept:?}");
    }
}

/// dcgm-exporter's names stay as they are: what cannot be an OpenMetrics counter by its name is of unknown type.
#[tokio::test]
async fn both_formats_have_the_same_series() {
    let agent = Running::start(node([gpu("GPU-a")]));
    let classic = agent.complete_page().await.0;
    let (_, content_type, open) = agent.get("/metrics", "application/openmetrics-text; version=1.0.0").await;
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_eq!(agent.get("/metrics", "*/*").await.1, "text/plain; version=0.0.4; charset=utf-8");
    let series = |text: &str| -> Vec<String> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    assert_eq!(series(&classic), series(&open));
    assert!(open.ends_with("\n# EOF\n") && !classic.contains("# EOF"));
    for (text, line) in [
        (&classic, "# TYPE DCGM_FI_DEV_PCIE_REPLAY_COUNTER counter"),
        (&open, "# TYPE DCGM_FI_DEV_PCIE_REPLAY_COUNTER unknown"),
        (&classic, "# TYPE gpulse_gpu_nvlink_sent_bytes_total counter"),
        (&open, "# TYPE gpulse_gpu_nvlink_sent_bytes counter"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}
