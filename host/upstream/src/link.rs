//! A connection that hyper drives, as the pool sees it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::Instant;

use crate::lane;
use crate::transport::{Look, Probe, Transport};

/// A response head may have so many bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// A response head may have so many fields.
const HEAD_FIELDS: usize = 100;
/// The most that an HTTP/1.1 connection reads ahead of its reader.
const READ_AHEAD: usize = 64 * 1024;
/// The most that an HTTP/2 stream reads ahead of its reader.
const STREAM_WINDOW: u32 = 128 * 1024;
/// The most requests on one HTTP/2 connection, whatever the upstream allows: one lost packet stalls them all.
const STREAMS: u32 = 100;
/// Every stream may fill its window without stalling another, so no reader can hold up its neighbours.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * STREAMS;
/// An HTTP/2 connection with requests on it that has been silent for so long is asked for a sign of life,
const PING_AFTER: Duration = Duration::from_secs(20);
/// and is given so long to show one.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// After so much idleness the socket itself is asked whether the upstream has hung up: a server closes connections
/// that were idle for seconds, and the news may not have come through the event loop yet.
const LOOK_AFTER: Duration = Duration::from_millis(500);

pub(crate) type Outgoing = Request<Full<Bytes>>;
type H2Connection = http2::Connection<TokioIo<Transport>, Full<Bytes>, Here>;
type Failed = TrySendError<Outgoing>;

/// Runs hyper's own tasks on the worker that the connection belongs to.
#[derive(Clone, Copy, Debug)]
struct Here;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Here {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// What the connection's own task tells those who use it.
#[derive(Default)]
pub(crate) struct Fate {
    /// The task ended.
    over: Cell<bool>,
    /// The task was taken away before it had ended by itself: whatever it was reading is incomplete.
    torn: Cell<bool>,
}

pub(crate) struct Link {
    sender: Sender,
    probe: Probe,
    fate: Rc<Fate>,
}

enum Sender {
    One(RefCell<http1::SendRequest<Full<Bytes>>>),
    /// The driver alone owns the connection: what is queued in it comes back unsent as soon as the driver ends.
    Many {
        sender: http2::SendRequest<Full<Bytes>>,
        connection: Weak<RefCell<H2Connection>>,
    },
}

/// The connection's own work, to be spawned on the worker that owns it.
pub(crate) type Driver = Pin<Box<dyn Future<Output = ()>>>;

/// Speaks HTTP/1.1 on `transport`.
pub(crate) async fn http1(transport: Transport) -> hyper::Result<(Link, Driver)> {
    let probe = transport.probe();
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEAD_FIELDS)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(READ_AHEAD)
        .handshake(TokioIo::new(transport))
        .await?;
    let fate = Rc::new(Fate::default());
    let driver = drive(fate.clone(), async move {
        // Requests learn of a failure by themselves.
        let _ = connection.await;
    });
    Ok((Link { sender: Sender::One(RefCell::new(sender)), probe, fate }, driver))
}

/// Speaks HTTP/2 on `transport`, by ALPN or by prior knowledge (RFC 9113 section 3.3).
/// Until the upstream has said how many requests it takes at once, that is `streams`: another connection's figure, or
/// what RFC 9113 section 6.5.2 recommends as the least.
pub(crate) async fn http2(transport: Transport, streams: Option<usize>) -> hyper::Result<(Link, Driver)> {
    let probe = transport.probe();
    let (sender, connection) = http2::Builder::new(Here)
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_max_send_streams(streams.unwrap_or(STREAMS as usize))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIMEOUT)
        .handshake(TokioIo::new(transport))
        .await?;
    let fate = Rc::new(Fate::default());
    let connection = Rc::new(RefCell::new(connection));
    let sender = Sender::Many { sender, connection: Rc::downgrade(&connection) };
    let driver = drive(fate.clone(), async move {
        let _ = poll_fn(|cx| Pin::new(&mut *connection.borrow_mut()).poll(cx)).await;
    });
    Ok((Link { sender, probe, fate }, driver))
}

fn drive(fate: Rc<Fate>, work: impl Future<Output = ()> + 'static) -> Driver {
    struct Torn(Rc<Fate>);
    impl Drop for Torn {
        fn drop(&mut self) {
            self.0.torn.set(!self.0.over.replace(true));
        }
    }
    Box::pin(async move {
        let torn = Torn(fate);
        work.await;
        torn.0.over.set(true);
    })
}

impl Link {
    /// Puts a request on the connection. The first poll of the result may find that it could not be sent, and then
    /// gives it back; dropping the result cancels the request.
    pub(crate) async fn send(&self, request: Outgoing) -> Result<Response<Incoming>, Failed> {
        match &self.sender {
            Sender::One(sender) => {
                let sent = sender.borrow_mut().try_send_request(request);
                sent.await
            }
            Sender::Many { sender, .. } => sender.clone().try_send_request(request).await,
        }
    }

    /// Whether the last request is over and done with, so that the connection can be given back as it is.
    pub(crate) fn settled(&self) -> bool {
        match &self.sender {
            Sender::One(sender) => sender.borrow().is_ready(),
            Sender::Many { .. } => true,
        }
    }

    /// Waits, until `end` at most, for [`Link::settled`]: an upstream may answer before it has read the whole request.
    pub(crate) async fn settle(&self, end: Instant) -> bool {
        let Sender::One(sender) = &self.sender else { return true };
        let ready = pin!(poll_fn(|cx| sender.borrow_mut().poll_ready(cx)));
        matches!(tokio::time::timeout_at(end, ready).await, Ok(Ok(())))
    }

    /// Whether the connection's task was taken away while it worked.
    pub(crate) fn torn(&self) -> bool {
        self.fate.torn.get()
    }
}

impl lane::Link for Link {
    fn usable(&self, idle: Duration) -> bool {
        let ready = match &self.sender {
            Sender::One(sender) => sender.borrow().is_ready(),
            Sender::Many { sender, .. } => sender.is_ready(),
        };
        if !ready || self.fate.over.get() {
            return false;
        }
        idle < LOOK_AFTER
            || match self.probe.look() {
                Look::Quiet => true,
                // HTTP/2 talks while idle; on HTTP/1.1 bytes that nobody asked for are never a good sign.
                Look::Bytes => self.shared(),
                Look::Dead => false,
            }
    }

    fn closed(&self) -> bool {
        self.fate.over.get()
            || match &self.sender {
                Sender::One(sender) => sender.borrow().is_closed(),
                Sender::Many { sender, .. } => sender.is_closed(),
            }
    }

    fn streams(&self) -> usize {
        match &self.sender {
            Sender::One(_) => 1,
            Sender::Many { connection, .. } => match connection.upgrade() {
                Some(connection) => connection
                    .try_borrow()
                    .map_or(1, |connection| connection.current_max_send_streams().clamp(1, STREAMS as usize)),
                None => 1,
            },
        }
    }

    fn shared(&self) -> bool {
        matches!(self.sender, Sender::Many { .. })
    }
}

/// Polls `future` unless `poll_deadline` says that the time is over.
pub(crate) async fn until<T, D>(
    future: impl Future<Output = T>,
    mut poll_deadline: impl FnMut(&mut std::task::Context<'_>) -> Poll<D>,
) -> Result<T, D> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(done) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        poll_deadline(cx).map(Err)
    })
    .await
}
