//! Members of a request that stand once its target is chosen.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use weir_http::json;

use super::ReadError;
use super::names;

/// Members of which it depends what a request costs beside its tokens, or who answers it in the end, as OpenAI and who speaks
/// its dialect have them: how often it is answered, in which class of service and with what that is paid for by itself, which
/// other models and providers may answer, and where these are. `model`, `n`, `stream` and the bounds of the answer have rules
/// of their own.
///
/// Sources: OpenAI's API reference; OpenRouter's (`models`, `route`, `provider`, `plugins`, `transforms`); `LiteLLM`'s
/// (`fallbacks` and what follows it).
pub(super) const FIXED: [&str; 17] = [
    "best_of",
    "service_tier",
    "modalities",
    "audio",
    "web_search_options",
    "models",
    "route",
    "provider",
    "plugins",
    "transforms",
    "fallbacks",
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "api_type",
    "custom_llm_provider",
];

/// Those that a body has, by the names as they are written in it, for some readers take others for the same; and their values
/// as they stand.
///
/// # Errors
/// [`ReadError::NotJson`].
pub(super) fn members(body: &Bytes) -> Result<BTreeMap<String, Cow<'_, str>>, ReadError> {
    let mut found = BTreeMap::new();
    json::members(body, |key, span, _| {
        if FIXED.iter().any(|name| names::is_alike(&key, name)) {
            found.insert(key.lossy().into_owned(), String::from_utf8_lossy(span.of(body)));
        }
    })?;
    Ok(found)
}
