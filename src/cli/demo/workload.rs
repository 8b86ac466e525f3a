//! The pods that arrive.

use serde_json::{Value, json};

use crate::cluster::PodKey;
use crate::cluster::kubernetes::{MODELS_ANNOTATION, PROFILE_ANNOTATION};

/// The profile that inference pods name by annotation.
pub(super) const INFERENCE_PROFILE: &str = "inference";

/// What a pod is for, and so what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole GPUs.
    Training,
    /// A share of one.
    Inference,
}

impl Kind {
    /// The resource that is asked for.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Training => "nvidia.com/gpu",
            Self::Inference => "nvidia.com/gpu.shared",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Inference => "inference",
        }
    }
}

/// A pod.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) gpus: u32,
    /// The only GPU model that it takes.
    pub(super) model: Option<&'static str>,
    /// Whether it was there when the demo started.
    pub(super) earlier: bool,
}

/// The stream: names, GPUs, and the model where only one will do. Inference asks for a share of a GPU.
const STREAM: [(Kind, &str, u32, Option<&str>); 18] = [
    (Kind::Training, "llama-7b", 4, Some("V100")),
    (Kind::Inference, "chat-0", 1, None),
    (Kind::Training, "resnet-0", 1, None),
    (Kind::Training, "bert-0", 2, None),
    (Kind::Inference, "chat-1", 1, None),
    (Kind::Training, "whisper-0", 1, None),
    (Kind::Training, "llama-70b", 8, Some("H100")),
    (Kind::Inference, "rank-0", 1, None),
    (Kind::Training, "resnet-1", 1, None),
    (Kind::Training, "gnn-0", 1, None),
    (Kind::Inference, "chat-2", 1, None),
    (Kind::Training, "bert-1", 2, None),
    (Kind::Inference, "rank-1", 1, None),
    (Kind::Training, "gnn-1", 1, None),
    (Kind::Training, "whisper-1", 1, None),
    (Kind::Inference, "chat-3", 1, None),
    (Kind::Training, "resnet-2", 1, None),
    (Kind::Inference, "rank-2", 1, None),
];

/// The pods in the order of their arrival.
pub(super) fn stream() -> impl Iterator<Item = Request> {
    STREAM.into_iter().map(|(kind, name, gpus, model)| Request {
        kind,
        name: name.into(),
        gpus,
        model,
        earlier: false,
    })
}

impl Request {
    /// A pod that is there when the demo starts.
    pub(super) fn earlier(kind: Kind, name: String) -> Self {
        Self { kind, name, gpus: 1, model: None, earlier: true }
    }

    /// Namespace and name.
    pub(super) fn key(&self) -> PodKey {
        PodKey::new(self.kind.namespace(), self.name.as_str())
    }

    /// What it asks for, in words.
    pub(super) fn asks(&self) -> String {
        match (self.kind, self.gpus, self.model) {
            (Kind::Inference, ..) => "a share".into(),
            (Kind::Training, 1, None) => "1 GPU".into(),
            (Kind::Training, count, None) => format!("{count} GPUs"),
            (Kind::Training, count, Some(model)) => format!("{count} {model}"),
        }
    }

    /// The pod as kube-scheduler sends it.
    pub(super) fn manifest(&self) -> Value {
        let amounts = json!({
            "cpu": (2 * self.gpus).to_string(),
            "memory": format!("{}Gi", 8 * self.gpus),
            self.kind.resource(): self.gpus.to_string(),
        });
        let mut pod = json!({
            "metadata": {
                "namespace": self.kind.namespace(),
                "name": self.name,
                "uid": format!("demo-{}-{}", self.kind.namespace(), self.name),
                "annotations": {},
            },
            "spec": {"containers": [{"name": "main", "resources": {"requests": amounts, "limits": amounts}}]},
        });
        let annotations = &mut pod["metadata"]["annotations"];
        if let Some(model) = self.model {
            annotations[MODELS_ANNOTATION] = model.into();
        }
        if self.kind == Kind::Inference {
            annotations[PROFILE_ANNOTATION] = INFERENCE_PROFILE.into();
        }
        pod
    }
}
