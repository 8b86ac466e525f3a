//! `gpulse agent --once`: for a person and for a script.

use fake_nvml::{Gpm, Gpu, Process, Scenario};
use serde_json::Value;
use tempfile::TempDir;

use super::driver::{gpu, node, program};
use super::shapes::mig;

/// Standard output, standard error, exit code.
fn once(scenario: &Scenario, arguments: &[&str]) -> (String, String, Option<i32>) {
    let folder = TempDir::new().unwrap();
    let output = program(&folder, scenario).arg("--once").args(arguments).output().unwrap();
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
    insta::assert_snapshot!(text, @r"
    GPU  MODEL                        BUSY  BY            MEMORY MiB  TEMP  POWER  PROCESSES
    0    NVIDIA H100 80GB HBM3        42 %  SM_ACTIVE  70000 / 81920  31 C   61 W  1
    1    NVIDIA A100-SXM4-80GB (MIG)     -  -                  - / -  31 C   61 W  0
    1/1  1g.10gb                      10 %  SM_ACTIVE     100 / 9728     -      -  0
    1/2  1g.10gb                      20 %  SM_ACTIVE     200 / 9728     -      -  0
    driver 570.86.15
    ");
    assert_eq!((errors.as_str(), code), ("", Some(0)));
}

#[test]
fn a_script_gets_every_figure_with_its_unit() {
    let (text, _, code) = once(&node([gpu("GPU-a")]), &["--output", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let figures = &json["gpus"][0]["figures"];
    assert_eq!(figures["powerMilliwatts"], 61_500);
    assert_eq!(figures["memoryTotalBytes"], 85_899_345_920_u64);
    assert_eq!(figures["smActivePpm"], Value::Null, "absent, as this GPU does not measure it");
    assert_eq!(json["gpus"][0]["identity"]["uuid"], "GPU-a");
    assert!(json["takenAt"].as_u64() > Some(1_700_000_000_000));
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
