//! Whether anybody is at the other end of an HTTP/2 connection. TCP tells where nothing is acknowledged; a PING
//! (RFC 9113 section 6.7) tells as well where a proxy on the way goes on acknowledging for somebody who is gone.
//!
//! A PING goes out where requests are open and nothing was heard for a while; and once for each request that nothing is
//! heard behind: ahead of it, on a connection that was silent for longer than a moment, or after such a moment. A connection
//! without requests is left alone: providers take PINGs on it for an abuse (gRPC's servers above all), and the kernel's
//! probes find out what wakes nobody.

use std::cell::Cell;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Ping, PingPong, Reason};
use tokio::time::Instant;
use weir_config::ProviderConfig;
use weir_net::LazyTimer;

use super::transport::{Http2Transport, Probe};
use crate::conn_limits::STALE_WITHIN;

/// So many bytes of requests that nobody has answered yet may lie ahead of a PING, in buffers on the way, for each second that
/// its answer may take longer.
const TAKEN_A_SECOND: u64 = 256 << 10;

/// A connection as its driver has it.
pub(super) type Driven = h2::client::Connection<Http2Transport, Bytes>;

/// When an upstream's connections are pinged.
#[derive(Debug)]
pub(crate) struct Pings {
    provider: Box<str>,
    /// After so much silence while requests are open; zero for never.
    interval: Duration,
    /// Once for a request, ahead of it or behind it, after so much silence; zero for never.
    idle: Duration,
    /// So long anything at all may take to come after one.
    timeout: Duration,
    /// The upstream has asked for calm.
    unwanted: AtomicBool,
}

impl Pings {
    pub(crate) fn of(provider: &ProviderConfig) -> Arc<Self> {
        let pings = provider.http2_pings;
        Arc::new(Self {
            provider: provider.name.as_str().into(),
            interval: pings.interval,
            idle: pings.idle,
            timeout: pings.timeout.min(provider.first_byte(true) / 2),
            unwanted: AtomicBool::new(false),
        })
    }

    fn are_sent_after(&self, silence: Duration) -> bool {
        !silence.is_zero() && !self.unwanted.load(Relaxed)
    }

    /// The upstream has ended a connection with `ENHANCE_YOUR_CALM` on which it was pinged.
    fn asked_for_calm(&self) {
        if !self.unwanted.swap(true, Relaxed) {
            let provider = &*self.provider;
            tracing::warn!(provider, "a provider wants fewer HTTP/2 PINGs (ENHANCE_YOUR_CALM): it gets none any more");
        }
    }
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// It was closed, or its driver was taken away.
    Closed,
    /// Nobody answered a PING.
    Silent,
}

/// What a silence comes to.
enum Silence {
    Ping,
    /// Nobody is there.
    Over,
}

/// What a connection's driver and the requests on it tell each other.
pub(super) struct Pulse {
    pings: Arc<Pings>,
    pub(super) probe: Probe,
    /// How many requests are open.
    open: Cell<u32>,
    /// A PING is to go out before anything else does.
    ahead: Cell<bool>,
    /// When the first request was sent behind which nothing was heard, nor asked.
    unproven: Cell<Option<Instant>>,
    /// Bytes of the bodies of requests that are not answered yet.
    uploads: Cell<u64>,
    /// Since when a PING has been out without a sign of life,
    asked: Cell<Option<Instant>>,
    /// when it was seen since that the upstream takes what was written,
    taking: Cell<Option<Instant>>,
    /// and what it had not taken then.
    untaken: Cell<Option<u64>>,
    /// Whether there was a PING.
    pinged: Cell<bool>,
    ended: Cell<Option<CloseReason>>,
}

impl Pulse {
    pub(super) fn new(pings: Arc<Pings>, probe: Probe) -> Self {
        Self {
            pings,
            probe,
            open: Cell::new(0),
            ahead: Cell::new(false),
            unproven: Cell::new(None),
            uploads: Cell::new(0),
            asked: Cell::new(None),
            taking: Cell::new(None),
            untaken: Cell::new(None),
            pinged: Cell::new(false),
            ended: Cell::new(None),
        }
    }

    pub(super) fn ended(&self) -> Option<CloseReason> {
        self.ended.get()
    }

    fn end(&self, how: CloseReason) {
        if self.ended.get().is_none() {
            self.ended.set(Some(how));
        }
    }

    /// Counts a request with a body of so many bytes.
    pub(super) fn open(self: &Rc<Self>, body: usize) -> OpenRequest {
        let upload = body as u64;
        self.open.set(self.open.get().saturating_add(1));
        self.uploads.set(self.uploads.get().saturating_add(upload));
        OpenRequest { pulse: Rc::clone(self), upload }
    }

    /// A request is about to be put on the connection.
    pub(super) fn before_request(&self, now: Instant) {
        self.hear();
        if self.asked.get().is_some() || !self.pings.are_sent_after(self.pings.idle) {
            return;
        }
        if now.saturating_duration_since(self.probe.heard_at()) >= self.pings.idle {
            self.ahead.set(true);
        } else if self.unproven.get().is_none() {
            self.unproven.set(Some(now));
        }
    }

