//! The page as a function of what lies on the desk.

use std::sync::Arc;
use std::time::Duration;

use gpulse::agent::{
    DeviceFault, Dialect, Figure, Figures, Format, GpuReading, Identity, Layout, ProcessReading, Reading,
    View, page,
};
use gpulse::cluster::Timestamp;

use super::driver::Page;
use crate::support::NOW;

/// A GPU read now.
pub(super) fn read(index: u32, figures: &[(Figure, u64)]) -> GpuReading {
    let identity = Identity {
        uuid: format!("GPU-{index}").into(),
        model: "NVIDIA A100-SXM4-80GB".into(),
        pci_bus_id: format!("00000000:1{index}:00.0"),
        device: format!("nvidia{index}"),
        file: Some(format!("nvidia{index}").into()),
    };
    GpuReading {
        index,
        identity: Some(Arc::new(identity)),
        fault: None,
        taken_at: NOW,
        figures: figures.iter().copied().collect::<Figures>(),
        mig: false,
        instances: Vec::new(),
        processes: Vec::new(),
        unlisted_processes: Some(0),
    }
}

pub(super) fn process(pid: u32, mib: u64, percent: u32) -> ProcessReading {
    ProcessReading { pid, instance: None, memory_bytes: Some(mib << 20), utilization_percent: Some(percent) }
}

pub(super) fn layout(dialect: Dialect) -> Layout {
    Layout { dialect, node: "n".into(), show_for: Duration::from_secs(30) }
}

pub(super) fn view(gpus: Vec<GpuReading>) -> View {
    let reading = Reading { taken_at: NOW, driver_version: Some("570.86.15".into()), gpus };
    View { now: NOW, reading: Some(Arc::new(reading)), ..View::default() }
}

pub(super) fn written(view: &View) -> Page {
    Page(page(view, &layout(Dialect::Dcgm48), Format::Classic))
}

#[test]
fn a_series_has_dcgm_exporters_labels_in_its_order() {
    let view = view(vec![read(0, &[(Figure::GpuUtilPercent, 37)])]);
    let line = |dialect, name: &str| {
        let page = page(&view, &layout(dialect), Format::Classic);
        page.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
    };
    insta::assert_snapshot!(
        line(Dialect::Dcgm48, "DCGM_FI_DEV_GPU_UTIL{"),
        @r#"DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",pci_bus_id="00000000:10:00.0",device="nvidia0",modelName="NVIDIA A100-SXM4-80GB",Hostname="n",DCGM_FI_DRIVER_VERSION="570.86.15"} 37"#
    );
    insta::assert_snapshot!(
        line(Dialect::Dcgm49, "DCGM_FI_DEV_GPU_UTIL_RATIO{"),
        @r#"DCGM_FI_DEV_GPU_UTIL_RATIO{gpu="0",UUID="GPU-0",pci_bus_id="00000000:10:00.0",device="nvidia0",modelName="NVIDIA A100-SXM4-80GB",hostname="n",DCGM_FI_SYSTEM_DRIVER_VERSION="570.86.15"} 0.370000"#
    );
}

#[test]
fn nothing_read_is_nothing_shown() {
    let page = written(&View { now: NOW, ..View::default() });
    assert!(page.samples().all(|sample| sample.name.starts_with("gpulse_agent_")), "{page:?}");
}

/// A reading that has aged is no measurement of now.
#[test]
fn what_was_read_too_long_ago_is_not_shown() {
    let shown = |seconds: u64, fault: Option<DeviceFault>| {
        let mut gpu = read(0, &[(Figure::GpuUtilPercent, 37)]);
        (gpu.taken_at, gpu.fault) = (Timestamp(NOW.0 - seconds * 1000), fault);
        let page = written(&view(vec![gpu]));
        (page.value("DCGM_FI_DEV_GPU_UTIL", &[]), page.value("gpulse_gpu_up", &[]))
    };
    assert_eq!(shown(30, None), (Some(37.0), Some(1.0)));
    assert_eq!(shown(30, Some(DeviceFault::Hanging)), (Some(37.0), Some(0.0)));
    assert_eq!(shown(31, Some(DeviceFault::Hanging)), (None, Some(0.0)));
    assert_eq!(shown(31, None).0, None);
}

#[test]
fn units_are_the_dialects() {
    const MIB: u64 = 1 << 20;
    let view = view(vec![read(
        0,
        &[
            (Figure::MemoryUsedBytes, 1000 * MIB + 5),
            (Figure::MemoryTotalBytes, 81_920 * MIB),
            (Figure::PowerMilliwatts, 61_234),
            (Figure::EnergyMillijoules, 1_500),
            (Figure::SmClockMegahertz, 1410),
            (Figure::SmActivePpm, 123_456),
            (Figure::NvlinkBytesPerSecond, 2_500_000),
        ],
    )]);
    let value = |dialect, name: &str| {
        Page(page(&view, &layout(dialect), Format::Classic)).value(&format!("DCGM_FI_{name}"), &[])
    };
    for (name, value_of) in [
        ("DEV_FB_USED", 1000.0),
        ("DEV_POWER_USAGE", 61.234),
        ("DEV_TOTAL_ENERGY_CONSUMPTION", 1500.0),
        ("DEV_SM_CLOCK", 1410.0),
        ("PROF_SM_ACTIVE", 0.123_456),
        ("DEV_NVLINK_BANDWIDTH_TOTAL", 2.0),
    ] {
        assert_eq!(value(Dialect::Dcgm48, name), Some(value_of), "{name}");
        assert_eq!(value(Dialect::Dcgm49, name), None, "{name}");
    }
    for (name, value_of) in [
        ("DEV_FB_USED_BYTES", 1_048_576_005.0),
        ("DEV_FB_CAPACITY_BYTES", 85_899_345_920.0),
        ("DEV_BOARD_POWER_WATTS", 61.234),
        ("DEV_GPU_ENERGY_JOULES_TOTAL", 1.5),
        ("DEV_SM_CLOCK_HERTZ", 1.41e9),
        ("PROF_SM_UTIL_RATIO", 0.123_456),
        ("DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND", 2_500_000.0),
    ] {
        assert_eq!(value(Dialect::Dcgm49, name), Some(value_of), "{name}");
        assert_eq!(value(Dialect::Dcgm48, name), None, "{name}");
    }
}

#[test]
fn a_label_is_escaped() {
    let mut gpu = read(0, &[(Figure::GpuUtilPercent, 1)]);
    let identity = Identity { model: "a \"b\" \\ c\nd".into(), ..(**gpu.identity.as_ref().unwrap()).clone() };
    gpu.identity = Some(Arc::new(identity));
    let page = written(&view(vec![gpu]));
    assert!(page.0.contains(r#"modelName="a \"b\" \\ c\nd","#), "{}", page.0);
}

#[test]
fn a_node_without_a_name_has_no_such_label() {
    let view = view(vec![read(0, &[(Figure::GpuUtilPercent, 1)])]);
    let layout = Layout { node: String::new(), ..layout(Dialect::Dcgm48) };
    assert!(!page(&view, &layout, Format::Classic).contains("Hostname"));
}
