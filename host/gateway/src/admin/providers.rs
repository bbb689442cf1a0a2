//! Providers as `/readyz?verbose` shows them.

use crate::worker::provider::Provider;
use serde_json::{Value, json};
use weir_upstream::{Aside, KeyAside, Mode};

/// A provider, and what of it is put aside.
pub(super) fn shown(provider: &Provider) -> Value {
    let (name, healthy) = (&*provider.name, provider.upstream.healthy());
    let (aside, trouble) = (provider.upstream.aside(), provider.upstream.trouble());
    let one = |aside: &Aside| {
        json!({
            "model": aside.model,
            "answers": aside.mode.map(Mode::label),
            "reason": aside.reason.label(),
            "probing": aside.probing,
            "due_in_ms": u64::try_from(aside.due_in.as_millis()).unwrap_or(u64::MAX),
        })
    };
    let mut said =
        serde_json::Map::from_iter([("name".to_owned(), json!(name)), ("healthy".to_owned(), json!(healthy))]);
    if !aside.is_empty() {
        said.insert("aside".to_owned(), aside.iter().map(one).collect());
    }
    let keys = provider.upstream.keys_aside();
    let named = |name: &str| {
        let aside = keys.iter().filter(|aside| *aside.key == *name);
        json!({"name": name, "aside": aside.map(key_aside).collect::<Vec<_>>()})
    };
    let keys: Vec<Value> = provider.upstream.keys().map(named).collect();
    if !keys.is_empty() {
        said.insert("keys".to_owned(), json!(keys));
    }
    if !trouble.is_empty() {
        said.insert("trouble".to_owned(), json!(trouble));
    }
    Value::Object(said)
}

/// What a key of several is passed over for.
fn key_aside(aside: &KeyAside) -> Value {
    json!({
        "model": aside.model,
        "reason": aside.fault.label(),
        "due_in_ms": u64::try_from(aside.due_in.as_millis()).unwrap_or(u64::MAX),
    })
}
