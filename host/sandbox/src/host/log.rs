//! `weir:plugin/log`: lines in the gateway's log.

use super::offer::owned;
use super::{Host, Offer, spend};
use crate::contract::Level;
use crate::direct::{Visitor, text, visit};
use wasmtime::component::WasmStr;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(super) fn link(here: Offer<'_>) -> wasmtime::Result<()> {
    match here {
        Offer::Component(mut here) => here.func_wrap("write", |mut caller, (level, message): (Level, WasmStr)| {
            let message = owned(&caller, &message)?;
            spend(caller.data_mut())?;
            write(caller.data_mut(), level, &message);
            Ok(())
        }),
        Offer::Direct(linker, interface) => {
            let call = |mut caller: Visitor<'_>, level: u32, at: u32, len: u32| {
                visit(&mut caller, |host, memory| {
                    write(host, Level::numbered(level)?, text(memory, at, len)?);
                    Ok(())
                })
            };
            linker.func_wrap(interface, "write", call).map(drop)
        }
    }
}

fn write(host: &mut Host, level: Level, message: &str) {
    let left = host.budget.log_bytes;
    if left == 0 {
        return;
    }
    let line = one_line(message, left);
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
