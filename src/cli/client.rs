//! Questions to a running gpulse, at its admin port.

use anyhow::{Context, anyhow, bail};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

/// A running gpulse.
pub(super) struct AdminPort {
    client: reqwest::Client,
    url: Url,
}

/// What there is to a question: an answer, or the word that there is none.
pub(super) enum Answer {
    Found(Response),
    NotFound(String),
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl AdminPort {
    /// The one at this URL, such as `http://127.0.0.1:9090`.
    pub(super) fn at(url: &str) -> anyhow::Result<Self> {
        let refuse = || format!("--server: expected a URL such as http://127.0.0.1:9090, found {url:?}");
        let url: Url = url.parse().with_context(refuse)?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!(refuse());
        }
        Ok(Self { client: reqwest::Client::builder().build()?, url })
    }

    /// Asks with GET.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Answer> {
        self.ask(self.client.get(self.locate(path, query)?)).await
    }

    /// Asks with POST and a body.
    pub(super) async fn post(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
    ) -> anyhow::Result<Answer> {
        self.ask(self.client.post(self.locate(path, query)?).json(body)).await
    }

    fn locate(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Url> {
        let mut url = self.url.join(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let at = &self.url;
        let unreachable =
            || format!("no answer at {at}; is gpulse running, and is this its admin port? (--server)");
        let response = request.send().await.with_context(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(Answer::Found(response));
        }
        let text = response.text().await?;
        let said = serde_json::from_str(&text).map(|refusal: Refusal| refusal.error);
        match (status, said) {
            (StatusCode::NOT_FOUND, Ok(error)) => Ok(Answer::NotFound(error)),
            (_, Ok(error)) => Err(anyhow!("{at} refused: {error}")),
            (_, Err(_)) => Err(anyhow!("{at} answered {status}; is this gpulse's admin port? (--server)")),
        }
    }
}
