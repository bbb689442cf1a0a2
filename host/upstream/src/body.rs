//! A response body that owns its connection for as long as it lives.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::error::{BodyError, Break};
use crate::lane::{Lease, Link as _};
use crate::link::Link;
use crate::pool::Route;
use crate::timer::Timer;

/// So long an HTTP/1.1 connection may take to be done with its request after the response has ended.
const SETTLE: Duration = Duration::from_secs(1);

/// The body of an upstream's answer, read from the upstream as it is polled.
///
/// When it ends cleanly, its connection serves the next request. When it is dropped before, the upstream call is
/// cancelled: an HTTP/1.1 connection is closed, an HTTP/2 stream reset. A body that the upstream did not end as the
/// protocol demands gives a [`BodyError`], never a clean end; after an error every further poll gives it again.
/// Trailers come as a frame of their own. A frame may be as large as 64 KiB and more (HTTP/1.1 reads ahead so much);
/// how large a body may grow as a whole is the reader's to say.
pub struct Body {
    state: State,
    total_end: Option<Instant>,
}

enum State {
    Open(Box<Open>),
    Ended,
    Failed(BodyError),
}

struct Open {
    incoming: Incoming,
    lease: Lease<Link>,
    timer: Timer,
    idle: Duration,
    /// Since when nothing has come although somebody asked.
    silent_since: Option<Instant>,
    route: Rc<Route>,
}

impl Body {
    pub(crate) fn new(
        incoming: Incoming,
        lease: Lease<Link>,
        timer: Timer,
        idle: Duration,
        total_end: Option<Instant>,
        route: Rc<Route>,
    ) -> Self {
        if incoming.is_end_stream() {
            give_back(lease);
            return Self { state: State::Ended, total_end };
        }
        let open = Open { incoming, lease, timer, idle, silent_since: None, route };
        Self { state: State::Open(Box::new(open)), total_end }
    }

    /// When the total deadline of this attempt passes; `None` when it is too far away to be said.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.total_end.map(Instant::into_std)
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Failed(error)) {
            open.route.body_failed(error);
            if error == BodyError::Idle {
                // The whole connection may have gone silent: no further request joins it.
                open.lease.retire();
            }
        }
        Poll::Ready(Some(Err(error)))
    }

    fn end(&mut self) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Ended) {
            give_back(open.lease);
        }
    }
}

impl Open {
    /// Whether an end that hyper reports is one that the upstream meant.
    fn ended_well(&self) -> bool {
        let lacking = self.incoming.size_hint().lower() > 0;
        if self.lease.link().shared() {
            // A stream that was reset without an error code ends early, too (RFC 9113 section 8.1).
            self.incoming.is_end_stream() || self.incoming.size_hint().exact() == Some(0)
        } else {
            !lacking && !self.lease.link().torn()
        }
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
            State::Open(open) => open,
            State::Ended => return Poll::Ready(None),
            State::Failed(error) => return Poll::Ready(Some(Err(*error))),
        };
        match Pin::new(&mut open.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                open.silent_since = None;
                if open.incoming.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => self.fail(BodyError::Broken(how_it_broke(&error))),
            Poll::Ready(None) if open.ended_well() => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Ready(None) => {
                let how = if open.lease.link().shared() { Break::Reset } else { Break::Cut };
                self.fail(BodyError::Broken(how))
            }
            Poll::Pending => match open.poll_deadlines(total_end, cx) {
                Poll::Ready(error) => self.fail(error),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Open(open) => open.incoming.size_hint(),
            State::Ended => SizeHint::with_exact(0),
            State::Failed(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Open(_) => "open",
            State::Ended => "ended",
            State::Failed(error) => error.kind(),
        };
        f.debug_tuple("Body").field(&state).finish()
    }
}

/// Returns the connection of a response that ended cleanly, at once or as soon as its request is all sent.
fn give_back(lease: Lease<Link>) {
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

fn how_it_broke(error: &hyper::Error) -> Break {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(at) = cause {
        if let Some(h2) = at.downcast_ref::<h2::Error>() {
            return if h2.is_io() {
                Break::Cut
            } else if h2.is_remote() {
                Break::Reset
            } else {
                Break::Framing
            };
        }
        if let Some(io) = at.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                std::io::ErrorKind::UnexpectedEof => Break::Cut,
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => Break::Framing,
                _ => Break::Io,
            };
        }
        cause = at.source();
    }
    Break::Cut
}
