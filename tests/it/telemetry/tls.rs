//! A Prometheus that shows a certificate and wants one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gpulse::cluster::Period;
use gpulse::telemetry::{
    ClientCertificate, Mode, PrometheusConfig, TelemetryConfig, TelemetryError, TelemetryHandle,
    TelemetrySource, start,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;

use super::fake::{Fake, busy, rows};
use super::language::two_nodes;

/// An authority that signs certificates for servers on loopback and for clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certify(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// Writes the authority's certificate, and a client's with its key, into the folder.
    fn issue(&self, folder: &Path) {
        let (certificate, key) = self.certify();
        std::fs::write(folder.join("ca.pem"), self.0.pem()).unwrap();
        std::fs::write(folder.join("client.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("client.key"), key.serialize_pem()).unwrap();
    }

    /// A server that lets only clients of this authority in.
    fn serve(&self) -> Fake {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let (certificate, key) = self.certify();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        let now = gpulse::clock::now();
        Fake::start_tls(Arc::new(config.unwrap()), rows([busy("a", 1, now), busy("b", 2, now)].concat()))
    }
}

/// Starts with the certificates that lie in the folder.
fn start_with(folder: &Path, url: String) -> Result<TelemetryHandle, TelemetryError> {
    let (cert_file, key_file) = (folder.join("client.pem"), folder.join("client.key"));
    let source = TelemetrySource::Prometheus(PrometheusConfig {
        url,
        ca_file: Some(folder.join("ca.pem")),
        client_certificate: Some(ClientCertificate { cert_file, key_file }),
        ..PrometheusConfig::default()
    });
    let refresh_interval = Period(Duration::from_millis(40));
    start(TelemetryConfig { source, refresh_interval, ..TelemetryConfig::default() }, two_nodes().board())
}

async fn until(handle: &TelemetryHandle, mode: Mode) -> Option<String> {
    let mut status = handle.watch();
    let found = status.wait_for(|status| status.mode == mode);
    tokio::time::timeout(Duration::from_secs(20), found).await.unwrap().unwrap().last_error.clone()
}

#[tokio::test]
async fn both_sides_show_certificates_and_new_ones_are_taken_up() {
    let (right, wrong) = (Authority::new(), Authority::new());
    let server = right.serve();
    let folder = tempfile::tempdir().unwrap();
    wrong.issue(folder.path());
    let handle = start_with(folder.path(), server.url()).unwrap();
    let error = until(&handle, Mode::Down).await.unwrap();
    assert!(error.contains("invalid peer certificate"), "{error}");
    right.issue(folder.path());
    until(&handle, Mode::Live).await;
}

#[tokio::test]
async fn certificates_that_are_none_are_refused_at_the_start() {
    for (broken, setting) in
        [("ca.pem", "caFile"), ("client.pem", "clientCertificate"), ("client.key", "clientCertificate")]
    {
        let folder = tempfile::tempdir().unwrap();
        Authority::new().issue(folder.path());
        std::fs::write(folder.path().join(broken), "none").unwrap();
        let error = start_with(folder.path(), "https://127.0.0.1:1".to_owned()).unwrap_err().to_string();
        assert!(error.contains(setting), "{broken}: {error}");
        std::fs::remove_file(folder.path().join(broken)).unwrap();
        let error = start_with(folder.path(), "https://127.0.0.1:1".to_owned()).unwrap_err().to_string();
        assert!(error.contains("cannot read") && error.contains(broken), "{error}");
    }
}
