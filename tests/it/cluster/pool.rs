//! What a node has to give, and how busy that is.

use crate::support::{cluster, gpu, node, pod};

#[test]
fn what_is_bound_is_not_free() {
    let a = cluster().node(node("a").gpus(8)).pod(pod("train").gpus(3).on("a")).look_at("a");
    let (facts, pool) = a.pool("nvidia.com/gpu").unwrap();
    assert_eq!((pool.allocated, pool.free(facts)), (3, 5));
}

#[test]
fn a_sick_gpu_is_not_free() {
    let a =
        cluster().node(node("a").gpus(2).measured([gpu(0).busy(0).sick(79), gpu(1).busy(50)])).look_at("a");
    let (facts, pool) = a.pool("nvidia.com/gpu").unwrap();
    assert_eq!((pool.unhealthy, pool.free(facts)), (1, 1));
}
