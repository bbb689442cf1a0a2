//! A response body that owns its connection for as long as it lives.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, timeout_at};
use weir_net::LazyTimer;

use crate::error::{BodyError, Break};
use crate::pool::{Lease, Poolable as _, ProtocolConn, UpstreamConn, WorkerRoute};
use crate::{http1, http2};

/// So long an HTTP/1.1 connection may take to be done with its request after the response has ended, and a response of
/// which nothing more is wanted to come to its end.
const SETTLE: Duration = Duration::from_secs(1);
/// So much more of such a response is read.
const UNWANTED: usize = 64 * 1024;

/// A body that is read off a connection.
pub(crate) enum IncomingBody {
    One(http1::Http1Body),
    Many(http2::Http2Body),
}

/// The body of an upstream's answer, read from the upstream as it is polled.
///
/// When it ends cleanly, its connection serves the next request; a body that came whole with its head has ended as far
/// as the connection is concerned. When it is dropped before, the upstream call is cancelled: an HTTP/1.1 connection is
/// closed, an HTTP/2 stream reset. A body that the upstream did not end as the protocol demands gives a [`BodyError`],
/// never a clean end; after an error every further poll gives it again. Trailers come as a frame of their own. A frame
/// may be as large as 64 KiB and more (HTTP/1.1 reads ahead so much); how large a body may grow as a whole is the
/// reader's to say.
pub struct Body {
    state: State,
    total_end: Option<Instant>,
}

enum State {
    /// What is here goes first.
    Open(Bytes, Box<Open>),
    /// The upstream has ended the body; this is what is still to be given.
    Rest(Bytes, Option<Box<HeaderMap>>),
    Failed(BodyError),
}

struct Open {
    incoming: IncomingBody,
    lease: Lease<UpstreamConn>,
    timer: LazyTimer,
    idle: Duration,
    /// Since when nothing has come although somebody asked.
    silent_since: Option<Instant>,
    route: Rc<WorkerRoute>,
}

/// One step of a body.
enum Step {
    Data(Bytes),
    /// The last one, with what it holds.
    Last(Bytes, Option<Box<HeaderMap>>),
}

impl Body {
    pub(crate) fn new(
        mut incoming: IncomingBody,
        lease: Lease<UpstreamConn>,
        timer: LazyTimer,
        idle: Duration,
        total_end: Option<Instant>,
        route: Rc<WorkerRoute>,
    ) -> Self {
        let first = match (&mut incoming, &lease.link().wire) {
            (IncomingBody::One(incoming), ProtocolConn::One(connection)) => incoming.first(connection).map(Step::from),
            (IncomingBody::Many(incoming), _) if incoming.has_ended() => Ok(Step::Last(Bytes::new(), None)),
            _ => Ok(Step::Data(Bytes::new())),
        };
        let state = match first {
            Ok(Step::Last(data, trailers)) => {
                give_back(lease);
                State::Rest(data, trailers)
            }
            Ok(Step::Data(data)) => {
                State::Open(data, Box::new(Open { incoming, lease, timer, idle, silent_since: None, route }))
            }
            Err(how) => {
                let error = BodyError::Broken(how);
                route.body_failed(error);
                State::Failed(error)
            }
        };
        Self { state, total_end }
    }

    /// When the total deadline of this attempt passes; `None` when it is too far away to be said.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.total_end.map(Instant::into_std)
    }

    /// Since when nothing has come although somebody asked; `None` while there is something to give.
    #[must_use]
    pub fn silent_since(&self) -> Option<std::time::Instant> {
        match &self.state {
            State::Open(_, open) => open.silent_since.map(Instant::into_std),
            State::Rest(..) | State::Failed(_) => None,
        }
    }

    /// All of a body that came whole with its head, without trailers, if it has no more than `most` bytes. Nothing is left
    /// of it then.
    pub fn take_all_within(&mut self, most: usize) -> Option<Bytes> {
        match &mut self.state {
            State::Rest(data, None) if data.len() <= most => Some(std::mem::take(data)),
            State::Rest(..) | State::Open(..) | State::Failed(_) => None,
        }
    }

    /// Takes leave of a body of which nothing more is wanted, whatever its framing says of its end. If that comes within a
    /// second and 64 KiB, the connection serves the next request; if not, it is closed, and no failure is counted: what
    /// was wanted has come.
    pub fn leave(self) {
        let State::Open(_, mut open) = self.state else { return };
        let mut read = 0;
        // Most often the end is here already, or the rest of it is.
        let step = open.poll_rest(&mut read, &mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(ended) = step {
            if ended {
                give_back(open.lease);
            }
            return;
        }
        tokio::task::spawn_local(async move {
            let end = Instant::now().checked_add(SETTLE).unwrap_or_else(Instant::now);
            if let Ok(true) = timeout_at(end, poll_fn(|cx| open.poll_rest(&mut read, cx))).await {
                give_back(open.lease);
            }
        });
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let State::Open(_, open) = std::mem::replace(&mut self.state, State::Failed(error)) {
            open.route.body_failed(error);
            if error == BodyError::Idle {
                // The whole connection may have gone silent: no further request joins it.
                open.lease.retire();
            }
        }
        Poll::Ready(Some(Err(error)))
    }

    /// The upstream has ended the body: the connection is free, whatever the reader has still to take.
    fn end(&mut self, data: Bytes, trailers: Option<Box<HeaderMap>>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let State::Open(_, open) = std::mem::replace(&mut self.state, State::Rest(data, trailers)) {
            give_back(open.lease);
        }
        self.next_of_rest()
    }

    fn next_of_rest(&mut self) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let State::Rest(data, trailers) = &mut self.state else { return Poll::Ready(None) };
        let frame = match std::mem::take(data) {
            data if !data.is_empty() => Some(Frame::data(data)),
            _ => trailers.take().map(|trailers| Frame::trailers(*trailers)),
        };
        Poll::Ready(frame.map(Ok))
    }
}

