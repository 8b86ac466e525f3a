//! The process as Linux sees it, by the names that Prometheus' client libraries agreed on.

use std::fmt;

use procfs::process::Process;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::metrics::{counter, gauge};

/// Reads /proc/self at each scrape; what cannot be read is left out.
#[derive(Debug)]
pub(super) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut to: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Ok(process) = Process::myself() else { return Ok(()) };
        let open = process.fd_count().ok().map(|count| count as f64);
        gauge(&mut to, "process_open_fds", "Number of open file descriptors", open)?;
        let Ok(stat) = process.stat() else { return Ok(()) };
        let ticks = procfs::ticks_per_second() as f64;
        let resident = stat.rss as f64 * procfs::page_size() as f64;
        gauge(&mut to, "process_resident_memory_bytes", "Resident memory size in bytes", Some(resident))?;
        gauge(
            &mut to,
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes",
            Some(stat.vsize as f64),
        )?;
        let started = procfs::boot_time_secs().ok().map(|boot| boot as f64 + stat.starttime as f64 / ticks);
        gauge(&mut to, "process_start_time_seconds", "Start time since the Unix epoch in seconds", started)?;
        let cpu = (stat.utime + stat.stime) as f64 / ticks;
        counter(&mut to, "process_cpu_seconds", "User and system CPU time in seconds", cpu)
    }
}
