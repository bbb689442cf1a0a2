//! A name and its addresses, and how connecting to each of them went.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::address::interleave;

/// So many addresses of a name are used.
const ADDRESSES: usize = 32;
/// An address that is not asked first is tried after this time, beside the requests.
const PROBE_AFTER: Duration = Duration::from_secs(30);
/// What is said of one address is said no more often than this.
const SAY_AFTER: Duration = Duration::from_secs(10);

/// A host and port, shared by all upstreams there.
#[derive(Debug)]
pub(crate) struct ResolvedHost {
    host: Box<str>,
    port: u16,
    born: Instant,
    addresses: ArcSwap<Vec<Arc<Address>>>,
    /// Counts the changes after which a connection has to ask whether it is still wanted; 0 while no address is known.
    epoch: AtomicU64,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The first look-up has not ended.
    Pending,
    Known,
    /// The last look-up found nothing, for this reason; what was found before is still used.
    NotFound(Arc<str>),
}

/// One address of a name.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) at: SocketAddr,
    standing: AtomicU8,
    /// In milliseconds of the name's age, like the others: when it is to be probed,
    probe: AtomicU64,
    /// before when nothing more is to be said,
    silent_until: AtomicU64,
    /// and when a connection to it was last found dead, plus one; 0 for never.
    distrusted: AtomicU64,
}

/// How connecting to an address went the last time; the order is the order of trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Reach {
    Good,
    /// Another was faster, or it took longer than another is waited for.
    Slow,
    Dead,
}

