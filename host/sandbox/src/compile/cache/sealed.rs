//! Small texts beside the compiled code, sealed like it: what is to be known after the next start.

use super::{Cache, SEAL, half_of, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use weir_config::file;

/// What the files' names end with.
const KIND: &str = "kept";
/// Bytes of one text.
const MOST: u64 = 4 << 20;
/// Texts in one folder; the one that was written longest ago goes first.
const FILES: usize = 256;

impl Cache {
    /// Where a text of this name is kept.
    pub(crate) fn text_path(&self, name: &blake3::Hash) -> PathBuf {
        let hex = name.to_hex();
        self.folder.join(format!("{}.{KIND}", hex.as_str().get(..32).unwrap_or_default()))
    }

    /// The text that was kept under a name; none if there is none.
    ///
    /// # Errors
    /// Why it cannot be read, or that it is not as it was written.
    pub(crate) fn text(&self, name: &blake3::Hash) -> Result<Option<String>, String> {
        let path = self.text_path(name);
        let kept = match file::read(&path, MOST) {
            Ok(kept) => kept,
            Err(why) if why.is_absent() => return Ok(None),
            Err(why) => return Err(format!("{}: {}", path.display(), why.why())),
        };
        let intact = kept.split_first_chunk::<SEAL>().filter(|(seal, text)| self.seal_text(name, text) == **seal);
        let text = intact.and_then(|(_, text)| String::from_utf8(text.to_vec()).ok());
        text.map(Some).ok_or_else(|| format!("{} does not match its seal: it was changed or damaged", path.display()))
    }

    /// Keeps a text under a name, in place of what was kept under it.
    pub(crate) fn keep_text(&self, name: &blake3::Hash, text: &str) -> std::io::Result<()> {
        let path = self.text_path(name);
        let half = half_of(&path);
        let written = write(&half, &[self.seal_text(name, text.as_bytes()).as_bytes(), text.as_bytes()]);
        written.and_then(|()| fs::rename(&half, &path)).inspect_err(|_| drop(fs::remove_file(&half)))?;
        self.prune_texts(&path)
    }

    /// Another key than that of compiled code, so that the one can never pass for the other.
    fn seal_text(&self, name: &blake3::Hash, text: &[u8]) -> blake3::Hash {
        let key = blake3::derive_key("weir 2026-11 texts beside compiled code", &self.key);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(name.as_bytes()).update(text);
        hasher.finalize()
    }

    fn prune_texts(&self, newest: &Path) -> std::io::Result<()> {
        // Others may be taking the same ones away.
        let entries = fs::read_dir(&self.folder)?.filter_map(Result::ok).map(|entry| entry.path());
        let written = |path: PathBuf| Some((fs::metadata(&path).and_then(|meta| meta.modified()).ok()?, path));
        let kept = entries.filter(|path| path.extension().is_some_and(|kind| kind == KIND));
        let mut texts: Vec<(SystemTime, PathBuf)> = kept.filter_map(written).collect();
        texts.sort();
        let more = texts.len().saturating_sub(FILES);
        for (_, path) in texts.into_iter().filter(|(_, path)| path != newest).take(more) {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}
