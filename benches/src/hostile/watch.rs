//! What readiness says while attackers are there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use weir_pack::hostile_folders::RENAMED;

use crate::control;

/// Between two looks: shorter than anything lies there.
const LOOK: Duration = Duration::from_millis(400);
/// Different lines that are kept.
const MOST: usize = 10_000;

/// Every line that was seen.
#[derive(Debug, Default)]
pub(super) struct ReadinessLog {
    pub(super) lines: BTreeSet<String>,
    /// Looks that nobody answered in time.
    pub(super) unanswered: u64,
}

impl ReadinessLog {
    pub(super) fn add(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.unanswered += other.unanswered;
    }

    /// The first line that says `what` of something whose name has `of` in it.
    pub(super) fn find(&self, of: &str, what: &str) -> Option<&str> {
        self.lines.iter().map(String::as_str).find(|line| line.contains(of) && line.contains(what))
    }
}

/// Looks until it is over.
pub(super) fn watch(admin: &str, over: &Arc<AtomicBool>) -> JoinHandle<ReadinessLog> {
    let (admin, over) = (admin.to_owned(), Arc::clone(over));
    thread::spawn(move || {
        let mut seen = ReadinessLog::default();
        while !over.load(Ordering::Relaxed) {
            see(&admin, &mut seen);
            thread::sleep(LOOK);
        }
        seen
    })
}

/// Looks once.
pub(super) fn look(admin: &str) -> ReadinessLog {
    let mut seen = ReadinessLog::default();
    see(admin, &mut seen);
    seen
}

fn see(admin: &str, seen: &mut ReadinessLog) {
    match control::ask(admin, "GET", "/readyz?verbose") {
        Ok((_, body)) => note(seen, &serde_json::from_slice(&body).unwrap_or_default()),
        Err(_) => seen.unanswered += 1,
    }
}

/// Waits until nothing serves any more that lies in a tenant's folder, but for the guard that is to be replaced.
///
/// # Errors
/// That takes too long.
pub(super) fn wait_until_gone(admin: &str, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    loop {
        let (_, body) = control::ask(admin, "GET", "/readyz?verbose")?;
        let ready: Value = serde_json::from_slice(&body)?;
        let names = ready.get("plugins").and_then(Value::as_array).into_iter().flatten();
        let name = |plugin: &Value| plugin.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let left = names.map(name).find(|name| name.starts_with("tenants/") && !name.contains(RENAMED.tenant));
        let Some(left) = left else { return Ok(()) };
        ensure!(Instant::now() < until, "{left} serves though its folder was taken away");
        thread::sleep(Duration::from_millis(100));
    }
}

fn note(seen: &mut ReadinessLog, ready: &Value) {
    let lines = |member: &str| ready.get(member).and_then(Value::as_array).into_iter().flatten();
    let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let problems = lines("problems").map(texts);
    let compiling = lines("compiling").map(|plugin| format!("{} is being compiled", texts(plugin)));
    let closed = lines("closed").map(|tenant| format!("tenant {} is closed", texts(tenant)));
    for line in problems.chain(compiling).chain(closed) {
        if seen.lines.len() < MOST {
            seen.lines.insert(line);
        }
    }
}
