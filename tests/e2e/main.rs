//! gpulse between the real ones: kube-apiserver, etcd, kube-scheduler and Prometheus, with the files under `deploy/`.
//!
//! Each test brings up a [`world`] of its own and speaks to the API server as users do: it creates nodes and pods and
//! looks at where the scheduler puts them. `cargo xtask test` builds what is needed; see the README.

mod agent;
mod agent_chain;
mod bad_input;
mod burst;
mod cluster_outage;
mod holders;
mod placing;
mod refusal;
mod simulator;
mod telemetry_outage;
mod tls;
mod world;
