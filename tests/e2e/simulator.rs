//! The simulator beside the real ones: what it says of a cluster that was imported by kubectl's JSON is what gpulse and
//! kube-scheduler do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gpulse::placement::Reason;
use serde_json::{Value, json};
use testbed::objects::{PodObject, gpu_pod};
use testbed::scratch::Scratch;
use testbed::{NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World, node_of};

/// Files, and the simulator that reads and writes them.
struct Simulator {
    files: Scratch,
}

impl Simulator {
    fn new() -> Result<Self> {
        Ok(Self { files: Scratch::new("simulator")? })
    }

    /// Runs a command in the files' folder; its JSON, and whether its exit code is 0. One that is neither 0 nor 1 is an
    /// error.
    fn run(&self, arguments: &str) -> Result<(Value, bool)> {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_gpulse")).with_file_name("gpulse-sim");
        let mut command = Command::new(&program);
        command.current_dir(self.files.path()).args(arguments.split_whitespace());
        let output = command.output().with_context(|| {
            format!("{} cannot be run; cargo build --bin gpulse-sim makes it", program.display())
        })?;
        let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
        ensure!(matches!(code, Some(0 | 1)), "gpulse-sim {arguments}: {code:?}: {said}");
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Ok((json, code == Some(0)))
    }

    /// Imports the cluster as `kubectl get nodes,pods --all-namespaces --output json` prints it: the nodes with what is
    /// bound to `cluster.json`, the pods that wait to `pods.jsonl`.
    async fn import(&self, world: &World) -> Result<()> {
        let mut items = Vec::new();
        for (kind, path) in [("Node", "/api/v1/nodes"), ("Pod", "/api/v1/pods")] {
            for mut item in world.api().list(path).await? {
                item["apiVersion"] = "v1".into();
                item["kind"] = kind.into();
                items.push(item);
            }
        }
        let list =
            json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items});
        self.files.write("list.json", &list.to_string())?;
        let (_, fine) =
            self.run("import kubectl list.json --snapshot cluster.json --trace pods.jsonl --strict")?;
        ensure!(fine, "the import is fine");
        Ok(())
    }

    /// Where these pods would go by a profile that looks at no measurements.
    fn place(&self, strategy: &str, pods: &[String]) -> Result<Vec<Value>> {
        let profile = json!({"name": "p", "strategy": strategy, "utilization": {"weight": 0}});
        self.files.write("profile.json", &profile.to_string())?;
        let header = r#"{"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}"#;
        self.files.write("asked.jsonl", &format!("{header}\n{}\n", pods.join("\n")))?;
        let command = "place --nodes cluster.json --pods asked.jsonl --profile profile.json --output json";
        let (report, _) = self.run(command)?;
        Ok(report["pods"].as_array().context("a report has pods")?.clone())
    }

    /// How many more copies of a pod a plan says fit, and why the nodes refuse the next one.
    fn copies(&self, strategy: &str, pod: &Value) -> Result<(bool, Value)> {
        self.files.write("pod.json", &pod.to_string())?;
        let question = "plan copies --nodes cluster.json --pod pod.json --seeds 1 --output json --strategy";
        let (report, _) = self.run(&format!("{question} {strategy}"))?;
        let found = &report["strategies"][0];
        Ok((found["fit"]["mean"].as_f64().context("a mean")? > 0.0, found["refusals"].clone()))
    }

    /// The pods of a trace, a line each.
    fn trace(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.files.join("pods.jsonl"))?;
        Ok(text.lines().skip(1).map(str::to_owned).collect())
    }

    /// Replays a recording: it must come out the same, decision by decision.
    fn replays(&self, recording: &str, decisions: usize) -> Result<()> {
        self.files.write("recording.jsonl", recording)?;
        let (report, fine) = self.run("replay recording.jsonl --strict --output json")?;
        ensure!(fine && report["same"] == decisions && report["decisions"] == decisions, "{report}");
        Ok(())
    }
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The nodes that the simulator calls best: its choice, and who is as good.
fn best(placement: &Value) -> BTreeSet<String> {
    names(&placement["ties"]).into_iter().chain(placement["node"].as_str().map(str::to_owned)).collect()
}

/// What the live gpulse says of a pod and all nodes: who fits, why others do not, and who is best.
async fn live(
    world: &World,
    profile: &str,
    pod: &Value,
    nodes: &[&str],
) -> Result<(usize, Value, BTreeSet<String>)> {
    let filtered = world.ask(&format!("/profiles/{profile}/filter"), pod, nodes).await?;
    let fitting = names(&filtered["NodeNames"]);
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for failed in ["FailedNodes", "FailedAndUnresolvableNodes"] {
        for text in filtered[failed].as_object().into_iter().flat_map(|failed| failed.values()) {
            let reason = Reason::ALL.into_iter().find(|reason| *text == reason.text());
            *refused.entry(reason.context("a reason's text")?.name()).or_default() += 1;
        }
    }
    let fit: Vec<&str> = fitting.iter().map(String::as_str).collect();
    let ranks = world.ask(&format!("/profiles/{profile}/prioritize"), pod, &fit).await?;
    let ranks = ranks.as_array().context("ranks")?;
    let most = ranks.iter().filter_map(|rank| rank["Score"].as_u64()).max();
    let best = ranks.iter().filter(|rank| rank["Score"].as_u64() == most);
    let best = best.filter_map(|rank| rank["Host"].as_str()).map(str::to_owned).collect();
    Ok((fitting.len(), json!(refused), best))
}

