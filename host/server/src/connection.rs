//! One client connection: which HTTP it speaks, and serving it until it ends or the gateway drains.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use weir_net::{IdleState, LazyTimer, READ, Transport};

use super::drain::Drain;
use super::handler::Handler;
use super::http1;
use super::http2;
use super::limits::ServerLimits;
use super::opening::{ConnDeadlines, ConnOpening};
use super::shared::ConnShared;

/// Serves a connection. Ends when the client closes it, breaks the law or a deadline, or the drain is over.
pub async fn serve<H: Handler>(
    handler: H,
    shared: Rc<ConnShared>,
    limits: ServerLimits,
    drain: Drain,
    mut stream: Transport,
) {
    let _ = stream.set_nodelay();
    let Some(opening) = open(&shared, &drain, &mut stream, limits.head_timeout).await else { return };
    if opening.is_http2 {
        http2::serve(handler, &shared, (stream, opening.got), &limits, drain).await
    } else {
        http1::serve(handler, shared, (stream, opening), ConnDeadlines::of(&limits), drain).await
    }
}

/// Reads the first bytes; nothing if the connection does not begin in time, or not before the drain.
async fn open(shared: &ConnShared, drain: &Drain, stream: &mut Transport, timeout: Duration) -> Option<ConnOpening> {
    let mut drain = drain.clone();
    let mut draining = pin!(drain.begun());
    let mut has_begun = false;
    let mut opening = ConnOpening::default();
    let (mut waiting_since, mut late) = (None, LazyTimer::default());
    poll_fn(|cx| {
        while let Poll::Ready(read) = shared.buffers.reads.poll_read(stream, READ, cx) {
            let read = read.ok().filter(|read| !read.is_empty());
            let Some(read) = read else { return Poll::Ready(false) };
            if opening.take(read) {
                return Poll::Ready(true);
            }
        }
        let since = opening.since.unwrap_or_else(|| *waiting_since.get_or_insert_with(Instant::now));
        if late.has_passed(since + timeout, cx) {
            return Poll::Ready(false);
        }
        has_begun = has_begun || draining.as_mut().poll(cx).is_ready();
        // Who has asked is answered. The event loop may not know yet, so the socket itself is asked.
        let asks = || !opening.got.is_empty() || stream.peek() == IdleState::Bytes;
        if has_begun && !asks() { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
    .then_some(opening)
}
