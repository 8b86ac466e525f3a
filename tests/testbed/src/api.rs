//! The API server as tests speak to it: JSON values in and out.

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::{Value, json};

/// The API server, as one user. Cheap to clone; to be used on the runtime that first used it.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    server: String,
    token: String,
}

impl Api {
    /// `server` is a URL without a path, `token` a bearer token.
    #[must_use]
    pub fn new(client: Client, server: &str, token: &str) -> Self {
        Self { client, server: server.to_owned(), token: token.to_owned() }
    }

    /// The same server as another user.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Any request; gives the status code and the answer (null where it is no JSON). The rest is made of this.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let (status, answer) = self.exchange(method, path, content_type, body).await?;
        Ok((status, serde_json::from_slice(&answer).unwrap_or(Value::Null)))
    }

    /// The answer's bytes, whatever they are.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let url =
            Url::parse(&format!("{}{path}", self.server)).with_context(|| format!("bad path {path:?}"))?;
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", content_type).body(body.to_string());
        }
        let response =
            request.send().await.with_context(|| format!("no answer from the API server to {path}"))?;
        let status = response.status();
        let answer = response.bytes().await.with_context(|| format!("broken answer to {path}"))?;
        Ok((status, answer.into()))
    }

    /// Reads an object or a list, for instance `/api/v1/namespaces/default/pods/train-0`.
    ///
    /// # Errors
    /// Where the answer is not 2xx.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Reads what [`Self::get`] does and leaves it as it came.
    ///
    /// # Errors
    /// Where the answer is not 2xx.
    pub async fn get_bytes(&self, path: &str) -> Result<Vec<u8>> {
        let (status, answer) = self.exchange(Method::GET, path, "application/json", None).await?;
        ensure!(status.is_success(), "GET {path}: {status}");
        Ok(answer)
    }

    /// The items of a list, for instance `/api/v1/pods`.
    ///
    /// # Errors
    /// Where the answer is no list.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        match self.get(path).await?.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => bail!("{path} is no list"),
        }
    }

    /// Creates an object. Unknown and duplicate fields are errors.
    ///
    /// # Errors
    /// Where the kind has no known path (see [`collection`]) or the answer is not 2xx.
    pub async fn create(&self, object: &Value) -> Result<Value> {
        let path = collection(object)?;
        self.send(Method::POST, &format!("{path}?fieldValidation=Strict"), Some(object)).await
    }

    /// Creates all objects of a manifest: YAML, one or more documents.
    ///
    /// # Errors
    /// Where the text is no YAML or an object is refused.
    pub async fn create_manifest(&self, yaml: &str) -> Result<()> {
        for object in serde_saphyr::from_multiple::<Value>(yaml).context("cannot read the manifest")? {
            self.create(&object).await?;
        }
        Ok(())
    }

    /// Changes an object by a merge patch; for its status append `/status` to the path.
    ///
    /// # Errors
    /// Where the answer is not 2xx.
    pub async fn patch(&self, path: &str, patch: &Value) -> Result<Value> {
        let kind = "application/merge-patch+json";
        let (status, answer) = self.request(Method::PATCH, path, kind, Some(patch)).await?;
        checked(&Method::PATCH, path, status, answer)
    }

    /// Deletes an object at once, without a grace period (there is no kubelet that would end it).
    ///
    /// # Errors
    /// Where the answer is not 2xx.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
        self.send(Method::DELETE, path, Some(&options)).await.map(drop)
    }

    /// Binds a pod to a node, as a scheduler does.
    ///
    /// # Errors
    /// Where the API server refuses.
    pub async fn bind(&self, namespace: &str, pod: &str, node: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/binding");
        let target = json!({"apiVersion": "v1", "kind": "Node", "name": node});
        let binding =
            json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target});
        self.send(Method::POST, &path, Some(&binding)).await.map(drop)
    }

    /// Does what kubelets would: marks the pods that are bound and Pending as Running.
    ///
    /// # Errors
    /// Where the API server does not answer. A pod that is deleted meanwhile is no error.
    pub async fn run_bound_pods(&self) -> Result<()> {
        let pending = "/api/v1/pods?fieldSelector=status.phase=Pending,spec.nodeName!=";
        for pod in self.list(pending).await? {
            let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/status");
            let running = json!({"status": {"phase": "Running"}});
            let _deleted_meanwhile = self.patch(&path, &running).await;
        }
        Ok(())
    }

    /// A token of a service account, as its pods get it.
    ///
    /// # Errors
    /// Where there is no such service account.
    pub async fn service_account_token(&self, namespace: &str, name: &str) -> Result<String> {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let answer = self.send(Method::POST, &path, Some(&request)).await?;
        let token = answer.pointer("/status/token").and_then(Value::as_str);
        token.map(str::to_owned).with_context(|| format!("no token in the answer to {path}"))
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.request(method.clone(), path, "application/json", body).await?;
        checked(&method, path, status, answer)
    }
}

fn checked(method: &Method, path: &str, status: StatusCode, answer: Value) -> Result<Value> {
    ensure!(
        status.is_success(),
        "{method} {path}: {status}: {}",
        answer.get("message").and_then(Value::as_str).unwrap_or("no message")
    );
    Ok(answer)
}

/// The path under which objects of this kind are created, for the kinds that this project makes.
///
/// # Errors
/// Names the kind where it is not among them.
pub fn collection(object: &Value) -> Result<String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let plural = match kind {
        "ClusterRole"
        | "ClusterRoleBinding"
        | "ConfigMap"
        | "Deployment"
        | "Namespace"
        | "Node"
        | "Pod"
        | "PodDisruptionBudget"
        | "PriorityClass"
        | "ResourceClaim"
        | "Role"
        | "RoleBinding"
        | "Service"
        | "ServiceAccount" => {
            let lower = kind.to_lowercase();
            lower + if kind.ends_with('s') { "es" } else { "s" }
        }
        _ => bail!("no path known for kind {kind:?}: add it to testbed's api::collection"),
    };
    let root = if version.contains('/') { "apis" } else { "api" };
    let cluster_wide =
        matches!(kind, "ClusterRole" | "ClusterRoleBinding" | "Namespace" | "Node" | "PriorityClass");
    Ok(match text("/metadata/namespace") {
        _ if cluster_wide => format!("/{root}/{version}/{plural}"),
        "" => format!("/{root}/{version}/namespaces/default/{plural}"),
        namespace => format!("/{root}/{version}/namespaces/{namespace}/{plural}"),
    })
}
