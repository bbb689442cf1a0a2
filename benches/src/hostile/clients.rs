//! The attackers' requests: at a set rate, of each tenant in turn, and more of the one that has them all. And requests that say
//! how a single tenant fares.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::{Builder, LocalOptions};

use crate::clock::Clock;
use crate::stamp::RequestStamp;
use crate::talk::{self, Manner, Talk, TalkEnd};

/// The longest that a client waits, and the most of them at once.
const PATIENCE: Duration = Duration::from_secs(15);
const MOST: usize = 1_000;

/// What became of the attackers' requests.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct HostileOutcome {
    answered: u64,
    refused: u64,
    broken: u64,
    late: u64,
    /// Not sent, for too many were under way.
    held: u64,
    /// Still under way when it was over.
    left: u64,
}

impl HostileOutcome {
    pub(super) fn add(&mut self, other: &Self) {
        let Self { answered, refused, broken, late, held, left } = other;
        self.answered += answered;
        self.refused += refused;
        self.broken += broken;
        self.late += late;
        self.held += held;
        self.left += left;
    }
}

/// What a guard denies that is to be replaced: every request says it.
pub(super) const DENIED: &str = "what does the sea say";
/// How many requests say whether it still does.
const TRIES: u64 = 20;

impl fmt::Display for HostileOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, refused, broken, late, held, left } = self;
        write!(f, "{answered} answered, {refused} refused, {broken} broken off, {late} given up, ")?;
        write!(f, "{held} not sent, {left} left when it was over")
    }
}

/// Asks until it is over, and leaves what is under way.
///
/// # Errors
/// The system has no room for clients.
pub(super) fn all(to: SocketAddr, tokens: &[String], rate: u32, over: &AtomicBool) -> Result<HostileOutcome> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let sum = Rc::new(RefCell::new(HostileOutcome::default()));
    runtime.block_on(async {
        let (clock, between, start) = (Clock::start()?, Duration::from_secs(1) / rate.max(1), Instant::now());
        let mut clients = tokio::task::JoinSet::new();
        let [all, each @ ..] = tokens else { return Ok(()) };
        for number in 0_u32.. {
            clock.sleep_until(start + between * number).await;
            while clients.try_join_next().is_some() {}
            if over.load(Ordering::Relaxed) {
                break;
            }
            if clients.len() >= MOST {
                sum.borrow_mut().held += 1;
                continue;
            }
            // Every third request meets all of them.
            let turn = usize::try_from(number).unwrap_or_default();
            let key = if number % 3 == 0 { all } else { each.get(turn % each.len().max(1)).unwrap_or(all) };
            let (sum, key) = (Rc::clone(&sum), key.clone());
            clients.spawn_local(async move {
                let ended = one(to, &key, number).await;
                let mut sum = sum.borrow_mut();
                match ended {
                    (TalkEnd::Whole, Some(200)) => sum.answered += 1,
                    (TalkEnd::Whole, _) => sum.refused += 1,
                    (TalkEnd::Late, _) => sum.late += 1,
                    _ => sum.broken += 1,
                }
            });
        }
        sum.borrow_mut().left += u64::try_from(clients.len()).unwrap_or_default();
        clients.abort_all();
        anyhow::Ok(())
    })?;
    let sum = *sum.borrow();
    Ok(sum)
}

/// Asks what a guard has to deny; adds how many were denied, and how many were asked.
///
/// # Errors
/// The system has no room for clients.
pub(super) fn denied(to: SocketAddr, key: &str, (mut denied, mut asked): (u64, u64)) -> Result<(u64, u64)> {
    for _ in 0..TRIES {
        let (status, said) = told(to, key, "content_filter")?;
        denied += u64::from(status == 400 && said);
        asked += 1;
    }
    Ok((denied, asked))
}

/// What one request is answered: the status, and whether the words are in it.
///
/// # Errors
/// The system has no room for clients.
pub(super) fn told(to: SocketAddr, key: &str, words: &str) -> Result<(u16, bool)> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let body = talk::body("m", false, RequestStamp { run: 3, number: 0 }, 400);
    let head = talk::head(to, key, body.len());
    let manner = Manner::Patient;
    let talk = Talk { to, head: &head, body: &body, stream: false, http2: false, manner, patience: PATIENCE };
    let heard = runtime.block_on(talk.hear());
    Ok((heard.status.unwrap_or_default(), String::from_utf8_lossy(&heard.body).contains(words)))
}

async fn one(to: SocketAddr, key: &str, number: u32) -> (TalkEnd, Option<u16>) {
    // Half of the requests are streams, whoever's turn it is: parity would go by tenants.
    let stream = number.wrapping_mul(2_654_435_769) >> 31 == 1;
    let body = talk::body("m", stream, RequestStamp { run: 2, number }, 400);
    let head = talk::head(to, key, body.len());
    let talk = Talk { to, head: &head, body: &body, stream, http2: false, manner: Manner::Patient, patience: PATIENCE };
    let heard = talk.hear().await;
    (heard.ended, heard.status)
}
