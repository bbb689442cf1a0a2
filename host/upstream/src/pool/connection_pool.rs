//! A worker's connections to all upstreams.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use weir_net::Timers;

use super::parts::HostPool;
use super::worker_route::WorkerRoute;
use crate::attempt::Attempt;
use crate::body::Body;
use crate::deadlines::Deadlines;
use crate::error::AttemptError;
use crate::http1::Common;
use crate::upstream::{Speak, Upstream};

/// One worker's connections to all upstreams. It stays on its thread: nothing in it is locked or shared.
///
/// Its futures must run on a tokio [`LocalRuntime`](tokio::runtime::LocalRuntime) (or in a `LocalSet`), where it
/// spawns one task for each HTTP/2 connection; on HTTP/1.1 the task that makes the request does all the work.
pub struct ConnectionPool {
    workers: usize,
    routes: RefCell<Vec<Rc<WorkerRoute>>>,
    timers: Rc<Timers>,
    common: Rc<Common>,
}

impl ConnectionPool {
    /// A pool for one of `workers` workers, which share every upstream's limits evenly (rounded up, at least one
    /// connection each).
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { workers: workers.max(1), routes: RefCell::default(), timers: Rc::default(), common: Rc::default() }
    }

    /// Makes one attempt: waits for a connection or opens one, sends the request, and waits for the response head.
    ///
    /// The request's target must be a path (see [`Upstream::uri`]); `Host` or `:authority` is set here, and so is
    /// `content-length`. Redirects are answers like any other. 1xx answers are swallowed. A pooled connection that
    /// turns out to be dead before the request was sent is replaced without the caller's notice.
    /// Dropping the future cancels the attempt and closes whatever was opened for it alone.
    ///
    /// What the attempt says of the upstream's health is the caller's to tell, with its
    /// [`Ticket`](crate::Ticket).
    ///
    /// # Errors
    /// [`AttemptError`]; ask it whether to retry.
    pub fn send(
        &self,
        up: &Arc<Upstream>,
        request: Request<Bytes>,
        deadlines: Deadlines,
    ) -> impl Future<Output = Result<Response<Body>, AttemptError>> {
        self.send_on(up, request, deadlines, (false, None))
    }

    /// The same on a connection that has not served before, as far as the protocol carries one request at a time: for
    /// a request that met a stale one ([`AttemptError::is_stale`]), since where one is stale, others may be.
    ///
    /// # Errors
    /// [`AttemptError`], as for [`send`](Self::send); it is not stale.
    pub fn send_fresh(
        &self,
        up: &Arc<Upstream>,
        request: Request<Bytes>,
        deadlines: Deadlines,
    ) -> impl Future<Output = Result<Response<Body>, AttemptError>> {
        self.send_on(up, request, deadlines, (true, None))
    }

    /// The same as either, and `begun` says while it lasts whether the request is on a connection: whoever drops the future
    /// while it is not has asked nobody.
    ///
    /// # Errors
    /// [`AttemptError`], as for [`send`](Self::send) or [`send_fresh`](Self::send_fresh).
    pub fn send_watched(
        &self,
        up: &Arc<Upstream>,
        request: Request<Bytes>,
        deadlines: Deadlines,
        fresh: bool,
        begun: &Cell<bool>,
    ) -> impl Future<Output = Result<Response<Body>, AttemptError>> {
        self.send_on(up, request, deadlines, (fresh, Some(begun)))
    }

    async fn send_on(
        &self,
        up: &Arc<Upstream>,
        mut request: Request<Bytes>,
        deadlines: Deadlines,
        (fresh, begun): (bool, Option<&Cell<bool>>),
    ) -> Result<Response<Body>, AttemptError> {
        let start = Instant::now();
        let route = self.route(up);
        route.lane.shard().requests.bump();
        // Boxed: it is rare, and its state would make every other request larger.
        if up.auth().is_of_each_request()
            && let Err(error) = Box::pin(up.authorise(&mut request)).await
        {
            route.lane.shard().error(error.slot());
            return Err(error);
        }
        let mut attempt = Attempt {
            up,
            lane: &route.lane,
            common: &self.common,
            timer: self.timers.lend(),
            now: start,
            first_byte: deadlines.first_byte,
            total_end: start.checked_add(deadlines.total),
            idempotent: request.method().is_idempotent(),
            fresh,
            begun,
        };
        let answered = { pin!(attempt.run(&mut request)).await };
        match answered {
            Ok((lease, response)) => {
                up.note_tls(None);
                let Attempt { timer, total_end, .. } = attempt;
                Ok(response.map(|body| Body::new(body, lease, timer, deadlines.idle, total_end, route)))
            }
            Err(error) => {
                up.note_tls(Some(&error));
                match error.is_stale() {
                    true => route.lane.shard().recovered.bump(),
                    false => route.lane.shard().error(error.slot()),
                }
                Err(error)
            }
        }
    }

    /// Closes connections that were idle for longer than `keep_alive_timeout` or that the upstream has closed, and
    /// everything of upstreams that are no more. To be called about once a second.
    pub fn close_idle(&self) {
        let mut kept = Vec::new();
        let mut gone = Vec::new();
        for route in self.routes.take() {
            if route.up.strong_count() > 0 { kept.push(route) } else { gone.push(route) }
        }
        let now = Instant::now();
        for route in &gone {
            route.lane.close();
        }
        for route in &kept {
            route.lane.sweep(now);
        }
        self.routes.replace(kept);
        self.timers.trim();
        self.common.trim();
    }

    fn route(&self, up: &Arc<Upstream>) -> Rc<WorkerRoute> {
        if let Some(route) = self.routes.borrow().iter().find(|route| route.id == up.id()) {
            return route.clone();
        }
        let settings = up.settings();
        let lane = HostPool::new(
            settings.max_connections.div_ceil(self.workers),
            settings.max_waiting.div_ceil(self.workers),
            settings.keep_alive_timeout,
            match up.speaks() {
                Speak::Http1 => Some(false),
                Speak::Http2 => Some(true),
                Speak::Either => None,
            },
            up.stats().shard(),
        );
        let route = Rc::new(WorkerRoute { id: up.id(), up: Arc::downgrade(up), lane });
        self.routes.borrow_mut().push(route.clone());
        route
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("workers", &self.workers).field("upstreams", &self.routes.borrow().len()).finish()
    }
}
