//! Which versions of a plugin's file may serve: on trial first, pinned by hash, signed.

use std::time::Duration;

use crate::table::ConfigTable;
use crate::units::{LONGEST, SHORTEST};
use crate::value::ConfigValue;

/// How a new version of a plugin's file proves itself before it serves everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// The share of requests that see the new version; 10 by default, 1 to 90.
    pub percent: u8,
    /// How long the trial lasts at least; 5 min by default, 1 ms to 24 h.
    pub lasts: Duration,
    /// Requests that the new version must have answered at one of its hooks at least, where a stream is one; 100 by default,
    /// 1 to 10⁹.
    pub calls: u64,
    /// Of a hundred calls, how many more the new version may refuse than the old one does over the same time, 0 to 99; as many
    /// as it likes, if none.
    pub more_refusals: Option<u8>,
}

impl Canary {
    /// Reads `canary` of a plugin's settings: a table, each key of which may be left out.
    pub(crate) fn read(table: &ConfigTable<'_>) -> Option<Self> {
        let table = table.value("canary")?.table()?;
        let canary = Self {
            percent: table.whole("percent", 10, 1..=90),
            lasts: table.duration("for", Duration::from_secs(300), SHORTEST..=LONGEST),
            calls: table.whole("calls", 100, 1..=1_000_000_000),
            more_refusals: table.value("more_refusals").and_then(|value| value.whole(0..=99)),
        };
        table.finish();
        Some(canary)
    }
}

/// The hash of a file, as `b3sum` and `weir plugin inspect` print it.
pub(crate) fn file_hash(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    let hash = text.value.strip_prefix("blake3:").unwrap_or(&text.value).to_ascii_lowercase();
    if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(hash);
    }
    value.problem(
        format!("{} is no BLAKE3 hash", text.quote()),
        "give the 64 hexadecimal digits that `weir plugin inspect FILE` prints",
    );
    None
}

/// `plugins.keys`.
pub(crate) fn public_keys(value: &ConfigValue<'_>) -> Vec<String> {
    let mut keys = Vec::new();
    for item in value.items().unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        let encoded = text.value.strip_prefix("ed25519:").unwrap_or_default();
        if encoded.len() == 44 && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)) {
            keys.push(text.value);
        } else {
            item.problem(
                format!("{} is no public key", text.quote()),
                "give `ed25519:` and 44 characters of base64, as `weir plugin keygen` prints them",
            );
        }
    }
    keys
}
