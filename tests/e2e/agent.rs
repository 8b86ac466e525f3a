//! The agent's page before Prometheus' own checker.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use fake_nvml::{Gpu, Instance, Scenario};
use testbed::Agent;

/// A whole GPU and one that is cut.
fn node() -> Scenario {
    let instance = Instance {
        id: 1,
        profile: "1g.10gb".into(),
        memory_mib: 9728,
        memory_used_mib: 100.0.into(),
        gpm: None,
    };
    let cut = Gpu { mig: Some(true), instances: vec![instance], ..Gpu::default() };
    Scenario { gpus: vec![Gpu::default(), cut], ..Scenario::default() }
}

/// What `promtool check metrics` says of a page, line by line.
fn promtool(page: &str) -> Result<Vec<String>> {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start promtool, which comes with Debian's prometheus")?;
    promtool.stdin.take().context("promtool has no stdin")?.write_all(page.as_bytes())?;
    let said = promtool.wait_with_output()?;
    Ok(String::from_utf8(said.stderr)?.lines().map(str::to_owned).collect())
}

/// Names and labels that NVIDIA chose are as they are; all else is as Prometheus wants it.
fn is_nvidias_choice(complaint: &str) -> bool {
    complaint.starts_with("DCGM_") || complaint.contains("label names should be written in 'snake_case'")
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_finds_no_fault_of_ours() -> Result<()> {
    let binary = Path::new(env!("CARGO_BIN_EXE_gpulse"));
    for dialect in ["dcgm-4.8", "dcgm-4.9"] {
        let agent = Agent::start(binary, "gpu-node-1", node(), &["--dialect", dialect]).await?;
        let page = agent.page().await?;
        ensure!(page.contains("gpulse_gpu_up"), "{page}");
        let said = promtool(&page)?;
        ensure!(!said.is_empty(), "promtool says nothing, not even of NVIDIA's names");
        let ours: Vec<&String> = said.iter().filter(|line| !is_nvidias_choice(line)).collect();
        assert_eq!(ours, Vec::<&String>::new(), "{dialect}");
    }
    Ok(())
}
