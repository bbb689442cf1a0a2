//! The tenants and keys of one configuration.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::type_complexity)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use subtle::ConstantTimeEq as _;
use weir_config::{Config, Secret};

use crate::allow::Allow;
use crate::denied::Denied;
use crate::key;
use crate::meter::{LimitMeter, LimitUsage};
use crate::rate::Rate;

/// Every tenant and key of one configuration. It is built off the hot path and then only read.
pub struct Tenants {
    tenants: Vec<Arc<Tenant>>,
    /// By the key's public id, which is unique among all tenants. Ids are in the map that the operator put there, and its
    /// hasher is keyed at random, so nobody else can make them collide.
    doors: HashMap<Arc<str>, KeyEntry, foldhash::fast::RandomState>,
    /// What a secret is compared with when no key has its id.
    blank: KeyHash,
    base: Instant,
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants").field("tenants", &self.tenants).finish_non_exhaustive()
    }
}

/// A key, and whom it lets in.
struct KeyEntry {
    lock: KeyHash,
    /// What it may sign with.
    signing: Option<Secret>,
    caller: Caller,
}

struct KeyHash {
    hashing_key: [u8; 32],
    hash: [u64; 4],
}

impl KeyHash {
    /// As long for a wrong secret as for the right one of the same length.
    fn opens(&self, secret: &str) -> bool {
        words(&key::hash_with(&self.hashing_key, secret)).ct_eq(&self.hash).into()
    }
}

/// A hash in words, since comparing in constant time costs as much for a word as for a byte.
fn words(hash: &[u8; 32]) -> [u64; 4] {
    let (words, _) = hash.as_chunks::<8>();
    std::array::from_fn(|at| words.get(at).map_or(0, |word| u64::from_le_bytes(*word)))
}

impl Tenants {
    /// Takes over the tenants of `config`. With `previous`, every tenant and key of the same name goes on counting
    /// where it was, also under other limits; requests that hold seats of `previous` count here too.
    ///
    /// Should two keys have one id, which a checked configuration does not allow, the first has it.
    #[must_use]
    pub fn build(config: &Config, previous: Option<&Self>) -> Self {
        Self::assemble(&config.tenants, config.pepper.expose().as_bytes(), previous)
    }

    fn assemble(from: &[weir_config::TenantConfig], pepper: &[u8], previous: Option<&Self>) -> Self {
        let base = previous.map_or_else(Instant::now, |previous| previous.base);
        let known: HashMap<&str, &Tenant> =
            previous.iter().flat_map(|previous| previous.iter()).map(|tenant| (&*tenant.name, &**tenant)).collect();
        let mut doors = HashMap::default();
        let mut tenants = Vec::with_capacity(from.len());
        for (index, from) in from.iter().enumerate() {
            let tenant = Arc::new(Tenant::new(from, index, base, known.get(from.name.as_str()).copied()));
            for (from, key) in from.keys.iter().zip(tenant.keys()) {
                let lock = KeyHash { hashing_key: key::hashing_key(pepper, &key.id), hash: words(&from.hash) };
                let caller = Caller { tenant: Arc::clone(&tenant), key: Arc::clone(key) };
                doors.entry(Arc::clone(&key.id)).or_insert(KeyEntry { lock, signing: from.secret.clone(), caller });
            }
            tenants.push(tenant);
        }
        let blank = KeyHash { hashing_key: key::hashing_key(pepper, ""), hash: [0; 4] };
        Self { tenants, doors, blank, base }
    }

    /// Whose token this is. `token` is the credential alone, without `Bearer`.
    ///
    /// An unknown id takes the same way as a wrong secret: one hash of the secret, one comparison in constant time.
    ///
    /// # Errors
    /// [`Denied::MissingKey`] for none or an empty one, [`Denied::MalformedKey`] for another form than
    /// `sk-weir-<id>-<secret>`, [`Denied::UnknownKey`] for an unknown id or a wrong secret.
    pub fn identify(&self, token: Option<&str>) -> Result<Caller, Denied> {
        let token = token.filter(|token| !token.is_empty()).ok_or(Denied::MissingKey)?;
        let (id, secret) = key::parse(token)?;
        let door = self.doors.get(id);
        let opened = door.map_or(&self.blank, |door| &door.lock).opens(secret);
        door.filter(|_door| opened).map(|door| door.caller.clone()).ok_or(Denied::UnknownKey)
    }

