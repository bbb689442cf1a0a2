//! Requests that nobody has thought of.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;
use weir_dialect::WireFormat;
use weir_dialect::view::{MergedRequest, RequestView};

use super::requests::{due, everywhere};
use super::shaped::conversation;
use super::{WIRES, document, json, path, plant};

/// A value that nobody knows.
fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..1000_u32).prop_map(Value::from),
        "[a-z \\\\\"ä]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4).prop_map(|all| all.into_iter().collect()),
        ]
    })
}

/// Members that are put into a request: which object takes it, its name, and its value.
fn members() -> impl Strategy<Value = Vec<(prop::sample::Index, String, Value)>> {
    let names = prop_oneof![
        "x_[a-z]{1,5}",
        prop::sample::select(vec!["source", "data", "content", "title", "metadata", "cache_control", "citations"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), names, unknown()), 0..6)
}

/// The objects of a body, by their places.
fn objects(body: &Value, at: String, out: &mut Vec<String>) {
    match body {
        Value::Object(all) => {
            all.iter().for_each(|(name, value)| objects(value, format!("{at}/{name}"), out));
            out.push(at);
        }
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(place, value)| objects(value, format!("{at}/{place}"), out));
        }
        _ => {}
    }
}

fn with(wire: WireFormat, added: &[(prop::sample::Index, String, Value)]) -> Value {
    let mut body = conversation(wire);
    for (place, name, value) in added {
        let mut all = Vec::new();
        objects(&body, String::new(), &mut all);
        let at: &String = place.get(&all);
        let object = body.pointer_mut(at).unwrap().as_object_mut().unwrap();
        object.entry(name.clone()).or_insert(value.clone());
    }
    body
}

/// Members whose values say what the object is; and those with bytes.
const KINDS: [&str; 6] = ["type", "role", "model", "mode", "data", "toolUseId"];
const IDS: [&str; 5] = ["id", "tool_use_id", "call_id", "signature", "thoughtSignature"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_text_is_shown_and_is_changed_in_its_place(added in members()) {
        for (_, wire) in WIRES {
            let mut body = with(wire, &added);
            let but = [&KINDS[..], &IDS].concat();
            let markers = plant(&mut body, &but);
            // What is no request is refused, and not shown.
            let Ok(view) = RequestView::of(wire, &Bytes::from(body.to_string()), path(wire)) else { continue };
            let again = Bytes::from(json(view.shown()).to_string());
            prop_assert!(matches!(view.merged(&again), Ok(MergedRequest::Same)));
            let mut all = document(view.shown());
            let pieces = all.pieces().unwrap();
            let missing: Vec<_> = markers.iter().filter(|(marker, _)| !pieces.text().contains(marker.as_str())).collect();
            prop_assert!(missing.is_empty(), "{missing:?}\n{body}\n{}", String::from_utf8_lossy(view.shown()));
            for (index, piece) in pieces.iter().enumerate() {
                let text = markers.iter().fold(piece.text.to_owned(), |text, (one, _)| text.replace(one, &one.to_uppercase()));
                if text != piece.text {
                    all.set_piece(index, &text).unwrap();
                }
            }
            let merged = match view.merged(&all.bytes().unwrap()).unwrap() {
                MergedRequest::Same => view.original().clone(),
                MergedRequest::Changed(request) => *request,
            };
            let found: Vec<&str> = markers.iter().map(|(marker, _)| marker.as_str()).collect();
            let due = due(view.original(), &found);
            for ((own, is), (_, due)) in everywhere(&merged).iter().zip(&due) {
                prop_assert!(is == due, "{wire:?} to {own:?}: {:?}\n{body}\n{}", weir_recorded::differences(due, is), String::from_utf8_lossy(view.shown()));
            }
        }
    }
}
