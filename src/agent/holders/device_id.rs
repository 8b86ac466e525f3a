//! What device plugins, and drivers of claims, call their devices.

/// The device that an id of a device plugin stands for, as its UUID or, on GKE, by its file; `None` for what is no GPU
/// of NVIDIA's.
///
/// | id | device |
/// | --- | --- |
/// | `GPU-UUID`, `MIG-UUID` | itself |
/// | `GPU-UUID::3` | one of several replicas, by time-slicing or MPS (NVIDIA/k8s-device-plugin `internal/rm/devices.go`) |
/// | `nvidia0`, `nvidia0/gi1`, `nvidia0/vgpu2` | the file's GPU, its MIG instance, a share of it (GKE's plugin) |
pub(super) fn device(id: &str) -> Option<&str> {
    if id.starts_with("GPU-") || id.starts_with("MIG-") {
        return match id.split_once("::") {
            Some((device, replica)) => is_number(replica).then_some(device),
            None => Some(id),
        };
    }
    let device = match id.rsplit_once("/vgpu") {
        Some((device, share)) => is_number(share).then_some(device)?,
        None => id,
    };
    let rest = device.strip_prefix("nvidia")?;
    let is_device = match rest.split_once("/gi") {
        Some((gpu, instance)) => is_number(gpu) && is_number(instance),
        None => is_number(rest),
    };
    is_device.then_some(device)
}

/// NVIDIA's driver of GPUs that are given by claims.
pub(super) const CLAIM_DRIVER: &str = "gpu.nvidia.com";

/// The device that this driver's name stands for, by its file: `gpu-3` is `/dev/nvidia3` (NVIDIA/k8s-dra-driver-gpu
/// `cmd/gpu-kubelet-plugin/deviceinfo.go`). `None` for a MIG device: its name says where on the GPU it lies, and not which
/// instance it is.
pub(super) fn claimed(name: &str) -> Option<String> {
    let minor = name.strip_prefix("gpu-").filter(|minor| is_number(minor))?;
    Some(format!("nvidia{minor}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_names_of_all_plugins() {
        let gpu = "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52";
        let instance = "MIG-5c8d1b3e-0d3a-5f2b-9d0c-3b9f0a7c1e22";
        let old = "MIG-GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52/3/0";
        for (id, expected) in [
            (gpu, Some(gpu)),
            (&format!("{gpu}::0"), Some(gpu)),
            (&format!("{instance}::12"), Some(instance)),
            (old, Some(old)),
            ("nvidia0", Some("nvidia0")),
            ("nvidia12/gi4", Some("nvidia12/gi4")),
            ("nvidia1/vgpu3", Some("nvidia1")),
            ("nvidia1/gi2/vgpu0", Some("nvidia1/gi2")),
            ("GPU-a::", None),
            ("GPU-a::x", None),
            ("nvidia", None),
            ("nvidiactl", None),
            ("nvidia0/vgpu", None),
            ("0000:3b:00.2", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(device(id), expected, "{id:?}");
        }
    }

    #[test]
    fn a_claimed_gpu_is_its_file() {
        let names = ["gpu-0", "gpu-12", "gpu-0-mig-1g10gb-19-4", "gpu-vfio-0", "gpu-", "channel-3", ""];
        let files = [Some("nvidia0"), Some("nvidia12"), None, None, None, None, None];
        assert_eq!(names.map(claimed), files.map(|file| file.map(str::to_owned)));
    }

    proptest! {
        #[test]
        fn replicas_are_their_device(
            kind in "(GPU|MIG)", uuid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", number in 0_u32..10_000,
        ) {
            let name = format!("{kind}-{uuid}");
            let replica = format!("{name}::{number}");
            prop_assert_eq!(device(&name), Some(name.as_str()));
            prop_assert_eq!(device(&replica), Some(name.as_str()));
        }

        #[test]
        fn a_device_is_the_beginning_of_its_name(id in ".*", near in "(GPU-|MIG-|nvidia)[0-9a-z:/]{0,20}") {
            for id in [id, near] {
                prop_assert!(device(&id).is_none_or(|device| id.starts_with(device)));
            }
        }
    }
}
