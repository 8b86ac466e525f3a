//! From scores to the eleven steps of the wire.

use gpulse::cluster::PerMille;
use gpulse::placement::Profile;

use super::{points_of, profile};
use crate::support::{ClusterBuilder, cluster, node, pod};

/// Nodes of 100 GPUs of which so many are taken; with worst-fit by GPUs alone a GPU is a hundredth of the score.
fn taken(counts: &[u32]) -> ClusterBuilder {
    let name = |index: usize| format!("n{index:02}");
    let nodes = (0..counts.len()).map(|index| node(&name(index)).gpus(100));
    let pods = counts
        .iter()
        .enumerate()
        .map(|(index, count)| pod(&format!("p{index}")).gpus(*count).on(&name(index)));
    cluster().nodes(nodes).pods(pods)
}

fn check(counts: &[u32], deadband_percent: u16, expected: &[u8]) {
    let mut profile: Profile = profile("worst-fit", 0);
    profile.resources.cpu = 0;
    profile.resources.memory = 0;
    profile.deadband = PerMille::new(deadband_percent * 10);
    assert_eq!(points_of(&taken(counts), &pod("p").gpus(1), &profile), expected, "{counts:?}");
}

#[test]
fn the_best_stands_alone_on_top() {
    check(&[0, 1, 50, 99], 0, &[10, 9, 4, 0]);
    check(&[0, 3], 2, &[10, 0]);
    check(&[90, 93, 99], 2, &[10, 8, 0]);
}

#[test]
fn near_equals_of_the_best_share_the_top() {
    check(&[0, 1, 2, 50], 2, &[10, 10, 10, 0]);
    check(&[0, 2, 3, 52], 2, &[10, 10, 9, 0]);
}

#[test]
fn a_spread_within_the_deadband_is_no_difference() {
    check(&[40, 41, 42], 2, &[10, 10, 10]);
    check(&[7], 2, &[10]);
    check(&[], 2, &[]);
}
