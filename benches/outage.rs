//! Are filter and prioritize as quick while Prometheus is away? A live gpulse refreshes its measurements from a pretended
//! Prometheus that is well and sick in turns, in each of several ways, while it is asked over one kept-open connection
//! without a pause. A sick turn lasts until every measurement has expired, so that decisions by fresh ones, by old ones
//! and by none are all in it. What counts are the ratios of the sick turns to the well ones between them.
//!
//! Run `cargo bench --bench outage`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod connection;
    pub(crate) mod fleet;
    pub(crate) mod latency;
    pub(crate) mod picture;
    pub(crate) mod wire;
}
mod sick {
    pub(crate) mod prometheus;
}

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fixture::connection::Connection;
use fixture::latency::Latencies;
use fixture::{fleet, picture, wire};
use gpulse::clock::{self, Stopwatch};
use gpulse::cluster::Snapshot;
use gpulse::cluster::kubernetes::{Pod, Reader};
use gpulse::placement::{Candidate, Profile, Verdict, filter};
use serde_json::Value;
use sick::prometheus::{Health, Prometheus};
use testbed::scratch::Scratch;
use testbed::{Gpulse, GpulseOptions, eventually};

const VERBS: [&str; 2] = ["filter", "prioritize"];
/// What happens to Prometheus, one after the other. The last is what the machine's noise alone does to the ratios.
const PHASES: [(&str, Health); 5] = [
    ("answers 500", Health::Errors),
    ("hangs", Health::Hangs),
    ("answers garbage", Health::Garbage),
    ("is stopped", Health::Stopped),
    ("is well", Health::Well),
];
const PATIENCE: Duration = Duration::from_secs(60);

/// How long things take in this run.
struct Pace {
    nodes: usize,
    rounds: usize,
    /// Of calls without a pause; longer than `expires_after`.
    turn: Duration,
    /// The configuration's `telemetry.refreshInterval`, `timeout` and `freshness`.
    telemetry: &'static str,
}

const MEASURED: Pace = Pace {
    nodes: 1000,
    rounds: 5,
    turn: Duration::from_millis(1400),
    telemetry: "refreshInterval: 400ms, timeout: 300ms, freshness: {freshFor: 700ms, expiresAfter: 1s}",
};
const TINY: Pace = Pace {
    nodes: 20,
    rounds: 1,
    turn: Duration::from_millis(50),
    telemetry: "refreshInterval: 300ms, timeout: 250ms, freshness: {freshFor: 1s, expiresAfter: 1200ms}",
};

/// The latencies of both verbs in one turn.
type Turn = [Latencies; 2];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let pace = if measured { MEASURED } else { TINY };
    let mut bench = Bench::start(&pace).await?;
    let mut phases = PHASES.map(|_| Vec::new());
    for _ in 0..pace.rounds {
        for ((_, health), turns) in PHASES.into_iter().zip(&mut phases) {
            let before = bench.turn(Health::Well, pace.turn).await?;
            turns.push((bench.turn(health, pace.turn).await?, before));
        }
    }
    println!(
        "{} nodes of {} GPUs, {} turns of {:?}; medians of the turns' percentiles in ms, while Prometheus is so / while it\n\
         is well; and the median of their ratios\n",
        pace.nodes,
        fleet::GPUS,
        pace.rounds,
        pace.turn
    );
    for ((name, _), turns) in PHASES.iter().zip(&mut phases) {
        for (verb, label) in VERBS.iter().enumerate() {
            let columns = [50, 99].map(|percent| column(turns, verb, percent));
            println!("  {name:16} {label:10} {}", columns.join("    "));
        }
    }
    Ok(())
}

/// A live gpulse, its Prometheus, and what it is asked.
struct Bench {
    // Dropped in this order: the one who asks before the one who answers.
    gpulse: Gpulse,
    prometheus: Prometheus,
    connection: Connection,
    requests: [Vec<u8>; 2],
    /// The reply to filter, which no measurement changes.
    fitting: Vec<u8>,
    _scratch: Scratch,
}

