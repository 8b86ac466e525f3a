//! HTTP clients for the servers on this machine.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Certificate, Client, ClientBuilder};

/// Nothing on loopback takes longer, unless a test wants it to.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client for plain HTTP, and for HTTPS servers whose self-signed certificate nobody needs to check.
///
/// # Errors
/// Where the TLS library refuses its settings.
pub fn client() -> Result<Client> {
    builder().tls_danger_accept_invalid_certs(true).build().context("cannot make an HTTP client")
}

/// A client that trusts the certificates in a PEM file, and no others.
///
/// # Errors
/// Where the PEM text holds no certificate.
pub fn client_trusting(pem: &[u8]) -> Result<Client> {
    let certificates = Certificate::from_pem_bundle(pem).context("cannot read the certificates")?;
    builder().tls_certs_only(certificates).build().context("cannot make an HTTPS client")
}

/// Whether a URL answers 200.
pub async fn answers_ok(client: &Client, url: &str) -> bool {
    matches!(client.get(url).send().await, Ok(response) if response.status() == 200)
}

fn builder() -> ClientBuilder {
    // Fails where the process has installed a provider already; that one serves as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(TIMEOUT)
}
