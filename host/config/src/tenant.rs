//! `[tenants.NAME]`: who may ask.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use crate::keys::{ConfigKey, LimitKey, keys};
use crate::names;
use crate::secret::{Secret, looks_secret};
use crate::table::ConfigTable;
use crate::told::{self, Tell as _, ToldTable};
use crate::value::ConfigValue;

keys! {
    /// A team with its own keys, limits and models.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TenantConfig(table, name: &str, reader: &mut TenantReader<'_>) {
        /// Its name in the file: 1 to 64 letters, digits, `_`, `-` and `.`.
        pub name: String = name.to_owned();
        /// Patterns of the models it may use, as [`glob`](crate::glob()) reads them; at least one.
        pub models: Vec<String> = Vec::new() => "models" TenantModelsKey(&reader.models);
        /// Requests that all its keys together may make in a minute; none is unlimited.
        pub requests_per_minute: Option<u32> = None => "requests_per_minute" LimitKey();
        /// Requests that all its keys together may have in flight; none is unlimited.
        pub concurrency: Option<u32> = None => "concurrency" LimitKey();
        /// Its keys.
        pub keys: Vec<KeyConfig> = Vec::new() => "keys" KeysKey(&name, reader);
    }
}

keys! {
    /// A key of a tenant. The secret part is not known to Weir, only its hash; `Debug` leaves that out too.
    #[derive(Clone, PartialEq, Eq)]
    pub struct KeyConfig(table, tenant: &str, reader: &mut TenantReader<'_>) {
        /// The public part of the token `sk-weir-<id>-<secret>`: 1 to 64 of `a-z`, `0-9` and `_`; unique among all tenants.
        pub id: String = String::new() => "id" KeyIdKey(tenant, reader);
        /// The keyed BLAKE3 hash of the secret part; `blake3:<64 hex digits>` in the file.
        pub hash: [u8; 32] = [0; 32] => "hash" KeyHashKey(reader);
        /// A secret that clients may sign their requests with, as AWS' SDKs do; none where they may not. It is kept as it is, for
        /// a signature can be checked with nothing else.
        pub secret: Option<Secret> = None => "secret" SigningSecretKey(reader);
        /// Requests that this key may make in a minute; none leaves it to the tenant's limit.
        pub requests_per_minute: Option<u32> = None => "requests_per_minute" LimitKey();
        /// Requests that this key may have in flight; none leaves it to the tenant's limit.
        pub concurrency: Option<u32> = None => "concurrency" LimitKey();
        /// Patterns of the models that this key may use, out of those that the tenant may; none is all of these.
        pub models: Option<Vec<String>> = None => "models" KeyModelsKey(&reader.models);
    }
}

impl fmt::Debug for KeyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("requests_per_minute", &self.requests_per_minute)
            .field("concurrency", &self.concurrency)
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}

/// The keys of Weir's default configuration and its examples. Their secret is known to everybody: it is `demo`.
const DEMO_HASHES: [&str; 5] = [
    "1bded87ba73119e12f66b6082296d59328603a3d9e558fa7cbe2a70ddedb1675",
    "6e779aef6875a5c44c2b1e724e0d5a9d83ac784059bbb00faeb62999b18cc317",
    "d90052c4fbec41203ce57e7bb0eea3d4afe56168b1a18f88e13050f116484b1f",
    "3531ec6c730c208c733c231107bd0d35c1cc9a96d5a9a989d2a0d403ab88a6b1",
    "e8a38bc70b968feaecf08b5f8206c8ae7f5fa32fd77a8d3121f0447ae42c3d0f",
];

/// What the tenants of a file are checked against, and the keys seen so far.
pub(crate) struct TenantReader<'r> {
    /// Names of the models.
    pub(crate) models: Vec<&'r str>,
    /// The address that others can reach, if there is one.
    pub(crate) exposed: Option<SocketAddr>,
    /// Whether keys are hashed without a pepper, as the demo keys are.
    pub(crate) unpeppered: bool,
    /// The tenant and line of each key's id.
    seen: HashMap<String, (String, u32)>,
}

