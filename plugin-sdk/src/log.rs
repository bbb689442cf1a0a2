//! The gateway's log (WIT `log`), with plugin, tenant and request id added. Bounded in bytes for each call. A plugin
//! that calls any of these needs the grant `log`.

pub use crate::bindings::policy::weir::plugin::log::Level;
use crate::host::log as host;

/// Writes one line; control characters are escaped.
pub fn write(level: Level, message: &str) {
    host::write(level, message);
}

/// Writes one line of level `trace`.
pub fn trace(message: &str) {
    write(Level::Trace, message);
}

/// Writes one line of level `debug`.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes one line of level `info`.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes one line of level `warn`.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes one line of level `error`.
pub fn error(message: &str) {
    write(Level::Error, message);
}
