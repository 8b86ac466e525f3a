//! The sweep of `deploy/sweep`: its Jobs' own arguments, carried out here.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/sweep")
}

fn job(file: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap()
}

/// What the Job's container is given, with its environment and its folders put in.
fn arguments(job: &Value, index: u64, results: &Path) -> Vec<String> {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let mut environment = HashMap::new();
    for variable in container["env"].as_array().into_iter().flatten() {
        let field = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str().unwrap();
        assert_eq!(field, "metadata.annotations['batch.kubernetes.io/job-completion-index']");
        environment.insert(format!("$({})", variable["name"].as_str().unwrap()), index.to_string());
    }
    let mounts = [("/tables".to_owned(), folder()), ("/results".to_owned(), results.to_owned())];
    let argument = |argument: &Value| {
        let mut text = argument.as_str().unwrap().to_owned();
        for (from, to) in environment.iter().map(|(from, to)| (from, to.clone())) {
            text = text.replace(from, &to);
        }
        for (from, to) in &mounts {
            text = text.replace(from, &to.display().to_string());
        }
        assert!(!text.contains("$("), "{text} is no variable of the Job's");
        text
    };
    container["args"].as_array().unwrap().iter().map(argument).collect()
}

fn program(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gpulse-sim")).args(arguments).output().unwrap()
}

#[test]
fn the_parts_of_the_sweep_are_joined_to_what_one_machine_prints() {
    let results = tempfile::tempdir().unwrap();
    let sweep = job("job.yaml");
    let parts = sweep["spec"]["completions"].as_u64().unwrap();
    assert_eq!(sweep["spec"]["completionMode"], "Indexed");
    for index in 0..parts {
        let arguments = arguments(&sweep, index, results.path());
        assert!(arguments.contains(&format!("--shard-index={index}/{parts}")), "{arguments:?}");
        let output = program(&arguments);
        assert_eq!(
            (output.status.code(), output.stdout.len(), output.stderr.len()),
            (Some(0), 0, 0),
            "{output:?}"
        );
    }
    let merge = arguments(&job("merge/job.yaml"), 0, results.path());
    let joined = program(&merge);
    assert_eq!((joined.status.code(), joined.stderr.len()), (Some(0), 0), "{joined:?}");
    let mut whole = arguments(&sweep, 0, results.path());
    whole.retain(|argument| !argument.starts_with("--shard-index") && !argument.starts_with("--to"));
    assert_eq!(joined.stdout, program(&whole).stdout);
    // One is lost.
    fs::remove_file(results.path().join("part-3.json")).unwrap();
    let told = program(&merge);
    assert_eq!((told.status.code(), told.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8(told.stderr).unwrap().contains(&format!("missing: part 4/{parts};")));
    let partial = program(&[merge, vec!["--partial".into()]].concat());
    assert_eq!(partial.status.code(), Some(1));
    assert!(String::from_utf8(partial.stdout).unwrap().contains(r#""partial":true"#));
}

#[test]
fn a_result_that_cannot_be_written_is_told_before_the_work() {
    let results = tempfile::tempdir().unwrap();
    let mut arguments = arguments(&job("job.yaml"), 0, &results.path().join("missing"));
    let output = program(&arguments);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.ends_with("missing/part-0.json, expected a file in a folder that is there\n"), "{told}");
    arguments.retain(|argument| !argument.starts_with("--to"));
    arguments.push(format!("--to={}", results.path().join("part.json").display()));
    assert_eq!(program(&arguments).status.code(), Some(0));
    let names: Vec<_> =
        fs::read_dir(results.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["part.json"]);
}
