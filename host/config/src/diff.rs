//! What differs between two configurations, for the log line of a reload: one walk over what is told of either.

use std::collections::HashMap;

use crate::authorities::Authorities;
use crate::config::Config;
use crate::told::{Fact, ToldTable};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What differs between two configurations, one line for each key, in the order of the new one; what is gone comes
/// last. `tenants.acme.requests_per_minute: 600 → 1200`; `tenants.globex: added`. Of secrets, hashes and plugins' own
/// settings it says only that they changed. The file that a configuration came from makes no difference.
pub fn diff(old: &Config, new: &Config) -> Vec<String> {
    let (old, new) = (ToldTable::all(old), ToldTable::all(new));
    let before: HashMap<&str, &ToldTable> = old.iter().map(|table| (table.id.as_str(), table)).collect();
    let mut lines = Vec::new();
    for table in &new {
        match before.get(table.id.as_str()) {
            Some(before) => compare(before, table, &mut lines),
            None => lines.push(format!("{}: added", table.label())),
        }
    }
    for table in &old {
        if !new.iter().any(|after| after.id == table.id) {
            lines.push(format!("{}: removed", table.label()));
        }
    }
    lines
}

/// Adds a line for each key of which the two say different things.
fn compare(before: &ToldTable, after: &ToldTable, lines: &mut Vec<String>) {
    for (key, now) in &after.facts {
        let path = after.path_of(key);
        match (before.says(key), now) {
            (None, _) => lines.push(format!("{path}: added")),
            (Some(before), now) if before == now => {}
            (Some(Fact::Open(before)), Fact::Open(now)) => lines.push(format!("{path}: {before} → {now}")),
            (Some(Fact::File(before)), Fact::File(now)) => {
                let (old, new) = (shown(before.as_ref()), shown(now.as_ref()));
                let line = if old == new { "what stands in it changed".to_owned() } else { format!("{old} → {new}") };
                lines.push(format!("{path}: {line}"));
            }
            (Some(_), _) => lines.push(format!("{path}: changed")),
        }
    }
    for (key, _) in &before.facts {
        if after.says(key).is_none() {
            lines.push(format!("{}: removed", after.path_of(key)));
        }
    }
}

fn shown(file: Option<&Authorities>) -> String {
    file.map_or_else(|| "none".to_owned(), |file| file.file().display().to_string())
}
