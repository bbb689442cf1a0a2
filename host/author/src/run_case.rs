//! A case played on a plugin: what it decided, changed, said and cost.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value as Json;
use weir_config::Isolation;
use weir_sandbox::{Exchange, HookKind, LoadError, Routed, Sandbox, Stop};

use crate::AuthorError;
use crate::artefact::InspectedComponent;
use crate::call::{call, exchange_of, figures};
use crate::case::{Case, Decision};
use crate::diff::{self, FieldChange};
use crate::harness::{Bench, Bind, Harness, load_error};
use crate::logs::{self, LogLine};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CaseOutcome {
    Pass,
    Refused {
        status: u16,
        code: String,
        message: String,
    },
    Fault(String),
    /// `init` did not take the settings.
    Init(String),
}

impl CaseOutcome {
    /// The word for it; none if it came to no call.
    pub(crate) fn decision(&self) -> Option<Decision> {
        match self {
            Self::Pass => Some(Decision::Pass),
            Self::Refused { .. } => Some(Decision::Refuse),
            Self::Fault(_) => Some(Decision::Fault),
            Self::Init(_) => None,
        }
    }
}

/// Everything that can be seen of a case that was played.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) ended: CaseOutcome,
    pub(crate) headers: Vec<FieldChange<String>>,
    pub(crate) body: Vec<FieldChange<Json>>,
    /// The side that the hook may write, as it is afterwards.
    pub(crate) after: (HeaderMap, Json),
    pub(crate) texts: Vec<String>,
    pub(crate) order: Vec<Routed>,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) counters: BTreeMap<String, u64>,
    /// CPU time of the call, with starting an instance; and of the same call once more, on that instance.
    pub(crate) first: Duration,
    pub(crate) again: Option<Duration>,
    /// Linear memory of the instance afterwards, bytes; none if it is gone.
    pub(crate) memory: Option<usize>,
}

impl Played {
    fn init(why: String) -> Self {
        Self {
            ended: CaseOutcome::Init(why),
            headers: Vec::new(),
            body: Vec::new(),
            after: (HeaderMap::new(), Json::Null),
            texts: Vec::new(),
            order: Vec::new(),
            logs: Vec::new(),
            counters: BTreeMap::new(),
            first: Duration::ZERO,
            again: None,
            memory: None,
        }
    }
}

/// How a case binds a plugin.
pub(crate) fn bind(plugin: &InspectedComponent, case: &Case, isolation: Isolation) -> Bind {
    Bind {
        tenant: case.tenant.clone(),
        settings: case.settings.clone(),
        grants: case.grants.clone().unwrap_or_else(|| plugin.grants()),
        isolation,
    }
}

/// Starts a plugin and plays a case on it.
pub(crate) fn run_case(bench: &Bench, plugin: &InspectedComponent, case: &Case) -> Result<Played, AuthorError> {
    if !plugin.hooks().contains(&case.hook) {
        let has: Vec<&str> = plugin.hooks().iter().map(|hook| hook.name()).collect();
        let has = if has.is_empty() { "no hook".to_owned() } else { has.join(", ") };
        return Err(AuthorError::NoSuchHook { path: plugin.path.clone(), hook: case.hook.name(), has });
    }
    let (started, init_logs) = logs::captured(|| bench.start(plugin, &bind(plugin, case, Isolation::Tenant)));
    let harness = match started? {
        Ok(harness) => harness,
        Err(LoadError::Settings(why)) => return Ok(Played { logs: init_logs, ..Played::init(why) }),
        Err(error) => return Err(load_error(&plugin.path, error, &init_logs)),
    };
    if let Some(bound) = harness.bound(case.hook)? {
        for (key, value) in &case.kv {
            bound.remember(key, value.clone()).map_err(|why| AuthorError::Ground(format!("kv.{key}: {why}")))?;
        }
    }
    run(bench, &harness, case)
}

