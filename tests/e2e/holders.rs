//! Whose the GPUs are on a real node: what the agent of `deploy/agent` says equals what kubelet gave to real containers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fake_nvml::{Gpu, SCENARIO_VARIABLE, Scenario};
use serde_json::{Value, json};
use testbed::node::IMAGE;
use testbed::scratch::Scratch;
use testbed::{Authorization, ControlPlane, Node, eventually, http, ports, repository};

use crate::world::SOON;

const WHOLE: &str = "nvidia.com/gpu";
/// As NVIDIA's plugin names replicas with `renameByDefault`.
const SHARED: &str = "nvidia.com/gpu.shared";

/// NVIDIA's driver of claims, which names a GPU after its device file: `gpu-4` is `/dev/nvidia4`.
const CLAIM_DRIVER: &str = "gpu.nvidia.com";

const AGENT: &str = "/api/v1/namespaces/default/pods/gpulse-agent";

/// Pod and device, and how often.
type Held = BTreeMap<(String, String), u64>;

struct World {
    url: String,
    scenario: Scenario,
    scratch: Scratch,
    node: Node,
    control_plane: ControlPlane,
}

/// The pod of the DaemonSet in `deploy/agent` on a machine without NVIDIA's runtime: the program, the pretended NVML and
/// what they are linked to are the machine's own, and it listens on a free port of the machine's.
fn agent_pod(port: u16, scratch: &Path) -> Result<Value> {
    let manifest = fs::read_to_string(repository().join("deploy/agent/daemonset.yaml"))?;
    let mut daemon: Value = serde_saphyr::from_str(&manifest)?;
    let mut spec = daemon["spec"]["template"]["spec"].take();
    spec.as_object_mut().context("the pod has a spec")?.remove("runtimeClassName");
    (spec["nodeName"], spec["hostNetwork"]) = ("gpu-node-1".into(), true.into());
    let (program, library) = (Path::new(env!("CARGO_BIN_EXE_gpulse")), fake_nvml::library()?);
    let folders: BTreeSet<&Path> = [program.parent(), library.parent(), Some(scratch)]
        .into_iter()
        .flatten()
        .chain(["/lib", "/lib64", "/usr"].map(Path::new))
        .collect();
    let more = |list: &mut Value, values: Vec<Value>| {
        list.as_array_mut().context("the manifest has such a list").map(|list| list.extend(values))
    };
    let volume =
        |(number, path): (usize, &&Path)| json!({"name": format!("v{number}"), "hostPath": {"path": path}});
    let mount = |(number, path): (usize, &&Path)| json!({"name": format!("v{number}"), "mountPath": path, "readOnly": true});
    more(&mut spec["volumes"], folders.iter().enumerate().map(volume).collect())?;
    let container = &mut spec["containers"][0];
    more(&mut container["volumeMounts"], folders.iter().enumerate().map(mount).collect())?;
    more(
        &mut container["env"],
        vec![json!({"name": SCENARIO_VARIABLE, "value": scratch.join("scenario.yaml")})],
    )?;
    let listen = format!("--listen=:{port}");
    let library = format!("--nvml={}", library.display());
    let often = ["--interval=100ms", "--pod-resources-interval=100ms"];
    more(
        &mut container["args"],
        [listen.as_str(), library.as_str()].iter().chain(&often).map(|flag| json!(flag)).collect(),
    )?;
    (container["image"], container["imagePullPolicy"]) = (IMAGE.into(), "Never".into());
    (container["command"], container["ports"][0]["containerPort"]) = (json!([program]), port.into());
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "gpulse-agent", "namespace": "default"},
        "spec": spec,
    }))
}

impl World {
    async fn start() -> Result<Self> {
        let control_plane = ControlPlane::start(Authorization::AlwaysAllow).await?;
        let mut node = Node::start(&control_plane, "gpu-node-1").await?;
        node.offer(&control_plane, WHOLE, &["GPU-a", "GPU-b", "GPU-c"]).await?;
        node.start_driver(CLAIM_DRIVER)?;
        node.offer(&control_plane, SHARED, &["GPU-d::0", "GPU-d::1", "GPU-d::2", "GPU-d::3"]).await?;
        let scratch = Scratch::new("holders")?;
        let gpu = |uuid: &str| Gpu { uuid: uuid.to_owned(), ..Gpu::default() };
        let scenario = Scenario {
            gpus: ["GPU-a", "GPU-b", "GPU-c", "GPU-d", "GPU-e"].map(gpu).into(),
            ..Scenario::default()
        };
        scenario.write(&scratch.join("scenario.yaml"))?;
        let port = ports::free()?;
        // As NVIDIA's feature discovery does.
        let label = json!({"metadata": {"labels": {"nvidia.com/gpu.present": "true"}}});
        control_plane.api().patch("/api/v1/nodes/gpu-node-1", &label).await?;
        control_plane.api().create(&agent_pod(port, scratch.path())?).await?;
        let world = Self { url: format!("http://127.0.0.1:{port}"), scenario, scratch, node, control_plane };
        eventually(SOON, "the agent's pod is ready", async || {
            let pod = world.control_plane.api().get(AGENT).await?;
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.iter().any(|found| found["type"] == "Ready" && found["status"] == "True");
            ensure!(ready, "{}", pod["status"]);
            Ok(Some(()))
        })
        .await?;
        Ok(world)
    }

    async fn create(&self, pod: &str, resource: &str, count: u32) -> Result<()> {
        self.control_plane.api().create(&self.node.holding_pod(pod, resource, count)).await.map(drop)
    }

    /// A claim for the GPU of this name, allocated and reserved as kube-scheduler does, and a pod that has it.
    async fn create_claiming(&self, pod: &str, device: &str) -> Result<()> {
        let api = self.control_plane.api();
        let claim = json!({
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": device, "namespace": "default"},
            "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": CLAIM_DRIVER}}]}},
        });
        api.create(&claim).await?;
        let mut claiming = self.node.holding_pod(pod, WHOLE, 0);
        claiming["spec"]["resourceClaims"] = json!([{"name": "gpu", "resourceClaimName": device}]);
        claiming["spec"]["containers"][0]["resources"] = json!({"claims": [{"name": "gpu"}]});
        let created = api.create(&claiming).await?;
        let result =
            json!({"request": "gpu", "driver": CLAIM_DRIVER, "pool": "gpu-node-1", "device": device});
        let status = json!({"status": {
            "allocation": {"devices": {"results": [result]}},
            "reservedFor": [{"resource": "pods", "name": pod, "uid": created["metadata"]["uid"]}],
        }});
        let path = format!("/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/{device}/status");
        api.patch(&path, &status).await.map(drop)
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
    assert_eq!((replicas, problem(&page)), (vec![1, 1, 1, 4, 0], None));

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

    world.create_claiming("claiming", "gpu-4").await?;
    eventually(SOON, "the claim's GPU is the pod's", async || {
        let held = held(&world.page().await?);
        let of_claim: Vec<_> = held.iter().filter(|((pod, _), _)| pod == "claiming").collect();
        ensure!(
            of_claim.is_empty() || of_claim == [(&("claiming".to_owned(), "GPU-e".to_owned()), &1)],
            "{held:?}"
        );
        Ok((!of_claim.is_empty()).then_some(()))
    })
    .await?;
    let agent = world.control_plane.api().get(AGENT).await?;
    ensure!(agent["status"]["containerStatuses"][0]["restartCount"] == 0, "the agent was started again");
    Ok(())
}
