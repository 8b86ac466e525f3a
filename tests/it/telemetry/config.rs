//! What the operator may write, and what is said of what cannot work.

use gpulse::cluster::{Board, FreshnessPolicy, Period};
use gpulse::telemetry::{DialectConfig, TelemetryConfig, TelemetrySource, UtilizationScale, start};

fn parse(yaml: &str) -> Result<TelemetryConfig, String> {
    serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
}

#[test]
fn everything_has_a_documented_default() {
    let config = parse("{}").unwrap();
    assert_eq!(config, TelemetryConfig::default());
    assert_eq!(config.source, TelemetrySource::None);
    assert_eq!((config.refresh_interval, config.timeout), (Period::seconds(15), Period::seconds(10)));
    assert_eq!(config.freshness.policy(), FreshnessPolicy::default());
    config.validate().unwrap();
}

#[test]
fn every_setting_can_be_written() {
    let config = parse(
        "
source:
  prometheus:
    url: https://metrics.example.com/prometheus
    basicAuth: {username: gpulse, passwordFile: /secrets/password}
    caFile: /secrets/ca.pem
    clientCertificate: {certFile: /secrets/tls.crt, keyFile: /secrets/tls.key}
    headers: {X-Scope-OrgID: gpu-team}
refreshInterval: 30s
timeout: 2500ms
freshness: {freshFor: 2m, expiresAfter: 1h30m}
dialect:
  custom: {utilization: gpu_gfx_activity, scale: percent, nodeLabel: hostname, uuidLabel: serial_number}
nodeLabels: [node]
fatalXids: [79]
",
    )
    .unwrap();
    config.validate().unwrap();
    let DialectConfig::Custom(custom) = &config.dialect else { panic!("{config:?}") };
    assert_eq!(custom.scale, UtilizationScale::Percent);
    assert_eq!(
        parse(&serde_saphyr::to_string(&config).unwrap()).unwrap(),
        config,
        "and is printed as it is read"
    );
}

