//! The schema of its settings that a plugin ships, read once: what was looked at is what is used.

use crate::error::LoadError;
use crate::schema;
use crate::signature::Beside;
use std::path::Path;
use weir_config::PluginSettings;
use weir_config::file::{self, Looked};

/// The schema that a plugin ships for its settings.
pub(super) enum Schema {
    /// In the component.
    Inside(String),
    /// In a file beside it, if there is one.
    Beside(Option<String>),
}

impl Schema {
    /// Reads the one in the component, or else the one beside it.
    pub(super) fn read(wasm: &[u8], file: &Path, looked: &Looked) -> Result<Self, LoadError> {
        if let Some(schema) = schema::embedded(wasm) {
            return Ok(Self::Inside(schema.to_owned()));
        }
        let beside = file.with_extension("schema.json");
        match file::read_still_text(&beside, schema::BYTES, looked) {
            Ok(schema) => Ok(Self::Beside(Some(schema))),
            Err(why) if why.is_absent() => Ok(Self::Beside(None)),
            Err(why) => Err(LoadError::unread(beside, &why)),
        }
    }

    /// What was read of the file beside.
    pub(super) fn beside(&self) -> Beside {
        match self {
            Self::Inside(_) => Beside::Unread,
            Self::Beside(read) => Beside::of(read.as_deref().map(str::as_bytes)),
        }
    }

    /// Holds settings against it.
    pub(super) fn check(&self, settings: &PluginSettings) -> Result<(), LoadError> {
        match self {
            Self::Inside(schema) | Self::Beside(Some(schema)) => schema::check(schema, &settings.config),
            Self::Beside(None) => Ok(()),
        }
    }
}
