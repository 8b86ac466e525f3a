//! From a Pod to what it asks for and what it holds.

use std::collections::BTreeMap;

use super::objects::{Container, LocalResources, Pod, PodSpec, QuantityText, Resources};
use super::{
    FieldError, GPU_MEMORY_ANNOTATION, MODELS_ANNOTATION, ObjectError, PROFILE_ANNOTATION, Reader,
    bytes_to_mib, devices, quantity,
};
use crate::cluster::model::ModelPattern;
use crate::cluster::pod::{BoundPod, GpuDemand, Hold, PodKey, PodRequest};
use crate::cluster::quantity::Quantity;
use crate::cluster::units::{Mib, MilliCpu};

/// The label that names a node's GPU model, by NVIDIA's GPU feature discovery.
pub(super) const PRODUCT_LABEL: &str = "nvidia.com/gpu.product";

impl Reader {
    /// The effective request of a pod.
    ///
    /// # Errors
    /// Names the field that cannot be read.
    pub fn pod(&self, pod: &Pod) -> Result<PodRequest, ObjectError> {
        let request = self.needs(pod).and_then(|needs| {
            Ok(PodRequest { models: models(pod)?, min_gpu_memory: min_gpu_memory(pod)?, ..needs })
        });
        request.map_err(|error| error.of(format!("pod {}", pod.key())))
    }

    /// The room that a pod takes up, or `None` where it takes none: not bound and not nominated, or at its end.
    ///
    /// What it holds does not depend on its wishes, so annotations that cannot be read count as none here.
    ///
    /// # Errors
    /// Names the resource that cannot be read.
    pub fn bound_pod(&self, pod: &Pod) -> Result<Option<BoundPod>, ObjectError> {
        if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
            return Ok(None);
        }
        let (node, hold) = match (pod.spec.node_name.as_str(), pod.status.nominated_node_name.as_str()) {
            ("", "") => return Ok(None),
            ("", nominated) => (nominated, Hold::Nominated),
            (bound, _) => (bound, Hold::Bound),
        };
        let needs = self.needs(pod).map_err(|error| error.of(format!("pod {}", pod.key())))?;
        let request = PodRequest {
            models: models(pod).unwrap_or_default(),
            min_gpu_memory: min_gpu_memory(pod).unwrap_or_default(),
            ..needs
        };
        Ok(Some(BoundPod { request, node: node.into(), hold }))
    }

    /// The request without the pod's wishes of the kind of GPU.
    fn needs(&self, pod: &Pod) -> Result<PodRequest, FieldError> {
        let requests = effective_requests(&pod.spec)?;
        let amount = |name: &str| requests.get(name).copied().unwrap_or_default();
        let mut gpus = Vec::new();
        for (name, amount) in &requests {
            let Some(resource) = self.gpu_resources.name(name) else { continue };
            let count = devices(name, *amount)?;
            if count > 0 {
                gpus.push(GpuDemand::whole(resource, count));
            }
        }
        let owner = pod.metadata.owner_references.iter().find(|owner| owner.controller);
        Ok(PodRequest {
            key: pod.key(),
            uid: pod.metadata.uid.as_str().into(),
            owner: owner.map(|owner| owner.uid.as_str().into()),
            priority: pod.spec.priority,
            cpu: MilliCpu(amount("cpu").millis().unsigned_abs()),
            memory: Mib(bytes_to_mib(amount("memory"), true)),
            gpus,
            models: Vec::new(),
            min_gpu_memory: None,
            profile: pod.metadata.annotations.get(PROFILE_ANNOTATION).map(|name| name.as_str().into()),
        })
    }
}

impl Pod {
    /// The pod's key; a manifest without a namespace means `default`, as kubectl has it.
    #[must_use]
    pub fn key(&self) -> PodKey {
        let namespace = match self.metadata.namespace.as_str() {
            "" => "default",
            namespace => namespace,
        };
        PodKey::new(namespace, self.metadata.name.as_str())
    }
}

