//! `weir:plugin/log`: lines in the gateway's log.

use super::host_fn::{HostFn, owned};
use crate::abi::contract::Level;
use crate::abi::core::{CoreCaller, text, visit};
use crate::guest_state::{GuestState, spend};
use crate::reason::visible;
use wasmtime::component::WasmStr;
use weir_component::contract::LogFunction;

/// Bytes of a line beside its text, and beside the names of plugin and tenant and the id of the request: the time, the level
/// and what these are called.
const BESIDE: usize = 80;

pub(super) fn link(function: LogFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        LogFunction::Write => here.at_once(
            |mut caller, (level, message): (Level, WasmStr)| {
                let message = owned(&caller, &message)?;
                spend(caller.data_mut())?;
                write(caller.data_mut(), level, &message);
                Ok(())
            },
            |mut caller: CoreCaller<'_>, level: u32, at: u32, len: u32| {
                visit(&mut caller, |host, memory| {
                    write(host, Level::numbered(level)?, text(memory, at, len)?);
                    Ok(())
                })
            },
        ),
    }
}

fn write(host: &mut GuestState, level: Level, message: &str) {
    // What nobody wants to read costs nothing, and nothing of what may be logged.
    if !is_enabled(level) {
        return;
    }
    let left = host.budget.log_bytes;
    // No guest can forge a line or colour a terminal.
    let (line, taken) = visible(message, left);
    // A line without a text is a line, too.
    let bytes = line.len().max(1);
    host.budget.log_bytes = left.saturating_sub(bytes);
    let (plugin, tenant) = (&*host.plugin, &*host.tenant_state.tenant);
    let request = host.exchange.as_ref().map_or("", |x| &x.about.request_id);
    // What stands beside the text is most of a short line.
    let whole = line.len() + BESIDE + plugin.len() + tenant.len() + request.len();
    let is_left_out = left == 0 || taken == 0 && !message.is_empty();
    if is_left_out || !host.tenant_state.may_log(whole) {
        return host.tenant_state.counters.log_dropped(message.len().max(1));
    }
    host.tenant_state.counters.log_dropped(message.len() - taken);
    match level {
        Level::Trace => tracing::trace!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Debug => tracing::debug!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Info => tracing::info!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Error => tracing::error!(target: "plugin", plugin, tenant, request, "{line}"),
    }
}

/// Whether lines of a level are written at all.
fn is_enabled(level: Level) -> bool {
    match level {
        Level::Trace => tracing::enabled!(target: "plugin", tracing::Level::TRACE),
        Level::Debug => tracing::enabled!(target: "plugin", tracing::Level::DEBUG),
        Level::Info => tracing::enabled!(target: "plugin", tracing::Level::INFO),
        Level::Warn => tracing::enabled!(target: "plugin", tracing::Level::WARN),
        Level::Error => tracing::enabled!(target: "plugin", tracing::Level::ERROR),
    }
}
