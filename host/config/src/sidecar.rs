//! Settings beside a plugin.

use std::io::ErrorKind;
use std::path::Path;

use crate::plugins::{PluginLimits, PluginSettings};
use crate::problem::Problems;
use crate::source::{self, At, Source};
use crate::table::Table;

/// Reads `NAME.toml` beside `NAME.wasm`: the keys of a `[[plugins.chain]]` but `plugin`, `tenants` and `models`. The
/// file is optional: where there is none, the defaults apply.
///
/// Such a file may have come with the plugin, so it cannot read the environment (`${` in a string is a problem), and
/// cannot grant secrets or callouts.
///
/// # Errors
/// Every problem of the file at once, in the order of its lines; that it is there and cannot be read is one.
pub fn sidecar(path: &Path, defaults: &PluginLimits) -> Result<PluginSettings, Problems> {
    // A dangling link is there: its settings are missing, not left to the defaults.
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(PluginSettings::new(defaults.clone()));
    }
    let text = source::read_file(path).map_err(Problems::of)?;
    let source = Source::new(&text, path, None);
    let parsed = source.table(&text)?;
    let table = Table::new(&source, At { key: String::new(), line: 1 }, Some(parsed.get_ref()));
    let settings = PluginSettings::read(&table, defaults);
    table.finish();
    source.finish().map(|_| settings)
}
