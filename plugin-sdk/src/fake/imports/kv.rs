//! `kv`: the key-value store.

use super::super::state::{State, call, write};

fn until(state: &State, ttl_ms: u64) -> u64 {
    if ttl_ms == 0 { u64::MAX } else { state.now.saturating_add(ttl_ms) }
}

pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
    call(|state| state.live(key)).flatten()
}

pub(crate) fn set(key: &str, value: &[u8], ttl_ms: u64) -> Result<(), String> {
    write(format!("kv.set {key}"), |state| {
        let until = until(state, ttl_ms);
        state.kv.insert(key.to_owned(), (value.to_vec(), until));
        Ok(())
    })
}

pub(crate) fn increment(key: &str, by: i64, ttl_ms: u64) -> Result<i64, String> {
    write(format!("kv.increment {key}"), |state| {
        let (old, until) = match state.live(key) {
            None => (0, until(state, ttl_ms)),
            Some(bytes) => {
                let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| format!("`{key}` does not hold a number"))?;
                (i64::from_le_bytes(bytes), state.kv.get(key).map_or(u64::MAX, |(_, until)| *until))
            }
        };
        let sum = old.saturating_add(by);
        state.kv.insert(key.to_owned(), (sum.to_le_bytes().to_vec(), until));
        Ok(sum)
    })
}

pub(crate) fn delete(key: &str) -> bool {
    call(|state| {
        let was = state.live(key).is_some();
        state.kv.remove(key);
        was
    })
    .unwrap_or(false)
}
