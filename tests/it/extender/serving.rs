//! The ports on real sockets.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use gpulse::extender::{AdminConfig, Bound, ExtenderConfig, ListenAddress, ServeError, TlsConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{a_cluster, gpulse, question};
use crate::support::pod;

const ANY_PORT: &str = "127.0.0.1:0";

fn any_port() -> ListenAddress {
    ANY_PORT.parse().unwrap()
}

fn plain() -> ExtenderConfig {
    ExtenderConfig { address: Some(any_port()), ..ExtenderConfig::default() }
}

struct Running {
    extender: SocketAddr,
    admin: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

fn start(config: &ExtenderConfig) -> Running {
    let bound = Bound::bind(config, &AdminConfig { address: any_port() }).unwrap();
    let bound = bound.certificate_poll(Duration::from_millis(2));
    let (extender, admin) = (bound.extender_address().unwrap(), bound.admin_address().unwrap());
    let (stop, stopped) = oneshot::channel();
    let gpulse = gpulse(&a_cluster());
    let shutdown = async { stopped.await.unwrap() };
    let served = tokio::spawn(async move { bound.serve(gpulse.extender, gpulse.admin, shutdown).await });
    Running { extender, admin, stop, served }
}

fn post(body: &str) -> String {
    format!("POST /filter HTTP/1.1\r\nHost: gpulse\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Reads one reply whose length is announced: its head and its body.
async fn reply(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: gpulse\r\n\r\n").as_bytes()).await.unwrap();
    reply(&mut stream).await
}

/// Asks again and again until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async { while !is_so().await {} };
    tokio::time::timeout(Duration::from_secs(30), asking).await.expect("it is not so after 30 s");
}

#[tokio::test]
async fn one_connection_serves_many_requests_good_and_bad() {
    let running = start(&plain());
    let mut stream = TcpStream::connect(running.extender).await.unwrap();
    let good = question(&pod("p").gpus(1), &["idle", "full"]);
    for (body, expected) in
        [(good.as_str(), r#""NodeNames":["idle"]"#), ("{", r#""Error":"#), (&good, r#""NodeNames":["idle"]"#)]
    {
        stream.write_all(post(body).as_bytes()).await.unwrap();
        let (head, body) = reply(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ") && head.contains("content-length: "), "{head}");
        assert!(!head.contains("transfer-encoding") && !head.contains("connection: close"), "{head}");
        assert!(body.contains(expected), "{body}");
    }
}

#[tokio::test]
async fn a_body_of_unannounced_length_is_limited_too() {
    let running = start(&ExtenderConfig { max_body_bytes: NonZeroU64::new(10).unwrap(), ..plain() });
    let mut stream = TcpStream::connect(running.extender).await.unwrap();
    let head = "POST /filter HTTP/1.1\r\nHost: gpulse\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(format!("{head}8\r\n        \r\n8\r\n        \r\n0\r\n\r\n").as_bytes()).await.unwrap();
    let (head, body) = reply(&mut stream).await;
    assert!(head.starts_with("http/1.1 413 ") && body.contains("larger than 10 bytes"), "{head}{body}");
}

#[tokio::test]
async fn shutdown_ends_recordings_and_does_not_wait_for_their_readers() {
    let running = start(&plain());
    let mut reader = TcpStream::connect(running.admin).await.unwrap();
    reader.write_all(b"GET /v1/recording HTTP/1.1\r\nHost: gpulse\r\n\r\n").await.unwrap();
    let mut begun = Vec::new();
    while !String::from_utf8_lossy(&begun).contains("\"Recording\"") {
        begun.push(reader.read_u8().await.unwrap());
    }
    running.stop.send(()).unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), reader.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&rest).ends_with("0\r\n\r\n"), "a whole reply, and no broken one");
    running.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_finishes_what_runs_and_accepts_nothing_more() {
    let running = start(&plain());
    let body = question(&pod("p").gpus(1), &["idle", "full"]);
    let mut stream = TcpStream::connect(running.extender).await.unwrap();
    let head = post(&body).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    stream.write_all(head.strip_suffix(&body).unwrap().as_bytes()).await.unwrap();
    assert!(reply(&mut stream).await.0.starts_with("http/1.1 100 "), "the request is under way");
    assert!(get(running.admin, "/readyz").await.0.starts_with("http/1.1 200 "));
    running.stop.send(()).unwrap();
    until(async || get(running.admin, "/readyz").await.1.contains("[-]shutdown failed: draining")).await;
    until(async || TcpStream::connect(running.extender).await.is_err()).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    assert!(reply(&mut stream).await.1.contains(r#""NodeNames":["idle"]"#));
    running.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.admin).await.is_err());
}

#[test]
fn an_address_in_use_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let address = ListenAddress(taken.local_addr().unwrap());
    let error = Bound::bind(
        &ExtenderConfig { address: Some(address), ..plain() },
        &AdminConfig { address: any_port() },
    );
    let text = error.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!("server.address: cannot listen on {address}: Address already in use")),
        "{text}"
    );
    let text = Bound::bind(&plain(), &AdminConfig { address }).unwrap_err().to_string();
    assert!(text.starts_with("admin.address: cannot listen on"), "{text}");
}

