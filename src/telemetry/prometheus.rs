//! The wire to Prometheus: one request, with whatever shows who is asking.

use std::error::Error;
use std::path::Path;

use bytes::Bytes;
use prometheus_http_query::InstantQueryBuilder;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Identity, Response, StatusCode, redirect};

use super::answer::{self, AnswerError};
use super::body;
use super::config::PrometheusConfig;
use super::error::{TelemetryError, causes};

/// An answer beyond this is given up: 40,000 GPUs make about 90 MB.
const MAX_ANSWER_BYTES: usize = 512 << 20;

/// How much is read of what is no answer.
const MAX_REFUSAL_BYTES: usize = 64 << 10;

/// How much of a foreign answer an error repeats.
const EXCERPT_CHARS: usize = 160;

/// The way to one Prometheus.
pub(super) struct Prometheus {
    config: PrometheusConfig,
    url: String,
    connection: Connection,
}

/// A client, and the certificates it was made of.
struct Connection {
    certificates: Certificates,
    http: reqwest::Client,
    api: prometheus_http_query::Client,
}

/// The contents of the configured certificate files.
#[derive(Debug, Default, PartialEq)]
struct Certificates {
    authorities: Option<Vec<u8>>,
    /// The certificate followed by its key.
    identity: Option<Vec<u8>>,
}

impl Prometheus {
    /// Makes a client. Sends nothing yet.
    pub(super) fn new(config: PrometheusConfig) -> Result<Self, TelemetryError> {
        let url = config.url.trim_end_matches('/').to_owned();
        let connection = Connection::new(&url, Certificates::read(&config)?)?;
        let prometheus = Self { config, url, connection };
        prometheus.authorization()?;
        Ok(prometheus)
    }

    /// Asks and returns an answer whose body, still to come, is JSON of some kind.
    pub(super) async fn ask(&mut self, query: &str) -> Result<Response, TelemetryError> {
        let certificates = Certificates::read(&self.config)?;
        if certificates != self.connection.certificates {
            self.connection = Connection::new(&self.url, certificates)?;
        }
        let unreachable = |error: prometheus_http_query::Error| {
            // What is below says only that a request failed, and to which address.
            let reason = error.source().map_or_else(|| error.to_string(), causes);
            TelemetryError::Unreachable { url: self.url.clone(), reason }
        };
        let mut response = self.request(query)?.post_raw().await.map_err(unreachable)?;
        // A proxy that lets only reading methods pass.
        if matches!(response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
            response = self.request(query)?.get_raw().await.map_err(unreachable)?;
        }
        self.check(response).await
    }

    fn request(&self, query: &str) -> Result<InstantQueryBuilder, TelemetryError> {
        let mut request = self.connection.api.query(query);
        if let Some(value) = self.authorization()? {
            request = request.header(AUTHORIZATION, value);
        }
        let headers = self.config.headers.iter();
        let parsed = |(name, value): (&String, &String)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        };
        // What does not parse was refused at the start.
        Ok(headers.filter_map(parsed).fold(request, |request, (name, value)| request.header(name, value)))
    }

    /// Who is asking, from the files as they are now.
    fn authorization(&self) -> Result<Option<HeaderValue>, TelemetryError> {
        if let Some(path) = &self.config.bearer_token_file {
            let value = HeaderValue::from_str(&format!("Bearer {}", read_secret(path)?));
            let mut value = value.map_err(|_| bad_file(path, "expected a token in printable ASCII"))?;
            value.set_sensitive(true);
            return Ok(Some(value));
        }
        let Some(basic) = &self.config.basic_auth else { return Ok(None) };
        let password = read_secret(&basic.password_file)?;
        let encoded = self.connection.http.get(&self.url).basic_auth(&basic.username, Some(password)).build();
        let mut request = encoded.map_err(|error| self.client_error(&error))?;
        Ok(request.headers_mut().remove(AUTHORIZATION))
    }

    fn client_error(&self, error: &reqwest::Error) -> TelemetryError {
        TelemetryError::Client { url: self.url.clone(), reason: causes(error) }
    }

    async fn check(&self, mut response: Response) -> Result<Response, TelemetryError> {
        let status = response.status();
        let header = |name: HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (content_type, location) = (header(CONTENT_TYPE), header(LOCATION));
        if status.is_success() && content_type.starts_with("application/json") {
            return Ok(response);
        }
        let mut body = Vec::new();
        while body.len() < MAX_REFUSAL_BYTES
            && let Some(piece) = self.piece(&mut response).await?
        {
            body.extend_from_slice(&piece);
        }
        let reason = if status.is_success() {
            format!("expected JSON, found {content_type:?}: {}", excerpt(&body))
        } else {
            let said = answer::refusal(&body).map_or_else(|| excerpt(&body), |refusal| refusal.to_string());
            format!("{said}{}", hint(status, &location))
        };
        Err(self.refused(status, reason))
    }

    /// Hands the answer's body over as it arrives, and stops early where nobody reads on.
    pub(super) async fn forward(
        &self,
        mut response: Response,
        reader: body::Sender,
    ) -> Result<(), TelemetryError> {
        let mut left = MAX_ANSWER_BYTES;
        while let Some(piece) = self.piece(&mut response).await? {
            left = left.checked_sub(piece.len()).ok_or_else(|| {
                self.refused(response.status(), format!("more than {MAX_ANSWER_BYTES} bytes"))
            })?;
            if !reader.send(piece).await {
                return Ok(());
            }
        }
        reader.end().await;
        Ok(())
    }

    async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, TelemetryError> {
        let piece = response.chunk().await;
        piece.map_err(|error| self.refused(response.status(), format!("broken off: {}", causes(&error))))
    }

    /// An answer that arrived and cannot be used.
    pub(super) fn unusable(&self, error: &AnswerError) -> TelemetryError {
        self.refused(StatusCode::OK, error.to_string())
    }

    fn refused(&self, status: StatusCode, reason: String) -> TelemetryError {
        TelemetryError::Answer { url: self.url.clone(), status: status.to_string(), reason }
    }
}

