//! Trying plugins out, where nothing else has to wait for it: one that spins in its start uses all the time that a start has.
//! On threads of their own, a few at once, and so that no tenant's plugins keep another's from their turn.

use crate::bounds::cpu_timer::{CpuTimer, START, metered};
use crate::bounds::instances::place::InstancePlace;
use crate::bounds::log_and_kv::Quota;
use crate::compile::queue::{Owner, Queue};
use crate::engine::Sandbox;
use crate::error::{Fault, LoadError};
use crate::guest_state::TenantState;
use crate::instance::Instance;
use crate::kv::{StoreKey, Stores};
use crate::plugin::LoadedPlugin;
use crate::tenant::TenantId;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tracing::Dispatch;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// How many are tried out at once, and how many of them may be of one tenant's folder.
const AT_ONCE: usize = 2;
const OF_ONE: usize = 1;
/// How far a start stands back behind what serves (setpriority(2)): a third of its share, where both want all. Less far than what
/// compiles, for there are two at a time, and a thousand may wait.
const STANDS_BACK: i32 = 5;
/// How long a start that failed is not tried again, unless file or settings change: what it asked for may be another thing
/// later. One that ran out of time is never.
const AGAIN: Duration = Duration::from_secs(10);

/// Plugins that are tried out, or were.
#[derive(Debug)]
pub(super) struct Starts(Arc<Shared>);

/// Tells when something has been tried out.
#[derive(Debug, Clone)]
pub(super) struct Started(Arc<Shared>);

/// How far a plugin is.
#[derive(Debug)]
pub(super) enum StartProgress {
    /// It waits, or is being tried out; `begun` if it does so from now on.
    Pending { begun: bool },
    /// It was tried out.
    Done(Result<(), LoadError>),
}

#[derive(Debug)]
struct Shared {
    sandbox: Arc<Sandbox>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Queue<Job>,
    running: Vec<(u64, Owner)>,
    /// Those that wait, run or are through with it, by their numbers.
    tried: BTreeMap<u64, Tried>,
}

/// What is known of one.
#[derive(Debug)]
struct Tried {
    plugin: Arc<LoadedPlugin>,
    /// What came of it last, and when.
    outcome: Option<(Result<(), LoadError>, Instant)>,
    /// Nobody has asked since that came.
    is_news: bool,
    /// Told once nobody wants it any more; none while it neither waits nor runs.
    cancel: Option<Arc<Notify>>,
}

/// One that is to be tried out.
#[derive(Debug)]
struct Job {
    plugin: Arc<LoadedPlugin>,
    cancel: Arc<Notify>,
    /// Who hears what it logs meanwhile.
    dispatch: Dispatch,
}

impl Starts {
    pub(super) fn new(sandbox: &Arc<Sandbox>) -> Self {
        Self(Arc::new(Shared { sandbox: Arc::clone(sandbox), state: Mutex::default(), changed: Notify::new() }))
    }

    /// One of those that are known which is what is looked for.
    pub(super) fn find(&self, is_it: impl Fn(&Arc<LoadedPlugin>) -> bool) -> Option<Arc<LoadedPlugin>> {
        self.0.state().tried.values().map(|tried| &tried.plugin).find(|plugin| is_it(plugin)).cloned()
    }

    /// The numbers of those that are known.
    pub(super) fn numbers(&self) -> HashSet<u64> {
        self.0.state().tried.keys().copied().collect()
    }

    /// Looks how far a plugin is, and has it tried out if nobody has asked for that yet. What came of it is told whenever somebody
    /// asks; one that could not start may be tried anew meanwhile.
    pub(super) fn want(&self, plugin: &Arc<LoadedPlugin>, owner: Owner) -> StartProgress {
        let mut state = self.0.state();
        let Some(tried) = state.tried.get_mut(&plugin.id()) else {
            if state.is_slow(plugin) {
                let why = LoadError::Start(Fault::Deadline);
                let outcome = Some((Err(why.clone()), Instant::now()));
                let tried = Tried { plugin: Arc::clone(plugin), outcome, is_news: false, cancel: None };
                state.tried.insert(plugin.id(), tried);
                return StartProgress::Done(Err(why));
            }
            state.begin(plugin, owner, None);
            self.0.go_on(&mut state);
            return StartProgress::Pending { begun: true };
        };
        tried.is_news = false;
        match tried.outcome.clone() {
            None => StartProgress::Pending { begun: false },
            // A build that comes to nothing is followed by another one, which asks again.
            Some((Ok(()), _)) => StartProgress::Done(Ok(())),
            Some((Err(why), since)) => {
                if tried.cancel.is_none() && may_be_tried_again(&why, since) {
                    let outcome = tried.outcome.take();
                    state.begin(plugin, owner, outcome);
                    self.0.go_on(&mut state);
                }
                StartProgress::Done(Err(why))
            }
        }
    }

