//! The whole way from a source to the board.

use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use gpulse::clock;
use gpulse::cluster::Timestamp;
use gpulse::telemetry::{
    BasicAuth, FileConfig, Mode, Plan, TelemetryConfig, TelemetrySource, TelemetryStatus,
};

use super::edge::{Edge, both, prometheus};
use super::fake::{Fake, Reply, busy, rows, rows_at};
use super::language::two_nodes;
use crate::support::{cluster, node};

#[tokio::test]
async fn measurements_reach_the_board_with_their_own_times() {
    let sampled_at = Timestamp(clock::now().0 - 33_000);
    let fake = Fake::start(rows([busy("a", 70, sampled_at), busy("b", 0, sampled_at)].concat())).await;
    let mut edge = Edge::of(&fake);
    let status = edge.mode(Mode::Live).await;
    assert_eq!((edge.busy("a"), edge.busy("b")), (Some(700), Some(0)));
    assert_eq!(edge.gpu("a").unwrap().utilization.unwrap().sampled_at, sampled_at);
    assert_eq!(
        (status.report.series, status.report.gpus, status.report.nodes_joined, status.report.gpu_nodes),
        (2, 2, 2, 2)
    );
    assert_eq!((status.last_error.as_ref(), status.report.node_label.as_deref()), (None, Some("Hostname")));
}

#[tokio::test]
async fn a_refresh_is_one_query_whatever_the_size_of_the_cluster() {
    let names: Vec<String> = (0..300).map(|index| format!("n{index}")).collect();
    let now = clock::now();
    let fake = Fake::start(rows(names.iter().flat_map(|name| busy(name, 50, now)))).await;
    let board = cluster().nodes(names.iter().map(|name| node(name).gpus(1))).board();
    let mut edge = Edge::start(board, prometheus(&fake, |_| {}));
    let status = edge.until(|status| status.refreshes_ok >= 3).await;
    assert_eq!(status.report.nodes_joined, 300);
    assert!(fake.asked().len() as u64 <= status.refreshes_ok + 1, "one more may be under way");
}

#[test]
fn the_query_asks_for_values_and_their_times() {
    insta::assert_snapshot!(Plan::new(&TelemetryConfig::default()).query(), @r#"
    max by (__name__,node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) ({__name__=~"DCGM_FI_PROF_SM_ACTIVE|DCGM_FI_PROF_SM_UTIL_RATIO|DCGM_FI_PROF_GR_ENGINE_ACTIVE|DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO|DCGM_FI_DEV_GPU_UTIL|DCGM_FI_DEV_GPU_UTIL_RATIO|DCGM_FI_DEV_XID_ERRORS|DCGM_FI_DEV_XID_ERROR"})
    or max by (__name__,UUID,uuid,GPU_I_ID) ({__name__=~"DCGM_FI_DEV_FB_USED|DCGM_FI_DEV_FB_USED_BYTES|DCGM_FI_DEV_FB_FREE|DCGM_FI_DEV_FB_FREE_BYTES|DCGM_FI_DEV_FB_RESERVED|DCGM_FI_DEV_FB_RESERVED_BYTES|DCGM_FI_DEV_FB_CAPACITY_BYTES"})
    or max by (__name__,xid,UUID,uuid,GPU_I_ID) ({__name__=~"DCGM_EXP_XID_ERRORS_TOTAL|gpulse_gpu_xid_errors_total",xid=~"48|62|64|74|79|95|119|120"})
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_PROF_SM_ACTIVE)
    ), "gpulse_sampled", "DCGM_FI_PROF_SM_ACTIVE", "", "")
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_PROF_SM_UTIL_RATIO)
    ), "gpulse_sampled", "DCGM_FI_PROF_SM_UTIL_RATIO", "", "")
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_PROF_GR_ENGINE_ACTIVE)
    ), "gpulse_sampled", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "", "")
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO)
    ), "gpulse_sampled", "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO", "", "")
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_DEV_GPU_UTIL)
    ), "gpulse_sampled", "DCGM_FI_DEV_GPU_UTIL", "", "")
    or label_replace(max by (node,kubernetes_node,nodename,Hostname,hostname,exported_instance,instance,UUID,uuid,gpu,GPU_I_ID,GPU_I_PROFILE,modelName,pod,namespace,exported_pod,exported_namespace,pod_name,pod_namespace) (
    timestamp(DCGM_FI_DEV_GPU_UTIL_RATIO)
    ), "gpulse_sampled", "DCGM_FI_DEV_GPU_UTIL_RATIO", "", "")
    "#);
}

#[tokio::test]
async fn requests_go_below_the_path_and_carry_the_configured_headers() {
    let fake = Fake::start(both(1, 1)).await;
    let source = prometheus(&fake, |config| {
        config.url.push_str("/team/prometheus/");
        config.headers.insert("X-Scope-OrgID".to_owned(), "gpu-team".to_owned());
    });
    Edge::start(two_nodes().board(), source).mode(Mode::Live).await;
    let asked = &fake.asked()[0];
    assert_eq!((&asked.method, asked.path.as_str()), (&Method::POST, "/team/prometheus/api/v1/query"));
    assert_eq!(asked.headers["x-scope-orgid"], "gpu-team");
    assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("gpulse/"));
    assert!(!asked.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_proxy_that_lets_only_get_pass_is_asked_by_get() {
    let fake = Fake::start(Reply::OnlyGet(Box::new(both(1, 1)))).await;
    Edge::of(&fake).mode(Mode::Live).await;
    let methods: Vec<Method> = fake.asked().into_iter().take(2).map(|asked| asked.method).collect();
    assert_eq!(methods, [Method::POST, Method::GET]);
}

/// Waits for a request that carries this authorization.
async fn authorized_by(fake: &Fake, edge: &mut Edge, expected: &str) {
    let carries = || fake.asked().last().is_some_and(|asked| asked.headers["authorization"] == expected);
    edge.until(|status| status.mode == Mode::Live && carries()).await;
}

#[tokio::test]
async fn the_token_is_read_again_when_it_changes() {
    let fake = Fake::start(both(1, 1)).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "first\n").unwrap();
    let source = prometheus(&fake, |config| config.bearer_token_file = Some(token.clone()));
    let mut edge = Edge::start(two_nodes().board(), source);
    authorized_by(&fake, &mut edge, "Bearer first").await;
    std::fs::write(&token, "second").unwrap();
    authorized_by(&fake, &mut edge, "Bearer second").await;
    std::fs::remove_file(&token).unwrap();
    let status = edge.mode(Mode::Down).await;
    assert!(status.last_error.as_ref().unwrap().contains(token.to_str().unwrap()), "{status:?}");
    std::fs::write(&token, "third").unwrap();
    authorized_by(&fake, &mut edge, "Bearer third").await;
}