/// A directory with an authority, and certificates that it signed.
struct Certificates {
    directory: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let made = Self { directory: tempfile::tempdir().unwrap(), authority };
        fs::write(made.path("ca.pem"), made.authority.pem()).unwrap();
        made
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.directory.path().join(file)
    }

    fn issue(&self) -> (CertificateDer<'static>, String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (certificate.der().clone(), certificate.pem(), key)
    }

    /// A new certificate for the server, written where it reads it.
    fn renew(&self) -> CertificateDer<'static> {
        let (der, pem, key) = self.issue();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        fs::write(self.path("cert.pem"), pem).unwrap();
        der
    }

    fn server(&self, client_ca_file: Option<&str>) -> ExtenderConfig {
        let tls = TlsConfig {
            cert_file: self.path("cert.pem"),
            key_file: self.path("key.pem"),
            client_ca_file: client_ca_file.map(|file| self.path(file)),
        };
        ExtenderConfig { tls: Some(tls), ..plain() }
    }

    /// Asks over HTTPS, showing a certificate if given; returns the server's certificate and its reply.
    async fn ask(
        &self,
        address: SocketAddr,
        shown: Option<(CertificateDer<'static>, KeyPair)>,
    ) -> Result<(CertificateDer<'static>, String), std::io::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match shown {
            Some((certificate, key)) => {
                let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        tokio::task::spawn_blocking(move || exchange(address, config)).await.unwrap()
    }
}

fn exchange(
    address: SocketAddr,
    config: ClientConfig,
) -> Result<(CertificateDer<'static>, String), std::io::Error> {
    use std::io::{Read, Write};
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, std::net::TcpStream::connect(address)?);
    let body = question(&pod("p").gpus(1), &["idle"]);
    stream.write_all(post(&body).replace("Host:", "Connection: close\r\nHost:").as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let shown = stream.conn.peer_certificates().unwrap()[0].clone().into_owned();
    Ok((shown, reply))
}

#[tokio::test]
async fn renewed_certificates_are_served_and_bad_ones_are_not() {
    let certificates = Certificates::new();
    let first = certificates.renew();
    let running = start(&certificates.server(None));
    let (shown, reply) = certificates.ask(running.extender, None).await.unwrap();
    assert!(shown == first && reply.contains(r#""NodeNames":["idle"]"#), "{reply}");
    let second = certificates.renew();
    until(async || certificates.ask(running.extender, None).await.unwrap().0 == second).await;
    fs::write(certificates.path("cert.pem"), "junk").unwrap();
    for _ in 0..20 {
        assert!(certificates.ask(running.extender, None).await.unwrap().0 == second);
    }
    let third = certificates.renew();
    until(async || certificates.ask(running.extender, None).await.unwrap().0 == third).await;
}

#[tokio::test]
async fn with_a_client_authority_only_its_clients_are_answered() {
    let certificates = Certificates::new();
    certificates.renew();
    let running = start(&certificates.server(Some("ca.pem")));
    let (certificate, _, key) = certificates.issue();
    let (_, reply) = certificates.ask(running.extender, Some((certificate, key))).await.unwrap();
    assert!(reply.contains(r#""NodeNames":["idle"]"#), "{reply}");
    assert!(certificates.ask(running.extender, None).await.is_err(), "no certificate");
    let (certificate, _, key) = Certificates::new().issue();
    assert!(
        certificates.ask(running.extender, Some((certificate, key))).await.is_err(),
        "a stranger's certificate"
    );
}

#[test]
fn certificates_that_cannot_be_served_are_named() {
    let certificates = Certificates::new();
    let refused = |client_ca: Option<&str>, text: &str| {
        let config = certificates.server(client_ca);
        let error = Bound::bind(&config, &AdminConfig { address: any_port() }).unwrap_err().to_string();
        assert!(error.contains(text), "expected {text:?} in {error:?}");
    };
    refused(None, "server.tls.certFile: cannot read");
    fs::write(certificates.path("cert.pem"), "junk").unwrap();
    fs::write(certificates.path("key.pem"), "junk").unwrap();
    refused(None, "server.tls.certFile: expected certificates in PEM");
    fs::write(certificates.path("cert.pem"), certificates.issue().1).unwrap();
    refused(None, "server.tls.keyFile: expected a private key in PEM");
    fs::write(certificates.path("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    refused(None, "server.tls: ");
    certificates.renew();
    refused(Some("missing.pem"), "server.tls.clientCaFile: cannot read");
}
