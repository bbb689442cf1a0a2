//! One attempt: a turn, a connection, a request, a response head.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HOST};
use http::uri::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use tokio::time::Instant;
use weir_http::fields::FIELDS;

use crate::body::Incoming;
use crate::connect::connect;
use crate::error::{AttemptError, Which};
use crate::http1::{self, Common, Lost};
use crate::http2::{self, Outgoing, Whole};
use crate::lane::{Entry, Lane, Lease, Opening, Turn};
use crate::link::{Link, until};
use crate::timer::Timer;
use crate::upstream::Upstream;

/// When a kept connection ends so soon after a request was put on it, it had been closed before: the news takes one round
/// trip, and some more where either end is busy. A connection that ends later was open, and the request may have been
/// worked on.
const STALE_WITHIN: Duration = Duration::from_secs(2);

pub(crate) struct Attempt<'a> {
    pub(crate) up: &'a Upstream,
    pub(crate) lane: &'a Rc<Lane<Link>>,
    pub(crate) common: &'a Rc<Common>,
    pub(crate) timer: Timer,
    /// When the attempt last had to wait for something: reading the clock costs more than keeping it.
    pub(crate) now: Instant,
    pub(crate) first_byte: Duration,
    pub(crate) total_end: Option<Instant>,
    pub(crate) idempotent: bool,
    /// Whether it must not ride on a connection that has served before.
    pub(crate) fresh: bool,
}

/// Why a request on a connection gave no head.
enum Miss {
    /// Nothing of it was sent, and it is where it was: the connection was dead.
    Unsent,
    /// The connection ended, and no byte of an answer had come.
    Cut,
    Failed(AttemptError),
}

