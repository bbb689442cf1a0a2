use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn arguments_are_bounded_and_their_places_must_be_places() {
    let put = |path: &str| {
        let piece = json!({"jsonPath": path, "numberValue": 1}).to_string();
        PartialArguments::of(None).put(&RawJson::parse(Bytes::from(piece)).unwrap())
    };
    assert_eq!(put(&format!("$.a[{}]", MOST_VALUES - 2)), Ok(()));
    let too_many = Err(DecodeFault::TooMany { what: "values of arguments", most: MOST_VALUES });
    assert_eq!(put(&format!("$.a[{}]", MOST_VALUES - 1)), too_many);
    assert_eq!(put("$.a[18446744073709551615]"), too_many);
    assert!(matches!(put("a"), Err(DecodeFault::Field { .. })));
}

/// A tree of arguments, and the pieces that it may come in.
fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| json!(value)),
        any::<i32>().prop_map(|value| json!(value)),
        Just(Value::Null),
        any::<String>().prop_map(|value| json!(value)),
    ];
    let inner = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z.'\\]\\[\"é ]{1,4}", inner, 1..4).prop_map(|all| json!(all)),
        ]
    });
    prop::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(|all| json!(all))
}

fn pieces(value: &Value, path: &str, out: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('\\', "\\\\").replace('\'', "\\'");
                pieces(value, &format!("{path}['{name}']"), out);
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                pieces(value, &format!("{path}[{at}]"), out);
            }
        }
        Value::String(text) => {
            for character in text.chars() {
                out.push(json!({"jsonPath": path, "stringValue": character.to_string(), "willContinue": true}));
            }
            out.push(json!({"jsonPath": path, "stringValue": ""}));
        }
        Value::Bool(value) => out.push(json!({"jsonPath": path, "boolValue": value})),
        Value::Number(value) => out.push(json!({"jsonPath": path, "numberValue": value})),
        Value::Null => out.push(json!({"jsonPath": path, "nullValue": "NULL_VALUE"})),
    }
}

proptest! {
    #[test]
    fn arguments_in_any_pieces_are_the_tree_that_was_cut(tree in trees()) {
        let (mut all, mut arguments) = (Vec::new(), PartialArguments::of(None));
        pieces(&tree, "$", &mut all);
        for piece in &all {
            arguments.put(&RawJson::parse(Bytes::from(piece.to_string())).unwrap()).unwrap();
        }
        let whole: Value = serde_json::from_slice(arguments.finish().bytes()).unwrap();
        prop_assert_eq!(whole, tree);
    }
}
