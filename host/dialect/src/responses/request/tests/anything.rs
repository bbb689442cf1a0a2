use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{read, written};

/// Names of members, with what they are on this wire.
fn member() -> impl Strategy<Value = (String, Value)> {
    let texts = ["text", "id", "call_id", "name", "arguments", "input", "output", "role", "status", "content"];
    let more = ["encrypted_content", "image_url", "file_data", "file_url", "file_id", "filename", "refusal", "effort"];
    let words = ["user", "assistant", "system", "data:a/b;base64,QUJD", "data:;base64,", "QUJD", "{}", "a\"é\\", ""];
    let word = select(words.to_vec()).prop_map(Value::from);
    let text =
        (select([&texts[..], &more[..]].concat()), word.clone()).prop_map(|(name, value)| (name.to_owned(), value));
    let others =
        ["annotations", "logprobs", "detail", "strict", "parameters", "else", "item", "\u{e9}", "type", "text"];
    let other = (select([&others[..], &texts[..], &more[..]].concat()), value());
    prop_oneof![3 => text, 2 => other.prop_map(|(name, value)| (name.to_owned(), value))]
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        Value::Null,
        json!(false),
        json!(true),
        json!(1),
        json!(1.5),
        json!([]),
        json!({}),
        json!("x"),
        json!([1, "x"]),
        json!({"mode": "explicit"}),
        json!([{"type": "url_citation", "url": "u"}]),
        json!([{"token": "t", "logprob": -1}]),
    ])
}

/// An object of one of these types, or of none.
fn typed(types: &[&'static str], members: Vec<(String, Value)>, at: usize) -> Value {
    let mut object: Map<String, Value> = members.into_iter().collect();
    if let Some(kind) = types.get(at) {
        object.insert("type".to_owned(), json!(kind));
    }
    object.into()
}

fn part() -> impl Strategy<Value = Value> {
    let types = ["input_text", "output_text", "text", "refusal", "input_image", "input_file", "input_audio", "else"];
    let thoughts = ["summary_text", "reasoning_text"];
    let types = [&types[..], &thoughts[..]].concat();
    (prop::collection::vec(member(), 0..5), 0..types.len() + 1)
        .prop_map(move |(members, at)| typed(&types, members, at))
}

fn item() -> impl Strategy<Value = Value> {
    let types = ["message", "function_call", "custom_tool_call", "function_call_output", "custom_tool_call_output"];
    let types = [&types[..], &["reasoning", "web_search_call", "shell_call_output", "item_reference", "else"]].concat();
    let members = prop::collection::vec(member(), 0..6);
    let lists = select(vec!["content", "summary", "output", "none"]);
    (members, prop::collection::vec(part(), 0..3), lists, 0..types.len() + 1).prop_map(
        move |(members, list, name, at)| {
            let mut item = typed(&types, members, at);
            if name != "none" {
                item[name] = list.into();
            }
            item
        },
    )
}

fn tool() -> impl Strategy<Value = Value> {
    let types = ["function", "custom", "web_search"];
    (prop::collection::vec(member(), 0..5), 0..4_usize).prop_map(move |(members, at)| typed(&types, members, at))
}

fn format() -> impl Strategy<Value = Value> {
    let types = ["text", "json_object", "json_schema", "grammar"];
    let format =
        (prop::collection::vec(member(), 0..3), 0..5_usize, any::<bool>()).prop_map(move |(members, at, has)| {
            let mut format = typed(&types, members, at);
            if has {
                format["schema"] = json!({"type": "object"});
            }
            format
        });
    let rest = prop::collection::vec(member(), 0..2);
    (format, rest).prop_map(|(format, rest)| {
        let mut text: Map<String, Value> = rest.into_iter().collect();
        text.insert("format".to_owned(), format);
        text.into()
    })
}

fn rest() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let names = [
        "instructions",
        "tool_choice",
        "reasoning",
        "include",
        "temperature",
        "top_p",
        "max_output_tokens",
        "user",
        "metadata",
        "service_tier",
        "previous_response_id",
        "store",
        "stream",
        "parallel_tool_calls",
        "truncation",
        "text",
        "input",
        "tools",
        "top_logprobs",
        "stream_options",
        "else",
    ];
    let values = vec![
        json!({"effort": "low", "summary": "auto", "else": 1}),
        json!({"summary": null}),
        json!(["reasoning.encrypted_content"]),
        json!(["else", "message.output_text.logprobs", 1]),
        json!({"type": "function", "name": "x"}),
        json!({"type": "allowed_tools", "mode": "auto", "tools": []}),
        json!({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "x"}], "else": 1}),
    ];
    prop::collection::vec((select(names.to_vec()), prop_oneof![value(), select(values)]), 0..5)
}

proptest! {
    #[test]
    fn whatever_a_request_says_it_is_written_as_it_was_read(
        items in prop::collection::vec(item(), 0..4), tools in prop::collection::vec(tool(), 0..3), text in format(),
        rest in rest(),
    ) {
        let mut body = json!({"model": "m", "input": items, "tools": tools, "text": text});
        for (name, value) in rest {
            body[name] = value;
        }
        let (again, losses) = written(&read(&body));
        prop_assert_eq!(again, body);
        prop_assert!(losses.is_empty(), "{:?}", losses);
    }
}
