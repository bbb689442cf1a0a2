//! The first half of a reload: the configuration is read and judged, and what it takes away is refused from then on. On a
//! thread of its own, so that nothing that the second half waits for comes before: no compiler, no plugin, no file of
//! theirs, no look-up, no TLS.

use super::caution::Caution;
use super::fixed::Fixed;
use super::live::Live;
use super::reload_order::ReloadOrder;
use super::status::{ProblemSource, Status, StatusProblem};
use super::warned::Warned;
use crate::control::latest::Latest;
use crate::control::watch::{FileChange, Watch};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::signal::unix::Signal;
use weir_config::{Config, Loaded, Overrides, Problem};

/// How many of the things that go are named in the log.
const NAMED: usize = 8;

/// Everything that reading the configuration needs.
pub(crate) struct ConfigReader {
    /// The configuration file, absolute.
    pub(crate) file: PathBuf,
    pub(crate) overrides: Overrides,
    pub(crate) watch: Watch,
    /// The watch of the plugin folder: what changes there is a reason to look at the configuration, too.
    pub(crate) plugins: Arc<Watch>,
    pub(crate) caution: Caution,
    pub(crate) fixed: Fixed,
    pub(crate) warned: Warned,
    pub(crate) live: Arc<Live>,
    pub(crate) status: Arc<Status>,
    /// Where the second half finds what to build.
    pub(crate) orders: Arc<Latest<ReloadOrder>>,
}

impl ConfigReader {
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
                _ = hangup.recv() => {
                    tracing::info!("SIGHUP: configuration, the files that it names and plugins are read anew");
                    (self.watch.look().await, BTreeSet::new(), true)
                }
            };
            let order = self.read(&change, plugins, asked);
            self.orders.tell(order);
        }
    }

    /// Reads the configuration, takes away what it takes away, and says what there is to build.
    fn read(&mut self, change: &FileChange, plugins: BTreeSet<PathBuf>, asked: bool) -> ReloadOrder {
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
            (Ok(loaded), Some(text)) => self.judge(loaded, text, asked),
            (Ok(_), None) => Err(Vec::new()),
            (Err(problems), _) => Err(problems.0.iter().map(trouble).collect()),
        };
        let kept = judged.as_ref().err().cloned().unwrap_or_default();
        let next = judged.ok();
        if let Some((config, _)) = &next {
            log_revoked(&self.live.revoke(config));
        }
        let touched = !change.changed.is_empty();
        // It is said at once, and counted when the reload is over.
        let kept = self.status.set(ProblemSource::Configuration, kept, asked || touched);
        ReloadOrder { next, touched, plugins, kept, asked, start }
    }

    /// Whether what was read may serve, with what a reload cannot change as it was at the start.
    fn judge(
        &mut self,
        loaded: Loaded,
        text: String,
        asked: bool,
    ) -> Result<(Arc<Config>, String), Vec<StatusProblem>> {
        let Loaded { mut config, warnings } = loaded;
        let (whole, serving) = self.live.whole();
        let judged = self.caution.judge((&text, &config), (&serving, &whole.config), asked);
        judged.map_err(|held| vec![StatusProblem { text: held, waits: true }])?;
        self.fixed.keep(&mut config, &whole.config);
        self.warned.say(&warnings);
        Ok((Arc::new(config), text))
    }
}

fn trouble(problem: &Problem) -> StatusProblem {
    StatusProblem { text: problem.to_string(), waits: problem.waits() }
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
