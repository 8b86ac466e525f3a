//! Placements a second behind the real kube-scheduler.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use gpulse::clock::Stopwatch;
use serde_json::{Value, json};
use testbed::objects::gpu_pod;
use testbed::{Authorization, ControlPlane, Scheduler, SchedulerConfig, eventually, repository};

use crate::fixture::fleet::{Member, fleet};
use crate::fixture::null_extender::NullExtender;

/// The configuration that is shipped for a scheduler with gpulse.
const SHIPPED: &str = "deploy/kustomize/base/kube-scheduler-config.yaml";
const SCHEDULER: &str = "gpulse-scheduler";
const PATIENCE: Duration = Duration::from_secs(300);

/// Places `pods` pods of one GPU each on an empty fleet, in rounds: without an extender, with one that decides nothing,
/// with gpulse.
pub(crate) async fn measure(nodes: usize, pods: usize, rounds: usize) -> Result<()> {
    let fleet = fleet(nodes);
    let mut control_plane = ControlPlane::start(Authorization::AlwaysAllow).await?;
    crate::create_all(control_plane.api(), fleet.iter().map(|member| member.node.clone())).await?;
    let null = NullExtender::start(replies(&fleet)).await?;
    let mut gpulse = crate::gpulse(&control_plane)?;
    gpulse.spawn()?;
    gpulse.wait_until_ready().await?;
    let arms = [
        ("no extender", without_extender()?),
        ("null extender", with_extender(&format!("http://{}", null.address))?),
        ("gpulse", with_extender(&gpulse.extender_url())?),
    ];
    println!("\n{nodes} nodes, {pods} pods, placements a second");
    let mut rates = [const { Vec::new() }; 3];
    for round in 0..rounds {
        for (arm, ((name, config), rates)) in arms.iter().zip(&mut rates).enumerate() {
            let pods = Pods { prefix: format!("train-{round}-{arm}"), count: pods };
            let rate = pods.rate(&mut control_plane, config.clone()).await;
            rates.push(rate.with_context(|| format!("with {name}, round {round}"))?);
        }
    }
    let medians = rates.each_mut().map(|rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    for ((name, _), median) in arms.iter().zip(medians) {
        println!("  {name:14} {median:6.1}    {:.2} of the null extender's", median / medians[1]);
    }
    Ok(())
}

fn without_extender() -> Result<SchedulerConfig> {
    let config = SchedulerConfig::from_text(&format!(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n\
         percentageOfNodesToScore: 100\nprofiles: [{{schedulerName: {SCHEDULER}}}]\n"
    ));
    config.map(unthrottled)
}

fn with_extender(url: &str) -> Result<SchedulerConfig> {
    let config = SchedulerConfig::from_file(&repository().join(SHIPPED))?.with_extender_url(url);
    config.map(unthrottled)
}

/// By default the scheduler's own client waits after 50 requests a second.
fn unthrottled(config: SchedulerConfig) -> SchedulerConfig {
    config.with("clientConnection", "qps", 5000).with("clientConnection", "burst", 10_000)
}

/// What the null extender says: every node fits, and none is better than another.
fn replies(fleet: &[Member]) -> [(String, Vec<u8>); 2] {
    let names: Vec<&str> = fleet.iter().map(|member| &*member.name).collect();
    let fits = json!({"Nodes": null, "NodeNames": names, "FailedNodes": null,
                      "FailedAndUnresolvableNodes": {}, "Error": ""});
    let scores: Value = names.iter().map(|name| json!({"Host": name, "Score": 5})).collect();
    [("filter".into(), fits.to_string().into()), ("prioritize".into(), scores.to_string().into())]
}

/// Pods of one GPU each, with names that no other pods have had: a scheduler that starts may be shown an old list.
struct Pods {
    prefix: String,
    count: usize,
}

impl Pods {
    fn names(&self) -> impl Iterator<Item = String> {
        (0..self.count).map(|number| format!("{}-{number}", self.prefix))
    }

    /// Creates the pods, then lets a scheduler loose on them. Counted is from its first placement on: its start is the
    /// same with every extender.
    async fn rate(&self, control_plane: &mut ControlPlane, config: SchedulerConfig) -> Result<f64> {
        let api = control_plane.api().clone();
        let pods = self.names().map(|name| gpu_pod(&name).gpus(1).scheduler(SCHEDULER).build());
        crate::create_all(&api, pods).await?;
        let scheduler = control_plane.start_scheduler(config).await?;
        let placed_at_least = async |count: usize| {
            eventually(PATIENCE, &format!("{count} of {} pods are placed", self.count), async || {
                Ok(Some(placed(&scheduler).await?).filter(|placed| *placed >= count))
            })
            .await
        };
        let first = placed_at_least(1).await?;
        let watch = Stopwatch::start();
        let last = placed_at_least(self.count).await?;
        let took = watch.elapsed();
        scheduler.stop();
        ensure!(last == self.count, "expected {} placements, found {last}", self.count);
        let delete = |name: String| {
            let api = &api;
            async move { api.delete(&format!("/api/v1/namespaces/default/pods/{name}")).await }
        };
        let names = stream::iter(self.names()).map(Ok);
        names.try_for_each_concurrent(crate::AT_A_TIME, delete).await?;
        Ok((last - first) as f64 / took.as_secs_f64())
    }
}

/// How many pods the scheduler has placed, by its own count.
async fn placed(scheduler: &Scheduler) -> Result<usize> {
    let metrics = scheduler.metrics().await?;
    let counts = metrics.lines().filter(|line| {
        line.starts_with("scheduler_schedule_attempts_total{") && line.contains(r#"result="scheduled""#)
    });
    let counts = counts.map(|line| line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()));
    let sum: Option<f64> = counts.sum();
    sum.map(|sum| sum as usize).context("the scheduler's count of placements is no number")
}
