//! Whose signature a plugin needs, to begin to serve and to go on.

use crate::error::LoadError;
use crate::signature::{PublicKey, SignatureError, SignatureFile, SignedFiles, Vouched};
use weir_config::Plugins;

/// What a configuration says of signatures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    required: bool,
    /// Whether signatures are looked at, though none is required: somebody may sign.
    looks: bool,
    keys: Vec<PublicKey>,
}

impl Trust {
    /// Reads the keys of a configuration.
    ///
    /// # Errors
    /// If one of them is none.
    pub(crate) fn read(plugins: &Plugins) -> Result<Self, LoadError> {
        let keys = plugins.keys.iter().map(|key| key.parse()).collect::<Result<Vec<_>, _>>()?;
        let required = plugins.require_signature;
        Ok(Self { required, looks: required || !keys.is_empty(), keys })
    }

    /// The same, less what a newer configuration takes away that does not serve yet.
    pub(crate) fn without_revoked(self, newer: &Self) -> Self {
        if !self.looks {
            return if newer.required { newer.clone() } else { self };
        }
        let keys = self.keys.into_iter().filter(|key| !newer.looks || newer.keys.contains(key)).collect();
        Self { required: self.required || newer.required, looks: true, keys }
    }

    /// Whether signatures are looked at.
    pub(crate) fn looks(&self) -> bool {
        self.looks
    }

    /// Whether a plugin may serve, of which just this was found. `signatures` is the text of its `NAME.wasm.sig`, if there is
    /// one. Answers what is vouched for, and by whom of those who are trusted; none where nobody vouches and nobody needs
    /// to.
    pub(crate) fn check(
        &self,
        found: &SignedFiles<'_>,
        signatures: Option<&str>,
    ) -> Result<Option<(Vouched, Vec<PublicKey>)>, LoadError> {
        match signatures.filter(|_| self.looks) {
            Some(text) => {
                let file = SignatureFile::read(text)?;
                let vouched = file.verify(found, &self.keys)?;
                Ok(Some((vouched, file.signers_among(&self.keys))))
            }
            None if self.required => Err(SignatureError::None.into()),
            None => Ok(None),
        }
    }

    /// Whether a plugin that serves may go on, by those who signed it: none, if it was not signed or nobody looked.
    pub(crate) fn admits(&self, signers: &[PublicKey]) -> bool {
        let unsigned = signers.is_empty() && !self.required;
        !self.looks || unsigned || signers.iter().any(|signer| self.keys.contains(signer))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
