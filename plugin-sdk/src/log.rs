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

/// From here on, what a panic says is a line of level `error` in the gateway's log, with its place in the source. Without it a
/// panic is no more than a trap: the gateway sees that the plugin broke off, and not why. To be called first in
/// [`init`](crate::Plugin::init).
///
/// The words may hold what the request says. They go where all lines of this plugin go, and never to a client.
///
/// Elsewhere than in a gateway this does nothing: there, a panic is seen as it is.
pub fn panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| error(&panicked(panic.payload_as_str(), panic.location()))));
}

/// What a panic says, in one line.
#[cfg(any(target_arch = "wasm32", test))]
fn panicked(words: Option<&str>, place: Option<&std::panic::Location<'_>>) -> String {
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    format!("panicked{place}: {}", words.unwrap_or("it said nothing"))
}

#[cfg(test)]
mod tests;
