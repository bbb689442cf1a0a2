//! The bodies of responses: whole bytes, or bytes that a future yields as they come. Each owns what has to be settled
//! when its last byte was sent.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::client_wait::ClientWait;

/// What a request has to settle when its answer has ended. Dropped without being told, the client has left before.
pub trait Settle {
    /// The client is waited for since then, and until this is sent or dropped.
    fn awaits_client(&mut self, since: Instant);

    /// The client's socket has taken the last byte that there will be.
    fn sent(self: Box<Self>);
}

/// A stream was cut: the connection is aborted, so that no client takes what came before for the whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the stream was cut")]
pub struct Aborted;

/// What the client is sent.
pub enum ResponseBody {
    /// All of it is here.
    Whole(Bytes, Box<dyn Settle>),
    /// It comes as a future yields it.
    Stream(StreamBody),
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes, _) => f.debug_tuple("Whole").field(&bytes.len()).finish(),
            Self::Stream(stream) => f.debug_tuple("Stream").field(stream).finish(),
        }
    }
}

impl ResponseBody {
    /// The body of the answer to a `HEAD` request, of which the headers say how long it would have been (RFC 9110 section
    /// 9.3.2).
    pub(crate) fn without_bytes(self, headers: &mut HeaderMap) -> Self {
        match self {
            Self::Whole(bytes, settle) => {
                headers.insert(CONTENT_LENGTH, bytes.len().into());
                Self::Whole(Bytes::new(), settle)
            }
            Self::Stream(stream) => Self::Stream(stream),
        }
    }
}

/// The end of a [`StreamBody`] body, which is to be told that it was sent.
pub struct BodyEnd {
    /// Whether the client may take what came for the whole.
    pub clean: Result<(), Aborted>,
    /// What is to be told that it was sent.
    pub settle: Box<dyn Settle>,
}

impl fmt::Debug for BodyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyEnd").field("clean", &self.clean).finish_non_exhaustive()
    }
}

/// What a [`StreamBody`] body has next.
pub(crate) enum BodyStep {
    /// Bytes, and not none.
    Bytes(Bytes),
    /// The same, and nothing more for now: the task that asked is woken when there is.
    AllForNow(Bytes),
    /// Nothing comes after it, and nobody asks again.
    End(BodyEnd),
}

/// Where the future of a [`StreamBody`] body puts what it has.
#[derive(Clone, Default)]
pub struct StreamSender {
    shared: Rc<Shared>,
}

impl fmt::Debug for StreamSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSender").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    slot: Cell<Option<Bytes>>,
    /// The future has more than the slot takes.
    is_full: Cell<bool>,
    /// Nobody takes what it has.
    is_gone: Cell<bool>,
    client: ClientWait,
}

impl StreamSender {
    /// One whose client has left.
    #[must_use]
    pub fn to_nobody() -> Self {
        let sender = Self::default();
        sender.shared.is_gone.set(true);
        sender
    }

    /// Whether the client has left, and the future goes on all the same ([`StreamBody::reading_on`]).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone.get()
    }

    /// Hands bytes to the client, once it has taken those before: a slow client slows its upstream down. Where it has left,
    /// they are thrown away.
    pub async fn send(&self, bytes: Bytes) {
        let Shared { slot, is_full, is_gone, .. } = &*self.shared;
        if bytes.is_empty() || is_gone.get() {
            return;
        }
        poll_fn(|_| match slot.take() {
            None => Poll::Ready(()),
            Some(_) if is_gone.get() => Poll::Ready(()),
            // Nobody needs to wake us: the body is polled again as soon as it may yield more.
            waiting => {
                slot.set(waiting);
                is_full.set(true);
                Poll::Pending
            }
        })
        .await;
        if !is_gone.get() {
            slot.set(Some(bytes));
        }
    }

    /// How long the client is waited for.
    #[must_use]
    pub fn client(&self) -> &ClientWait {
        &self.shared.client
    }
}

/// The future of a [`StreamBody`] body.
pub type StreamSource = Pin<Box<dyn Future<Output = BodyEnd>>>;

/// A body written by a future.
pub struct StreamBody {
    /// Until it is ready.
    source: Option<StreamSource>,
    sender: StreamSender,
    /// Who has the future where the body is dropped before its end.
    heir: Option<Box<dyn FnOnce(StreamSource)>>,
    /// What comes behind what was given last.
    end: Option<BodyEnd>,
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody").field("end", &self.end).finish_non_exhaustive()
    }
}

impl StreamBody {
    /// A body that yields what `source` sends through its outlet, and ends as it ends: cleanly or cut.
    pub fn new<F>(source: impl FnOnce(StreamSender) -> F) -> Self
    where
        F: Future<Output = BodyEnd> + 'static,
    {
        let sender = StreamSender::default();
        Self { source: Some(Box::pin(source(sender.clone()))), sender, heir: None, end: None }
    }

    /// The same body, whose future is not dropped where the client leaves before its end, but handed over: from then on its
    /// sender [says so](StreamSender::is_gone), takes everything and gives it to nobody.
    #[must_use]
    pub fn reading_on(mut self, heir: impl FnOnce(StreamSource) + 'static) -> Self {
        self.heir = Some(Box::new(heir));
        self
    }

    /// What comes next. Not to be called after the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<BodyStep> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(BodyStep::End(end));
        }
        let Some(source) = &mut self.source else { return Poll::Pending };
        let polled = source.as_mut().poll(cx);
        if polled.is_ready() {
            self.source = None;
        }
        let Shared { slot, is_full, .. } = &*self.sender.shared;
        let is_full = is_full.take();
        match (polled, slot.take()) {
            (Poll::Pending, None) => Poll::Pending,
            (Poll::Pending, Some(bytes)) if is_full => Poll::Ready(BodyStep::Bytes(bytes)),
            (Poll::Pending, Some(bytes)) => Poll::Ready(BodyStep::AllForNow(bytes)),
            (Poll::Ready(end), None) => Poll::Ready(BodyStep::End(end)),
            (Poll::Ready(end), Some(bytes)) => {
                self.end = Some(end);
                Poll::Ready(BodyStep::Bytes(bytes))
            }
        }
    }

    /// How long the client is waited for, while nobody asks what comes next.
    pub(crate) fn client(&self) -> &ClientWait {
        self.sender.client()
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        // What has panicked does not go on.
        if std::thread::panicking() {
            return;
        }
        if let Some((source, heir)) = self.source.take().zip(self.heir.take()) {
            self.sender.shared.is_gone.set(true);
            self.sender.shared.slot.take();
            heir(source);
        }
    }
}