#[test]
fn sources_and_dialects_go_by_their_names() {
    assert_eq!(parse("source: none").unwrap().source, TelemetrySource::None);
    assert!(matches!(parse("source: {file: {path: /x.json}}").unwrap().source, TelemetrySource::File(_)));
    for (name, dialect) in [
        ("auto", DialectConfig::Auto),
        ("dcgm-4.8", DialectConfig::Dcgm48),
        ("dcgm-4.9", DialectConfig::Dcgm49),
    ] {
        assert_eq!(parse(&format!("dialect: {name}")).unwrap().dialect, dialect);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let cases: [(&str, &[&str]); 7] = [
        ("refreshIntervall: 15s", &["refreshIntervall"]),
        ("refreshInterval: 15", &["expected a duration such as 500ms, 15s, 5m or 1h30m"]),
        ("refreshInterval: 15 sec", &["expected a duration such as", "`15 sec`"]),
        ("source: {prometheus: {}}", &["url"]),
        ("source: graphite", &["graphite", "prometheus"]),
        ("dialect: dcgm-5", &["dcgm-5", "dcgm-4.9"]),
        ("dialect: {custom: {utilization: x, scale: permille}}", &["permille", "percent"]),
    ];
    for (yaml, parts) in cases {
        let error = parse(yaml).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{yaml}: {error}");
    }
}

#[test]
fn what_cannot_work_is_named_with_what_is_expected() {
    let prometheus = |rest: &str| format!("source: {{prometheus: {{{rest}}}}}");
    let url = |url: &str| prometheus(&format!("url: \"{url}\""));
    let header = |header: &str| prometheus(&format!("url: \"http://p\", headers: {{{header}}}"));
    let custom = |rest: &str| format!("dialect: {{custom: {{scale: ratio, {rest}}}}}");
    let both = "url: \"http://p\", bearerTokenFile: /t, basicAuth: {username: u, passwordFile: /p}";
    let cases = [
        ("refreshInterval: 0s".to_owned(), "refreshInterval: expected more than nothing, found 0s"),
        ("timeout: 0s".to_owned(), "timeout: expected more than nothing"),
        ("freshness: {freshFor: 0s}".to_owned(), "freshness.freshFor: expected more than nothing"),
        (
            "freshness: {freshFor: 5m}".to_owned(),
            "freshness.expiresAfter: expected more than freshness.freshFor (5m), found 5m",
        ),
        (
            "refreshInterval: 90s".to_owned(),
            "refreshInterval: expected less than freshness.freshFor (90s), found 90s",
        ),
        ("timeout: 2m".to_owned(), "timeout: expected less than freshness.freshFor (90s), found 2m"),
        ("nodeLabels: [node, \"\"]".to_owned(), "nodeLabels[1]: expected a label name"),
        ("nodeLabels: [node.name]".to_owned(), "found \"node.name\""),
        ("nodeLabels: [__name__]".to_owned(), "found \"__name__\""),
        (prometheus(both), "source.prometheus: expected either bearerTokenFile or basicAuth, found both"),
        (url(""), "source.prometheus.url: expected an address such as"),
        (url("prometheus:9090"), "found \"prometheus:9090\""),
        (url("ftp://prometheus"), "found \"ftp://prometheus\""),
        (url("http://prometheus/?a=b"), "source.prometheus.url"),
        (url("http://u:secret@prometheus"), "no credentials in the address (use basicAuth)"),
        (header("\"a b\": x"), "headers.a b: expected a header name"),
        (header("X-A: \"a\\nb\""), "headers.X-A: expected printable ASCII"),
        (header("authorization: x"), "bearerTokenFile or basicAuth instead"),
        ("source: {file: {path: \"\"}}".to_owned(), "source.file.path"),
        (custom("utilization: \" \""), "dialect.custom.utilization: expected PromQL"),
        (custom("utilization: x, sampledAt: \"\""), "dialect.custom.sampledAt: expected PromQL"),
        (custom("utilization: x, uuidLabel: \"\""), "dialect.custom.uuidLabel: expected a label name"),
        (custom("utilization: x, nodeLabel: a-b"), "dialect.custom.nodeLabel: expected a label name"),
    ];
    for (yaml, expected) in cases {
        let error = parse(&yaml).unwrap().validate().unwrap_err().to_string();
        assert!(error.starts_with("telemetry.") && error.contains(expected), "{yaml}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_work_does_not_start() {
    let starts = |yaml: &str| start(parse(yaml).unwrap(), Board::new(FreshnessPolicy::default()).into());
    assert!(starts("timeout: 0s").unwrap_err().to_string().starts_with("telemetry.timeout"));
    let missing = "source: {prometheus: {url: \"http://p\", bearerTokenFile: /no/such/file}}";
    let error = starts(missing).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /no/such/file: "), "{error}");
    let empty = "source: {prometheus: {url: \"http://p\", bearerTokenFile: /dev/null}}";
    assert_eq!(starts(empty).unwrap_err().to_string(), "/dev/null: expected a secret, found nothing");
}

#[test]
fn the_schema_knows_every_setting_and_no_other() {
    let schema = serde_json::to_value(schemars::schema_for!(TelemetryConfig)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let written = serde_json::to_value(TelemetryConfig::default()).unwrap();
    let names = |object: &serde_json::Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&schema["properties"]), names(&written));
    let described = |property: &serde_json::Value| property["description"].is_string();
    assert!(schema["properties"].as_object().unwrap().values().all(described), "{schema:#}");
}

#[test]
fn durations_are_printed_in_the_largest_unit_without_a_rest() {
    for (text, printed) in
        [("15s", "15s"), ("90s", "90s"), ("300s", "5m"), ("1h30m", "90m"), ("1500ms", "1500ms"), ("0m", "0s")]
    {
        assert_eq!(text.parse::<Period>().unwrap().to_string(), printed);
    }
    for wrong in
        ["", "15", "s", "-1s", "1.5s", "1d", "15s ", "5m3", "99999999999999999999s", "9999999999999999h"]
    {
        assert!(wrong.parse::<Period>().is_err(), "{wrong}");
    }
}
