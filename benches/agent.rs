//! What a scrape of the agent costs, in turns with a file of the same size that a server of the same kind holds ready;
//! and what the agent costs while nobody asks. Under it lies the pretended NVML, so that NVML's own time is not in it.
//!
//! Run `cargo bench --bench agent`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod connection;
    pub(crate) mod latency;
    pub(crate) mod memory;
}

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use axum::serve::ListenerExt;
use fake_nvml::{Gpm, Gpu, Instance, Process as GpuProcess, Scenario};
use fixture::connection::Connection;
use fixture::latency::Latencies;
use fixture::memory::Memory;
use gpulse::agent::Settings;
use testbed::process::Process;
use testbed::scratch::Scratch;
use testbed::{Agent, http, ports};

/// Scrapes of a turn; then it is the other's.
const TURN: usize = 5;

/// The bench itself as a server of a file: this argument, then the address and the file's path.
const STATIC: &str = "static-file";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, address, file] = arguments.as_slice()
        && first == STATIC
    {
        return serve_file(address.parse()?, PathBuf::from(file)).await;
    }
    let measured = arguments.iter().any(|argument| argument == "--bench");
    let (turns, watched) =
        if measured { (200, Duration::from_secs(30)) } else { (1, Duration::from_millis(100)) };
    println!("{} scrapes of each, in turns of {TURN}; agent / static file in ms", turns * TURN);
    let mig = || (0..16).map(|_| cut_in_seven()).collect();
    for (name, gpus) in [("8 GPUs", (0..8).map(|_| hopper()).collect()), ("16 GPUs of 7 instances", mig())] {
        of_node(name, gpus, turns, watched).await?;
    }
    Ok(())
}

/// A GPU on which everything is measured, with the processes of a busy node.
fn hopper() -> Gpu {
    let process = |pid| GpuProcess { pid, memory_mib: 1000, utilization: Some(12), instance: None };
    let percent = |value: f64| Some(value.into());
    let gpm = Gpm {
        graphics: percent(90.0),
        sm: percent(60.0),
        sm_occupancy: percent(30.0),
        tensor: percent(20.0),
        dram: percent(40.0),
        pcie_tx_mib: percent(100.0),
        pcie_rx_mib: percent(100.0),
    };
    Gpu {
        name: "NVIDIA H100 80GB HBM3".into(),
        utilization: percent(95.0),
        gpm: Some(gpm),
        processes: (1000..1004).map(process).collect(),
        ..Gpu::default()
    }
}

fn cut_in_seven() -> Gpu {
    let instance = |id| Instance {
        id,
        profile: "1g.10gb".into(),
        memory_mib: 9728,
        memory_used_mib: 4000.0.into(),
        gpm: hopper().gpm,
    };
    let process = |id| GpuProcess { pid: 1000 + id, memory_mib: 4000, utilization: None, instance: Some(id) };
    let (instances, processes) = ((1..=7).map(instance).collect(), (1..=7).map(process).collect());
    Gpu { mig: Some(true), gpm: None, instances, processes, ..hopper() }
}

async fn of_node(name: &str, gpus: Vec<Gpu>, turns: usize, watched: Duration) -> Result<()> {
    let scratch = Scratch::new("agent-bench")?;
    let scenario = Scenario { gpus, ..Scenario::default() };
    let mut agent =
        Agent::start(Path::new(env!("CARGO_BIN_EXE_gpulse")), "gpu-node-1", scenario, &[]).await?;
    // The second reading is the first that is complete.
    tokio::time::sleep(Settings::default().interval * 2).await;
    let mut ours = Connection::open(agent.address().parse()?)?;
    let request = ours.request("metrics", b"");
    let page = ours.exchange(&request)?.0.to_vec();

    let (other, _file) = start_file(&scratch, &page).await?;
    let mut theirs = Connection::open(other)?;
    let (mut our_times, mut their_times) = (Latencies::default(), Latencies::default());
    for _ in 0..turns {
        our_times.extend(turn(&mut ours, &request, page.len())?);
        their_times.extend(turn(&mut theirs, &request, page.len())?);
    }
    let [(a, b), (c, d)] =
        [50, 99].map(|percent| (our_times.percentile_ms(percent), their_times.percentile_ms(percent)));
    println!("\n{name}: a page of {} kB", page.len() / 1000);
    println!("  p50 {a:.2} / {b:.2}: {:.1} times; p99 {c:.2} / {d:.2}: {:.1} times", a / b, c / d);
    println!(
        "  at rest, read every {:?}: {}",
        Settings::default().interval,
        at_rest(agent.process(), watched).await?
    );
    Ok(())
}

async fn start_file(scratch: &Scratch, page: &[u8]) -> Result<(SocketAddr, Process)> {
    let file = scratch.join("metrics.txt");
    std::fs::write(&file, page)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
    let mut command = Command::new(std::env::current_exe()?);
    command.args([STATIC, &address.to_string()]).arg(file);
    let mut process = Process::start("static file", command, &scratch.join("file.log"))?;
    let client = http::client()?;
    let ready = async || http::answers_ok(&client, &format!("http://{address}/metrics")).await;
    process.wait_until(Duration::from_secs(30), ready).await?;
    Ok((address, process))
}

/// As the agent serves: axum, without a wait for the last packet.
async fn serve_file(address: SocketAddr, file: PathBuf) -> Result<()> {
    let page = Bytes::from(std::fs::read(&file).with_context(|| file.display().to_string())?);
    let routes = Router::new().route("/metrics", get(async move || page.clone()));
    let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| {
        // One that cannot be told so is slower, which the figures show.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes).await?)
}

fn turn(connection: &mut Connection, request: &[u8], length: usize) -> Result<Vec<Duration>> {
    (0..TURN)
        .map(|_| {
            let (page, took) = connection.exchange(request)?;
            // A digit more or less: times of readings are on the page.
            ensure!(page.len().abs_diff(length) < 1000, "a page of {} bytes, not {length}", page.len());
            Ok(took)
        })
        .collect()
}

/// What the process takes while nobody asks.
async fn at_rest(process: &Process, watched: Duration) -> Result<String> {
    let system = procfs::process::Process::new(i32::try_from(process.id())?)?;
    let ticks = || system.stat().map(|stat| stat.utime + stat.stime);
    let before = ticks()?;
    tokio::time::sleep(watched).await;
    let seconds = (ticks()? - before) as f64 / procfs::ticks_per_second() as f64;
    let Memory { resident_mib, most_mib } = Memory::of(&process.id().to_string())?;
    Ok(format!(
        "{:.2} % of a core, resident {resident_mib:.1} MiB, at most {most_mib:.1} MiB so far",
        100.0 * seconds / watched.as_secs_f64(),
    ))
}
