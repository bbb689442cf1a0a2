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

use crate::link::{HEAD_BYTES, LOOK_AFTER};
use crate::transport::{Look, Probe, Stream, Transport};

/// The most that a stream reads ahead of its reader.
const STREAM_WINDOW: u32 = 128 * 1024;
/// The most requests on one connection, whatever the upstream allows: one lost packet stalls them all.
const STREAMS: u32 = 100;
/// Every stream may fill its window without stalling another, so no reader can hold up its neighbours.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * STREAMS;
/// A connection with requests on it that has been silent for so long is asked for a sign of life,
const PING_AFTER: Duration = Duration::from_secs(20);
/// and is given so long to show one.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type Outgoing = Request<Whole>;
type Driven = http2::Connection<TokioIo<Transport>, Whole, Here>;

/// A request's body, which can be had back while none of it is sent.
#[derive(Debug)]
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
}

/// The connection's own work, to be spawned on the worker that owns it.
pub(crate) type Driver = Pin<Box<dyn Future<Output = ()>>>;

/// Speaks HTTP/2 on `stream`, by ALPN or by prior knowledge (RFC 9113 section 3.3).
/// Until the upstream has said how many requests it takes at once, that is `streams`: another connection's figure, or
/// what RFC 9113 section 6.5.2 recommends as the least.
pub(crate) async fn open(stream: Stream, streams: Option<usize>) -> hyper::Result<(Connection, Driver)> {
    struct Over(Rc<Cell<bool>>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let transport = Transport::new(stream);
    let probe = transport.probe();
    let (sender, driven) = http2::Builder::new(Here)
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_max_send_streams(streams.unwrap_or(STREAMS as usize))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIMEOUT)
        .handshake(TokioIo::new(transport))
        .await?;
    let driven = Rc::new(RefCell::new(driven));
    let over = Rc::new(Cell::new(false));
    let connection = Connection { sender, driven: Rc::downgrade(&driven), probe, over: over.clone() };
    let over = Over(over);
    let driver = Box::pin(async move {
        let _over = over;
        // Requests learn of a failure by themselves.
        let _ = poll_fn(|cx| Pin::new(&mut *driven.borrow_mut()).poll(cx)).await;
    });
    Ok((connection, driver))
}

impl Connection {
    /// Puts a request on the connection. The first poll of the result may find that it could not be sent, and then
    /// gives it back; dropping the result cancels the request.
    pub(crate) async fn send(&self, request: Outgoing) -> Result<Response<Incoming>, TrySendError<Outgoing>> {
        self.sender.clone().try_send_request(request).await
    }

    pub(crate) fn usable(&self, idle: Duration) -> bool {
        // HTTP/2 talks while idle: bytes are no bad sign.
        self.sender.is_ready() && !self.over.get() && (idle < LOOK_AFTER || self.probe.look() != Look::Dead)
    }

    pub(crate) fn closed(&self) -> bool {
        self.over.get() || self.sender.is_closed()
    }

    /// How many requests it carries at once.
    pub(crate) fn streams(&self) -> usize {
        let Some(driven) = self.driven.upgrade() else { return 1 };
        driven.try_borrow().map_or(1, |driven| driven.current_max_send_streams().clamp(1, STREAMS as usize))
    }
}
