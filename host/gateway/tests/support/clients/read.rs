//! What clients read in answers.

use crate::support::client::Reply;
use serde_json::{Value, json};
use weir_http::event_message::EventMessageReader;

/// What an answer says, whatever the dialect.
#[derive(Debug, Default, PartialEq)]
pub struct Said {
    pub text: String,
    pub thought: String,
    pub calls: Vec<(String, Value)>,
    /// Tokens that were read, those of the cache included.
    pub input: u64,
    pub output: u64,
    pub cached: u64,
    /// Why it stopped, in the dialect's own word.
    pub stop: String,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn parsed(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|e| panic!("{e}: {arguments}"))
}

pub fn messages(answer: &Value) -> Said {
    assert_eq!((&answer["type"], &answer["role"]), (&json!("message"), &json!("assistant")), "{answer}");
    let mut said = Said { stop: text(&answer["stop_reason"]).to_owned(), ..Said::default() };
    for block in answer["content"].as_array().unwrap() {
        match text(&block["type"]) {
            "text" => said.text += text(&block["text"]),
            "thinking" => said.thought += text(&block["thinking"]),
            "tool_use" => said.calls.push((text(&block["name"]).to_owned(), block["input"].clone())),
            other => panic!("{other}"),
        }
    }
    of_messages(&mut said, &answer["usage"]);
    said
}

fn of_messages(said: &mut Said, usage: &Value) {
    said.cached = number(&usage["cache_read_input_tokens"]);
    said.input = number(&usage["input_tokens"]) + said.cached + number(&usage["cache_creation_input_tokens"]);
    said.output = number(&usage["output_tokens"]);
}

/// Name and data of each event.
pub fn events(body: &str) -> Vec<(String, Value)> {
    let each = body.split("\n\n").filter(|event| !event.trim().is_empty());
    let event = |event: &str| {
        let of = |field: &str| event.lines().find_map(|line| line.strip_prefix(field)).map(str::trim);
        let data = of("data:").filter(|data| *data != "[DONE]")?;
        Some((of("event:").unwrap_or_default().to_owned(), parsed(data)))
    };
    each.filter_map(event).collect()
}

pub fn messages_stream(reply: &Reply) -> Said {
    let (mut blocks, mut message, mut ended): (Vec<Value>, Value, bool) = (Vec::new(), Value::Null, false);
    let mut open: Option<usize> = None;
    for (name, event) in events(&reply.text()) {
        assert_eq!(name, text(&event["type"]), "{event}");
        assert!(!ended, "{event}");
        match name.as_str() {
            "ping" => {}
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!((open, number(&event["index"])), (None, blocks.len() as u64), "{event}");
                open = Some(blocks.len());
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let at = number(&event["index"]) as usize;
                assert_eq!(open, Some(at), "{event}");
                let (block, delta) = (&mut blocks[at], &event["delta"]);
                let (member, piece) = match text(&delta["type"]) {
                    "text_delta" => ("text", text(&delta["text"])),
                    "thinking_delta" => ("thinking", text(&delta["thinking"])),
                    "signature_delta" => ("signature", text(&delta["signature"])),
                    "input_json_delta" => ("json", text(&delta["partial_json"])),
                    other => panic!("{other}"),
                };
                block[member] = format!("{}{piece}", text(&block[member])).into();
            }
            "content_block_stop" => {
                let at = open.take().unwrap();
                if blocks[at]["type"] == "tool_use" {
                    let input = text(&blocks[at]["json"]).to_owned();
                    blocks[at]["input"] = if input.is_empty() { json!({}) } else { parsed(&input) };
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                for (name, count) in event["usage"].as_object().unwrap().iter().filter(|(_, count)| !count.is_null()) {
                    message["usage"][name] = count.clone();
                }
            }
            "message_stop" => ended = true,
            other => panic!("{other}"),
        }
    }
    assert!(ended, "{}", reply.text());
    message["content"] = blocks.into();
    messages(&message)
}

pub fn responses(answer: &Value) -> Said {
    assert_eq!((&answer["object"], &answer["status"]), (&json!("response"), &json!("completed")), "{answer}");
    let mut said = Said { stop: text(&answer["status"]).to_owned(), ..Said::default() };
    for item in answer["output"].as_array().unwrap() {
        match text(&item["type"]) {
            "message" => item["content"].as_array().unwrap().iter().for_each(|part| said.text += text(&part["text"])),
            "reasoning" => {
                let parts =
                    ["summary", "content"].into_iter().flat_map(|name| item[name].as_array().into_iter().flatten());
                parts.for_each(|part| said.thought += text(&part["text"]));
            }
            "function_call" => said.calls.push((text(&item["name"]).to_owned(), parsed(text(&item["arguments"])))),
            other => panic!("{other}"),
        }
    }
    let usage = &answer["usage"];
    said.input = number(&usage["input_tokens"]);
    said.cached = number(&usage["input_tokens_details"]["cached_tokens"]);
    said.output = number(&usage["output_tokens"]);
    said
}

