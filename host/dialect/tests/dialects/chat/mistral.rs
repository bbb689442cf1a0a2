//! Mistral's API, which is OpenAI's chat completions with ways of its own: what it is asked by clients of each wire is what its
//! specification takes.

use serde_json::{Value, json};
use weir_dialect::canon::{FieldLosses, TargetQuirks, TargetRules};
use weir_dialect::translate::WirePair;
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Recording, Spec, of_endpoint};

use super::{events, json, named_mistral, rules, written};
use crate::support::hold;

/// What the catalogue says of Mistral.
fn quirks() -> TargetQuirks {
    TargetQuirks {
        no_stream_options: true,
        max_tokens: true,
        no_developer: true,
        tool_ids_9: true,
        top_k: true,
        random_seed: true,
        thinking_list: true,
        known_members: true,
        document_url: true,
        prefix: true,
        ..TargetQuirks::default()
    }
}

fn asked(client: WireFormat, body: &Value) -> (Value, Vec<String>) {
    let rules = TargetRules { vendor: Vendor::Other, quirks: quirks(), ..rules("mistral-medium-latest") };
    let mut losses = FieldLosses::default();
    let pair = WirePair { client, provider: WireFormat::Chat, vendor: Vendor::Other };
    let written = json(&pair.request(&body.to_string().into(), &rules, &mut losses).unwrap());
    (written, losses.iter().map(str::to_owned).collect())
}

fn takes(written: &Value) -> Result<(), String> {
    match Spec::mistral() {
        Some(spec) => spec.request("/v1/chat/completions", written).map_err(|faults| format!("{faults:?}")),
        None => Ok(()),
    }
}

fn all_of(check: &str, endpoint: &'static str, client: WireFormat, is_meant: fn(&Recording) -> bool) {
    hold(check, of_endpoint(endpoint).filter(|one| is_meant(one)), |recording| {
        let Some(body) = recording.request_json() else { return Ok(()) };
        takes(&asked(client, &body).0)
    });
}

#[test]
fn every_recorded_request_of_another_wire_becomes_one_that_mistral_takes() {
    all_of("mistral asked by messages", "messages", WireFormat::Messages, |one| one.status == 200);
    all_of("mistral asked by responses", "responses", WireFormat::Responses, |one| one.status == 200);
    all_of("mistral asked by converse", "converse", WireFormat::Converse, |one| one.status == 200);
    all_of("mistral asked by gemini", "generate-content", WireFormat::GenerateContent, |one| one.status == 200);
}

#[test]
fn mistrals_own_requests_stay_as_they_are() {
    hold("mistral own", of_endpoint("chat-completions").filter(|one| one.provider == "mistral"), |recording| {
        let Some(mut body) = recording.request_json() else { return Ok(()) };
        // Those that were taken out of the recordings have another form than Mistral's.
        if body.to_string().contains("call_REDACTED") {
            return Ok(());
        }
        let (written, lost) = asked(WireFormat::Chat, &body);
        assert!(lost.is_empty(), "{lost:?}");
        takes(&written)?;
        body["model"] = "mistral-medium-latest".into();
        if written == body { Ok(()) } else { Err(format!("{written}\nwas {body}")) }
    });
}

#[test]
fn what_openais_clients_say_and_mistral_refuses_is_said_in_its_words_or_left_out() {
    let (written, lost) = asked(
        WireFormat::Chat,
        &json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_completion_tokens": 9,
            "seed": 7, "safe_prompt": true, "user": "u", "store": true, "logit_bias": {"1": 2}, "min_p": 0.1,
            "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}}],
            "messages": [
                {"role": "developer", "content": "d", "name": "n"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "call_abcdefghijkl", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ]},
                {"role": "tool", "tool_call_id": "call_abcdefghijkl", "content": "r"}
            ]
        }),
    );
    takes(&written).unwrap();
    let id = written["messages"][2]["tool_calls"][0]["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(written["messages"][3]["tool_call_id"], id.as_str());
    assert_eq!(written["messages"][0], json!({"role": "system", "content": "d"}));
    let due =
        [("max_tokens", json!(9)), ("random_seed", json!(7)), ("safe_prompt", json!(true)), ("stream", json!(true))];
    for (name, value) in due {
        assert_eq!(written[name], value, "{name}");
    }
    for name in ["stream_options", "max_completion_tokens", "seed", "user", "store", "logit_bias", "min_p"] {
        assert_eq!(written.get(name), None, "{name}");
    }
    assert_eq!(written["tool_choice"], "required");
    assert_eq!(lost, ["messages.name", "min_p", "logit_bias", "user", "store"]);
}

#[test]
fn thoughts_go_back_as_a_list_and_an_answer_that_is_begun_as_a_prefix() {
    let (written, lost) = asked(
        WireFormat::Messages,
        &json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "So."}
            ]},
            {"role": "user", "content": "In JSON."},
            {"role": "assistant", "content": "{"}
        ]}),
    );
    takes(&written).unwrap();
    assert_eq!(
        written["messages"],
        json!([
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "So."}
            ]},
            {"role": "user", "content": "In JSON."},
            {"role": "assistant", "content": "{", "prefix": true}
        ])
    );
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn files_and_sounds_have_mistrals_form() {
    let (written, lost) = asked(
        WireFormat::Chat,
        &json!({"model": "m", "messages": [{"role": "user", "content": [
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"file_id": "f-1"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
        ]}]}),
    );
    takes(&written).unwrap();
    assert_eq!(
        written["messages"][0]["content"],
        json!([
            {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0=", "document_name": "a.pdf"},
            {"type": "file", "file_id": "f-1"},
            {"type": "input_audio", "input_audio": "UklGRg=="}
        ])
    );
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn a_choice_among_tools_is_all_of_them() {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object"}});
    let (written, lost) = asked(
        WireFormat::Responses,
        &json!({"model": "m", "input": "?", "tools": [tool("a"), tool("b")],
            "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "a"}]}}),
    );
    takes(&written).unwrap();
    assert_eq!((&written["tool_choice"], lost), (&json!("required"), vec!["tool_choice.allowed_tools".to_owned()]));
}

#[test]
fn streams_with_calls_in_one_event_or_several_are_told_in_openais_form() {
    let names = [
        "vercel.mistral_incremental_tool_call",
        "vercel.mistral_tool_call.stream",
        "rig.tool_lifecycle_matrix.streaming_ministral_3b_parallel_model",
    ];
    for one in names.into_iter().filter_map(named_mistral) {
        let told: Vec<Value> = written(&events(one).0)
            .iter()
            .filter(|event| event.data.as_ref() != b"[DONE]")
            .map(|event| json(&event.data))
            .collect();
        let calls: Vec<&Value> =
            told.iter().filter_map(|event| event["choices"][0]["delta"]["tool_calls"].get(0)).collect();
        let ids = calls.iter().filter(|call| call["id"].is_string()).count();
        assert_eq!(ids, if one.name.contains("parallel") { 2 } else { 1 }, "{one}");
        assert!(calls.iter().all(|call| call["index"].is_u64()), "{one}");
    }
}
