//! `gpulse agent --once`: for a person and for a script.

use fake_nvml::{Gpm, Gpu, Process, Scenario};
use serde_json::Value;
use tempfile::TempDir;

use super::driver::{gpu, node, program};
use super::holders::Host;
use super::kubelet::Kubelet;
use super::shapes::mig;

/// Standard output, standard error, exit code.
fn once(scenario: &Scenario, arguments: &[&str]) -> (String, String, Option<i32>) {
    let folder = TempDir::new().unwrap();
    let mut program = program(&folder, scenario);
    let is_named = arguments.contains(&"--pod-resources-socket");
    program.args(["--pod-resources-socket", ""].iter().filter(|_| !is_named));
    let output = program.arg("--once").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn a_person_sees_a_line_for_each_device() {
    let busy = Gpu {
        utilization: Some(100.0.into()),
        gpm: Some(Gpm { sm: Some(42.0.into()), ..Gpm::default() }),
        memory_used_mib: 70_000.0.into(),
        name: "NVIDIA H100 80GB HBM3".into(),
        processes: vec![Process { pid: 7, memory_mib: 69_000, utilization: Some(40), instance: None }],
        ..gpu("GPU-h")
    };
    let (text, errors, code) = once(&node([busy, mig("GPU-m", 2)]), &[]);
    insta::assert_snapshot!(text, @"
    GPU  MODEL                        BUSY  BY            MEMORY MiB  TEMP  POWER  PROCESSES  PODS
    0    NVIDIA H100 80GB HBM3        42 %  SM_ACTIVE  70000 / 81920  31 C   61 W  1          -
    1    NVIDIA A100-SXM4-80GB (MIG)     -  -                  - / -  31 C   61 W  0          -
    1/1  1g.10gb                      10 %  SM_ACTIVE     100 / 9728     -      -  0          -
    1/2  1g.10gb                      20 %  SM_ACTIVE     200 / 9728     -      -  0          -
    driver 570.86.15
    ");
    assert_eq!((errors.as_str(), code), ("", Some(0)));
}

#[test]
fn a_script_gets_every_figure_with_its_unit() {
    let (text, _, code) = once(&node([gpu("GPU-a")]), &["--output", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let gpu = &json["reading"]["gpus"][0];
    let figures = &gpu["figures"];
    assert_eq!(figures["powerMilliwatts"], 61_500);
    assert_eq!(figures["memoryTotalBytes"], 85_899_345_920_u64);
    assert_eq!(figures["smActivePpm"], Value::Null, "absent, as this GPU does not measure it");
    assert_eq!(gpu["identity"]["uuid"], "GPU-a");
    assert!(json["reading"]["takenAt"].as_u64() > Some(1_700_000_000_000));
    assert_eq!(code, Some(0));
}

#[test]
fn what_is_wrong_is_said_and_is_the_exit_code() {
    let (text, errors, code) = once(&Scenario { driver_loaded: false, ..node([]) }, &[]);
    assert_eq!((text.as_str(), code), ("", Some(1)));
    assert_eq!(errors, "gpulse: NVML: NVIDIA driver is not loaded; load the kernel module nvidia\n");

    let (text, _, code) = once(&node([gpu("GPU-a"), Gpu { lost: true, ..gpu("GPU-b") }]), &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("GPU 1: it has fallen off the bus"), "{text}");
}

#[test]
fn a_gpu_that_hangs_is_not_waited_for() {
    let hanging = Gpu { hanging: vec!["nvmlDeviceGetPowerUsage".into()], ..gpu("GPU-b") };
    let (text, _, code) = once(&node([gpu("GPU-a"), hanging]), &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("GPU 1: NVML does not return"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_are_told_and_who_uses_a_gpu_besides() {
    let kubelet = Kubelet::start(|known| {
        known.give("train", &["GPU-a"]);
        known.give("serve", &["GPU-b::0", "GPU-b::2"]);
        known.give("notebook", &["GPU-b::1"]);
    });
    let host = Host::new();
    host.process(7, "/user.slice/user-1000.slice/session-3.scope");
    let process = Process { pid: 7, memory_mib: 10, utilization: None, instance: None };
    let used = Gpu { processes: vec![process], ..gpu("GPU-c") };
    let node = node([gpu("GPU-a"), gpu("GPU-b"), used]);
    let socket = kubelet.socket();
    let arguments = ["--pod-resources-socket", socket.to_str().unwrap(), "--host-proc", &host.path("proc")];
    let (text, errors, code) = once(&node, &arguments);
    insta::assert_snapshot!(text, @"
    GPU  MODEL                  BUSY  BY        MEMORY MiB  TEMP  POWER  PROCESSES  PODS
    0    NVIDIA A100-SXM4-80GB   0 %  GPU_UTIL   0 / 81920  31 C   61 W  0          ml/train
    1    NVIDIA A100-SXM4-80GB   0 %  GPU_UTIL   0 / 81920  31 C   61 W  0          ml/notebook, ml/serve x2
    2    NVIDIA A100-SXM4-80GB   0 %  GPU_UTIL   0 / 81920  31 C   61 W  1          -
    GPU 2: in use outside Kubernetes (PID 7)
    driver 570.86.15
    ");
    assert_eq!((errors.as_str(), code), ("", Some(0)));

    let (text, _, _) = once(&node, &[&arguments[..], &["--output", "json"]].concat());
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["attribution"]["devices"]["GPU-a"][0][0]["pod"], "train");
}

#[test]
fn that_nobody_knows_whose_they_are_is_said_and_no_error() {
    let (text, errors, code) =
        once(&node([gpu("GPU-a")]), &["--pod-resources-socket", "/nowhere/kubelet.sock"]);
    assert_eq!((errors.as_str(), code), ("", Some(0)));
    assert!(text.contains("kubelet at /nowhere/kubelet.sock"), "{text}");
}
