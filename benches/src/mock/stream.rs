//! A streamed reply: one frame, so one chunk, per event.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame};

use super::reply::Replies;
use super::state::Mock;
use crate::clock::{Clock, Sleep};

/// The events of one reply. Dropped before its end it counts as cut.
#[derive(Debug)]
pub(crate) struct MockEvents {
    role: Option<Bytes>,
    delta: Bytes,
    deltas_left: u32,
    /// What follows the deltas, last first.
    tail: Vec<Bytes>,
    gap: Duration,
    /// When the last event was due: later ones are counted from there, so that lateness does not add up.
    due: Instant,
    /// The pause before the next event, if there is a gap at all.
    pause: Option<Sleep>,
    clock: Clock,
    mock: Arc<Mock>,
}

impl MockEvents {
    pub(super) fn new(replies: &Replies, usage: bool, clock: Clock, mock: Arc<Mock>) -> Self {
        let mut tail = vec![replies.done.clone()];
        tail.extend(usage.then(|| replies.usage.clone()));
        tail.push(replies.stop.clone());
        Self {
            role: Some(replies.role.clone()),
            delta: replies.delta.clone(),
            deltas_left: replies.shape.tokens,
            tail,
            gap: replies.shape.gap,
            due: Instant::now(),
            pause: None,
            clock,
            mock,
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if let Some(role) = self.role.take() {
            return Some(role);
        }
        if let Some(left) = self.deltas_left.checked_sub(1) {
            self.deltas_left = left;
            return Some(self.delta.clone());
        }
        self.tail.pop()
    }
}

impl Body for MockEvents {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = self.get_mut();
        if let Some(pause) = &mut events.pause {
            ready!(Pin::new(pause).poll(cx));
        }
        let next = events.next();
        // Only text comes in its own time: the end follows the last delta at once.
        events.pause = (events.deltas_left > 0 && !events.gap.is_zero()).then(|| {
            events.due += events.gap;
            events.clock.sleep_until(events.due)
        });
        Poll::Ready(next.map(|event| Ok(Frame::data(event))))
    }

    fn is_end_stream(&self) -> bool {
        self.tail.is_empty()
    }
}

impl Drop for MockEvents {
    fn drop(&mut self) {
        if !self.tail.is_empty() {
            self.mock.journal.streams_cut.fetch_add(1, Relaxed);
        }
    }
}
