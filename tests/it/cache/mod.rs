//! The Kubernetes edge: the index alone, then the watches against a pretended API server.

mod api_server;
mod config;
mod index;
mod watching;
