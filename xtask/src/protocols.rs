//! Rust made of `.proto` files, without protoc. It is committed: who builds gpulse needs no generator.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use testbed::repository;
use testbed::scratch::Scratch;

/// kubelet's pod-resources API.
const PROTO: &str = "src/agent/holders/podresources.proto";
/// Where the client is, for the agent.
const CLIENT: &str = "src/agent/holders/v1.rs";
/// Where the server is, for the tests' pretended kubelet.
const SERVER: &str = "tests/it/agent/kubelet/v1.rs";

/// Writes what is generated.
///
/// # Errors
/// Where the `.proto` file is none, or a file cannot be written.
pub(crate) fn write() -> Result<()> {
    for (path, text) in generated()? {
        fs::write(repository().join(path), text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

/// Looks whether what is committed is what would be generated.
///
/// # Errors
/// Names the file that is not.
pub(crate) fn check() -> Result<()> {
    for (path, text) in generated()? {
        let found =
            fs::read_to_string(repository().join(path)).with_context(|| format!("cannot read {path}"))?;
        ensure!(found == text, "{path} is not what {PROTO} gives; again: cargo xtask protocols");
    }
    Ok(())
}

fn generated() -> Result<[(&'static str, String); 2]> {
    let scratch = Scratch::new("protocols")?;
    let proto = repository().join(PROTO);
    let folder = proto.parent().unwrap_or(Path::new("."));
    let described = protox::compile([&proto], [folder]).with_context(|| format!("cannot read {PROTO}"))?;
    let make = |client: bool| -> Result<String> {
        tonic_prost_build::configure()
            .build_client(client)
            .build_server(!client)
            .build_transport(false)
            .emit_rerun_if_changed(false)
            .out_dir(scratch.path())
            .compile_fds(described.clone())
            .with_context(|| format!("cannot generate code of {PROTO}"))?;
        let made = scratch.join("v1.rs");
        fs::read_to_string(&made).with_context(|| format!("cannot read {}", made.display()))
    };
    Ok([(CLIENT, make(true)?), (SERVER, make(false)?)])
}
