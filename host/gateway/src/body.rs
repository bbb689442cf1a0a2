//! The bodies of responses: whole bytes, or bytes that a future yields as they come.

use crate::record::Record;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A stream was cut: the connection is aborted, so that no client takes what came before for the whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the stream was cut")]
pub(crate) struct Cut;

/// What the client is sent.
pub(crate) enum OutBody {
    /// All of it is here.
    Whole(Whole),
    /// It comes as a future yields it.
    Yielded(Yielded),
}

impl OutBody {
    /// A body that nothing depends on.
    pub(crate) fn plain(bytes: Bytes) -> Self {
        Self::Whole(Whole { bytes, status: 0, record: None })
    }

    /// A body whose record is settled when it has been handed over.
    pub(crate) fn whole(bytes: Bytes, status: u16, record: Box<Record>) -> Self {
        Self::Whole(Whole { bytes, status, record: Some(record) })
    }
}

/// A body that is here.
pub(crate) struct Whole {
    bytes: Bytes,
    status: u16,
    record: Option<Box<Record>>,
}

impl Whole {
    /// Gives the bytes away, and settles the record.
    pub(crate) fn hand_over(&mut self) -> Bytes {
        if let Some(mut record) = self.record.take() {
            record.complete(self.status);
        }
        std::mem::take(&mut self.bytes)
    }
}

/// Where the future of a [`Yielded`] body puts what it has.
#[derive(Clone, Default)]
pub(crate) struct Outlet {
    slot: Rc<Cell<Option<Bytes>>>,
}

impl Outlet {
    /// Hands bytes to the client and waits until they were taken: a slow client slows its upstream down.
    pub(crate) async fn send(&self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.slot.set(Some(bytes));
        poll_fn(|_| match self.slot.take() {
            None => Poll::Ready(()),
            // Nobody needs to wake us: the body is polled again as soon as it may yield more.
            waiting => {
                self.slot.set(waiting);
                Poll::Pending
            }
        })
        .await;
    }
}

type Source = Pin<Box<dyn Future<Output = Result<(), Cut>>>>;

/// A body written by a future.
pub(crate) struct Yielded {
    source: Option<Source>,
    outlet: Outlet,
}

impl Yielded {
    /// A body that yields what `source` sends through its outlet, and ends as it ends: cleanly or cut.
    pub(crate) fn new<F>(source: impl FnOnce(Outlet) -> F) -> Self
    where
        F: Future<Output = Result<(), Cut>> + 'static,
    {
        let outlet = Outlet::default();
        Self { source: Some(Box::pin(source(outlet.clone()))), outlet }
    }

    /// The next bytes.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        if let Some(bytes) = self.outlet.slot.take() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        let Some(source) = &mut self.source else { return Poll::Ready(None) };
        let poll = source.as_mut().poll(cx);
        if let Poll::Ready(end) = poll {
            self.source = None;
            if end.is_err() {
                return Poll::Ready(Some(Err(Cut)));
            }
        }
        match self.outlet.slot.take() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None if self.source.is_none() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            OutBody::Whole(whole) => {
                let bytes = whole.hand_over();
                Poll::Ready(Some(bytes).filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            OutBody::Yielded(body) => body.poll_next(cx).map(|next| next.map(|bytes| bytes.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            OutBody::Whole(whole) => whole.bytes.is_empty(),
            OutBody::Yielded(body) => body.source.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutBody::Whole(whole) => SizeHint::with_exact(whole.bytes.len() as u64),
            OutBody::Yielded(_) => SizeHint::default(),
        }
    }
}
