//! What kube-scheduler waits for: its own client (`scheduler-view/`: `k8s.io/kubernetes/pkg/scheduler.NewHTTPExtender`)
//! calls gpulse and the null extender in turns. The client writes and reads JSON with reflection, so of its time an
//! extender is the smaller part; what counts are the ratios.
//!
//! Run `cargo bench --bench scheduler_view`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod connection;
    pub(crate) mod fleet;
    pub(crate) mod null_extender;
    pub(crate) mod picture;
    pub(crate) mod wire;
}

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fixture::connection::Connection;
use fixture::null_extender::NullExtender;
use fixture::{fleet, picture, wire};
use gpulse::clock;
use gpulse::cluster::kubernetes::Reader;
use gpulse::placement::STRATEGIES;
use testbed::scratch::Scratch;
use testbed::{Gpulse, GpulseOptions, repository};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (sizes, calls): (&[usize], usize) = if measured { (&[100, 1000, 5000], 300) } else { (&[20], 5) };
    let client = build_client()?;
    println!(
        "{calls} calls of each kind; gpulse / null extender in ms, as kube-scheduler's client sees them\n"
    );
    for nodes in sizes {
        at_size(&client, *nodes, calls).await?;
    }
    Ok(())
}

/// Builds the client into `target/`. With the flags of the control plane's build, whose packages it then finds built.
fn build_client() -> Result<PathBuf> {
    let program = repository().join("target/scheduler-view");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(repository().join("benches/scheduler-view"))
        .env("CGO_ENABLED", "0")
        .status()
        .context("kube-scheduler's client needs Go: install it so that `go` is on the PATH")?;
    ensure!(built.success(), "`go build` of kube-scheduler's client failed ({built})");
    Ok(program)
}

async fn at_size(client: &Path, nodes: usize, calls: usize) -> Result<()> {
    let fleet = fleet::fleet(nodes);
    let now = clock::now();
    let snapshot = picture::board(&Reader::default(), &fleet, now).snapshot(now);
    let scratch = Scratch::new("scheduler-view")?;
    let saved = scratch.join("cluster.json");
    snapshot.save(BufWriter::new(File::create(&saved)?))?;
    let gpulse = start_gpulse(&saved).await?;
    let body = wire::extender_args(&fleet);
    let null = NullExtender::start(replies(&gpulse, &body)?).await?;

    println!("{nodes} candidates");
    let names = serde_json::to_string(&wire::node_names(&body))?;
    let pod = scratch.write("pod.json", std::str::from_utf8(wire::waiting_pod())?)?;
    let status = Command::new(client)
        .arg(pod)
        .arg(scratch.write("nodes.json", &names)?)
        .arg(calls.to_string())
        .args([gpulse.extender_url(), format!("http://{}", null.address)])
        .args(STRATEGIES.iter().map(|strategy| format!("profiles/{}", strategy.name)))
        .status()?;
    ensure!(status.success(), "kube-scheduler's client failed ({status}); its message is above");
    Ok(())
}

/// One profile for each strategy, by its name.
async fn start_gpulse(snapshot: &Path) -> Result<Gpulse> {
    let options = GpulseOptions {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_gpulse")),
        kubeconfig: PathBuf::new(),
        flags: Vec::new(),
    };
    let profile = |name| match name {
        "affinity" => format!("- {{name: {name}, strategy: {name}, affinity: {AFFINITY}}}\n"),
        name => format!("- {{name: {name}, strategy: {name}}}\n"),
    };
    let profiles: String = STRATEGIES.iter().map(|strategy| profile(strategy.name)).collect();
    Gpulse::start(options, |extender, admin| {
        format!(
            "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
             server: {{address: \"{extender}\"}}\nadmin: {{address: \"{admin}\"}}\n\
             cluster: {{source: {{file: {{path: {snapshot:?}}}}}}}\ntelemetry: {{source: none}}\n\
             profiles:\n- {{name: default, strategy: binpack}}\n{profiles}"
        )
    })
    .await
}

const AFFINITY: &str = "{model: {ranking: [H100, A100], weight: 4}, memory: {weight: 2}, owner: {weight: 1}}";

/// What gpulse says to this request, for the null extender to say the same.
fn replies(gpulse: &Gpulse, body: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut connection = Connection::open(gpulse.extender_address())?;
    let paths = STRATEGIES.iter().flat_map(|strategy| {
        ["filter", "prioritize"].map(|verb| format!("profiles/{}/{verb}", strategy.name))
    });
    let reply = |path: String| {
        let request = connection.request(&path, body);
        let reply = connection.exchange(&request)?.0.to_vec();
        Ok((path, reply))
    };
    paths.map(reply).collect()
}
