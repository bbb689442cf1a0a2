use super::*;
use http::Method;
use serde_json::{Value, json};

/// What is said to a `POST` at a path.
fn post(target: &str, body: &str) -> (u16, http::HeaderMap, String) {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let call = DemoCall::find(&Method::POST, path, query);
    let (parts, body) = said(&call, &Bytes::copy_from_slice(body.as_bytes())).into_parts();
    let runtime = Builder::new_current_thread().build().unwrap();
    let body = runtime.block_on(body.collect()).unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
}

fn answered(target: &str, body: &Value) -> Value {
    let (status, headers, answer) = post(target, &body.to_string());
    assert_eq!((status, headers["content-type"].as_bytes()), (200, &b"application/json"[..]), "{target}: {answer}");
    serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{target}: {e}: {answer}"))
}

fn contents() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]})
}

#[test]
fn every_dialect_is_answered_in_its_own_form() {
    let hello = json!([{"role": "user", "content": "Hello there"}]);
    let said = "You said: Hello there";
    let chat = answered("/v1/chat/completions", &json!({"model": "m", "messages": hello}));
    assert_eq!(chat["choices"][0]["message"]["content"], said, "{chat}");
    let response = answered("/v1/responses", &json!({"model": "m", "input": "Hello there"}));
    assert_eq!(
        (&response["output"][0]["content"][0]["text"], &response["status"]),
        (&json!(said), &json!("completed"))
    );
    let message = answered("/v1/messages", &json!({"model": "m", "max_tokens": 9, "messages": hello}));
    assert_eq!((&message["content"][0]["text"], &message["stop_reason"]), (&json!(said), &json!("end_turn")));
    assert_eq!(message["usage"]["output_tokens"], 4, "{message}");
    let generated = answered("/v1beta/models/m:generateContent", &contents());
    assert_eq!(generated["candidates"][0]["content"]["parts"][0]["text"], said, "{generated}");
    let body = json!({"messages": [{"role": "user", "content": [{"text": "Hello there"}]}]});
    let conversed = answered("/model/m/converse", &body);
    assert_eq!(conversed["output"]["message"]["content"][0]["text"], said, "{conversed}");
}

#[test]
fn a_stream_of_gemini_is_an_array_unless_events_are_asked_for() {
    let array = answered("/v1beta/models/m:streamGenerateContent", &contents());
    let texts = |chunk: &Value| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned);
    let said: String = array.as_array().unwrap().iter().filter_map(texts).collect();
    assert_eq!(said, "You said: Hello there");
    let (_, headers, events) = post("/v1beta/models/m:streamGenerateContent?alt=sse", &contents().to_string());
    assert_eq!(headers["content-type"], "text/event-stream");
    assert!(events.starts_with("data: {") && events.ends_with("}\n\n"), "{events}");
}

#[test]
fn what_is_asked_beside_conversations_is_answered() {
    let counted = answered(
        "/v1/messages/count_tokens",
        &json!({
            "model": "m", "messages": [{"role": "user", "content": "one two three"}]
        }),
    );
    assert_eq!(counted, json!({"input_tokens": 3}));
    assert_eq!(answered("/v1beta/models/m:countTokens", &contents()), json!({"totalTokens": 2}));
    let one = json!({"content": {"parts": [{"text": "Hello"}]}, "outputDimensionality": 3});
    let vector = answered("/v1beta/models/m:embedContent", &one);
    assert_eq!(vector["embedding"]["values"].as_array().unwrap().len(), 3, "{vector}");
    let mut several = json!({"requests": [one, one]});
    several["requests"][0]["model"] = "models/m".into();
    let vectors = answered("/v1beta/models/m:batchEmbedContents", &several);
    assert_eq!(vectors["embeddings"][0], vectors["embeddings"][1]);
    let embedded = answered("/v1/embeddings", &json!({"model": "m", "input": ["a", "b"], "encoding_format": "base64"}));
    // Eight numbers of four bytes each.
    assert_eq!(embedded["data"][1]["embedding"].as_str().unwrap().len(), 44, "{embedded}");
}

#[test]
fn what_is_not_taken_is_refused_in_the_form_of_its_dialect() {
    let refused = |target: &str, body: &str, status: u16, pointer: &str, word: &str| {
        let (said, headers, answer) = post(target, body);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((said, answer.pointer(pointer)), (status, Some(&json!(word))), "{target}: {answer}");
        headers
    };
    refused("/v1/chat/completions", "{", 400, "/error/type", "invalid_request_error");
    refused("/v1/completions", "{}", 404, "/error/code", "invalid_request");
    refused("/v1/responses", "[]", 400, "/error/type", "invalid_request_error");
    let unbounded = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    refused("/v1/messages", unbounded, 400, "/error/message", "max_tokens: Field required");
    refused("/v1/messages", "{}", 400, "/error/type", "invalid_request_error");
    refused("/v1beta/models/m:generateContent", "3", 400, "/error/status", "INVALID_ARGUMENT");
    refused("/v1beta/models/m:embedContent", "{}", 400, "/error/status", "INVALID_ARGUMENT");
    refused("/v1beta/models/m:predict", "{}", 404, "/error/status", "NOT_FOUND");
    let (status, headers, _) = post("/model/m/converse", "");
    assert_eq!((status, headers["x-amzn-errortype"].as_bytes()), (400, &b"ValidationException"[..]));
    let kept = r#"{"model":"m","input":"hi","previous_response_id":"resp_1"}"#;
    let words = "the demo provider keeps no responses: `previous_response_id` names none";
    refused("/v1/responses", kept, 400, "/error/message", words);
}

#[test]
fn the_same_question_has_the_same_answer_and_two_turns_have_calls_of_two_names() {
    let tools = json!([{"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}]);
    let body = |text: &str| {
        let messages = json!([{"role": "user", "content": text}]);
        json!({"model": "m", "max_tokens": 9, "messages": messages, "tools": tools}).to_string()
    };
    let (first, again) = (post("/v1/messages", &body("look here")).2, post("/v1/messages", &body("look here")).2);
    assert_eq!(first, again);
    let id =
        |answer: &str| serde_json::from_str::<Value>(answer).unwrap()["content"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(id(&first), id(&post("/v1/messages", &body("look there")).2));
}

#[test]
fn notes_that_a_program_puts_beside_the_users_words_are_not_repeated() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let ask = |content: Value| {
        let body = json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": content}]});
        answered("/v1/messages", &body)["content"][0]["text"].as_str().unwrap().to_owned()
    };
    let note = text("<system-reminder>\nMind the gap.\n</system-reminder>");
    assert_eq!(ask(json!([note, text("Hello <b>")])), "You said: Hello <b>");
    assert!(ask(json!([note])).contains("Mind the gap"), "nothing else was said");
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    assert_eq!(ask(json!([text("See"), image])), "You said: See [image]");
}

#[test]
fn notes_behind_the_users_words_name_no_tools() {
    let tools = json!([{"functionDeclarations": [{"name": "Read"}, {"name": "Write"}]}]);
    let parts = json!([{"text": "Use Read, please."}, {"text": "The tools Read and Write are there."}]);
    let body = json!({"contents": [{"role": "user", "parts": parts}], "tools": tools});
    let answer = answered("/v1beta/models/m:generateContent", &body);
    let said = answer["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
    assert_eq!((said.len(), &said[0]["functionCall"]["name"]), (1, &json!("Read")), "{answer}");
}
