//! The configuration: one strict YAML file, in two stages.
//!
//! ```text
//! text --(parse: shape, names, units)--> GpulseConfiguration --(resolve: what goes together)--> Settings
//! ```
//!
//! The first stage is what the file says with every default filled in: `config print` writes it back, and it means the
//! same. The second is what the rooms work with. Nothing is defaulted later and nothing wrong gets past here: an error
//! names the file, the line, the key and what may have been meant.

mod error;
mod file;
mod nearest;
mod profile;
mod reference;
mod values;

use std::path::Path;

use crate::cluster::GpuResources;
use crate::cluster::kubernetes::Reader;
use crate::extender::{ListenAddress, Profiles};
use crate::placement::Profile;

pub use error::ConfigError;
pub use file::{ApiVersion, ClusterSection, ClusterSource, GpulseConfiguration, Kind, SnapshotFile};
pub use profile::{
    AffinitySection, FullnessSection, LabelSection, MemorySection, ModelSection, OwnerSection, OwnerWord,
    ProfileSection, UtilizationSection,
};
pub use reference::{markdown, schema};
pub use values::{LabelKey, ModelName, ProfileName, ResourceName, Share, StrategyName, Weight};

/// What the rooms work with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file with every default filled in; server, admin, cluster and telemetry are used as they stand.
    pub file: GpulseConfiguration,
    /// The policies.
    pub profiles: Vec<Profile>,
    /// How objects are read.
    pub reader: Reader,
}

impl GpulseConfiguration {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read, and as [`GpulseConfiguration::parse`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(name.clone(), &error))?;
        Self::parse(&name, &text)
    }

    /// Reads a text. `name` is what errors call it.
    ///
    /// # Errors
    /// Where it is no YAML, has an unknown, doubled or missing key, or a value that cannot be meant.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let mut path = String::new();
        let options = serde_saphyr::options! { with_snippet: false };
        let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
            serde_path_to_error::deserialize(yaml).map_err(|error| {
                path = error.path().to_string();
                error.into_inner()
            })
        });
        parsed.map_err(|error| ConfigError::from_yaml(name, text, &path, &error))
    }

    /// The same with those defaults filled in, too, that depend on other keys.
    #[must_use]
    pub fn filled(mut self) -> Self {
        self.server.address = Some(ListenAddress(self.server.listen_address()));
        self
    }

    /// The configuration as YAML: read back, it means the same.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn to_yaml(&self) -> Result<String, serde_saphyr::ser::Error> {
        serde_saphyr::to_string(self)
    }

    /// Checks what goes together and makes of it what the rooms work with. `name` is what errors call the file.
    ///
    /// # Errors
    /// Names the key that does not go with the others.
    pub fn resolve(self, name: &str) -> Result<Settings, ConfigError> {
        self.settings().map_err(|error| error.of(name))
    }

    fn settings(self) -> Result<Settings, ConfigError> {
        let sections = self.profiles.iter().enumerate();
        let profiles: Result<Vec<Profile>, _> =
            sections.map(|(index, section)| section.resolve(&format!("profiles[{index}]"))).collect();
        let profiles = profiles?;
        Profiles::new(profiles.iter().cloned(), std::sync::Arc::new(|_| None))
            .map_err(|error| ConfigError::at("", error.to_string()))?;
        self.telemetry.validate().map_err(|error| ConfigError::at("", error.to_string()))?;
        let kept = self.profiles.iter().flat_map(ProfileSection::labels).map(str::to_owned);
        let others = self.cluster.gpu_resources.iter().map(ResourceName::as_str);
        let reader = Reader { gpu_resources: GpuResources::with_others(others), kept_labels: kept.collect() };
        Ok(Settings { profiles, reader, file: self })
    }
}
