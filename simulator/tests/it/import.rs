//! `gpulse-sim import`: what becomes of what others write, and what is said of the rest.

use std::process::{Command, Output};

use gpulse_simulator::cluster::Snapshot;
use gpulse_simulator::input::{TracePod, read_trace};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A folder to import in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(file: &str, text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), text).unwrap();
        Self(folder)
    }

    /// Runs `gpulse-sim import` with arguments that have no blanks in them.
    fn import(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        command.current_dir(self.0.path()).arg("import").args(arguments.split_whitespace()).output().unwrap()
    }

    /// The same where it must be fine; what it says.
    fn imported(&self, arguments: &str) -> String {
        let output = self.import(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    }

    /// The same where it must be refused; what it says.
    fn refused(&self, arguments: &str) -> String {
        let output = self.import(arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::load(std::fs::File::open(self.0.path().join("s.json")).unwrap()).unwrap()
    }

    fn trace(&self) -> Vec<TracePod> {
        let mut pods = Vec::new();
        let text = std::fs::read(self.0.path().join("t.jsonl")).unwrap();
        read_trace("t.jsonl", text.as_slice(), |pod| pods.push(pod)).unwrap();
        pods
    }

    /// Name, arrival and life of the trace's pods.
    fn times(&self) -> Vec<(String, Option<u64>, Option<u64>)> {
        self.trace()
            .into_iter()
            .map(|pod| (pod.request.key.name.to_string(), pod.came_ms, pod.life_ms))
            .collect()
    }
}

fn node(name: &str, resource: &str, gpus: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "zone": "z1"}},
        "status": {"capacity": {"cpu": "96", "memory": "1Ti", resource: gpus}},
    })
}

/// A pod of one GPU that came so many seconds after nine o'clock.
fn pod(name: &str, second: u64, spec: Value, status: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "ml",
            "uid": format!("uid-{name}"),
            "creationTimestamp": format!("2026-05-01T09:00:{second:02}Z"),
        },
        "spec": {"containers": [{"resources": {"requests": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}}}]},
        "status": status,
    });
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod
}

/// Nine o'clock.
const NINE_MS: u64 = 1_777_626_000_000;

/// Two nodes with a pod that runs, two that wait, one that is nominated and two that are over.
fn cluster() -> Value {
    let ended = json!([{"state": {"terminated": {"finishedAt": "2026-05-01T09:10:00Z"}}}, {"state": {"terminated": {"finishedAt": "2026-05-01T09:05:00Z"}}}]);
    let over = json!({"phase": "Succeeded", "startTime": "2026-05-01T09:00:30Z", "containerStatuses": ended});
    let items = [
        node("a", "nvidia.com/gpu", "8"),
        node("b", "nvidia.com/gpu", "4"),
        pod(
            "runs",
            5,
            json!({"nodeName": "a"}),
            json!({"phase": "Running", "startTime": "2026-05-01T09:00:06Z"}),
        ),
        pod("late", 9, json!({}), json!({"phase": "Pending"})),
        pod("early", 7, json!({}), json!({"phase": "Pending"})),
        pod("nominated", 8, json!({}), json!({"phase": "Pending", "nominatedNodeName": "b"})),
        pod("over", 1, json!({"nodeName": "a"}), over),
        pod("evicted", 2, json!({"nodeName": "b"}), json!({"phase": "Failed"})),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}),
    ];
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn kubectl(list: &Value) -> Folder {
    Folder::with("c.json", list.to_string())
}

fn allocated(snapshot: &Snapshot, node: &str) -> u32 {
    snapshot.node(node).unwrap().pool("nvidia.com/gpu").unwrap().1.allocated
}

