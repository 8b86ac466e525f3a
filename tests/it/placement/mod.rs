//! The decision, asked through `filter`, `prioritize` and `explain`.

mod choice;
mod filter;
mod fragmentation;
mod points;
mod properties;
mod scorer;
mod strategies;
mod utilization;

use gpulse::cluster::{PerMille, Snapshot};
use gpulse::placement::{self, Candidate, Profile, Ranked, Strategy, Verdict};

use crate::support::{ClusterBuilder, PodBuilder};

/// A profile of this strategy in which live utilization has this share of the score, in percent.
fn profile(strategy: &str, utilization_percent: u16) -> Profile {
    let mut profile = Profile::standard("test");
    profile.strategy = Strategy::named(strategy).unwrap();
    profile.utilization.weight = PerMille::new(utilization_percent * 10);
    profile
}

/// All nodes of a snapshot as candidates, by name.
fn everyone(snapshot: &Snapshot) -> Vec<Candidate<'_>> {
    let mut names: Vec<&str> = snapshot.nodes().map(|node| node.name().as_ref()).collect();
    names.sort_unstable();
    names.into_iter().map(|name| Candidate::named(snapshot, name)).collect()
}

/// The verdicts on all nodes, by node name.
fn verdicts(cluster: &ClusterBuilder, pod: &PodBuilder) -> Vec<Verdict> {
    let snapshot = cluster.snapshot();
    placement::filter(&snapshot, &pod.request(), &profile("binpack", 0), &everyone(&snapshot))
}

/// The ranks of all nodes, by node name.
fn ranks(cluster: &ClusterBuilder, pod: &PodBuilder, profile: &Profile) -> Vec<Ranked> {
    let snapshot = cluster.snapshot();
    placement::prioritize(&snapshot, &pod.request(), profile, &everyone(&snapshot))
}

/// The points of all nodes, by node name.
fn points_of(cluster: &ClusterBuilder, pod: &PodBuilder, profile: &Profile) -> Vec<u8> {
    ranks(cluster, pod, profile).iter().map(|rank| rank.points).collect()
}

/// The name of the only node with the most points.
fn winner(cluster: &ClusterBuilder, pod: &PodBuilder, profile: &Profile) -> String {
    let snapshot = cluster.snapshot();
    let candidates = everyone(&snapshot);
    let ranks = placement::prioritize(&snapshot, &pod.request(), profile, &candidates);
    let best: Vec<_> =
        candidates.iter().zip(&ranks).filter(|(_, rank)| rank.points == placement::MAX_POINTS).collect();
    assert_eq!(best.len(), 1, "one node alone on top, found {ranks:?}");
    best[0].0.name.to_owned()
}
