//! What changed between two messages.

use http::HeaderMap;
use serde_json::Value as Json;
use std::collections::BTreeSet;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// One thing that is other than before; none is not there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldChange<T> {
    /// A header's name, or a pointer into a body.
    pub(crate) place: String,
    pub(crate) before: Option<T>,
    pub(crate) after: Option<T>,
}

pub(crate) fn headers(before: &HeaderMap, after: &HeaderMap) -> Vec<FieldChange<String>> {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let value = |headers: &HeaderMap, name: &str| {
        let values: Vec<_> = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let change =
        |name: &str| FieldChange { place: name.to_owned(), before: value(before, name), after: value(after, name) };
    names.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

/// The smallest values that differ, members by name.
pub(crate) fn bodies(before: &Json, after: &Json) -> Vec<FieldChange<Json>> {
    let mut changes = Vec::new();
    walk("", Some(before), Some(after), &mut changes);
    changes
}

fn walk(place: &str, before: Option<&Json>, after: Option<&Json>, changes: &mut Vec<FieldChange<Json>>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Json::Object(old)), Some(Json::Object(new))) => {
            // Sorted: whether a map keeps the document's order is not for this to say.
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                walk(&format!("{place}/{escaped}"), old.get(key), new.get(key), changes);
            }
        }
        (Some(Json::Array(old)), Some(Json::Array(new))) => {
            for at in 0..old.len().max(new.len()) {
                walk(&format!("{place}/{at}"), old.get(at), new.get(at), changes);
            }
        }
        (before, after) => {
            changes.push(FieldChange { place: place.to_owned(), before: before.cloned(), after: after.cloned() });
        }
    }
}
