//! Compiling plugins, where nothing else has to wait for it: in processes of their own with bounds of their own, a few at once,
//! and so that no tenant's plugins keep another's from their turn.

mod artefact;
mod bounds;
pub(crate) mod cache;
mod cancel;
mod inside;
mod process;
pub(crate) mod queue;
mod stats;

pub(crate) use artefact::NativeCode;
pub(crate) use bounds::check;
pub use inside::CompileTask;
pub use process::SUBCOMMAND;
pub use stats::CompileStats;

use crate::compile::queue::{Owner, Queue};
use crate::engine::{FILE_LIMIT, Sandbox};
use crate::error::LoadError;
use cancel::Cancel;
use process::SealedFile;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use weir_config::CompileLimits;
use weir_config::file::{self, FileSpot};

/// Who turns plugins into machine code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compiler {
    /// This process, with no bound of its memory and time: for plugins that one has made oneself, in tests above all.
    #[default]
    Here,
    /// A process for each plugin, of this very program.
    Process,
}

/// A plugin that is to be compiled.
#[derive(Debug, Clone)]
pub(crate) struct CompileJob {
    /// BLAKE3 of its file.
    pub(crate) hash: blake3::Hash,
    pub(crate) spot: FileSpot,
    pub(crate) owner: Owner,
    /// Within these bounds.
    pub(crate) limits: CompileLimits,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct CompileOutcome {
    /// Within these bounds, which may be others than somebody wants by now.
    pub(crate) limits: CompileLimits,
    pub(crate) made: Result<NativeCode, LoadError>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// How far a plugin is.
pub(crate) enum Progress {
    /// It waits, or is being compiled; `begun` if it does so from now on.
    Pending { begun: bool },
    /// It was compiled, or was not.
    Done(CompileOutcome),
}

/// Everything that is compiled.
#[derive(Debug)]
pub(crate) struct Compiles {
    shared: Arc<Shared>,
}

/// Tells when something has been compiled.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sandbox: Arc<Sandbox>,
    compiler: Compiler,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// How many are compiled at once.
    most: usize,
    waiting: Queue<CompileJob>,
    running: HashMap<u64, Running>,
    /// The number of the next one that runs: a file that is wanted again while the last run of it ends is another one.
    next: u64,
    done: HashMap<blake3::Hash, CompileOutcome>,
    /// What waits, by hash.
    known: HashSet<blake3::Hash>,
}

/// One that runs.
#[derive(Debug)]
struct Running {
    hash: blake3::Hash,
    owner: Owner,
    cancel: Arc<Cancel>,
}

impl Compiles {
    pub(crate) fn new(sandbox: &Arc<Sandbox>, compiler: Compiler) -> Self {
        let (state, changed) = (Mutex::default(), Notify::new());
        Self { shared: Arc::new(Shared { sandbox: Arc::clone(sandbox), compiler, state, changed }) }
    }

    /// Changes how many are compiled at once.
    pub(crate) fn set_processes(&self, most: usize) {
        self.shared.state().most = most.max(1);
    }

    /// Looks how far a plugin is, and has it compiled if nobody has asked for that yet. What is done is handed over, once.
    pub(crate) fn want(&self, job: CompileJob) -> Progress {
        let mut state = self.shared.state();
        if let Some(done) = state.done.remove(&job.hash) {
            return Progress::Done(done);
        }
        if state.is_pending(&job.hash) {
            return Progress::Pending { begun: false };
        }
        state.known.insert(job.hash);
        let owner = job.owner.clone();
        state.waiting.push(owner, job);
        self.shared.go_on(&mut state);
        Progress::Pending { begun: true }
    }

    /// Whether a file of this hash waits or is being compiled, so that there is nothing to be known of it yet.
    pub(crate) fn is_pending(&self, hash: &blake3::Hash) -> bool {
        self.shared.state().is_pending(hash)
    }

