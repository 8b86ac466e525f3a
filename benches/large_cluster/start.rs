//! A large cluster: start to ready with right answers, and what of it the API server takes alone; memory, and how soon
//! a change is visible.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gpulse::clock::{self, Stopwatch};
use gpulse::cluster::kubernetes::{Pod, Reader};
use gpulse::placement::{Candidate, Profile, Verdict, filter};
use serde_json::Value;
use testbed::objects::gpu_pod;
use testbed::{Api, Authorization, ControlPlane, Gpulse};

use crate::fixture::connection::Connection;
use crate::fixture::fleet::{GPUS, Member, fleet};
use crate::fixture::latency::Latencies;
use crate::fixture::memory::Memory;
use crate::fixture::{picture, wire};
use crate::large_cluster::delivery::download;

/// How long a change may take to be seen before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts gpulse `starts` times on a fleet of so many nodes, and watches `changes` pods come and go.
pub(crate) async fn measure(nodes: usize, starts: usize, changes: usize) -> Result<()> {
    let fleet = fleet(nodes);
    let control_plane = ControlPlane::start(Authorization::AlwaysAllow).await?;
    let api = control_plane.api();
    crate::create_all(api, fleet.iter().map(|member| member.node.clone())).await?;
    crate::create_all(api, fleet.iter().flat_map(|member| member.pods.clone())).await?;
    let pods: usize = fleet.iter().map(|member| member.pods.len()).sum();
    println!("\n{nodes} nodes, {pods} pods");
    let expected = fitting(&fleet)?;
    ensure!(!expected.is_empty(), "no node fits, which measures nothing");
    for _ in 0..starts {
        let (took, bytes) = download(api).await?;
        println!(
            "  a client that only downloads the same pages takes {:.2} s ({:.0} MB)",
            took.as_secs_f64(),
            bytes as f64 / 1e6
        );
        let mut gpulse = crate::gpulse(&control_plane)?;
        let watch = Stopwatch::start();
        gpulse.spawn()?;
        gpulse.wait_until_ready().await?;
        let ready = watch.elapsed();
        let mut connection = Connection::open(gpulse.extender_url().trim_start_matches("http://").parse()?)?;
        let found = ask(&mut connection, &wire::extender_args(&fleet))?;
        ensure!(found == expected, "expected {expected:?}, found {found:?}");
        println!(
            "  ready with right answers after {:.2} s; resident {}",
            ready.as_secs_f64(),
            memory(&mut gpulse)?
        );
        if changes > 0 {
            visibility(
                api,
                &mut connection,
                fleet.iter().filter(|member| expected.contains(&member.name)),
                changes,
            )
            .await?;
        }
    }
    Ok(())
}

/// The nodes that fit the waiting pod, by the library.
fn fitting(fleet: &[Member]) -> Result<Vec<String>> {
    let reader = Reader::default();
    let now = clock::now();
    let snapshot = picture::board(&reader, fleet, now).snapshot(now);
    let pod: Pod = serde_json::from_slice(wire::waiting_pod())?;
    let body = wire::extender_args(fleet);
    let names = wire::node_names(&body);
    let candidates: Vec<Candidate<'_>> = names.iter().map(|name| Candidate::named(&snapshot, name)).collect();
    let verdicts = filter(&snapshot, &reader.pod(&pod)?, &Profile::standard("default"), &candidates);
    let fitting = names.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Fits);
    Ok(fitting.map(|(name, _)| (*name).to_owned()).collect())
}

/// The nodes that gpulse says fit.
fn ask(connection: &mut Connection, body: &[u8]) -> Result<Vec<String>> {
    let request = connection.request("filter", body);
    let reply: Value = serde_json::from_slice(connection.exchange(&request)?.0)?;
    serde_json::from_value(reply["NodeNames"].clone()).context("no NodeNames in the reply")
}

fn memory(gpulse: &mut Gpulse) -> Result<String> {
    let Memory { resident_mib, most_mib } = Memory::of(&gpulse.process()?.id().to_string())?;
    Ok(format!("{resident_mib:.0} MiB, at most {most_mib:.0} MiB so far"))
}

/// From the API server's word that a pod is bound, or gone, to the first answer of gpulse that counts it.
async fn visibility<'a>(
    api: &Api,
    connection: &mut Connection,
    members: impl Iterator<Item = &'a Member>,
    changes: usize,
) -> Result<()> {
    let mut seen = Latencies::default();
    for member in members.take(changes) {
        let body = wire::extender_args(std::slice::from_ref(member));
        let name = format!("takes-all-{}", &member.name[..14]);
        api.create(&gpu_pod(&name).gpus(GPUS).on_node(&member.name).build()).await?;
        seen.extend([until(connection, &body, 0)?]);
        api.delete(&format!("/api/v1/namespaces/default/pods/{name}")).await?;
        seen.extend([until(connection, &body, 1)?]);
    }
    let (median, worst) = (seen.percentile_ms(50), seen.percentile_ms(99));
    println!("  a change is visible to the next request after {median:.1} ms (p99 {worst:.1} ms)");
    Ok(())
}

/// Asks again and again until so many nodes fit.
fn until(connection: &mut Connection, body: &[u8], fitting: usize) -> Result<Duration> {
    let watch = Stopwatch::start();
    while ask(connection, body)?.len() != fitting {
        ensure!(watch.elapsed() < PATIENCE, "gpulse does not see a change; expected {fitting} nodes");
    }
    Ok(watch.elapsed())
}
