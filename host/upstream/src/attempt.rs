//! One attempt: a turn, a connection, a request, a response head.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HOST};
use http::uri::Parts;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use tokio::time::{Instant, sleep_until};
use weir_http::fields::FIELDS;

use crate::body::Incoming;
use crate::coding;
use crate::connect::connect;
use crate::error::{AttemptError, Which};
use crate::http1::{self, Common, Lost};
use crate::http2::{self, Outgoing, Whole};
use crate::lane::{Entry, Lane, Lease, Opening, Turn};
use crate::link::{Link, Wire, until};
use crate::timer::Timer;
use crate::tls::TlsFailure;
use crate::upstream::Upstream;

/// When a kept connection ends so soon after a request was put on it, it had been closed before: the news takes one round
/// trip, and some more where either end is busy. A connection that ends later was open, and the request may have been
/// worked on.
const STALE_WITHIN: Duration = Duration::from_secs(2);
/// How many milliseconds to wait before a request that was refused unprocessed (RFC 9113 section 8.7) is sent again, the
/// first time, the second and so on.
const RESENT_AFTER: [u64; 8] = [0, 5, 10, 20, 40, 80, 160, 320];

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
    /// The upstream has not processed it and says so; it is where it was.
    Refused,
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
        let mut pauses = RESENT_AFTER.into_iter().map(Duration::from_millis);
        loop {
            let (lease, fresh) = match turn {
                Turn::Ride(lease) if self.fresh && matches!(lease.link().wire, Wire::One(_)) => {
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
            let answered = match &lease.link().wire {
                Wire::One(connection) => self.exchange_http1(&lease, connection, request, fresh).await,
                Wire::Many(connection) => Box::pin(self.exchange_http2(&lease, connection, request)).await,
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
                Err(Miss::Refused) => {
                    drop(lease);
                    turn = self.after_refusal(pauses.next()).await?;
                    continue;
                }
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
        let mut waiting = waiting;
        let turn = until(&mut waiting, |cx| self.timer.poll_until(end, cx)).await;
        drop(waiting);
        self.now = Instant::now();
        match turn {
            Ok(turn) => Ok(turn),
            // It waited to share what another one opens; nobody is refused while he may open a connection himself.
            Err(()) if self.total_end.is_none_or(|end| self.now < end) => self.lane.open_after_all().ok_or(busy),
            Err(()) => Err(busy),
        }
    }

    /// Another turn for a request that the upstream has not processed, after a pause.
    async fn after_refusal(&mut self, pause: Option<Duration>) -> Result<Turn<Link>, AttemptError> {
        let Some(pause) = pause else { return Err(AttemptError::Refused) };
        let now = Instant::now();
        let end = now.checked_add(pause);
        if self.total_end.is_some_and(|total| end.is_none_or(|end| end >= total)) {
            return Err(AttemptError::Refused);
        }
        sleep_until(end.unwrap_or(now)).await;
        self.lane.shard().recovered.bump();
        self.now = Instant::now();
        self.wait(self.lane.enter(self.now)).await
    }

    async fn open(&mut self, opening: Opening<Link>) -> Result<Lease<Link>, AttemptError> {
        let end = self.total_end;
        let connecting = until(connect(self.up, self.common), |cx| match end {
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
        lease: &Lease<Link>,
        connection: &http1::Connection,
        request: &mut Request<Bytes>,
        fresh: bool,
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
            Err(Some(Lost::Unsent(why))) => {
                refused_by_tls(fresh, why.as_ref()).map_or(Err(Miss::Unsent), |error| Err(Miss::Failed(error)))
            }
            Err(Some(Lost::Silent(why))) => {
                why.iter().for_each(|why| lease.link().failed_with(why.kind()));
                Err(refused_by_tls(fresh, why.as_ref()).map_or(Miss::Cut, Miss::Failed))
            }
            Err(Some(Lost::Closed(why))) => {
                why.iter().for_each(|why| lease.link().failed_with(why.kind()));
                Err(Miss::Failed(self.closed(true)))
            }
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
        // An upstream that refuses the request does not give it back.
        let copy = outgoing.clone();
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
                None => {
                    let error = failed.into_error();
                    let refused = refusal(&error);
                    if refused == Some(Refusal::Connection) {
                        lease.retire();
                    }
                    if refused.is_some() {
                        *request = copy.map(|body| body.0);
                        return Err(Miss::Refused);
                    }
                    let failure = connection.failure();
                    failure.iter().for_each(|failure| lease.link().failed_with(failure.kind));
                    let tls = failure.and_then(|failure| failure.tls);
                    Err(tls.map_or_else(|| self.why(&error), |tls| Miss::Failed(AttemptError::Tls(tls))))
                }
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
        request.headers_mut().insert(ACCEPT_ENCODING, coding::asked_for());
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
        match cause(error) {
            Some(h2) if h2.is_io() => Miss::Cut,
            Some(h2) if h2.reason().is_some() && h2.is_library() => {
                Miss::Failed(AttemptError::Protocol("its HTTP/2 is not lawful"))
            }
            Some(_) => Miss::Failed(self.closed(true)),
            None => Miss::Cut,
        }
    }
}

/// How an upstream said that it has not processed a request (RFC 9113 section 8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It refused this one.
    Stream,
    /// It leaves, and this one came after the last that it deals with, whatever the reason that it gives.
    Connection,
}

fn refusal(error: &hyper::Error) -> Option<Refusal> {
    let h2 = cause(error).filter(|h2| h2.is_remote())?;
    if h2.is_go_away() {
        return Some(Refusal::Connection);
    }
    (h2.reason() == Some(h2::Reason::REFUSED_STREAM)).then_some(Refusal::Stream)
}

fn cause(error: &hyper::Error) -> Option<&h2::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(at) = cause {
        if let Some(h2) = at.downcast_ref::<h2::Error>() {
            return Some(h2);
        }
        cause = at.source();
    }
    None
}

/// What an upstream had against the handshake, said on a connection on which nothing was answered yet.
fn refused_by_tls(fresh: bool, why: Option<&io::Error>) -> Option<AttemptError> {
    TlsFailure::after_handshake(why.filter(|_| fresh)?).map(AttemptError::Tls)
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
