//! Which profile decides.

use std::sync::Arc;

use axum::http::StatusCode;
use gpulse::extender::{NamespaceDefault, Profiles, ProfilesError};
use gpulse::placement::Profile;

use super::{Gpulse, a_cluster, question};
use crate::support::{PodBuilder, pod};

/// Namespace `research` names the profile `spread`, and `broken` one that is not there.
fn namespaces() -> NamespaceDefault {
    Arc::new(|namespace| match namespace {
        "research" => Some("spread".into()),
        "broken" => Some("missing".into()),
        _ => None,
    })
}

fn gpulse() -> Gpulse {
    let profiles = ["default", "spread", "own", "path"].map(Profile::standard);
    Gpulse::new(a_cluster().snapshot(), Profiles::new(profiles, namespaces()).unwrap())
}

async fn chosen(path: &str, pod: PodBuilder) -> String {
    let gpulse = gpulse();
    gpulse.ask(path, &pod, &["idle"]).await;
    gpulse.extender.decisions().recent(1, |_| true)[0].profile.name.to_string()
}

#[tokio::test]
async fn the_path_then_the_pod_then_the_namespace_then_default() {
    let research = || pod("p").gpus(1).namespace("research");
    assert_eq!(chosen("/profiles/path/filter", research().profile("own")).await, "path");
    assert_eq!(chosen("/profiles/path/prioritize", research().profile("own")).await, "path");
    assert_eq!(chosen("/filter", research().profile("own")).await, "own");
    assert_eq!(chosen("/prioritize", research()).await, "spread");
    assert_eq!(chosen("/filter", pod("p").gpus(1)).await, "default");
}

#[tokio::test]
async fn an_unknown_profile_is_an_error_that_lists_the_known_ones() {
    let cases = [
        ("/profiles/nope/filter", pod("p"), "unknown profile \"nope\" (from the request path)"),
        ("/prioritize", pod("p").profile("nope"), "unknown profile \"nope\" (from the pod's annotation)"),
        (
            "/filter",
            pod("p").namespace("broken"),
            "unknown profile \"missing\" (from the namespace's annotation)",
        ),
    ];
    for (path, pod, text) in cases {
        let answer = gpulse().post(path, question(&pod, &["idle"])).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.error().contains(text), "{}", answer.error());
        assert!(answer.error().contains("expected one of default, own, path, spread"), "{}", answer.error());
    }
}

#[test]
fn profiles_need_a_default_and_names_of_their_own() {
    let made =
        |names: &[&str]| Profiles::new(names.iter().map(|name| Profile::standard(*name)), namespaces()).err();
    assert_eq!(made(&["default", "a"]), None);
    assert_eq!(made(&["b", "a"]), Some(ProfilesError::NoDefault { found: "a, b".to_owned() }));
    assert_eq!(made(&["default", "a", "a"]), Some(ProfilesError::Duplicate { name: "a".into() }));
}
