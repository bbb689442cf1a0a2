//! Noticing that files changed: the kernel tells us at once, and a cheap look each second catches what it missed.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

/// The look that catches what no event told.
const LOOK: Duration = Duration::from_secs(1);
/// Files count as written when they have not changed for this long.
const SETTLED: Duration = Duration::from_millis(60);
/// A file that never stops changing is looked at after this many waits all the same.
const PATIENCE: u32 = 15;

/// What tells one state of a file from another.
type Print = (u64, Option<SystemTime>, u64);
type Prints = BTreeMap<PathBuf, Print>;

/// Watches the configuration file and the plugin folder.
pub(crate) struct Watch {
    config: PathBuf,
    folder: PathBuf,
    seen: Prints,
    events: mpsc::Receiver<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Begins to watch. Where the kernel cannot tell, looking each second must do.
    pub(crate) fn new(config: &Path, folder: &Path) -> Self {
        let (sender, events) = mpsc::channel(1);
        let notice = move |event: notify::Result<notify::Event>| {
            // One notice that waits is enough; reading a file is no change.
            if event.is_ok_and(|e| !e.kind.is_access()) {
                let _ = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(notice).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::Recursive)?;
            if let Some(parent) = config.parent() {
                watcher.watch(parent, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let watcher =
            watcher.inspect_err(|why| tracing::warn!(%why, "changes are noticed by looking once a second only")).ok();
        let seen = prints(config, folder);
        Self { config: config.to_owned(), folder: folder.to_owned(), seen, events, _watcher: watcher }
    }

    /// Waits until something has changed and has stopped changing.
    pub(crate) async fn changed(&mut self) {
        loop {
            // A watcher that is gone leaves the look.
            let _ = tokio::time::timeout(LOOK, self.events.recv()).await;
            let mut now = prints(&self.config, &self.folder);
            if now == self.seen {
                continue;
            }
            for _ in 0..PATIENCE {
                tokio::time::sleep(SETTLED).await;
                let later = prints(&self.config, &self.folder);
                let settled = later == now;
                now = later;
                if settled {
                    break;
                }
            }
            self.seen = now;
            return;
        }
    }
}

/// Length, time of change and inode of every file that matters.
fn prints(config: &Path, folder: &Path) -> Prints {
    let mut prints = Prints::new();
    add(config, &mut prints);
    add_folder(folder, 0, &mut prints);
    prints
}

fn add(path: &Path, prints: &mut Prints) {
    use std::os::unix::fs::MetadataExt;
    if let Ok(meta) = fs::metadata(path) {
        prints.insert(path.to_owned(), (meta.len(), meta.modified().ok(), meta.ino()));
    }
}

/// `<folder>`, `<folder>/all` and `<folder>/tenants/<tenant>`: no deeper.
fn add_folder(folder: &Path, depth: u32, prints: &mut Prints) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let kind = path.extension().and_then(|e| e.to_str());
        if path.is_dir() && depth < 2 {
            add_folder(&path, depth + 1, prints);
        } else if matches!(kind, Some("wasm" | "toml" | "json" | "sig")) {
            add(&path, prints);
        }
    }
}
