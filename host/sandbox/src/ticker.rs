//! Advances the engine's epoch each millisecond while guests run, and sleeps while none does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use wasmtime::Engine;

/// The unit of a guest's CPU deadline: after each such slice a guest that still runs yields to the worker's other tasks.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Ticks without a guest call after which the thread sleeps until the next call.
const QUIET_TICKS: u32 = 100;

/// What a worker and the ticker tell each other.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Calls into guests so far; written by one worker only.
    entries: AtomicU64,
    /// Guests that are inside a call now.
    inside: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    parked: AtomicBool,
    stop: AtomicBool,
    pulses: Mutex<Vec<Arc<Pulse>>>,
}

/// The ticking thread. Stops and joins it when dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            parked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            pulses: Mutex::new(Vec::new()),
        });
        let theirs = Arc::clone(&shared);
        let handle =
            std::thread::Builder::new().name("weir-ticker".to_owned()).spawn(move || tick(&engine, &theirs))?;
        Ok(Self { shared, thread: handle.thread().clone(), handle: Some(handle) })
    }

    /// A worker's end: one for each serving thread.
    pub(crate) fn pulse(&self) -> Heartbeat {
        let pulse = Arc::new(Pulse::default());
        self.shared.pulses.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&pulse));
        Heartbeat { pulse, shared: Arc::clone(&self.shared), thread: self.thread.clone() }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

/// A worker's way to say that a guest is about to run.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    pulse: Arc<Pulse>,
    shared: Arc<Shared>,
    thread: Thread,
}

impl Heartbeat {
    /// Marks a guest as running until the answer is dropped, and wakes the ticker if it sleeps.
    pub(crate) fn enter(&self) -> Inside<'_> {
        // Only this worker writes `entries`, so no read-modify-write is needed.
        self.pulse.entries.store(self.pulse.entries.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let inside = self.pulse.inside.load(Ordering::Relaxed).wrapping_add(1);
        // Sequentially consistent with the ticker's `parked`: one of the two sees the other.
        self.pulse.inside.swap(inside, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Inside { pulse: &self.pulse }
    }
}

/// A guest is running; dropped when its call ends.
pub(crate) struct Inside<'a> {
    pulse: &'a Pulse,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.pulse.inside.store(self.pulse.inside.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Relaxed);
    }
}

fn activity(shared: &Shared) -> (u64, bool) {
    let pulses = shared.pulses.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = pulses.iter().map(|p| p.entries.load(Ordering::Relaxed)).fold(0, u64::wrapping_add);
    (entries, pulses.iter().any(|p| p.inside.load(Ordering::SeqCst) != 0))
}

fn tick(engine: &Engine, shared: &Shared) {
    let mut seen = 0;
    let mut quiet = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        std::thread::sleep(TICK);
        engine.increment_epoch();
        let (entries, inside) = activity(shared);
        quiet = if inside || entries != seen { 0 } else { quiet + 1 };
        seen = entries;
        if quiet < QUIET_TICKS {
            continue;
        }
        shared.parked.store(true, Ordering::SeqCst);
        if !activity(shared).1 && !shared.stop.load(Ordering::SeqCst) {
            std::thread::park();
        }
        shared.parked.store(false, Ordering::SeqCst);
        quiet = 0;
    }
}
