//! Where a connection leads, and until when it is wanted.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::name::{Address, ResolvedHost};

/// The way that a connection takes.
pub(crate) struct Path {
    name: Arc<ResolvedHost>,
    address: Arc<Address>,
    opened: Instant,
    /// When it gets no further request, however well it does.
    expires: Instant,
    /// The name's epoch in which it was last found wanted.
    epoch: Cell<u64>,
}

impl Path {
    /// The path of a connection that was opened now. It is used for `most`, or up to a quarter less: connections that
    /// were opened together need not be replaced together.
    pub(crate) fn new(name: Arc<ResolvedHost>, address: Arc<Address>, most: Duration) -> Self {
        let opened = Instant::now();
        let share = u32::from((RandomState::new().hash_one(0_u8) >> 56) as u8);
        let age = most.saturating_sub(most / 4 * share / 255);
        let expires = opened.checked_add(age).unwrap_or(opened);
        // Epoch 0 is never current, so that the first look at it is a thorough one.
        Self { name, address, opened, expires, epoch: Cell::new(0) }
    }

    /// Whether no further request is to take it: it is too old, its address is no longer one of the name's, or another
    /// connection there was found dead.
    pub(crate) fn is_outdated(&self, now: Instant) -> bool {
        if now >= self.expires {
            return true;
        }
        let epoch = self.name.epoch();
        if epoch == self.epoch.get() {
            return false;
        }
        let wanted = self.name.wants(&self.address, self.opened);
        if wanted {
            self.epoch.set(epoch);
        }
        !wanted
    }

    /// When the connection was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// It was found dead: what was sent was not acknowledged in time, or a PING was not answered.
    pub(crate) fn is_dead(&self) {
        self.name.distrust(&self.address);
    }
}