/// The models a pod accepts: by its annotation, else by the product label its node selector or required node
/// affinity asks for.
fn models(pod: &Pod) -> Result<Vec<ModelPattern>, FieldError> {
    if let Some(list) = pod.metadata.annotations.get(MODELS_ANNOTATION) {
        let refuse = || {
            FieldError::new(
                MODELS_ANNOTATION,
                "GPU models separated by commas, such as H100,A100-SXM4-80GB",
                list,
            )
        };
        return list.split(',').map(|name| ModelPattern::new(name).ok_or_else(refuse)).collect();
    }
    if let Some(product) = pod.spec.node_selector.get(PRODUCT_LABEL) {
        return Ok(ModelPattern::new(product).into_iter().collect());
    }
    let terms = &pod.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution;
    let products = terms.node_selector_terms.iter().map(|term| {
        let by_product = |rule: &&super::Requirement| rule.key == PRODUCT_LABEL && rule.operator == "In";
        term.match_expressions.iter().find(by_product).map(|rule| &rule.values)
    });
    // Terms are alternatives: where one of them names no product, any will do.
    let products: Option<Vec<&Vec<String>>> = products.collect();
    Ok(products
        .unwrap_or_default()
        .into_iter()
        .flatten()
        .filter_map(|name| ModelPattern::new(name))
        .collect())
}

fn min_gpu_memory(pod: &Pod) -> Result<Option<Mib>, FieldError> {
    let Some(text) = pod.metadata.annotations.get(GPU_MEMORY_ANNOTATION) else { return Ok(None) };
    let bytes = quantity(GPU_MEMORY_ANNOTATION, &QuantityText(text.clone()))?;
    Ok(Some(Mib(bytes_to_mib(bytes, true))))
}

type Requests<'a> = BTreeMap<&'a str, Quantity>;

/// Kubernetes' formula, for each resource: `max(containers + sidecars, each init container with the sidecars started
/// before it) + overhead`; resources of the pod as a whole replace the sum for cpu and memory
/// (k8s.io/component-helpers/resource/helpers.go, `PodRequests`).
fn effective_requests(spec: &PodSpec) -> Result<Requests<'_>, FieldError> {
    let mut total = Requests::new();
    for container in &spec.containers {
        add(&mut total, &container_requests(&container.resources)?);
    }
    let mut sidecars = Requests::new();
    let mut peak = Requests::new();
    for container in &spec.init_containers {
        let mut running = container_requests(&container.resources)?;
        add(&mut running, &sidecars);
        if is_sidecar(container) {
            sidecars.clone_from(&running);
        }
        raise(&mut peak, &running);
    }
    add(&mut total, &sidecars);
    raise(&mut total, &peak);
    override_by_pod_level(&mut total, &spec.resources)?;
    add(&mut total, &list("overhead", &spec.overhead)?);
    Ok(total)
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// A container's requests; a resource with a limit only is requested in full.
fn container_requests(resources: &LocalResources) -> Result<Requests<'_>, FieldError> {
    let mut requests = list("limits", &resources.limits)?;
    requests.extend(list("requests", &resources.requests)?);
    Ok(requests)
}

/// Pod-level requests win over the containers' sum; a pod-level limit stands in where nobody requests anything.
fn override_by_pod_level<'a>(total: &mut Requests<'a>, pod: &'a LocalResources) -> Result<(), FieldError> {
    let supported = |name: &&str| matches!(*name, "cpu" | "memory");
    for (name, amount) in
        list("resources.limits", &pod.limits)?.into_iter().filter(|(name, _)| supported(name))
    {
        total.entry(name).or_insert(amount);
    }
    let requests = list("resources.requests", &pod.requests)?;
    total.extend(requests.into_iter().filter(|(name, _)| supported(name)));
    Ok(())
}

fn list<'a>(field: &str, resources: &'a Resources) -> Result<Requests<'a>, FieldError> {
    let read = |(name, text): (&'a String, &'a QuantityText)| {
        Ok((name.as_str(), quantity(&format!("{field}.{name}"), text)?))
    };
    resources.iter().map(read).collect()
}

fn add<'a>(sum: &mut Requests<'a>, more: &Requests<'a>) {
    for (name, amount) in more {
        let entry = sum.entry(name).or_default();
        *entry = entry.plus(*amount);
    }
}

fn raise<'a>(peak: &mut Requests<'a>, candidate: &Requests<'a>) {
    for (name, amount) in candidate {
        let entry = peak.entry(name).or_default();
        *entry = (*entry).max(*amount);
    }
}
