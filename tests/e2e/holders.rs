//! Whose the GPUs are on a real node: what the agent says equals what kubelet gave to real containers.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fake_nvml::{Gpu, SCENARIO_VARIABLE, Scenario};
use testbed::process::Process;
use testbed::scratch::Scratch;
use testbed::{Authorization, ControlPlane, Node, eventually, http, ports};

use crate::world::SOON;

const WHOLE: &str = "nvidia.com/gpu";
/// As NVIDIA's plugin names replicas with `renameByDefault`.
const SHARED: &str = "nvidia.com/gpu.shared";

/// Pod and device, and how often.
type Held = BTreeMap<(String, String), u64>;

struct World {
    agent: Process,
    url: String,
    scenario: Scenario,
    scratch: Scratch,
    node: Node,
    control_plane: ControlPlane,
}

impl World {
    async fn start() -> Result<Self> {
        let control_plane = ControlPlane::start(Authorization::AlwaysAllow).await?;
        let mut node = Node::start(&control_plane, "gpu-node-1").await?;
        node.offer(&control_plane, WHOLE, &["GPU-a", "GPU-b", "GPU-c"]).await?;
        node.offer(&control_plane, SHARED, &["GPU-d::0", "GPU-d::1", "GPU-d::2", "GPU-d::3"]).await?;
        let scratch = Scratch::new("holders")?;
        let gpu = |uuid: &str| Gpu { uuid: uuid.to_owned(), ..Gpu::default() };
        let scenario =
            Scenario { gpus: ["GPU-a", "GPU-b", "GPU-c", "GPU-d"].map(gpu).into(), ..Scenario::default() };
        scenario.write(&scratch.join("scenario.yaml"))?;
        let address = format!("127.0.0.1:{}", ports::free()?);
        let mut agent = Command::new(env!("CARGO_BIN_EXE_gpulse"));
        agent.args([
            "agent",
            "--listen",
            &address,
            "--interval",
            "100ms",
            "--pod-resources-interval",
            "100ms",
        ]);
        agent.arg("--nvml").arg(fake_nvml::library()?).env(SCENARIO_VARIABLE, scratch.join("scenario.yaml"));
        let agent = Process::start("gpulse agent", node.inside(&agent), &scratch.join("agent.log"))?;
        Ok(Self { agent, url: format!("http://{address}"), scenario, scratch, node, control_plane })
    }

    async fn create(&self, pod: &str, resource: &str, count: u32) -> Result<()> {
        self.control_plane.api().create(&self.node.holding_pod(pod, resource, count)).await.map(drop)
    }

    async fn delete(&self, pod: &str) -> Result<()> {
        self.control_plane.api().delete(&format!("/api/v1/namespaces/default/pods/{pod}")).await?;
        fs::remove_file(self.node.folder().join(pod)).context("the pod was never given anything")
    }

    async fn page(&self) -> Result<String> {
        Ok(http::client()?.get(format!("{}/metrics", self.url)).send().await?.text().await?)
    }

    /// What the containers themselves were told, once these all have been.
    async fn given(&self, pods: &[&str]) -> Result<Held> {
        eventually(SOON, &format!("{pods:?} run"), async || {
            let mut held = Held::new();
            for pod in pods {
                let Ok(ids) = fs::read_to_string(self.node.folder().join(pod)) else { return Ok(None) };
                ensure!(!ids.is_empty(), "{pod} was given nothing");
                for id in ids.split(',') {
                    let device = id.split("::").next().unwrap_or(id);
                    *held.entry(((*pod).to_owned(), device.to_owned())).or_default() += 1;
                }
            }
            Ok(Some(held))
        })
        .await
    }

    /// Waits until the agent says what the containers were told, and nothing else.
    async fn agrees(&self, pods: &[&str]) -> Result<Held> {
        let given = self.given(pods).await?;
        eventually(SOON, "the agent says what the containers were told", async || {
            let said = held(&self.page().await?);
            ensure!(said == given, "given {given:?}, said {said:?}");
            Ok(Some(()))
        })
        .await?;
        Ok(given)
    }

    /// From now on the one process of each pod, and the node's first one, hold memory of a GPU.
    fn occupy(&mut self, pods: &[(&str, usize)]) -> Result<()> {
        for gpu in &mut self.scenario.gpus {
            gpu.processes.clear();
        }
        let process = |pid| fake_nvml::Process { pid, memory_mib: 100, utilization: Some(5), instance: None };
        for (pod, gpu) in pods {
            let pids = self.node.processes_with(&format!("/pods/{pod}"))?;
            ensure!(pids.len() == 1, "{pod} has the processes {pids:?}");
            self.scenario.gpus[*gpu].processes.extend(pids.into_iter().map(process));
        }
        self.scenario.gpus[0].processes.push(process(1));
        Ok(self.scenario.write(&self.scratch.join("scenario.yaml"))?)
    }
}

