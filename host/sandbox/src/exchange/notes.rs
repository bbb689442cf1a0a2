//! What plugins keep of one request between their calls.

use bytes::Bytes;

/// Notes that one plugin may keep on one request, and their bytes (`notes` in the contract).
pub(super) const NOTES: usize = 16;
pub(super) const NOTE_BYTES: usize = 16 << 10;

/// The notes of all plugins on one request.
#[derive(Debug, Default)]
pub(super) struct RequestNotes(Vec<Note>);

#[derive(Debug)]
struct Note {
    plugin: u64,
    key: String,
    value: Bytes,
}

impl RequestNotes {
    /// A note of a plugin.
    pub(super) fn get(&self, plugin: u64, key: &str) -> Option<Bytes> {
        self.0.iter().find(|n| n.plugin == plugin && n.key == key).map(|n| n.value.clone())
    }

    /// Writes a note of a plugin, or leaves everything as it is if the bounds are reached.
    pub(super) fn set(&mut self, plugin: u64, key: &str, value: Bytes) -> Result<(), String> {
        let others = self.0.iter().filter(|n| n.plugin == plugin && n.key != key);
        let (count, bytes) = others.fold((0, 0), |(c, b), n| (c + 1, b + n.key.len() + n.value.len()));
        if count >= NOTES || bytes + key.len() + value.len() > NOTE_BYTES {
            return Err(format!("notes are bounded: {NOTES} of them and {NOTE_BYTES} bytes"));
        }
        match self.0.iter_mut().find(|n| n.plugin == plugin && n.key == key) {
            Some(note) => note.value = value,
            None => self.0.push(Note { plugin, key: key.to_owned(), value }),
        }
        Ok(())
    }

    /// Bytes of their values.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|note| note.value.len()).sum()
    }
}
