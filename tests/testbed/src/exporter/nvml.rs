//! A node of a scenario as a pretended NVML has it, for an agent in place of the exporter.

use std::time::Duration;

use fake_nvml::{Curve, Gpm, Gpu, Scenario, Xid};

use super::scenario::{Dialect, Load, NodeScenario, Signal};

impl NodeScenario {
    /// The node's GPUs with the same values. Pods are not known to NVML.
    #[must_use]
    pub fn nvml(&self) -> Scenario {
        let xid = |xid: &super::scenario::Xid| Xid { gpu: xid.gpu, code: xid.code.into() };
        Scenario {
            gpus: (0..self.gpus).map(|index| self.gpu(index)).collect(),
            xids: self.xids.iter().map(xid).collect(),
            ..Scenario::default()
        }
    }

    /// The dialect's name, as the agent's flag wants it.
    #[must_use]
    pub fn dialect_name(&self) -> &'static str {
        match self.dialect {
            Dialect::Dcgm48 => "dcgm-4.8",
            Dialect::Dcgm49 => "dcgm-4.9",
        }
    }

    fn gpu(&self, index: u32) -> Gpu {
        let measured = |signal| {
            let is_measured = self.signals.contains(&signal);
            is_measured.then(|| self.utilization.curve(index)).flatten()
        };
        let (sm, graphics) = (measured(Signal::SmActive), measured(Signal::GrEngineActive));
        let has_gpm = sm.is_some() || graphics.is_some();
        Gpu {
            uuid: format!("GPU-{}-{index}", self.name),
            name: self.model.replacen('-', " ", 1),
            memory_mib: self.memory_mib.into(),
            memory_used_mib: self.memory_used_mib.curve(index).unwrap_or_default(),
            memory_reserved_mib: 0,
            utilization: measured(Signal::GpuUtil),
            gpm: has_gpm.then(|| Gpm { sm, graphics, ..Gpm::default() }),
            ..Gpu::default()
        }
    }
}

impl Load {
    /// The values of one GPU over time; a wave second by second, again and again.
    fn curve(&self, gpu: u32) -> Option<Curve> {
        let at = |second| self.at(gpu, Duration::from_secs(second));
        match self {
            Self::Wave(wave) => {
                (0..(wave.period_seconds as u64).max(1)).map(at).collect::<Option<_>>().map(Curve::PerSecond)
            }
            Self::Constant(_) | Self::PerGpu(_) => at(0).map(Curve::Constant),
        }
    }
}
