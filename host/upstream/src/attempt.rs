//! One attempt: a turn, a connection, a request, a response head.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::time::{Instant, sleep_until};
use weir_net::LazyTimer;

use crate::body::IncomingBody;
use crate::conn_limits::STALE_WITHIN;
use crate::dial::connect::connect;
use crate::error::{AttemptError, Which};
use crate::http1::Common;
use crate::pool::{ConnTurn, ConnectPermit, HostPool, Lease, ProtocolConn, TurnRequest, UpstreamConn};
use crate::upstream::Upstream;

mod exchange;

/// How many milliseconds to wait before a request that was refused unprocessed (RFC 9113 section 8.7) is sent again, the
/// first time, the second and so on.
const RESENT_AFTER: [u64; 8] = [0, 5, 10, 20, 40, 80, 160, 320];

pub(crate) struct Attempt<'a> {
    pub(crate) up: &'a Upstream,
    pub(crate) lane: &'a Rc<HostPool<UpstreamConn>>,
    pub(crate) common: &'a Rc<Common>,
    pub(crate) timer: LazyTimer,
    /// When the attempt last had to wait for something: reading the clock costs more than keeping it.
    pub(crate) now: Instant,
    pub(crate) first_byte: Duration,
    pub(crate) total_end: Option<Instant>,
    pub(crate) idempotent: bool,
    /// Whether it must not ride on a connection that was there before it.
    pub(crate) fresh: bool,
    /// To be told whether the request is on a connection.
    pub(crate) begun: Option<&'a Cell<bool>>,
}

/// Why a request on a connection gave no head.
enum Miss {
    /// Nothing of it was sent, and it is where it was: the connection was dead.
    Unsent,
    /// The connection ended, and no byte of an answer had come.
    Cut,
    /// Nobody is at the other end, and the request did not get there.
    Undelivered,
    /// The upstream has not processed it and says so; it is where it was.
    Refused,
    /// The upstream has come to allow fewer requests on the connection than are on it, and none of this one was sent; it
    /// is where it was.
    NotBegun,
    Failed(AttemptError),
}

impl Attempt<'_> {
    /// Makes the attempt with `request`, of which nothing is left once it is on the wire.
    pub(crate) async fn run(
        &mut self,
        request: &mut Request<Bytes>,
    ) -> Result<(Lease<UpstreamConn>, Response<IncomingBody>), AttemptError> {
        if !has_valid_target(request) {
            return Err(AttemptError::BadTarget);
        }
        let start = self.now;
        let mut turn = match self.lane.enter(start) {
            TurnRequest::Now(turn) => turn,
            entry => self.wait(entry).await?,
        };
        let mut pauses = RESENT_AFTER.into_iter().map(Duration::from_millis);
        let mut elsewhere = std::iter::once(Duration::ZERO);
        loop {
            let (lease, fresh) = match turn {
                // Others may have opened one meanwhile that carries this request as well.
                ConnTurn::Ride(lease) if self.fresh && lease.link().opened() < start => {
                    turn = self.replace(lease).await?;
                    continue;
                }
                ConnTurn::Ride(lease) => {
                    self.lane.shard().reused.bump();
                    (lease, false)
                }
                // Boxed: connecting is rare, and its state would make every waiting request larger.
                ConnTurn::Open(opening) => (Box::pin(self.open(opening)).await?, true),
            };
            self.begin(&lease);
            let answered = match &lease.link().wire {
                ProtocolConn::One(connection) => pin!(self.exchange_http1(&lease, connection, request, fresh)).await,
                ProtocolConn::Many(connection) => Box::pin(self.exchange_http2(&lease, connection, request)).await,
            };
            self.tell_begun(answered.is_ok());
            match answered {
                Ok(response) => return Ok((lease, response)),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Cut) => {
                    let stale = !fresh && !self.fresh && self.now.elapsed() < STALE_WITHIN;
                    return Err(AttemptError::ClosedBeforeHead { sent: true, idempotent: self.idempotent, stale });
                }
                Err(Miss::Undelivered) => {
                    self.lane.shard().dead.bump();
                    // On a kept connection it says nothing of the upstream: another one may get there.
                    let (idempotent, stale) = (self.idempotent, !fresh && !self.fresh);
                    return Err(AttemptError::ClosedBeforeHead { sent: false, idempotent, stale });
                }
                Err(Miss::Unsent) if fresh => return Err(self.closed(false)),
                Err(Miss::Unsent) => {}
                Err(Miss::Refused) => {
                    drop(lease);
                    turn = self.after_refusal(pauses.next()).await?;
                    continue;
                }
                Err(Miss::NotBegun) => {
                    lease.retire();
                    drop(lease);
                    turn = self.after_refusal(elsewhere.next()).await?;
                    continue;
                }
            }
            self.lane.shard().recovered.bump();
            self.now = Instant::now();
            turn = self.replace(lease).await?;
        }
    }

    fn begin(&self, lease: &Lease<UpstreamConn>) {
        lease.begin();
        self.tell_begun(true);
    }

    /// Tells whether the request is on a connection now.
    fn tell_begun(&self, begun: bool) {
        if let Some(told) = self.begun {
            told.set(begun);
        }
    }

    /// A new connection in the place of one that is not to be used.
    async fn replace(&mut self, lease: Lease<UpstreamConn>) -> Result<ConnTurn<UpstreamConn>, AttemptError> {
        match lease.replace() {
            Some(opening) => Ok(ConnTurn::Open(opening)),
            None => self.wait(self.lane.enter(self.now)).await,
        }
    }

    /// A place on a connection, or the permit to open one.
    async fn wait(&mut self, entry: TurnRequest<UpstreamConn>) -> Result<ConnTurn<UpstreamConn>, AttemptError> {
        let wait = self.up.wait_timeout();
        let busy = AttemptError::Busy { retry_after: wait.max(Duration::from_secs(1)) };
        let now = self.now;
        let waiting = match entry {
            TurnRequest::Now(turn) => return Ok(turn),
            TurnRequest::Full => return Err(busy),
            TurnRequest::Wait(waiting) => waiting,
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
    async fn after_refusal(&mut self, pause: Option<Duration>) -> Result<ConnTurn<UpstreamConn>, AttemptError> {
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

    async fn open(&mut self, opening: ConnectPermit<UpstreamConn>) -> Result<Lease<UpstreamConn>, AttemptError> {
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

    fn closed(&self, sent: bool) -> AttemptError {
        AttemptError::ClosedBeforeHead { sent, idempotent: self.idempotent, stale: false }
    }
}

/// Whether the request's target is a path, of which the upstream's URI is made. A tunnel has none.
fn has_valid_target(request: &Request<Bytes>) -> bool {
    let path = request.uri().path_and_query();
    path.is_some_and(|path| path.as_str().starts_with('/')) && *request.method() != Method::CONNECT
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// Polls `future` unless `poll_deadline` says that the time is over.
async fn until<T, D>(
    future: impl Future<Output = T>,
    mut poll_deadline: impl FnMut(&mut Context<'_>) -> Poll<D>,
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
