//! Whatever is read: events in the order that is promised.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::ChatWireDecoder;
use crate::canon::{BlockPlace, BlockStart, ChatEvent, EventDecoder, StreamState, WireEvent};

/// Members of events, of any kind.
fn members() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..3).prop_map(Value::from),
        prop::sample::select(vec!["", "x", "stop", "{\"a\"", ":1}"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let name = prop::sample::select("choices delta index content tool_calls function name arguments id custom reasoning reasoning_details signature data text finish_reason logprobs usage function_call annotations refusal message type x".split(' ').collect::<Vec<_>>());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    /// Whatever comes: no panic, and events in the order that is promised.
    #[test]
    fn events_keep_their_order_whatever_is_read(deltas in prop::collection::vec(members(), 0..8), clean in any::<bool>()) {
        let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
        for delta in deltas {
            let event = json!({"choices": [{"index": 0, "delta": delta.clone()}, delta]});
            let event = WireEvent { name: None, data: Bytes::from(event.to_string()), exception: false };
            decoder.take(&event, &mut out).unwrap();
        }
        let state = decoder.finish(clean, &mut out);
        let mut open = std::collections::BTreeMap::new();
        let mut next = std::collections::BTreeMap::<u32, u32>::new();
        for event in &out {
            match event {
                ChatEvent::Open(place, start) => {
                    let is_call = matches!(start, BlockStart::ToolUse { .. });
                    prop_assert_eq!(place.block, *next.entry(place.choice).or_default());
                    *next.get_mut(&place.choice).unwrap() += 1;
                    let others = open.iter().filter(|(other, _): &(&BlockPlace, &bool)| other.choice == place.choice);
                    prop_assert!(others.into_iter().all(|(_, call)| *call && is_call));
                    open.insert(*place, is_call);
                }
                ChatEvent::Delta(place, _) => prop_assert!(open.contains_key(place)),
                ChatEvent::Close(place) => prop_assert!(open.remove(place).is_some()),
                ChatEvent::Stop { choice, .. } => prop_assert!(open.keys().all(|place| place.choice != *choice)),
                _ => {}
            }
        }
        prop_assert!(open.is_empty() || state == StreamState::Failed);
        prop_assert_eq!(out.contains(&ChatEvent::End), state == StreamState::Whole);
    }
}
