//! GPU performance monitoring, from Hopper on: what the SMs, the memory and the buses really did between two samples.

use nvml_wrapper::Nvml;
use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::{GpmSample, gpm_metrics_get};

use crate::agent::figure::{Figure, Figures};

/// What one of a metric's units is in ours: a percent is 10,000 millionths, rates are in MiB per second.
const PERCENT: f64 = 10_000.0;
const MIB: f64 = 1_048_576.0;

const METRICS: [(GpmMetricId, Figure, f64); 10] = [
    (GpmMetricId::GraphicsUtil, Figure::GrEngineActivePpm, PERCENT),
    (GpmMetricId::SmUtil, Figure::SmActivePpm, PERCENT),
    (GpmMetricId::SmOccupancy, Figure::SmOccupancyPpm, PERCENT),
    (GpmMetricId::AnyTensorUtil, Figure::TensorActivePpm, PERCENT),
    (GpmMetricId::DramBwUtil, Figure::DramActivePpm, PERCENT),
    (GpmMetricId::Fp64Util, Figure::Fp64ActivePpm, PERCENT),
    (GpmMetricId::Fp32Util, Figure::Fp32ActivePpm, PERCENT),
    (GpmMetricId::Fp16Util, Figure::Fp16ActivePpm, PERCENT),
    (GpmMetricId::PcieTxPerSec, Figure::PcieSentBytesPerSecond, MIB),
    (GpmMetricId::PcieRxPerSec, Figure::PcieReceivedBytesPerSecond, MIB),
];

/// The last sample of a device; what happened since is found with the next one.
#[derive(Default)]
pub(super) struct Sampler<'nvml>(Option<GpmSample<'nvml>>);

impl<'nvml> Sampler<'nvml> {
    /// Takes the next sample and adds what happened since the last; nothing at the first.
    pub(super) fn sample(
        &mut self,
        nvml: &'nvml Nvml,
        next: Result<GpmSample<'nvml>, NvmlError>,
        to: &mut Figures,
    ) -> Result<(), NvmlError> {
        let next = next?;
        let last = self.0.take();
        let next = self.0.insert(next);
        let Some(last) = last else { return Ok(()) };
        let found = gpm_metrics_get(nvml, &last, next, &METRICS.map(|(id, ..)| id))?;
        for (found, (_, figure, scale)) in found.into_iter().zip(METRICS) {
            to.put(figure, found.ok().and_then(|found| scaled(found.value, scale)));
        }
        Ok(())
    }
}

/// Blank and nonsense values are none.
fn scaled(value: f64, scale: f64) -> Option<u64> {
    (value.is_finite() && value >= 0.0).then(|| (value * scale).round() as u64)
}