/// Records so many decisions while something is done, and what came of it. Where that makes fewer, others are asked for.
async fn recorded<T>(
    world: &World,
    decisions: usize,
    work: impl Future<Output = Result<T>>,
) -> Result<(String, T)> {
    let (mut recording, mut work) = (pin!(world.gpulse.recording(decisions)), pin!(work));
    let (mut text, mut result) = (None, None);
    while text.is_none() || result.is_none() {
        tokio::select! {
            recorded = &mut recording, if text.is_none() => text = Some(recorded?),
            done = &mut work, if result.is_none() => result = Some(done?),
            () = tokio::time::sleep(Duration::from_millis(100)), if result.is_some() => {
                world.ask("/filter", &gpu_pod("filler").gpus(1).build(), &["gpu-00"]).await?;
            }
        }
    }
    text.zip(result).context("both are there")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_cluster_has_the_live_verdicts_and_a_recording_of_them_replays() -> Result<()> {
    const STRATEGIES: [(&str, &str); 3] = [
        ("blind-binpack", "binpack"),
        ("blind-spread", "worst-fit"),
        ("blind-fragmentation", "fragmentation"),
    ];
    let model =
        |name: &str, gpus, model: &str| NodeScenario { model: model.into(), ..NodeScenario::new(name, gpus) };
    let nodes = [
        model("a0", 8, "NVIDIA-A100-SXM4-80GB"),
        model("a1", 8, "NVIDIA-A100-SXM4-80GB"),
        model("a2", 4, "NVIDIA-A100-SXM4-80GB"),
        model("h0", 8, "NVIDIA-H100-80GB-HBM3"),
        model("h1", 2, "NVIDIA-H100-80GB-HBM3"),
        model("l0", 1, "NVIDIA-L4"),
    ];
    let world = World::start(nodes, Telemetry::None).await?;
    for (number, (node, gpus)) in
        [("a0", 3), ("a1", 6), ("a2", 4), ("h0", 1), ("h1", 1)].into_iter().enumerate()
    {
        world.create(gpu_pod(&format!("bound-{number}")).gpus(gpus).on_node(node)).await?;
    }
    // No scheduler runs: these wait.
    let waiting = [
        gpu_pod("one").gpus(1),
        gpu_pod("two").gpus(2),
        gpu_pod("five").gpus(5),
        gpu_pod("too-many").gpus(16),
        gpu_pod("choosy").gpus(1).annotation("gpulse.dev/gpu-models", "H100"),
        gpu_pod("stranger").resource("nvidia.com/mig-1g.10gb", "1"),
        gpu_pod("hungry").gpus(1).resource("cpu", "200"),
        gpu_pod("plain"),
    ];
    for pod in waiting {
        world.create(pod).await?;
    }
    world.agrees_with_the_api().await?;
    let simulator = Simulator::new()?;
    simulator.import(&world).await?;
    let trace = simulator.trace()?;
    ensure!(trace.len() == 8, "all that wait: {trace:?}");

    let nodes = ["a0", "a1", "a2", "h0", "h1", "l0"];
    let decisions = trace.len() * STRATEGIES.len() * 2;
    let asked = async {
        for (profile, strategy) in STRATEGIES {
            for line in &trace {
                let name = serde_json::from_str::<Value>(line)?["key"]["name"]
                    .as_str()
                    .context("a name")?
                    .to_owned();
                let (fits, refused, best_live) =
                    live(&world, profile, &world.pod(&name).await?, &nodes).await?;
                let placements = simulator.place(strategy, std::slice::from_ref(line))?;
                let said = &placements[0];
                ensure!(
                    said["fits"] == fits && said["refused"] == refused,
                    "{strategy}: {said}, live {fits} {refused}"
                );
                ensure!(best(said) == best_live, "{strategy}: {said}, live {best_live:?}");
                if name == "plain" {
                    continue; // There is no end to copies of a pod that asks for nothing.
                }
                let (any, stopped) = simulator.copies(strategy, &world.pod(&name).await?)?;
                ensure!(any == (fits > 0), "{strategy}: {name}: a plan's copies {any}, live {fits}");
                ensure!(any || stopped == refused, "{strategy}: {name}: {stopped}, live {refused}");
            }
        }
        anyhow::Ok(())
    };
    let recording = recorded(&world, decisions, asked).await?.0;
    simulator.replays(&recording, decisions)
}

/// A hundred pods of different sizes, in an order in which large ones come between small ones.
fn hundred_pods() -> impl Iterator<Item = (String, PodObject)> {
    (0..100).map(|number| {
        let name = format!("pod-{number:03}");
        let gpus = [1, 2, 1, 4, 1, 1, 2, 8, 1, 3][number % 10];
        let cpu = (1 + number % 4).to_string();
        (name.clone(), gpu_pod(&name).gpus(gpus).resource("cpu", &cpu))
    })
}

/// How many pods went to the node that was named, to one that was as good, and nowhere, as was said.
#[derive(Debug, Default)]
struct Landed {
    exact: usize,
    tied: usize,
    nowhere: usize,
}

/// Creates the pods one after the other under the real scheduler. The simulator has named all their nodes before the
/// first one; where the scheduler breaks a tie otherwise, it names the rest anew from the cluster as it is then.
async fn land(world: &World, simulator: &Simulator, strategy: &str) -> Result<Landed> {
    let pods: Vec<(String, PodObject)> = hundred_pods().collect();
    // As they will be, before they are: the trace has what the importer makes of pods that wait.
    let lines = described(simulator, &pods)?;
    simulator.import(world).await?;
    let mut named = simulator.place(strategy, &lines)?.into_iter();
    let mut count = Landed::default();
    for (number, (name, pod)) in pods.into_iter().enumerate() {
        let said = named.next().context("something is said of each pod")?;
        if said["node"].is_null() {
            world.create(pod).await?;
            eventually(SOON, &format!("pod {name} is refused"), async || refused(&world.pod(&name).await?))
                .await?;
            count.nowhere += 1;
            continue;
        }
        let landed = world.place(&name, pod).await?;
        world.agrees_with_the_api().await?;
        if said["node"] == *landed {
            count.exact += 1;
            continue;
        }
        ensure!(best(&said).contains(&landed), "{strategy}: {name} landed on {landed}, named was {said}");
        list(&format!("{strategy}: {name} landed on {landed}, which is as good as {}", said["node"]));
        count.tied += 1;
        if number + 1 < lines.len() {
            simulator.import(world).await?;
            named = simulator.place(strategy, &lines[number + 1..])?.into_iter();
        }
    }
    Ok(count)
}

/// Whether the scheduler has said that no node will do. A node that it took is an error.
fn refused(pod: &Value) -> Result<Option<()>> {
    ensure!(node_of(pod).is_none(), "it landed on {:?}", node_of(pod));
    let conditions = pod["status"]["conditions"].as_array();
    let scheduled = conditions.into_iter().flatten().find(|condition| condition["type"] == "PodScheduled");
    Ok(scheduled.is_some_and(|condition| condition["status"] == "False").then_some(()))
}

#[expect(clippy::print_stdout, reason = "what to look at where a test has passed: cargo test -- --nocapture")]
fn list(line: &str) {
    println!("{line}");
}

/// The lines of a trace for pods that are not yet created.
fn described(simulator: &Simulator, pods: &[(String, PodObject)]) -> Result<Vec<String>> {
    let items: Vec<Value> = pods.iter().map(|(_, pod)| pod.clone().build()).collect();
    simulator.files.write("list.json", &json!({"kind": "PodList", "items": items}).to_string())?;
    simulator.run("import kubectl list.json --trace pods.jsonl --strict")?;
    simulator.trace()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_pods_land_where_the_simulator_says_pod_by_pod() -> Result<()> {
    const RECORDED: usize = 150;
    let sizes = [8, 8, 4, 16, 8, 8, 16, 4, 8, 8, 16, 8, 8, 4, 16, 8, 8, 16, 8, 8, 8, 8, 16, 8, 8, 8, 8, 8];
    let nodes = sizes
        .into_iter()
        .enumerate()
        .map(|(index, gpus)| NodeScenario::new(&format!("gpu-{index:02}"), gpus));
    let mut world = World::start(nodes, Telemetry::None).await?;
    let simulator = Simulator::new()?;
    for (profile, strategy) in [
        ("blind-binpack", "binpack"),
        ("blind-spread", "worst-fit"),
        ("blind-fragmentation", "fragmentation"),
    ] {
        world.schedule_by(profile).await?;
        let landing = land(&world, &simulator, strategy);
        let (recording, Landed { exact, tied, nowhere }) = recorded(&world, RECORDED, landing).await?;
        list(&format!(
            "{strategy}: {exact} pods on the node that was named, {tied} on one as good, {nowhere} nowhere, as was said"
        ));
        ensure!(exact + tied + nowhere == 100 && exact >= 40, "of a hundred pods");
        simulator.replays(&recording, RECORDED)?;
        world.clear().await?;
    }
    Ok(())
}
