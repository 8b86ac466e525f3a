//! A real Prometheus: Debian's package, with a configuration of our own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::process::Process;
use crate::scratch::Scratch;
use crate::{http, packages, ports};

const PROGRAM: &str = "prometheus";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Finds Prometheus, or installs Debian's package where we are root.
///
/// # Errors
/// Says what to install where it is missing and we may not.
pub fn ensure_installed() -> Result<()> {
    packages::ensure_installed(PROGRAM)
}

/// A running Prometheus that scrapes every second. It can be stopped and started again on the same port and data.
#[derive(Debug)]
pub struct Prometheus {
    process: Option<Process>,
    config: PathBuf,
    port: u16,
    client: Client,
    scratch: Scratch,
}

impl Prometheus {
    /// Starts Prometheus and waits until it is ready. The targets come from a URL that answers in the format of HTTP
    /// service discovery (see [`crate::Exporter::targets_url`]); they are scraped with the defaults of dcgm-exporter's
    /// own manifests (`honor_labels: false`). The first scrape follows within about ten seconds: Prometheus waits that long
    /// for a list of targets to settle.
    ///
    /// # Errors
    /// Where it cannot be installed or is not ready in time.
    pub async fn start(targets_url: &str) -> Result<Self> {
        Self::discover(&format!("http_sd_configs: [{{url: {targets_url:?}, refresh_interval: 1s}}]")).await
    }

    /// The same with targets that stay: addresses such as `127.0.0.1:9400`.
    ///
    /// # Errors
    /// Where it cannot be installed or is not ready in time.
    pub async fn start_on(targets: &[String]) -> Result<Self> {
        Self::discover(&format!("static_configs: [{{targets: {targets:?}}}]")).await
    }

    async fn discover(targets: &str) -> Result<Self> {
        tokio::task::spawn_blocking(ensure_installed).await??;
        let scratch = Scratch::new("prometheus")?;
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n- job_name: nvidia-dcgm-exporter\n  honor_labels: false\n  {targets}\n"
        );
        let config = scratch.write("prometheus.yaml", &config)?;
        let client = http::client()?;
        let mut prometheus = Self { process: None, config, port: ports::free()?, client, scratch };
        prometheus.restart().await?;
        Ok(prometheus)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again, on the same port, with the samples that it had.
    ///
    /// # Errors
    /// Where it is not ready in time.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop();
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", self.config.display()))
            .arg(format!("--storage.tsdb.path={}", self.scratch.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port));
        let mut process = Process::start(PROGRAM, command, &self.scratch.join("prometheus.log"))?;
        let ready_url = format!("{}/-/ready", self.url());
        process.wait_until(READY_WITHIN, async || http::answers_ok(&self.client, &ready_url).await).await?;
        self.process = Some(process);
        Ok(())
    }

    /// The series that an instant query gives: values with `metric` and `value`.
    ///
    /// # Errors
    /// Where Prometheus does not answer or refuses the query.
    pub async fn query(&self, promql: &str) -> Result<Vec<Value>> {
        let url = Url::parse_with_params(&format!("{}/api/v1/query", self.url()), [("query", promql)])?;
        let answer = self.client.get(url).send().await.context("no answer from Prometheus")?.bytes().await?;
        let mut answer: Value = serde_json::from_slice(&answer).context("Prometheus' answer is no JSON")?;
        match answer.pointer_mut("/data/result").map(Value::take) {
            Some(Value::Array(series)) => Ok(series),
            _ => bail!("Prometheus refused {promql:?}: {answer}"),
        }
    }
}