    /// Ends, and forgets, all that is not wanted any more: its file or its settings have changed, or went away.
    pub(super) fn keep_only(&self, wanted: &HashSet<u64>) {
        let mut state = self.0.state();
        let State { waiting, tried, .. } = &mut *state;
        waiting.retain(|job| wanted.contains(&job.plugin.id()));
        tried.retain(|number, tried| {
            let is_wanted = wanted.contains(number);
            tried.cancel.iter().filter(|_| !is_wanted).for_each(|cancel| cancel.notify_one());
            is_wanted
        });
        self.0.go_on(&mut state);
    }

    /// Who wants to know when something has been tried out.
    pub(super) fn started(&self) -> Started {
        Started(Arc::clone(&self.0))
    }
}

impl Drop for Starts {
    fn drop(&mut self) {
        self.keep_only(&HashSet::new());
    }
}

impl Started {
    /// Waits until something has been tried out and nobody has asked for it yet. Being dropped loses nothing.
    pub(super) async fn next(&self) {
        while !self.0.state().tried.values().any(|tried| tried.is_news) {
            self.0.changed.notified().await;
        }
    }
}

/// Whether a start that failed is worth another one: what there was no room for at once, what may have had another reason
/// after a while, and what used all its time never.
fn may_be_tried_again(why: &LoadError, since: Instant) -> bool {
    match why {
        LoadError::Start(Fault::Deadline) => false,
        LoadError::Start(fault) if !fault.is_guests() => true,
        _ => since.elapsed() >= AGAIN,
    }
}

impl State {
    /// Whether the same file with the same settings has used all its time elsewhere.
    fn is_slow(&self, plugin: &LoadedPlugin) -> bool {
        let is_same = |other: &LoadedPlugin| {
            other.code().hash == plugin.code().hash
                && other.may_be_direct() == plugin.may_be_direct()
                && other.settings() == plugin.settings()
        };
        let is_out_of_time = |tried: &&Tried| {
            matches!(tried.outcome, Some((Err(LoadError::Start(Fault::Deadline)), _))) && is_same(&tried.plugin)
        };
        self.tried.values().any(|tried| is_out_of_time(&tried))
    }

    /// Puts one among those that wait; what came of it before stays what is known of it until then.
    fn begin(&mut self, plugin: &Arc<LoadedPlugin>, owner: Owner, outcome: Option<(Result<(), LoadError>, Instant)>) {
        let (cancel, dispatch) = (Arc::new(Notify::new()), tracing::dispatcher::get_default(Clone::clone));
        let tried = Tried { plugin: Arc::clone(plugin), outcome, is_news: false, cancel: Some(Arc::clone(&cancel)) };
        self.tried.insert(plugin.id(), tried);
        self.waiting.push(owner, Job { plugin: Arc::clone(plugin), cancel, dispatch });
    }

