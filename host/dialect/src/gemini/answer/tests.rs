use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ChatStop, CitationKind, CitationNote, ContentBlock, FieldLosses, JsonText,
    RawJson, StopKind, TextBlock,
};
use crate::wire::WireFormat;

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn context() -> AnswerContext {
    AnswerContext { model: "ours".into(), id: 7, now: 60, include_usage: true, request: Bytes::new() }
}

fn read(body: &Value) -> ChatAnswer {
    decode_answer(&raw(body)).unwrap()
}

fn written(answer: &ChatAnswer) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_answer(answer, &context(), &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

fn answer(blocks: Vec<ContentBlock>, kind: StopKind) -> ChatAnswer {
    let mut answer = ChatAnswer::new(WireFormat::Chat);
    answer.id = Some(JsonText::of("chatcmpl-1"));
    let stop = Some(ChatStop { kind, word: JsonText::of("stop"), sequence: None, details: None });
    answer.choices = vec![ChatChoice { blocks, stop, ..ChatChoice::default() }];
    answer
}

fn text(text: &str) -> TextBlock {
    TextBlock::of(JsonText::of(text))
}

#[test]
fn an_answer_comes_back_as_it_was() {
    for body in [
        json!({"candidates": [{"content": {"parts": [{"text": "a"}], "role": "model"}, "finishReason": "STOP", "index": 0,
            "finishMessage": "m", "safetyRatings": [], "avgLogprobs": -0.1, "logprobsResult": {"topCandidates": []},
            "citationMetadata": {"citationSources": [{"uri": "u"}]}, "groundingMetadata": {"webSearchQueries": []}}],
            "usageMetadata": {"promptTokenCount": 1, "trafficType": 1}, "modelVersion": "m", "responseId": "r",
            "createTime": "2026-05-04T20:01:02.264968Z", "modelStatus": {}}),
        json!({"candidates": [{"content": {}, "finishReason": "SAFETY"}]}),
        json!({"candidates": [{"content": {"role": "model"}, "finishReason": 2}]}),
        json!({"candidates": [{"finishReason": "OTHER", "index": 3}]}),
        json!({"candidates": [], "usageMetadata": {}}),
        json!({"promptFeedback": {"blockReason": "MODEL_ARMOR"}, "usageMetadata": {"trafficType": "ON_DEMAND"}}),
    ] {
        assert_eq!(written(&read(&body)), (body, Vec::new()));
    }
    assert!(decode_answer(&raw(&json!({"error": {"code": 1}}))).is_err(), "a failure is no answer");
    assert!(decode_answer(&raw(&json!({"candidates": {}}))).is_err());
}

// Quirks 59 to 67 and 72 to 79: what an answer of Google's says.
#[test]
fn what_an_answer_says_is_what_every_wire_says() {
    let said = read(
        &json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": 1,
        "finishMessage": "Model generated function call(s)."}], "createTime": "1970-01-01T00:01:00Z", "responseId": "r"}),
    );
    let stop = said.choices[0].stop.as_ref().unwrap();
    assert_eq!((stop.kind, stop.word.text().as_ref()), (StopKind::ToolUse, "STOP"));
    assert_eq!((said.created, said.choices[0].index), (Some(60), 0));
    let empty = read(&json!({"candidates": [{"content": {}, "finishReason": "SAFETY"}],
        "usageMetadata": {"promptTokenCount": 14, "totalTokenCount": 14}}));
    assert_eq!(empty.choices[0].stop.as_ref().unwrap().kind, StopKind::Filtered);
    assert_eq!((empty.choices[0].blocks.len(), empty.usage.unwrap().output), (0, Some(0)));
    let blocked = read(&json!({"promptFeedback": {"blockReason": "MODEL_ARMOR"}}));
    assert_eq!((blocked.blocked, blocked.choices.len()), (Some(JsonText::of("MODEL_ARMOR")), 0));
    let mut losses = FieldLosses::default();
    losses.lose_extras("", &blocked.extra);
    losses.lose_extras("choices", &said.choices[0].extra);
    assert!(losses.is_empty(), "{losses:?}");
    let grounded =
        read(&json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "groundingMetadata": {"a": 1}}]}));
    losses.lose_extras("choices", &grounded.choices[0].extra);
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["choices.groundingMetadata"]);
}

#[test]
fn citations_count_characters_here_and_bytes_there() {
    let said = read(&json!({"candidates": [{"content": {"parts": [{"text": "é is é"}]},
        "citationMetadata": {"citations": [{"startIndex": 3, "endIndex": 5, "uri": "u", "title": "t"}, {"endIndex": 2, "uri": "v"}]}}]}));
    let ContentBlock::Text(block) = &said.choices[0].blocks[0] else { panic!() };
    let places: Vec<_> = block.citations.iter().map(|note| (note.start, note.end)).collect();
    assert_eq!(places, [(Some(2), Some(4)), (Some(0), Some(1))]);
    let note = |start, end, url: Option<&str>| CitationNote {
        kind: CitationKind::Url,
        title: None,
        url: url.map(JsonText::of),
        quote: None,
        start: Some(start),
        end: Some(end),
        wire: WireFormat::Chat,
        raw: RawJson::EMPTY_OBJECT,
    };
    let cited = TextBlock { citations: vec![note(0, 1, Some("u")), note(0, 1, None)], ..text("é") };
    let (body, losses) =
        written(&answer(vec![ContentBlock::Text(text("é ")), ContentBlock::Text(cited)], StopKind::End));
    let sources = &body["candidates"][0]["citationMetadata"]["citationSources"];
    assert_eq!(sources, &json!([{"startIndex": 3, "endIndex": 5, "uri": "u"}]));
    assert_eq!(losses, ["choices.content.citations"]);
}

#[test]
fn an_answer_of_another_wire_has_what_googles_clients_look_for() {
    let mut said = answer(vec![ContentBlock::Text(text("a")), ContentBlock::Refusal(text("no"))], StopKind::Refusal);
    said.usage =
        Some(weir_usage::Usage { input: Some(3), output: Some(5), reasoning: Some(2), ..weir_usage::Usage::default() });
    said.extra.push("system_fingerprint", RawJson::number(1));
    let (body, losses) = written(&said);
    let due = json!({
        "candidates": [{"content": {"parts": [{"text": "a"}, {"text": "no"}], "role": "model"}, "finishReason": "SAFETY", "index": 0}],
        "modelVersion": "ours", "responseId": "chatcmpl-1", "createTime": "1970-01-01T00:01:00Z",
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 3, "totalTokenCount": 8, "thoughtsTokenCount": 2}
    });
    assert_eq!((body, losses), (due, vec!["system_fingerprint".to_owned()]));
    said.id = None;
    assert_eq!(written(&said).0["responseId"].as_str().unwrap().len(), 22, "and an identifier if it had none");
}

#[test]
fn several_choices_are_several_candidates_and_a_refused_question_is_none() {
    let mut said = answer(vec![ContentBlock::Text(text("a"))], StopKind::Length);
    said.choices.push(ChatChoice { index: 1, ..said.choices[0].clone() });
    let (body, _) = written(&said);
    let reasons: Vec<_> =
        body["candidates"].as_array().unwrap().iter().map(|one| (&one["index"], &one["finishReason"])).collect();
    assert_eq!(reasons, [(&json!(0), &json!("MAX_TOKENS")), (&json!(1), &json!("MAX_TOKENS"))]);
    said.choices.clear();
    said.blocked = Some(JsonText::of("guardrail"));
    let (body, _) = written(&said);
    assert_eq!((&body["promptFeedback"], body.get("candidates")), (&json!({"blockReason": "OTHER"}), None));
}
