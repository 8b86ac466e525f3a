//! A port on the network: bound, served, drained. What the servers of this program have in common.

use std::io;
use std::net::{SocketAddr, TcpListener};

use axum_server::accept::NoDelayAcceptor;
use axum_server::{Handle, Server};

/// A server without TLS.
pub(crate) type PlainServer = Server<SocketAddr, NoDelayAcceptor>;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{field}: cannot listen on {address}: {source}; choose another address, or stop what listens there")]
pub struct BindError {
    /// The configuration's key, or the flag.
    field: &'static str,
    /// The address.
    address: SocketAddr,
    /// What the system says.
    source: io::Error,
}

/// Binds an address. Port 0 takes any free port.
pub(crate) fn bind(field: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|source| BindError { field, address, source })
}

/// No timer is given to hyper, so that no header timeout closes a connection that a client keeps idle.
pub(crate) fn server(listener: TcpListener, handle: Handle<SocketAddr>) -> io::Result<PlainServer> {
    // A reply's last packet must not wait for the one before it to be acknowledged.
    Ok(axum_server::from_tcp(listener)?.handle(handle).acceptor(NoDelayAcceptor::new()))
}
