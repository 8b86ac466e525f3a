//! One copy of the cluster with its server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::recording::Recording;
use super::report::{Arrival, Landing};
use super::scheduler::{Outcome, Scheduler};
use super::workload::Request;
use super::world::{RECORDED_AT, World};
use crate::cli::client::{AdminPort, Answer};
use crate::cli::vitals::Rooms;
use crate::cluster::kubernetes::Reader;
use crate::extender::{
    Admin, AdminConfig, Bound, ExplainReply, Extender, ExtenderConfig, ListenAddress, Picture, Profiles,
    ServeError,
};
use crate::placement::{NodeExplanation, Profile};

/// A cluster, the server that decides for it, and the scheduler that asks.
pub(super) struct Copy {
    pub(super) world: World,
    pub(super) server_url: String,
    pub(super) admin_url: String,
    scheduler: Scheduler,
    admin: AdminPort,
    node_names: Vec<String>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

/// Which ports to listen on.
#[derive(Debug, Clone, std::marker::Copy, PartialEq, Eq)]
pub(super) enum Ports {
    /// Any that are free.
    Any,
    /// 8080 and 9090, as in production, where both are free.
    UsualIfFree,
}

impl Copy {
    /// Starts the server on loopback.
    pub(super) fn start(
        recording: &Arc<Recording>,
        profiles: impl IntoIterator<Item = Profile>,
        ports: Ports,
    ) -> anyhow::Result<Self> {
        let world = World::new(recording)?;
        let bound = bind(ports)?;
        let server_url = format!("http://{}", bound.extender_address()?);
        let admin_url = format!("http://{}", bound.admin_address()?);
        let board = world.board.clone();
        let picture: Picture = Arc::new(move || board.snapshot(RECORDED_AT));
        let profiles = Profiles::new(profiles, Arc::new(|_| None))?;
        let extender = Arc::new(Extender::new(picture.clone(), Reader::default(), profiles));
        let rooms = Rooms { picture, cache: None, telemetry: None };
        let admin = Arc::new(Admin::new(extender.clone(), Arc::new(rooms.clone()), rooms.checks()));
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // A sender that is gone means the same as one that spoke.
            let _ = stopped.await;
        };
        Ok(Self {
            scheduler: Scheduler::new(client()?, server_url.clone()),
            admin: AdminPort::at(&admin_url)?,
            node_names: world.nodes.iter().map(|node| node.facts.name.clone()).collect(),
            serving: tokio::spawn(bound.serve(extender, admin, shutdown)),
            world,
            server_url,
            admin_url,
            stop,
        })
    }

    /// Places a pod and binds it.
    pub(super) async fn take(&mut self, request: &Request, recording: &Recording) -> anyhow::Result<Landing> {
        match self.scheduler.place(request, &self.node_names, recording).await? {
            Outcome::Bound { node, points } => {
                let found = self.world.bind(request, &node)?;
                Ok(Landing::Placed { node, points, found })
            }
            Outcome::Refused(reasons) => Ok(Landing::Refused { reasons }),
        }
    }

    /// What this server thought of the node that the other chose, where the two differ and it had room here too.
    pub(super) async fn view_of_others_choice(
        &self,
        arrival: &Arrival,
    ) -> anyhow::Result<Option<NodeExplanation>> {
        let (Landing::Placed { node: ours, .. }, Landing::Placed { node: theirs, .. }) =
            (&arrival.with, &arrival.without)
        else {
            return Ok(None);
        };
        if ours == theirs {
            return Ok(None);
        }
        let pod = arrival.request.key().to_string();
        let Answer::Found(response) = self.admin.get("/v1/explain", &[("pod", &pod)]).await? else {
            return Ok(None);
        };
        let reply: ExplainReply = response.json().await?;
        let other = reply.explanation.nodes.into_iter().find(|node| node.node == *theirs);
        Ok(other.filter(|node| node.rejected.is_none()))
    }

    /// Stops the server and waits until it has gone.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        // Connections that are kept open would hold up the drain.
        drop((self.scheduler, self.admin));
        // Where nobody listens any more, the server has gone already, and says so next.
        let _ = self.stop.send(());
        Ok(self.serving.await.context("the demo's server")??)
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    // What is on loopback is not behind anybody's proxy.
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn bind(ports: Ports) -> anyhow::Result<Bound> {
    let at = |extender: u16, admin: u16| {
        let loopback = |port| ListenAddress(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let config = ExtenderConfig { address: Some(loopback(extender)), ..ExtenderConfig::default() };
        Bound::bind(&config, &AdminConfig { address: loopback(admin) })
    };
    if ports == Ports::UsualIfFree
        && let Ok(bound) = at(8080, 9090)
    {
        return Ok(bound);
    }
    Ok(at(0, 0)?)
}
