//! How the API server is reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::WATCH_TIMEOUT;

/// How the API server is reached. With nothing set: by the pod's service account inside a cluster, else by the default
/// kubeconfig (`$KUBECONFIG`, `~/.kube/config`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KubernetesConfig {
    /// Path of a kubeconfig file to use, even inside a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use instead of its current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// How messages call the file that `$KUBECONFIG` or the home folder gives.
const DEFAULT: &str = "(default)";

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The kubeconfig cannot be read or is not right.
    #[error("kubeconfig {}: {source}; set cluster.source.kubernetes.kubeconfig to a file that kubectl accepts", path.display())]
    Kubeconfig {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<KubeconfigError>,
    },
    /// The kubeconfig has no such context.
    #[error("kubeconfig {}: expected a context named {context:?}, found {}", path.display(), names(known))]
    Context {
        /// Which file.
        path: PathBuf,
        /// The context asked for.
        context: String,
        /// The contexts that there are.
        known: Vec<String>,
    },
    /// Neither a service account nor a kubeconfig.
    #[error(
        "no way to the API server: not in a cluster ({in_cluster}), no kubeconfig ({kubeconfig}); \
         set cluster.source.kubernetes.kubeconfig"
    )]
    Nowhere {
        /// Why the service account did not serve.
        in_cluster: Box<InClusterError>,
        /// Why the default kubeconfig did not serve.
        kubeconfig: Box<KubeconfigError>,
    },
    /// The way is known, but no client can be made for it (a certificate or token that cannot be read, a proxy).
    #[error("cannot make a client for the API server: {0}")]
    Client(#[source] Box<kube::Error>),
}

fn names(contexts: &[String]) -> String {
    if contexts.is_empty() { "no contexts".to_owned() } else { contexts.join(", ") }
}

/// Makes a client. Sends nothing yet, so an API server that is down is no error here.
///
/// TLS is rustls with ring: the process's default provider where one is installed, else the one compiled in. Tokens
/// and the cluster's CA are read again by kube when their files change.
///
/// # Errors
/// Names the file, the context or the setting that does not serve, and what to set.
pub async fn connect(config: &KubernetesConfig) -> Result<Client, CacheError> {
    let mut config = resolve(config).await?;
    config.connect_timeout = Some(Duration::from_secs(5));
    // A server that accepts and then says nothing must not hold a list or the start of a watch for ever. Watches end
    // by themselves before this.
    config.read_timeout = Some(WATCH_TIMEOUT + Duration::from_secs(10));
    config.reset_reader_on_write = true;
    // The watches retry themselves, and their failures must show.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| CacheError::Client(Box::new(error)))
}

async fn resolve(config: &KubernetesConfig) -> Result<Config, CacheError> {
    let options = KubeConfigOptions { context: config.context.clone(), ..KubeConfigOptions::default() };
    if let Some(path) = &config.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(|source| unusable(path, source))?;
        return from_file(path, kubeconfig, &options).await;
    }
    let in_cluster = match (Config::incluster(), &config.context) {
        (Ok(config), None) => return Ok(config),
        (in_cluster, _) => in_cluster.err(),
    };
    match (Kubeconfig::read(), in_cluster) {
        (Ok(kubeconfig), _) => from_file(Path::new(DEFAULT), kubeconfig, &options).await,
        (Err(source), None) => Err(unusable(Path::new(DEFAULT), source)),
        (Err(kubeconfig), Some(in_cluster)) => {
            Err(CacheError::Nowhere { in_cluster: Box::new(in_cluster), kubeconfig: Box::new(kubeconfig) })
        }
    }
}

async fn from_file(
    path: &Path,
    kubeconfig: Kubeconfig,
    options: &KubeConfigOptions,
) -> Result<Config, CacheError> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    Config::from_custom_kubeconfig(kubeconfig, options).await.map_err(|error| match error {
        KubeconfigError::LoadContext(context) if !known.contains(&context) => {
            CacheError::Context { path: path.to_owned(), context, known }
        }
        source => unusable(path, source),
    })
}

fn unusable(path: &Path, source: KubeconfigError) -> CacheError {
    CacheError::Kubeconfig { path: path.to_owned(), source: Box::new(source) }
}
