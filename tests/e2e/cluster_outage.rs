//! The API server goes away, and gpulse itself: what is counted is right again afterwards.

use std::time::Duration;

use anyhow::Result;
use testbed::NodeScenario;
use testbed::objects::gpu_pod;

use crate::world::{Telemetry, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_api_server_is_survived_and_healed() -> Result<()> {
    let mut world =
        World::start((0..4).map(|n| NodeScenario::new(&format!("n{n}"), 8)), Telemetry::None).await?;
    world.schedule_by("blind-spread").await?;
    world.place_each("before", 6).await?;
    world.agrees_with_the_api().await?;

    world.control_plane.stop_api_server();
    let question = gpu_pod("question").gpus(8).build();
    let names = ["n0", "n1", "n2", "n3"];
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let verdict = world.ask("/filter", &question, &names).await?;
        assert_eq!(
            verdict["NodeNames"],
            serde_json::json!([]),
            "answers from what it knows: all nodes have a pod"
        );
    }
    world.control_plane.start_api_server().await?;

    // The world goes on: pods go, come and end.
    world.api().delete("/api/v1/namespaces/default/pods/before-0").await?;
    let done = serde_json::json!({"status": {"phase": "Succeeded"}});
    world.api().patch("/api/v1/namespaces/default/pods/before-1/status", &done).await?;
    world.place_each("after", 3).await?;
    world.agrees_with_the_api().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_shows_the_same_picture_and_is_not_ready_before_it() -> Result<()> {
    let mut world =
        World::start((0..4).map(|n| NodeScenario::new(&format!("n{n}"), 8)), Telemetry::None).await?;
    world.schedule_by("blind-binpack").await?;
    world.place_each("held", 9).await?;
    world.agrees_with_the_api().await?;
    let before = world.gpulse.admin_json("/v1/snapshot").await?;

    // While the API server is away, a new process cannot know anything, and must say so.
    world.gpulse.kill();
    world.control_plane.stop_api_server();
    world.gpulse.spawn()?;
    testbed::eventually(crate::world::SOON, "the new process lives", async || {
        Ok(world.gpulse.admin_text("/livez").await.ok())
    })
    .await?;
    assert!(world.gpulse.admin_text("/readyz").await.is_err(), "not ready before its first sync");

    world.control_plane.start_api_server().await?;
    world.gpulse.wait_until_ready().await?;
    let after = world.gpulse.admin_json("/v1/snapshot").await?;
    assert_eq!(before["nodes"], after["nodes"], "the same picture at the very moment it is ready");
    assert!(world.gpulse.stop().await?.success(), "SIGTERM ends it cleanly");
    Ok(())
}
