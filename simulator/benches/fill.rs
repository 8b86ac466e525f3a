//! How long a run takes under each strategy, on the default workload of the FGD paper.
//!
//! Run `cargo bench -p gpulse-simulator`; as part of the tests everything runs once, on a small cluster.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use gpulse_simulator::fill::run;
use gpulse_simulator::fragmentation::{Measure, Mix};
use gpulse_simulator::input::{read_nodes, read_pods};
use gpulse_simulator::policy::Choice;
use gpulse_simulator::workload::{Arrive, PodTable, Workload};

fn main() -> anyhow::Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let workload = workload(if measured { usize::MAX } else { 20 })?;
    let measure = Measure::of(&workload, &Mix::typical(&workload));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut group = criterion.benchmark_group("fill");
    for policy in Choice::all() {
        group.bench_function(BenchmarkId::from_parameter(policy.name()), |bench| {
            bench.iter(|| run(&workload, &measure, black_box(policy), black_box(42), Arrive::default()));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// The first `nodes` of the paper's cluster and its default pods.
fn workload(nodes: usize) -> anyhow::Result<Workload> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/openb");
    let mut table = read_nodes("nodes", File::open(folder.join("openb_node_list_gpu_node.csv"))?)?;
    table.rows.truncate(nodes);
    let mut pods = PodTable::default();
    read_pods("pods", File::open(folder.join("openb_pod_list_default.csv"))?, |row| pods.add(row))?;
    Ok(Workload::new(&table, pods)?)
}
