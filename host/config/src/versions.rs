//! Which versions of a plugin's file may serve: on trial first, pinned by hash, signed.

use std::time::Duration;

use crate::keys::{ConfigKey, CountKey, TimeKey, keys};
use crate::table::ConfigTable;
use crate::told::{ToldTable, list};
use crate::units::{LONGEST, SHORTEST, show_duration};
use crate::value::ConfigValue;

keys! {
    /// How a new version of a plugin's file proves itself before it serves everybody.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Canary(table) {
        /// The share of requests that see the new version; 10 by default, 1 to 90.
        pub percent: u8 = 10 => "percent" CountKey(1..=90);
        /// How long the trial lasts at least; 5 min by default, 1 ms to 24 h.
        pub lasts: Duration = Duration::from_secs(300) => "for" TimeKey(SHORTEST..=LONGEST);
        /// Requests that the new version must have answered at one of its hooks at least, where a stream is one; 100 by
        /// default, 1 to 10⁹.
        pub calls: u64 = 100 => "calls" CountKey(1..=1_000_000_000);
        /// Of a hundred calls, how many more the new version may refuse than the old one does over the same time, 0 to 99;
        /// as many as it likes, if none.
        pub more_refusals: Option<u8> = None => "more_refusals" MoreRefusalsKey();
    }
}

/// How many more may be refused, if there is a bound.
struct MoreRefusalsKey();

impl ConfigKey<Option<u8>> for MoreRefusalsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<u8>) -> Option<u8> {
        table.value(key).and_then(|value| value.whole(0..=99)).or(default)
    }

    fn tell(value: &Option<u8>, key: &str, told: &mut ToldTable) {
        told.open(key, value.map_or_else(|| "any".to_owned(), |more| more.to_string()));
    }
}

/// A trial, each key of which may be left out.
pub(crate) struct CanaryKey();

impl ConfigKey<Option<Canary>> for CanaryKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Canary>) -> Option<Canary> {
        let Some(table) = table.value(key).and_then(|value| value.table()) else { return default };
        let canary = Canary::of(&table);
        table.finish();
        Some(canary)
    }

    fn tell(value: &Option<Canary>, key: &str, told: &mut ToldTable) {
        // All of them, so that one that is added cannot be left out.
        let shown = |Canary { percent, lasts, calls, more_refusals }: Canary| {
            let refusals = more_refusals.map(|more| format!(", {more} % more refusals")).unwrap_or_default();
            format!("{percent} %, {}, {calls} calls{refusals}", show_duration(lasts))
        };
        told.open(key, value.map_or_else(|| "none".to_owned(), shown));
    }
}

/// The hash of the only file that may serve, if there is one.
pub(crate) struct FileHashKey();

impl ConfigKey<Option<String>> for FileHashKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<String>) -> Option<String> {
        table.value(key).and_then(|value| file_hash(&value)).or(default)
    }

    fn tell(value: &Option<String>, key: &str, told: &mut ToldTable) {
        told.open(key, value.as_deref().unwrap_or("any"));
    }
}

/// The hash of a file, as `b3sum` and `weir plugin inspect` print it.
fn file_hash(value: &ConfigValue<'_>) -> Option<String> {
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

/// Public keys.
pub(crate) struct PublicKeysKey();

impl ConfigKey<Vec<String>> for PublicKeysKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        table.value(key).map_or(default, |value| public_keys(&value))
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, list(value.iter().cloned()));
    }
}

fn public_keys(value: &ConfigValue<'_>) -> Vec<String> {
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