/// The label's value in a line of a page.
fn label<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_once(&format!("{name}=\""))?.1.split('"').next()
}

/// The lines of a metric, each with its value.
fn samples<'a>(page: &'a str, metric: &str) -> Vec<(&'a str, u64)> {
    let of_metric = |line: &&str| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with('{'));
    let value = |line: &'a str| Some((line, line.rsplit_once(' ')?.1.parse().ok()?));
    page.lines().filter(of_metric).filter_map(value).collect()
}

fn held(page: &str) -> Held {
    let entry = |(line, count): (&str, u64)| {
        let text = |name| label(line, name).unwrap_or_default().to_owned();
        ((text("pod"), text("UUID")), count)
    };
    samples(page, "gpulse_gpu_replicas_held").into_iter().map(entry).collect()
}

fn problem(page: &str) -> Option<String> {
    let problems = samples(page, "gpulse_agent_problem");
    let (line, _) = problems.into_iter().find(|(_, value)| *value == 1)?;
    label(line, "problem").map(str::to_owned)
}

/// Memory by pod of processes, and of what is shown of the shared GPU.
fn used(page: &str, metric: &str, gpu: &str) -> BTreeMap<String, u64> {
    let on_gpu = samples(page, metric).into_iter().filter(|(line, _)| label(line, "UUID") == Some(gpu));
    on_gpu.map(|(line, value)| (label(line, "pod").unwrap_or_default().to_owned(), value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_says_what_kubelet_gave_before_and_after_it_restarts() -> Result<()> {
    let mut world = World::start().await?;
    for (pod, resource, count) in
        [("pair", WHOLE, 2), ("single", WHOLE, 1), ("left", SHARED, 1), ("right", SHARED, 2)]
    {
        world.create(pod, resource, count).await?;
    }
    let pods = ["pair", "single", "left", "right"];
    let given = world.agrees(&pods).await?;
    assert_eq!(given.values().sum::<u64>(), 6);
    let page = world.page().await?;
    let replicas: Vec<u64> =
        samples(&page, "gpulse_gpu_replicas").into_iter().map(|(_, count)| count).collect();
    assert_eq!((replicas, problem(&page)), (vec![1, 1, 1, 4], None));

    world.occupy(&[("left", 3), ("right", 3)])?;
    let by_pod = |pods: &[(&str, u64)]| -> BTreeMap<String, u64> {
        pods.iter().map(|(pod, value)| ((*pod).to_owned(), *value)).collect()
    };
    let expected = by_pod(&[("left", 100 << 20), ("right", 100 << 20)]);
    eventually(SOON, "processes have their pods", async || {
        let page = world.page().await?;
        let used = used(&page, "gpulse_process_memory_used_bytes", "GPU-d");
        ensure!(used == expected, "{used:?}");
        let outside: u64 = samples(&page, "gpulse_gpu_processes_outside_kubernetes")
            .into_iter()
            .map(|(_, count)| count)
            .sum();
        ensure!(outside == 1, "{outside} outside");
        Ok(Some(()))
    })
    .await?;
    let shares = used(&world.page().await?, "DCGM_FI_DEV_FB_USED", "GPU-d");
    assert_eq!(shares, by_pod(&[("", 0), ("left", 100), ("right", 100)]));

    world.node.stop_kubelet();
    eventually(SOON, "the agent misses kubelet", async || {
        let page = world.page().await?;
        assert_eq!(held(&page), given, "while kubelet is away nothing is given to anybody else");
        Ok((problem(&page).as_deref() == Some("no_kubelet")).then_some(()))
    })
    .await?;
    world.node.start_kubelet(&world.control_plane).await?;
    eventually(SOON, "the agent has found kubelet again", async || {
        let page = world.page().await?;
        assert_eq!(held(&page), given, "at no time");
        Ok(problem(&page).is_none().then_some(()))
    })
    .await?;

    world.delete("single").await?;
    world.delete("left").await?;
    world.agrees(&["pair", "right"]).await?;
    world.create("next", WHOLE, 1).await?;
    world.create("third", SHARED, 2).await?;
    world.agrees(&["pair", "right", "next", "third"]).await?;
    ensure!(world.agent.ended()?.is_none(), "the agent has ended");
    Ok(())
}
