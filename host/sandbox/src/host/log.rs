//! `weir:plugin/log`: lines in the gateway's log.

use super::{Caller, Host, spend};
use crate::contract::Level;
use wasmtime::component::{Linker, WasmStr};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.instance("weir:plugin/log@0.1.0")?.func_wrap("write", write)
}

fn write(mut caller: Caller<'_>, (level, message): (Level, WasmStr)) -> wasmtime::Result<()> {
    spend(&mut caller)?;
    let left = caller.data().budget.log_bytes;
    if left == 0 {
        return Ok(());
    }
    let line = { one_line(&message.to_str(&caller)?, left) };
    let host = caller.data_mut();
    host.budget.log_bytes = left.saturating_sub(line.len().max(1));
    let (plugin, tenant) = (&*host.plugin, &*host.slots.tenant);
    let request = host.exchange.as_ref().map_or("", |x| &x.about.request_id);
    match level {
        Level::Trace => tracing::trace!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Debug => tracing::debug!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Info => tracing::info!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, tenant, request, "{line}"),
        Level::Error => tracing::error!(target: "plugin", plugin, tenant, request, "{line}"),
    }
    Ok(())
}

/// The text in at most so many bytes, escaped so that no guest can forge a line or colour a terminal.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    for character in text.chars() {
        let escaped = character.escape_debug();
        if line.len() + escaped.clone().map(char::len_utf8).sum::<usize>() > most {
            break;
        }
        line.extend(escaped);
    }
    line
}
