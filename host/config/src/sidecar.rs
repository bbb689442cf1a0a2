//! Settings beside a plugin.

use std::path::Path;

use crate::file::Looked;
use crate::plugins::{PluginLimits, PluginSettings};
use crate::problem::Problems;
use crate::source::{self, At, Source};
use crate::table::Table;

/// Bytes of such a file: what it becomes while it is read is many times as much.
const BYTES: u64 = 256 << 10;

/// What a file of settings beside a plugin says.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// The settings; the defaults where the file says nothing.
    pub settings: PluginSettings,
    /// Whether there is any key in it. A file that loses all of them has most likely been cut off.
    pub has_keys: bool,
}

/// Reads `NAME.toml` beside `NAME.wasm`: the keys of a `[[plugins.chain]]` but `plugin`, `tenants` and `models`. The
/// file is optional: where there is none, the defaults apply.
///
/// Such a file may have come with the plugin, so it cannot read the environment (`${` in a string is a problem), and
/// cannot grant secrets or callouts.
///
/// # Errors
/// Every problem of the file at once, in the order of its lines; that it is there and cannot be read is one, and so is
/// that there is nothing in it.
pub fn sidecar(path: &Path, defaults: &PluginLimits) -> Result<PluginSettings, Problems> {
    let read = read_sidecar(path, defaults, &Looked::default())?;
    Ok(read.map_or_else(|| PluginSettings::new(defaults.clone()), |read| read.settings))
}

/// The same, for whoever watches the file: one that does not lie still is a problem. None if there is no file.
///
/// # Errors
/// As for [`sidecar`].
pub fn read_sidecar(path: &Path, defaults: &PluginLimits, looked: &Looked) -> Result<Option<Sidecar>, Problems> {
    let text = match source::read_optional(path, BYTES, looked).map_err(Problems::of)? {
        Some(text) => text,
        None => return Ok(None),
    };
    let source = Source::new(&text, path, None, looked);
    let at = At { key: String::new(), line: 1 };
    if text.trim().is_empty() {
        source.problem(&at, "is empty", "write the plugin's settings, or remove the file if the defaults are meant");
    }
    let parsed = source.table(&text)?;
    let has_keys = !parsed.get_ref().is_empty();
    let table = Table::new(&source, at, Some(parsed.get_ref()));
    let settings = PluginSettings::read(&table, defaults);
    table.finish();
    source.finish().map(|_| Some(Sidecar { settings, has_keys }))
}
