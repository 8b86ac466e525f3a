//! Where what is looked at comes from: an agent's port, or NVML in this process.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Url};
use tokio::sync::mpsc::Sender;

use crate::agent::{Agent, Dialect, Layout, Overview, Settings};

/// Where an agent on this node, or a port-forward to one, is asked.
const DEFAULT_AGENT: &str = "http://127.0.0.1:9400/";

/// An answer takes a millisecond; a port-forward that is gone gives none.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// The agent to ask: by default the one at http://127.0.0.1:9400 or, where none answers there, NVML itself.
    #[arg(long, value_name = "URL", value_parser = base)]
    agent: Option<Url>,
    /// Ask no agent but NVML: libnvidia-ml.so.1, or this file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "agent")]
    nvml: Option<Option<PathBuf>>,
}

/// A URL to which a path is added, not one whose last word is replaced: an agent may be behind `kubectl proxy`.
fn base(text: &str) -> Result<Url, String> {
    let expected = || format!("expected a URL such as http://127.0.0.1:9400, found {text:?}");
    let url: Url = format!("{}/", text.trim_end_matches('/')).parse().map_err(|_| expected())?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(expected()) }
}

pub(super) enum Source {
    Port(Client, Url),
    Here(Agent, Layout),
}

impl Source {
    /// The source that was named, or the first of the usual ones that answers.
    pub(super) async fn open(choice: Choice) -> anyhow::Result<Self> {
        if let Some(library) = choice.nvml {
            return Self::here(library);
        }
        let client = Client::builder().timeout(PATIENCE).build()?;
        if let Some(url) = choice.agent {
            return Ok(Self::Port(client, url));
        }
        let port = Self::Port(client, base(DEFAULT_AGENT).map_err(anyhow::Error::msg)?);
        let Err(silence) = port.ask().await else { return Ok(port) };
        let here = Self::here(None)?;
        if let Self::Here(agent, _) = &here
            && let Err(trouble) = agent.first().await
        {
            bail!("{silence:#}; {trouble}; or name an agent with --agent");
        }
        Ok(here)
    }

    fn here(library: Option<PathBuf>) -> anyhow::Result<Self> {
        let settings = Settings { library, ..Settings::default() };
        let layout =
            Layout { dialect: Dialect::default(), node: String::new(), show_for: settings.show_for() };
        Ok(Self::Here(Agent::start(settings)?, layout))
    }

    async fn ask(&self) -> anyhow::Result<Overview> {
        let (client, url) = match self {
            Self::Here(agent, layout) => return Ok(agent.overview(layout)),
            Self::Port(client, url) => (client, url),
        };
        // The URL is said once.
        let response = client.get(url.join("v1/gpus")?).send().await.map_err(reqwest::Error::without_url);
        let response = response.with_context(|| format!("no agent answers at {url}"))?;
        let status = response.status();
        if !status.is_success() {
            bail!("{url} answered {status}; is it a gpulse agent of this version?");
        }
        response.json().await.with_context(|| format!("{url} is no gpulse agent of this version"))
    }

    /// Asks again and again, until nobody listens.
    pub(super) async fn ask_for_ever(self, every: Duration, to: Sender<Result<Overview, String>>) {
        let asking = async {
            let mut ticks = tokio::time::interval(every);
            loop {
                ticks.tick().await;
                let answer = self.ask().await.map_err(|error| format!("{error:#}"));
                if to.send(answer).await.is_err() {
                    return;
                }
            }
        };
        match &self {
            Self::Port(..) => asking.await,
            Self::Here(agent, _) => tokio::select! {
                () = asking => {}
                never = agent.watch() => match never {},
            },
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(_, url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Here(..) => f.write_str("NVML"),
        }
    }
}
