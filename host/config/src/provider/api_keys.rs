//! `api_keys`: several keys of one provider, which take turns.

use std::collections::HashSet;

use super::headers::header_secret;
use crate::keys::ConfigKey;
use crate::names;
use crate::secret::{Secret, looks_secret};
use crate::table::ConfigTable;
use crate::told::{Tell, ToldTable};
use crate::value::ConfigValue;

/// The most keys that a provider may have.
const MOST: usize = 32;
/// The most that a key may weigh.
const HEAVIEST: u32 = 1_000;

/// One of several keys of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderKey {
    /// What logs, metrics and probes call it: 1 to 64 letters, digits, `_`, `-` and `.`; `key-1` and so on by default.
    pub name: String,
    /// Its share of the requests, beside those of the others: 0 to 1,000, and 1 by default. One of 0 is never sent.
    pub weight: u32,
    /// The key itself.
    pub secret: Secret,
}

/// The keys that take turns; whether there is an `api_key` beside them.
pub(super) struct ApiKeysKey(pub(super) bool);

impl ConfigKey<Vec<ProviderKey>> for ApiKeysKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<ProviderKey>) -> Vec<ProviderKey> {
        let Some(value) = table.value(key) else { return default };
        if self.0 {
            value.problem("stands beside api_key", "keep one of the two; a provider's only key may stand in either");
        }
        read_keys(&value)
    }

    fn tell(value: &Vec<ProviderKey>, key: &str, told: &mut ToldTable) {
        told.list(key, value.iter().map(|one| (one.name.clone(), one)));
    }
}

impl Tell for ProviderKey {
    fn tell(&self, told: &mut ToldTable) {
        told.hidden("key", self.secret.expose());
        told.open("weight", self.weight);
    }
}

fn read_keys(value: &ConfigValue<'_>) -> Vec<ProviderKey> {
    let items = value.items().unwrap_or_default();
    if items.is_empty() && value.toml.is_array() {
        value.problem("names no key", "give at least one, as in api_keys = [{ key = \"${KEY_A}\" }], or leave it out");
    }
    if items.len() > MOST {
        let what = format!("holds {} keys, and {MOST} is the most", items.len());
        value.problem(what, "leave some out, or give them to a provider of another name");
        return Vec::new();
    }
    let (mut keys, mut unread, mut names) = (Vec::<ProviderKey>::new(), false, HashSet::new());
    for (index, item) in items.iter().enumerate() {
        let name = format!("key-{}", index + 1);
        let Some((key, named)) = read_key(item, name) else {
            unread = true;
            continue;
        };
        if !names.insert(key.name.clone()) {
            named.unwrap_or_else(|| item.clone()).problem("is the name of two keys", "give each a name of its own");
        }
        if let Some(same) = keys.iter().find(|known| known.secret == key.secret) {
            let fix = "remove one of them; a larger weight has a key sent more often";
            item.problem(format!("holds the same key as {}", same.name), fix);
        }
        keys.push(key);
    }
    if !keys.is_empty() && !unread && keys.iter().all(|key| key.weight == 0) {
        value
            .problem("has weight 0 everywhere, so that no key would be sent", "give one of them a weight of 1 or more");
    }
    keys
}

/// `{ key = "…", weight = 1, name = "…" }`; and where the name stands, if it is given.
fn read_key<'t>(item: &ConfigValue<'t>, default: String) -> Option<(ProviderKey, Option<ConfigValue<'t>>)> {
    let table = item.table()?;
    let secret = table.required("key", "give the key, as in key = \"${KEY_A}\"");
    let secret = secret.and_then(|value| header_secret(&value));
    let weight = table.whole("weight", 1, 0..=HEAVIEST);
    let named = table.value("name");
    let name = named.as_ref().map_or(Some(default), read_name);
    table.finish();
    Some((ProviderKey { name: name?, weight, secret: secret? }, named))
}

fn read_name(value: &ConfigValue<'_>) -> Option<String> {
    let name = value.text()?.value;
    if looks_secret(&name) {
        value.problem("looks like a secret, and names stand in logs and metrics", "put it into key, and give a name");
        return None;
    }
    names::check_name(value.source, &value.at, &name);
    Some(name)
}
