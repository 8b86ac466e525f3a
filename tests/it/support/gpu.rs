//! GPUs as telemetry sees them.

use gpulse::cluster::{Gpu, Health, Mib, MigInstance, PerMille, PodKey, Source, Timestamp, Utilization};

use super::NOW;

/// A healthy GPU of which nothing was measured.
pub(crate) fn gpu(index: u32) -> GpuBuilder {
    let gpu = Gpu {
        uuid: "".into(),
        index: Some(index),
        mig: None,
        model: None,
        utilization: None,
        memory_used: None,
        memory_total: None,
        health: Health::Healthy,
        holder: None,
    };
    GpuBuilder { gpu, sampled_at: NOW, source: Source::SmActive }
}

/// A GPU in the making.
#[derive(Debug, Clone)]
pub(crate) struct GpuBuilder {
    gpu: Gpu,
    sampled_at: Timestamp,
    source: Source,
}

impl GpuBuilder {
    /// How busy it is in percent, sampled just now by `SM_ACTIVE` unless said otherwise.
    pub(crate) fn busy(mut self, percent: u16) -> Self {
        self.gpu.utilization = Some(Utilization {
            value: PerMille::new(percent * 10),
            source: self.source,
            sampled_at: self.sampled_at,
        });
        self
    }

    /// The age of the sample.
    pub(crate) fn seconds_old(mut self, seconds: u64) -> Self {
        self.sampled_at = Timestamp(NOW.0 - seconds * 1000);
        if let Some(utilization) = &mut self.gpu.utilization {
            utilization.sampled_at = self.sampled_at;
        }
        self
    }

    /// The metric behind the sample.
    pub(crate) fn source(mut self, source: Source) -> Self {
        self.source = source;
        if let Some(utilization) = &mut self.gpu.utilization {
            utilization.source = source;
        }
        self
    }

    /// The model by the exporter's name.
    pub(crate) fn model(mut self, name: &str) -> Self {
        self.gpu.model = Some(name.into());
        self
    }

    /// Framebuffer memory, used and in all, in MiB.
    pub(crate) fn memory_mib(mut self, used: u64, total: u64) -> Self {
        self.gpu.memory_used = Some(Mib(used));
        self.gpu.memory_total = Some(Mib(total));
        self
    }

    /// The pod in namespace `default` that the exporter says holds it.
    pub(crate) fn held_by(mut self, pod: &str) -> Self {
        self.gpu.holder = Some(PodKey::new("default", pod));
        self
    }

    /// It had a fatal XID error.
    pub(crate) fn sick(mut self, xid: u32) -> Self {
        self.gpu.health = Health::FatalXid(xid);
        self
    }

    /// A MIG instance of the GPU with this index.
    pub(crate) fn mig(mut self, id: u32, profile: &str) -> Self {
        self.gpu.mig = Some(MigInstance { id, profile: profile.into() });
        self
    }

    /// The GPU as it stands in a node.
    pub(crate) fn on(&self, node: &str) -> Gpu {
        let uuid = format!("GPU-{node}-{}", self.gpu.index.unwrap());
        Gpu { uuid: uuid.into(), ..self.gpu.clone() }
    }
}
