//! What Anthropic's models answer, for clients of OpenAI's chat: what two other translators agree on holds.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{EventCollector, FieldLosses};
use weir_dialect::chat;
use weir_dialect::messages::decode_answer;
use weir_recorded::{Consensus, consensus};

use super::{context, events, json, raw};

/// A field of an answer of OpenAI's chat, by its name in the agreements.
fn field(answer: &Value, name: &str) -> Value {
    let message = &answer["choices"][0]["message"];
    match name {
        "text" => message["content"].as_str().unwrap_or_default().into(),
        "thinking" => message["reasoning_content"].as_str().unwrap_or_default().into(),
        "tools" => {
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            let arguments =
                |call: &Value| serde_json::from_str::<Value>(call["function"]["arguments"].as_str().unwrap()).unwrap();
            calls.map(|call| json!([call["function"]["name"], arguments(call)])).collect()
        }
        "finish" => answer["choices"][0]["finish_reason"].clone(),
        "input" => answer["usage"]["prompt_tokens"].clone(),
        "output" => answer["usage"]["completion_tokens"].clone(),
        "cached" => answer["usage"]["prompt_tokens_details"].get("cached_tokens").cloned().unwrap_or(json!(0)),
        other => panic!("{other}"),
    }
}

fn told(one: &Consensus) -> Value {
    let recording = one.recording;
    let answer = if recording.is_streamed {
        let mut collector = EventCollector::new(WireFormat::Messages);
        events(recording).0.into_iter().for_each(|event| collector.put(event));
        collector.finish().unwrap()
    } else {
        decode_answer(&raw(&recording.response_json().unwrap())).unwrap()
    };
    json(&chat::encode_answer(&answer, &context(), &mut FieldLosses::default()))
}

#[test]
fn what_two_translators_agree_on_holds_for_clients_of_openais_chat() {
    let mut wrong = Vec::new();
    for one in consensus().iter().filter(|one| one.from == "anthropic") {
        let answer = told(one);
        for (name, due) in &one.agreed {
            let found = field(&answer, name);
            if found != *due {
                wrong.push(format!("{}: {name} is {found}, agreed {due}", one.recording));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
