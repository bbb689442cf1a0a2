//! The schema of its settings that a plugin ships, read once: what was looked at is what is used.

use super::files::Files;
use crate::error::LoadError;
use crate::schema;
use crate::signature::Beside;
use crate::source::PluginSource;
use std::path::Path;
use std::sync::Arc;
use weir_config::PluginSettings;

/// The schema that a plugin ships for its settings.
pub(super) enum Schema {
    /// In the component.
    Inside,
    /// In a file beside it, if there is one.
    Beside(Option<Arc<str>>),
}

impl Schema {
    /// Reads the one beside a component in which there is none.
    pub(super) fn read(
        files: &mut Files,
        source: &PluginSource,
        folder: &Path,
        has_schema: bool,
    ) -> Result<Self, LoadError> {
        if has_schema {
            return Ok(Self::Inside);
        }
        let beside = source.spot(folder, "schema.json");
        match files.text(&beside, schema::BYTES) {
            Ok(schema) => Ok(Self::Beside(Some(schema))),
            Err(why) if why.is_absent() => Ok(Self::Beside(None)),
            Err(why) => Err(LoadError::unread(beside.path().to_owned(), &why)),
        }
    }

    /// What was read of the file beside.
    pub(super) fn beside(&self) -> Beside {
        match self {
            Self::Inside => Beside::Unread,
            Self::Beside(read) => Beside::of(read.as_deref().map(str::as_bytes)),
        }
    }

    /// Holds settings against it; `wasm` is the component.
    pub(super) fn check(&self, wasm: &[u8], settings: &PluginSettings) -> Result<(), LoadError> {
        let schema = match self {
            Self::Inside => schema::embedded(wasm),
            Self::Beside(read) => read.as_deref().map(str::as_bytes),
        };
        schema.map_or(Ok(()), |schema| schema::check(schema, &settings.config))
    }
}
