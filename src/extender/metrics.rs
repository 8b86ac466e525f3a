//! What gpulse counts and times, for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::answer::{Outcome, Verb};
use super::record::Draft;
use super::vitals::{TelemetryMode, Vitals};
use crate::placement::Reason;

/// The budget is 0.5 ms at 5,000 candidates, so the buckets are finest around it.
const SECONDS: [f64; 15] =
    [50e-6, 100e-6, 200e-6, 350e-6, 500e-6, 750e-6, 1e-3, 2e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];
const CANDIDATES: [f64; 9] = [1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0];

/// The strategy's label where a request never came to one.
const NO_STRATEGY: &str = "none";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    verb: &'static str,
    strategy: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    verb: &'static str,
    profile: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerbLabel {
    verb: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The counters and histograms of the extender port. Every label is of a closed set or of the configuration.
#[derive(Debug)]
pub(super) struct Metrics {
    duration: Family<RequestLabels, Histogram, fn() -> Histogram>,
    candidates: Family<VerbLabel, Histogram, fn() -> Histogram>,
    decisions: Family<DecisionLabels, Counter>,
    rejections: Family<ReasonLabel, Counter>,
    panics: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let rejections = Family::default();
        // A reason that never occurred reads as zero, so that a rate over it is never absent.
        Reason::ALL.iter().for_each(|reason| drop(rejections.get_or_create_owned(&label(*reason))));
        Self {
            duration: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            candidates: Family::new_with_constructor(|| Histogram::new(CANDIDATES)),
            decisions: Family::default(),
            rejections,
            panics: Counter::default(),
        }
    }
}

fn label(reason: Reason) -> ReasonLabel {
    ReasonLabel { reason: reason.name() }
}

impl Metrics {
    pub(super) fn decided(&self, decision: &Draft, outcome: Outcome) {
        let (verb, profile) = (decision.verb().name(), &decision.profile);
        self.time(
            RequestLabels { verb, strategy: profile.strategy.name, outcome: outcome.name() },
            decision.took,
        );
        self.candidates.get_or_create(&VerbLabel { verb }).observe(decision.candidates() as f64);
        self.decisions.get_or_create(&DecisionLabels { verb, profile: profile.name.as_ref().into() }).inc();
        let mut counts = [0_u64; Reason::ALL.len()];
        decision.refusals().for_each(|reason| counts[reason as usize] += 1);
        for (reason, count) in Reason::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
            self.rejections.get_or_create(&label(reason)).inc_by(count);
        }
    }

    pub(super) fn refused(&self, verb: Verb, took: Duration) {
        let outcome = Outcome::Error.name();
        self.time(RequestLabels { verb: verb.name(), strategy: NO_STRATEGY, outcome }, took);
    }

    pub(super) fn panicked(&self) {
        self.panics.inc();
    }

    fn time(&self, labels: RequestLabels, took: Duration) {
        self.duration.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Adds everything that gpulse says of itself to `registry`.
    pub(super) fn register(&self, registry: &mut Registry, vitals: Arc<dyn Vitals>) {
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("gpulse_build", "The version that runs", version);
        registry.register(
            "gpulse_request_duration_seconds",
            "Time from a request's bytes to its reply's bytes",
            self.duration.clone(),
        );
        registry.register("gpulse_candidates", "Nodes asked about in a request", self.candidates.clone());
        registry.register("gpulse_decisions", "Requests that were decided", self.decisions.clone());
        registry.register("gpulse_rejections", "Candidates that filter refused", self.rejections.clone());
        registry.register(
            "gpulse_panics",
            "Requests that ended in a panic, which is a bug",
            self.panics.clone(),
        );
        registry.register_collector(Box::new(VitalsCollector(vitals)));
    }
}

/// Asks the other rooms at each scrape.
struct VitalsCollector(Arc<dyn Vitals>);

impl fmt::Debug for VitalsCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VitalsCollector")
    }
}

impl Collector for VitalsCollector {
    fn encode(&self, mut to: DescriptorEncoder) -> Result<(), fmt::Error> {
        let telemetry = self.0.telemetry();
        let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
        gauge(
            &mut to,
            "gpulse_telemetry_refresh_age_seconds",
            "Time since the last refresh that succeeded",
            seconds(telemetry.refresh_age),
        )?;
        gauge(
            &mut to,
            "gpulse_telemetry_sample_age_seconds",
            "Age of the newest sample",
            seconds(telemetry.sample_age),
        )?;
        gauge(
            &mut to,
            "gpulse_telemetry_series",
            "Series that the last successful refresh read",
            Some(telemetry.series as f64),
        )?;
        gauge(
            &mut to,
            "gpulse_telemetry_join_ratio",
            "Share of the GPU nodes that have a sample",
            telemetry.join_rate,
        )?;
        counter(
            &mut to,
            "gpulse_telemetry_refreshes",
            "Refreshes that succeeded",
            telemetry.refreshes as f64,
        )?;
        counter(
            &mut to,
            "gpulse_telemetry_refresh_failures",
            "Refreshes that failed",
            telemetry.failed_refreshes as f64,
        )?;
        modes(&mut to, telemetry.mode)?;
        let cluster = self.0.cluster();
        gauge(
            &mut to,
            "gpulse_cluster_synced",
            "Whether nodes and pods were listed completely",
            Some(f64::from(u8::from(cluster.synced))),
        )?;
        gauge(&mut to, "gpulse_cluster_nodes", "Nodes in the snapshot", Some(cluster.nodes as f64))?;
        gauge(&mut to, "gpulse_cluster_pods", "Pods that take up room", Some(cluster.pods as f64))
    }
}

/// One series for each mode, 1 for the one that is on.
fn modes(to: &mut DescriptorEncoder<'_>, on: TelemetryMode) -> Result<(), fmt::Error> {
    let kind = ConstGauge::new(0_i64).metric_type();
    let mut family = to.encode_descriptor(
        "gpulse_telemetry_mode",
        "How far live utilization counts: 1 for the mode that is on",
        None,
        kind,
    )?;
    for mode in TelemetryMode::ALL {
        let labels = [("mode", mode.name())];
        ConstGauge::new(i64::from(mode == on)).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// A gauge, or nothing where there is no value: absent is not zero.
pub(super) fn gauge(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: Option<f64>,
) -> Result<(), fmt::Error> {
    let Some(value) = value else { return Ok(()) };
    let gauge = ConstGauge::new(value);
    gauge.encode(to.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// A counter; `_total` is appended to its name.
pub(super) fn counter(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: f64,
) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    counter.encode(to.encode_descriptor(name, help, None, counter.metric_type())?)
}
