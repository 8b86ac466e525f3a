//! One copy of the cluster: what pods hold, what each GPU does, and the board that the server decides from.

use std::sync::Arc;

use serde_json::{Value, json};

use super::recording::{RecordedNode, Recording, Trouble};
use super::workload::{Kind, Request};
use crate::cluster::kubernetes::{self, Reader};
use crate::cluster::{
    Board, FreshnessPolicy, Gpu, Health, Mib, PerMille, PodKey, Samples, Source, Timestamp, Utilization,
};

/// The moment of the recording. Time stands still, so that every run decides the same.
pub(super) const RECORDED_AT: Timestamp = Timestamp(1_764_000_000_000);

/// How old the samples are: dcgm-exporter collects every 30 s.
const SAMPLE_AGE_MS: u64 = 12_000;

/// A cluster that pods can be bound in.
pub(super) struct World {
    /// What the server decides from.
    pub(super) board: Arc<Board>,
    /// The nodes with their GPUs.
    pub(super) nodes: Vec<WorldNode>,
    recording: Arc<Recording>,
}

/// A node and its GPUs.
pub(super) struct WorldNode {
    pub(super) facts: RecordedNode,
    pub(super) gpus: Vec<WorldGpu>,
}

/// A GPU, as it really is.
#[derive(Debug, Clone, Default)]
pub(super) struct WorldGpu {
    /// The pods that hold it, each with what it does to it.
    pub(super) pods: Vec<(PodKey, PerMille)>,
    /// What somebody outside Kubernetes does to it.
    pub(super) outside: PerMille,
    /// Its fatal XID error, where it had one.
    pub(super) xid: Option<u32>,
}

impl WorldGpu {
    /// How busy it is.
    pub(super) fn load(&self) -> PerMille {
        let pods: u16 = self.pods.iter().map(|(_, load)| load.get()).sum();
        PerMille::new(pods.saturating_add(self.outside.get()))
    }
}

impl World {
    /// The cluster as it was recorded.
    pub(super) fn new(recording: &Arc<Recording>) -> anyhow::Result<Self> {
        let nodes = recording.nodes.iter().map(|facts| WorldNode::new(facts, recording)).collect();
        let board = Arc::new(Board::new(FreshnessPolicy::default()));
        let mut world = Self { board, nodes, recording: recording.clone() };
        for node in &recording.nodes {
            let object: kubernetes::Node = serde_json::from_value(node.object())?;
            let facts = Reader::default().node(&object)?;
            world.board.update(|assembly| assembly.apply_node(facts));
            for request in node.earlier_pods() {
                world.bind(&request, &node.name)?;
            }
        }
        Ok(world)
    }

    /// Binds a pod to a node, as kube-scheduler would, and gives it devices, as kubelet would. Returns how busy each
    /// device was just before.
    pub(super) fn bind(&mut self, request: &Request, node: &str) -> anyhow::Result<Vec<PerMille>> {
        let mut object = request.manifest();
        object["spec"]["nodeName"] = node.into();
        let object: kubernetes::Pod = serde_json::from_value(object)?;
        let bound = Reader::default().bound_pod(&object)?;
        let found = self.give_devices(request, node);
        let samples = self.samples();
        self.board.update(|assembly| {
            bound.into_iter().for_each(|pod| assembly.apply_pod(pod));
            assembly.apply_samples(samples);
        });
        Ok(found)
    }

    fn give_devices(&mut self, request: &Request, node: &str) -> Vec<PerMille> {
        let recording = self.recording.clone();
        let Some(node) = self.nodes.iter_mut().find(|known| known.facts.name == node) else {
            return Vec::new();
        };
        let load = match request.kind {
            Kind::Training => recording.training_load(&request.name),
            Kind::Inference => recording.inference_load(&request.name),
        };
        let mut found = Vec::new();
        for _ in 0..request.gpus {
            let Some(gpu) = node.next_device(request, &recording) else { break };
            found.push(gpu.load());
            gpu.pods.push((request.key(), load));
        }
        found
    }

