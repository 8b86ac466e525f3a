//! Which profile a request is decided by.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::cluster::PodRequest;
use crate::placement::{Profile, Scorer};

/// The profile for pods that name none, directly or by their namespace.
pub const DEFAULT_PROFILE: &str = "default";

/// Looks up the profile that a namespace names for its pods.
pub type NamespaceDefault = Arc<dyn Fn(&str) -> Option<Arc<str>> + Send + Sync>;

/// The profiles by name, each with what decides by it.
#[derive(Clone)]
pub struct Profiles {
    by_name: BTreeMap<Arc<str>, Arc<Scorer>>,
    standard: Arc<Scorer>,
    namespace_default: NamespaceDefault,
}

/// Why profiles cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfilesError {
    /// Nobody would know how to place a pod that names no profile.
    #[error(
        "profiles: expected one named {DEFAULT_PROFILE:?}, found {found}; add it, for pods that name no profile"
    )]
    NoDefault {
        /// The names there are.
        found: String,
    },
    /// Two profiles of one name.
    #[error("profiles: expected each name once, found {name:?} twice; rename one of them")]
    Duplicate {
        /// The name.
        name: Arc<str>,
    },
}

/// A profile that nobody configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile {name:?} (from {origin}); expected one of {known}")]
pub struct UnknownProfile {
    /// The name asked for.
    pub name: Arc<str>,
    /// Who asked for it: the path, the pod or its namespace.
    pub origin: &'static str,
    /// The names there are.
    pub known: String,
}

impl Profiles {
    /// From configuration's profiles.
    ///
    /// # Errors
    /// Where none is named `default`, or two have one name.
    pub fn new(
        profiles: impl IntoIterator<Item = Profile>,
        namespace_default: NamespaceDefault,
    ) -> Result<Self, ProfilesError> {
        let mut by_name = BTreeMap::new();
        for profile in profiles {
            let name = profile.name.clone();
            let scorer = Arc::new(Scorer::new(Arc::new(profile)));
            if by_name.insert(name.clone(), scorer).is_some() {
                return Err(ProfilesError::Duplicate { name });
            }
        }
        let standard = by_name.get(DEFAULT_PROFILE).cloned();
        let standard = standard.ok_or_else(|| ProfilesError::NoDefault { found: names(&by_name) })?;
        Ok(Self { by_name, standard, namespace_default })
    }

    /// Only the standard profile, named `default`; namespaces name none.
    #[must_use]
    pub fn standard() -> Self {
        let standard = Arc::new(Scorer::new(Arc::new(Profile::standard(DEFAULT_PROFILE))));
        let by_name = BTreeMap::from([(standard.profile().name.clone(), standard.clone())]);
        Self { by_name, standard, namespace_default: Arc::new(|_| None) }
    }

    /// The profiles, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.by_name.values().map(|scorer| scorer.profile())
    }

    /// What decides by the profile for a pod: the one the path names, else the pod's own, else its namespace's, else `default`.
    ///
    /// # Errors
    /// Where the first of them that is given is unknown.
    pub fn choose(&self, path: Option<&str>, pod: &PodRequest) -> Result<&Scorer, UnknownProfile> {
        if let Some(name) = path {
            return self.named(name, "the request path");
        }
        if let Some(name) = &pod.profile {
            return self.named(name, "the pod's annotation");
        }
        match (self.namespace_default)(&pod.key.namespace) {
            Some(name) => self.named(&name, "the namespace's annotation"),
            None => Ok(&self.standard),
        }
    }

    fn named(&self, name: &str, origin: &'static str) -> Result<&Scorer, UnknownProfile> {
        let unknown = || UnknownProfile { name: name.into(), origin, known: names(&self.by_name) };
        self.by_name.get(name).map(AsRef::as_ref).ok_or_else(unknown)
    }
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles").field("by_name", &self.by_name).finish_non_exhaustive()
    }
}

fn names<T>(by_name: &BTreeMap<Arc<str>, T>) -> String {
    let names: Vec<&str> = by_name.keys().map(AsRef::as_ref).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
