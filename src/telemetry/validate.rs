//! Refuses configuration that cannot work, before anything starts.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::config::{CustomDialect, DialectConfig, PrometheusConfig, TelemetryConfig, TelemetrySource};

/// A setting that cannot work: which one, what is expected of it, what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("telemetry.{field}: expected {expected}, found {found}")]
pub struct TelemetryConfigError {
    field: String,
    expected: String,
    found: String,
}

/// Says what is wrong with a setting unless it is right.
fn check(
    right: bool,
    field: &str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Result<(), TelemetryConfigError> {
    let error =
        || TelemetryConfigError { field: field.into(), expected: expected.into(), found: found.into() };
    if right { Ok(()) } else { Err(error()) }
}

impl TelemetryConfig {
    /// Checks what the types cannot express.
    ///
    /// # Errors
    /// Names the first setting that cannot work, what is expected of it and what was found.
    pub fn validate(&self) -> Result<(), TelemetryConfigError> {
        self.validate_times()?;
        for (index, label) in self.node_labels.iter().enumerate() {
            check_label(&format!("nodeLabels[{index}]"), label)?;
        }
        match &self.dialect {
            DialectConfig::Custom(custom) => custom.validate()?,
            DialectConfig::Auto | DialectConfig::Dcgm48 | DialectConfig::Dcgm49 => {}
        }
        match &self.source {
            TelemetrySource::None => Ok(()),
            TelemetrySource::Prometheus(prometheus) => prometheus.validate(),
            TelemetrySource::File(file) => {
                check(!file.path.as_os_str().is_empty(), "source.file.path", "a path", "nothing")
            }
        }
    }

    fn validate_times(&self) -> Result<(), TelemetryConfigError> {
        let (fresh, expires) = (self.freshness.fresh_for, self.freshness.expires_after);
        for (field, period) in [
            ("refreshInterval", self.refresh_interval),
            ("timeout", self.timeout),
            ("freshness.freshFor", fresh),
        ] {
            check(period.0 > Duration::ZERO, field, "more than nothing", period.to_string())?;
        }
        let beyond = format!("more than freshness.freshFor ({fresh})");
        check(expires > fresh, "freshness.expiresAfter", beyond, expires.to_string())?;
        // Else samples would go stale between two refreshes, or while one is waited for.
        let within = format!("less than freshness.freshFor ({fresh})");
        check(self.refresh_interval < fresh, "refreshInterval", &within, self.refresh_interval.to_string())?;
        check(self.timeout < fresh, "timeout", within, self.timeout.to_string())
    }
}

impl CustomDialect {
    fn validate(&self) -> Result<(), TelemetryConfigError> {
        let empty = |query: &str| query.trim().is_empty();
        check(!empty(&self.utilization), "dialect.custom.utilization", "PromQL", "nothing")?;
        let sampled_at = self.sampled_at.as_deref();
        check(!sampled_at.is_some_and(empty), "dialect.custom.sampledAt", "PromQL", "nothing")?;
        check_label("dialect.custom.uuidLabel", &self.uuid_label)?;
        self.node_label.iter().try_for_each(|label| check_label("dialect.custom.nodeLabel", label))
    }
}

impl PrometheusConfig {
    fn validate(&self) -> Result<(), TelemetryConfigError> {
        self.validate_url()?;
        let both = self.bearer_token_file.is_some() && self.basic_auth.is_some();
        check(!both, "source.prometheus", "either bearerTokenFile or basicAuth", "both")?;
        for (name, value) in &self.headers {
            let field = format!("source.prometheus.headers.{name}");
            let parsed = HeaderName::from_bytes(name.as_bytes());
            check(parsed.is_ok(), &field, "a header name", name)?;
            check(HeaderValue::from_str(value).is_ok(), &field, "printable ASCII", format!("{value:?}"))?;
            let authorization = parsed.is_ok_and(|name| name == AUTHORIZATION);
            check(!authorization, &field, "bearerTokenFile or basicAuth instead", "a header")?;
        }
        Ok(())
    }

    fn validate_url(&self) -> Result<(), TelemetryConfigError> {
        const FIELD: &str = "source.prometheus.url";
        const EXPECTED: &str = "an address such as http://prometheus.monitoring:9090";
        // A password must not reach a log, so of an address that holds one nothing is repeated.
        let url = Url::parse(&self.url).ok().filter(|url| url.has_host());
        let Some(url) = url else { return check(false, FIELD, EXPECTED, format!("{:?}", self.url)) };
        let open = url.username().is_empty() && url.password().is_none();
        check(open, FIELD, "no credentials in the address (use basicAuth)", "a user or password")?;
        let http = matches!(url.scheme(), "http" | "https");
        let plain = url.query().is_none() && url.fragment().is_none();
        check(http && plain, FIELD, EXPECTED, format!("{:?}", self.url))
    }
}

/// Prometheus' grammar of label names, without what would need quotes in PromQL.
fn check_label(field: &str, label: &str) -> Result<(), TelemetryConfigError> {
    let mut bytes = label.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    let right =
        starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !label.starts_with("__");
    check(right, field, "a label name (letters, digits and _)", format!("{label:?}"))
}