#[tokio::test]
async fn user_name_and_password_are_sent_as_basic_authorization() {
    let fake = Fake::start(both(1, 1)).await;
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "open sesame\n").unwrap();
    let basic = BasicAuth { username: "Aladdin".to_owned(), password_file };
    let source = prometheus(&fake, |config| config.basic_auth = Some(basic));
    // The example of RFC 7617, section 2.
    authorized_by(&fake, &mut Edge::start(two_nodes().board(), source), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        .await;
}

#[tokio::test]
async fn a_server_whose_clock_is_ahead_makes_no_sample_young() {
    let ahead = |seconds: u64| Timestamp(clock::now().0 + seconds * 1000);
    let fake =
        Fake::start(rows_at(ahead(3600), [busy("a", 70, ahead(3540)), busy("b", 1, ahead(3540))].concat()))
            .await;
    let mut edge = Edge::of(&fake);
    let status = edge.mode(Mode::Live).await;
    assert!((3590..=3600).contains(&status.report.clock_ahead_seconds), "{status:?}");
    let age = clock::now().since(edge.gpu("a").unwrap().utilization.unwrap().sampled_at);
    assert!(age >= Duration::from_secs(49), "{age:?}");
}

#[tokio::test]
async fn a_sample_from_the_future_counts_as_taken_now() {
    let fake = Fake::start(rows(busy("a", 70, Timestamp(clock::now().0 + 3_600_000)))).await;
    let mut edge = Edge::of(&fake);
    edge.mode(Mode::Partial).await;
    assert!(edge.gpu("a").unwrap().utilization.unwrap().sampled_at <= clock::now());
}

#[tokio::test]
async fn nothing_is_asked_before_a_node_is_known() {
    let fake = Fake::start(both(70, 10)).await;
    let board = cluster().board();
    let mut edge = Edge::start(board.clone(), prometheus(&fake, |_| {}));
    tokio::task::yield_now().await;
    assert_eq!((edge.handle.status().mode, fake.asked().len()), (Mode::Starting, 0));
    board.update(|assembly| two_nodes().write(assembly));
    edge.mode(Mode::Live).await;
    assert_eq!(edge.busy("a"), Some(700));
}

#[tokio::test]
async fn dropping_the_handle_stops_it() {
    let fake = Fake::start(both(70, 10)).await;
    let mut edge = Edge::of(&fake);
    edge.mode(Mode::Live).await;
    let Edge { handle, mut status, .. } = edge;
    drop(handle);
    let ended = async { while status.changed().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("still running");
}

#[tokio::test]
async fn without_a_source_it_is_off() {
    let edge = Edge::start(two_nodes().board(), TelemetrySource::None);
    assert_eq!(edge.handle.status().mode, Mode::Off);
}

fn write_devices(path: &Path, devices: &str) {
    std::fs::write(path, devices).unwrap();
}

#[tokio::test]
async fn a_file_of_devices_is_read_again_at_each_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.json");
    let old = r#"{"value": 700, "source": "SmActive", "sampledAt": 1000}"#;
    write_devices(
        &path,
        &format!(r#"{{"a": [{{"uuid": "GPU-a", "utilization": {old}}}], "b": [{{"uuid": "GPU-b"}}]}}"#),
    );
    let started_at = clock::now();
    let mut edge = Edge::start(two_nodes().board(), TelemetrySource::File(FileConfig { path: path.clone() }));
    edge.mode(Mode::Live).await;
    assert_eq!(edge.gpu("a").unwrap().utilization.unwrap().sampled_at, Timestamp(1000));
    write_devices(
        &path,
        r#"{"a": [{"uuid": "GPU-a", "utilization": {"value": 200, "source": "SmActive"}}]}"#,
    );
    edge.mode(Mode::Partial).await;
    let utilization = edge.gpu("a").unwrap().utilization.unwrap();
    assert_eq!((utilization.value.get(), edge.gpu("b")), (200, None), "what it leaves out is gone");
    assert!(utilization.sampled_at >= started_at, "without a time it was taken when the file was read");
    for (text, expected) in [
        (r#"{"a": [{"uuid": "GPU-a", "utilization": {"value": -1, "source": "SmActive"}}]}"#, "-1"),
        (r#"{"a": [{}]}"#, "uuid"),
        (r#"{"a": "#, "EOF"),
    ] {
        write_devices(&path, text);
        let says = |status: &TelemetryStatus| {
            status.last_error.as_ref().is_some_and(|error| error.contains(expected))
        };
        let status = edge.until(says).await;
        assert_eq!((status.mode, edge.busy("a")), (Mode::Down, Some(200)));
        assert!(status.last_error.as_ref().unwrap().contains("devices.json"));
    }
}