/// What to check, where the status says so much.
fn hint(status: StatusCode, location: &str) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            " (check bearerTokenFile or basicAuth)".to_owned()
        }
        StatusCode::NOT_FOUND => " (check the path in url)".to_owned(),
        status if status.is_redirection() => format!(" (set url to where it leads: {location})"),
        _ => String::new(),
    }
}

/// The beginning of a foreign text on one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT_CHARS)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printable: String = words.chars().filter(|c| !c.is_control()).take(EXCERPT_CHARS).collect();
    if printable.is_empty() { "nothing more".to_owned() } else { printable }
}

impl Connection {
    fn new(url: &str, certificates: Certificates) -> Result<Self, TelemetryError> {
        // reqwest comes without cryptography of its own. Where the program has chosen a provider already, that stands.
        rustls::crypto::ring::default_provider().install_default().ok();
        let failed = |reason: String| TelemetryError::Client { url: url.to_owned(), reason };
        let unfit = |what: &str, error: reqwest::Error| failed(format!("{what}: {}", causes(&error)));
        // A redirect would show the credentials to another server, or lead to a login page.
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("gpulse/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none());
        if let Some(pem) = &certificates.authorities {
            let authorities = Certificate::from_pem_bundle(pem).map_err(|error| unfit("caFile", error))?;
            if authorities.is_empty() {
                return Err(failed("caFile: expected PEM certificates, found none".to_owned()));
            }
            builder = builder.tls_certs_only(authorities);
        } else if !url.starts_with("https:") {
            // Without TLS the system's certificates are not looked for: a minimal image has none.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = &certificates.identity {
            builder =
                builder.identity(Identity::from_pem(pem).map_err(|error| unfit("clientCertificate", error))?);
        }
        let http = builder.build().map_err(|error| unfit("TLS", error))?;
        let api = prometheus_http_query::Client::from(http.clone(), url);
        Ok(Self { certificates, http, api: api.map_err(|error| failed(causes(&error)))? })
    }
}

impl Certificates {
    fn read(config: &PrometheusConfig) -> Result<Self, TelemetryError> {
        let identity = config.client_certificate.as_ref().map(|files| {
            Ok::<_, TelemetryError>(
                [read_file(&files.cert_file)?, b"\n".to_vec(), read_file(&files.key_file)?].concat(),
            )
        });
        Ok(Self {
            authorities: config.ca_file.as_deref().map(read_file).transpose()?,
            identity: identity.transpose()?,
        })
    }
}

/// Reads a small local file; waiting for it is not worth a thread.
fn read_file(path: &Path) -> Result<Vec<u8>, TelemetryError> {
    std::fs::read(path).map_err(|source| TelemetryError::Unreadable { path: path.to_owned(), source })
}

/// Reads a secret without the line break at its end.
fn read_secret(path: &Path) -> Result<String, TelemetryError> {
    let text = String::from_utf8(read_file(path)?).map_err(|_| bad_file(path, "expected text in UTF-8"))?;
    match text.trim() {
        "" => Err(bad_file(path, "expected a secret, found nothing")),
        secret => Ok(secret.to_owned()),
    }
}

fn bad_file(path: &Path, reason: &str) -> TelemetryError {
    TelemetryError::BadFile { path: path.to_owned(), reason: reason.to_owned() }
}
