use serde_json::json;

use super::*;
use crate::converse::{decode_count, decode_request, encode_count};

fn counted(request: &ChatRequest) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_count(request, &rules(CLAUDE), &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

#[test]
fn what_the_model_would_read_is_counted_and_nothing_of_the_answer() {
    let mut asks = hello();
    asks.turns.insert(0, ChatTurn::of(TurnRole::System, vec![text("s")]));
    asks.max_output = Some(raw("100"));
    asks.sampling.seed = Some(raw("1"));
    asks.extra = raw(r#"{"prediction":{"a":1}}"#).members();
    let (body, losses) = counted(&asks);
    let messages = json!([{"role": "user", "content": [{"text": "hello"}]}]);
    assert_eq!(body, json!({"input": {"converse": {"messages": messages, "system": [{"text": "s"}]}}}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_request_of_bedrocks_is_counted_as_it_was() {
    let whole = json!({
        "messages": [{"role": "user", "content": [{"text": "hi", "x": 1}]}], "system": [{"text": "s"}],
        "toolConfig": {"tools": [{"systemTool": {"name": "t"}}], "y": 2},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 3},
        "inferenceConfig": {"maxTokens": 9}, "serviceTier": {"type": "flex"},
    });
    let (body, losses) = counted(&decode_request(&raw(&whole.to_string()), CLAUDE, false).unwrap());
    let mut due = whole;
    for member in ["inferenceConfig", "serviceTier"] {
        due.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(body, json!({"input": {"converse": due}}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_count_is_a_number() {
    assert_eq!(decode_count(&raw(r#"{"inputTokens":12}"#)), Ok(12));
    assert!(decode_count(&raw(r#"{"message":"no"}"#)).is_err());
}
