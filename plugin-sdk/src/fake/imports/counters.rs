//! `counters`.

use super::super::state::call;

pub(crate) fn add(name: &str, value: u64) {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(allowed);
    let name = if fits { name } else { "other" };
    call(|state| {
        let sum = state.counters.entry(name.to_owned()).or_insert(0);
        *sum = sum.saturating_add(value);
    });
}
