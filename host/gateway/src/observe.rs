//! Finished requests on their way to `observe` plugins: a bounded queue on each worker, off the hot path.

use crate::worker::Held;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;
use weir_sandbox::{Chain, Exchange, Outcome, Worker};

/// Jobs that wait, and the bytes of their requests; what comes later is skipped and counted.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 64 << 20;

/// One finished request.
pub(crate) struct Job {
    pub(crate) chain: Arc<Chain>,
    pub(crate) lent: Box<Exchange>,
    pub(crate) outcome: Arc<Outcome>,
    /// The generation that the chain is of.
    pub(crate) _held: Rc<Held>,
}

impl Job {
    /// What it keeps in memory, nearly all of it.
    fn bytes(&self) -> usize {
        self.lent.about.facts.body_bytes as usize
    }

    pub(crate) async fn run(self, sandbox: &Worker) {
        sandbox.observe(&self.chain, &mut Some(self.lent), &self.outcome).await;
    }
}

/// The queue.
#[derive(Default)]
pub(crate) struct Observers {
    waiting: RefCell<VecDeque<Job>>,
    bytes: Cell<usize>,
    arrived: Notify,
}

impl Observers {
    /// Queues a job; false if the queue is full.
    pub(crate) fn push(&self, job: Job) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let bytes = self.bytes.get() + job.bytes();
        if waiting.len() >= WAITING || bytes > WAITING_BYTES {
            return false;
        }
        self.bytes.set(bytes);
        waiting.push_back(job);
        self.arrived.notify_one();
        true
    }

    fn pop(&self) -> Option<Job> {
        let job = self.waiting.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get().saturating_sub(job.bytes()));
        Some(job)
    }

    /// The next job.
    pub(crate) async fn next(&self) -> Job {
        loop {
            if let Some(job) = self.pop() {
                return job;
            }
            self.arrived.notified().await;
        }
    }

    /// Runs what still waits when the worker ends.
    pub(crate) async fn drained(&self, sandbox: &Worker) {
        while let Some(job) = self.pop() {
            job.run(sandbox).await;
        }
    }
}
