//! What a call costs on the wire: kube-scheduler's exact bytes over one kept-open connection, to gpulse and to the null
//! extender in turns, so that whatever else the machine does falls on both. What counts are the ratios.
//!
//! Run `cargo bench --bench load`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod connection;
    pub(crate) mod fleet;
    pub(crate) mod latency;
    pub(crate) mod null_extender;
    pub(crate) mod picture;
    pub(crate) mod wire;
}

use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fixture::connection::Connection;
use fixture::latency::Latencies;
use fixture::null_extender::NullExtender;
use fixture::{fleet, picture, wire};
use gpulse::clock;
use gpulse::cluster::Snapshot;
use gpulse::cluster::kubernetes::{Pod, Reader};
use gpulse::config::GpulseConfiguration;
use gpulse::placement::{Candidate, Profile, STRATEGIES, Verdict, filter, prioritize};
use serde_json::{Value, json};
use testbed::scratch::Scratch;
use testbed::{Gpulse, GpulseOptions};

const VERBS: [&str; 2] = ["filter", "prioritize"];
/// Calls of a turn; then it is the other's.
const TURN: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (sizes, turns): (&[usize], usize) = if measured { (&[100, 1000, 5000], 100) } else { (&[20], 1) };
    println!("{} calls of each kind, in turns of {TURN}; gpulse / null extender in ms\n", turns * TURN);
    for nodes in sizes {
        at_size(*nodes, turns).await?;
    }
    Ok(())
}

async fn at_size(nodes: usize, turns: usize) -> Result<()> {
    let fleet = fleet::fleet(nodes);
    let now = clock::now();
    let snapshot = picture::board(&Reader::default(), &fleet, now).snapshot(now);
    let scratch = Scratch::new("load")?;
    let saved = scratch.join("cluster.json");
    snapshot.save(BufWriter::new(File::create(&saved)?))?;
    let config = config(&saved);
    let gpulse = start_gpulse(&config).await?;
    let body = wire::extender_args(&fleet);
    let names = wire::node_names(&body);

    let mut ours = Connection::open(gpulse.extender_url().trim_start_matches("http://").parse()?)?;
    let mut replies = Vec::new();
    for profile in GpulseConfiguration::parse("load", &config)?.resolve("load")?.profiles {
        for verb in VERBS {
            let path = format!("profiles/{}/{verb}", profile.name);
            let request = ours.request(&path, &body);
            let reply = ours.exchange(&request)?.0.to_vec();
            let right = check(verb, &reply, &snapshot, &profile, &names);
            right.with_context(|| format!("gpulse's answer to {path} with {nodes} candidates"))?;
            replies.push((path, reply));
        }
    }
    let null = NullExtender::start(replies.clone()).await?;
    let mut theirs = Connection::open(null.address)?;

    println!("{nodes} candidates, {} bytes", body.len());
    for (path, reply) in replies {
        let requests = (ours.request(&path, &body), theirs.request(&path, &body));
        let (mut our_times, mut their_times) = (Latencies::default(), Latencies::default());
        for _ in 0..turns {
            our_times.extend(turn(&mut ours, &requests.0, &reply)?);
            their_times.extend(turn(&mut theirs, &requests.1, &reply)?);
        }
        println!("  {path:32} {}", compare(&mut our_times, &mut their_times));
    }
    println!("\n  inside gpulse, by its own histogram\n{}", inside(&gpulse.admin_text("/metrics").await?));
    Ok(())
}

async fn start_gpulse(config: &str) -> Result<Gpulse> {
    let options = GpulseOptions {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_gpulse")),
        kubeconfig: PathBuf::new(),
        flags: Vec::new(),
    };
    let with_addresses = |extender: SocketAddr, admin: SocketAddr| {
        format!("server: {{address: \"{extender}\"}}\nadmin: {{address: \"{admin}\"}}\n{config}")
    };
    Gpulse::start(options, with_addresses).await
}

