//! A streamed reply: one frame, so one chunk, per event.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};

use super::Journal;
use super::reply::Replies;

/// The events of one reply. Dropped before its end it counts as cut.
#[derive(Debug)]
pub(crate) struct Events {
    role: Option<Bytes>,
    delta: Bytes,
    deltas_left: u32,
    /// What follows the deltas, last first.
    tail: Vec<Bytes>,
    gap: Duration,
    /// The pause before the next event, if there is a gap at all.
    pause: Option<Pin<Box<Sleep>>>,
    journal: Arc<Journal>,
}

impl Events {
    pub(super) fn new(replies: &Replies, usage: bool, journal: Arc<Journal>) -> Self {
        let mut tail = vec![replies.done.clone()];
        tail.extend(usage.then(|| replies.usage.clone()));
        tail.push(replies.stop.clone());
        Self {
            role: Some(replies.role.clone()),
            delta: replies.delta.clone(),
            deltas_left: replies.tokens,
            tail,
            gap: replies.gap,
            pause: None,
            journal,
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

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = self.get_mut();
        if let Some(pause) = &mut events.pause {
            ready!(pause.as_mut().poll(cx));
        }
        let next = events.next();
        // Only text comes in its own time: the end follows the last delta at once.
        if events.deltas_left == 0 {
            events.pause = None;
        } else if !events.gap.is_zero() {
            match &mut events.pause {
                Some(pause) => pause.as_mut().reset(Instant::now() + events.gap),
                None => events.pause = Some(Box::pin(sleep(events.gap))),
            }
        }
        Poll::Ready(next.map(|event| Ok(Frame::data(event))))
    }

    fn is_end_stream(&self) -> bool {
        self.tail.is_empty()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if !self.tail.is_empty() {
            self.journal.streams_cut.fetch_add(1, Relaxed);
        }
    }
}
