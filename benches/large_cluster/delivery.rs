//! What the API server needs to deliver a cluster: the part of a start that is not gpulse's.

use std::time::Duration;

use anyhow::{Context, Result};
use gpulse::clock::Stopwatch;
use testbed::Api;

/// The lists that gpulse asks for when it starts, by pages of its size (`src/cache/watch.rs`).
const LISTS: [&str; 2] = [
    "/api/v1/nodes?limit=250",
    "/api/v1/pods?limit=250&fieldSelector=status.phase%21%3DSucceeded,status.phase%21%3DFailed",
];

/// Downloads the same pages as gpulse does, both lists at a time, and reads nothing of them but where the next page is.
/// Gives the time and the bytes.
pub(crate) async fn download(api: &Api) -> Result<(Duration, usize)> {
    let watch = Stopwatch::start();
    let [nodes, pods] = LISTS.map(|list| pages(api, list));
    let (nodes, pods) = tokio::try_join!(nodes, pods)?;
    Ok((watch.elapsed(), nodes + pods))
}

/// The bytes of all pages of a list.
async fn pages(api: &Api, list: &str) -> Result<usize> {
    let mut bytes = 0;
    let mut path = list.to_owned();
    loop {
        let page = api.get_bytes(&path).await?;
        bytes += page.len();
        match next(&page)? {
            Some(token) => path = format!("{list}&continue={token}"),
            None => return Ok(bytes),
        }
    }
}

/// The token of the next page: a list's metadata come before its items.
fn next(page: &[u8]) -> Result<Option<String>> {
    let items = page.windows(8).position(|eight| eight == br#""items":"#).context("no items in a page")?;
    let head = std::str::from_utf8(&page[..items])?;
    let token = head.split_once(r#""continue":""#).and_then(|(_, rest)| rest.split_once('"'));
    Ok(token.map(|(token, _)| token.to_owned()))
}
