//! A whole cluster on one machine, and the few things that tests do with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testbed::objects::{PodObject, gpu_pod, scenario_node};
use testbed::{
    Api, Authorization, ControlPlane, Exporter, FaultProxy, Gpulse, GpulseOptions, NodeScenario, Prometheus,
    Scenario, Scheduler, SchedulerConfig, eventually, repository,
};

/// How long anything may take that should happen at once: the machines that run this are small and shared.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Where measurements come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Telemetry {
    /// A real Prometheus, behind a proxy that can misbehave.
    Prometheus,
    /// The same, and what it scrapes are the agents at these addresses.
    Agents(Vec<String>),
    /// Nowhere.
    None,
}

/// API server, scheduler, Prometheus, exporter and gpulse. gpulse is the service account of `deploy/`, under RBAC;
/// the scheduler has the configuration of `deploy/`.
pub(crate) struct World {
    // Dropped in this order: those who ask before those who answer.
    scheduler: Option<Scheduler>,
    pub(crate) gpulse: Gpulse,
    pub(crate) proxy: Option<FaultProxy>,
    pub(crate) prometheus: Option<Prometheus>,
    pub(crate) exporter: Exporter,
    pub(crate) control_plane: ControlPlane,
}

/// The profiles that tests name, beside `default` (the shipped one).
const PROFILES: &str = "
profiles:
- {name: default, strategy: binpack}
- {name: spread, strategy: worst-fit, utilization: {weight: 0.5}}
- {name: blind-spread, strategy: worst-fit, utilization: {weight: 0}}
- {name: blind-binpack, strategy: binpack, utilization: {weight: 0}}
- {name: blind-fragmentation, strategy: fragmentation, utilization: {weight: 0}}
- {name: blind-random, strategy: random, utilization: {weight: 0}, seed: 42, deadband: 0}
- name: models
  strategy: affinity
  utilization: {weight: 0}
  affinity: {model: {ranking: [H100, A100], weight: 1}}
- name: owner
  strategy: affinity
  utilization: {weight: 0}
  affinity: {owner: {rule: near, weight: 1}}
";

/// The scheduler configuration that the second scheduler of `deploy/` runs with.
const SCHEDULER_CONFIG: &str = "deploy/kustomize/base/kube-scheduler-config.yaml";
/// The scheduler's name in it.
pub(crate) const SCHEDULER_NAME: &str = "gpulse-scheduler";

impl World {
    /// Brings everything up, with the scenario's nodes registered and, where measured, known to gpulse.
    pub(crate) async fn start(
        nodes: impl IntoIterator<Item = NodeScenario>,
        telemetry: Telemetry,
    ) -> Result<Self> {
        Self::start_with_tls(nodes, telemetry, &Value::Null).await
    }

    /// The same with this as gpulse's `server.tls`.
    pub(crate) async fn start_with_tls(
        nodes: impl IntoIterator<Item = NodeScenario>,
        telemetry: Telemetry,
        tls: &Value,
    ) -> Result<Self> {
        let scenario: Scenario = nodes.into_iter().collect();
        let exporter = Exporter::start(scenario.clone()).await?;
        let prometheus = async {
            Ok(match &telemetry {
                Telemetry::None => None,
                Telemetry::Prometheus => Some(Prometheus::start(&exporter.targets_url()).await?),
                Telemetry::Agents(addresses) => Some(Prometheus::start_on(addresses).await?),
            })
        };
        let (control_plane, prometheus) =
            tokio::try_join!(ControlPlane::start(Authorization::Rbac), prometheus)?;
        let proxy = match &prometheus {
            Some(prometheus) => Some(FaultProxy::start(&prometheus.url()).await?),
            None => None,
        };
        for file in ["namespace.yaml", "rbac.yaml"] {
            let path = repository().join("deploy/kustomize/base").join(file);
            control_plane.api().create_manifest(&std::fs::read_to_string(path)?).await?;
        }
        for node in &scenario.nodes {
            control_plane.api().create(&scenario_node(node)).await?;
        }
        let source = proxy.as_ref().map(FaultProxy::url);
        let gpulse = start_gpulse(&control_plane, source, tls).await?;
        let world = Self { scheduler: None, gpulse, proxy, prometheus, exporter, control_plane };
        if telemetry != Telemetry::None {
            world.mode_becomes(&["live", "partial"]).await?;
        }
        Ok(world)
    }

