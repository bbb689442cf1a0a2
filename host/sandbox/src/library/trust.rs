//! Whose signature a plugin needs.

use crate::error::LoadError;
use crate::signature::{self, Found, PublicKey, SignatureError, Vouched};
use std::path::Path;
use weir_config::Plugins;
use weir_config::file::{self, Looked};

/// Bytes of the signatures of one plugin.
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

    /// Whether a plugin may serve, of which just this was found. Manifest and signatures lie beside its file, in
    /// `NAME.wasm.sig`. Answers what is vouched for; none where nobody vouches and nobody needs to.
    pub(super) fn check(&self, found: &Found<'_>, file: &Path, looked: &Looked) -> Result<Option<Vouched>, LoadError> {
        if self.keys.is_empty() && !self.required {
            return Ok(None);
        }
        let path = file.with_extension("wasm.sig");
        match file::read_still_text(&path, MOST, looked) {
            Ok(signatures) => Ok(signature::verify(found, &signatures, &self.keys).map(Some)?),
            Err(e) if e.is_missing() && !self.required => Ok(None),
            Err(e) if e.is_missing() => Err(SignatureError::None.into()),
            Err(e) => Err(LoadError::unread(path, &e)),
        }
    }
}
