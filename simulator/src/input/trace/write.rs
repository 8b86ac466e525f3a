//! Writes traces.

use std::io::{Result, Write};

use serde::Serialize;

use super::{API_VERSION, Header, KIND, TracePod};

/// A trace in the making.
#[derive(Debug)]
pub struct TraceWriter<W>(W);

impl<W: Write> TraceWriter<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(to: W) -> Result<Self> {
        let mut writer = Self(to);
        writer.line(&Header { api_version: API_VERSION.into(), kind: KIND.into() })?;
        Ok(writer)
    }

    /// Writes a pod. They are to be written in the order of their arrival.
    ///
    /// # Errors
    /// What the writer says.
    pub fn pod(&mut self, pod: &TracePod) -> Result<()> {
        self.line(pod)
    }

    /// The last bytes leave.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> Result<()> {
        self.0.flush()
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        self.0.write_all(b"\n")
    }
}
