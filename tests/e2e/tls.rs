//! HTTPS between the real kube-scheduler and gpulse, by the words of `deploy/README.md`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use testbed::objects::gpu_pod;
use testbed::scratch::Scratch;
use testbed::{NodeScenario, eventually, repository};

use crate::world::{SOON, Telemetry, World, node_of};

/// Where the README mounts gpulse's certificate, and the scheduler's.
const SERVER_MOUNT: &str = "/etc/gpulse-tls";
const CLIENT_MOUNT: &str = "/etc/gpulse-client";
/// The name that the README wants in gpulse's certificate, and the address that it has by it.
const NAME: &str = "gpulse.gpulse-system.svc";
const ADDRESS: &str = "gpulse.gpulse-system.svc:8443";

/// Who signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Fills a folder as a Secret of type `kubernetes.io/tls` does: a certificate of ours, its key, and the authority
    /// that its holder trusts.
    fn issue(&self, folder: &Path, trusted: &Self) -> Result<()> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([NAME.to_owned()])?.signed_by(&key, &self.0)?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("tls.key"), key.serialize_pem())?;
        std::fs::write(folder.join("tls.crt"), certificate.pem())?;
        Ok(std::fs::write(folder.join("ca.crt"), trusted.0.pem())?)
    }
}

/// A YAML block of the README's section on TLS, with its paths and its address replaced by ours.
fn handbook(block: usize, ours: &[(&str, &str)]) -> Result<Value> {
    let text = std::fs::read_to_string(repository().join("deploy/README.md"))?;
    let (_, section) = text.split_once("\n## TLS\n").context("deploy/README.md has no section TLS")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    let found = section.split("```yaml\n").nth(block + 1).and_then(|rest| rest.split_once("```"));
    let (yaml, _) = found.with_context(|| format!("no YAML block {block} in the section TLS"))?;
    let replaced = ours.iter().try_fold(yaml.to_owned(), |yaml, (theirs, ours)| {
        ensure!(yaml.contains(theirs), "expected {theirs} in {yaml}");
        Ok(yaml.replace(theirs, ours))
    });
    serde_saphyr::from_str(&replaced?).context("a YAML block of the section TLS")
}

/// The extender's entry for a scheduler whose files are in this folder.
fn extender(world: &World, files: &Path) -> Result<Value> {
    let (address, files) = (world.gpulse.extender_address().to_string(), files.display().to_string());
    let mut entries = handbook(1, &[(ADDRESS, &address), (CLIENT_MOUNT, &files)])?;
    Ok(entries[0].take())
}

/// Waits until an event of the pod says that it cannot be scheduled, and why. It has no node then.
async fn waits_because(world: &World, pod: &str, why: &str) -> Result<()> {
    let path = format!("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name={pod}");
    eventually(SOON, &format!("an event of {pod} says {why:?}"), async || {
        let events = world.api().list(&path).await?;
        let said = events.iter().filter(|event| event["reason"] == "FailedScheduling");
        let said: Vec<_> = said.filter_map(|event| event["message"].as_str()).collect();
        ensure!(said.iter().any(|text| text.contains(why)), "found {said:?}");
        Ok(Some(()))
    })
    .await?;
    let node = node_of(&world.pod(pod).await?);
    ensure!(node.is_none(), "expected {pod} to wait, found it on {node:?}");
    Ok(())
}

/// Waits until each of these pods is placed on the node `idle`.
async fn all_are_on_idle(world: &World, pods: &[&str]) -> Result<()> {
    for pod in pods {
        let placed = async || Ok(node_of(&world.pod(pod).await?));
        let node = eventually(SOON, &format!("pod {pod} has a node"), placed).await?;
        assert_eq!(node, "idle", "{pod}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_both_sides_are_checked_and_a_new_certificate_is_taken_up() -> Result<()> {
    let scratch = Scratch::new("certificates")?;
    let folder = |name: &str| -> PathBuf { scratch.join(name) };
    let (servers, clients) = (Authority::new("servers")?, Authority::new("clients")?);
    servers.issue(&folder("server"), &clients)?;
    clients.issue(&folder("client"), &servers)?;
    Authority::new("strangers")?.issue(&folder("stranger"), &servers)?;

    let files = folder("server").display().to_string();
    let server = handbook(0, &[(SERVER_MOUNT, &files)])?;
    let nodes = [("busy", 90.0), ("half", 60.0), ("idle", 2.0)];
    let nodes = nodes.into_iter().map(|(name, load)| NodeScenario::new(name, 8).utilization(load));
    let mut world = World::start_with_tls(nodes, Telemetry::Prometheus, &server["server"]["tls"]).await?;
    for (node, load) in [("busy", 90), ("half", 60), ("idle", 2)] {
        world.measured(node, load).await?;
    }

    let ours = extender(&world, &folder("client"))?;
    world.schedule_with(&ours).await?;
    assert_eq!(world.place_each("trusted", 3).await?, ["idle"; 3], "placed by measurement, over HTTPS");

    // A scheduler without a certificate, or with a stranger's, is not answered.
    let mut nameless = ours.clone();
    let tls = nameless["tlsConfig"].as_object_mut().context("the README's entry has a tlsConfig")?;
    tls.retain(|key, _| !["certFile", "keyFile"].contains(&key.as_str()));
    world.schedule_with(&nameless).await?;
    world.create(gpu_pod("nameless").gpus(1)).await?;
    waits_because(&world, "nameless", "tls: certificate required").await?;
    let stranger = extender(&world, &folder("stranger"))?;
    world.schedule_with(&stranger).await?;
    world.create(gpu_pod("stranger").gpus(1)).await?;
    waits_because(&world, "stranger", "tls: unknown certificate authority").await?;
    world.schedule_with(&ours).await?;
    all_are_on_idle(&world, &["nameless", "stranger"]).await?;

    // gpulse gets a certificate of another authority: who trusts only the old one is warned, who trusts the new is not.
    let renewed = Authority::new("renewed servers")?;
    renewed.issue(&folder("server"), &clients)?;
    clients.issue(&folder("renewed client"), &renewed)?;
    eventually(SOON, "gpulse has taken up the new certificate", async || {
        let log = std::fs::read_to_string(world.gpulse.log())?;
        Ok(log.contains("new certificates are in use").then_some(()))
    })
    .await?;
    world.schedule_with(&ours).await?;
    world.create(gpu_pod("outdated").gpus(1)).await?;
    waits_because(&world, "outdated", "x509: certificate signed by unknown authority").await?;
    let renewed = extender(&world, &folder("renewed client"))?;
    world.schedule_with(&renewed).await?;
    all_are_on_idle(&world, &["outdated"]).await
}