impl<'r> TenantReader<'r> {
    pub(crate) fn new(models: Vec<&'r str>, exposed: Option<SocketAddr>, unpeppered: bool) -> Self {
        Self { models, exposed, unpeppered, seen: HashMap::new() }
    }

    /// Reads every `[tenants.NAME]`.
    pub(crate) fn read(&mut self, table: &ConfigTable<'_>) -> Vec<TenantConfig> {
        let mut tenants = Vec::new();
        for (name, value) in table.named() {
            names::check_name(table.source, &value.at, name);
            let Some(table) = value.table() else { continue };
            if !names::parted_by_a_dot(&table, "tenants", name, &["keys"]) {
                tenants.push(self.tenant(name, table));
            }
        }
        tenants
    }

    fn tenant(&mut self, name: &str, table: ConfigTable<'_>) -> TenantConfig {
        let tenant = TenantConfig::of(&table, name, self);
        if tenant.keys.is_empty() {
            let what = "this tenant has no keys, so that nobody can ask in its name";
            table.source.warn(&table.at, what, "make one with `weir key new`");
        }
        table.finish();
        tenant
    }

    fn key_id(&mut self, tenant: &str, value: &ConfigValue<'_>) -> Option<String> {
        let text = value.text()?;
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !(1..=64).contains(&text.value.len()) || !text.value.bytes().all(valid) {
            if text.value.starts_with(TOKEN) {
                let fix = format!("give the part between `{TOKEN}` and the next `-` only; {COMPROMISED}");
                value.problem("is a whole token, and not a key's id: this is a secret", fix);
                return None;
            }
            let what = format!("{} is not a key's id", text.quote());
            value.problem(what, "use 1 to 64 of the characters a-z, 0-9 and _");
            return None;
        }
        let here = (tenant.to_owned(), value.at.line);
        if let Some((other, line)) = self.seen.insert(text.value.clone(), here) {
            value.problem(
                format!("{} is also the id of a key of tenant `{other}`, in line {line}", text.quote()),
                "give each key an id of its own",
            );
        }
        Some(text.value)
    }

    fn key_hash(&self, value: &ConfigValue<'_>) -> Option<[u8; 32]> {
        let text = value.text()?.value;
        let hash = text.strip_prefix("blake3:").and_then(unhex);
        // The value is not quoted: it may be a key that was put here by mistake.
        if hash.is_none() {
            let (what, fix) = no_hash(&text);
            value.problem(what, fix);
        }
        let hex = text.strip_prefix("blake3:").unwrap_or_default().to_ascii_lowercase();
        if let Some(address) = self.exposed
            && self.unpeppered
            && DEMO_HASHES.contains(&hex.as_str())
        {
            value.source.warn(
                &value.at,
                format!("this is a demo key, which everybody knows, and others can reach {address}"),
                "remove it, or listen on a loopback address",
            );
        }
        hash
    }
}

/// The models that a tenant may use, out of these; has to be said.
struct TenantModelsKey<'a>(&'a [&'a str]);

impl ConfigKey<Vec<String>> for TenantModelsKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        let models = table.required(key, "say which models this tenant may use; [\"*\"] is all of them");
        models.map_or(default, |value| names::patterns(&value, self.0))
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, told::names(value));
    }
}

/// The models that a key may use, out of these.
struct KeyModelsKey<'a>(&'a [&'a str]);

impl ConfigKey<Option<Vec<String>>> for KeyModelsKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Vec<String>>) -> Option<Vec<String>> {
        table.value(key).map(|value| names::patterns(&value, self.0)).or(default)
    }

    fn tell(value: &Option<Vec<String>>, key: &str, told: &mut ToldTable) {
        told.open(key, value.as_ref().map_or_else(|| "the tenant's".to_owned(), |models| told::names(models)));
    }
}

