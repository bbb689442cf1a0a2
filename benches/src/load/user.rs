//! The users of one thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, LocalOptions};

use super::answer::LoadAnswer;
use super::ask::LoadRequest;
use super::failure::LoadFailure;
use super::patience::Patience;
use super::run::{Due, LoadRun};
use super::tally::{EndedRequest, LoadTally};
use super::turns::{FreeUser, UserTurns};
use super::{h1, h2};
use crate::clock::Clock;
use crate::stamp::{Numbers, RequestStamp};

/// Which users a thread has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) http2: bool,
    pub(super) connections: u32,
    /// Users on each connection.
    pub(super) streams: u32,
    /// The number of its first user, of all that there are.
    pub(super) first: u32,
    pub(super) users: u32,
}

/// What the users of a thread share.
#[derive(Debug)]
struct Hand {
    ask: Arc<LoadRequest>,
    run: Arc<LoadRun>,
    clock: Clock,
    turns: UserTurns,
    tally: RefCell<LoadTally>,
    answered: RefCell<Numbers>,
}

#[derive(Debug)]
enum Link {
    Http1(h1::H1Link),
    Http2(h2::H2Link),
}

/// Lets all users of a share ask until the run is over; what was measured, and the numbers of all that were answered.
pub(super) fn all(
    share: Share,
    ask: Arc<LoadRequest>,
    run: Arc<LoadRun>,
    stall: Duration,
) -> Result<(LoadTally, Numbers)> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let clock = Clock::start().context("no timer")?;
        let (tally, answered) = (RefCell::new(LoadTally::new(stall)?), RefCell::default());
        let hand = Rc::new(Hand { ask, run, clock, turns: UserTurns::default(), tally, answered });
        let tasks: Vec<_> = links(share)
            .into_iter()
            .zip(share.first..)
            .map(|(link, number)| {
                tokio::task::spawn_local(user(Rc::clone(&hand), link, hand.run.turn(number, share.users)))
            })
            .collect();
        if hand.run.is_open() {
            hand.turns.keep(&hand.run, &hand.clock).await;
        }
        for task in tasks {
            task.await.context("a user's task has died")?;
        }
        let hand = Rc::into_inner(hand).context("a user's task is left")?;
        Ok((hand.tally.into_inner(), hand.answered.into_inner()))
    })
}

fn links(share: Share) -> Vec<Link> {
    let buffer = h1::Buffer::default();
    let connection = |_| {
        let shared = h2::H2Link::default();
        let link = |_| match share.http2 {
            true => Link::Http2(shared.clone()),
            false => Link::Http1(h1::H1Link::new(buffer.clone())),
        };
        (0..share.streams).map(link).collect::<Vec<_>>()
    };
    (0..share.connections).flat_map(connection).collect()
}

async fn user(hand: Rc<Hand>, mut link: Link, turn: Instant) {
    hand.clock.sleep_until(turn).await;
    let mut answer = LoadAnswer::default();
    let mut patience = Patience::new(hand.ask.timeout);
    let seat = Rc::default();
    while let Some(due) = hand.next(&seat).await {
        let sent = Instant::now();
        let from = if let Due::At(due) = due { due } else { sent };
        let stamp = hand.run.stamp();
        answer.begin(false);
        let outcome = match patience.wait(link.exchange(&hand.ask, stamp, &mut answer)).await {
            Some(outcome) => outcome,
            None => Err(LoadFailure::Timeout),
        };
        let took = from.elapsed();
        if outcome.is_ok() {
            hand.answered.borrow_mut().insert(stamp.number);
        }
        if hand.run.counts(due) {
            let first = answer.first().map(|first| first - from);
            let late = (due != Due::Now).then(|| sent - from);
            hand.tally.borrow_mut().record(&EndedRequest { took, outcome, first, gaps: answer.gaps(), late });
        }
        if outcome.is_err() && due == Due::Now {
            // Something is wrong: do not turn it into a flood.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Hand {
    /// When the next request is due; none when the run is over.
    async fn next(&self, seat: &Rc<FreeUser>) -> Option<Due> {
        match self.run.is_open() {
            true => self.turns.take(seat, &self.run).await.map(Due::At),
            false => self.run.next(),
        }
    }
}

impl Link {
    async fn exchange(
        &mut self,
        ask: &LoadRequest,
        stamp: RequestStamp,
        answer: &mut LoadAnswer,
    ) -> Result<(), LoadFailure> {
        let status = match self {
            Self::Http1(link) => link.exchange(ask, stamp, answer).await?,
            Self::Http2(link) => link.exchange(ask, stamp, answer).await?,
        };
        if status == 200 { answer.check() } else { Err(LoadFailure::Status(status)) }
    }
}
