//! `gpulse demo`: understood at once, true to its run, and the same at each run.

use serde_json::Value;

use super::run;

#[test]
fn it_says_what_gpulse_is_for_and_that_it_helps() {
    let shown = run(&["demo", "--once"]).good();
    let opening: Vec<&str> = shown.lines().take(10).collect();
    assert_eq!(opening[0], "gpulse places GPU pods by what the GPUs are really doing.");
    assert!(opening.join(" ").contains("gpulse reads what each GPU is measured to do"), "{shown}");
    assert!(
        shown.contains("gpulse: GPU model is not one the pod accepts"),
        "a refusal has its reason:\n{shown}"
    );
    assert!(shown.contains("has room, but what it offers is"), "a choice has its reason:\n{shown}");
    assert!(shown.contains("By allocation alone"), "the comparison comes last:\n{shown}");
}

#[test]
fn it_is_plain_and_narrow_in_a_pipe() {
    let shown = run(&["demo", "--once"]).good();
    assert!(!shown.contains('\u{1b}'), "no escape codes");
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn the_same_seed_shows_the_same_and_another_does_not() {
    let [first, second, other] = ["7", "7", "8"].map(|seed| run(&["demo", "--once", "--seed", seed]).good());
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn its_sums_are_those_of_its_pods() {
    let report: Value = serde_json::from_str(&run(&["demo", "--once", "--output", "json"]).good()).unwrap();
    for side in ["withUtilization", "byAllocationAlone"] {
        let pods: Vec<&Value> = report["pods"].as_array().unwrap().iter().map(|pod| &pod[side]).collect();
        let placed: Vec<&&Value> = pods.iter().filter(|pod| pod["outcome"] == "placed").collect();
        let loads = |pod: &Value| -> Vec<u64> {
            pod["gpuLoads"].as_array().unwrap().iter().map(|load| load.as_u64().unwrap()).collect()
        };
        let busy = placed.iter().filter(|pod| loads(pod).iter().any(|load| *load > 500)).count();
        let all: Vec<u64> = placed.iter().flat_map(|pod| loads(pod)).collect();
        assert_eq!(report[side]["placed"], placed.len());
        assert_eq!(report[side]["onBusyGpus"], busy);
        assert_eq!(report[side]["meanLoad"], all.iter().sum::<u64>() / all.len() as u64);
    }
}

#[test]
fn utilization_helps_whatever_the_seed() {
    for seed in 1..=5 {
        let shown = run(&["demo", "--once", "--output", "json", "--seed", &seed.to_string()]).good();
        let report: Value = serde_json::from_str(&shown).unwrap();
        let of = |side: &str, what: &str| report[side][what].as_u64().unwrap();
        assert!(of("withUtilization", "onBusyGpus") < of("byAllocationAlone", "onBusyGpus"), "seed {seed}");
        assert!(of("withUtilization", "meanLoad") < of("byAllocationAlone", "meanLoad"), "seed {seed}");
    }
}