impl From<http1::Http1Piece> for Step {
    fn from(piece: http1::Http1Piece) -> Self {
        match piece.end {
            None => Self::Data(piece.data),
            Some(end) => Self::Last(piece.data, end.trailers),
        }
    }
}

impl From<http2::Http2Piece> for Step {
    fn from(piece: http2::Http2Piece) -> Self {
        match piece {
            http2::Http2Piece::Data(data) => Self::Data(data),
            http2::Http2Piece::Last(data, trailers) => Self::Last(data, trailers),
        }
    }
}

impl Open {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Step, Break>> {
        match (&mut self.incoming, &self.lease.link().wire) {
            (IncomingBody::One(incoming), ProtocolConn::One(connection)) => {
                incoming.poll(connection, cx).map_ok(Step::from)
            }
            (IncomingBody::Many(incoming), _) => incoming.poll(cx).map_ok(Step::from),
            // A connection does not change its protocol.
            (IncomingBody::One(_), ProtocolConn::Many(_)) => Poll::Ready(Err(Break::Framing)),
        }
    }

    /// Reads on without keeping anything; whether the body came to its end before too much of it did.
    fn poll_rest(&mut self, read: &mut usize, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            match ready!(self.poll_step(cx)) {
                Ok(Step::Data(data)) => {
                    *read = read.saturating_add(data.len());
                    if *read > UNWANTED {
                        return Poll::Ready(false);
                    }
                }
                Ok(Step::Last(..)) => return Poll::Ready(true),
                Err(_) => return Poll::Ready(false),
            }
        }
    }

    fn size_hint(&self, here: u64) -> SizeHint {
        let mut hint = SizeHint::new();
        let left = match &self.incoming {
            IncomingBody::Many(incoming) => incoming.left(),
            IncomingBody::One(incoming) => incoming.left(),
        };
        match left.and_then(|left| left.checked_add(here)) {
            Some(left) => hint.set_exact(left),
            None => hint.set_lower(here),
        }
        hint
    }

    fn poll_deadlines(&mut self, total_end: Option<Instant>, cx: &mut Context<'_>) -> Poll<BodyError> {
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let idle_end = since.checked_add(self.idle);
        let Some(end) = [idle_end, total_end].into_iter().flatten().min() else { return Poll::Pending };
        self.timer.poll_until(end, cx).map(|()| if idle_end == Some(end) { BodyError::Idle } else { BodyError::Total })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let total_end = self.total_end;
        let open = match &mut self.state {
            State::Open(here, _) if !here.is_empty() => {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(here)))));
            }
            State::Open(_, open) => open,
            State::Rest(..) => return self.next_of_rest(),
            State::Failed(error) => return Poll::Ready(Some(Err(*error))),
        };
        match open.poll_step(cx) {
            Poll::Ready(Ok(Step::Data(data))) => {
                open.silent_since = None;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(Ok(Step::Last(data, trailers))) => self.end(data, trailers),
            Poll::Ready(Err(how)) => self.fail(BodyError::Broken(how)),
            Poll::Pending => match open.poll_deadlines(total_end, cx) {
                Poll::Ready(error) => self.fail(error),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.state, State::Rest(data, None) if data.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Open(here, open) => open.size_hint(here.len() as u64),
            State::Rest(data, _) => SizeHint::with_exact(data.len() as u64),
            State::Failed(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Open(..) => "open",
            State::Rest(..) => "ended",
            State::Failed(error) => error.kind(),
        };
        f.debug_tuple("Body").field(&state).finish()
    }
}

/// Returns the connection of a response that ended cleanly, at once or as soon as its request is all sent.
fn give_back(lease: Lease<UpstreamConn>) {
    if lease.link().settled() {
        lease.release();
    } else if !lease.link().closed() {
        tokio::task::spawn_local(async move {
            let end = Instant::now().checked_add(SETTLE).unwrap_or_else(Instant::now);
            if lease.link().settle(end).await {
                lease.release();
            }
        });
    }
}
