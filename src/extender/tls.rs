//! The extender port's certificates, read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::config::TlsConfig;

/// Why certificates cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{field}: cannot read {path}: {source}")]
    Read {
        /// The configuration's key.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file has no certificate, no key, or a broken one.
    #[error("{field}: expected {expected} in {path}, found {found}")]
    Pem {
        /// The configuration's key.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
        /// What is.
        found: String,
    },
    /// Certificate and key do not belong together, or are of a kind that cannot be used.
    #[error("server.tls: {0}")]
    Unusable(String),
}

/// The files' contents, to see whether they changed.
#[derive(PartialEq, Eq)]
struct Pems {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// A TLS configuration that follows its files.
pub(super) struct Tls {
    files: TlsConfig,
    seen: Pems,
    live: RustlsConfig,
}

impl Tls {
    pub(super) fn read(files: &TlsConfig) -> Result<Self, TlsError> {
        let seen = Pems::read(files)?;
        let live = RustlsConfig::from_config(Arc::new(seen.server_config(files)?));
        Ok(Self { files: files.clone(), seen, live })
    }

    /// What the server uses: later changes show in it.
    pub(super) fn live(&self) -> RustlsConfig {
        self.live.clone()
    }

    /// Reads the files again and says whether new certificates are in use. Bad ones leave the old ones in use.
    pub(super) fn refresh(&mut self) -> Result<bool, TlsError> {
        let pems = Pems::read(&self.files)?;
        if pems == self.seen {
            return Ok(false);
        }
        // Noted before it is judged: the same bad files are complained of once.
        self.seen = pems;
        self.live.reload_from_config(Arc::new(self.seen.server_config(&self.files)?));
        Ok(true)
    }
}

const CERTIFICATE: &str = "server.tls.certFile";
const KEY: &str = "server.tls.keyFile";
const CLIENT_CA: &str = "server.tls.clientCaFile";

impl Pems {
    fn read(files: &TlsConfig) -> Result<Self, TlsError> {
        let read = |field, path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { field, path: path.to_owned(), source })
        };
        Ok(Self {
            certificate: read(CERTIFICATE, &files.cert_file)?,
            key: read(KEY, &files.key_file)?,
            client_ca: files.client_ca_file.as_deref().map(|path| read(CLIENT_CA, path)).transpose()?,
        })
    }

    fn server_config(&self, files: &TlsConfig) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(CERTIFICATE, &files.cert_file, &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| broken(KEY, &files.key_file, "a private key in PEM", error))?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match (&self.client_ca, &files.client_ca_file) {
            (Some(pem), Some(path)) => {
                builder.with_client_cert_verifier(client_verifier(provider, path, pem)?)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn client_verifier(
    provider: Arc<CryptoProvider>,
    path: &Path,
    pem: &[u8],
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(CLIENT_CA, path, pem)? {
        roots.add(certificate).map_err(unusable)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(unusable)
}

fn certificates(
    field: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const EXPECTED: &str = "certificates in PEM";
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.map_err(|error| broken(field, path, EXPECTED, error))?;
    if found.is_empty() {
        return Err(broken(field, path, EXPECTED, "none"));
    }
    Ok(found)
}

fn broken(field: &'static str, path: &Path, expected: &'static str, found: impl ToString) -> TlsError {
    TlsError::Pem { field, path: path.to_owned(), expected, found: found.to_string() }
}

fn unusable(error: impl ToString) -> TlsError {
    TlsError::Unusable(error.to_string())
}
