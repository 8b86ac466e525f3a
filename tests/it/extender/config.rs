//! The sections `server` and `admin`.

use gpulse::extender::{AdminConfig, ExtenderConfig, ListenAddress};

fn server(yaml: &str) -> Result<ExtenderConfig, String> {
    serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
}

#[test]
fn the_port_follows_the_protocol_unless_given() {
    assert_eq!(server("{}").unwrap().listen_address().to_string(), "0.0.0.0:8080");
    let tls = "tls: {certFile: /c, keyFile: /k}";
    assert_eq!(server(tls).unwrap().listen_address().to_string(), "0.0.0.0:8443");
    let given = format!("{tls}\naddress: '[::]:7000'");
    assert_eq!(server(&given).unwrap().listen_address().to_string(), "[::]:7000");
    assert_eq!(server("address: :7000").unwrap().listen_address().to_string(), "0.0.0.0:7000");
    assert_eq!(AdminConfig::default().address.to_string(), "0.0.0.0:9090");
}

#[test]
fn what_is_wrong_is_refused_with_what_would_be_right() {
    let refused = |yaml: &str, text: &str| {
        let error = server(yaml).unwrap_err();
        assert!(error.contains(text), "expected {text:?} in {error:?}");
    };
    refused("address: localhost", "expected IP:PORT such as 0.0.0.0:8080");
    refused("address: ':99999'", "expected IP:PORT such as 0.0.0.0:8080");
    refused("adress: ':8080'", "unknown field `adress`");
    refused("maxBodyBytes: 0", "nonzero");
    refused("maxBodyBytes: 128Mi", "invalid");
    refused("tls: {certFile: /c}", "keyFile");
}

#[test]
fn defaults_are_written_and_read_back() {
    let written = serde_json::to_string(&ExtenderConfig::default()).unwrap();
    assert_eq!(serde_json::from_str::<ExtenderConfig>(&written).unwrap(), ExtenderConfig::default());
    let address: ListenAddress = "[::1]:1".parse().unwrap();
    assert_eq!(serde_json::to_string(&address).unwrap(), r#""[::1]:1""#);
}
