//! Who vouches for a plugin, and for what: a manifest and ed25519 signatures of it, in a file of their own beside the
//! plugin's.
//!
//! `NAME.wasm.sig` begins with a manifest, which says what the plugin is for: its name, its version, and a digest of each
//! file that it is read from. Behind it stands a line for each signature of that manifest: `ed25519:<public key>
//! <signature>`, both in base64. What is signed is the manifest's text behind [`DOMAIN`], so that a signature says nothing
//! about anything but a plugin of Weir. Empty lines and lines that begin with `#` are left out behind the manifest, and
//! nowhere in it.

mod key;
mod manifest;

pub use key::{PublicKey, SecretKey, SigningKeyError};
pub use manifest::{Beside, Difference, Manifest, PluginPart, SignedFiles};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What stands before the manifest in what is signed.
pub const DOMAIN: &[u8] = b"weir-plugin-v2\0";
/// Lines behind the manifest that are looked at; who needs more signers has another problem.
const LINES: usize = 64;
/// How a line with a signature begins.
const SIGNER: &str = "ed25519:";

/// Why nobody who is trusted vouches for a plugin. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("there is no signature: run `weir plugin sign FILE --key KEYFILE`")]
    None,
    /// More lines than are looked at.
    #[error("more than {LINES} lines behind the manifest")]
    TooMany,
    /// A signature of the component's bytes, as they were made before there were manifests.
    #[error(
        "its signature is of the component alone, and says neither for which plugin nor with which settings: sign anew \
         with `weir plugin sign FILE --key KEYFILE`"
    )]
    BytesAlone,
    /// The manifest is none.
    #[error("line {line} of its manifest: {why}; sign anew with `weir plugin sign FILE --key KEYFILE`")]
    Manifest {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A line is not `ed25519:<public key> <signature>`.
    #[error("line {line} is no signature: {why}")]
    Malformed {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A trusted key signed something else.
    #[error("line {line}: the signature of {key} is not of this manifest: it was changed after it was signed")]
    Wrong {
        /// Which line.
        line: usize,
        /// Whose.
        key: PublicKey,
    },
    /// Nobody who signed is trusted.
    #[error("signed by {signer}, which is not among the trusted keys")]
    Untrusted {
        /// The first who signed.
        signer: PublicKey,
    },
    /// What is there is not what was signed.
    #[error(transparent)]
    Differs(#[from] Difference),
}

/// What a `.sig` file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFile<'t> {
    /// What is signed.
    pub manifest: Manifest,
    /// The lines behind it that are to be signatures, with their numbers.
    lines: Vec<(usize, &'t str)>,
    /// Whether there are more lines than are looked at.
    too_many: bool,
}

impl<'t> SignatureFile<'t> {
    /// Reads the text of a `.sig` file; whether any signature in it holds is not looked at yet.
    ///
    /// # Errors
    /// If it does not begin with a manifest.
    pub fn read(text: &'t str) -> Result<Self, SignatureError> {
        let mut said = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        match said.next() {
            None => return Err(SignatureError::None),
            Some(line) if line.starts_with(SIGNER) => return Err(SignatureError::BytesAlone),
            Some(_) => {}
        }
        let (manifest, rest) = Manifest::read(text).map_err(|(line, why)| SignatureError::Manifest { line, why })?;
        let before = text.lines().count() - rest.lines().count();
        let said = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
        let numbered = rest.lines().enumerate().map(|(at, line)| (before + at + 1, line.trim()));
        let lines = numbered.take(LINES).filter(said).collect();
        Ok(Self { manifest, lines, too_many: rest.lines().nth(LINES).is_some() })
    }

    /// Who of `keys` signed the manifest: the first line that holds decides. A line by somebody else, or one that does not
    /// hold, hides none that does.
    ///
    /// # Errors
    /// If no line holds: what is wrong with the first line by a trusted key, else with the first line.
    pub fn signer(&self, keys: &[PublicKey]) -> Result<PublicKey, SignatureError> {
        let message = message(&self.manifest);
        let mut first: Option<SignatureError> = None;
        for (line, text) in &self.lines {
            let problem = match check(*line, text, &message) {
                Ok(signer) if keys.contains(&signer) => return Ok(signer),
                Ok(signer) => SignatureError::Untrusted { signer },
                // Who is not trusted may have signed whatever they like.
                Err(SignatureError::Wrong { key: signer, .. }) if !keys.contains(&signer) => {
                    SignatureError::Untrusted { signer }
                }
                Err(why) => why,
            };
            if first.is_none() || matches!(problem, SignatureError::Wrong { .. }) {
                first = Some(problem);
            }
        }
        let none = if self.too_many { SignatureError::TooMany } else { SignatureError::None };
        Err(first.unwrap_or(none))
    }

    /// Whether one of `keys` vouches for what was found: it signed the manifest, and that says just this.
    ///
    /// # Errors
    /// If nobody trusted signed it, or it is about something else.
    pub fn verify(&self, found: &SignedFiles<'_>, keys: &[PublicKey]) -> Result<Vouched, SignatureError> {
        self.signer(keys)?;
        self.manifest.compare(found)?;
        Ok(Vouched { version: self.manifest.version, manifest: blake3::hash(self.manifest.text().as_bytes()) })
    }

    /// Those of `keys` whose signatures hold.
    #[must_use]
    pub fn signers_among(&self, keys: &[PublicKey]) -> Vec<PublicKey> {
        let message = message(&self.manifest);
        let is_one = |line: &str| read(line).is_ok_and(|(key, _)| keys.contains(&key));
        let theirs = self.lines.iter().filter(|(_, line)| is_one(line));
        theirs.filter_map(|(line, text)| check(*line, text, &message).ok()).collect()
    }

    /// The keys whose signatures hold, whoever they are: for tools that show them. What does not hold is told with its
    /// line.
    #[must_use]
    pub fn signers(&self) -> Vec<Result<PublicKey, SignatureError>> {
        let message = message(&self.manifest);
        self.lines.iter().map(|(line, text)| check(*line, text, &message)).collect()
    }

    /// The lines with signatures, without those by this key: for whoever adds one.
    pub fn others(&self, key: &PublicKey) -> impl Iterator<Item = &'t str> {
        let own = key.to_string();
        self.lines.iter().map(|(_, line)| *line).filter(move |line| !line.starts_with(&own))
    }
}

/// What somebody who is trusted vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouched {
    /// Which version of the plugin.
    pub version: u64,
    /// BLAKE3 of the manifest's text: two that have the same are the same version of the same files.
    pub manifest: blake3::Hash,
}

/// The line for a `.sig` file, without its end.
#[must_use]
pub fn sign(manifest: &Manifest, key: &SecretKey) -> String {
    format!("{} {}", key.public(), STANDARD.encode(key.sign_bytes(&message(manifest))))
}

/// What is signed of a manifest.
fn message(manifest: &Manifest) -> Vec<u8> {
    [DOMAIN, manifest.text().as_bytes()].concat()
}

/// Who signed the message in this line.
fn check(line: usize, text: &str, message: &[u8]) -> Result<PublicKey, SignatureError> {
    let (key, signature) = read(text).map_err(|why| SignatureError::Malformed { line, why })?;
    if key.signed(message, &signature) { Ok(key) } else { Err(SignatureError::Wrong { line, key }) }
}

fn read(line: &str) -> Result<(PublicKey, [u8; 64]), String> {
    let (key, signature) = line.split_once(' ').ok_or_else(|| "it must be a key, a blank, a signature".to_owned())?;
    let key: PublicKey = key.parse().map_err(|e: SigningKeyError| e.to_string())?;
    let bytes = STANDARD.decode(signature.trim()).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    Ok((key, bytes.ok_or_else(|| "the signature must be 64 bytes in base64".to_owned())?))
}
