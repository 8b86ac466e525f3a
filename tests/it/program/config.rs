//! `gpulse config`: what is wrong is named with its place, what is right is shown in full.

use std::path::Path;

use serde_json::Value;

use super::{file, folder, repository, run, run_with};

const HEAD: &str = "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n";

/// What `config validate` says of a wrong text.
fn refusal(text: &str) -> String {
    let run = run_with(&["config", "validate", "-"], text);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{text}\n{}", run.stderr);
    run.stderr
}

/// The refusal of a text after the two required lines, without the excerpt below the first line.
fn first_line(rest: &str) -> String {
    refusal(&format!("{HEAD}{rest}")).lines().next().unwrap().to_owned()
}

#[test]
fn what_is_wrong_is_named_with_its_key_and_place() {
    let cases = [
        // Keys.
        (
            "servr: {}",
            "stdin:3:1: servr: unknown key; did you mean server? Known here: apiVersion, kind, server, admin, cluster, \
             telemetry, profiles",
        ),
        (
            "profiles:\n- name: default\n  stratgy: binpack",
            "stdin:5:3: profiles[0].stratgy: unknown key; did you mean strategy? Known here: name, strategy, \
             utilization, deadband, seed, fullness, affinity",
        ),
        ("admin: {port: 1}", "stdin:3:9: admin.port: unknown key. Known here: address"),
        ("profiles:\n- strategy: binpack", "stdin:4:3: profiles[0].name: this key is required and missing"),
        ("admin: {}\nadmin: {}", "stdin:4:1: admin: this key stands here a second time"),
        // Strategies.
        (
            "profiles:\n- {name: default, strategy: binpak}",
            "stdin:4:29: profiles[0].strategy: unknown strategy \"binpak\"; did you mean binpack? There are: affinity, \
             binpack, fragmentation, random, worst-fit",
        ),
        (
            "profiles:\n- {name: default, strategy: leastAllocated}",
            "stdin:4:29: profiles[0].strategy: unknown strategy \"leastAllocated\". There are: affinity, binpack, \
             fragmentation, random, worst-fit",
        ),
        // Units.
        (
            "profiles:\n- {name: default, strategy: random, utilization: {weight: 50}}",
            "stdin:4:59: profiles[0].utilization.weight: expected a share from 0 to 1, such as 0.5 for one half, found \
             50; 50 % is written 0.5",
        ),
        (
            "profiles:\n- {name: default, strategy: random, utilization: {weight: 50%}}",
            "stdin:4:59: profiles[0].utilization.weight: expected a share from 0 to 1, such as 0.5 for one half, found \
             \"50%\"; 50 % is written 0.5",
        ),
        (
            "profiles:\n- {name: default, strategy: random, deadband: -0.1}",
            "stdin:4:47: profiles[0].deadband: expected a share from 0 to 1, such as 0.5 for one half, found -0.1",
        ),
        (
            "telemetry: {refreshInterval: 15}",
            "stdin:3:30: telemetry.refreshInterval: expected a duration such as 500ms, 15s, 5m or 1h30m, found `15`",
        ),
        (
            "server: {address: 8080}",
            "stdin:3:19: server.address: expected IP:PORT such as 0.0.0.0:8080, [::]:8080 or :8080, found \"8080\"",
        ),
        (
            "server: {maxBodyBytes: 0}",
            "stdin:3:10: server.maxBodyBytes: expected a whole number above zero, found integer `0`",
        ),
        (
            "profiles: [{name: default, strategy: random, seed: -1}]",
            "stdin:3:52: profiles[0].seed: expected a whole number, not below zero",
        ),
        // Words and shapes.
        (
            "cluster: {source: {kubernets: {}}}",
            "stdin:3:20: cluster.source: expected kubernetes or file, found \"kubernets\"; did you mean kubernetes?",
        ),
        ("profiles: default", "stdin:3:11: profiles: expected a list"),
        ("admin: 9090", "stdin:3:8: admin: expected keys with values"),
        (
            "cluster: {gpuResources: [gpu]}",
            "stdin:3:26: cluster.gpuResources[0]: expected a resource with its domain, such as example.com/gpu, found \"gpu\"",
        ),
        (
            "profiles:\n- {name: My Profile, strategy: random}",
            "stdin:4:10: profiles[0].name: expected a name of lower-case letters, digits and -, at most 63 of them, such \
             as training, found \"My Profile\"",
        ),
        // What does not go together.
        (
            "profiles:\n- {name: training, strategy: random}",
            "stdin: profiles: expected one named \"default\", found training; add it, for pods that name no profile",
        ),
        (
            "profiles:\n- {name: default, strategy: random}\n- {name: default, strategy: binpack}",
            "stdin: profiles: expected each name once, found \"default\" twice; rename one of them",
        ),
        (
            "profiles:\n- {name: default, strategy: affinity}",
            "stdin: profiles[0].affinity: the strategy affinity has no rule with a weight; give model, memory, labels or \
             owner one",
        ),
        (
            "profiles:\n- {name: default, strategy: random, affinity: {memory: {weight: 1}}}",
            "stdin: profiles[0].affinity: these rules have no effect with the strategy random; set strategy: affinity",
        ),
        (
            "profiles:\n- {name: default, strategy: binpack, fullness: {gpu: 0, cpu: 0, memory: 0}}",
            "stdin: profiles[0].fullness: all weights are 0; at least one of gpu, cpu and memory must count",
        ),
        (
            "telemetry: {refreshInterval: 5m}",
            "stdin: telemetry.refreshInterval: expected less than freshness.freshFor (90s), found 5m",
        ),
        // Documents.
        ("---\nkind: Other", "stdin:4:1: a second document starts here; one file holds one configuration"),
    ];
    let said = cases.map(|(rest, _)| first_line(rest));
    let expected = cases.map(|(_, expected)| format!("gpulse: {expected}"));
    assert_eq!(said, expected);
}

