//! HTTP/2 as a client speaks it (RFC 9113), by h2: a task for each connection, and whoever asks talks to it.

mod body;
mod pulse;
mod transport;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};
use weir_http::response::HEAD_BYTES;
use weir_net::{IdleState, Transport};

use crate::conn_limits::LOOK_AFTER;
use crate::error::{AttemptError, Which};
use pulse::{CloseReason, Driven, OpenRequest, Pulse};
use transport::{Http2Transport, Probe, ReadFailure};

pub(crate) use body::{Http2Body, Http2Piece};
pub(crate) use pulse::Pings;

/// The most that a stream reads ahead of its reader.
const STREAM_WINDOW: u32 = 128 * 1024;
/// The most requests on one connection, whatever the upstream allows: one lost packet stalls them all.
const STREAMS: u32 = 100;
/// Stands for the number of requests that an upstream allows at once while it has not said it. No upstream can say it:
/// the setting has 32 bits, and leaving it out is told as `usize::MAX`.
const UNTOLD: usize = usize::MAX - 1;
/// So long an upstream may allow no request at all on a new connection (RFC 9113 section 6.5.2: "for short durations"),
/// and so long a request may wait on one that has come to allow fewer than are on it.
pub(crate) const CLOSED_FOR: Duration = Duration::from_secs(1);
/// Every stream may fill its window without stalling another, so no reader can hold up its neighbours.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * STREAMS;

pub(crate) struct Http2Connection {
    /// Cloned for each request, so that none waits for one that was not begun.
    sender: RefCell<SendRequest<Bytes>>,
    pulse: Rc<Pulse>,
    /// Whether a request on it was answered.
    answered: Rc<Cell<bool>>,
}

/// The connection's own work, to be spawned on the worker that owns it.
pub(crate) type Driver = Pin<Box<dyn Future<Output = ()>>>;

/// Speaks HTTP/2 on `stream`, by ALPN or by prior knowledge (RFC 9113 section 3.3).
///
/// The connection is there when the upstream's SETTINGS are, which are the first that it has to send (section 3.4): so no
/// request goes to somebody who does not speak HTTP/2 after all, who refuses us by a late alert of TLS 1.3, or who takes
/// fewer requests at once than we would have sent.
pub(crate) async fn open(
    stream: Transport,
    pings: &Arc<Pings>,
    end: Instant,
) -> Result<(Http2Connection, Driver), AttemptError> {
    let transport = Http2Transport::new(stream);
    let probe = transport.probe();
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_max_send_streams(UNTOLD)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let handshake = timeout_at(end, builder.handshake(transport)).await;
    let handshake = handshake.map_err(|_| AttemptError::Timeout(Which::Connect))?;
    let (sender, mut driven) = handshake.map_err(|_| lost(&probe))?;
    settings(&mut driven, &probe, end).await?;
    let ping = driven.ping_pong();
    let pulse = Rc::new(Pulse::new(Arc::clone(pings), probe));
    let driver = Box::pin(pulse::drive(driven, ping, Rc::clone(&pulse)));
    Ok((Http2Connection { sender: RefCell::new(sender), pulse, answered: Rc::default() }, driver))
}

/// Waits until the upstream has said how many requests it takes at once, and that is not none.
async fn settings(driven: &mut Driven, probe: &Probe, end: Instant) -> Result<(), AttemptError> {
    let mut told = async |wanted: fn(usize) -> bool, end: Instant| {
        let wait = poll_fn(|cx| match Pin::new(&mut *driven).poll(cx) {
            Poll::Ready(_) => Poll::Ready(Err(lost(probe))),
            Poll::Pending if wanted(driven.max_concurrent_send_streams()) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        });
        timeout_at(end, wait).await
    };
    told(|streams| streams != UNTOLD, end).await.unwrap_or(Err(AttemptError::Timeout(Which::Connect)))?;
    let end = Instant::now().checked_add(CLOSED_FOR).map_or(end, |soon| soon.min(end));
    told(|streams| streams != 0, end).await.unwrap_or(Err(AttemptError::Refused))
}

