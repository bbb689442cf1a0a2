use serde_json::json;
use weir_usage::Usage;

use super::*;
use crate::canon::{ChatAnswer, ChatChoice, ChatStop, CitationKind, CitationNote, ReasoningBlock, StopKind};
use crate::converse::{decode_answer, decode_request, encode_answer};

fn stop(kind: StopKind, as_said: &str) -> Option<ChatStop> {
    Some(ChatStop { kind, word: word(as_said), sequence: None, details: None })
}

/// An answer of a wire, which says these.
fn answer(wire: WireFormat, blocks: Vec<ContentBlock>, stop: Option<ChatStop>) -> ChatAnswer {
    let choice = ChatChoice { blocks, stop, ..ChatChoice::default() };
    ChatAnswer { choices: vec![choice], ..ChatAnswer::new(wire) }
}

fn told(answer: &ChatAnswer, model: &str) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_answer(answer, &context(model), &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

#[test]
fn an_answer_of_chat_is_told_with_all_that_bedrocks_clients_demand() {
    let mut said = answer(
        WireFormat::Chat,
        vec![text("It rains."), call("call_1", "f", r#"{"a":1}"#)],
        stop(StopKind::ToolUse, "tool_calls"),
    );
    said.usage = Some(Usage {
        input: Some(100),
        output: Some(20),
        total: Some(120),
        cached_input: Some(30),
        cache_written: Some(10),
        ..Usage::default()
    });
    let (body, losses) = told(&said, "gpt-5");
    assert_eq!(
        body,
        json!({
            "output": {"message": {"role": "assistant", "content": [
                {"text": "It rains."}, {"toolUse": {"toolUseId": "call_1", "name": "f", "input": {"a": 1}}},
            ]}},
            "stopReason": "tool_use",
            "usage": {
                "inputTokens": 60, "outputTokens": 20, "totalTokens": 120,
                "cacheReadInputTokens": 30, "cacheWriteInputTokens": 10,
            },
            "metrics": {"latencyMs": 0},
        })
    );
    assert!(losses.is_empty(), "{losses:?}");
    let back = decode_answer(&raw(&body.to_string()), Vendor::Anthropic).unwrap();
    assert_eq!(back.usage, said.usage);
}

#[test]
fn an_answer_that_says_little_is_one_all_the_same() {
    let (body, _) = told(&answer(WireFormat::Chat, vec![], None), "m");
    assert_eq!(body["output"]["message"]["content"], json!([]));
    assert_eq!(body["stopReason"], "end_turn");
    assert_eq!(body["usage"], json!({"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}));
    let blocked = ChatAnswer { blocked: Some(word("SAFETY")), ..ChatAnswer::new(WireFormat::GenerateContent) };
    assert_eq!(told(&blocked, "m").0["stopReason"], "guardrail_intervened");
}

#[test]
fn refusals_are_text_and_filtered_content() {
    let refusal = ContentBlock::Refusal(TextBlock::of(word("I will not.")));
    let (body, _) = told(&answer(WireFormat::Chat, vec![refusal], stop(StopKind::Refusal, "stop")), "m");
    assert_eq!(body["output"]["message"]["content"], json!([{"text": "I will not."}]));
    assert_eq!(body["stopReason"], "content_filtered");
}

#[test]
fn what_it_stopped_at_is_told_beside_the_answer() {
    let mut said = answer(WireFormat::Messages, vec![text("a")], stop(StopKind::Sequence, "stop_sequence"));
    said.choices[0].stop.as_mut().unwrap().sequence = Some(word("END"));
    let (body, _) = told(&said, "m");
    assert_eq!(body["additionalModelResponseFields"], json!({"stop_sequence": "END"}));
    let back = decode_answer(&raw(&body.to_string()), Vendor::Anthropic).unwrap();
    assert_eq!(back.choices[0].stop.as_ref().unwrap().sequence, Some(word("END")));
}

#[test]
fn of_several_choices_the_first_is_told() {
    let mut said = answer(WireFormat::Chat, vec![text("a")], stop(StopKind::End, "stop"));
    said.choices.push(ChatChoice { index: 1, logprobs: Some(raw("{}")), ..ChatChoice::default() });
    said.extra = raw(r#"{"system_fingerprint":"x"}"#).members();
    assert_eq!(told(&said, "m").1, ["choices", "logprobs", "system_fingerprint"]);
}

fn citation(kind: CitationKind, url: Option<&str>, raw_note: &str) -> CitationNote {
    CitationNote {
        kind,
        title: Some(word("t")),
        url: url.map(word),
        quote: Some(word("q")),
        start: None,
        end: None,
        wire: WireFormat::Messages,
        raw: raw(raw_note),
    }
}

#[test]
fn what_a_text_rests_on_stands_beside_it() {
    let page = r#"{"type":"page_location","document_index":1,"start_page_number":2,"end_page_number":3}"#;
    let cited = ContentBlock::Text(TextBlock {
        citations: vec![citation(CitationKind::Url, Some("https://a"), "{}"), citation(CitationKind::Page, None, page)],
        ..TextBlock::of(word("so"))
    });
    let (body, losses) = told(&answer(WireFormat::Messages, vec![cited], stop(StopKind::End, "end_turn")), "m");
    let note = |location: Value| json!({"title": "t", "sourceContent": [{"text": "q"}], "location": location});
    assert_eq!(
        body["output"]["message"]["content"],
        json!([{"citationsContent": {
            "content": [{"text": "so"}],
            "citations": [
                note(json!({"web": {"url": "https://a"}})),
                note(json!({"documentPage": {"documentIndex": 1, "start": 2, "end": 3}})),
            ],
        }}])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

/// What a client gives back of an answer.
fn given_back(body: &Value, model: &str) -> Vec<ContentBlock> {
    let next = json!({"messages": [body["output"]["message"]]});
    decode_request(&raw(&next.to_string()), model, false).unwrap().turns.remove(0).blocks
}

#[test]
fn signatures_of_all_vendors_come_back_by_the_client() {
    for vendor in [Vendor::OpenAi, Vendor::Anthropic, Vendor::Google, Vendor::Amazon, Vendor::Other] {
        for kind in [SignatureKind::Signature, SignatureKind::Redacted, SignatureKind::Encrypted] {
            for model in ["gpt-5", NOVA] {
                let signature = signature(vendor, kind, "c2ln");
                let thought = ReasoningBlock {
                    text: vec![word("hm")],
                    signature: Some(signature.clone()),
                    ..ReasoningBlock::default()
                };
                let said = answer(WireFormat::Chat, vec![ContentBlock::Reasoning(thought)], None);
                let back = given_back(&told(&said, model).0, model);
                let [ContentBlock::Reasoning(thought)] = back.as_slice() else { panic!("{back:?}") };
                assert_eq!(thought.signature, Some(signature), "{model}");
            }
        }
    }
}

#[test]
fn a_signature_of_a_call_stands_in_front_of_it() {
    let ContentBlock::ToolUse(mut signed) = call("1", "f", "{}") else { panic!("it is a call") };
    signed.signature = Some(signature(Vendor::Google, SignatureKind::Signature, "g"));
    let said = answer(WireFormat::GenerateContent, vec![ContentBlock::ToolUse(signed.clone())], None);
    let back = given_back(&told(&said, "m").0, "m");
    let [ContentBlock::Reasoning(thought), ContentBlock::ToolUse(_)] = back.as_slice() else { panic!("{back:?}") };
    assert!(thought.signs_next);
    assert_eq!(thought.signature, signed.signature);
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    for body in ["[]", "{}", r#"{"output":{}}"#, r#"{"output":{"message":[]}}"#] {
        assert!(decode_answer(&raw(body), Vendor::Anthropic).is_err(), "{body}");
    }
    assert!(decode_answer(&raw(r#"{"output":{"message":{"content":[1]}}}"#), Vendor::Anthropic).is_err());
}