impl ResolvedHost {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            born: Instant::now(),
            addresses: ArcSwap::default(),
            epoch: AtomicU64::new(0),
            state: watch::Sender::new(State::Pending),
        }
    }

    /// A name that is an address and needs no look-up.
    pub(crate) fn fixed(host: &str, address: SocketAddr) -> Self {
        let name = Self::new(host, address.port());
        name.learn(vec![address]);
        name
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether there is an address to dial.
    pub(crate) fn is_known(&self) -> bool {
        self.epoch.load(Relaxed) != 0
    }

    /// Changes whenever a connection should ask [`wants`](Self::wants) anew.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    /// Whether further requests may go to a connection to this address that was opened at that time.
    pub(crate) fn wants(&self, address: &Arc<Address>, opened: Instant) -> bool {
        address.distrusted.load(Relaxed) <= self.age(opened).saturating_add(1)
            && self.addresses.load().iter().any(|known| known.at == address.at)
    }

    /// Addresses in the order in which they are to be tried; waits, until `end`, while the first look-up is under way.
    /// Empty if there is none.
    pub(crate) async fn order(&self, end: Instant) -> Vec<Arc<Address>> {
        if !self.is_known() {
            let mut state = self.state.subscribe();
            let _ = timeout_at(end, state.wait_for(|state| *state != State::Pending)).await;
        }
        let mut order = Vec::clone(&self.addresses.load());
        order.sort_by_key(|address| address.standing());
        order
    }

    /// Why the last look-up found nothing, if so.
    pub(crate) fn trouble(&self) -> Option<String> {
        let why = match &*self.state.borrow() {
            State::NotFound(why) => why.to_string(),
            State::Pending | State::Known => return None,
        };
        let so = if self.is_known() { "its last addresses stay in use" } else { "nothing is sent there" };
        Some(format!("{} does not resolve ({why}): {so}", self.host))
    }

    /// How many addresses there are, and how many of them do not accept connections.
    pub(crate) fn count(&self) -> (usize, usize) {
        let addresses = self.addresses.load();
        let dead = addresses.iter().filter(|address| address.standing() == Reach::Dead).count();
        (addresses.len(), dead)
    }

    /// Takes the outcome of a look-up; says whether the name was found.
    pub(crate) fn answered(&self, found: std::io::Result<Vec<SocketAddr>>) -> bool {
        match found {
            Ok(found) if !found.is_empty() => self.learn(found),
            Ok(_) => return self.not_found("it has no address"),
            Err(why) => return self.not_found(&why.to_string()),
        }
        let before = self.state.send_replace(State::Known);
        if let State::NotFound(_) = before {
            tracing::info!(host = &*self.host, "the name of a provider resolves again");
        }
        true
    }

    /// The name has no address right now; those known before stay in use. Always false.
    pub(crate) fn not_found(&self, why: &str) -> bool {
        let before = self.state.send_replace(State::NotFound(why.into()));
        if !matches!(before, State::NotFound(_)) {
            tracing::warn!(
                host = &*self.host,
                known = self.is_known(),
                "the name of a provider does not resolve: {why}"
            );
        }
        false
    }

    fn learn(&self, found: Vec<SocketAddr>) {
        let known = self.addresses.load_full();
        let mut found = interleave(found);
        found.truncate(ADDRESSES);
        if known.iter().map(|address| address.at).eq(found.iter().copied()) {
            return;
        }
        let is_new = |at: &SocketAddr| !known.iter().any(|address| address.at == *at);
        let changed = known.len() != found.len() || found.iter().any(is_new);
        if changed && !known.is_empty() {
            tracing::info!(host = &*self.host, addresses = ?found, "the name of a provider has other addresses now");
        }
        let keep = |at: SocketAddr| {
            known.iter().find(|address| address.at == at).map_or_else(|| Arc::new(Address::new(at)), Arc::clone)
        };
        self.addresses.store(Arc::new(found.into_iter().map(keep).collect()));
        if changed {
            self.epoch.fetch_add(1, Relaxed);
        }
    }

    /// Notes how connecting to an address went, and says so if it is news.
    pub(crate) fn note(&self, address: &Address, standing: Reach, why: &str) {
        let now = self.age(Instant::now());
        if standing != Reach::Good {
            address.probe.store(now.saturating_add(millis(PROBE_AFTER)), Relaxed);
        }
        let before = address.standing.swap(standing as u8, Relaxed);
        let (was_dead, is_dead) = (before == Reach::Dead as u8, standing == Reach::Dead);
        if was_dead == is_dead || address.silent_until.load(Relaxed) > now {
            return;
        }
        address.silent_until.store(now.saturating_add(millis(SAY_AFTER)), Relaxed);
        let at = address.at;
        match is_dead {
            true => {
                tracing::warn!(host = &*self.host, address = %at, "an address of a provider accepts no connection ({why}): others are tried before it")
            }
            false => {
                tracing::info!(host = &*self.host, address = %at, "an address of a provider accepts connections again")
            }
        }
    }

    /// Another address was faster than one that seemed good.
    pub(crate) fn overtaken(&self, address: &Address) {
        if address.standing() == Reach::Good {
            self.note(address, Reach::Slow, "");
        }
    }

    /// A connection to this address was found dead: those opened before now get no further request.
    pub(crate) fn distrust(&self, address: &Address) {
        address.distrusted.store(self.age(Instant::now()).saturating_add(1), Relaxed);
        self.epoch.fetch_add(1, Relaxed);
    }

    /// An address that is not tried first and has not been tried for a while. Each is given out once in that time.
    pub(crate) fn to_probe(&self) -> Option<Arc<Address>> {
        let now = self.age(Instant::now());
        let addresses = self.addresses.load();
        let due = |address: &&Arc<Address>| {
            let probe = address.probe.load(Relaxed);
            address.standing() != Reach::Good
                && probe <= now
                && address
                    .probe
                    .compare_exchange(probe, now.saturating_add(millis(PROBE_AFTER)), Relaxed, Relaxed)
                    .is_ok()
        };
        addresses.iter().find(due).cloned()
    }

    fn age(&self, at: Instant) -> u64 {
        millis(at.saturating_duration_since(self.born))
    }
}

impl Address {
    fn new(at: SocketAddr) -> Self {
        Self {
            at,
            standing: AtomicU8::new(Reach::Good as u8),
            probe: AtomicU64::new(0),
            silent_until: AtomicU64::new(0),
            distrusted: AtomicU64::new(0),
        }
    }

    fn standing(&self) -> Reach {
        match self.standing.load(Relaxed) {
            0 => Reach::Good,
            1 => Reach::Slow,
            _ => Reach::Dead,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
