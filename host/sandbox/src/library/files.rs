//! What is read of plugins' files: once, and then only what may be another one by now. So a reload costs what has changed, and
//! not what there is.

use crate::engine::FILE_LIMIT;
use crate::schema;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use weir_config::file::{self, FileBytes, FileContent, FileSpot, Identity};
use weir_config::{FileError, Looked};

/// Bytes of texts that are kept together; what finds no room is read at each look.
const KEPT: usize = 16 << 20;

/// What was read, and which files lay still when somebody looked last.
#[derive(Debug, Default)]
pub(super) struct Files {
    looked: Looked,
    /// Counts the looks.
    look: u64,
    components: HashMap<PathBuf, ReadFile<ComponentFacts>>,
    texts: HashMap<PathBuf, ReadFile<Arc<str>>>,
    /// Bytes of these.
    kept: usize,
}

#[derive(Debug)]
struct ReadFile<T> {
    identity: Identity,
    what: T,
    /// The look at which it was wanted last.
    wanted: u64,
}

/// What is kept of a component.
#[derive(Debug, Clone, Copy)]
struct ComponentFacts {
    hash: blake3::Hash,
    has_schema: bool,
}

/// A component as it stands in its file.
#[derive(Debug)]
pub(super) struct ReadComponent {
    pub(super) hash: blake3::Hash,
    /// Whether a schema of its settings is in it.
    pub(super) has_schema: bool,
    /// Its bytes, if they were read just now.
    bytes: Option<FileBytes>,
}

impl Files {
    /// Begins a look, at files of which this is known.
    pub(super) fn look(&mut self, looked: Looked) {
        self.looked = looked;
        self.look += 1;
    }

    /// Ends it: what nobody wanted is forgotten.
    pub(super) fn looked(&mut self) {
        let look = self.look;
        self.components.retain(|_, known| known.wanted == look);
        self.texts.retain(|_, known| known.wanted == look);
        self.kept = self.texts.values().map(|known| known.what.len()).sum();
    }

    /// Forgets all: the next look reads anew whatever there is.
    pub(super) fn forget(&mut self) {
        self.components.clear();
        self.texts.clear();
        self.kept = 0;
    }

    /// The component in a file.
    pub(super) async fn component(&mut self, spot: &FileSpot) -> Result<ReadComponent, FileError> {
        let known = self.components.remove(spot.path());
        let (at, looked, identity) = (spot.clone(), self.looked.clone(), known.as_ref().map(|known| known.identity));
        let read = move || match file::read_new(at, FILE_LIMIT, &looked, identity)? {
            FileContent::Same => Ok::<_, FileError>(None),
            FileContent::New(wasm, identity) => {
                let facts = ComponentFacts { hash: blake3::hash(&wasm), has_schema: schema::embedded(&wasm).is_some() };
                Ok(Some((facts, wasm, identity)))
            }
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(|e| FileError::Io(std::io::Error::other(e)))??;
        let (facts, bytes, identity) = match (read, known) {
            (Some((facts, bytes, identity)), _) => (facts, Some(bytes), identity),
            (None, Some(known)) => (known.what, None, Some(known.identity)),
            // It is only the same as something.
            (None, None) => return Err(FileError::Moving),
        };
        if let Some(identity) = identity {
            self.components.insert(spot.path().to_owned(), ReadFile { identity, what: facts, wanted: self.look });
        }
        Ok(ReadComponent { hash: facts.hash, has_schema: facts.has_schema, bytes })
    }

    /// The bytes of a component, which are read again if they were not just now.
    pub(super) async fn bytes(&self, spot: &FileSpot, component: ReadComponent) -> Result<FileBytes, FileError> {
        if let Some(bytes) = component.bytes {
            return Ok(bytes);
        }
        let (at, looked) = (spot.clone(), self.looked.clone());
        let read = tokio::task::spawn_blocking(move || {
            let wasm = file::read_still(at, FILE_LIMIT, &looked)?;
            if blake3::hash(&wasm) == component.hash { Ok(wasm) } else { Err(FileError::Moving) }
        });
        read.await.map_err(|e| FileError::Io(std::io::Error::other(e)))?
    }

    /// The text in a file of at most `most` bytes.
    pub(super) fn text(&mut self, spot: &FileSpot, most: u64) -> Result<Arc<str>, FileError> {
        let known = self.texts.remove(spot.path());
        self.kept -= known.as_ref().map_or(0, |known| known.what.len()).min(self.kept);
        let identity = known.as_ref().map(|known| known.identity);
        let (text, identity) = match (file::read_new(spot.clone(), most, &self.looked, identity)?, known) {
            (FileContent::New(bytes, identity), _) => (Arc::from(file::text(bytes)?), identity),
            (FileContent::Same, Some(known)) => (known.what, Some(known.identity)),
            (FileContent::Same, None) => return Err(FileError::Moving),
        };
        if let Some(identity) = identity.filter(|_| self.kept + text.len() <= KEPT) {
            self.kept += text.len();
            let known = ReadFile { identity, what: Arc::clone(&text), wanted: self.look };
            self.texts.insert(spot.path().to_owned(), known);
        }
        Ok(text)
    }
}
