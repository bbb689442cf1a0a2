//! Settings beside a plugin.

use std::fmt;
use std::path::Path;

use crate::dropped::Dropped;
use crate::file::{self, Looked};
use crate::plugin_settings::{PluginSettings, Speaker};
use crate::problem::Problems;
use crate::source::{At, ConfigSource};
use crate::table::ConfigTable;

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

/// Reads `NAME.toml` beside `NAME.wasm`: the keys of a `[[plugins.chain]]` but `plugin`, `name`, `tenants` and `models`.
/// The file is optional: where there is none, the defaults apply.
///
/// Such a file may have come with the plugin, or with whoever may write to one tenant's folder, so it cannot read the
/// environment (`${` in a string is a problem), cannot grant secrets or callouts, and says nothing past the ceilings.
///
/// # Errors
/// Every problem of the file at once, in the order of its lines; that it is there and cannot be read is one, and so is
/// that there is nothing in it.
pub fn sidecar(path: &Path, ceilings: &Dropped) -> Result<PluginSettings, Problems> {
    match file::read_text(path, Sidecar::BYTES) {
        Ok(text) => Ok(Sidecar::parse(text, path, ceilings)?.settings),
        Err(why) if why.is_absent() => Ok(PluginSettings::dropped(ceilings)),
        Err(why) => Err(Problems::unread(path, &why)),
    }
}

impl Sidecar {
    /// Bytes of such a file: what it becomes while it is read is many times as much.
    pub const BYTES: u64 = 256 << 10;

    /// What the text of such a file says; `path` is where it was read.
    ///
    /// # Errors
    /// As for [`sidecar`].
    pub fn parse(text: String, path: &Path, ceilings: &Dropped) -> Result<Self, Problems> {
        let (settings, has_keys) = parse(&text, path, ceilings)?;
        Ok(Self { settings, has_keys, text })
    }
}

fn parse(text: &str, path: &Path, ceilings: &Dropped) -> Result<(PluginSettings, bool), Problems> {
    let looked = Looked::default();
    let source = ConfigSource::new(text, path, None, &looked);
    let at = At { key: String::new(), line: 1 };
    if text.trim().is_empty() {
        source.problem(&at, "is empty", "write the plugin's settings, or remove the file if the defaults are meant");
    }
    let parsed = source.table(text)?;
    let table = ConfigTable::new(&source, at, Some(parsed.get_ref()));
    let settings = PluginSettings::read(&table, Speaker::Beside(ceilings));
    table.finish();
    source.finish()?;
    Ok((settings, !parsed.get_ref().is_empty()))
}
