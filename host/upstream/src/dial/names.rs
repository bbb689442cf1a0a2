//! Names of upstreams: looked up beside the requests, by threads of their own, and never on the way of a request.
//!
//! A resolver cannot be told to stop: it may take half a minute over a name that nobody answers for. So each look-up has
//! a thread, which nobody waits for; [`HostNames::keep`] decides when one begins and when it has taken too long, and what a
//! thread finds is in use as soon as it is found, however late.

use std::fmt;
use std::future::Future as _;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::name::ResolvedHost;

/// A name that was found is looked up again after this time,
const AGAIN: Duration = Duration::from_secs(30);
/// and one that was not after this time, which doubles up to [`AGAIN`].
const AGAIN_SOON: Duration = Duration::from_secs(1);
/// A look-up that takes longer counts as failed; what it finds later is taken all the same.
const DEADLINE: Duration = Duration::from_secs(5);
/// So many look-ups run at once.
const AT_ONCE: usize = 64;
/// So many of them may be of names that were not found the last time, so that these do not keep others from their turn.
const AT_ONCE_OF_FAILED: usize = AT_ONCE / 2;

/// How a name is looked up.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of a host, in the order in which they should be tried. Called on a thread of its own, which may
    /// block; no name is asked for again while a call for it runs.
    ///
    /// # Errors
    /// The resolver's reason. An empty answer counts as one.
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The resolver of the system (`getaddrinfo`), which knows `/etc/hosts` and `/etc/resolv.conf`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }
}

/// The names of all upstreams of a process. Upstreams at the same host and port share one name and its addresses, so
/// that an upstream made anew at a reload knows them at once. Clones are the same list.
#[derive(Debug, Clone)]
pub struct HostNames(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    resolver: Arc<dyn Resolver>,
    known: Mutex<Vec<Watched>>,
    news: Notify,
}

/// A name and its look-ups.
#[derive(Debug)]
struct Watched {
    name: Weak<ResolvedHost>,
    due: Instant,
    /// Look-ups that failed in a row.
    failures: u32,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    since: Instant,
    /// It was given up, but has not ended.
    late: bool,
    /// What it came to, once it has ended: whether the name was found.
    found: Arc<Mutex<Option<bool>>>,
}

impl Default for HostNames {
    fn default() -> Self {
        Self::new(Arc::new(SystemResolver))
    }
}

impl HostNames {
    /// No names yet, to be looked up by this resolver.
    #[must_use]
    pub fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self(Arc::new(Inner { resolver, known: Mutex::default(), news: Notify::new() }))
    }

    /// The name of a host and port; one that nobody has is due for its first look-up.
    pub(crate) fn name(&self, host: &str, port: u16) -> Arc<ResolvedHost> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |name: &Arc<ResolvedHost>| name.host() == host && name.port() == port;
        if let Some(name) = known.iter().filter_map(|watched| watched.name.upgrade()).find(same) {
            return name;
        }
        let name = Arc::new(ResolvedHost::new(host, port));
        let watched = Watched { name: Arc::downgrade(&name), due: Instant::now(), failures: 0, running: None };
        known.push(watched);
        drop(known);
        self.0.news.notify_one();
        name
    }

    /// Has every name looked up now, and does not wait for it.
    pub fn refresh(&self) {
        let now = Instant::now();
        for watched in self.0.known.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            watched.due = now;
        }
        self.0.news.notify_one();
    }

    /// Looks names up whenever they are due: at once when an upstream is made, every 30 s from then on, sooner after a
    /// failure, and when [`refresh`](Self::refresh) says so. Never ends; one task of the process has to run it.
    pub async fn keep(&self) {
        loop {
            let next = self.turn(Instant::now());
            let (mut news, mut time) = (pin!(self.0.news.notified()), pin!(sleep_until(next)));
            std::future::poll_fn(|cx| match news.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => time.as_mut().poll(cx),
            })
            .await;
        }
    }

    /// Takes note of look-ups that have ended or take too long, begins those that are due, and says when to come back.
    fn turn(&self, now: Instant) -> Instant {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|watched| watched.name.strong_count() > 0);
        known.iter_mut().for_each(|watched| watched.look(now));
        // Those that have failed before come last.
        known.sort_by_key(|watched| (watched.failures, watched.due));
        let mut running = known.iter().filter(|watched| watched.running.is_some()).count();
        for watched in known.iter_mut().filter(|watched| watched.running.is_none() && watched.due <= now) {
            let most = if watched.failures == 0 { AT_ONCE } else { AT_ONCE_OF_FAILED };
            if running >= most {
                break; // whoever ends makes room, and says so
            }
            running = running.saturating_add(usize::from(watched.begin(now, &self.0)));
        }
        let events = known.iter().filter_map(|watched| watched.next_event(now));
        events.min().unwrap_or_else(|| later(now, AGAIN))
    }
}

impl Watched {
    /// Takes note of what has become of a look-up that was begun.
    fn look(&mut self, now: Instant) {
        let Some(running) = &mut self.running else { return };
        let found = *running.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(true) => self.ended(now, true),
            // It counted as a failure when it was given up.
            Some(false) if running.late => self.running = None,
            Some(false) => self.ended(now, false),
            None if !running.late && now.saturating_duration_since(running.since) >= DEADLINE => {
                running.late = true;
                if let Some(name) = self.name.upgrade() {
                    name.not_found(&format!("no answer within {} s", DEADLINE.as_secs()));
                }
                self.failed(now);
            }
            None => {}
        }
    }

    fn ended(&mut self, now: Instant, found: bool) {
        // A refresh that came meanwhile wants a newer answer.
        let asked_again = self.running.take().is_some_and(|running| self.due > running.since && self.due <= now);
        match found {
            true => {
                self.failures = 0;
                self.due = if asked_again { now } else { later(now, AGAIN) };
            }
            false => self.failed(now),
        }
    }

    fn failed(&mut self, now: Instant) {
        let wait = AGAIN_SOON.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(AGAIN);
        self.failures = self.failures.saturating_add(1);
        self.due = later(now, wait);
    }

    /// Begins a look-up; false if no thread can be had for it, which counts as a failure.
    fn begin(&mut self, now: Instant, inner: &Arc<Inner>) -> bool {
        let Some(name) = self.name.upgrade() else { return false };
        let found = Arc::new(Mutex::new(None));
        let (told, all, asked) = (Arc::clone(&found), Arc::clone(inner), Arc::clone(&name));
        let look_up = move || {
            let known = asked.answered(all.resolver.look_up(asked.host(), asked.port()));
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
            all.news.notify_one();
        };
        match std::thread::Builder::new().name("weir-names".to_owned()).spawn(look_up) {
            Ok(_) => self.running = Some(Running { since: now, late: false, found }),
            Err(why) => {
                name.not_found(&why.to_string());
                self.failed(now);
            }
        }
        self.running.is_some()
    }

    /// When something is to be done about it that nobody else tells.
    fn next_event(&self, now: Instant) -> Option<Instant> {
        match &self.running {
            Some(running) => (!running.late).then(|| later(running.since, DEADLINE)),
            None => (self.due > now).then_some(self.due),
        }
    }
}

fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

#[cfg(test)]
mod tests;