    /// The API server.
    pub(crate) fn api(&self) -> &Api {
        self.control_plane.api()
    }

    /// From now on the scheduler asks gpulse by this profile; its weights are the shipped ones.
    pub(crate) async fn schedule_by(&mut self, profile: &str) -> Result<()> {
        let url = match profile {
            "default" => self.gpulse.extender_url(),
            profile => format!("{}/profiles/{profile}", self.gpulse.extender_url()),
        };
        self.schedule_with(&json!({"urlPrefix": url})).await
    }

    /// From now on the scheduler has the shipped configuration with these fields in the extender's entry.
    pub(crate) async fn schedule_with(&mut self, extender: &Value) -> Result<()> {
        self.scheduler = None;
        let config = SchedulerConfig::from_file(&repository().join(SCHEDULER_CONFIG))?
            .with_extender(extender)?
            .with("clientConnection", "qps", 1000)
            .with("clientConnection", "burst", 2000);
        self.scheduler = Some(self.control_plane.start_scheduler(config).await?);
        Ok(())
    }

    /// Creates a pod for our scheduler.
    pub(crate) async fn create(&self, pod: PodObject) -> Result<()> {
        self.api().create(&pod.scheduler(SCHEDULER_NAME).build()).await.map(drop)
    }

    /// Creates a pod and waits for its node.
    pub(crate) async fn place(&self, name: &str, pod: PodObject) -> Result<String> {
        self.create(pod).await?;
        eventually(SOON, &format!("pod {name} has a node"), async || Ok(node_of(&self.pod(name).await?)))
            .await
    }

    /// Creates pods of one GPU, one after the other, and gives their nodes.
    pub(crate) async fn place_each(&self, prefix: &str, count: usize) -> Result<Vec<String>> {
        let mut nodes = Vec::new();
        for number in 0..count {
            let name = format!("{prefix}-{number}");
            nodes.push(self.place(&name, gpu_pod(&name).gpus(1)).await?);
        }
        Ok(nodes)
    }

    /// A pod in namespace `default`.
    pub(crate) async fn pod(&self, name: &str) -> Result<Value> {
        self.api().get(&format!("/api/v1/namespaces/default/pods/{name}")).await
    }

    /// Deletes all pods and waits until gpulse has seen it.
    pub(crate) async fn clear(&self) -> Result<()> {
        for pod in self.api().list("/api/v1/namespaces/default/pods").await? {
            let name = pod["metadata"]["name"].as_str().context("a pod without a name")?;
            self.api().delete(&format!("/api/v1/namespaces/default/pods/{name}")).await?;
        }
        self.agrees_with_the_api().await
    }

    /// Waits until gpulse's picture of who holds which GPUs is that of the API server, pod by pod.
    pub(crate) async fn agrees_with_the_api(&self) -> Result<()> {
        eventually(SOON, "gpulse's picture equals a recount from the API", async || {
            let (ours, theirs) = (self.held_by_gpulse().await?, self.held_by_the_api().await?);
            ensure!(ours == theirs, "gpulse says {ours:?}, the API {theirs:?}");
            Ok(Some(()))
        })
        .await
    }

    /// Pods with a node: name to node and GPUs, by gpulse's snapshot.
    async fn held_by_gpulse(&self) -> Result<BTreeMap<String, (String, u64)>> {
        let snapshot = self.gpulse.admin_json("/v1/snapshot").await?;
        let mut held = BTreeMap::new();
        for node in snapshot["nodes"].as_array().context("a snapshot has nodes")? {
            for pod in node["pods"].as_array().context("a node has pods")? {
                let gpus = pod["gpus"]
                    .as_array()
                    .map_or(0, |gpus| gpus.iter().filter_map(|gpu| gpu["count"].as_u64()).sum());
                held.insert(text(&pod["key"]["name"]), (text(&node["name"]), gpus));
            }
        }
        Ok(held)
    }

