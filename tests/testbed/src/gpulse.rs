//! The gpulse binary as a process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::process::Process;
use crate::scratch::Scratch;
use crate::{http, ports};

const READY_WITHIN: Duration = Duration::from_secs(60);
const RECORDED_WITHIN: Duration = Duration::from_secs(600);

/// What to run.
#[derive(Debug, Clone)]
pub struct GpulseOptions {
    /// The binary; in an integration test `env!("CARGO_BIN_EXE_gpulse")`.
    pub binary: PathBuf,
    /// The kubeconfig of the user that gpulse is.
    pub kubeconfig: PathBuf,
    /// Flags after `gpulse serve --config FILE`.
    pub flags: Vec<String>,
}

/// A gpulse with addresses and a configuration file of its own. It can be stopped and started again.
#[derive(Debug)]
pub struct Gpulse {
    process: Option<Process>,
    options: GpulseOptions,
    extender: SocketAddr,
    admin: SocketAddr,
    client: Client,
    scratch: Scratch,
}

impl Gpulse {
    /// Takes two free addresses, writes the configuration that `config(extender, admin)` gives for them, starts gpulse
    /// and waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// Where it ends or is not ready in time; the message carries the end of its log.
    pub async fn start(
        options: GpulseOptions,
        config: impl FnOnce(SocketAddr, SocketAddr) -> String,
    ) -> Result<Self> {
        let mut gpulse = Self::prepare(options, config)?;
        gpulse.spawn()?;
        gpulse.wait_until_ready().await?;
        Ok(gpulse)
    }

    /// The same without starting it, for tests that look at the start itself.
    ///
    /// # Errors
    /// Where there is no free port or the configuration cannot be written.
    pub fn prepare(
        options: GpulseOptions,
        config: impl FnOnce(SocketAddr, SocketAddr) -> String,
    ) -> Result<Self> {
        let scratch = Scratch::new("gpulse")?;
        let extender = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
        scratch.write("gpulse.yaml", &config(extender, admin))?;
        Ok(Self { process: None, options, extender, admin, client: http::client()?, scratch })
    }

    /// Starts the process and does not wait for it. An earlier one is killed.
    ///
    /// # Errors
    /// Where the binary cannot be started.
    pub fn spawn(&mut self) -> Result<()> {
        self.process = None;
        let mut command = Command::new(&self.options.binary);
        command
            .arg("serve")
            .arg(format!("--config={}", self.config().display()))
            .args(&self.options.flags)
            .env("KUBECONFIG", &self.options.kubeconfig);
        self.process = Some(Process::start("gpulse", command, &self.log())?);
        Ok(())
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// Where the process is not running, ends, or is not ready in time.
    pub async fn wait_until_ready(&mut self) -> Result<()> {
        let (client, url) = (&self.client, format!("http://{}/readyz", self.admin));
        let process = self.process.as_mut().context("gpulse is not running")?;
        process.wait_until(READY_WITHIN, async || http::answers_ok(client, &url).await).await
    }

    /// Asks it to leave (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// Where it is not running, or does not leave.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.process.take().context("gpulse is not running")?.terminate().await
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The running process.
    ///
    /// # Errors
    /// Where it is not running.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("gpulse is not running")
    }

    /// Where kube-scheduler finds it.
    #[must_use]
    pub fn extender_address(&self) -> SocketAddr {
        self.extender
    }

    /// What kube-scheduler's configuration wants as `urlPrefix`, where gpulse serves plain HTTP.
    #[must_use]
    pub fn extender_url(&self) -> String {
        format!("http://{}", self.extender)
    }

    /// Where the admin endpoints are.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.scratch.join("gpulse.yaml")
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.scratch.join("gpulse.log")
    }

    /// The directory of both.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Reads from the admin port, for instance `/metrics`.
    ///
    /// # Errors
    /// Where the answer is not 200.
    pub async fn admin_text(&self, path: &str) -> Result<String> {
        let response = self.client.get(format!("{}{path}", self.admin_url())).send().await;
        let response = response.with_context(|| format!("no answer from gpulse to {path}"))?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status == StatusCode::OK, "GET {path}: {status}: {text}");
        Ok(text)
    }

    /// Reads JSON from the admin port, for instance `/v1/snapshot`.
    ///
    /// # Errors
    /// Where the answer is not 200 or no JSON.
    pub async fn admin_json(&self, path: &str) -> Result<Value> {
        let text = self.admin_text(path).await?;
        serde_json::from_str(&text).with_context(|| format!("the answer to {path} is no JSON"))
    }

    /// Records so many decisions, however long they take to come.
    ///
    /// # Errors
    /// Where the answer is not 200 or breaks off.
    pub async fn recording(&self, decisions: usize) -> Result<String> {
        let url = format!("{}/v1/recording?decisions={decisions}", self.admin_url());
        let response = self.client.get(url).timeout(RECORDED_WITHIN).send().await;
        let response = response.context("no answer from gpulse to /v1/recording")?;
        let (status, text) = (response.status(), response.text().await.context("the recording broke off")?);
        ensure!(status == StatusCode::OK, "GET /v1/recording: {status}: {text}");
        Ok(text)
    }

    /// Posts to the extender port as kube-scheduler does, for instance to `/filter`, and gives what came back.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<(StatusCode, String)> {
        let request = self.client.post(format!("{}{path}", self.extender_url()));
        let response = request.header("content-type", "application/json").body(body).send().await;
        let response = response.with_context(|| format!("no answer from gpulse to {path}"))?;
        Ok((response.status(), response.text().await?))
    }
}