    /// Takes in what came of one, if anybody still wants to know. Whether that is news.
    fn take_in(&mut self, number: u64, outcome: Result<(), LoadError>) -> bool {
        let Some(tried) = self.tried.get_mut(&number) else { return false };
        let words = |outcome: &Result<(), LoadError>| outcome.as_ref().err().map(ToString::to_string);
        let before = tried.outcome.as_ref().map(|(outcome, _)| words(outcome));
        tried.is_news = before != Some(words(&outcome));
        tried.outcome = Some((outcome, Instant::now()));
        tried.cancel = None;
        tried.is_news
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what waits, as far as there is room for it.
    fn go_on(self: &Arc<Self>, state: &mut State) {
        while state.running.len() < AT_ONCE {
            let State { waiting, running, .. } = state;
            let has = |owner: &Owner| running.iter().filter(|(_, one)| one == owner).count();
            let Some((owner, job)) = waiting.pop(|owner| owner.is_none() || has(owner) < OF_ONE) else { break };
            let number = job.plugin.id();
            running.push((number, owner));
            let shared = Arc::clone(self);
            let thread = std::thread::Builder::new().name("weir-start".to_owned());
            if let Err(why) = thread.spawn(move || shared.work(&job)) {
                running.retain(|(one, _)| *one != number);
                state.take_in(number, Err(no_thread(&why)));
                self.changed.notify_one();
            }
        }
        if state.running.is_empty() && state.waiting.len() == 0 {
            state.waiting.rest();
        }
    }

    /// Tries one out, on a thread that lives for it.
    fn work(self: &Arc<Self>, job: &Job) {
        if let Err(error) = rustix::process::nice(STANDS_BACK) {
            tracing::debug!(why = %error, "a start runs beside what serves, and not behind it");
        }
        let (begun, number) = (Instant::now(), job.plugin.id());
        let outcome = if self.state().is_slow(&job.plugin) {
            Some(Err(LoadError::Start(Fault::Deadline)))
        } else {
            tracing::dispatcher::with_default(&job.dispatch, || self.run(job))
        };
        let mut state = self.state();
        if let Some(at) = state.running.iter().position(|(one, _)| *one == number) {
            let (_, owner) = state.running.swap_remove(at);
            state.waiting.charge(&owner, begun.elapsed());
        }
        let is_news = outcome.is_some_and(|outcome| state.take_in(number, outcome));
        self.go_on(&mut state);
        drop(state);
        if is_news {
            self.changed.notify_one();
        }
    }

    /// What comes of it; none if nobody wants to know any more.
    fn run(&self, job: &Job) -> Option<Result<(), LoadError>> {
        let runtime = match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime,
            Err(why) => return Some(Err(no_thread(&why))),
        };
        let outcome = runtime.block_on(async {
            tokio::select! {
                biased;
                () = job.cancel.notified() => None,
                outcome = try_out(&self.sandbox, &job.plugin) => Some(outcome),
            }
        });
        if let Some(Err(LoadError::Start(Fault::Deadline))) = &outcome {
            let plugin = &**job.plugin.name();
            tracing::debug!(plugin, limit = ?START, "is not tried again until its file or its settings change");
        }
        outcome
    }
}

fn no_thread(why: &std::io::Error) -> LoadError {
    LoadError::Start(Fault::Start(format!("no thread for it: {why}")))
}

/// Starts one instance as a request would, so that a version that cannot start never serves.
async fn try_out(sandbox: &Sandbox, plugin: &Arc<LoadedPlugin>) -> Result<(), LoadError> {
    let nobody: Arc<str> = "".into();
    let counters = sandbox.meter().unlisted();
    let key = StoreKey {
        plugin: Arc::clone(plugin.name()),
        tenant: TenantId::EVERY,
        entries: 16,
        longest: Duration::from_secs(1),
    };
    let account = sandbox.shares().account(TenantId::EVERY);
    let quota = (Quota::default(), plugin.settings().limits.log_rate);
    let stores = (&Arc::new(Stores::default()), key);
    let tenant_state = Arc::new(TenantState::new(&nobody, (counters, account), stores, quota));
    // As a component even if it will be called directly: that is how its types are checked.
    for direct in std::iter::once(None).chain(plugin.direct().map(Some)) {
        // In no tenant's place: a version that goes into service must not wait for those that serve.
        let place = InstancePlace::of_a_trial();
        let start = std::pin::pin!(Instance::start_as(plugin, Arc::clone(&tenant_state), place, direct));
        match metered(start, START, (&Rc::default(), TenantId::EVERY), &mut CpuTimer::default()).await.flatten() {
            Ok(instance) => plugin.needed(instance.store.data().limiter.has()),
            Err(Fault::Start(why)) => {
                let hint = plugin.settings().config.as_object().and_then(|all| weir_config::settings_hint(&why, all));
                return Err(LoadError::Settings(why + &hint.map(|hint| format!("; {hint}")).unwrap_or_default()));
            }
            Err(fault) => return Err(LoadError::Start(fault)),
        }
    }
    Ok(())
}
