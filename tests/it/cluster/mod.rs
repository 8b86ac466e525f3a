//! The nouns: what is read from Kubernetes and telemetry, and what a snapshot makes of it.

mod pool;
