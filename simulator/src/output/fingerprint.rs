//! What went into an experiment, in sixteen digits: results that differ in it are of different input.

use std::io::{self, Write};

use xxhash_rust::xxh3::Xxh3Default;

use crate::run::Traffic;
use crate::workload::Workload;

/// Hashes what is written to it (XXH3, 64 bits): for telling inputs apart, not against malice.
struct Hasher(Xxh3Default);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The nodes and what stands on them, their order, the pods and their order, and where time counts when they came and
/// how long they ran. `None` where the workload cannot be written down, which its types rule out.
pub(super) fn fingerprint(workload: &Workload, traffic: Option<&Traffic>) -> Option<String> {
    let mut hasher = Hasher(Xxh3Default::new());
    workload.snapshot.save(&mut hasher).ok()?;
    for slot in &workload.slots {
        let name = workload.snapshot.at(*slot).map_or("", |node| node.name());
        writeln!(hasher, "{name}").ok()?;
    }
    for class in &workload.classes {
        serde_json::to_writer(&mut hasher, &class.request).ok()?;
    }
    for pod in &workload.pods {
        hasher.0.update(&(pod.index() as u64).to_le_bytes());
    }
    let times = traffic.into_iter().flat_map(Traffic::times);
    for number in times.flat_map(|times| [times.came_ms, times.life_ms]) {
        hasher.0.update(&number.to_le_bytes());
    }
    Some(format!("{:016x}", hasher.0.digest()))
}