    /// Ends, and forgets, all that is not wanted any more: its file has changed, or went away.
    pub(crate) fn keep_only(&self, wanted: &HashSet<blake3::Hash>) {
        let mut state = self.shared.state();
        let State { waiting, running, done, known, .. } = &mut *state;
        waiting.retain(|job| wanted.contains(&job.hash));
        known.retain(|hash| wanted.contains(hash));
        done.retain(|hash, _| wanted.contains(hash));
        running.values().filter(|one| !wanted.contains(&one.hash)).for_each(|one| one.cancel.set());
        self.shared.go_on(&mut state);
    }

    /// Who wants to know when something has been compiled.
    pub(crate) fn compiled(&self) -> Compiled {
        Compiled { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Compiles {
    fn drop(&mut self) {
        self.keep_only(&HashSet::new());
    }
}

impl Compiled {
    /// Waits until something has been compiled and nobody has asked for it yet. Being dropped loses nothing.
    pub(crate) async fn next(&self) {
        while self.shared.state().done.is_empty() {
            self.shared.changed.notified().await;
        }
    }
}

impl State {
    fn is_pending(&self, hash: &blake3::Hash) -> bool {
        let runs = || self.running.values().any(|one| one.hash == *hash && !one.cancel.is_set());
        self.known.contains(hash) || runs()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what waits, as far as there is room for it.
    fn go_on(self: &Arc<Self>, state: &mut State) {
        let most = state.most;
        // One tenant has no more than half at once, so that another's need not wait for it.
        let of_one = (most / 2).max(1);
        while state.running.len() < most {
            let State { waiting, running, .. } = state;
            let has = |owner: &Owner| running.values().filter(|one| one.owner == *owner).count();
            let may = |owner: &Owner| owner.is_none() || has(owner) < of_one;
            let Some((owner, job)) = waiting.pop(may) else { break };
            state.known.remove(&job.hash);
            let (hash, number, cancel) = (job.hash, state.next, Arc::new(Cancel::default()));
            let bounds = job.limits.clone();
            state.next += 1;
            state.running.insert(number, Running { hash, owner, cancel: Arc::clone(&cancel) });
            let shared = Arc::clone(self);
            let thread = std::thread::Builder::new().name("weir-compile".to_owned());
            if let Err(why) = thread.spawn(move || shared.work(number, job, &cancel)) {
                state.running.remove(&number);
                let error = LoadError::Compiler(format!("no thread for it: {why}"));
                state.done.insert(hash, CompileOutcome { limits: bounds, made: Err(error), took: Duration::ZERO });
                self.changed.notify_one();
            }
        }
        if state.running.is_empty() && state.waiting.len() == 0 {
            state.waiting.rest();
        }
        self.sandbox.compiles().set_under_way(state.running.len(), state.waiting.len());
    }

    /// Compiles one plugin, on a thread that lives as long as the process that does it.
    fn work(self: &Arc<Self>, number: u64, job: CompileJob, cancel: &Cancel) {
        let begun = Instant::now();
        let made = self.make(&job, cancel);
        let took = begun.elapsed();
        let mut state = self.state();
        if let Some(Running { owner, .. }) = state.running.remove(&number) {
            state.waiting.charge(&owner, took);
        }
        let error = (!cancel.is_set()).then(|| made.as_ref().err());
        self.sandbox.compiles().count(error, took);
        if error.is_some() {
            state.done.insert(job.hash, CompileOutcome { limits: job.limits, made, took });
        }
        self.go_on(&mut state);
        drop(state);
        self.changed.notify_one();
    }

    /// Its file is read anew: for as long as a plugin waits its bytes are not kept.
    fn make(&self, job: &CompileJob, cancel: &Cancel) -> Result<NativeCode, LoadError> {
        let path = || job.spot.path().to_owned();
        let still = |hash| if hash == job.hash { Ok(()) } else { Err(LoadError::Moving { path: path() }) };
        match self.compiler {
            Compiler::Here => {
                let wasm = file::read(job.spot.clone(), FILE_LIMIT).map_err(|why| LoadError::unread(path(), &why))?;
                still(blake3::hash(&wasm))?;
                NativeCode::compile(self.sandbox.engine(), &wasm)
            }
            Compiler::Process => {
                let (wasm, hash) = SealedFile::copy(&job.spot)?;
                still(hash)?;
                process::compile(&wasm, &job.limits, self.sandbox.settings_hash(), cancel)
            }
        }
    }
}
