//! What an operator reads when the way to the API server is not as configured.

use std::path::PathBuf;

use gpulse::cache::{KubernetesConfig, connect};

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: staging, context: {cluster: c, user: u}}
- {name: production, context: {cluster: c, user: u}}
current-context: staging
"#;

/// What connecting says with this kubeconfig and context; empty where it works.
async fn complaint(kubeconfig: &str, context: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig).unwrap();
    let config = KubernetesConfig { kubeconfig: Some(path), context: context.map(str::to_owned) };
    connect(&config).await.err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_no_error_yet() {
    assert_eq!(complaint(KUBECONFIG, None).await, "");
    assert_eq!(complaint(KUBECONFIG, Some("production")).await, "");
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let config = KubernetesConfig { kubeconfig: Some(PathBuf::from("/nowhere/kubeconfig")), context: None };
    let error = connect(&config).await.err().unwrap().to_string();
    assert!(error.contains("/nowhere/kubeconfig") && error.contains("No such file"), "{error}");
    assert!(error.contains("cluster.source.kubernetes.kubeconfig"), "says what to set: {error}");
}

#[tokio::test]
async fn an_unknown_context_is_named_with_those_that_there_are() {
    let error = complaint(KUBECONFIG, Some("prod")).await;
    assert!(error.contains("\"prod\"") && error.contains("staging, production"), "{error}");
}

#[tokio::test]
async fn a_context_whose_cluster_is_missing_is_another_error() {
    let error = complaint(&KUBECONFIG.replace("name: c,", "name: d,"), None).await;
    assert!(error.contains("cluster of context") && !error.contains("found"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_kubeconfig_is_refused() {
    assert!(complaint("[1, 2", None).await.contains("YAML"));
}

#[test]
fn unknown_keys_are_refused() {
    let error = serde_json::from_str::<KubernetesConfig>(r#"{"kubeConfig": "x"}"#).unwrap_err();
    assert!(error.to_string().contains("kubeConfig"), "{error}");
}