fn run(bench: &Bench, harness: &Harness, case: &Case) -> Result<Played, AuthorError> {
    let chain = harness.chain()?;
    let before = figures(&bench.sandbox, case.hook);
    let counted = counters(&bench.sandbox, &harness.tenant);
    let mut exchange = Some(exchange_of(case));
    let old = side(case.hook, exchange.as_deref_mut());
    let ((stopped, said), logs) =
        logs::captured(|| bench.runtime.block_on(call(&harness.worker, chain, case, &mut exchange)));
    let after = figures(&bench.sandbox, case.hook);
    let mut added = counters(&bench.sandbox, &harness.tenant);
    for (name, value) in &mut added {
        *value = value.saturating_sub(counted.get(name).copied().unwrap_or_default());
    }
    added.retain(|_, value| *value > 0);
    let new = side(case.hook, exchange.as_deref_mut());
    let memory = harness.worker.idle_memory();
    let last = harness.bound(case.hook)?.and_then(|bound| bound.last_fault());
    let ended = ended(stopped, (&before.2, &after.2), last);
    let good = ended.decision() != Some(Decision::Fault);
    // The same once more, for the price of a call that need not start an instance.
    let again = good.then(|| {
        let mut exchange = Some(exchange_of(case));
        let _ = logs::captured(|| bench.runtime.block_on(call(&harness.worker, chain, case, &mut exchange)));
        Duration::from_nanos(figures(&bench.sandbox, case.hook).1.saturating_sub(after.1))
    });
    Ok(Played {
        ended,
        headers: diff::headers(&old.0, &new.0),
        body: diff::bodies(&old.1, &new.1),
        after: new,
        texts: said.texts,
        order: said.order,
        logs,
        counters: added,
        first: Duration::from_nanos(after.1.saturating_sub(before.1)),
        again,
        memory: (memory > 0).then_some(memory),
    })
}

fn ended(
    stopped: Result<(), Stop>,
    (before, after): (&[(&str, u64)], &[(&'static str, u64)]),
    last: Option<String>,
) -> CaseOutcome {
    match stopped {
        Err(Stop::Refused { refusal, .. }) => {
            CaseOutcome::Refused { status: refusal.status, code: refusal.code, message: refusal.message }
        }
        Err(Stop::Failed { fault, .. }) => CaseOutcome::Fault(format!("{}: {fault}", fault.reason())),
        // `observe` fails nobody: its faults show in the figures alone.
        Ok(()) => {
            let total = |all: &[(&str, u64)], reason: &str| -> u64 {
                all.iter().filter(|(r, _)| *r == reason).map(|(_, n)| n).sum()
            };
            let more = after.iter().find(|(reason, _)| total(after, reason) > total(before, reason));
            let words = || last.map(|last| format!(": {last}")).unwrap_or_default();
            more.map_or(CaseOutcome::Pass, |(reason, _)| CaseOutcome::Fault(format!("{reason}{}", words())))
        }
    }
}

/// Headers and body that a hook may write, or that it reads if it may write none.
fn side(hook: HookKind, exchange: Option<&mut Exchange>) -> (HeaderMap, Json) {
    let Some(exchange) = exchange else { return (HeaderMap::new(), Json::Null) };
    let (headers, body) = match hook {
        HookKind::UpstreamRequest => match exchange.attempt.as_deref_mut() {
            Some((headers, body)) => (headers.clone(), body.bytes()),
            None => return (HeaderMap::new(), Json::Null),
        },
        HookKind::Response => match &mut exchange.reply {
            Some(reply) => (reply.headers.clone(), reply.body.bytes()),
            None => return (HeaderMap::new(), Json::Null),
        },
        HookKind::Policy | HookKind::Router | HookKind::Event | HookKind::Observe => {
            (exchange.headers.clone(), exchange.request.bytes())
        }
    };
    let bytes = body.unwrap_or_default();
    let json = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
    (headers, json)
}

fn counters(sandbox: &Sandbox, tenant: &str) -> BTreeMap<String, u64> {
    let mut counters = BTreeMap::new();
    sandbox.meter().each_counter(|_, of, name, value| {
        if of == tenant {
            *counters.entry(name.to_owned()).or_default() += value;
        }
    });
    counters
}