/// One profile for each strategy, by its name.
fn config(snapshot: &Path) -> String {
    let mut text = format!(
        "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
         cluster: {{source: {{file: {{path: {snapshot:?}}}}}}}\ntelemetry: {{source: none}}\n\
         profiles:\n- {{name: default, strategy: binpack}}\n"
    );
    for strategy in STRATEGIES {
        let name = strategy.name;
        let rules = match name {
            "affinity" => {
                ", affinity: {model: {ranking: [H100, A100], weight: 4}, memory: {weight: 2}, owner: {weight: 1}}"
            }
            _ => "",
        };
        text += &format!("- {{name: {name}, strategy: {name}{rules}}}\n");
    }
    text
}

/// Whether the reply says what the library says of the same snapshot.
fn check(verb: &str, reply: &[u8], snapshot: &Snapshot, profile: &Profile, names: &[&str]) -> Result<()> {
    let pod: Pod = serde_json::from_slice(wire::waiting_pod())?;
    let pod = Reader::default().pod(&pod)?;
    let candidates: Vec<Candidate<'_>> = names.iter().map(|name| Candidate::named(snapshot, name)).collect();
    let reply: Value = serde_json::from_slice(reply)?;
    let expected: Value = match verb {
        "filter" => {
            let verdicts = filter(snapshot, &pod, profile, &candidates);
            let fitting = names.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Fits);
            fitting.map(|(name, _)| *name).collect()
        }
        _ => {
            let ranked = prioritize(snapshot, &pod, profile, &candidates);
            names
                .iter()
                .zip(ranked)
                .map(|(name, ranked)| json!({"Host": name, "Score": ranked.points}))
                .collect()
        }
    };
    let found = if verb == "filter" { &reply["NodeNames"] } else { &reply };
    ensure!(*found == expected, "expected {expected}, found {found}");
    ensure!(expected != json!([]), "no node fits, which measures nothing");
    Ok(())
}

/// Some calls in a row, each of which must be answered by `reply`.
fn turn(connection: &mut Connection, request: &[u8], reply: &[u8]) -> Result<Vec<Duration>> {
    let call = |_| {
        let (body, took) = connection.exchange(request)?;
        ensure!(body == reply, "the reply has changed");
        Ok(took)
    };
    (0..TURN).map(call).collect()
}

/// `p50 0.91 / 0.52 = 1.75  p99 1.40 / 0.90 = 1.56`
fn compare(ours: &mut Latencies, theirs: &mut Latencies) -> String {
    let column = |percent| {
        let (ours, theirs) = (ours.percentile_ms(percent), theirs.percentile_ms(percent));
        format!("p{percent} {ours:6.3} / {theirs:6.3} = {:5.2}", ours / theirs)
    };
    [50, 99].map(column).join("    ")
}

/// For each verb and strategy: the mean, and how many of a hundred calls took at most 0.5 ms and 1 ms.
fn inside(metrics: &str) -> String {
    let sample = |series: &str, labels: &str, bound: &str| {
        let found = metrics.lines().find(|line| {
            line.starts_with(&format!("gpulse_request_duration_seconds_{series}{{"))
                && line.contains(labels)
                && line.contains(bound)
        });
        found.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    let row = |verb: &str, strategy: &str| {
        let labels = format!("verb=\"{verb}\",strategy=\"{strategy}\",outcome=\"answered\"");
        let (count, sum) = (sample("count", &labels, ""), sample("sum", &labels, ""));
        let within = |bound: &str| 100.0 * sample("bucket", &labels, &format!("le=\"{bound}\"")) / count;
        format!(
            "  {verb:10} {strategy:14} mean {:6.3} ms    within 0.5 ms {:5.1} %    within 1 ms {:5.1} %\n",
            1e3 * sum / count,
            within("0.0005"),
            within("0.001")
        )
    };
    STRATEGIES.iter().flat_map(|strategy| VERBS.map(|verb| row(verb, strategy.name))).collect()
}