    /// The key of this id, and what it may sign with, if anything. Nobody is let in by it.
    pub(crate) fn signer(&self, id: &str) -> Option<(&Caller, Option<&Secret>)> {
        self.doors.get(id).map(|door| (&door.caller, door.signing.as_ref()))
    }

    /// The tenants in the order of the configuration: [`Tenant::index`] is the position here.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.iter()
    }
}

/// A team that shares models, limits and a bill.
#[derive(Debug)]
pub struct Tenant {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Its position in the configuration, for tables by tenant. It may change with a reload.
    pub index: usize,
    models: Allow,
    meter: LimitMeter,
    keys: Box<[Arc<ApiKey>]>,
    base: Instant,
}

impl Tenant {
    fn new(from: &weir_config::TenantConfig, index: usize, base: Instant, previous: Option<&Self>) -> Self {
        let known = |id: &str| previous.and_then(|tenant| tenant.keys().find(|key| &*key.id == id));
        Self {
            name: from.name.as_str().into(),
            index,
            models: Allow::new(&from.models),
            meter: LimitMeter::new(from.requests_per_minute, from.concurrency, previous.map(|tenant| &tenant.meter)),
            keys: from.keys.iter().map(|key| Arc::new(ApiKey::new(key, known(&key.id).map(|key| &**key)))).collect(),
            base,
        }
    }

    /// Its keys, in the order of the configuration.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<ApiKey>> {
        self.keys.iter()
    }

    /// Requests that hold a seat of this tenant right now, under this configuration or an earlier one.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> u32 {
        self.meter.in_flight()
    }
}

/// One key of a tenant. Neither its secret nor the hash of it is in here.
#[derive(Debug)]
pub struct ApiKey {
    /// The public part of the token: fit for logs.
    pub id: Arc<str>,
    models: Option<Allow>,
    meter: LimitMeter,
}

impl ApiKey {
    fn new(from: &weir_config::KeyConfig, previous: Option<&Self>) -> Self {
        Self {
            id: from.id.as_str().into(),
            models: from.models.as_deref().map(Allow::new),
            meter: LimitMeter::new(from.requests_per_minute, from.concurrency, previous.map(|key| &key.meter)),
        }
    }

    /// Requests that hold a seat of this key right now, under this configuration or an earlier one.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> u32 {
        self.meter.in_flight()
    }
}

/// Who is asking: proof that a token was checked.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant that the key belongs to.
    pub tenant: Arc<Tenant>,
    /// The key that was shown.
    pub key: Arc<ApiKey>,
}

impl Caller {
    /// Whether both the tenant's list of models and, if it has one, the key's own admit `model`.
    #[must_use]
    pub fn may_use(&self, model: &str) -> bool {
        self.tenant.models.admits(model) && self.key.models.as_ref().is_none_or(|models| models.admits(model))
    }

    /// Takes a seat and one request from the limits of the key and of the tenant, or nothing at all. The key goes
    /// first, so that a key beyond its own limit costs its tenant's other keys nothing.
    ///
    /// # Errors
    /// [`Denied::RateLimited`] or [`Denied::TooManyConcurrent`], with the limit that was in the way.
    pub fn admit(&self, now: Instant) -> Result<Seat, Denied> {
        let since = now.saturating_duration_since(self.tenant.base);
        // 2^64 nanoseconds are 584 years.
        let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let by_key = self.key.meter.take(now).map_err(|over| over.denied("key"))?;
        let by_tenant = self.tenant.meter.take(now).map_err(|over| {
            self.key.meter.give_back();
            over.denied("tenant")
        })?;
        let held = [Arc::clone(self.key.meter.spent()), Arc::clone(self.tenant.meter.spent())];
        Ok(Seat { rate: Rate::tighter(by_key, by_tenant), held: Some(held) })
    }
}

/// One of the requests in flight that a key and its tenant may have at once (`concurrency`): free again when this is dropped.
/// Keep it until the last byte of the response.
#[derive(Debug)]
#[must_use = "dropping the seat ends the request's claim on the concurrency limits"]
pub struct Seat {
    /// The tighter of the key's and the tenant's rate right after this request; `None` if neither has a limit.
    pub rate: Option<Rate>,
    held: Option<[Arc<LimitUsage>; 2]>,
}

impl Seat {
    /// Frees the seat now; doing so again, or dropping the seat later, does nothing more.
    pub fn release(&mut self) {
        for spent in self.held.take().into_iter().flatten() {
            spent.leave();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.release();
    }
}
