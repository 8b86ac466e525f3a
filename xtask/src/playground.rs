//! A cluster to play with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use testbed::objects::scenario_node;
use testbed::{
    Agent, Authorization, ControlPlane, Exporter, Gpulse, GpulseOptions, Prometheus, Scenario, Scheduler,
    SchedulerConfig,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::{cargo, run as run_program, target};

/// How to play.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The pretended GPU nodes and what their GPUs do. Edit it while the playground runs.
    #[arg(long, value_name = "FILE", default_value_os_t = default_scenario())]
    scenario: PathBuf,
    /// Read the GPUs with `gpulse agent`, one on each node before a pretended NVML, in place of the small exporter.
    #[arg(long)]
    agents: bool,
}

fn default_scenario() -> PathBuf {
    testbed::repository().join("tests/testbed/scenarios/playground.yaml")
}

/// Everything that runs. Dropping it ends everything.
struct Playground {
    gpulse: Gpulse,
    scheduler: Scheduler,
    cluster: ControlPlane,
    prometheus: Prometheus,
    /// In use where there are no agents; it keeps the scenario all the same.
    exporter: Exporter,
    agents: Vec<Agent>,
}

/// The chore.
///
/// # Errors
/// Where something cannot be built or started.
pub(crate) fn run(options: &Options) -> Result<()> {
    run_program(cargo(&["build", "--package", "gpulse", "--bin", "gpulse"]), "install a Rust toolchain")?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(play(&options.scenario, options.agents))
}

