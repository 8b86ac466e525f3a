//! Where gpulse listens, as configuration says it.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The section `server`: the port that kube-scheduler calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExtenderConfig {
    /// The address to listen on, as IP:PORT. Default: 0.0.0.0:8443 with `tls`, 0.0.0.0:8080 without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<ListenAddress>,
    /// Serve HTTPS. Without it the port speaks plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// The largest request body in bytes. 5,000 full nodes (nodeCacheCapable: false) are 85 MB.
    pub max_body_bytes: NonZeroU64,
}

impl Default for ExtenderConfig {
    fn default() -> Self {
        Self { address: None, tls: None, max_body_bytes: DEFAULT_MAX_BODY_BYTES }
    }
}

const DEFAULT_MAX_BODY_BYTES: NonZeroU64 = NonZeroU64::new(128 << 20).expect("128 MiB is not zero");

impl ExtenderConfig {
    /// The address to listen on, the default for the chosen protocol included.
    #[must_use]
    pub fn listen_address(&self) -> SocketAddr {
        let default = if self.tls.is_some() { 8443 } else { 8080 };
        self.address.map_or(any_interface(default), |address| address.0)
    }
}

/// The certificates of the extender port. The files are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsConfig {
    /// The PEM file with the server's certificate and its chain.
    pub cert_file: PathBuf,
    /// The PEM file with the certificate's private key.
    pub key_file: PathBuf,
    /// The PEM file with the authorities of client certificates. If set, a client must show one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
}

/// The section `admin`: health, metrics and explanations, always plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AdminConfig {
    /// The address to listen on, as IP:PORT.
    pub address: ListenAddress,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { address: ListenAddress(any_interface(9090)) }
    }
}

fn any_interface(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// An IP address and a port: `0.0.0.0:8080`, `[::]:8080`, or `:8080` for every IPv4 interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = text.strip_prefix(':').and_then(|port| port.parse().ok()).map(any_interface);
        port.or_else(|| text.parse().ok()).map(Self).ok_or_else(|| {
            format!("expected IP:PORT such as 0.0.0.0:8080, [::]:8080 or :8080, found {text:?}")
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ListenAddress {
    fn schema_name() -> Cow<'static, str> {
        "ListenAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An IP address and a port: 0.0.0.0:8080, [::]:8080, or :8080 for every IPv4 interface",
            "pattern": "^(\\[[0-9a-fA-F:.]+\\]|[0-9.]*):[0-9]{1,5}$",
        })
    }
}