    /// The same by counting the API server's pods.
    async fn held_by_the_api(&self) -> Result<BTreeMap<String, (String, u64)>> {
        let pods = self.api().list("/api/v1/pods").await?;
        let held = pods
            .iter()
            .filter(|pod| !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")));
        let entry = |pod: &Value| {
            let requests = &pod["spec"]["containers"][0]["resources"]["requests"];
            let gpus = requests["nvidia.com/gpu"].as_str().and_then(|count| count.parse().ok()).unwrap_or(0);
            Some((text(&pod["metadata"]["name"]), (node_of(pod)?, gpus)))
        };
        Ok(held.filter_map(entry).collect())
    }

    /// Waits until `/metrics` says that telemetry is in one of these modes.
    pub(crate) async fn mode_becomes(&self, modes: &[&str]) -> Result<()> {
        eventually(SOON, &format!("telemetry mode {modes:?}"), async || {
            let metrics = self.gpulse.admin_text("/metrics").await?;
            let on = metrics
                .lines()
                .find_map(|line| line.strip_prefix("gpulse_telemetry_mode{mode=\"")?.strip_suffix("\"} 1"));
            ensure!(on.is_some_and(|mode| modes.contains(&mode)), "found {on:?}");
            Ok(Some(()))
        })
        .await
    }

    /// Waits until gpulse has measured this mean utilization on a node, in percent.
    pub(crate) async fn measured(&self, node: &str, percent: u64) -> Result<()> {
        eventually(SOON, &format!("{percent} % measured on {node}"), async || {
            let found = self.mean_utilization(node).await?;
            ensure!(found == Some(percent), "found {found:?}");
            Ok(Some(()))
        })
        .await
    }

    async fn mean_utilization(&self, node: &str) -> Result<Option<u64>> {
        let snapshot = self.gpulse.admin_json("/v1/snapshot").await?;
        let nodes = snapshot["nodes"].as_array().context("a snapshot has nodes")?;
        let node = nodes.iter().find(|found| found["name"] == node).context("the node is known")?;
        let values: Vec<u64> = node["gpus"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|gpu| gpu["utilization"]["value"].as_u64())
            .collect();
        Ok(values.iter().sum::<u64>().checked_div(values.len() as u64).map(|mille| mille / 10))
    }

    /// A counter or gauge of gpulse, all its series together.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let metrics = self.gpulse.admin_text("/metrics").await?;
        let values = metrics.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
        });
        let values: Vec<f64> = values.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        ensure!(!values.is_empty(), "no metric {name}");
        Ok(values.iter().sum())
    }

    /// What `/filter` or `/prioritize` says of a pod and nodes, asked as kube-scheduler does.
    pub(crate) async fn ask(&self, path: &str, pod: &Value, nodes: &[&str]) -> Result<Value> {
        let question = json!({"Pod": pod, "Nodes": null, "NodeNames": nodes});
        let (status, answer) = self.gpulse.post(path, question.to_string()).await?;
        ensure!(status == 200, "{path}: {status}: {answer}");
        Ok(serde_json::from_str(&answer)?)
    }
}

/// The node that a pod is bound to.
pub(crate) fn node_of(pod: &Value) -> Option<String> {
    pod["spec"]["nodeName"].as_str().map(str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// gpulse as the service account of `deploy/`.
async fn start_gpulse(control_plane: &ControlPlane, prometheus: Option<&str>, tls: &Value) -> Result<Gpulse> {
    let options = GpulseOptions {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_gpulse")),
        kubeconfig: control_plane.service_account_kubeconfig("gpulse-system", "gpulse").await?,
        flags: vec!["--log-level=debug".into()],
    };
    let source = match prometheus {
        Some(url) => format!("{{prometheus: {{url: {url:?}}}}}"),
        None => "none".into(),
    };
    Gpulse::start(options, |extender, admin| {
        format!(
            "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
             server: {{address: \"{extender}\", tls: {tls}}}\nadmin: {{address: \"{admin}\"}}\n\
             telemetry:\n  source: {source}\n  refreshInterval: 1s\n  timeout: 1s\n  \
             freshness: {{freshFor: 10s, expiresAfter: 20s}}\n{PROFILES}"
        )
    })
    .await
}
