//! The first half of a reload: the configuration is read and judged, and what it takes away is refused from then on. On a
//! thread of its own, so that nothing that the second half waits for comes before: no compiler, no plugin, no file of
//! theirs, no look-up, no TLS.

use super::caution::Caution;
use super::live::Live;
use super::order::Order;
use super::status::{Part, Status};
use crate::latest::Latest;
use crate::snapshot::Snapshot;
use crate::watch::{Change, Watch};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::signal::unix::Signal;
use weir_config::{Config, Overrides};

/// How many of the things that go are named in the log.
const NAMED: usize = 8;

/// Everything that reading the configuration needs.
pub(crate) struct Reader {
    /// The configuration file, absolute.
    pub(crate) file: PathBuf,
    pub(crate) overrides: Overrides,
    pub(crate) watch: Watch,
    /// The watch of the plugin folder: what changes there is a reason to look at the configuration, too.
    pub(crate) plugins: Arc<Watch>,
    pub(crate) caution: Caution,
    pub(crate) live: Arc<Live>,
    pub(crate) status: Arc<Status>,
    /// Where the second half finds what to build.
    pub(crate) orders: Arc<Latest<Order>>,
}

impl Reader {
    /// Reads whenever files change or a signal asks for it, on a thread of its own, for ever.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(crate) fn start(self, hangup: Signal) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("weir-config".to_owned()).spawn(move || runtime.block_on(self.run(hangup)))?;
        Ok(())
    }

    async fn run(mut self, mut hangup: Signal) {
        loop {
            let (change, plugins, asked) = tokio::select! {
                change = self.watch.changed() => (change, BTreeSet::new(), false),
                change = self.plugins.changed() => (self.watch.look().await, change.changed, false),
                _ = hangup.recv() => (self.watch.look().await, BTreeSet::new(), true),
            };
            let order = self.read(&change, plugins, asked);
            self.orders.tell(order);
        }
    }

    /// Reads the configuration, takes away what it takes away, and says what there is to build.
    fn read(&mut self, change: &Change, plugins: BTreeSet<PathBuf>, asked: bool) -> Order {
        let start = Instant::now();
        let reading = weir_config::read(&self.file, &self.overrides, &change.looked);
        // What the file names now is watched, whether the file is good or only waits for what it names.
        match &reading.loaded {
            Ok(loaded) => self.watch.name(&loaded.config.files),
            // Where nobody came as far as to read names, those of before are watched on.
            Err(problems) if problems.files().is_empty() => {}
            Err(problems) => self.watch.name(problems.files()),
        }
        let judged = match (reading.loaded, reading.text) {
            (Ok(loaded), Some(text)) => self.judge(loaded.config, text, asked),
            (Ok(_), None) => Err(Vec::new()),
            (Err(problems), _) => Err(problems.0.iter().map(ToString::to_string).collect()),
        };
        let refused = judged.as_ref().err().cloned().unwrap_or_default();
        let next = judged.ok();
        if let Some((config, _)) = &next {
            log_revoked(&self.live.revoke(config));
        }
        let touched = !change.changed.is_empty();
        let tried_again = !refused.is_empty() && (asked || touched);
        // It is said at once, and counted when the reload is over.
        let refused = u64::from(self.status.set(Part::Configuration, refused) || tried_again);
        Order { next, touched, plugins, refused, asked, start }
    }

    /// Whether what was read may serve, with what a reload cannot change as it was at the start.
    fn judge(&mut self, mut config: Config, text: String, asked: bool) -> Result<(Arc<Config>, String), Vec<String>> {
        let (whole, serving) = self.live.whole();
        self.caution.judge((&text, &config), (&serving, &whole.config), asked).map_err(|held| vec![held])?;
        keep_what_is_fixed(&mut config, &whole);
        Ok((Arc::new(config), text))
    }
}

/// These are open since the start: another folder is not watched, another cache not checked.
fn keep_what_is_fixed(config: &mut Config, whole: &Snapshot) {
    let serving = &whole.config;
    warn_of_restart(serving, config);
    config.plugins.folder.clone_from(&serving.plugins.folder);
    config.plugins.folder_is_named = serving.plugins.folder_is_named;
    config.plugins.cache.clone_from(&serving.plugins.cache);
}

fn warn_of_restart(old: &Config, new: &Config) {
    let fixed = [
        ("server.listen", old.server.listen != new.server.listen),
        ("server.admin", old.server.admin != new.server.admin),
        ("server.workers", old.server.workers != new.server.workers),
        ("plugins.folder", old.plugins.folder != new.plugins.folder),
        ("plugins.cache", old.plugins.cache != new.plugins.cache),
        ("plugins.reload", old.plugins.reload != new.plugins.reload),
        ("log", old.log != new.log),
    ];
    for (key, _) in fixed.iter().filter(|(_, changed)| *changed) {
        tracing::warn!("configuration: {key} takes effect at the next start");
    }
}

fn log_revoked(lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let named = lines.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    let rest = lines.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    tracing::info!("configuration: at once, before the rest of it: {named}{more}");
}