    /// What an exporter on each node would report now.
    fn samples(&self) -> Samples {
        let lit = self.nodes.iter().filter(|node| node.facts.trouble != Trouble::Dark);
        lit.map(|node| (Arc::from(node.facts.name.as_str()), node.samples())).collect()
    }
}

impl WorldNode {
    fn new(facts: &RecordedNode, recording: &Recording) -> Self {
        let mut gpus = vec![WorldGpu::default(); facts.gpus];
        // Somebody outside Kubernetes takes the last GPUs; kubelet, which knows nothing of it, gives out any.
        for (index, gpu) in gpus.iter_mut().enumerate().rev().take(facts.outside) {
            gpu.outside = recording.outside_load(&format!("outside/{}/{index}", facts.name));
        }
        if let (Trouble::Xid(xid), Some(gpu)) = (facts.trouble, gpus.first_mut()) {
            gpu.xid = Some(xid);
        }
        Self { facts: facts.clone(), gpus }
    }

    /// The device that kubelet's device plugin gives next: of the healthy ones with a free share those with the fewest
    /// taken; which of them is not for gpulse to choose, so it is drawn. Pods that were there before the demo came
    /// before the use from outside.
    fn next_device(&mut self, request: &Request, recording: &Recording) -> Option<&mut WorldGpu> {
        let shares = self.facts.shares;
        let usable = |gpu: &WorldGpu| {
            let spoken_for = request.earlier && shares == 1 && gpu.outside > PerMille::default();
            gpu.xid.is_none() && gpu.pods.len() < shares && !spoken_for
        };
        let fewest = self.gpus.iter().filter(|gpu| usable(gpu)).map(|gpu| gpu.pods.len()).min()?;
        let draw = |index: usize| recording.draw(&format!("{}/{}/{index}", request.name, self.facts.name));
        let indices = 0..self.gpus.len();
        let open =
            indices.filter(|index| usable(&self.gpus[*index]) && self.gpus[*index].pods.len() == fewest);
        let chosen = open.min_by_key(|index| draw(*index))?;
        self.gpus.get_mut(chosen)
    }

    fn samples(&self) -> Arc<[Gpu]> {
        let sample = |(index, gpu): (usize, &WorldGpu)| Gpu {
            uuid: format!("GPU-{}-{index}", self.facts.name).into(),
            index: Some(index as u32),
            mig: None,
            model: Some(self.facts.product.as_str().into()),
            utilization: Some(Utilization {
                value: gpu.load(),
                source: Source::GpuUtil,
                sampled_at: Timestamp(RECORDED_AT.0 - SAMPLE_AGE_MS),
            }),
            memory_used: None,
            memory_total: Some(Mib(self.facts.gpu_memory_mib)),
            health: gpu.xid.map_or(Health::Healthy, Health::FatalXid),
            holder: (self.facts.shares == 1).then(|| gpu.pods.first().map(|(key, _)| key.clone())).flatten(),
        };
        self.gpus.iter().enumerate().map(sample).collect()
    }
}

impl RecordedNode {
    /// The resource that its GPUs are offered by.
    fn resource(&self) -> &'static str {
        if self.shares > 1 { Kind::Inference.resource() } else { Kind::Training.resource() }
    }

    fn object(&self) -> Value {
        let mut amounts = json!({
            "cpu": format!("{}m", self.cpu_milli),
            "memory": format!("{}Mi", self.memory_mib),
        });
        amounts[self.resource()] = (self.gpus * self.shares).to_string().into();
        json!({
            "metadata": {"name": self.name, "labels": {
                "nvidia.com/gpu.product": self.product,
                "nvidia.com/gpu.memory": self.gpu_memory_mib.to_string(),
                "nvidia.com/gpu.count": self.gpus.to_string(),
                "nvidia.com/gpu.replicas": self.shares.to_string(),
            }},
            "status": {"capacity": amounts, "allocatable": amounts},
        })
    }

    /// The pods that are there when the demo starts.
    fn earlier_pods(&self) -> Vec<Request> {
        let kind = if self.shares > 1 { Kind::Inference } else { Kind::Training };
        (0..self.taken).map(|index| Request::earlier(kind, format!("{}-{index}", self.name))).collect()
    }
}
