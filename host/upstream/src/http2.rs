//! An HTTP/2 connection, which hyper drives in a task of its own.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::{Instant, timeout_at};

use crate::error::{AttemptError, Which};
use crate::link::{HEAD_BYTES, LOOK_AFTER};
use crate::transport::{Failure, Look, Probe, Stream, Transport};

/// The most that a stream reads ahead of its reader.
const STREAM_WINDOW: u32 = 128 * 1024;
/// The most requests on one connection, whatever the upstream allows: one lost packet stalls them all.
const STREAMS: u32 = 100;
/// Stands for the number of requests that an upstream allows at once while it has not said it. No upstream can say it:
/// the setting has 32 bits, and leaving it out is told as `usize::MAX`.
const UNTOLD: usize = usize::MAX - 1;
/// So long an upstream may allow no request at all on a new connection (RFC 9113 section 6.5.2: "for short durations").
const CLOSED_FOR: Duration = Duration::from_secs(1);
/// Every stream may fill its window without stalling another, so no reader can hold up its neighbours.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * STREAMS;
/// A connection with requests on it that has been silent for so long is asked for a sign of life,
const PING_AFTER: Duration = Duration::from_secs(20);
/// and is given so long to show one.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type Outgoing = Request<Whole>;
type Driven = http2::Connection<TokioIo<Transport>, Whole, Here>;

/// A request's body, which can be had back while none of it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Whole(pub(crate) Bytes);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let rest = std::mem::take(&mut self.0);
        Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Runs hyper's own tasks on the worker that the connection belongs to.
#[derive(Clone, Copy, Debug)]
struct Here;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Here {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

pub(crate) struct Connection {
    sender: http2::SendRequest<Whole>,
    /// The driver alone owns the connection: what is queued in it comes back unsent as soon as the driver ends.
    driven: Weak<RefCell<Driven>>,
    probe: Probe,
    /// The driver ended or was taken away.
    over: Rc<Cell<bool>>,
    /// Whether a request on it was answered.
    answered: Cell<bool>,
}

/// The connection's own work, to be spawned on the worker that owns it.
pub(crate) type Driver = Pin<Box<dyn Future<Output = ()>>>;

/// Speaks HTTP/2 on `stream`, by ALPN or by prior knowledge (RFC 9113 section 3.3).
///
/// The connection is there when the upstream's SETTINGS are, which are the first that it has to send (section 3.4): so no
/// request goes to somebody who does not speak HTTP/2 after all, who refuses us by a late alert of TLS 1.3, or who takes
/// fewer requests at once than we would have sent.
pub(crate) async fn open(stream: Stream, end: Instant) -> Result<(Connection, Driver), AttemptError> {
    struct Over(Rc<Cell<bool>>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let transport = Transport::new(stream);
    let probe = transport.probe();
    let (sender, mut driven) = http2::Builder::new(Here)
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_max_send_streams(UNTOLD)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIMEOUT)
        .handshake(TokioIo::new(transport))
        .await
        .map_err(|_| lost(&probe))?;
    settings(&mut driven, &probe, end).await?;
    let driven = Rc::new(RefCell::new(driven));
    let over = Rc::new(Cell::new(false));
    let connection =
        Connection { sender, driven: Rc::downgrade(&driven), probe, over: over.clone(), answered: Cell::new(false) };
    let over = Over(over);
    let driver = Box::pin(async move {
        let _over = over;
        // Requests learn of a failure by themselves.
        let _ = poll_fn(|cx| Pin::new(&mut *driven.borrow_mut()).poll(cx)).await;
    });
    Ok((connection, driver))
}

/// Waits until the upstream has said how many requests it takes at once, and that is not none.
async fn settings(driven: &mut Driven, probe: &Probe, end: Instant) -> Result<(), AttemptError> {
    let mut told = async |wanted: fn(usize) -> bool, end: Instant| {
        let wait = poll_fn(|cx| {
            // SETTINGS wake nobody who drives the requests, but whatever arrives wakes whoever looks at the socket.
            probe.wake_when_used(cx);
            match Pin::new(&mut *driven).poll(cx) {
                Poll::Ready(_) => Poll::Ready(Err(lost(probe))),
                Poll::Pending if wanted(driven.current_max_send_streams()) => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            }
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

impl Connection {
    /// What the socket failed with, if it did. What the upstream had against the handshake counts as long as nothing was
    /// answered: it may have something against us later, when it has worked for us.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let mut failure = self.probe.failure()?;
        if self.answered.get() {
            failure.tls = None;
        }
        Some(failure)
    }

    /// Puts a request on the connection. The first poll of the result may find that it could not be sent, and then
    /// gives it back; dropping the result cancels the request.
    pub(crate) async fn send(&self, request: Outgoing) -> Result<Response<Incoming>, TrySendError<Outgoing>> {
        let answer = self.sender.clone().try_send_request(request).await;
        if answer.is_ok() {
            self.answered.set(true);
        }
        answer
    }

    pub(crate) fn usable(&self, idle: Duration) -> bool {
        // HTTP/2 talks while idle: bytes are no bad sign.
        self.sender.is_ready() && !self.over.get() && (idle < LOOK_AFTER || self.probe.look() != Look::Dead)
    }

    pub(crate) fn closed(&self) -> bool {
        self.over.get() || self.sender.is_closed()
    }

    /// How many requests it carries at once; the upstream may have come to allow none.
    pub(crate) fn streams(&self) -> usize {
        let Some(driven) = self.driven.upgrade() else { return 1 };
        driven.try_borrow().map_or(1, |driven| driven.current_max_send_streams().min(STREAMS as usize))
    }
}