async fn play(scenario: &Path, with_agents: bool) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let session = async {
        let mut playground = Playground::start(Scenario::from_file(scenario)?, with_agents).await?;
        playground.print_tour(scenario)?;
        playground.follow(scenario).await
    };
    tokio::select! {
        ended = session => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

impl Playground {
    async fn start(scenario: Scenario, with_agents: bool) -> Result<Self> {
        println!("starting etcd and kube-apiserver ...");
        let mut cluster = ControlPlane::start(Authorization::AlwaysAllow).await?;
        for node in &scenario.nodes {
            cluster.api().create(&scenario_node(node)).await?;
        }
        println!("starting Prometheus ...");
        let agents = if with_agents { start_agents(&scenario).await? } else { Vec::new() };
        let exporter = Exporter::start(scenario).await?;
        let prometheus = if with_agents {
            let addresses: Vec<String> = agents.iter().map(|agent| agent.address().to_owned()).collect();
            Prometheus::start_on(&addresses).await?
        } else {
            Prometheus::start(&exporter.targets_url()).await?
        };
        println!("starting gpulse ...");
        let options = GpulseOptions {
            binary: target("debug/gpulse"),
            kubeconfig: cluster.kubeconfig(),
            flags: Vec::new(),
        };
        let prometheus_url = prometheus.url();
        let config = |server, admin| {
            format!(
                "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
                 server: {{address: {server}}}\nadmin: {{address: {admin}}}\n\
                 telemetry: {{refreshInterval: 2s, source: {{prometheus: {{url: {prometheus_url:?}}}}}}}\n"
            )
        };
        let gpulse = Gpulse::start(options, config).await?;
        println!("starting kube-scheduler with deploy/scheduler/kube-scheduler-config.yaml ...");
        let config = testbed::repository().join("deploy/scheduler/kube-scheduler-config.yaml");
        let config = SchedulerConfig::from_file(&config)?.with_extender_url(&gpulse.extender_url())?;
        let scheduler = cluster.start_scheduler(config).await?;
        Ok(Self { gpulse, scheduler, cluster, prometheus, exporter, agents })
    }

    fn print_tour(&self, scenario: &Path) -> Result<()> {
        let pod = self.cluster.directory().join("pod.yaml");
        std::fs::write(&pod, POD).with_context(|| format!("cannot write {}", pod.display()))?;
        let top = |agent: &Agent| {
            let binary = target("debug/gpulse");
            let (address, node) = (agent.address(), agent.node());
            format!("\n{} agent top --agent http://{address}   # {node}", binary.display())
        };
        let agents: String = self.agents.iter().map(top).collect();
        let agents =
            if agents.is_empty() { agents } else { format!("\nThe GPUs of a node, live:{agents}\n") };
        println!(
            "\nThe playground is up: {nodes} pretended GPU nodes behind a real Kubernetes API.\n\n\
             In another terminal:\n\n  \
             export KUBECONFIG={kubeconfig}\n  \
             kubectl get nodes -L nvidia.com/gpu.product,nvidia.com/gpu.count\n  \
             kubectl create -f {pod}      # a pod with one GPU; again and again\n  \
             kubectl get pods -o wide      # where they went\n  \
             kubectl delete pods --all --now\n  \
             {binary} explain default/POD --server {admin}   # why one went there\n  \
             curl -s {admin}/v1/snapshot    # what gpulse sees\n  \
             curl -s {admin}/metrics\n\n\
             What the GPUs do: {scenario} (edit it; changes count at once)\n\
             Prometheus:       {prometheus}/graph?g0.expr=DCGM_FI_DEV_GPU_UTIL\n\
             gpulse's log:     {gpulse_log}\n\
             scheduler's log:  {scheduler_log}\n{agents}\n\
             Ctrl-C ends it all.",
            nodes = self.exporter.scenario().nodes.len(),
            kubeconfig = self.cluster.kubeconfig().display(),
            pod = pod.display(),
            binary = target("debug/gpulse").display(),
            admin = self.gpulse.admin_url(),
            scenario = scenario.display(),
            prometheus = self.prometheus.url(),
            gpulse_log = self.gpulse.log().display(),
            scheduler_log = self.scheduler.log().display(),
        );
        Ok(())
    }

    /// Until it is interrupted: follows the scenario file, and marks bound pods as running, since there is no kubelet.
    async fn follow(&mut self, path: &Path) -> Result<()> {
        let mut seen = std::fs::read_to_string(path).context("cannot read the scenario again")?;
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tick.tick().await;
            self.cluster.api().run_bound_pods().await?;
            let text = std::fs::read_to_string(path).unwrap_or_else(|_| seen.clone());
            if text == seen {
                continue;
            }
            seen = text;
            match Scenario::from_file(path) {
                Ok(scenario) => {
                    self.follow_nodes(&scenario).await?;
                    for agent in &mut self.agents {
                        if let Some(node) = scenario.node(agent.node()) {
                            agent.change(|gpus| *gpus = node.nvml())?;
                        }
                    }
                    self.exporter.replace(scenario);
                    println!("{} has changed: done", path.display());
                }
                Err(error) => println!("{error:#}; nothing changed"),
            }
        }
    }

    /// Adds the nodes that are new in the scenario.
    async fn follow_nodes(&self, scenario: &Scenario) -> Result<()> {
        let known = self.exporter.scenario();
        for node in scenario.nodes.iter().filter(|node| known.node(&node.name).is_none()) {
            self.cluster.api().create(&scenario_node(node)).await?;
            if !self.agents.is_empty() {
                println!("{} is new and has no agent: start the playground again", node.name);
            }
        }
        Ok(())
    }
}

/// An agent on each node that answers.
async fn start_agents(scenario: &Scenario) -> Result<Vec<Agent>> {
    println!("starting the agents ...");
    let binary = target("debug/gpulse");
    let mut agents = Vec::new();
    for node in scenario.nodes.iter().filter(|node| !node.dark) {
        let flags = ["--dialect", node.dialect_name()];
        agents.push(Agent::start(&binary, &node.name, node.nvml(), &flags).await?);
    }
    Ok(agents)
}

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  generateName: train-
spec:
  containers:
  - name: main
    image: none
    resources:
      limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}
";
