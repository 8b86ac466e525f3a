//! etcd and kube-apiserver.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Client;

use crate::api::Api;
use crate::binaries::Binaries;
use crate::process::Process;
use crate::scheduler::{Scheduler, SchedulerConfig};
use crate::scratch::Scratch;
use crate::{http, ports};

const READY_WITHIN: Duration = Duration::from_secs(90);
const ADMIN_TOKEN: &str = "admin-token";

/// Who may do what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Everyone with a token everything.
    #[default]
    AlwaysAllow,
    /// As in a real cluster. The admin token still may do everything.
    Rbac,
}

/// A Kubernetes API without kubelets and controllers: nodes and pods are objects that tests make (see
/// [`crate::objects`]); a bound pod stays Pending until its status is patched, or a [`crate::Node`] runs it.
#[derive(Debug)]
pub struct ControlPlane {
    // Fields drop in this order: processes before the directory they write to.
    api_server: Option<Process>,
    _etcd: Process,
    api: Api,
    launch: Launch,
    binaries: Binaries,
    schedulers: u32,
    scratch: Scratch,
}

/// All that the API server is started with, so that it can be started again.
#[derive(Debug)]
struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    ready_url: String,
    client: Client,
    log: PathBuf,
}

impl ControlPlane {
    /// Builds the programs where needed, starts etcd and the API server and waits until they are ready.
    ///
    /// # Errors
    /// Where a program cannot be built or started, or is not ready in time.
    pub async fn start(authorization: Authorization) -> Result<Self> {
        let binaries = tokio::task::spawn_blocking(Binaries::ensure).await??;
        let scratch = Scratch::new("control-plane")?;
        let (etcd, etcd_url) = start_etcd(&binaries, &scratch).await?;
        let port = ports::free()?;
        let server = format!("https://127.0.0.1:{port}");
        let mut launch = Launch {
            program: binaries.path("kube-apiserver"),
            arguments: arguments(&scratch, authorization, &etcd_url, port)?,
            ready_url: format!("{server}/readyz"),
            client: http::client()?,
            log: scratch.join("kube-apiserver.log"),
        };
        let api_server = launch.run().await?;
        let certificate = scratch.join("certificates/apiserver.crt");
        let pem = std::fs::read(&certificate)
            .with_context(|| format!("cannot read the API server's certificate {}", certificate.display()))?;
        launch.client = http::client_trusting(&pem)?;
        let api = Api::new(launch.client.clone(), &server, ADMIN_TOKEN);
        let control_plane =
            Self { api_server: Some(api_server), _etcd: etcd, api, launch, binaries, schedulers: 0, scratch };
        control_plane.write_kubeconfig("admin.kubeconfig", &server, ADMIN_TOKEN)?;
        Ok(control_plane)
    }

    /// The API as its administrator.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The administrator's kubeconfig file.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.scratch.join("admin.kubeconfig")
    }

    /// A kubeconfig file for a service account's own token.
    ///
    /// # Errors
    /// Where there is no such service account.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let token = self.api.service_account_token(namespace, name).await?;
        let server = self.launch.ready_url.trim_end_matches("/readyz");
        self.write_kubeconfig(&format!("{namespace}.{name}.kubeconfig"), server, &token)
    }

    /// The programs that it is made of.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Where the logs and the data are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Starts a scheduler, as the administrator, with a configuration of which only the kubeconfig is replaced, and
    /// leader election turned off: a scheduler that loses its lease, for instance while the API server is away, ends
    /// itself and waits to be started again.
    ///
    /// # Errors
    /// Where it is not ready in time, for instance because it refuses its configuration.
    pub async fn start_scheduler(&mut self, config: SchedulerConfig) -> Result<Scheduler> {
        let kubeconfig = self.kubeconfig();
        self.start_scheduler_as(config.with("leaderElection", "leaderElect", false), &kubeconfig).await
    }

    /// Starts a scheduler with a kubeconfig of the caller's choice; nothing else in the configuration is replaced.
    ///
    /// # Errors
    /// Where it is not ready in time.
    pub async fn start_scheduler_as(
        &mut self,
        config: SchedulerConfig,
        kubeconfig: &Path,
    ) -> Result<Scheduler> {
        self.schedulers += 1;
        let name = format!("kube-scheduler-{}", self.schedulers);
        let program = self.binaries.path("kube-scheduler");
        Scheduler::start(&name, &program, config, kubeconfig, &self.scratch).await
    }

    /// Kills the API server. Its data stay in etcd.
    pub fn stop_api_server(&mut self) {
        self.api_server = None;
    }

    /// Starts the API server again, on the same port, with the same certificate and data.
    ///
    /// # Errors
    /// Where it is not ready in time.
    pub async fn start_api_server(&mut self) -> Result<()> {
        self.stop_api_server();
        self.api_server = Some(self.launch.run().await?);
        Ok(())
    }

    fn write_kubeconfig(&self, name: &str, server: &str, token: &str) -> Result<PathBuf> {
        let certificate = self.scratch.join("certificates/apiserver.crt");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: testbed\n\
             clusters:\n- name: testbed\n  cluster:\n    server: {server}\n    certificate-authority: {}\n\
             users:\n- name: user\n  user:\n    token: {token}\n\
             contexts:\n- name: testbed\n  context: {{cluster: testbed, user: user}}\n",
            certificate.display()
        );
        self.scratch.write(name, &text)
    }
}