impl Bench {
    async fn start(pace: &Pace) -> Result<Self> {
        let fleet = fleet::fleet(pace.nodes);
        let now = clock::now();
        let snapshot = picture::board(&Reader::default(), &fleet, now).snapshot(now);
        let scratch = Scratch::new("outage")?;
        let saved = scratch.join("cluster.json");
        snapshot.save(BufWriter::new(File::create(&saved)?))?;
        let prometheus = Prometheus::new(&fleet)?;
        let options = GpulseOptions {
            binary: PathBuf::from(env!("CARGO_BIN_EXE_gpulse")),
            kubeconfig: PathBuf::new(),
            flags: Vec::new(),
        };
        let gpulse = Gpulse::start(options, |extender, admin| {
            format!(
                "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
                 server: {{address: \"{extender}\"}}\nadmin: {{address: \"{admin}\"}}\n\
                 cluster: {{source: {{file: {{path: {saved:?}}}}}}}\n\
                 telemetry: {{source: {{prometheus: {{url: {:?}}}}}, {}}}\n",
                prometheus.url(),
                pace.telemetry
            )
        });
        let gpulse = gpulse.await?;
        let mut connection = Connection::open(gpulse.extender_address())?;
        let body = wire::extender_args(&fleet);
        let requests = VERBS.map(|verb| connection.request(verb, &body));
        let fitting = connection.exchange(&requests[0])?.0.to_vec();
        check(&fitting, &snapshot, &wire::node_names(&body))?;
        Ok(Self { gpulse, prometheus, connection, requests, fitting, _scratch: scratch })
    }

    /// Brings Prometheus into this state and calls both verbs one after the other for so long.
    async fn turn(&mut self, health: Health, length: Duration) -> Result<Turn> {
        let failures = self.failures().await?;
        self.prometheus.become_so(health).await?;
        if health == Health::Well {
            // A sick turn begins at once, with measurements that are still fresh.
            self.mode_becomes("live").await?;
        }
        let mut times = Turn::default();
        let watch = Stopwatch::start();
        while watch.elapsed() < length {
            let (reply, took) = self.connection.exchange(&self.requests[0])?;
            ensure!(reply == self.fitting, "the reply to filter has changed");
            times[0].extend([took]);
            let (reply, took) = self.connection.exchange(&self.requests[1])?;
            ensure!(reply.starts_with(br#"[{"Host":"#), "no points in the reply to prioritize");
            times[1].extend([took]);
        }
        if health != Health::Well {
            self.mode_becomes("allocation-only").await?;
            ensure!(self.failures().await? > failures, "no refresh has failed while Prometheus was sick");
        }
        Ok(times)
    }

    /// Waits until decisions stand on this.
    async fn mode_becomes(&self, mode: &str) -> Result<()> {
        let on = format!("gpulse_telemetry_mode{{mode=\"{mode}\"}} 1");
        eventually(PATIENCE, &on, async || {
            Ok(self.gpulse.admin_text("/metrics").await?.lines().any(|line| line == on).then_some(()))
        })
        .await
    }

    /// How many refreshes have failed.
    async fn failures(&self) -> Result<f64> {
        let metrics = self.gpulse.admin_text("/metrics").await?;
        let count =
            metrics.lines().find_map(|line| line.strip_prefix("gpulse_telemetry_refresh_failures_total "));
        count.and_then(|count| count.parse().ok()).context("no count of failed refreshes in /metrics")
    }
}

/// Whether the reply to filter says what the library says of the same snapshot.
fn check(reply: &[u8], snapshot: &Snapshot, names: &[&str]) -> Result<()> {
    let pod: Pod = serde_json::from_slice(wire::waiting_pod())?;
    let pod = Reader::default().pod(&pod)?;
    let candidates: Vec<Candidate<'_>> = names.iter().map(|name| Candidate::named(snapshot, name)).collect();
    let verdicts = filter(snapshot, &pod, &Profile::standard("default"), &candidates);
    let fitting = names.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Fits);
    let expected: Value = fitting.map(|(name, _)| *name).collect();
    let found: Value = serde_json::from_slice(reply)?;
    ensure!(found["NodeNames"] == expected, "expected {expected}, found {found}");
    ensure!(
        expected.as_array().is_some_and(|names| !names.is_empty()),
        "no node fits, which measures nothing"
    );
    Ok(())
}

/// `p50 0.31 / 0.30 = 1.03`, of one verb over the turns of a phase and the well turn before each.
fn column(turns: &mut [(Turn, Turn)], verb: usize, percent: usize) -> String {
    let pairs: Vec<(f64, f64)> = turns
        .iter_mut()
        .map(|(during, before)| (during[verb].percentile_ms(percent), before[verb].percentile_ms(percent)))
        .collect();
    let during = median(pairs.iter().map(|(during, _)| *during));
    let before = median(pairs.iter().map(|(_, before)| *before));
    let ratio = median(pairs.iter().map(|(during, before)| during / before));
    format!("p{percent} {during:6.3} / {before:6.3} = {ratio:5.2}")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
