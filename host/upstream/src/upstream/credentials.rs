//! What a provider knows the gateway by: headers that go with every request, and what of them nobody else may see.

use http::{HeaderMap, HeaderName, HeaderValue};
use weir_config::{AuthStyle, CatalogDialect, ProviderConfig, Secret};

use crate::error::UpstreamError;
use crate::key_ring::key_header;

/// What a provider repeats that nobody else may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedSecret {
    /// A key: only who has something against it repeats it.
    Key,
    /// The value of a header that the operator added. Who sends the same to be repeated may have guessed it.
    Header,
}

/// Which of a provider's secrets a text holds; none of less than eight bytes.
pub(super) fn secret_in(provider: &ProviderConfig, text: &[u8]) -> Option<RepeatedSecret> {
    let is_there = |secret: &Secret| {
        let secret = secret.expose().as_bytes();
        secret.len() >= 8 && memchr::memmem::find(text, secret).is_some()
    };
    let ProviderConfig { api_key, api_keys, headers, .. } = provider;
    if api_key.iter().chain(api_keys.iter().map(|key| &key.secret)).any(is_there) {
        return Some(RepeatedSecret::Key);
    }
    headers.iter().any(|(_, value)| is_there(value)).then_some(RepeatedSecret::Header)
}

/// A header that cannot be sent.
pub(super) fn bad_header(provider: &ProviderConfig, header: &str) -> UpstreamError {
    UpstreamError::BadHeader { provider: provider.name.clone(), header: header.to_owned() }
}

/// The headers that go with every request.
pub(super) fn defaults(provider: &ProviderConfig) -> Result<HeaderMap, UpstreamError> {
    let mut defaults = HeaderMap::new();
    let mut add = |name: &str, value: &str| {
        let bad = || bad_header(provider, name);
        let name_checked = HeaderName::try_from(name).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        defaults.insert(name_checked, value);
        Ok(())
    };
    if provider.kind.dialect() == CatalogDialect::Anthropic && provider.kind.auth() != AuthStyle::Gcp {
        // Anthropic's API reference, "Versions": every request says one.
        add("anthropic-version", "2023-06-01")?;
    }
    for (name, value) in &provider.headers {
        add(name, value.expose())?;
    }
    // Of several keys each request has one of its own.
    let mut in_turn = provider.keys_in_turn();
    let key = match (&provider.api_key, in_turn.next(), in_turn.next()) {
        (_, Some(only), None) => Some(&only.secret),
        (key, _, _) => key.as_ref(),
    };
    if let Some(key) = key {
        let auth = provider.kind.auth();
        let value = key_header(auth, key).ok_or_else(|| bad_header(provider, auth.header()))?;
        // What the operator gave stands.
        defaults.entry(auth.header()).or_insert(value);
    }
    Ok(defaults)
}
