//! The two ports on the network: bound, served, drained.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};

use super::admin::{Admin, admin_router};
use super::answer::Extender;
use super::config::{AdminConfig, ExtenderConfig};
use super::routes::router;
use super::tls::{Tls, TlsError};
use crate::port::{self, BindError, PlainServer};

/// How long running requests may take after the signal to stop. kube-scheduler gives up after 5 s by default.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a running scrape or download may take after that.
const ADMIN_DRAIN: Duration = Duration::from_secs(1);

/// Copying a decision's figures takes as long as deciding, and kube-scheduler's next call should not share the CPU with
/// it. In a burst most drafts are forgotten for newer ones before anybody copied them; until then each keeps alive the
/// nodes that have changed since.
const SETTLE_AFTER: Duration = Duration::from_secs(1);

/// How often the certificate files are looked at: a renewal is due days before the old one ends.
const CERTIFICATE_POLL: Duration = Duration::from_secs(30);

/// Room for a request of 5,000 names in one HTTP/2 window, so that it does not wait for the window to be opened.
const HTTP2_WINDOW_BYTES: u32 = 1 << 20;

/// Why gpulse cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A port stopped by itself.
    #[error("the {port} port failed: {source}")]
    Port {
        /// `server` or `admin`.
        port: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// Both ports, bound but not yet served: clients can connect and will be answered once [`Bound::serve`] runs.
pub struct Bound {
    config: ExtenderConfig,
    extender: TcpListener,
    admin: TcpListener,
    tls: Option<Tls>,
    certificate_poll: Duration,
}

impl Bound {
    /// Reads the certificates and binds both ports. Port 0 takes any free port.
    ///
    /// # Errors
    /// Where a certificate cannot be used or an address cannot be bound.
    pub fn bind(config: &ExtenderConfig, admin: &AdminConfig) -> Result<Self, ServeError> {
        Ok(Self {
            tls: config.tls.as_ref().map(Tls::read).transpose()?,
            extender: port::bind("server.address", config.listen_address())?,
            admin: port::bind("admin.address", admin.address.0)?,
            config: config.clone(),
            certificate_poll: CERTIFICATE_POLL,
        })
    }

    /// Looks at the certificate files this often and not every 30 s.
    #[must_use]
    pub fn certificate_poll(self, every: Duration) -> Self {
        Self { certificate_poll: every, ..self }
    }

    /// Where the extender port really listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn extender_address(&self) -> io::Result<SocketAddr> {
        self.extender.local_addr()
    }

    /// Where the admin port really listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// Serves both ports until `shutdown` resolves. Then `/readyz` says no, nothing more is accepted on the extender
    /// port, running requests finish (for 10 s at most), and the admin port goes last.
    ///
    /// # Errors
    /// Where a port fails by itself.
    pub async fn serve(
        self,
        extender: Arc<Extender>,
        admin: Arc<Admin>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let routes = router(extender.clone(), &self.config);
        let (handle, admin_handle) = (Handle::new(), Handle::new());
        let live = self.tls.as_ref().map(Tls::live);
        let port = |port| move |source| ServeError::Port { port, source };
        let mut serving = std::pin::pin!(async {
            let server = server(self.extender, handle.clone()).map_err(port("server"))?;
            let served = match live {
                Some(live) => serve_tls(server, live, routes).await,
                None => server.serve(routes.into_make_service()).await,
            };
            served.map_err(port("server"))
        });
        let mut serving_admin = std::pin::pin!(async {
            let server = server(self.admin, admin_handle.clone()).map_err(port("admin"))?;
            server.serve(admin_router(admin.clone()).into_make_service()).await.map_err(port("admin"))
        });
        tokio::select! {
            served = &mut serving => return served,
            served = &mut serving_admin => return served,
            never = follow(self.tls, self.certificate_poll) => match never {},
            never = settle(&extender) => match never {},
            () = shutdown => tracing::info!("draining: running requests finish, new ones are not accepted"),
        }
        admin.drain();
        handle.graceful_shutdown(Some(DRAIN));
        tokio::select! {
            served = &mut serving => served?,
            served = &mut serving_admin => return served,
        }
        admin_handle.graceful_shutdown(Some(ADMIN_DRAIN));
        serving_admin.await
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("extender", &self.extender)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

fn server(listener: TcpListener, handle: Handle<SocketAddr>) -> io::Result<PlainServer> {
    let mut server = port::server(listener, handle)?;
    server.http_builder().http2().initial_stream_window_size(HTTP2_WINDOW_BYTES);
    Ok(server)
}

async fn serve_tls(server: PlainServer, live: RustlsConfig, routes: Router) -> io::Result<()> {
    let server = server.map(|plain| RustlsAcceptor::new(live).acceptor(plain));
    server.serve(routes.into_make_service()).await
}

/// Settles drafts of decisions for ever, a little after the requests they belong to.
async fn settle(extender: &Arc<Extender>) -> Infallible {
    loop {
        extender.decisions().drafted().await;
        tokio::time::sleep(SETTLE_AFTER).await;
        let extender = extender.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || extender.decisions().settle()).await {
            tracing::error!(%error, "decisions could not be settled; please report it");
        }
    }
}

/// Follows the certificate files for ever.
async fn follow(tls: Option<Tls>, every: Duration) -> Infallible {
    let Some(mut tls) = tls else { return std::future::pending().await };
    loop {
        tokio::time::sleep(every).await;
        match tls.refresh() {
            Ok(true) => tracing::info!("new certificates are in use"),
            Ok(false) => (),
            Err(error) => tracing::warn!(%error, "new certificates are bad; the old ones stay in use"),
        }
    }
}
