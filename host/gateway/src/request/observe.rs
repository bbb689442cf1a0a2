//! Finished requests on their way to `observe` plugins: bounded queues on each worker, off the hot path.
//!
//! Each tenant has a queue of its own, and one request at a time of each is shown to its observers, so that one that spins
//! keeps nobody but those behind it. The observers that the chain names see a request first; those that were dropped into
//! the folder stand in a queue of their own, and what becomes of that one is no matter to the others.

use crate::worker::{Busy, ObserveJob, ObserveTurn, Worker};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use tokio::task::spawn_local;
use weir_sandbox::Origin;

/// Has observers see what is finished, for ever: by one runner, and by more of them where one is held up.
pub(crate) async fn run(worker: Rc<Worker>) {
    loop {
        if worker.observers.add_runner() {
            spawn_local(runner(Rc::clone(&worker)));
        }
        worker.observers.crowded().await;
    }
}

async fn runner(worker: Rc<Worker>) {
    let observers = &worker.observers;
    loop {
        match observers.next() {
            Some((turn, job)) => {
                show(&worker, turn, job).await;
                observers.end(turn);
            }
            None if observers.remove_runner() => return,
            None => observers.arrived().await,
        }
    }
}

/// Shows a job to its observers. Whoever has to wait for them leaves the next jobs to others.
async fn show(worker: &Worker, (_, origin): ObserveTurn, mut job: ObserveJob) {
    let observers = &worker.observers;
    let mut exchange = Some(job.exchange);
    {
        let mut shown = pin!(worker.sandbox.observe_of(origin, &job.chain, &mut exchange, &job.outcome));
        let first = poll_fn(|cx| Poll::Ready(shown.as_mut().poll(cx))).await;
        if first.is_pending() {
            let busy = Busy::on(observers);
            if observers.has_next() {
                observers.call();
            }
            shown.await;
            drop(busy);
        }
    }
    let Some(exchange) = exchange else { return };
    job.exchange = exchange;
    if origin == Origin::Chain && job.wants(Origin::Dropped) {
        observers.push(Origin::Dropped, job, &worker.shared);
    }
}
