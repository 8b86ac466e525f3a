//! The policy that a command decides by.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;

use super::source::{name, open};
use crate::input::InputError;
use crate::placement::{Profile, STRATEGIES, Strategy};
use crate::replay::Instead;

/// One policy, by the name of its strategy or in full.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ProfileChoice {
    /// One of gpulse's strategies, in the profile that gpulse has without configuration.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// A profile in full, as JSON: as gpulse's recordings have it.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

/// The same where a command has a policy without it.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct OtherProfile {
    /// Decide by this strategy of gpulse's instead; the rest of each decision's profile stays.
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Decide by this profile instead: JSON, as recordings have it.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

impl ProfileChoice {
    /// The policy.
    ///
    /// # Errors
    /// Where no strategy has the name, or the file has no profile.
    pub(super) fn resolve(&self) -> anyhow::Result<Profile> {
        match (&self.strategy, &self.profile) {
            (Some(named), _) => {
                Ok(Profile { strategy: strategy(named)?, ..Profile::standard(named.as_str()) })
            }
            (None, Some(file)) => load(file),
            (None, None) => bail!("expected --strategy or --profile"),
        }
    }
}

impl OtherProfile {
    /// The policy, if any.
    ///
    /// # Errors
    /// Where no strategy has the name, or the file has no profile.
    pub(super) fn resolve(&self) -> anyhow::Result<Option<Instead>> {
        Ok(match (&self.strategy, &self.profile) {
            (Some(named), _) => Some(Instead::Strategy(strategy(named)?)),
            (None, Some(file)) => Some(Instead::Profile(Box::new(load(file)?))),
            (None, None) => None,
        })
    }
}

/// The strategy of this name.
fn strategy(name: &str) -> anyhow::Result<&'static Strategy> {
    let known = || STRATEGIES.iter().map(|strategy| strategy.name).collect::<Vec<_>>().join(", ");
    Strategy::named(name).ok_or_else(|| anyhow!("--strategy: found {name:?}, expected one of {}", known()))
}

fn load(path: &Path) -> anyhow::Result<Profile> {
    let (file, mut text) = (name(path), String::new());
    let read = open(path)?.read_to_string(&mut text);
    read.map_err(|cause| InputError::Unreadable { file: file.clone(), cause })?;
    let mut json = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    serde_path_to_error::deserialize(&mut json).map_err(|error| anyhow!("{file}: no profile: {error}"))
}
