//! The whole page, byte for byte, and dcgm-exporter's own list of its counters beside it.

use std::collections::BTreeMap;

use fake_nvml::{Ecc, Gpm, Gpu, LinkErrors, Links, Process, Remapped, Retired, Scenario};

use super::driver::{Page, Running, gpu, node};
use super::shapes::mig;

/// dcgm-exporter's list: field, type, help. Those that are off by default are comments.
const COUNTERS: &str = include_str!("golden/dcp-metrics-included.csv");

/// A node on which every metric has a sample.
fn everything() -> Scenario {
    let percent = |value: f64| Some(value.into());
    let gpm = Gpm {
        graphics: percent(37.5),
        sm: percent(31.25),
        sm_occupancy: percent(12.0),
        tensor: percent(8.0),
        dram: percent(22.0),
        pcie_tx_mib: percent(100.0),
        pcie_rx_mib: percent(200.0),
    };
    let hopper = Gpu {
        name: "NVIDIA H100 80GB HBM3".into(),
        utilization: percent(40.0),
        memory_used_mib: 20_000.0.into(),
        gpm: Some(gpm),
        ecc: Some(Ecc {
            corrected_volatile: 1,
            uncorrected_volatile: 2,
            corrected_aggregate: 3,
            uncorrected_aggregate: 4,
        }),
        remapped: Some(Remapped { correctable: 5, uncorrectable: 6, pending: true, failed: false }),
        retired: Some(Retired { single_bit: 7, double_bit: 8, pending: true }),
        nvlink: Some(Links {
            tx_kib: 10,
            rx_kib: 20,
            tx_kib_per_second: 0,
            errors: Some(LinkErrors { flit_crc: 9, data_crc: 10, replays: 11, recoveries: 12 }),
        }),
        processes: vec![Process { pid: 4711, memory_mib: 19_000, utilization: Some(39), instance: None }],
        ..gpu("GPU-h")
    };
    node([hopper, mig("GPU-m", 1)])
}

/// Without what tells the time.
fn timeless(page: &Page) -> String {
    let words = ["_timestamp_seconds", "gpulse_agent_window_seconds", "gpulse_gpu_busy_seconds_total"];
    let tells_time = |line: &&str| words.iter().any(|word| line.contains(word));
    page.0.lines().filter(|line| !tells_time(line)).map(|line| format!("{line}\n")).collect()
}

async fn check(dialect: &str, golden: &str) {
    let agent = Running::start_with(everything(), &["--dialect", dialect]);
    // The event thread listens a little later than the first reading.
    let xid = |page: &Page| page.0.contains("DCGM_FI_DEV_XID_ERROR");
    agent.complete_page().await;
    let page = timeless(&agent.page_when(xid).await);
    if page != golden {
        let path = std::env::temp_dir().join(format!("gpulse-agent-{dialect}.txt"));
        std::fs::write(&path, &page).unwrap();
        let differs = |(a, b): (&str, &str)| (a != b).then(|| format!("expected {b}\nfound    {a}"));
        let first = page.lines().zip(golden.lines()).find_map(differs);
        panic!("the page is another; it lies in {}; {}", path.display(), first.unwrap_or_default());
    }
}

#[tokio::test]
async fn the_page_up_to_4_8() {
    check("dcgm-4.8", include_str!("golden/dcgm-4.8.txt")).await;
}

#[tokio::test]
async fn the_page_from_4_9_on() {
    check("dcgm-4.9", include_str!("golden/dcgm-4.9.txt")).await;
}

/// Type and help of each family on a page.
fn families(page: &str) -> BTreeMap<&str, (&str, &str)> {
    let line = |kind: &str| -> BTreeMap<_, _> {
        let prefix = format!("# {kind} ");
        let lines = page.lines().filter_map(|line| line.strip_prefix(prefix.as_str())?.split_once(' '));
        lines.collect()
    };
    let (helps, types) = (line("HELP"), line("TYPE"));
    types.into_iter().map(|(name, kind)| (name, (kind, helps[name]))).collect()
}

#[test]
fn types_and_helps_are_dcgm_exporters_own() {
    let list: BTreeMap<&str, (&str, &str)> = COUNTERS
        .lines()
        .filter_map(|line| {
            let mut parts = line.trim_start_matches('#').splitn(3, ',').map(str::trim);
            Some((parts.next()?, (parts.next()?, parts.next()?)))
        })
        .filter(|(name, _)| name.starts_with("DCGM_"))
        .collect();
    let ours = families(include_str!("golden/dcgm-4.8.txt"));
    let shared: Vec<_> = ours.iter().filter(|(name, _)| name.starts_with("DCGM_")).collect();
    assert!(shared.len() >= 43, "{}", shared.len());
    for (name, found) in shared {
        assert_eq!(list.get(name), Some(found), "{name}");
    }
}

/// Of what dcgm-exporter exports by default only this is not here: NVML does not tell a license of a vGPU's guest.
#[test]
fn every_default_counter_is_there() {
    let ours = families(include_str!("golden/dcgm-4.8.txt"));
    let default = COUNTERS.lines().filter(|line| line.starts_with("DCGM_FI_") && !line.contains(" label,"));
    let missing: Vec<&str> = default
        .map(|line| line.split(',').next().unwrap().trim())
        .filter(|name| !ours.contains_key(name))
        .collect();
    assert_eq!(missing, ["DCGM_FI_DEV_VGPU_LICENSE_STATUS"]);
}