impl Launch {
    async fn run(&self) -> Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        let mut process = Process::start("kube-apiserver", command, &self.log)?;
        let ready = async || {
            let answer = self.client.get(&self.ready_url).bearer_auth(ADMIN_TOKEN).send().await;
            matches!(answer, Ok(response) if response.status() == 200)
        };
        process.wait_until(READY_WITHIN, ready).await?;
        Ok(process)
    }
}

async fn start_etcd(binaries: &Binaries, scratch: &Scratch) -> Result<(Process, String)> {
    let url = format!("http://127.0.0.1:{}", ports::free()?);
    let peer = format!("http://127.0.0.1:{}", ports::free()?);
    let mut command = Command::new(binaries.path("etcd"));
    command
        .args(["--name=n0", "--log-level=warn", "--unsafe-no-fsync"])
        .arg(format!("--data-dir={}", scratch.join("etcd").display()))
        .args([format!("--listen-client-urls={url}"), format!("--advertise-client-urls={url}")])
        .args([format!("--listen-peer-urls={peer}"), format!("--initial-advertise-peer-urls={peer}")])
        .arg(format!("--initial-cluster=n0={peer}"));
    let mut process = Process::start("etcd", command, &scratch.join("etcd.log"))?;
    let (client, health) = (http::client()?, format!("{url}/readyz"));
    process.wait_until(READY_WITHIN, async || http::answers_ok(&client, &health).await).await?;
    Ok((process, url))
}

/// The API server's flags.
///
/// Off are the two admission plugins that only make sense with the controllers that undo their work: one demands a
/// default service account in every namespace, the other taints new nodes until a controller sees them ready.
fn arguments(
    scratch: &Scratch,
    authorization: Authorization,
    etcd_url: &str,
    port: u16,
) -> Result<Vec<String>> {
    let key = rcgen::KeyPair::generate().context("cannot make the service accounts' signing key")?;
    let public_key = scratch.write("service-accounts.pub", &key.public_key_pem())?;
    let key = scratch.write("service-accounts.key", &key.serialize_pem())?;
    let tokens = scratch.write("tokens.csv", &format!("{ADMIN_TOKEN},admin,1,\"system:masters\"\n"))?;
    let authorization = match authorization {
        Authorization::AlwaysAllow => "AlwaysAllow",
        Authorization::Rbac => "RBAC",
    };
    let mut arguments: Vec<String> = [
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    ]
    .map(str::to_owned)
    .into();
    arguments.extend([
        format!("--etcd-servers={etcd_url}"),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", scratch.join("certificates").display()),
        format!("--service-account-key-file={}", public_key.display()),
        format!("--service-account-signing-key-file={}", key.display()),
        format!("--authorization-mode={authorization}"),
        format!("--token-auth-file={}", tokens.display()),
    ]);
    Ok(arguments)
}
