//! A running agent, and the node that is pretended to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fake_nvml::{Gpu, SCENARIO_VARIABLE, Scenario};
use serde_json::Value;
use tempfile::TempDir;

/// The node's name.
pub(super) const NODE: &str = "gpu-node-1";

/// Time enough for whatever is awaited, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// A node with these GPUs.
pub(super) fn node(gpus: impl IntoIterator<Item = Gpu>) -> Scenario {
    Scenario { gpus: gpus.into_iter().collect(), ..Scenario::default() }
}

/// An idle A100 of this name.
pub(super) fn gpu(uuid: &str) -> Gpu {
    Gpu { uuid: uuid.to_owned(), ..Gpu::default() }
}

/// The program, told to read the pretended NVML.
pub(super) fn program(folder: &TempDir, scenario: &Scenario) -> Command {
    program_with(folder, scenario, &fake_nvml::library().unwrap())
}

fn program_with(folder: &TempDir, scenario: &Scenario, library: &Path) -> Command {
    let path = scenario_file(folder);
    scenario.write(&path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse"));
    command.args(["agent", "--nvml"]).arg(library);
    command.args(["--interval", "30ms", "--hang-after", "300ms"]);
    command.env(SCENARIO_VARIABLE, path).env_remove("NODE_NAME").env_remove("GPULSE_LOG_LEVEL");
    command
}

fn scenario_file(folder: &TempDir) -> PathBuf {
    folder.path().join("scenario.yaml")
}

/// A running agent. Killed where the test ends.
pub(super) struct Running {
    child: Child,
    log: Receiver<Value>,
    url: String,
    folder: TempDir,
    scenario: Scenario,
}

impl Running {
    pub(super) fn start(scenario: Scenario) -> Self {
        Self::start_with(scenario, &[])
    }

    /// Starts with more arguments than the usual.
    pub(super) fn start_with(scenario: Scenario, arguments: &[&str]) -> Self {
        Self::start_on(scenario, &fake_nvml::library().unwrap(), arguments)
    }

    /// Starts on a free port, with this library for NVML's, and without a kubelet where the arguments name none.
    pub(super) fn start_on(scenario: Scenario, library: &Path, arguments: &[&str]) -> Self {
        let no_kubelet = ["--pod-resources-socket", ""];
        let is_named = arguments.contains(&no_kubelet[0]);
        let folder = TempDir::new().unwrap();
        let mut child = program_with(&folder, &scenario, library)
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--node-name", NODE])
            .args(no_kubelet.iter().filter(|_| !is_named))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, log) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let relay = move || {
            for line in stderr.lines().map_while(Result::ok) {
                // What is no event is the pretended library's complaint.
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().spawn(relay).unwrap();
        let mut running = Self { child, log, url: String::new(), folder, scenario };
        let listen = running.event("starting")["listen"].clone();
        running.url = format!("http://{}", listen.as_str().unwrap());
        running
    }

    /// The next event with this message; what comes before it is passed over.
    pub(super) fn event(&self, message: &str) -> Value {
        self.event_with("message", message)
    }

    /// The next event that names this problem.
    pub(super) fn event_of(&self, problem: &str) -> Value {
        self.event_with("problem", problem)
    }

    fn event_with(&self, field: &str, text: &str) -> Value {
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(event) if event[field] == text => return event,
                Ok(event) => seen.push(event),
                Err(_) => panic!("no event of the {field} {text:?} among {seen:#?}"),
            }
        }
    }

    /// All events up to now.
    pub(super) fn events(&self) -> Vec<Value> {
        self.log.try_iter().collect()
    }

    /// From now on the node is like this.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Scenario)) {
        change(&mut self.scenario);
        self.scenario.write(&scenario_file(&self.folder)).unwrap();
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks with GET: status, content type, text.
    pub(super) async fn get(&self, path: &str, accept: &str) -> (u16, String, String) {
        let client = crate::agent::driver::client();
        let response =
            client.get(format!("{}{path}", self.url)).header("accept", accept).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let content_type = headers["content-type"].to_str().unwrap().to_owned();
        (status, content_type, response.text().await.unwrap())
    }

    /// The page of metrics as it is now.
    pub(super) async fn page(&self) -> Page {
        let (status, _, text) = self.get("/metrics", "*/*").await;
        assert_eq!(status, 200, "{text}");
        Page(text)
    }

    /// The page as soon as it is like that.
    pub(super) async fn page_when(&self, is_so: impl Fn(&Page) -> bool) -> Page {
        let mut last = None;
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            let page = self.page().await;
            if is_so(&page) {
                return page;
            }
            last = Some(page);
            tokio::time::sleep(LOOK).await;
        }
        panic!("it never came to that: {last:#?}, {:#?}", self.events());
    }

    /// The first page of two complete readings: with what happens between two samples.
    pub(super) async fn complete_page(&self) -> Page {
        let first =
            self.page_when(|page| page.value("gpulse_agent_read_timestamp_seconds", &[]).is_some()).await;
        let time = |page: &Page| page.value("gpulse_agent_read_timestamp_seconds", &[]);
        self.page_when(|page| time(page) > time(&first)).await
    }

    /// What /readyz says.
    pub(super) async fn ready(&self) -> (u16, String) {
        let (status, _, text) = self.get("/readyz", "*/*").await;
        (status, text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    // One that has been installed is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A page of metrics.
#[derive(Debug, Clone)]
pub(super) struct Page(pub(super) String);

/// A sample: name, labels, value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Sample {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Page {
    /// All samples. The labels of the tests hold no comma and no quote.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample> {
        self.0.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
            let label = |label: &str| {
                let (name, value) = label.split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('"').to_owned())
            };
            Sample {
                name: name.to_owned(),
                labels: labels.map(label).collect(),
                value: value.parse().unwrap(),
            }
        })
    }

    /// The samples of a metric that have these labels.
    pub(super) fn all(&self, name: &str, labels: &[(&str, &str)]) -> Vec<Sample> {
        let has = |sample: &Sample| labels.iter().all(|(name, value)| sample.label(name) == Some(*value));
        self.samples().filter(|sample| sample.name == name && has(sample)).collect()
    }

    /// The value of the one sample of a metric with these labels; `None` where there is none.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let found = self.all(name, labels);
        assert!(found.len() <= 1, "{found:#?}");
        found.first().map(|sample| sample.value)
    }

    /// What is the matter with the node, or with knowing whose its GPUs are.
    pub(super) fn problem(&self) -> Option<String> {
        let problems = self.all("gpulse_agent_problem", &[]);
        let is_so = problems.iter().find(|sample| sample.value > 0.0)?;
        is_so.label("problem").map(str::to_owned)
    }
}
