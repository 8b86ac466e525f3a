//! MIG: the instances that a GPU is cut into.

use std::collections::BTreeMap;
use std::sync::Arc;

use nvml_wrapper::Device;
use nvml_wrapper::error::NvmlError;

use super::gpm::Sampler;
use super::{Asking, board, raw};
use crate::agent::figure::Figures;
use crate::agent::reading::InstanceReading;
use crate::cluster::MigInstance;

/// `NVML_DEVICE_MIG_ENABLE`.
const ENABLED: u32 = 1;

pub(super) fn is_enabled(device: &Device<'_>) -> bool {
    device.mig_mode().is_ok_and(|mode| mode.current == ENABLED)
}

/// The GPU instances, by number. NVML's MIG devices are compute instances: several may share a GPU instance, and its
/// memory and its measurements with it.
pub(super) fn instances<'nvml>(
    parent: &Device<'nvml>,
    samplers: &mut BTreeMap<u32, Sampler<'nvml>>,
) -> Result<Vec<InstanceReading>, NvmlError> {
    let mut asking = Asking::default();
    let mut found: BTreeMap<u32, InstanceReading> = BTreeMap::new();
    for place in 0..asking.ask(parent.mig_device_count()).unwrap_or_default() {
        let Some(device) = asking.ask(parent.mig_device_by_index(place)) else { continue };
        let Some(id) = asking.ask(raw::gpu_instance_id(&device)) else { continue };
        let uuid = asking.ask(device.uuid()).map(Arc::from);
        if let Some(known) = found.get_mut(&id) {
            known.uuids.extend(uuid);
            continue;
        }
        let mut figures = Figures::default();
        board::memory(&device, &mut asking, &mut figures);
        let sampler = samplers.entry(id).or_default();
        // GPM is Hopper's; before it nothing but DCGM measures an instance.
        let _unsupported = sampler.sample(parent.nvml(), parent.gpm_mig_sample(id), &mut figures);
        let profile = asking.ask(device.name()).map(|name| profile(&name).into()).unwrap_or_default();
        let mig = MigInstance { id, profile };
        found.insert(id, InstanceReading { mig, uuids: uuid.into_iter().collect(), figures });
    }
    samplers.retain(|id, _| found.contains_key(id));
    asking.finish()?;
    Ok(found.into_values().collect())
}

/// The GPU instance's profile from a MIG device's name: `2g.20gb` of `NVIDIA H100 MIG 1c.2g.20gb`.
fn profile(name: &str) -> &str {
    let profile = name.rsplit_once(" MIG ").map_or(name, |(_, profile)| profile);
    match profile.split_once('.') {
        Some((compute, rest)) if compute.ends_with('c') => rest,
        _ => profile,
    }
}

#[cfg(test)]
mod tests {
    use super::profile;

    #[test]
    fn a_profile_is_the_gpu_instances() {
        assert_eq!(profile("NVIDIA A100-SXM4-80GB MIG 1g.10gb"), "1g.10gb");
        assert_eq!(profile("NVIDIA H100 80GB HBM3 MIG 1c.2g.20gb"), "2g.20gb");
        assert_eq!(profile("NVIDIA H100 80GB HBM3 MIG 1g.10gb+me"), "1g.10gb+me");
    }
}