#[test]
fn a_refusal_shows_the_line() {
    let text = format!("{HEAD}profiles:\n- name: default\n  strategy: binpak\n");
    let refusal = refusal(&text);
    let shown: Vec<&str> = refusal.lines().skip(1).collect();
    assert_eq!(shown, ["   |", " 5 |   strategy: binpak", "   |             ^"]);
}

#[test]
fn a_document_of_another_kind_is_refused() {
    for (text, expected) in [
        ("", "stdin:1:1: the file is empty; it must hold at least apiVersion and kind"),
        ("# nothing\n", "stdin:2:1: the file is empty; it must hold at least apiVersion and kind"),
        ("kind: GpulseConfiguration\n", "stdin:1:1: apiVersion: this key is required and missing"),
        (
            "apiVersion: v1\nkind: ConfigMap\n",
            "stdin:1:13: apiVersion: expected gpulse.dev/v1alpha1, found \"v1\"",
        ),
        (
            "apiVersion: gpulse.dev/v1alpha1\nkind: Config\n",
            "stdin:2:7: kind: expected GpulseConfiguration, found \"Config\"",
        ),
        ("- a\n- b\n", "stdin:1:1: expected keys with values"),
    ] {
        assert_eq!(refusal(text).lines().next(), Some(format!("gpulse: {expected}").as_str()), "{text}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let run = run(&["config", "validate", "/no/such/gpulse.yaml"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "gpulse: /no/such/gpulse.yaml: cannot be read: No such file or directory (os error 2)\n"
    );
}

const FULL: &str = "
server: {address: \"127.0.0.1:8443\", tls: {certFile: /tls/tls.crt, keyFile: /tls/tls.key}}
cluster: {source: {file: {path: cluster.json}}, gpuResources: [example.com/gpu]}
telemetry:
  source: {prometheus: {url: \"https://metrics.example.com/prometheus\", headers: {X-Scope-OrgID: gpu}}}
  freshness: {freshFor: 2m}
profiles:
- {name: default, strategy: worst-fit, utilization: {weight: 0.75}}
- name: inference
  strategy: affinity
  affinity:
    model: {ranking: [L4, A10], weight: 2}
    labels: [{key: zone, value: a, weight: 1}]
    owner: {rule: far, weight: 1}
";

#[test]
fn what_is_printed_is_complete_and_means_the_same() {
    for text in [HEAD.to_owned(), format!("{HEAD}{FULL}")] {
        let printed = run_with(&["config", "print", "-"], &text).good();
        assert_eq!(run_with(&["config", "print", "-"], &printed).good(), printed);
        run_with(&["config", "validate", "-"], &printed).good();
        let json = run_with(&["config", "print", "-", "--output", "json"], &text).good();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert!(json["server"]["address"].is_string(), "a default that depends on another key is filled in");
        assert!(json["profiles"][0]["utilization"]["target"].is_number());
    }
    assert_eq!(run(&["config", "print"]).good(), run_with(&["config", "print", "-"], HEAD).good());
}

#[test]
fn a_right_file_is_called_right() {
    let folder = folder();
    let path = file(&folder, "gpulse.yaml", &format!("{HEAD}{FULL}"));
    let said = run(&["config", "validate", path.to_str().unwrap()]).good();
    assert_eq!(said, format!("{} is right. Profiles: default, inference\n", path.display()));
}

#[test]
fn every_printed_key_is_in_the_schema() {
    let schema: Value = serde_json::from_str(&run(&["config", "schema"]).good()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let reference = run(&["config", "schema", "--format", "markdown"]).good();
    let printed = run_with(&["config", "print", "-", "--output", "json"], &format!("{HEAD}{FULL}")).good();
    let mut keys = Vec::new();
    leaves(&serde_json::from_str(&printed).unwrap(), "", &mut keys);
    assert!(keys.contains(&"profiles[].affinity.labels[].key".to_owned()));
    for key in keys.iter().filter(|key| !key.contains(".headers.")) {
        assert!(reference.contains(&format!("| `{key}` |")), "{key} is not in the reference");
    }
}

/// The paths of all values that are no objects.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(value, &path, into);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| leaves(item, &format!("{path}[]"), into));
        }
        _ => into.push(path.to_owned()),
    }
}

#[test]
fn the_published_schema_is_the_programs() {
    let published = std::fs::read_to_string(repository("deploy/gpulse.schema.json")).unwrap_or_default();
    let current = run(&["config", "schema"]).good();
    assert!(published == current, "run: cargo run -- config schema > deploy/gpulse.schema.json");
}

#[test]
fn the_readmes_reference_is_the_programs() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let (begin, end) = ("<!-- configuration reference: begin -->\n", "<!-- configuration reference: end -->");
    let found =
        readme.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).map(|(table, _)| table.trim());
    let current = run(&["config", "schema", "--format", "markdown"]).good();
    assert!(
        found == Some(current.trim()),
        "between {begin:?} and {end:?}, README.md must have what `cargo run -- config schema --format markdown` prints:\n{current}"
    );
}

#[test]
fn every_configuration_that_is_deployed_is_right() {
    let mut checked = 0;
    visit(&repository("deploy"), &mut |path| {
        let text = std::fs::read_to_string(path).unwrap();
        if text.contains("kind: GpulseConfiguration") {
            run(&["config", "validate", path.to_str().unwrap()]).good();
            checked += 1;
        }
    });
    assert!(checked > 0);
}

fn visit(folder: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => visit(&path, each),
            Some(extension) if extension == "yaml" => each(&path),
            _ => (),
        }
    }
}
