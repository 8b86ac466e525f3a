//! `gpulse serve`: configuration becomes running rooms.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tracing::info;

use super::Finding;
use super::logs::LogArguments;
use super::vitals::Rooms;
use crate::cache::{self, CacheHandle};
use crate::clock;
use crate::cluster::{Board, Samples, Snapshot};
use crate::config::{ClusterSource, GpulseConfiguration, Settings};
use crate::extender::{Admin, Bound, Extender, ListenAddress, NamespaceDefault, Picture, Profiles};
use crate::telemetry::{self, TelemetryHandle, TelemetrySource};

/// Run the extender that kube-scheduler asks.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file; `gpulse config schema` says what it may contain.
    #[arg(long, value_name = "FILE", env = "GPULSE_CONFIG")]
    config: PathBuf,
    /// Listen here for kube-scheduler, whatever `server.address` says.
    #[arg(long, value_name = "IP:PORT")]
    server_address: Option<ListenAddress>,
    /// Listen here for probes, Prometheus and people, whatever `admin.address` says.
    #[arg(long, value_name = "IP:PORT")]
    admin_address: Option<ListenAddress>,
    #[command(flatten)]
    logs: LogArguments,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    let settings = settings(&arguments)?;
    arguments.logs.start()?;
    let bound = Bound::bind(&settings.file.server, &settings.file.admin)?;
    announce(&arguments.config, &settings, &bound)?;
    let stop = super::stop_signal()?;
    let feeds = Feeds::start(&settings).await?;
    let namespaces = feeds.namespace_default();
    let profiles = Profiles::new(settings.profiles, namespaces)?;
    let extender = Arc::new(Extender::new(feeds.rooms.picture.clone(), settings.reader, profiles));
    let admin = Arc::new(Admin::new(extender.clone(), Arc::new(feeds.rooms.clone()), feeds.rooms.checks()));
    tokio::select! {
        served = bound.serve(extender, admin, stop) => served?,
        stopped = feeds.stopped() => return Err(stopped.into()),
        () = report_modes(&feeds.rooms) => (),
    }
    info!("stopped");
    Ok(Finding::Good)
}

/// The file, with what the command line says above it.
fn settings(arguments: &Arguments) -> anyhow::Result<Settings> {
    let mut configuration = GpulseConfiguration::load(&arguments.config)?;
    if let Some(address) = arguments.server_address {
        configuration.server.address = Some(address);
    }
    if let Some(address) = arguments.admin_address {
        configuration.admin.address = address;
    }
    Ok(configuration.resolve(&arguments.config.display().to_string())?)
}

fn announce(path: &Path, settings: &Settings, bound: &Bound) -> anyhow::Result<()> {
    let profile = |profile: &crate::placement::Profile| {
        format!("{}: {}, {} by utilization", profile.name, profile.strategy.name, profile.utilization.weight)
    };
    info!(
        version = env!("CARGO_PKG_VERSION"),
        config = %path.display(),
        server = %bound.extender_address()?,
        tls = settings.file.server.tls.is_some(),
        admin = %bound.admin_address()?,
        cluster = match &settings.file.cluster.source {
            ClusterSource::Kubernetes(_) => "kubernetes",
            ClusterSource::File(_) => "file",
        },
        telemetry = match &settings.file.telemetry.source {
            TelemetrySource::None => "none",
            TelemetrySource::Prometheus(_) => "prometheus",
            TelemetrySource::File(_) => "file",
        },
        profiles = settings.profiles.iter().map(profile).collect::<Vec<_>>().join("; "),
        "starting"
    );
    Ok(())
}

/// What brings nodes, pods and measurements.
struct Feeds {
    rooms: Rooms,
    cache: Option<CacheHandle>,
    _telemetry: Option<TelemetryHandle>,
}

impl Feeds {
    async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let file = &settings.file;
        let board = Arc::new(Board::new(file.telemetry.freshness.policy()));
        let measures = file.telemetry.source != TelemetrySource::None;
        let (cache, picture): (_, Picture) = match &file.cluster.source {
            ClusterSource::Kubernetes(config) => {
                let client = cache::connect(config).await?;
                let cache = cache::start(client, settings.reader.clone(), board.clone());
                (Some(cache), live_picture(&board))
            }
            ClusterSource::File(source) => {
                let saved = load(&source.path)?;
                show(&board, &saved, !measures);
                (None, if measures { live_picture(&board) } else { still_picture(&board, &saved) })
            }
        };
        // Without a source of its own, what a saved snapshot measured stands.
        let telemetry = match measures || cache.is_some() {
            true => Some(telemetry::start(file.telemetry.clone(), board)?),
            false => None,
        };
        let rooms = Rooms {
            picture,
            cache: cache.as_ref().map(CacheHandle::changes),
            telemetry: telemetry.as_ref().map(TelemetryHandle::watch),
        };
        Ok(Self { rooms, cache, _telemetry: telemetry })
    }

    fn namespace_default(&self) -> NamespaceDefault {
        match &self.cache {
            None => Arc::new(|_| None),
            Some(cache) => {
                let profiles = cache.profiles();
                Arc::new(move |namespace| profiles.load().get(namespace).cloned())
            }
        }
    }

    /// Waits until a feed ends by a defect: to go on would mean to decide from a dead picture.
    async fn stopped(&self) -> cache::Stopped {
        match &self.cache {
            Some(cache) => cache.stopped().await,
            None => std::future::pending().await,
        }
    }
}

fn load(path: &Path) -> anyhow::Result<Snapshot> {
    let name = || format!("cluster.source.file.path: {}", path.display());
    let file = File::open(path).with_context(name)?;
    Snapshot::load(BufReader::new(file)).with_context(name)
}

/// Puts a saved snapshot on the board.
fn show(board: &Board, saved: &Snapshot, with_measurements: bool) {
    board.update(|assembly| {
        for node in saved.nodes() {
            assembly.apply_node(node.facts().clone());
            node.pods().iter().for_each(|pod| assembly.apply_pod((**pod).clone()));
        }
        if with_measurements {
            let samples = saved.nodes().map(|node| (node.name().clone(), node.gpus().into()));
            assembly.apply_samples(samples.collect::<Samples>());
        }
    });
}

fn live_picture(board: &Arc<Board>) -> Picture {
    let board = board.clone();
    Arc::new(move || board.snapshot(clock::now()))
}

/// The time of a saved snapshot stands still: its measurements stay as old as they were.
fn still_picture(board: &Arc<Board>, saved: &Snapshot) -> Picture {
    let (board, as_of) = (board.clone(), saved.as_of);
    Arc::new(move || board.snapshot(as_of))
}

/// How often it is looked whether decisions still use live utilization: samples age without any event.
const MODE_INTERVAL: Duration = Duration::from_secs(5);

/// Writes a line whenever decisions begin or cease to use live utilization. Never ends.
async fn report_modes(rooms: &Rooms) {
    let mut ticks = tokio::time::interval(MODE_INTERVAL);
    let mut last = None;
    loop {
        ticks.tick().await;
        let mode = rooms.mode();
        if last.replace(mode) != Some(mode) {
            info!(mode = mode.name(), "use of live utilization in decisions");
        }
    }
}