/// Why a connection came to nothing on which nothing was asked.
fn lost(probe: &Probe) -> AttemptError {
    match probe.failure().and_then(|failure| failure.tls) {
        Some(tls) => AttemptError::Tls(tls),
        None => AttemptError::ClosedBeforeHead { sent: false, idempotent: false, stale: false },
    }
}

impl Http2Connection {
    /// What the socket failed with, if it did. What the upstream had against the handshake counts as long as nothing was
    /// answered: it may have something against us later, when it has worked for us.
    pub(crate) fn failure(&self) -> Option<ReadFailure> {
        let mut failure = self.pulse.probe.failure()?;
        if self.answered.get() {
            failure.tls = None;
        }
        Some(failure)
    }

    /// Whether it was given up because nobody answered a PING.
    pub(crate) fn is_silent(&self) -> bool {
        self.pulse.ended() == Some(CloseReason::Silent)
    }

    /// Puts a request on the connection, which its driver sends. Dropping the exchange cancels it.
    ///
    /// # Errors
    /// The connection takes no request, and nothing of this one was sent.
    pub(crate) fn send(&self, request: Request<Bytes>, now: Instant) -> Result<Http2Exchange, h2::Error> {
        self.pulse.before_request(now);
        let (parts, body) = request.into_parts();
        let length = body.len();
        let mut sender = self.sender.borrow().clone();
        let (response, mut stream) = sender.send_request(Request::from_parts(parts, ()), body.is_empty())?;
        if !body.is_empty() {
            // It waits in h2 for its window: it is one piece, and here already.
            stream.send_data(body, true)?;
        }
        let (stream, open, answered) = (stream.stream_id().as_u32(), self.pulse.open(length), self.answered.clone());
        Ok(Http2Exchange { response, stream, sent: now, open, answered })
    }

    pub(crate) fn usable(&self, idle: Duration) -> bool {
        // HTTP/2 talks while idle: bytes are no bad sign.
        !self.closed() && !self.pulse.is_suspect() && (idle < LOOK_AFTER || self.pulse.probe.peek() != IdleState::Dead)
    }

    pub(crate) fn closed(&self) -> bool {
        let refuses = || {
            let mut nobody = Context::from_waker(Waker::noop());
            matches!(self.sender.borrow_mut().poll_ready(&mut nobody), Poll::Ready(Err(_)))
        };
        self.pulse.ended().is_some() || refuses()
    }

    /// How many requests it carries at once; the upstream may have come to allow none.
    pub(crate) fn streams(&self) -> usize {
        self.sender.borrow().current_max_send_streams().min(STREAMS as usize)
    }
}

/// One request and the head of its answer.
pub(crate) struct Http2Exchange {
    response: ResponseFuture,
    stream: u32,
    sent: Instant,
    open: OpenRequest,
    answered: Rc<Cell<bool>>,
}

impl Http2Exchange {
    /// Waits for the answer's head.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Http2Body>, h2::Error>> {
        let response = ready!(Pin::new(&mut self.response).poll(cx))?;
        self.answered.set(true);
        let (head, body) = response.into_parts();
        let body = Http2Body::new(body, &head.headers, self.open.answered());
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }

    /// Whether any of the request may have been sent: one more than the upstream allows waits for its turn.
    pub(crate) fn has_begun(&self) -> bool {
        self.open.pulse().probe.has_begun(self.stream)
    }

    /// Whether nothing at all has come since the request was sent.
    pub(crate) fn is_unheard(&self) -> bool {
        self.open.pulse().probe.heard_at() <= self.sent
    }

    /// Whether nothing has come either behind a PING that went out ahead of the request, or soon after it: nobody was there
    /// any more who could have seen it.
    pub(crate) fn is_unnoticed(&self) -> bool {
        self.is_unheard() && self.open.pulse().is_unanswered_since(self.sent)
    }

    /// Whether nothing was sent behind it.
    pub(crate) fn is_last(&self) -> bool {
        self.open.pulse().probe.is_last(self.stream)
    }
}
