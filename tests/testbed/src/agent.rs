//! `gpulse agent` as a process, before a pretended NVML.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use fake_nvml::{SCENARIO_VARIABLE, Scenario};
use reqwest::Client;

use crate::process::Process;
use crate::scratch::Scratch;
use crate::{http, ports};

const READY_WITHIN: Duration = Duration::from_secs(60);

/// The agent of one node. Its GPUs are those of a scenario, which may change while it runs.
#[derive(Debug)]
pub struct Agent {
    node: String,
    process: Process,
    address: String,
    scenario: Scenario,
    file: PathBuf,
    client: Client,
    _scratch: Scratch,
}

impl Agent {
    /// Starts the binary as the agent of this node, with these flags besides, and waits until the GPUs are read.
    ///
    /// # Errors
    /// Where it ends or is not ready in time; the message carries the end of its log.
    pub async fn start(binary: &Path, node: &str, scenario: Scenario, flags: &[&str]) -> Result<Self> {
        let scratch = Scratch::new("agent")?;
        let file = scratch.join("scenario.yaml");
        scenario.write(&file).context("cannot write the scenario")?;
        let address = format!("127.0.0.1:{}", ports::free()?);
        let mut command = Command::new(binary);
        command.args(["agent", "--listen", &address, "--node-name", node]).args(flags);
        command.arg("--nvml").arg(fake_nvml::library()?).env(SCENARIO_VARIABLE, &file);
        let mut process = Process::start("gpulse agent", command, &scratch.join("agent.log"))?;
        let (client, ready) = (http::client()?, format!("http://{address}/readyz"));
        process.wait_until(READY_WITHIN, async || http::answers_ok(&client, &ready).await).await?;
        Ok(Self { node: node.to_owned(), process, address, scenario, file, client, _scratch: scratch })
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Where it listens, as Prometheus writes a target: `127.0.0.1:20017`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The running process.
    #[must_use]
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// From now on the node is like this.
    ///
    /// # Errors
    /// Where the scenario cannot be written.
    pub fn change(&mut self, change: impl FnOnce(&mut Scenario)) -> Result<()> {
        change(&mut self.scenario);
        self.scenario.write(&self.file).context("cannot write the scenario")
    }

    /// The page of metrics as it is now.
    ///
    /// # Errors
    /// Where no page comes.
    pub async fn page(&self) -> Result<String> {
        let response = self.client.get(format!("http://{}/metrics", self.address)).send().await;
        let response = response.context("no answer from the agent")?.error_for_status()?;
        Ok(response.text().await?)
    }
}
