//! The clients of a soak, one for each request: when they come, what they ask, what they saw.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, LocalOptions};

use super::plan::{SoakModel, SoakRequest};
use super::script::{HELD, HOLD};
use super::setup::{CONCURRENCY, SoakSetup};
use super::tally::SoakTally;
use crate::clock::Clock;
use crate::stamp::RequestStamp;
use crate::talk::{self, Heard, Manner, Talk};

/// The longest that a client waits; no script takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where clients go, and with what.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) to: SocketAddr,
    pub(super) guarded: String,
    pub(super) plain: String,
    pub(super) run: u32,
    pub(super) seed: u64,
}

impl Ways {
    pub(super) fn new(to: SocketAddr, setup: &SoakSetup, run: u32, seed: u64) -> Self {
        Self { to, guarded: setup.guarded.clone(), plain: setup.plain.clone(), run, seed }
    }

    async fn ask(&self, number: u32, plan: &SoakRequest) -> Heard {
        let key = match plan.model {
            SoakModel::Big => &self.plain,
            SoakModel::Stranger => "sk-weir-guarded-0000000000000000000000000000000000000000",
            _ => &self.guarded,
        };
        let body = talk::body(plan.model.name(), plan.stream, RequestStamp { run: self.run, number }, plan.size);
        let head = talk::head(self.to, key, body.len());
        // Nobody leaves behind the body's last byte.
        let manner = match plan.manner {
            Manner::LeavesInUpload(most) => Manner::LeavesInUpload(most.min(body.len() - 1)),
            manner => manner,
        };
        let (stream, http2) = (plan.stream, plan.http2);
        Talk { to: self.to, head: &head, body: &body, stream, http2, manner, patience: PATIENCE }.hear().await
    }
}

/// Where clients wait between two stretches of a soak, when the last of them has gone.
#[derive(Debug)]
pub(super) struct Rest {
    /// Told when all have gone.
    pub(super) reached: Sender<()>,
    /// Tells them to go on.
    pub(super) over: Receiver<()>,
}

/// Sends `rate` requests a second, for so long in each stretch, and rests in between; says what came of them.
///
/// # Errors
/// The system has no room for clients; nobody ends a rest.
pub(super) fn all(ways: Ways, rate: u32, stretches: [Duration; 2], rest: &Rest) -> Result<SoakTally> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async move {
        let (clock, ways, tally) = (Clock::start()?, Rc::new(ways), Rc::new(RefCell::new(SoakTally::default())));
        let between = Duration::from_secs(1) / rate.max(1);
        let (mut number, mut clients) = (0, tokio::task::JoinSet::new());
        for (index, stretch) in stretches.into_iter().enumerate() {
            if index > 0 {
                // Nobody else is on this thread now.
                rest.reached.send(()).context("nobody sees the clients rest")?;
                rest.over.recv().context("nobody ends the rest of the clients")?;
            }
            let mut due = Instant::now();
            let until = due + stretch;
            while due < until {
                clock.sleep_until(due).await;
                clients.spawn_local(one(Rc::clone(&ways), number, Rc::clone(&tally)));
                (number, due) = (number + 1, due + between);
                while clients.try_join_next().is_some() {}
            }
            while let Some(ended) = clients.join_next().await {
                ended.context("a client has died")?;
            }
        }
        drop(clock);
        Rc::into_inner(tally).map(RefCell::into_inner).context("a client is left")
    })
}

/// One client, from its request to what came of it.
async fn one(ways: Rc<Ways>, number: u32, tally: Rc<RefCell<SoakTally>>) {
    let plan = SoakRequest::of(ways.seed, number);
    let heard = ways.ask(number, &plan).await;
    let foreign = heard.stamp().is_some_and(|stamp| stamp != RequestStamp { run: ways.run, number });
    let mut tally = tally.borrow_mut();
    tally.note(number, &plan, &heard);
    if foreign {
        tally.wrong.entry("the answer of another request".to_owned()).or_insert((0, number)).0 += 1;
    }
}

/// What came of filling a tenant's limit up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filled {
    /// Of as many requests at once as the limit allows, those that were answered.
    pub(super) answered: u32,
    /// The status of one more.
    pub(super) one_more: Option<u16>,
}

/// Asks as many times at once as a tenant may, and once more.
///
/// # Errors
/// The system has no room for clients.
pub(super) fn fill(ways: Ways, guarded: bool) -> Result<Filled> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let first = if guarded { HELD } else { HELD + 2 * CONCURRENCY };
    runtime.block_on(async move {
        let (ways, answered) = (Rc::new(ways), Rc::new(Cell::new(0)));
        let model = if guarded { SoakModel::Solo } else { SoakModel::Big };
        let (fault, manner) = (super::plan::ProviderFault::None, Manner::Patient);
        let plan = SoakRequest { model, stream: false, http2: false, size: 0, fault, manner };
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..CONCURRENCY {
            let (ways, answered) = (Rc::clone(&ways), Rc::clone(&answered));
            clients.spawn_local(async move {
                let heard = ways.ask(first + number, &plan).await;
                answered.set(answered.get() + u32::from(heard.status == Some(200)));
            });
        }
        tokio::time::sleep(HOLD / 2).await;
        let one_more = ways.ask(first + CONCURRENCY, &plan).await.status;
        while let Some(ended) = clients.join_next().await {
            ended.context("a client has died")?;
        }
        Ok(Filled { answered: answered.get(), one_more })
    })
}
