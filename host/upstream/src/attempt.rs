//! One attempt: a turn, a connection, a request, a response head.

use std::rc::Rc;
use std::time::Duration;

use http::header::HOST;
use http::uri::Parts;
use http::{Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::connect::connect;
use crate::error::{AttemptError, Which};
use crate::lane::{Entry, Lane, Lease, Link as _, Opening, Turn};
use crate::link::{Link, Outgoing, until};
use crate::timer::Timer;
use crate::upstream::Upstream;

pub(crate) struct Attempt<'a> {
    pub(crate) up: &'a Upstream,
    pub(crate) lane: &'a Rc<Lane<Link>>,
    pub(crate) timer: Timer,
    /// When the attempt last had to wait for something: reading the clock costs more than keeping it.
    pub(crate) now: Instant,
    pub(crate) first_byte: Duration,
    pub(crate) total_end: Option<Instant>,
    pub(crate) idempotent: bool,
}

/// Why a request on a connection gave no head.
enum Miss {
    /// It came back unsent: the connection was dead.
    Unsent(Box<Outgoing>),
    Failed(AttemptError),
}

impl Attempt<'_> {
    pub(crate) async fn run(
        &mut self,
        mut request: Outgoing,
    ) -> Result<(Lease<Link>, Response<Incoming>), AttemptError> {
        let mut turn = self.turn().await?;
        loop {
            let (lease, fresh) = match turn {
                Turn::Ride(lease) => {
                    self.lane.shard().reused.bump();
                    (lease, false)
                }
                Turn::Open(opening) => (self.open(opening).await?, true),
            };
            self.address(&mut request, lease.link().shared())?;
            request = match self.exchange(&lease, request).await {
                Ok(response) => return Ok((lease, response)),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Unsent(_)) if fresh => return Err(self.closed(false)),
                Err(Miss::Unsent(request)) => *request,
            };
            self.lane.shard().recovered.bump();
            self.now = Instant::now();
            turn = match lease.replace() {
                Some(opening) => Turn::Open(opening),
                None => self.turn().await?,
            };
        }
    }

    /// A place on a connection, or the permit to open one.
    async fn turn(&mut self) -> Result<Turn<Link>, AttemptError> {
        let wait = self.up.wait_timeout();
        let busy = AttemptError::Busy { retry_after: wait.max(Duration::from_secs(1)) };
        let now = self.now;
        let waiting = match self.lane.enter(now) {
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
        let connecting = until(connect(self.up, self.lane.room()), |cx| match end {
            Some(end) => self.timer.poll_until(end, cx),
            None => std::task::Poll::Pending,
        });
        let (link, driver) = connecting.await.map_err(|()| AttemptError::Timeout(Which::Total))??;
        let lease = opening.done(link);
        let lane = Rc::downgrade(self.lane);
        tokio::task::spawn_local(async move {
            driver.await;
            // The upstream hung up: what was idle is gone, and its place is free.
            if let Some(lane) = lane.upgrade() {
                lane.sweep(Instant::now());
            }
        });
        self.now = Instant::now();
        Ok(lease)
    }

    /// Names the upstream in the request as the connection's protocol wants it; nobody else can.
    fn address(&self, request: &mut Outgoing, http2: bool) -> Result<(), AttemptError> {
        let path = request.uri().path_and_query().filter(|path| path.as_str().starts_with('/')).cloned();
        let path = path.ok_or(AttemptError::BadTarget)?;
        let mut parts = Parts::default();
        parts.path_and_query = Some(path);
        if http2 {
            let (scheme, authority) = self.up.scheme_and_authority();
            parts.scheme = Some(scheme);
            parts.authority = Some(authority);
            request.headers_mut().remove(HOST);
            *request.version_mut() = Version::HTTP_2;
        } else {
            request.headers_mut().insert(HOST, self.up.host_header());
            *request.version_mut() = Version::HTTP_11;
        }
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| AttemptError::BadTarget)?;
        Ok(())
    }

    async fn exchange(&mut self, lease: &Lease<Link>, request: Outgoing) -> Result<Response<Incoming>, Miss> {
        let head_end = self.now.checked_add(self.first_byte);
        let end = earliest(head_end, self.total_end);
        lease.begin();
        let sent = until(lease.link().send(request), |cx| match end {
            Some(end) => self.timer.poll_until(end, cx),
            None => std::task::Poll::Pending,
        });
        match sent.await {
            Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Err(Miss::Failed(AttemptError::Protocol("101 although nobody asked for an upgrade")))
            }
            Ok(Ok(response)) => Ok(response),
            Ok(Err(mut failed)) => match failed.take_message() {
                Some(request) => Err(Miss::Unsent(Box::new(request))),
                None => Err(Miss::Failed(self.why(&failed.into_error()))),
            },
            Err(()) => {
                // On HTTP/2 the next request would hit the same silence.
                lease.retire();
                let which = if end == head_end { Which::FirstByte } else { Which::Total };
                Err(Miss::Failed(AttemptError::Timeout(which)))
            }
        }
    }

    fn closed(&self, sent: bool) -> AttemptError {
        AttemptError::ClosedBeforeHead { sent, idempotent: self.idempotent }
    }

    fn why(&self, error: &hyper::Error) -> AttemptError {
        if error.is_parse_too_large() {
            return AttemptError::Protocol("its head is too large");
        }
        if error.is_parse() {
            return AttemptError::Protocol("its head is malformed");
        }
        let mut cause = std::error::Error::source(error);
        while let Some(at) = cause {
            if let Some(h2) = at.downcast_ref::<h2::Error>() {
                return self.why_h2(h2);
            }
            cause = at.source();
        }
        self.closed(true)
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

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
