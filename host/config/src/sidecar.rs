//! Settings beside a plugin.

use std::fmt;
use std::path::Path;

use crate::dropped::Dropped;
use crate::file::Looked;
use crate::plugins::{PluginSettings, Speaker};
use crate::problem::Problems;
use crate::source::{self, At, Source};
use crate::table::Table;

/// Bytes of such a file: what it becomes while it is read is many times as much.
const BYTES: u64 = 256 << 10;

/// What a file of settings beside a plugin says.
#[derive(Clone, PartialEq)]
pub struct Sidecar {
    /// The settings; the defaults where the file says nothing.
    pub settings: PluginSettings,
    /// Whether there is any key in it. A file that loses all of them has most likely been cut off.
    pub has_keys: bool,
    /// The file itself, byte for byte: what a signature covers is what was read.
    pub text: String,
}

impl fmt::Debug for Sidecar {
    /// Without the text, which may hold what nobody is to read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, has_keys, text: _ } = self;
        f.debug_struct("Sidecar").field("settings", settings).field("has_keys", has_keys).finish_non_exhaustive()
    }
}

/// Reads `NAME.toml` beside `NAME.wasm`: the keys of a `[[plugins.chain]]` but `plugin`, `tenants` and `models`. The
/// file is optional: where there is none, the defaults apply.
///
/// Such a file may have come with the plugin, or with whoever may write to one tenant's folder, so it cannot read the
/// environment (`${` in a string is a problem), cannot grant secrets or callouts, and says nothing past the ceilings.
///
/// # Errors
/// Every problem of the file at once, in the order of its lines; that it is there and cannot be read is one, and so is
/// that there is nothing in it.
pub fn sidecar(path: &Path, ceilings: &Dropped) -> Result<PluginSettings, Problems> {
    let read = read_sidecar(path, ceilings, &Looked::default())?;
    Ok(read.map_or_else(|| PluginSettings::dropped(ceilings), |read| read.settings))
}

/// The same, for whoever watches the file: one that does not lie still is a problem. None if there is no file.
///
/// # Errors
/// As for [`sidecar`].
pub fn read_sidecar(path: &Path, ceilings: &Dropped, looked: &Looked) -> Result<Option<Sidecar>, Problems> {
    let text = match source::read_optional(path, BYTES, looked).map_err(Problems::of)? {
        Some(text) => text,
        None => return Ok(None),
    };
    let (settings, has_keys) = parse(&text, path, ceilings, looked)?;
    Ok(Some(Sidecar { settings, has_keys, text }))
}

fn parse(text: &str, path: &Path, ceilings: &Dropped, looked: &Looked) -> Result<(PluginSettings, bool), Problems> {
    let source = Source::new(text, path, None, looked);
    let at = At { key: String::new(), line: 1 };
    if text.trim().is_empty() {
        source.problem(&at, "is empty", "write the plugin's settings, or remove the file if the defaults are meant");
    }
    let parsed = source.table(text)?;
    let table = Table::new(&source, at, Some(parsed.get_ref()));
    let settings = PluginSettings::read(&table, Speaker::Beside(ceilings));
    table.finish();
    source.finish()?;
    Ok((settings, !parsed.get_ref().is_empty()))
}