impl Attempt<'_> {
    /// Makes the attempt with `request`, of which nothing is left once it is on the wire.
    pub(crate) async fn run(
        &mut self,
        request: &mut Request<Bytes>,
    ) -> Result<(Lease<Link>, Response<Incoming>), AttemptError> {
        if !has_lawful_target(request) {
            return Err(AttemptError::BadTarget);
        }
        let mut turn = match self.lane.enter(self.now) {
            Entry::Now(turn) => turn,
            entry => self.wait(entry).await?,
        };
        loop {
            let (lease, fresh) = match turn {
                Turn::Ride(lease) if self.fresh && matches!(lease.link(), Link::One(_)) => {
                    turn = self.replace(lease).await?;
                    continue;
                }
                Turn::Ride(lease) => {
                    self.lane.shard().reused.bump();
                    (lease, false)
                }
                // Boxed: connecting is rare, and its state would make every waiting request larger.
                Turn::Open(opening) => (Box::pin(self.open(opening)).await?, true),
            };
            lease.begin();
            let answered = match lease.link() {
                Link::One(connection) => self.exchange_http1(connection, request).await,
                Link::Many(connection) => Box::pin(self.exchange_http2(&lease, connection, request)).await,
            };
            match answered {
                Ok(response) => return Ok((lease, response)),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Cut) => {
                    let stale = !fresh && self.now.elapsed() < STALE_WITHIN;
                    return Err(AttemptError::ClosedBeforeHead { sent: true, idempotent: self.idempotent, stale });
                }
                Err(Miss::Unsent) if fresh => return Err(self.closed(false)),
                Err(Miss::Unsent) => {}
            }
            self.lane.shard().recovered.bump();
            self.now = Instant::now();
            turn = self.replace(lease).await?;
        }
    }

    /// A new connection in the place of one that is not to be used.
    async fn replace(&mut self, lease: Lease<Link>) -> Result<Turn<Link>, AttemptError> {
        match lease.replace() {
            Some(opening) => Ok(Turn::Open(opening)),
            None => self.wait(self.lane.enter(self.now)).await,
        }
    }

    /// A place on a connection, or the permit to open one.
    async fn wait(&mut self, entry: Entry<Link>) -> Result<Turn<Link>, AttemptError> {
        let wait = self.up.wait_timeout();
        let busy = AttemptError::Busy { retry_after: wait.max(Duration::from_secs(1)) };
        let now = self.now;
        let waiting = match entry {
            Entry::Now(turn) => return Ok(turn),
            Entry::Full => return Err(busy),
            Entry::Wait(waiting) => waiting,
        };
        let end = earliest(now.checked_add(wait), self.total_end).unwrap_or(now);
        let turn = until(waiting, |cx| self.timer.poll_until(end, cx)).await.map_err(|()| busy)?;
        self.now = Instant::now();
        Ok(turn)
    }

    async fn open(&mut self, opening: Opening<Link>) -> Result<Lease<Link>, AttemptError> {
        let end = self.total_end;
        let connecting = until(connect(self.up, self.lane.room(), self.common), |cx| match end {
            Some(end) => self.timer.poll_until(end, cx),
            None => Poll::Pending,
        });
        let (link, driver) = connecting.await.map_err(|()| AttemptError::Timeout(Which::Total))??;
        let lease = opening.done(link);
        if let Some(driver) = driver {
            let lane = Rc::downgrade(self.lane);
            tokio::task::spawn_local(async move {
                driver.await;
                // The upstream hung up: what was idle is gone, and its place is free.
                if let Some(lane) = lane.upgrade() {
                    lane.sweep(Instant::now());
                }
            });
        }
        self.now = Instant::now();
        Ok(lease)
    }

    /// When the answer's head must be there, and what it means if it is not.
    fn head_end(&self) -> (Option<Instant>, Which) {
        let head_end = self.now.checked_add(self.first_byte);
        let end = earliest(head_end, self.total_end);
        (end, if end == head_end { Which::FirstByte } else { Which::Total })
    }

    async fn exchange_http1(
        &mut self,
        connection: &http1::Connection,
        request: &mut Request<Bytes>,
    ) -> Result<Response<Incoming>, Miss> {
        let (end, which) = self.head_end();
        let host = self.up.host_header();
        let timer = &mut self.timer;
        let mut exchange = connection.exchange();
        let answered = poll_fn(|cx| match (exchange.poll(request, host, cx), end) {
            (Poll::Ready(answered), _) => Poll::Ready(answered.map_err(Some)),
            (Poll::Pending, Some(end)) => timer.poll_until(end, cx).map(|()| Err(None)),
            (Poll::Pending, None) => Poll::Pending,
        });
        match answered.await {
            Ok(response) => Ok(response.map(Incoming::One)),
            Err(Some(Lost::Unsent)) => Err(Miss::Unsent),
            Err(Some(Lost::Silent)) => Err(Miss::Cut),
            Err(Some(Lost::Closed)) => Err(Miss::Failed(self.closed(true))),
            Err(Some(Lost::Unlawful(why))) => Err(Miss::Failed(AttemptError::Protocol(why))),
            Err(None) => Err(Miss::Failed(AttemptError::Timeout(which))),
        }
    }

    async fn exchange_http2(
        &mut self,
        lease: &Lease<Link>,
        connection: &http2::Connection,
        request: &mut Request<Bytes>,
    ) -> Result<Response<Incoming>, Miss> {
        let (end, which) = self.head_end();
        let outgoing = self.address(std::mem::take(request));
        let Some(outgoing) = outgoing else { return Err(Miss::Failed(AttemptError::BadTarget)) };
        let sent = until(connection.send(outgoing), |cx| match end {
            Some(end) => self.timer.poll_until(end, cx),
            None => Poll::Pending,
        });
        match sent.await {
            Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Err(Miss::Failed(AttemptError::Protocol("101 although nobody asked for an upgrade")))
            }
            Ok(Ok(response)) if response.headers().len() > FIELDS => {
                Err(Miss::Failed(AttemptError::Protocol("its head is too large")))
            }
            Ok(Ok(response)) => Ok(response.map(Incoming::Many)),
            Ok(Err(mut failed)) => match failed.take_message() {
                Some(unsent) => {
                    *request = unsent.map(|body| body.0);
                    Err(Miss::Unsent)
                }
                None => Err(self.why(&failed.into_error())),
            },
            Err(()) => {
                // The next request would hit the same silence.
                lease.retire();
                Err(Miss::Failed(AttemptError::Timeout(which)))
            }
        }
    }

    /// Names the upstream in the request as HTTP/2 wants it, which nobody else can, and asks for an answer that is not
    /// compressed.
    fn address(&self, request: Request<Bytes>) -> Option<Outgoing> {
        let mut request = request.map(Whole);
        let (scheme, authority) = self.up.scheme_and_authority();
        let mut parts = Parts::default();
        parts.path_and_query = request.uri().path_and_query().cloned();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority);
        *request.uri_mut() = Uri::from_parts(parts).ok()?;
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(HOST);
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Some(request)
    }

    fn closed(&self, sent: bool) -> AttemptError {
        AttemptError::ClosedBeforeHead { sent, idempotent: self.idempotent, stale: false }
    }

    fn why(&self, error: &hyper::Error) -> Miss {
        if error.is_parse_too_large() {
            return Miss::Failed(AttemptError::Protocol("its head is too large"));
        }
        if error.is_parse() {
            return Miss::Failed(AttemptError::Protocol("its head is malformed"));
        }
        let mut cause = std::error::Error::source(error);
        while let Some(at) = cause {
            if let Some(h2) = at.downcast_ref::<h2::Error>() {
                return if h2.is_io() { Miss::Cut } else { Miss::Failed(self.why_h2(h2)) };
            }
            cause = at.source();
        }
        Miss::Cut
    }

    fn why_h2(&self, error: &h2::Error) -> AttemptError {
        match error.reason() {
            // RFC 9113 section 8.7: a refused stream, and one that a graceful GOAWAY leaves out, was not processed.
            Some(h2::Reason::REFUSED_STREAM) if error.is_remote() => self.closed(false),
            Some(h2::Reason::NO_ERROR) if error.is_remote() && error.is_go_away() => self.closed(false),
            Some(_) if error.is_library() => AttemptError::Protocol("its HTTP/2 is not lawful"),
            _ => self.closed(true),
        }
    }
}

/// Whether the request's target is a path, of which the upstream's URI is made. A tunnel has none.
fn has_lawful_target(request: &Request<Bytes>) -> bool {
    let path = request.uri().path_and_query();
    path.is_some_and(|path| path.as_str().starts_with('/')) && *request.method() != Method::CONNECT
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
