//! What becomes of a request whose plugin refused it, faulted, or could not be called: it goes on, or stops.

use crate::abi::contract::PluginRefusal;
use crate::call::Checked;
use crate::chain::Bound;
use crate::error::Fault;
use crate::exchange::Exchange;
use crate::hook::HookKind;
use std::sync::Arc;
use weir_dialect::Unreadable;

/// Why a request does not go on after a hook.
#[derive(Debug, Clone)]
pub enum Stop {
    /// A plugin refused it.
    Refused {
        /// Which.
        plugin: Arc<str>,
        /// What the client is told, within the contract's bounds.
        refusal: PluginRefusal,
    },
    /// A plugin faulted and its failure policy is `closed`.
    Failed {
        /// Which.
        plugin: Arc<str>,
        /// At which hook.
        hook: HookKind,
        /// How.
        fault: Fault,
    },
}

/// Something cannot be shown to a plugin, so it is not called. That counts as a fault, which is none of its own.
///
/// # Errors
/// The fault, if its failure policy is `closed`.
pub(crate) fn cannot_show(bound: &Bound, hook: HookKind, why: &Unreadable) -> Result<(), Stop> {
    let (plugin, fault) = (bound.plugin(), Fault::Unreadable(why.to_string()));
    bound.stats(hook).fault(&fault);
    if !plugin.open() {
        return Err(Stop::Failed { plugin: Arc::clone(plugin.name()), hook, fault });
    }
    // Each event of a stream may say it again.
    tracing::debug!(plugin = &**plugin.name(), hook = hook.name(), tenant = &*bound.tenant_state().tenant, %fault, "passed over");
    Ok(())
}

/// A plugin holds more of a stream than it may, which breaks the contract. What is too long for it is the upstream's, so it
/// is not put into quarantine for that.
///
/// # Errors
/// The fault, if its failure policy is `closed`.
pub(crate) fn held_too_much(bound: &Bound, exchange: &Option<Box<Exchange>>, why: String) -> Result<(), Stop> {
    let fault = Fault::Answer(why);
    bound.stats(HookKind::Event).fault(&fault);
    bound.plugin().tally().fault(HookKind::Event, &fault);
    bound.standing().note(&fault);
    verdict(bound, HookKind::Event, exchange, Err(fault)).map(|_| ())
}

/// Bytes that the line of a fault counts as.
const FAULT_LINE: usize = 256;

/// Turns an answer into going on, with what the plugin said or without the plugin, or stopping: by the binding's failure
/// policy.
pub(super) fn verdict(
    bound: &Bound,
    hook: HookKind,
    exchange: &Option<Box<Exchange>>,
    answer: Checked,
) -> Result<bool, Stop> {
    let plugin = bound.plugin();
    match answer {
        Ok(None) => Ok(true),
        Ok(Some(refusal)) => Err(Stop::Refused { plugin: Arc::clone(plugin.name()), refusal: refusal.bounded() }),
        Err(fault) => {
            let tenant = &*bound.tenant_state().tenant;
            // That a plugin is not called was said when it began; each request would say it again. What is said of a plugin
            // for a tenant is bounded like what it says itself: it can fault as often as it can write.
            if let Some(kind) = fault.want() {
                if let Some(times) = bound.tenant_state().tells_want(kind) {
                    let (plugin, hook, open) = (&**plugin.name(), hook.name(), plugin.open());
                    let request = exchange.as_ref().map_or("", |exchange| &*exchange.about.request_id);
                    tracing::warn!(request, plugin, hook, tenant, open, times, %fault, "plugin fault");
                }
            } else if !fault.is_skipped() && bound.tenant_state().may_log(FAULT_LINE) {
                let (plugin, hook, open) = (&**plugin.name(), hook.name(), plugin.open());
                let request = exchange.as_ref().map_or("", |exchange| &*exchange.about.request_id);
                tracing::warn!(request, plugin, hook, tenant, open, %fault, "plugin fault");
            } else if !fault.is_skipped() {
                bound.tenant_state().counters.log_dropped(FAULT_LINE);
            }
            if plugin.open() { Ok(false) } else { Err(Stop::Failed { plugin: Arc::clone(plugin.name()), hook, fault }) }
        }
    }
}
