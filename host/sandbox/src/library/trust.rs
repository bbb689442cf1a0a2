//! Whose signature a plugin's file needs.

use crate::error::LoadError;
use crate::signature::{self, PublicKey, SignatureError};
use std::path::Path;
use weir_config::Plugins;
use weir_config::file::{self, Looked};

/// Bytes of the signatures of one file.
const MOST: u64 = 1 << 20;

/// What the configuration says of signatures.
#[derive(Debug, Default)]
pub(super) struct Trust {
    required: bool,
    keys: Vec<PublicKey>,
}

impl Trust {
    /// Reads the keys of a configuration.
    pub(super) fn read(plugins: &Plugins) -> Result<Self, LoadError> {
        let keys = plugins.keys.iter().map(|key| key.parse()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { required: plugins.require_signature, keys })
    }

    /// Whether a file may serve. Its signatures lie beside it, in `NAME.wasm.sig`.
    pub(super) fn check(&self, wasm: &[u8], file: &Path, looked: &Looked) -> Result<(), LoadError> {
        if self.keys.is_empty() && !self.required {
            return Ok(());
        }
        let path = file.with_extension("wasm.sig");
        match file::read_still_text(&path, MOST, looked) {
            Ok(signatures) => signature::verify(wasm, &signatures, &self.keys).map(|_| ()).map_err(LoadError::from),
            Err(e) if e.is_missing() && !self.required => Ok(()),
            Err(e) if e.is_missing() => Err(SignatureError::None.into()),
            Err(e) => Err(LoadError::unread(path, &e)),
        }
    }
}
