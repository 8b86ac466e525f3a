//! The testbed itself: what end-to-end tests stand on must stand.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::objects::{gpu_node, gpu_pod};
use testbed::{
    Authorization, ControlPlane, Exporter, Fault, FaultProxy, NodeScenario, Prometheus, SchedulerConfig,
    eventually,
};

const SOON: Duration = Duration::from_secs(30);

fn node_of(pod: &Value) -> Option<&str> {
    pod.pointer("/spec/nodeName").and_then(Value::as_str)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_scheduler_places_pods_before_and_after_the_api_server_was_away() {
    let mut cluster = ControlPlane::start(Authorization::AlwaysAllow).await.unwrap();
    let _scheduler = cluster.start_scheduler(SchedulerConfig::stock()).await.unwrap();
    for node in 0..5 {
        cluster.api().create(&gpu_node(&format!("n{node}")).gpus(8).build()).await.unwrap();
    }
    let all_placed = async |expected: usize| {
        let placed = async || {
            let pods = cluster.api().list("/api/v1/pods").await?;
            Ok((pods.iter().filter(|pod| node_of(pod).is_some()).count() == expected).then_some(()))
        };
        eventually(SOON, "all pods are placed", placed).await.unwrap();
    };
    for pod in 0..5 {
        cluster.api().create(&gpu_pod(&format!("whole-node-{pod}")).gpus(8).build()).await.unwrap();
    }
    all_placed(5).await;

    cluster.stop_api_server();
    assert!(cluster.api().get("/api/v1/nodes").await.is_err());
    cluster.start_api_server().await.unwrap();
    cluster.api().delete("/api/v1/namespaces/default/pods/whole-node-0").await.unwrap();
    cluster.api().create(&gpu_pod("late").gpus(8).build()).await.unwrap();
    let placed = async || {
        let late = cluster.api().get("/api/v1/namespaces/default/pods/late").await?;
        Ok(node_of(&late).map(str::to_owned))
    };
    eventually(SOON, "the late pod is placed", placed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn under_rbac_a_service_account_may_do_what_its_role_says_and_no_more() {
    let cluster = ControlPlane::start(Authorization::Rbac).await.unwrap();
    let base = testbed::repository().join("deploy/kustomize/base");
    for file in ["namespace.yaml", "rbac.yaml"] {
        cluster.api().create_manifest(&std::fs::read_to_string(base.join(file)).unwrap()).await.unwrap();
    }
    let token = cluster.api().service_account_token("gpulse-system", "gpulse").await.unwrap();
    let gpulse = cluster.api().with_token(&token);
    for path in ["/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces"] {
        gpulse.list(path).await.unwrap();
    }
    for path in ["/api/v1/secrets", "/api/v1/configmaps"] {
        let error = gpulse.list(path).await.unwrap_err().to_string();
        assert!(error.contains("403"), "{error}");
    }
    let error = gpulse.create(&gpu_node("n1").build()).await.unwrap_err().to_string();
    assert!(error.contains("403"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_is_accepted_and_its_scheduler_may_do_its_work() {
    let mut cluster = ControlPlane::start(Authorization::Rbac).await.unwrap();
    let api = cluster.api().clone();
    let base = testbed::repository().join("deploy/kustomize/base");
    for file in ["namespace.yaml", "rbac.yaml", "service.yaml", "deployment.yaml", "scheduler.yaml"] {
        api.create_manifest(&std::fs::read_to_string(base.join(file)).unwrap()).await.unwrap();
    }
    // The namespace refuses pods that are not "restricted".
    for deployment in api.list("/apis/apps/v1/namespaces/gpulse-system/deployments").await.unwrap() {
        let mut pod = deployment["spec"]["template"].clone();
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        pod["metadata"]["name"] = deployment["metadata"]["name"].clone();
        pod["metadata"]["namespace"] = "gpulse-system".into();
        api.create(&pod).await.unwrap();
    }

    let kubeconfig = cluster.service_account_kubeconfig("gpulse-system", "gpulse-scheduler").await.unwrap();
    let nobody = format!("http://127.0.0.1:{}", testbed::ports::free().unwrap());
    let config = SchedulerConfig::from_file(&base.join("kube-scheduler-config.yaml")).unwrap();
    let config = config.with_extender_url(&nobody).unwrap();
    let _scheduler = cluster.start_scheduler_as(config, &kubeconfig).await.unwrap();
    api.create(&gpu_node("n1").gpus(8).build()).await.unwrap();
    for pod in [gpu_pod("no-gpu"), gpu_pod("gpu").gpus(1)] {
        api.create(&pod.scheduler("gpulse-scheduler").build()).await.unwrap();
    }
    let pod = async |name: &str| api.get(&format!("/api/v1/namespaces/default/pods/{name}")).await;
    let placed = async || Ok(node_of(&pod("no-gpu").await?).map(str::to_owned));
    eventually(SOON, "a pod without GPUs is placed while gpulse is away", placed).await.unwrap();
    let refused = async || {
        let message = pod("gpu").await?.pointer("/status/conditions/0/message").cloned();
        Ok(message.filter(|message| message.to_string().contains(&nobody)))
    };
    eventually(SOON, "a pod with GPUs waits, and says for whom", refused).await.unwrap();
    assert_eq!(node_of(&pod("gpu").await.unwrap()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_exporter_and_the_proxy_fails_on_demand() {
    let nodes = [NodeScenario::new("busy", 2).utilization(90.0), NodeScenario::new("dark", 2)];
    let exporter = Exporter::start(nodes.into_iter().collect()).await.unwrap();
    let mut prometheus = Prometheus::start(&exporter.targets_url()).await.unwrap();
    let is = async |promql: &str, expected: &str| {
        let read = async || {
            let series = prometheus.query(promql).await?;
            let value = series.first().and_then(|s| s.pointer("/value/1")).and_then(Value::as_str);
            Ok((value == Some(expected)).then_some(()))
        };
        eventually(SOON, &format!("{promql} is {expected}"), read).await.unwrap();
    };
    is("min(DCGM_FI_DEV_GPU_UTIL{Hostname='busy'})", "90").await;
    is("count(DCGM_FI_DEV_FB_USED)", "4").await;
    exporter.set_utilization("busy", vec![10.0, 50.0]).unwrap();
    exporter.change("dark", |node| node.dark = true).unwrap();
    is("max(DCGM_FI_PROF_GR_ENGINE_ACTIVE)", "0.5").await;
    is("count(DCGM_FI_DEV_FB_USED)", "2").await;

    let proxy = FaultProxy::start(&prometheus.url()).await.unwrap();
    let client = testbed::http::client().unwrap();
    let query = async || {
        let url = format!("{}/api/v1/query?query=vector(1)", proxy.url());
        let response = client.get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert!(query().await.1.contains("success"));
    proxy.set(Fault::Status(503));
    assert_eq!(query().await.0, 503);
    proxy.set(Fault::Garbage);
    assert!(serde_json::from_str::<Value>(&query().await.1).is_err());
    proxy.set(Fault::None);
    prometheus.stop();
    assert_eq!(query().await.0, 502);
    prometheus.restart().await.unwrap();
    let answer: Value = serde_json::from_str(&query().await.1).unwrap();
    assert_eq!(answer["status"], json!("success"));
    assert_eq!(proxy.requests(), 5);
}
