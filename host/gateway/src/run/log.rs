//! The log: which lines, and in which form.

use crate::command::console;
use anyhow::anyhow;
use tracing_subscriber::EnvFilter;
use weir_config::Log;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What of the log is written where nothing else is said.
const USUAL: &str = "info";

/// What goes before all directives that write warnings: what a client does must write no line, and the libraries that read
/// what it sends warn of it. Directives that name them come later and have their way, and so has a level that is there to
/// show everything.
const QUIET: &str = "h2=error,hyper=error";

/// Starts the log; lines go to standard error. `WEIR_LOG` has its way, if it says something that has a meaning.
///
/// # Errors
/// If there is a log already.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let wanted = std::env::var_os("WEIR_LOG").map(|value| value.to_string_lossy().into_owned());
    let (directives, complaint) = directives(wanted.as_deref(), &log.level);
    if let Some(complaint) = complaint {
        console::warn(&complaint);
    }
    // What these directives are was checked; were they not, everything of importance would still be written.
    let directives = quieted(directives);
    let filter = EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new(USUAL));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people at a terminal; a log file would keep their control codes.
    let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = if log.json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|e| anyhow!("log: {e}"))
}

/// The directives that apply, and what is to be said about those that do not.
fn directives(wanted: Option<&str>, configured: &str) -> (String, Option<String>) {
    let base = level_of(configured).unwrap_or(USUAL);
    let usual = with_base(configured, USUAL);
    let Some(wanted) = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()) else { return (usual, None) };
    match weir_config::check_log_level(wanted) {
        Ok(()) if EnvFilter::try_new(wanted).is_ok() => (with_base(wanted, base), None),
        Ok(()) => (usual, Some(format!("warning: WEIR_LOG: `{wanted}` has no meaning; log.level applies"))),
        Err(fix) => (usual, Some(format!("warning: WEIR_LOG: `{wanted}` is not a level; log.level applies; {fix}"))),
    }
}

/// The same directives, with the libraries kept quiet.
fn quieted(directives: String) -> String {
    let warns = |level: &str| ["warn", "info"].iter().any(|warns| level.eq_ignore_ascii_case(warns));
    if level_of(&directives).is_some_and(warns) { format!("{QUIET},{directives}") } else { directives }
}

/// The level among directives that holds for whatever no other names.
fn level_of(directives: &str) -> Option<&str> {
    directives.split(',').map(str::trim).find(|directive| !directive.contains('='))
}

/// The same directives, and that level for whatever they do not name: naming one part must not silence all others.
fn with_base(directives: &str, base: &str) -> String {
    match level_of(directives) {
        Some(_) => directives.to_owned(),
        None => format!("{base},{directives}"),
    }
}
