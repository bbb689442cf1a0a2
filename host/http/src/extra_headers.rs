//! Headers that stand beside a map of them.

use http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

/// What is said in a head beside its headers. Most of it is written down as it is, which is cheaper than finding each of its
/// names a place in a map first; who wants to look into the map has it put there.
pub trait ExtraHeaders: std::fmt::Debug {
    /// Gives every name, in lower case, with its value.
    fn each(&self, put: impl FnMut(&'static str, &[u8]))
    where
        Self: Sized;

    /// Puts all of it among other headers, as [`insert_each`] does.
    fn add_to(&self, headers: &mut HeaderMap);
}

/// Puts all of it among other headers, in the place of what had the same names.
pub fn insert_each(extra: &impl ExtraHeaders, headers: &mut HeaderMap) {
    extra.each(|name, value| {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    });
}
