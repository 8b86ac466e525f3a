//! `gpulse config`: check, print or describe the configuration.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Finding;
use super::output::{Output, print, print_json};
use crate::config::{self, GpulseConfiguration};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a configuration file; exit code 0 where it is right, 2 where not.
    Validate {
        /// The file, or - for stdin.
        file: PathBuf,
        /// Print for people (text) or for programs (json).
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print the configuration that is used, with every default filled in.
    Print {
        /// The file, or - for stdin; without one, the defaults alone.
        file: Option<PathBuf>,
        /// Print YAML (text) or JSON.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print what a configuration file may contain.
    Schema {
        /// As a JSON schema for editors and checkers, or as a Markdown table for people.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    match &arguments.command {
        Command::Validate { file, output } => {
            let settings = read(file)?.resolve(&name(file))?;
            let names: Vec<&str> = settings.profiles.iter().map(|profile| &*profile.name).collect();
            match output {
                Output::Text => print(&format!("{} is right. Profiles: {}\n", name(file), names.join(", ")))?,
                Output::Json => print_json(&json!({"file": name(file), "valid": true, "profiles": names}))?,
            }
        }
        Command::Print { file, output } => {
            let configuration = match file {
                Some(file) => read(file)?.resolve(&name(file))?.file,
                None => GpulseConfiguration::default(),
            };
            let configuration = configuration.filled();
            match output {
                Output::Text => print(&configuration.to_yaml()?)?,
                Output::Json => print_json(&configuration)?,
            }
        }
        Command::Schema { format: Format::Json } => print_json(&config::schema())?,
        Command::Schema { format: Format::Markdown } => print(&config::markdown())?,
    }
    Ok(Finding::Good)
}

fn read(file: &Path) -> anyhow::Result<GpulseConfiguration> {
    if file.as_os_str() == "-" {
        return Ok(GpulseConfiguration::parse(&name(file), &super::read_input(file)?)?);
    }
    Ok(GpulseConfiguration::load(file)?)
}

fn name(file: &Path) -> String {
    if file.as_os_str() == "-" { "stdin".into() } else { file.display().to_string() }
}
