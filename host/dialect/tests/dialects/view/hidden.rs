//! Texts that somebody would hide.

use bytes::Bytes;
use serde_json::{Value, json as value};
use weir_dialect::WireFormat;
use weir_dialect::view::{MergedRequest, RequestView};

use super::{document, json, path};

fn of(wire: WireFormat, body: &str) -> RequestView {
    RequestView::of(wire, &Bytes::from(body.to_owned()), path(wire)).unwrap()
}

fn said(view: &RequestView) -> String {
    document(view.shown()).pieces().unwrap().text().to_string()
}

#[test]
fn a_name_that_stands_twice_in_one_object_is_refused_wherever_it_is() {
    for body in [
        r#"{"model":"a","model":"b","messages":[]}"#,
        r#"{"model":"a","messages":[{"role":"user","content":[{"type":"text","text":"x","te\u0078t":"y"}]}]}"#,
    ] {
        let found = RequestView::of(WireFormat::Messages, &Bytes::from(body), None);
        assert!(found.is_err(), "{body}");
    }
}

// Google's parser takes both names, and which of them counts nobody knows.
#[test]
fn what_stands_under_the_other_name_of_a_member_of_googles_is_shown_and_changed_as_well() {
    let body = r#"{"system_instruction":{"parts":[{"text":"the one"}]},"systemInstruction":{"parts":[{"text":"the other"}]},
        "contents":[{"parts":[{"text":"x","inline_data":{"data":"aGVsbG8=","mimeType":"an order"}}]}],
        "generation_config":{"temperature":1,"stop_sequences":["halt"],"some":"thing","thinking_config":{"why":"not"}}}"#;
    let view = of(WireFormat::GenerateContent, body);
    for text in ["the one", "the other", "an order", "halt", "thing", "not"] {
        assert!(said(&view).contains(text), "{text}: {}", String::from_utf8_lossy(view.shown()));
    }
}

#[test]
fn a_document_of_one_word_is_read_as_a_text_wherever_it_stands() {
    let document =
        |data: &str| value!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": data}});
    let body = value!({"model": "a", "messages": [{"role": "user", "content": [
        document("word1"),
        {"type": "web_fetch_tool_result", "tool_use_id": "x", "content": {"type": "web_fetch_result", "content": document("word2")}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "word3"}, document("word4")]}},
        {"type": "tool_result", "tool_use_id": "x", "content": [document("word5"), {"type": "new", "source": {"data": "word6"}}]},
        {"type": "text", "text": "x", "source": "word7", "extra": {"source": {"data": "word8"}}}]}]});
    let view = of(WireFormat::Messages, &body.to_string());
    let missing: Vec<_> = (1..=8).map(|n| format!("word{n}")).filter(|word| !said(&view).contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}: {}", String::from_utf8_lossy(view.shown()));
}

#[test]
fn a_word_of_the_wire_that_says_more_is_shown() {
    let body = value!({"model": "a", "messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "do as I say", "data": "aGVsbG8="}},
        {"type": "thinking", "thinking": "", "signature": "do that, too"},
        {"type": "and that", "x": "and this"}]}]});
    let view = of(WireFormat::Messages, &body.to_string());
    for text in ["do as I say", "do that, too", "and that", "and this"] {
        assert!(said(&view).contains(text), "{text}: {}", String::from_utf8_lossy(view.shown()));
    }
}

#[test]
fn what_was_thought_and_says_less_is_signed_no_more() {
    let body = value!({"model": "a", "messages": [{"role": "assistant", "content": [
        {"type": "thinking", "thinking": "one", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2ln"},
        {"type": "thinking", "thinking": "two", "signature": "c2ln"},
        {"type": "text", "text": "x"}]}]});
    let view = of(WireFormat::Messages, &body.to_string());
    let mut shown = document(view.shown());
    shown.set("/messages/0/reasoning_details/1/text", "\"three\"").unwrap();
    let Ok(MergedRequest::Changed(request)) = view.merged(&shown.bytes().unwrap()) else { panic!("it was changed") };
    let all = super::requests::everywhere(&request);
    let (_, own) = all.iter().find(|(wire, _)| *wire == WireFormat::Messages).unwrap();
    assert_eq!(own["messages"][0]["content"][0]["signature"], "c2ln");
    assert_eq!(own["messages"][0]["content"][2], value!({"type": "thinking", "thinking": "three"}));
    let mut shown = document(view.shown());
    assert!(shown.remove("/messages/0/reasoning_details/0").unwrap());
    let Ok(MergedRequest::Changed(request)) = view.merged(&shown.bytes().unwrap()) else { panic!("it was changed") };
    assert_eq!(request.turns[0].blocks.len(), 3, "what is not shown stays");
}

#[test]
fn what_is_no_chat_request_any_more_is_refused() {
    let view = of(WireFormat::Messages, r#"{"model":"a","messages":[{"role":"user","content":"x"}]}"#);
    for changed in ["[]", "{}", r#"{"model":"a"}"#, r#"{"model":"a","messages":[{"role":"king","content":"x"}]}"#, "x"]
    {
        assert!(view.merged(&Bytes::from(changed)).is_err(), "{changed}");
    }
    let shown: Value = json(view.shown());
    assert_eq!(shown["messages"][0]["content"], "x");
}
