//! The keys of a provider that has several.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use weir_config::{AuthStyle, ProviderConfig, Secret};

use super::bench::KeyBench;
use super::rotation::Rotation;

/// The keys of a provider, which take turns: two at least, and 32 at most.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// What times are counted from.
    pub(super) born: Instant,
    header: HeaderName,
    pub(super) keys: Box<[RingKey]>,
    pub(super) rotation: Rotation,
}

/// One of them.
#[derive(Debug)]
pub(super) struct RingKey {
    pub(super) name: Box<str>,
    secret: Secret,
    /// The header's value, which is marked sensitive.
    value: HeaderValue,
    pub(super) benches: Arc<KeyBenches>,
}

/// What is known of a key, for as long as a configuration has it.
#[derive(Debug, Default)]
pub(super) struct KeyBenches {
    /// Of its account: whatever is asked.
    pub(super) whole: KeyBench,
    /// Of single models. Locked when a configuration is read, and for probes and metrics.
    models: Mutex<Vec<(Box<str>, Weak<KeyBench>)>>,
}

impl KeyRing {
    /// The keys of a provider; none where it has no more than one, which is a header like others. Whatever is known of a key
    /// that `before` had as well is known of it here.
    ///
    /// # Errors
    /// The header's name, where a key cannot stand in it.
    pub(crate) fn of(provider: &ProviderConfig, before: Option<&Self>) -> Result<Option<Self>, &'static str> {
        if provider.keys_in_turn().count() < 2 {
            return Ok(None);
        }
        let name = provider.kind.auth().header();
        let header = HeaderName::from_static(name);
        let known = |secret: &Secret| Some(&before?.keys.iter().find(|key| key.secret == *secret)?.benches);
        let key = |key: &weir_config::ProviderKey| {
            let value = key_header(provider.kind.auth(), &key.secret).ok_or(name)?;
            let benches = known(&key.secret).map(Arc::clone).unwrap_or_default();
            Ok::<_, &'static str>(RingKey {
                name: key.name.as_str().into(),
                secret: key.secret.clone(),
                value,
                benches,
            })
        };
        Ok(Some(Self {
            born: before.map_or_else(Instant::now, |before| before.born),
            header,
            keys: provider.keys_in_turn().map(key).collect::<Result<_, _>>()?,
            rotation: Rotation::new(provider.keys_in_turn().map(|key| key.weight)),
        }))
    }

    /// Puts one of them, by its place, where the provider looks for it.
    pub(crate) fn add(&self, place: usize, headers: &mut HeaderMap) {
        if let Some(key) = self.keys.get(place) {
            headers.insert(self.header.clone(), key.value.clone());
        }
    }

    /// What one of them is called, by its place.
    pub(crate) fn name(&self, place: usize) -> &str {
        self.keys.get(place).map_or("", |key| &key.name)
    }

    /// Milliseconds since times are counted.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl KeyBenches {
    /// What is known of it at this model.
    pub(super) fn at(&self, model: &str) -> Arc<KeyBench> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.retain(|(_, bench)| bench.strong_count() > 0);
        if let Some(known) = models.iter().filter(|(name, _)| **name == *model).find_map(|(_, bench)| bench.upgrade()) {
            return known;
        }
        let bench = Arc::new(KeyBench::default());
        models.push((model.into(), Arc::downgrade(&bench)));
        bench
    }

    /// All models, and what is known of it there.
    pub(super) fn models(&self) -> Vec<(Box<str>, Arc<KeyBench>)> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.iter().filter_map(|(name, bench)| Some((name.clone(), bench.upgrade()?))).collect()
    }
}

/// A key as it stands in the header for it, marked sensitive so that neither `Debug` nor an HTTP/2 header table keeps it; none
/// if it cannot.
pub(crate) fn key_header(auth: AuthStyle, key: &Secret) -> Option<HeaderValue> {
    let mut value = match auth {
        AuthStyle::XApiKey | AuthStyle::XGoogApiKey | AuthStyle::ApiKey => HeaderValue::from_str(key.expose()),
        AuthStyle::Bearer | AuthStyle::SigV4 | AuthStyle::Gcp | AuthStyle::None => {
            HeaderValue::from_str(&format!("Bearer {}", key.expose()))
        }
    }
    .ok()?;
    value.set_sensitive(true);
    Some(value)
}
