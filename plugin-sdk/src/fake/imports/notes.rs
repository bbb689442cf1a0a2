//! `notes`: what one call leaves for the next of its request.

use super::super::state::{call, write};

const NOTES: usize = 16;
const NOTES_BYTES: usize = 16 * 1024;

pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
    call(|state| state.notes.get(key).cloned()).flatten()
}

pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), String> {
    write(format!("notes.set {key}"), |state| {
        let others = state.notes.iter().filter(|(have, _)| *have != key);
        let (count, bytes) = others.fold((1, key.len() + value.len()), |(count, bytes), (key, value)| {
            (count + 1, bytes + key.len() + value.len())
        });
        if count > NOTES || bytes > NOTES_BYTES {
            return Err("more than 16 notes or 16 KiB of them".to_owned());
        }
        state.notes.insert(key.to_owned(), value.to_vec());
        Ok(())
    })
}
