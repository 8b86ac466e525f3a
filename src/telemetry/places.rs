//! What the labels of series say, kept once for all series that share them.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::directory::{Directory, EXPORTED, OLD, PLAIN, Whereabouts, pod_key};
use super::inventory::{DeviceId, Inventory};
use super::labels::{Identity, Labels};
use super::query::Plan;
use crate::cluster::PodKey;

/// Numbers the places of an answer.
pub(super) type PlaceId = u32;

/// What the labels of a series say beside its metric. Of what thousands share it holds numbers.
#[derive(Debug)]
pub(super) struct Place {
    /// `None` where the labels do not say which device, or say nonsense.
    pub(super) device: Option<DeviceId>,
    /// The pod that uses the device.
    pub(super) holder: Option<PodKey>,
    whereabouts: u32,
    face: u32,
}

/// What a device looks like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Face {
    pub(super) index: Option<u32>,
    pub(super) mig_profile: Option<Arc<str>>,
    pub(super) model: Option<Arc<str>>,
}

/// The places of an answer.
pub(super) struct Places<'a> {
    plan: &'a Plan,
    directory: &'a Directory<'a>,
    places: IndexMap<Identity, Place>,
    whereabouts: IndexSet<Whereabouts>,
    faces: IndexSet<Face>,
    names: HashSet<Arc<str>>,
}

impl<'a> Places<'a> {
    /// With room for so many.
    pub(super) fn new(plan: &'a Plan, directory: &'a Directory<'a>, capacity: usize) -> Self {
        Self {
            plan,
            directory,
            places: IndexMap::with_capacity(capacity),
            whereabouts: IndexSet::new(),
            faces: IndexSet::new(),
            names: HashSet::new(),
        }
    }

    /// The place that the labels name; a device that they name for the first time goes to the inventory.
    pub(super) fn find(&mut self, labels: &Labels, inventory: &mut Inventory) -> PlaceId {
        let identity = labels.identity();
        if let Some(known) = self.places.get_index_of(&identity) {
            return known as PlaceId;
        }
        let device = inventory.find(labels, &self.plan.uuid_labels);
        let whereabouts = Whereabouts::new(labels, &self.plan.node_labels, self.directory);
        let whereabouts = self.whereabouts.insert_full(whereabouts).0 as u32;
        let face = self.read_face(labels);
        let face = self.faces.insert_full(face).0 as u32;
        let place = Place { device, holder: self.holder(labels), whereabouts, face };
        self.places.insert_full(identity, place).0 as PlaceId
    }

    pub(super) fn get(&self, id: PlaceId) -> &Place {
        &self.places[id as usize]
    }

    pub(super) fn whereabouts(&self, place: &Place) -> &Whereabouts {
        &self.whereabouts[place.whereabouts as usize]
    }

    pub(super) fn face(&self, place: &Place) -> &Face {
        &self.faces[place.face as usize]
    }

    fn read_face(&mut self, labels: &Labels) -> Face {
        Face {
            index: labels.get("gpu").and_then(|index| index.parse().ok()),
            mig_profile: labels.get("GPU_I_PROFILE").map(|name| shared(&mut self.names, name)),
            model: labels.get("modelName").map(|name| shared(&mut self.names, name)),
        }
    }

    /// The pod that uses the device. A plain `pod` label may name the exporter's own pod, which asks for no GPU, so it
    /// counts only where a pod is known that does.
    fn holder(&self, labels: &Labels) -> Option<PodKey> {
        let known = |key: &PodKey| self.directory.pod(key);
        // The key that is known already shares its texts with the rest of the program.
        let named = |pod| pod_key(labels, pod).map(|key| known(&key).map_or(key, |pod| pod.key));
        if labels.get(EXPORTED.0).is_some() {
            return named(EXPORTED);
        }
        let plain = || known(&pod_key(labels, PLAIN)?).filter(|pod| pod.wants_gpus).map(|pod| pod.key);
        named(OLD).or_else(plain)
    }
}

/// The name as a string that all devices with it share.
fn shared(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return known.clone();
    }
    let name = Arc::from(name);
    names.insert(Arc::clone(&name));
    name
}