    /// Whether a PING is out that nobody has answered, and was sent before `then` or so soon after it that who did not see
    /// the one has not seen the other: the same time as for a connection that turns out to be closed.
    pub(super) fn is_unanswered_since(&self, then: Instant) -> bool {
        let asked = self.asked.get().filter(|_| !self.probe.has_heard());
        asked.is_some_and(|asked| asked.saturating_duration_since(then) <= STALE_WITHIN)
    }

    /// Whether a PING is out for so long that further requests had better go elsewhere.
    pub(super) fn is_suspect(&self) -> bool {
        let asked = self.asked.get().filter(|_| !self.probe.has_heard());
        asked.is_some_and(|asked| asked.elapsed() >= self.pings.timeout / 2)
    }

    /// Whatever came since a PING or a request is a sign of life.
    fn hear(&self) {
        if self.asked.get().is_some() && self.probe.has_heard() {
            self.asked.set(None);
        }
        if self.unproven.get().is_some_and(|sent| self.probe.heard_at() > sent) {
            self.unproven.set(None);
        }
    }

    /// When the next PING is due, as long as nothing is heard.
    fn due(&self) -> Option<Instant> {
        if self.open.get() == 0 {
            self.unproven.set(None);
            return None;
        }
        let after = |since: Instant, silence| self.pings.are_sent_after(silence).then(|| since.checked_add(silence))?;
        let soon = self.unproven.get().and_then(|sent| after(sent, self.pings.idle));
        let then = after(self.probe.heard_at(), self.pings.interval);
        [soon, then].into_iter().flatten().min()
    }

    /// Sends a PING.
    fn ping(&self, ping: &mut Option<PingPong>, cx: &mut Context<'_>) {
        if let Some(ping) = ping {
            // h2 keeps one at a time. One that was never answered, although other things came, stays for this one.
            let _ = ping.poll_pong(cx);
            let _ = ping.send_ping(Ping::opaque());
        }
        self.unproven.set(None);
        self.pinged.set(true);
        self.probe.listen();
        self.asked.set(Some(Instant::now()));
        self.taking.set(None);
        self.untaken.set(None);
    }

    /// When an answer to the PING that was sent then has to be there, or anything else. What lies ahead of it is taken first.
    fn overdue(&self, asked: Instant) -> Option<Instant> {
        let ahead = Duration::from_millis(self.uploads.get().saturating_mul(1000) / TAKEN_A_SECOND);
        self.taking.get().unwrap_or(asked).checked_add(self.pings.timeout.saturating_add(ahead))
    }

    /// Whether the upstream goes on taking what was written, slowly: the PING is not there yet. Where it takes nothing more,
    /// TCP says so as well.
    fn takes(&self) -> bool {
        let now = self.probe.untaken();
        let before = self.untaken.replace(now).unwrap_or(u64::MAX);
        // The first look has nothing to compare with: less than what is taken in a moment is what dead ends look like.
        let takes = now.is_some_and(|now| now < before && (before < u64::MAX || now > TAKEN_A_SECOND));
        if takes {
            self.taking.set(Some(Instant::now()));
        }
        takes
    }

    /// Waits for what silence brings, after everything that has come was read.
    fn poll(&self, timer: &mut LazyTimer, cx: &mut Context<'_>) -> Poll<Silence> {
        self.hear();
        let (due, what) = match self.asked.get() {
            Some(asked) => (self.overdue(asked), Silence::Over),
            None => (self.due(), Silence::Ping),
        };
        let Some(due) = due else { return Poll::Pending };
        timer.poll_until(due, cx).map(|()| what)
    }
}

/// A request that is open: while there is one, silence is looked into.
pub(super) struct OpenRequest {
    pulse: Rc<Pulse>,
    /// Bytes of its body, until it is answered.
    upload: u64,
}

impl OpenRequest {
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The same request from its answer on.
    pub(super) fn answered(&self) -> Self {
        self.pulse.open(0)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.pulse.open.set(self.pulse.open.get().saturating_sub(1));
        self.pulse.uploads.set(self.pulse.uploads.get().saturating_sub(self.upload));
    }
}

/// Does a connection's work until it is over.
pub(super) async fn drive(driven: Driven, mut ping: Option<PingPong>, pulse: Rc<Pulse>) {
    struct Over(Rc<Pulse>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.end(CloseReason::Closed);
        }
    }
    let over = Over(pulse);
    let pulse = &over.0;
    let mut timer = LazyTimer::default();
    let mut driven = pin!(driven);
    let ended = poll_fn(|cx| {
        if pulse.ahead.take() && pulse.asked.get().is_none() {
            pulse.ping(&mut ping, cx);
        }
        loop {
            if let Poll::Ready(ended) = driven.as_mut().poll(cx) {
                return Poll::Ready(Some(ended));
            }
            match ready!(pulse.poll(&mut timer, cx)) {
                Silence::Ping => pulse.ping(&mut ping, cx),
                Silence::Over if pulse.takes() => {}
                Silence::Over => return Poll::Ready(None),
            }
        }
    });
    match ended.await {
        None => pulse.end(CloseReason::Silent),
        Some(Err(error)) if error.reason() == Some(Reason::ENHANCE_YOUR_CALM) && error.is_remote() => {
            if pulse.pinged.get() {
                pulse.pings.asked_for_calm();
            }
        }
        Some(_) => {}
    }
}
