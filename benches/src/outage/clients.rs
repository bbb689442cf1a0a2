//! Requests at a set rate, each on a connection of its own: when each was due, and what came of it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, LocalOptions};

use super::accounts::CountedRequest;
use crate::clock::Clock;
use crate::stamp::RequestStamp;
use crate::talk::{self, Manner, Talk, TalkEnd};

/// The longest that a client waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends what is due from `start` on, for `time`, and waits for all of it.
///
/// # Errors
/// The system has no room for clients.
pub(super) fn all(to: SocketAddr, key: &str, rate: u32, start: Instant, time: Duration) -> Result<Vec<CountedRequest>> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let asked = Rc::new(RefCell::new(Vec::new()));
    runtime.block_on(async {
        let (clock, between) = (Clock::start()?, Duration::from_secs(1) / rate.max(1));
        let mut clients = tokio::task::JoinSet::new();
        for number in 0.. {
            let due = between * number;
            if due >= time {
                break;
            }
            clock.sleep_until(start + due).await;
            let (asked, key) = (Rc::clone(&asked), key.to_owned());
            clients.spawn_local(async move {
                let one = one(to, &key, number, due).await;
                asked.borrow_mut().push(one);
            });
            while clients.try_join_next().is_some() {}
        }
        while let Some(ended) = clients.join_next().await {
            ended.context("a client has died")?;
        }
        anyhow::Ok(())
    })?;
    Ok(Rc::into_inner(asked).context("a client is left")?.into_inner())
}

async fn one(to: SocketAddr, key: &str, number: u32, due: Duration) -> CountedRequest {
    let body = talk::body("m", false, RequestStamp { run: 1, number }, 100);
    let head = talk::head(to, key, body.len());
    let talk =
        Talk { to, head: &head, body: &body, stream: false, http2: false, manner: Manner::Patient, patience: PATIENCE };
    let heard = talk.hear().await;
    let good = heard.ended == TalkEnd::Whole && heard.status == Some(200);
    let upstream = heard.upstream.and_then(|name| Some(name.split_once('/')?.0.to_owned()));
    CountedRequest { due, took: heard.took, good, upstream: upstream.unwrap_or_default() }
}
