//! kube-scheduler and its configuration file.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};

use crate::process::Process;
use crate::scratch::Scratch;
use crate::{http, ports};

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A KubeSchedulerConfiguration.
#[derive(Debug, Clone)]
pub struct SchedulerConfig(Value);

impl SchedulerConfig {
    /// The default scheduler, without an extender.
    #[must_use]
    pub fn stock() -> Self {
        let api_version = "kubescheduler.config.k8s.io/v1";
        Self(json!({"apiVersion": api_version, "kind": "KubeSchedulerConfiguration"}))
    }

    /// A configuration from YAML text.
    ///
    /// # Errors
    /// Where the text is no KubeSchedulerConfiguration.
    pub fn from_text(yaml: &str) -> Result<Self> {
        let config: Value =
            serde_saphyr::from_str(yaml).context("cannot read the scheduler configuration")?;
        let kind = config.get("kind").and_then(Value::as_str);
        ensure!(
            kind == Some("KubeSchedulerConfiguration"),
            "expected kind KubeSchedulerConfiguration, found {kind:?}"
        );
        Ok(Self(config))
    }

    /// A configuration from a file, for instance one under `deploy/`.
    ///
    /// # Errors
    /// Where the file cannot be read or is no KubeSchedulerConfiguration.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::from_text(&text).with_context(|| format!("in {}", path.display()))
    }

    /// The same with the extender at another address.
    ///
    /// # Errors
    /// Where the configuration has no extender.
    pub fn with_extender_url(self, url: &str) -> Result<Self> {
        self.with_extender(&json!({"urlPrefix": url}))
    }

    /// The same with these fields in the extender's entry, in place of its own.
    ///
    /// # Errors
    /// Where the configuration has no extender, or `fields` is no object.
    pub fn with_extender(mut self, fields: &Value) -> Result<Self> {
        let entry = self.0.pointer_mut("/extenders/0").and_then(Value::as_object_mut);
        let entry = entry.context("the scheduler configuration has no extenders[0]")?;
        let fields = fields.as_object().context("expected fields of an extender's entry")?;
        entry.extend(fields.clone());
        Ok(self)
    }

    /// The same with one field set, for instance `("clientConnection", "qps", 1000)`.
    #[must_use]
    pub fn with(mut self, section: &str, field: &str, value: impl Into<Value>) -> Self {
        self.0[section][field] = value.into();
        self
    }

    /// The configuration as a JSON value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

/// A running kube-scheduler.
#[derive(Debug)]
pub struct Scheduler {
    process: Process,
    client: Client,
    url: String,
}

impl Scheduler {
    pub(crate) async fn start(
        name: &str,
        program: &Path,
        config: SchedulerConfig,
        kubeconfig: &Path,
        scratch: &Scratch,
    ) -> Result<Self> {
        let config = config.with("clientConnection", "kubeconfig", kubeconfig.display().to_string()).with(
            "leaderElection",
            "leaderElect",
            false,
        );
        let config = scratch.write(&format!("{name}.yaml"), &config.0.to_string())?;
        let port = ports::free()?;
        let mut command = Command::new(program);
        command
            .arg(format!("--config={}", config.display()))
            .args(["--bind-address=127.0.0.1", "--authentication-skip-lookup=true", "--v=2"])
            .arg("--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics")
            .arg(format!("--secure-port={port}"));
        let mut process = Process::start(name, command, &scratch.join(&format!("{name}.log")))?;
        let (client, url) = (http::client()?, format!("https://127.0.0.1:{port}"));
        let ready_url = format!("{url}/readyz");
        process.wait_until(READY_WITHIN, async || http::answers_ok(&client, &ready_url).await).await?;
        Ok(Self { process, client, url })
    }

    /// Its own metrics, in Prometheus' text format.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        let response = self.client.get(format!("{}/metrics", self.url)).send().await;
        Ok(response.context("no answer from kube-scheduler")?.text().await?)
    }

    /// Where its log is.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Ends it and waits until it is gone.
    pub fn stop(self) {
        self.process.kill();
    }
}
