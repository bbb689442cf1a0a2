use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Operation;

fn chat(body: &Value) -> (RequestFacts, Bytes) {
    let body = Bytes::from(body.to_string());
    (read(Operation::Chat, &body).unwrap(), body)
}

/// What goes out after somebody made `left` of `was`.
fn held(was: &Value, left: &Value) -> Value {
    let (ask, body) = chat(was);
    let decided = Decided::of(&ask, &body, &"target".into(), true);
    let (body, _) = decided.hold(left.to_string().into()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn with(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": []});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn what_was_decided_is_put_back_and_the_rest_is_as_it_was_left() {
    for (was, left, out) in [
        (json!({}), json!({"model": "dearer", "seed": 1}), json!({"model": "target", "seed": 1})),
        (json!({"stream": true}), json!({"stream": false}), json!({"stream": true})),
        (json!({"stream": true}), json!({}), json!({"stream": true})),
        (json!({}), json!({"stream": true}), json!({})),
        (json!({"n": 2}), json!({"n": 3}), json!({"n": 2})),
        (json!({"n": 2}), json!({"n": 1}), json!({"n": 1})),
        (json!({"n": 2}), json!({}), json!({})),
        (json!({}), json!({"n": 2}), json!({})),
        (json!({}), json!({"n": "9"}), json!({})),
        (json!({"n": "9"}), json!({"n": 9}), json!({"n": "9"})),
        (json!({"max_tokens": 9}), json!({"max_tokens": 10}), json!({"max_tokens": 9})),
        (json!({"max_tokens": 9}), json!({"max_tokens": 8}), json!({"max_tokens": 8})),
        (json!({"max_tokens": 9}), json!({}), json!({"max_tokens": 9})),
        (json!({"max_tokens": 9}), json!({"max_tokens": null}), json!({"max_tokens": 9})),
        (json!({"max_tokens": 9}), json!({"max_completion_tokens": 9}), json!({"max_completion_tokens": 9})),
        (json!({"max_tokens": 9}), json!({"max_completion_tokens": 10}), json!({"max_tokens": 9})),
        (json!({"max_tokens": 9}), json!({"max_tokens": 9, "max_completion_tokens": 99}), json!({"max_tokens": 9})),
        (json!({}), json!({"max_tokens": 10}), json!({"max_tokens": 10})),
    ] {
        let mut expected = with(out);
        expected["model"] = json!("target");
        let streams = expected["stream"] == json!(true);
        if streams {
            expected["stream_options"] = json!({"include_usage": true});
        }
        assert_eq!(held(&with(was.clone()), &with(left.clone())), expected, "{was} {left}");
    }
}

/// What goes out after somebody made `left` of `was` who comes after the choice of the target.
fn held_last(was: &Value, left: &Value) -> Value {
    let (ask, body) = chat(was);
    let decided = Decided::of(&ask, &body, &"target".into(), true);
    let (body, _) = decided.hold_last(left.to_string().into()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn what_it_costs_and_who_answers_in_the_end_is_put_back_too_however_it_is_written() {
    for name in crate::ask::fixed::FIXED {
        for value in [json!("other"), json!(["other"]), json!(20), json!({"a": 1})] {
            let target = with(json!({"model": "target"}));
            assert_eq!(held_last(&with(json!({})), &with(json!({name: value}))), target, "{name}");
            let upper = name.to_ascii_uppercase();
            assert_eq!(held_last(&with(json!({})), &with(json!({upper: value}))), target, "{name}");
            let was = with(json!({name: "decided", "seed": 1}));
            let kept = with(json!({name: "decided", "seed": 2, "model": "target"}));
            for left in [json!({name: value, "seed": 2}), json!({name: "decided", "seed": 2}), json!({"seed": 2})] {
                assert_eq!(held_last(&was, &with(left)), kept, "{name}");
            }
        }
    }
    let (was, left) = (with(json!({})), with(json!({"model\u{17f}": ["other"], "\u{17f}ervice_tier": "priority"})));
    assert_eq!(held_last(&was, &left), with(json!({"model": "target"})));
    // The rest is held as it is for everybody.
    let left = with(json!({"service_tier": "priority", "n": 9, "stream": true}));
    assert_eq!(held_last(&was, &left), with(json!({"model": "target"})));
    // Whoever chooses the target may.
    assert_eq!(held(&was, &with(json!({"service_tier": "flex"})))["service_tier"], "flex");
}

#[test]
fn the_members_that_stand_are_those_that_the_documentation_names() {
    let docs = include_str!("../../../../../docs/plugins.md");
    let section = docs.split_once("Members of which it depends what the request costs").unwrap().1;
    let list = section.split_once(':').unwrap().1.split_once('.').unwrap().0;
    let named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, crate::ask::fixed::FIXED);
}

#[test]
fn usage_is_asked_for_again_where_the_client_or_the_gateway_wanted_it() {
    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    for (was, ask_usage, asked) in
        [(json!({"stream": true}), true, true), (options, false, true), (json!({"stream": true}), false, false)]
    {
        let (ask, body) = chat(&with(was));
        let decided = Decided::of(&ask, &body, &"target".into(), ask_usage);
        for left in [json!({"stream": true}), json!({"stream": true, "stream_options": {"include_usage": false}})] {
            let (body, _) = decided.hold(with(left).to_string().into()).unwrap();
            let out: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(out["stream_options"]["include_usage"] == json!(true), asked, "{out}");
        }
    }
}

#[test]
fn what_is_no_request_is_not_held() {
    let (ask, body) = chat(&with(json!({})));
    let decided = Decided::of(&ask, &body, &"target".into(), true);
    for left in [
        "",
        "{}",
        "[]",
        r#"{"messages":[]}"#,
        r#"{"model":"m","messages":[],"model":"n"}"#,
        r#"{"model":"m","messages":[],"N":9}"#,
        r#"{"model":"m","messages":[],"x":{"y":1,"y":2}}"#,
    ] {
        assert!(decided.hold(Bytes::from(left)).is_err(), "{left}");
    }
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (0_u64..5).prop_map(Value::from), Just(json!("4")), Just(json!(3.0))]
}

proptest! {
    #[test]
    fn nothing_that_is_left_asks_for_more_than_was_decided(n in number(), max in 0_u64..5, left_n in number(), left_max in 0_u64..5, completion in 0_u64..5, streams: [bool; 2]) {
        let was = with(json!({"n": n, "max_tokens": max, "stream": streams[0]}));
        let left = with(json!({"n": left_n, "max_tokens": left_max, "max_completion_tokens": completion, "stream": streams[1]}));
        let (before, _) = chat(&was);
        let out = held(&was, &left);
        let (after, _) = chat(&out);
        prop_assert_eq!(&*after.model, "target");
        prop_assert_eq!(after.streaming, before.streaming);
        prop_assert!(after.choices <= before.choices);
        prop_assert!(out["n"].is_null() || out["n"].is_u64() || out["n"].is_f64() || out["n"] == was["n"]);
        prop_assert!(out["max_tokens"].as_u64().unwrap_or(0) <= max && out["max_completion_tokens"].as_u64().unwrap_or(0) <= max);
        prop_assert!(after.max_output_tokens.is_some());
    }
}
