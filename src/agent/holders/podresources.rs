//! Asks kubelet which pods have which devices (KEP-606 and KEP-2403, `PodResourcesLister` v1).

use std::path::Path;
use std::time::Duration;

use tonic::transport::Endpoint;
use tonic::{Code, Status};

use super::device_id::{CLAIM_DRIVER, claimed, device};
use super::fault::HolderFault;
use super::v1::pod_resources_lister_client::PodResourcesListerClient;
use super::v1::{
    AllocatableResourcesRequest, AllocatableResourcesResponse, ClaimResource, ContainerDevices,
    ListPodResourcesRequest, ListPodResourcesResponse,
};
use crate::agent::attribution::{Attribution, Holder};

/// As much as kubelet's own client takes (`pkg/kubelet/apis/podresources/constants.go`: 16 MiB).
const LARGEST_ANSWER_BYTES: usize = 16 << 20;

/// What kubelet said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Who holds which device, and which devices there are.
    pub(super) attribution: Attribution,
    /// Pods on the node, with devices or without.
    pub(super) pods: usize,
    /// What of it is not understood; the rest holds.
    pub(super) fault: Option<HolderFault>,
}

/// Asks once, on a connection of its own: a kubelet that was started anew is met like any other.
pub(super) async fn ask(socket: &Path, within: Duration) -> Result<Answer, HolderFault> {
    match tokio::time::timeout(within, exchange(socket)).await {
        Ok(Ok((list, allocatable))) => Ok(answer(list, allocatable)),
        Ok(Err(fault)) => Err(fault),
        Err(_) => Err(HolderFault::hanging(socket, within)),
    }
}

async fn exchange(
    socket: &Path,
) -> Result<(ListPodResourcesResponse, AllocatableResourcesResponse), HolderFault> {
    let failed = |status: Status| HolderFault::of(socket, &status);
    let channel = match Endpoint::from_shared(format!("unix:{}", socket.display())) {
        Ok(endpoint) => endpoint.connect().await,
        Err(error) => Err(error),
    };
    let channel = channel.map_err(|error| HolderFault::of(socket, &error))?;
    let mut client = PodResourcesListerClient::new(channel).max_decoding_message_size(LARGEST_ANSWER_BYTES);
    let list = client.list(ListPodResourcesRequest {}).await.map_err(failed)?.into_inner();
    let allocatable = match client.get_allocatable_resources(AllocatableResourcesRequest {}).await {
        Ok(answer) => answer.into_inner(),
        // Before Kubernetes 1.23 it may be switched off.
        Err(status) if status.code() == Code::Unimplemented => AllocatableResourcesResponse::default(),
        Err(status) => return Err(failed(status)),
    };
    Ok((list, allocatable))
}

fn answer(list: ListPodResourcesResponse, allocatable: AllocatableResourcesResponse) -> Answer {
    let mut answer = Answer { pods: list.pod_resources.len(), ..Answer::default() };
    for pod in list.pod_resources {
        for container in pod.containers {
            let holder = Holder {
                namespace: pod.namespace.as_str().into(),
                pod: pod.name.as_str().into(),
                container: container.name.into(),
            };
            answer.take(&container.devices, |known, device| known.device(device, holder.clone()));
            let claims = container.dynamic_resources.iter();
            answer.take_claimed(claims.flat_map(|claim| &claim.claim_resources), &holder);
        }
    }
    answer.take(&allocatable.devices, Attribution::replica);
    answer
}

impl Answer {
    fn take(&mut self, resources: &[ContainerDevices], add: impl Fn(Attribution, &str) -> Attribution) {
        for ContainerDevices { resource_name, device_ids } in resources {
            for id in device_ids {
                match device(id) {
                    Some(device) => self.attribution = add(std::mem::take(&mut self.attribution), device),
                    None if is_gpu(resource_name) => {
                        self.fault = Some(HolderFault::unknown_device(resource_name, id));
                    }
                    None => {}
                }
            }
        }
    }

    fn take_claimed<'a>(&mut self, devices: impl Iterator<Item = &'a ClaimResource>, holder: &Holder) {
        for ClaimResource { driver_name, device_name } in
            devices.filter(|device| device.driver_name == CLAIM_DRIVER)
        {
            match claimed(device_name) {
                Some(device) => {
                    let known = std::mem::take(&mut self.attribution);
                    self.attribution = known.device(&device, holder.clone());
                }
                None => self.fault = Some(HolderFault::unknown_device(driver_name, device_name)),
            }
        }
    }
}

/// Resources whose devices are GPUs or instances; NVIDIA's network cards are `nvidia.com/` too.
fn is_gpu(resource: &str) -> bool {
    let name = resource.strip_prefix("nvidia.com/");
    name.is_some_and(|name| name == "gpu" || name.starts_with("gpu.") || name.starts_with("mig-"))
}
