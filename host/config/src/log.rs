//! `[log]`: what is logged, and how.

use crate::keys::{ConfigKey, FlagKey, keys};
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::value::ConfigValue;

keys! {
    /// `[log]`: what is logged, and how.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Log(table), with defaults {
        /// `info` by default: a level, or directives such as `info,weir_upstream=debug`.
        pub level: String = "info".to_owned() => "level" LevelKey();
        /// Whether lines are JSON objects rather than text; false by default.
        pub json: bool = false => "json" FlagKey();
    }
}

impl Log {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let log = Self::of(&table);
        table.finish();
        log
    }
}

/// What is logged: see [`check_log_level`].
struct LevelKey();

impl ConfigKey<String> for LevelKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        table.value(key).and_then(|value| level(&value)).unwrap_or(default)
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether a text is a level, or directives of which each ends in one: what `log.level` may be.
///
/// # Errors
/// What to write in its place.
pub fn check_log_level(text: &str) -> Result<(), String> {
    let is_level = |level: &str| LEVELS.iter().any(|known| level.trim().eq_ignore_ascii_case(known));
    let is_good = |directive: &str| match directive.rsplit_once('=') {
        Some((target, level)) => !target.trim().is_empty() && is_level(level),
        None => is_level(directive),
    };
    if text.split(',').all(is_good) {
        return Ok(());
    }
    Err(crate::suggest::fix(text, "a level, or `target=level` and commas between", &LEVELS))
}

fn level(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    match check_log_level(&text.value) {
        Ok(()) => Some(text.value),
        Err(fix) => {
            value.problem(format!("{} is not a level", text.quote()), fix);
            None
        }
    }
}