/// The keys of a tenant, each a table of its own.
struct KeysKey<'a, 'r>(&'a str, &'a mut TenantReader<'r>);

impl ConfigKey<Vec<KeyConfig>> for KeysKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<KeyConfig>) -> Vec<KeyConfig> {
        let mut keys = default;
        for item in table.value(key).and_then(|value| value.items()).unwrap_or_default() {
            let Some(table) = item.table() else { continue };
            keys.push(KeyConfig::of(&table, self.0, self.1));
            table.finish();
        }
        keys
    }

    fn tell(value: &Vec<KeyConfig>, key: &str, told: &mut ToldTable) {
        value.iter().for_each(|one| told.named(key, &one.id, |told| one.tell(told)));
    }
}

/// The id of a key of a tenant, by which the key is recognised. Where it is missing there is a problem, and the key is never
/// used.
struct KeyIdKey<'a, 'r>(&'a str, &'a mut TenantReader<'r>);

impl ConfigKey<String> for KeyIdKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        let id = table.required(key, "give the public part of the key");
        id.and_then(|value| self.1.key_id(self.0, &value)).unwrap_or(default)
    }

    fn tell(_: &String, _: &str, _: &mut ToldTable) {}
}

/// The hash of a key's secret; likewise.
struct KeyHashKey<'a, 'r>(&'a TenantReader<'r>);

impl ConfigKey<[u8; 32]> for KeyHashKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: [u8; 32]) -> [u8; 32] {
        let hash = table.required(key, "make a key with `weir key new`, which prints the line");
        hash.and_then(|value| self.0.key_hash(&value)).unwrap_or(default)
    }

    fn tell(value: &[u8; 32], key: &str, told: &mut ToldTable) {
        told.hidden(key, value.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
}

/// What a key's owner signs with: 1 to 256 visible characters.
struct SigningSecretKey<'a, 'r>(&'a TenantReader<'r>);

impl ConfigKey<Option<Secret>> for SigningSecretKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Secret>) -> Option<Secret> {
        let Some(value) = table.value(key) else { return default };
        let secret = value.secret()?;
        let text = secret.expose();
        if !(1..=256).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            value.problem("is no secret to sign with", "give 1 to 256 visible characters of ASCII, without spaces");
        } else if let Some(address) = self.0.exposed
            && text.len() < SHORT
        {
            let what = format!("is short enough to be guessed from one signed request, and others can reach {address}");
            value.source.warn(&value.at, what, "take the one that `weir key new --sigv4` makes");
        }
        Some(secret)
    }

    fn tell(value: &Option<Secret>, key: &str, told: &mut ToldTable) {
        if let Some(secret) = value {
            told.hidden(key, secret.expose());
        }
    }
}

/// A secret of fewer characters may be found by trying.
const SHORT: usize = 16;

/// What every token begins with.
const TOKEN: &str = "sk-weir-";
const COMPROMISED: &str = "then make a new key, for this one has been in a file";

/// What a text is that stands where a hash should, without a word of it.
fn no_hash(text: &str) -> (&'static str, String) {
    let printed = "`weir key new` prints it as hash = \"blake3:…\"";
    if text.starts_with(TOKEN) {
        let fix = format!("put the hash in its place, {printed} together with the token; {COMPROMISED}");
        return ("is a token, and not a key's hash: this is a secret", fix);
    }
    if looks_secret(text) {
        return ("looks like a secret, and not like a key's hash", format!("put the hash in its place: {printed}"));
    }
    if unhex(text).is_some() {
        return ("is not a key's hash", "put `blake3:` before its digits".to_owned());
    }
    ("is not a key's hash", "give \"blake3:\" and 64 hex digits, as `weir key new` prints them".to_owned())
}

/// 64 hex digits as bytes.
fn unhex(hex: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Option<Vec<u8>> = hex.bytes().map(digit).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = high << 4 | low;
    }
    Some(hash)
}