pub fn responses_stream(reply: &Reply) -> Said {
    let (mut streamed, mut last) = (Said::default(), Value::Null);
    for (index, (name, event)) in events(&reply.text()).into_iter().enumerate() {
        assert_eq!((name.as_str(), number(&event["sequence_number"])), (text(&event["type"]), index as u64), "{event}");
        match name.as_str() {
            "response.output_text.delta" => streamed.text += text(&event["delta"]),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                streamed.thought += text(&event["delta"]);
            }
            "response.function_call_arguments.done" => {
                streamed.calls.push((String::new(), parsed(text(&event["arguments"]))));
            }
            _ => {}
        }
        last = event;
    }
    assert_eq!(last["type"], "response.completed", "{last}");
    let said = responses(&last["response"]);
    assert_eq!((&streamed.text, &streamed.thought), (&said.text, &said.thought));
    let inputs = |said: &Said| said.calls.iter().map(|(_, input)| input.clone()).collect::<Vec<_>>();
    assert_eq!(inputs(&streamed), inputs(&said));
    said
}

pub fn gemini(answer: &Value) -> Said {
    let mut said = Said::default();
    of_gemini(&mut said, answer);
    said
}

fn of_gemini(said: &mut Said, chunk: &Value) {
    let candidate = &chunk["candidates"][0];
    for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
        if part["functionCall"].is_object() {
            let call = &part["functionCall"];
            said.calls.push((text(&call["name"]).to_owned(), call["args"].clone()));
        } else if part["thought"] == true {
            said.thought += text(&part["text"]);
        } else {
            said.text += text(&part["text"]);
        }
    }
    said.stop += text(&candidate["finishReason"]);
    let usage = &chunk["usageMetadata"];
    if usage.is_object() {
        said.input = number(&usage["promptTokenCount"]);
        said.cached = number(&usage["cachedContentTokenCount"]);
        said.output = number(&usage["candidatesTokenCount"]) + number(&usage["thoughtsTokenCount"]);
    }
}

pub fn gemini_stream(reply: &Reply) -> Said {
    let mut said = Said::default();
    events(&reply.text()).iter().for_each(|(_, event)| of_gemini(&mut said, event));
    said
}

pub fn gemini_array(reply: &Reply) -> Said {
    assert_eq!(reply.header("content-type").unwrap().split(';').next(), Some("application/json"));
    let mut said = Said::default();
    reply.json().as_array().unwrap().iter().for_each(|event| of_gemini(&mut said, event));
    said
}

pub fn converse(answer: &Value) -> Said {
    let mut said = Said { stop: text(&answer["stopReason"]).to_owned(), ..Said::default() };
    for block in answer["output"]["message"]["content"].as_array().unwrap() {
        let call = &block["toolUse"];
        if call.is_object() {
            said.calls.push((text(&call["name"]).to_owned(), call["input"].clone()));
        }
        said.text += text(&block["text"]);
        said.thought += text(&block["reasoningContent"]["reasoningText"]["text"]);
    }
    of_converse(&mut said, &answer["usage"]);
    said
}

fn of_converse(said: &mut Said, usage: &Value) {
    said.cached = number(&usage["cacheReadInputTokens"]);
    said.input = number(&usage["inputTokens"]) + said.cached + number(&usage["cacheWriteInputTokens"]);
    said.output = number(&usage["outputTokens"]);
}

/// Name and payload of each message of an event stream.
pub fn event_messages(body: &[u8]) -> Vec<(String, Value)> {
    let mut reader = EventMessageReader::new(1 << 20);
    reader.push(body.to_vec().into());
    let mut all = Vec::new();
    while let Some(message) = reader.next().unwrap() {
        let name = message.event_type().or_else(|| message.exception_type()).unwrap().to_owned();
        all.push((name, serde_json::from_slice(&message.payload()).unwrap()));
    }
    assert_eq!(reader.buffered(), 0, "half a message");
    all
}

pub fn converse_stream(reply: &Reply) -> Said {
    let (mut said, mut inputs) = (Said::default(), Vec::<String>::new());
    for (name, event) in event_messages(&reply.body) {
        match name.as_str() {
            "contentBlockStart" => {
                said.calls.push((text(&event["start"]["toolUse"]["name"]).to_owned(), Value::Null));
                inputs.push(String::new());
            }
            "contentBlockDelta" => {
                let delta = &event["delta"];
                said.text += text(&delta["text"]);
                said.thought += text(&delta["reasoningContent"]["text"]);
                if let Some(input) = delta["toolUse"]["input"].as_str() {
                    inputs.last_mut().unwrap().push_str(input);
                }
            }
            "messageStop" => said.stop = text(&event["stopReason"]).to_owned(),
            "metadata" => of_converse(&mut said, &event["usage"]),
            "messageStart" | "contentBlockStop" => {}
            other => panic!("{other}: {event}"),
        }
    }
    said.calls.iter_mut().zip(&inputs).for_each(|(call, input)| call.1 = parsed(input));
    said
}
