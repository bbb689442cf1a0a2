//! The kernel's word that something has changed in a folder: at once, where it can be had.

use super::order::WatchOrder;
use super::prints::Prints;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// The folders that the kernel watches, one by one: of what is deeper, or behind a link in one of them, it tells nothing.
pub(super) struct Kernel {
    watcher: RecommendedWatcher,
    following: Prints,
}

impl Kernel {
    /// Has the kernel tell of changes by an order; none where it cannot, and looking each second must do. `pending` says
    /// that one waits already.
    pub(super) fn start(orders: Sender<WatchOrder>, pending: &Arc<AtomicBool>) -> Option<Self> {
        let pending = Arc::clone(pending);
        let notice = move |event: notify::Result<notify::Event>| {
            // One notice that waits is enough; reading a file is no change.
            if event.is_ok_and(|e| !e.kind.is_access()) && !pending.swap(true, Ordering::AcqRel) {
                let _ = orders.send(WatchOrder::Event);
            }
        };
        let missed = |why: &notify::Error| tracing::warn!(%why, "changes are noticed by looking once a second only");
        let watcher = notify::recommended_watcher(notice).inspect_err(missed).ok()?;
        Some(Self { watcher, following: Prints::new() })
    }

    /// Follows these folders and no others. One that stands in the place of another is followed anew.
    pub(super) fn follow(&mut self, folders: Prints) {
        if folders == self.following {
            return;
        }
        let before = std::mem::take(&mut self.following);
        for (folder, stamp) in &before {
            if folders.get(folder) != Some(stamp) {
                // The kernel lets go of one that is gone by itself.
                let _ = self.watcher.unwatch(folder);
            }
        }
        for (folder, stamp) in folders {
            if before.get(&folder) != Some(&stamp)
                && let Err(why) = self.watcher.watch(&folder, RecursiveMode::NonRecursive)
            {
                tracing::debug!(folder = %folder.display(), %why, "changes are noticed by looking once a second");
                continue;
            }
            self.following.insert(folder, stamp);
        }
    }
}