#[test]
fn bound_pods_are_in_the_snapshot_and_those_that_wait_in_the_trace() {
    let folder = kubectl(&cluster());
    assert_snapshot!(folder.imported("kubectl c.json --snapshot s.json --trace t.jsonl"), @r#"
    gpulse-sim: warning: c.json: dropped 1 of kind "Service": only nodes and pods count
    gpulse-sim: c.json: pods left out, since they are over: 2
    gpulse-sim: c.json: nominations left out, since their pods are in the trace: 1
    gpulse-sim: s.json: 2 nodes, 2 of them with GPUs, and 1 pods on them
    gpulse-sim: t.jsonl: 3 pods, 3 of them with GPUs, 0 with cameMs and lifeMs
    "#);
    let snapshot = folder.snapshot();
    assert_eq!((allocated(&snapshot, "a"), allocated(&snapshot, "b")), (1, 0));
    assert!(!snapshot.node("b").unwrap().has_nominated(), "the nominated pod is in the trace");
    let expected = [("early", 7), ("nominated", 8), ("late", 9)];
    let expected = expected.map(|(name, second)| (name.to_owned(), Some(NINE_MS + second * 1000), None));
    assert_eq!(folder.times(), expected);
    let early = &folder.trace()[0].request;
    assert_eq!((early.cpu.0, early.memory.0, early.gpu_count(), &*early.uid), (2000, 4096, 1, "uid-early"));
}

#[test]
fn all_pods_have_their_times_and_hold_no_room() {
    let folder = kubectl(&cluster());
    assert_snapshot!(folder.imported("kubectl c.json --snapshot s.json --trace t.jsonl --trace-of all"), @r#"
    gpulse-sim: warning: c.json: dropped 1 of kind "Service": only nodes and pods count
    gpulse-sim: c.json: nominations left out, since their pods are in the trace: 1
    gpulse-sim: c.json: pods without lifeMs, since they are over and no container has a finishedAt after status.startTime: 1
    gpulse-sim: s.json: 2 nodes, 2 of them with GPUs, and 0 pods on them
    gpulse-sim: t.jsonl: 6 pods, 6 of them with GPUs, 1 with cameMs and lifeMs
    "#);
    assert_eq!(allocated(&folder.snapshot(), "a"), 0);
    let at = |second: u64| Some(NINE_MS + second * 1000);
    let expected = [
        ("over", at(1), Some(570_000)),
        ("evicted", at(2), None),
        ("runs", at(5), None),
        ("early", at(7), None),
        ("nominated", at(8), None),
        ("late", at(9), None),
    ];
    assert_eq!(folder.times(), expected.map(|(name, came, life)| (name.to_owned(), came, life)));
}

#[test]
fn a_snapshot_alone_is_all_that_gpulse_would_see() {
    let folder = kubectl(&cluster());
    let said = folder.imported("kubectl c.json --snapshot s.json --keep-label zone");
    assert!(!said.contains("nominations"), "{said}");
    let snapshot = folder.snapshot();
    assert!(snapshot.node("b").unwrap().has_nominated());
    assert_eq!(&*snapshot.node("a").unwrap().facts().labels["zone"], "z1");
    let piped = folder.import("kubectl c.json --snapshot -");
    assert_eq!(Snapshot::load(piped.stdout.as_slice()).unwrap().node_count(), 2);
}

#[test]
fn what_cannot_be_understood_is_said_and_strict_refuses_it() {
    let mut list = cluster();
    list["items"][1]["status"]["capacity"]["nvidia.com/gpu"] = "4.5".into();
    list["items"][3]["spec"]["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] = "-1".into();
    list["items"][4]["metadata"]["creationTimestamp"] = "yesterday".into();
    list["items"][5] = list["items"][2].clone();
    let folder = kubectl(&list);
    assert_snapshot!(folder.imported("kubectl c.json --snapshot s.json --trace t.jsonl"), @r#"
    gpulse-sim: warning: c.json: dropped node b: allocatable.nvidia.com/gpu: expected a whole number of devices, 0 to 1000000, found "4.5"
    gpulse-sim: warning: c.json: dropped pod ml/runs: metadata.name: expected a name that no earlier one of the list has, found "ml/runs"
    gpulse-sim: warning: c.json: dropped 1 of kind "Service": only nodes and pods count
    gpulse-sim: warning: c.json: dropped pod ml/late: requests.nvidia.com/gpu: expected a quantity such as 4, 500m or 1.5Gi, not below zero, found "-1"
    gpulse-sim: warning: c.json: dropped pod ml/early: metadata.creationTimestamp: expected a time in UTC from 1970 on, such as 2017-10-09T07:01:55Z, found "yesterday"
    gpulse-sim: c.json: pods left out, since they are over: 2
    gpulse-sim: s.json: 1 nodes, 1 of them with GPUs, and 1 pods on them
    gpulse-sim: t.jsonl: 0 pods, 0 of them with GPUs, 0 with cameMs and lifeMs
    "#);
    let said = folder.refused("kubectl c.json --snapshot s.json --trace none.jsonl --strict");
    assert!(said.contains("refused, since --strict: c.json: dropped node b"), "{said}");
    assert!(!folder.0.path().join("none.jsonl").exists());
    let mut other = cluster();
    other["kind"] = "Table".into();
    assert_snapshot!(kubectl(&other).refused("kubectl c.json --snapshot s.json"), @r#"gpulse-sim: c.json: expected kind List, NodeList or PodList, found "Table"; pass `kubectl get nodes,pods -A -o json`"#);
    assert_snapshot!(Folder::with("c.json", "").refused("kubectl c.json --snapshot s.json"), @"gpulse-sim: c.json: expected the JSON of `kubectl get nodes,pods --all-namespaces --output json`: EOF while parsing a value at line 1 column 0");
}

#[test]
fn cordoned_nodes_are_left_out_with_their_pods() {
    let mut list = cluster();
    list["items"][0]["spec"]["unschedulable"] = true.into();
    let folder = kubectl(&list);
    let said = folder.imported("kubectl c.json --snapshot s.json");
    assert!(said.contains("c.json: nodes left out with their pods, since they are cordoned: 1\n"), "{said}");
    assert_eq!(folder.snapshot().node_count(), 1);
}

#[test]
fn other_resources_are_gpus_where_it_is_said() {
    let mut list = cluster();
    list["items"][0] = node("a", "example.com/npu", "8");
    let folder = Folder::with("c.json", format!("\u{feff}{list:#}").replace('\n', "\r\n"));
    folder.imported("kubectl c.json --snapshot s.json --gpu-resource example.com/npu");
    assert!(folder.snapshot().node("a").unwrap().pool("example.com/npu").is_some());
    folder.imported("kubectl c.json --snapshot s.json");
    assert!(folder.snapshot().node("a").unwrap().pool("example.com/npu").is_none());
}

#[test]
fn openb_becomes_a_snapshot_with_divisible_gpus_and_a_trace_in_the_order_of_arrival() {
    let folder = Folder::with(
        "n.csv",
        "sn,cpu_milli,memory_mib,gpu,model\nn1,64000,262144,2,P100\nn2,64000,262144,0,\n",
    );
    let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n";
    let rows = "p1,1000,1024,1,460,,20,30\np2,1000,1024,0,0,,10,15\n";
    std::fs::write(folder.0.path().join("p.csv"), format!("{header}{rows}")).unwrap();
    assert_snapshot!(folder.imported("openb --nodes n.csv --pods p.csv --snapshot s.json --trace t.jsonl"), @"
    gpulse-sim: p.csv: qos and pod_phase left out: placement knows neither
    gpulse-sim: s.json: 2 nodes, 1 of them with GPUs, and 0 pods on them
    gpulse-sim: t.jsonl: 2 pods, 1 of them with GPUs, 2 with cameMs and lifeMs
    ");
    let names = [("p2", 10_000, 5_000), ("p1", 20_000, 10_000)];
    assert_eq!(folder.times(), names.map(|(name, came, life)| (name.to_owned(), Some(came), Some(life))));
    assert_eq!(folder.trace()[1].request.gpus[0].share.0, 460);
    // The same experiment from the tables and from what they were made into.
    let fill = |files: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        let arguments = format!("fill {files} --strategy all --seeds 1 --output json");
        let output = command.current_dir(folder.0.path()).args(arguments.split(' ')).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let (tables, made) = (fill("--nodes n.csv --pods p.csv"), fill("--nodes s.json --pods t.jsonl"));
    assert_eq!((&made["gpus"], &made["pods"]), (&tables["gpus"], &tables["pods"]));
    assert_snapshot!(folder.refused("openb --nodes n.csv --trace t.jsonl").lines().next().unwrap(), @"error: the following required arguments were not provided:");
}

#[test]
fn philly_becomes_a_trace() {
    let folder = Folder::with(
        "j.csv",
        "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,4,264.0,11cb48\n2017-10-09 06:13:03,2951.0,1,2951.0,6214e9\n",
    );
    assert_snapshot!(folder.imported("philly j.csv --trace t.jsonl"), @"
    gpulse-sim: j.csv: gpu_time and cluster left out: the product of two others, and where it ran
    gpulse-sim: j.csv: it has neither CPU nor memory: the pods ask for none
    gpulse-sim: t.jsonl: 2 pods, 2 of them with GPUs, 2 with cameMs and lifeMs
    ");
    let expected = [("job-2", 1_507_529_583_000, 2_951_000), ("job-1", 1_507_532_515_000, 66_000)];
    assert_eq!(folder.times(), expected.map(|(name, came, life)| (name.to_owned(), Some(came), Some(life))));
}

#[test]
fn any_table_becomes_a_trace_by_a_map() {
    let folder = Folder::with(
        "j.csv",
        "job,cpus,mem_gb,gpus,submit_ms,minutes,user\r\n\r\nx,0.5,1.5,2,1500,3,u1\r\n\"y, z\",4,0.0001,0,1500,0.5,u2\r\n",
    );
    let map = "name=job,cpu_milli=cpus*1000,memory_mib=mem_gb*1024,num_gpu=gpus,creation_time=submit_ms/1000,duration=minutes*60";
    assert_snapshot!(folder.imported(&format!("csv j.csv --trace t.jsonl --map {map}")), @"
    gpulse-sim: warning: j.csv: --map leaves out user
    gpulse-sim: t.jsonl: 2 pods, 1 of them with GPUs, 2 with cameMs and lifeMs
    ");
    let expected = [("x", 1_500, 180_000), ("y, z", 1_500, 30_000)];
    assert_eq!(folder.times(), expected.map(|(name, came, life)| (name.to_owned(), Some(came), Some(life))));
    let requests: Vec<(u64, u64, u32)> = folder
        .trace()
        .iter()
        .map(|pod| (pod.request.cpu.0, pod.request.memory.0, pod.request.gpu_count()))
        .collect();
    assert_eq!(requests, [(500, 1536, 2), (4000, 1, 0)], "a part of a MiB is one");
    assert_snapshot!(folder.refused(&format!("csv j.csv --trace t.jsonl --map {map} --strict")), @"gpulse-sim: refused, since --strict: j.csv: --map leaves out user");
    assert_snapshot!(folder.imported("csv j.csv --trace t.jsonl --map num_gpu=gpus"), @"
    gpulse-sim: j.csv: --map has no cpu_milli: the pods ask for none
    gpulse-sim: j.csv: --map has no memory_mib: the pods ask for none
    gpulse-sim: warning: j.csv: --map leaves out job, cpus, mem_gb, submit_ms, minutes, user
    gpulse-sim: t.jsonl: 2 pods, 1 of them with GPUs, 0 with cameMs and lifeMs
    ");
    assert_eq!(folder.times()[1].0, "pod-2");
    assert_eq!(folder.trace()[0].request.gpus[0].share.0, 1000);
    for (map, column) in [
        ("cpu_milli=cpus", "num_gpu is missing"),
        ("num_gpu=gpu", "gpu: this column is missing"),
        ("num_gpu=gpus,colour=user", "colour is none of our columns"),
        ("num_gpu=gpus*0", "gpus*0"),
    ] {
        let said = folder.refused(&format!("csv j.csv --trace t.jsonl --map {map}"));
        assert!(said.contains(column), "{map}: {said}");
    }
}

#[test]
fn what_is_wrong_with_a_mapped_value_is_said_where_it_stands() {
    let folder = Folder::with("j.csv", "job,gpus,half\nx,2,1\n\ny,1,-1.5\nz,1,1.5\n");
    assert_snapshot!(folder.refused("csv j.csv --trace t.jsonl --map num_gpu=gpus,cpu_milli=half*1000"), @r#"gpulse-sim: j.csv:4: cpu_milli (half*1000): found "-1500", expected a whole number of thousandths of a CPU, 0 to 1000000000"#);
    assert_snapshot!(folder.refused("csv j.csv --trace t.jsonl --map num_gpu=half*1"), @r#"gpulse-sim: j.csv:4: num_gpu (half*1): found "-1.5", expected a whole number of GPUs, 0 to 1024"#);
    assert_snapshot!(folder.refused("csv j.csv --trace t.jsonl --map num_gpu=gpus/2"), @r#"gpulse-sim: j.csv:4: num_gpu (gpus/2): found "0.5", expected a whole number of GPUs, 0 to 1024"#);
    let broken = Folder::with("j.csv", "job,gpus\nx,2\ny\n");
    assert_snapshot!(broken.refused("csv j.csv --trace t.jsonl --map num_gpu=gpus"), @"gpulse-sim: j.csv:3: found 1 fields, expected 2, as the header has");
    let empty = Folder::with("j.csv", "");
    assert_snapshot!(empty.refused("csv j.csv --trace t.jsonl --map num_gpu=gpus"), @"gpulse-sim: j.csv is empty: expected a header with the columns of the mapping");
}

#[test]
fn any_table_becomes_a_snapshot_by_a_map() {
    let folder = Folder::with("n.csv", "host,cores,bytes,cards,type\nh1,64,2147483649,8,A100\n");
    let map = "sn=host,cpu_milli=cores*1000,memory_mib=bytes/1048576,gpu=cards,model=type";
    assert_snapshot!(folder.imported(&format!("csv n.csv --snapshot s.json --map {map}")), @"gpulse-sim: s.json: 1 nodes, 1 of them with GPUs, and 0 pods on them");
    let snapshot = folder.snapshot();
    let node = snapshot.node("h1").unwrap();
    assert_eq!((node.cpu().0, node.memory().0), (64_000, 2048), "a part of a MiB is none");
    assert_eq!(node.model().unwrap().to_string(), "A100");
}
