//! Clusters.

use std::sync::Arc;

use gpulse::cluster::{Assembly, Board, FreshnessPolicy, Node, Samples, Snapshot};

use super::{NOW, NodeBuilder, PodBuilder};

/// A cluster of nothing.
pub(crate) fn cluster() -> ClusterBuilder {
    ClusterBuilder::default()
}

/// A cluster in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterBuilder {
    nodes: Vec<NodeBuilder>,
    pods: Vec<PodBuilder>,
    freshness: FreshnessPolicy,
}

impl ClusterBuilder {
    /// With this node.
    pub(crate) fn node(self, node: NodeBuilder) -> Self {
        self.nodes([node])
    }

    /// With these nodes.
    pub(crate) fn nodes(mut self, nodes: impl IntoIterator<Item = NodeBuilder>) -> Self {
        self.nodes.extend(nodes);
        self
    }

    /// With this pod.
    pub(crate) fn pod(self, pod: PodBuilder) -> Self {
        self.pods([pod])
    }

    /// With these pods.
    pub(crate) fn pods(mut self, pods: impl IntoIterator<Item = PodBuilder>) -> Self {
        self.pods.extend(pods);
        self
    }

    /// With another policy than the default of how old a measurement may be.
    pub(crate) fn freshness(mut self, policy: FreshnessPolicy) -> Self {
        self.freshness = policy;
        self
    }

    /// Writes the cluster into an assembly, as the feeds would.
    pub(crate) fn write(&self, assembly: &mut Assembly) {
        self.nodes.iter().for_each(|node| assembly.apply_node(node.facts()));
        self.pods.iter().filter_map(PodBuilder::bound).for_each(|pod| assembly.apply_pod(pod));
        let devices = self.nodes.iter().map(|node| (Arc::from(node.name()), node.devices()));
        assembly.apply_samples(Samples::from_iter(devices));
    }

    /// The picture of it at [`NOW`].
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut assembly = Assembly::default();
        self.write(&mut assembly);
        assembly.snapshot(NOW, self.freshness)
    }

    /// The picture of one of its nodes.
    pub(crate) fn look_at(&self, node: &str) -> Arc<Node> {
        self.snapshot().node(node).unwrap().clone()
    }

    /// A board that shows it.
    pub(crate) fn board(&self) -> Arc<Board> {
        let board = Board::new(self.freshness);
        board.update(|assembly| self.write(assembly));
        Arc::new(board)
    }
}
