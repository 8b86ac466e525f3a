//! dcgm-exporter's text, for one node.

use std::fmt::Write;
use std::time::Duration;

use super::scenario::{Dialect, NodeScenario, Signal};

/// One metric of a dialect: its name, and what one of our units (percent, MiB, XID) is in its unit.
type Metric = (&'static str, f64);

struct Names {
    sm_active: Metric,
    gr_engine_active: Metric,
    gpu_util: Metric,
    memory_used: Metric,
    memory_free: Metric,
    memory_reserved: Metric,
    xid: Metric,
}

const PERCENT_TO_RATIO: f64 = 0.01;
const MIB_TO_BYTES: f64 = 1_048_576.0;

/// Names and units up to dcgm-exporter 4.8 (etc/default-counters.csv at 4.8.2).
const DCGM_4_8: Names = Names {
    sm_active: ("DCGM_FI_PROF_SM_ACTIVE", PERCENT_TO_RATIO),
    gr_engine_active: ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", PERCENT_TO_RATIO),
    gpu_util: ("DCGM_FI_DEV_GPU_UTIL", 1.0),
    memory_used: ("DCGM_FI_DEV_FB_USED", 1.0),
    memory_free: ("DCGM_FI_DEV_FB_FREE", 1.0),
    memory_reserved: ("DCGM_FI_DEV_FB_RESERVED", 1.0),
    xid: ("DCGM_FI_DEV_XID_ERRORS", 1.0),
};

/// Names and units from dcgm-exporter 4.9 (its release notes).
const DCGM_4_9: Names = Names {
    sm_active: ("DCGM_FI_PROF_SM_UTIL_RATIO", PERCENT_TO_RATIO),
    gr_engine_active: ("DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO", PERCENT_TO_RATIO),
    gpu_util: ("DCGM_FI_DEV_GPU_UTIL_RATIO", PERCENT_TO_RATIO),
    memory_used: ("DCGM_FI_DEV_FB_USED_BYTES", MIB_TO_BYTES),
    memory_free: ("DCGM_FI_DEV_FB_FREE_BYTES", MIB_TO_BYTES),
    memory_reserved: ("DCGM_FI_DEV_FB_RESERVED_BYTES", MIB_TO_BYTES),
    xid: ("DCGM_FI_DEV_XID_ERROR", 1.0),
};

/// The page that the exporter on a node serves, `elapsed` after the start.
pub(super) fn page(node: &NodeScenario, elapsed: Duration) -> String {
    let names = match node.dialect {
        Dialect::Dcgm48 => &DCGM_4_8,
        Dialect::Dcgm49 => &DCGM_4_9,
    };
    let mut page = String::new();
    for signal in &node.signals {
        let metric = match signal {
            Signal::SmActive => names.sm_active,
            Signal::GrEngineActive => names.gr_engine_active,
            Signal::GpuUtil => names.gpu_util,
        };
        family(&mut page, node, metric, |gpu| node.utilization.at(gpu, elapsed));
    }
    let total = f64::from(node.memory_mib);
    let used = |gpu| node.memory_used_mib.at(gpu, elapsed);
    family(&mut page, node, names.memory_used, used);
    family(&mut page, node, names.memory_free, |gpu| used(gpu).map(|used| total - used));
    family(&mut page, node, names.memory_reserved, |_| Some(0.0));
    let xid = |gpu| node.xids.iter().find(|xid| xid.gpu == gpu).map_or(0, |xid| xid.code);
    family(&mut page, node, names.xid, |gpu| Some(f64::from(xid(gpu))));
    page
}

fn family(page: &mut String, node: &NodeScenario, (name, scale): Metric, value: impl Fn(u32) -> Option<f64>) {
    // Writing to a String cannot fail.
    let _infallible = write!(page, "# HELP {name} A pretended GPU's.\n# TYPE {name} gauge\n");
    for gpu in 0..node.gpus {
        if let Some(value) = value(gpu) {
            let _infallible = writeln!(page, "{name}{{{}}} {}", labels(node, gpu), value * scale);
        }
    }
}

/// The labels of dcgm-exporter's series (internal/pkg/rendermetrics/render_metrics.go).
fn labels(node: &NodeScenario, gpu: u32) -> String {
    let name = &node.name;
    let model = node.model.replacen('-', " ", 1);
    let mut labels = format!(
        "gpu=\"{gpu}\",UUID=\"GPU-{name}-{gpu}\",pci_bus_id=\"00000000:{gpu:02X}:00.0\",device=\"nvidia{gpu}\",modelName=\"{model}\""
    );
    if !node.node_label.is_empty() {
        let _infallible = write!(labels, ",{}=\"{name}\"", node.node_label);
    }
    for holder in node.holders.iter().filter(|holder| holder.gpu == gpu) {
        let (namespace, pod, container) = (&holder.namespace, &holder.pod, &holder.container);
        let _infallible =
            write!(labels, ",container=\"{container}\",namespace=\"{namespace}\",pod=\"{pod}\"");
    }
    labels
}
