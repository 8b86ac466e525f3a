//! Free TCP ports on loopback.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};

/// Below the range from which Linux takes the source ports of outgoing connections (32768 and up), so that a server
/// that is stopped for a while finds its port free when it comes back.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port on 127.0.0.1 that nobody listens on. Two test processes begin at different places of the range, and one
/// process never gets the same port twice.
///
/// # Errors
/// Where the whole range is in use.
pub fn free() -> Result<u16> {
    let start = (std::process::id().wrapping_mul(97) % u32::from(COUNT)) as u16;
    (0..COUNT)
        .map(|_| FIRST + (start + TAKEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("no free port on 127.0.0.1 from {FIRST} to {}", FIRST + COUNT - 1))
}
