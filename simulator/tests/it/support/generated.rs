//! Workloads that nobody thought of.

use gpulse_simulator::workload::Workload;
use proptest::prelude::*;

use super::workload;

/// The rows of both tables.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    nodes: Vec<(u32, u32, u32, usize)>,
    pods: Vec<(u32, u32, u32, u32, usize)>,
}

const MODELS: [&str; 3] = ["", "T4", "V100"];
const SPECS: [&str; 4] = ["", "T4", "V100", "V100|T4"];

/// A few nodes and pods; little room, so that CPU, memory, devices and models all get to decide.
pub(crate) fn tables() -> impl Strategy<Value = Tables> {
    let node = (0..20_u32, 0..20_u32, 0..=9_u32, 0..MODELS.len());
    let share = prop_oneof![Just(1000_u32), (1..=20_u32).prop_map(|twentieths| twentieths * 50)];
    let pod = (0..6_u32, 0..6_u32, 0..=3_u32, share, 0..SPECS.len());
    (prop::collection::vec(node, 1..8), prop::collection::vec(pod, 1..12))
        .prop_map(|(nodes, pods)| Tables { nodes, pods })
}

impl Tables {
    /// The workload; a node and a pod are added, so that there is a GPU and somebody who asks for it.
    pub(crate) fn workload(&self) -> Workload {
        let row = |number: usize, (cpu, memory, gpus, model): &(u32, u32, u32, usize)| {
            format!("n{number},{}000,{}024,{gpus},{}\n", cpu, memory, MODELS[*model])
        };
        let nodes: String = (0..).zip(&self.nodes).map(|(number, node)| row(number, node)).collect();
        let row = |number: usize, (cpu, memory, gpus, share, spec): &(u32, u32, u32, u32, usize)| {
            let share = if *gpus == 0 { 0 } else { *share };
            format!("p{number},{cpu}000,{memory}024,{gpus},{share},{}\n", SPECS[*spec])
        };
        let pods: String = (0..).zip(&self.pods).map(|(number, pod)| row(number, pod)).collect();
        workload(&format!("{nodes}last,8000,8192,2,T4\n"), &format!("{pods}last,1000,1024,1,500,\n"))
    }
}
