//! Answers whose clients have left: where the provider is to be read on (`on_client_gone`), this is where it is, so that what
//! was used is known and settled once, as if the client had stayed.

use crate::worker::{UnheardEnd, Worker};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use tokio::task::spawn_local;
use weir_server::{BodyEnd, StreamSource};

/// Reads an answer to its end, if there are fewer than `limit` that are; else it is cancelled. `rest` owns what is to be settled, and
/// has settled it when it is ready.
pub(crate) fn read_on(worker: &Rc<Worker>, limit: usize, rest: Pin<Box<dyn Future<Output = UnheardEnd>>>) {
    // Nothing is begun at the very end.
    if worker.is_over() {
        return;
    }
    let Some(place) = worker.shared.unheard.enter(limit) else { return };
    let worker = Rc::clone(worker);
    spawn_local(async move {
        let end = woken(&worker, rest).await;
        worker.shared.unheard.count(end);
        drop(place);
    });
}

/// Reads on what the client has left of a stream.
pub(crate) fn read_on_stream(worker: &Rc<Worker>, limit: usize, rest: StreamSource) {
    read_on(worker, limit, Box::pin(async move { settled(rest.await) }));
}

/// What became of a stream that is over, of which everything is settled now.
pub(crate) fn settled(end: BodyEnd) -> UnheardEnd {
    let BodyEnd { clean, settle } = end;
    drop(settle);
    if clean.is_ok() { UnheardEnd::Whole } else { UnheardEnd::Cut }
}

/// Polls it, and once more when the gateway's end begins: whoever waits until that is over has to be woken then.
async fn woken(worker: &Worker, mut rest: Pin<Box<dyn Future<Output = UnheardEnd>>>) -> UnheardEnd {
    let mut drain = worker.drain();
    let (mut begun, mut told) = (pin!(drain.begun()), false);
    poll_fn(|cx| {
        told = told || begun.as_mut().poll(cx).is_ready();
        rest.as_mut().poll(cx)
    })
    .await
}
